//! SIGINT, SIGTERM and SIGHUP ask for a stop; a second one is not swallowed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::model::cancel::Cancel;

/// Turns signals into requests to stop. Returns which signal came, 0 for none.
pub(super) fn listen(cancel: &Cancel) -> Arc<AtomicUsize> {
    let came = Arc::new(AtomicUsize::new(0));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        // Failing to register leaves the system's own behaviour, which is to end at once.
        let _ = signal_hook::flag::register_conditional_default(signal, cancel.flag().clone());
        let _ = signal_hook::flag::register(signal, cancel.flag().clone());
        let number = usize::try_from(signal).unwrap_or_default();
        let _ = signal_hook::flag::register_usize(signal, came.clone(), number);
    }
    came
}

/// Returns 128 plus the signal that came, as shells do.
pub(super) fn exit_code(came: &AtomicUsize) -> u8 {
    match came.load(Ordering::Relaxed) {
        0 => 130,
        signal => u8::try_from(128 + signal).unwrap_or(130),
    }
}
