//! The loop: messages in, effects out, at most four drawings a second.

use std::io::{self, Stdout};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{Clear, ClearType};

use super::draw;
use super::message::{Effect, Ending, Message};
use super::screen;
use super::state::State;
use super::terminal::{self, Guard};
use super::theme::Theme;
use super::update::{self, update};
use super::worker::{Outside, Workers};
use crate::app::clock::SystemClock;
use crate::app::signals;
use crate::model::clock::Clock as _;

/// The time from one drawing to the next, at least.
const PACE: Duration = Duration::from_millis(250);
/// The clock on the screen moves this often.
const TICK: Duration = Duration::from_secs(1);

/// Shows the screens until somebody leaves.
pub(super) fn run(mut state: State, outside: Outside, theme: Theme) -> io::Result<Ending> {
    let clock = outside.clock;
    let (to, from) = channel();
    let mut workers = Workers::new(outside, to.clone());
    let signal = to.clone();
    signals::watch(move |signal_came| drop(signal.send(Message::Signal(signal_came))));
    let guard = Guard::take()?;
    terminal::listen(to);
    let mut screen = Screen::new(clock, theme)?;
    let size = screen.terminal.size()?;
    state.size = (size.width, size.height);
    let mut effects = update::first(&mut state);
    let ending = loop {
        if let Some(ending) = carry_out(effects, &mut workers, &mut screen) {
            break ending;
        }
        screen.draw_when_due(&state);
        effects = wait(&from, &mut state, &screen);
    };
    drop(guard);
    Ok(ending)
}

/// Waits for something to happen, and takes everything that has happened meanwhile.
fn wait(from: &Receiver<Message>, state: &mut State, screen: &Screen) -> Vec<Effect> {
    let first = from.recv_timeout(screen.patience()).ok();
    let tick = Message::Tick { now: screen.clock.now(), elapsed: screen.clock.elapsed() };
    let mut effects = update(state, tick);
    for message in first.into_iter().chain(from.try_iter().take(10_000)) {
        effects.extend(update(state, message));
    }
    effects
}

/// Does what the reducer wants done. Returns how it ends, when it ends.
fn carry_out(effects: Vec<Effect>, workers: &mut Workers, screen: &mut Screen) -> Option<Ending> {
    for effect in effects {
        match workers.take(effect) {
            Some(Effect::Copy(text)) => terminal::copy(&text),
            Some(Effect::Repaint) => screen.repaint = true,
            Some(Effect::Quit(ending)) => return Some(ending),
            _ => {}
        }
    }
    None
}

/// The terminal as something to draw on.
struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
    clock: SystemClock,
    theme: Theme,
    drawn: Option<Duration>,
    repaint: bool,
}

impl Screen {
    fn new(clock: SystemClock, theme: Theme) -> io::Result<Self> {
        let terminal = Terminal::new(CrosstermBackend::new(io::stdout()))?;
        Ok(Self { terminal, clock, theme, drawn: None, repaint: true })
    }

    /// How long to wait for messages before something is to be drawn anyway.
    fn patience(&self) -> Duration {
        let since = self.drawn.map_or(PACE, |drawn| self.clock.elapsed().saturating_sub(drawn));
        PACE.checked_sub(since).filter(|rest| !rest.is_zero()).unwrap_or(TICK)
    }

    /// Clears the screen and forgets what stood there. Ratatui's `clear` first asks where the cursor
    /// is, and waits two seconds where a terminal does not say.
    fn begin_anew(&mut self) {
        let _ = execute!(io::stdout(), Clear(ClearType::All));
        if let Ok(terminal) = Terminal::new(CrosstermBackend::new(io::stdout())) {
            self.terminal = terminal;
        }
    }

    /// Draws, unless it did so just now. Only cells that changed are written.
    fn draw_when_due(&mut self, state: &State) {
        let now = self.clock.elapsed();
        if self.drawn.is_some_and(|drawn| now.saturating_sub(drawn) < PACE) {
            return;
        }
        self.drawn = Some(now);
        // A terminal that is gone is told by the one who reads from it.
        if std::mem::take(&mut self.repaint) {
            self.begin_anew();
        }
        let theme = self.theme;
        let _ = self.terminal.draw(|frame| {
            let page = screen::page(state);
            let scroll = state.view().and_then(|view| view.scroll);
            if let Some(cursor) = draw::draw(&page, scroll, theme, frame.buffer_mut()) {
                frame.set_cursor_position(cursor);
            }
        });
    }
}
