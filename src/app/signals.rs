//! SIGINT, SIGTERM and SIGHUP ask for a stop; a second one is not swallowed. A replay whose terminal
//! is gone finishes its wave first.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::model::cancel::Cancel;

/// A signal that asks for an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Somebody interrupts.
    Interrupt,
    /// The system ends.
    Terminate,
    /// The terminal is gone.
    HangUp,
}

impl Signal {
    /// Returns 128 plus its number, as shells do.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Interrupt => 130,
            Self::Terminate => 143,
            Self::HangUp => 129,
        }
    }
}

/// Calls `on` for every signal, on a thread of its own, as long as the process lives.
pub fn watch(mut on: impl FnMut(Signal) + Send + 'static) {
    // Where signals cannot be watched the system's own behaviour is left, which is to end at once.
    let Ok(mut signals) = Signals::new([SIGINT, SIGTERM, SIGHUP]) else { return };
    std::thread::spawn(move || {
        for signal in signals.forever() {
            on(match signal {
                SIGINT => Signal::Interrupt,
                SIGTERM => Signal::Terminate,
                _ => Signal::HangUp,
            });
        }
    });
}

/// Turns signals into requests to stop; of work that has waves, a terminal that is gone only asks to
/// hold where the wave ends. Returns which signal came, 0 for none.
pub fn listen(cancel: &Cancel, waves: bool) -> Arc<AtomicUsize> {
    let came = Arc::new(AtomicUsize::new(0));
    if waves {
        let _ = signal_hook::flag::register(SIGHUP, cancel.hold_flag().clone());
    }
    let stops = [SIGINT, SIGTERM].into_iter().chain((!waves).then_some(SIGHUP));
    for signal in stops {
        // Failing to register leaves the system's own behaviour, which is to end at once.
        let _ = signal_hook::flag::register_conditional_default(signal, cancel.flag().clone());
        let _ = signal_hook::flag::register(signal, cancel.flag().clone());
        let number = usize::try_from(signal).unwrap_or_default();
        let _ = signal_hook::flag::register_usize(signal, came.clone(), number);
    }
    came
}

/// Returns 128 plus the signal that came, as shells do.
pub fn exit_code(came: &AtomicUsize) -> u8 {
    match came.load(Ordering::Relaxed) {
        0 => 130,
        signal => u8::try_from(128 + signal).unwrap_or(130),
    }
}
