//! The reducer: a message and the state become another state and effects. Nothing here waits,
//! reads or writes.
//!
//! | file | holds |
//! |---|---|
//! | `act` | what actions do on any screen |
//! | `choose` | Enter, screen by screen |
//! | `field` | what is typed, and what becomes of it |
//! | `job` | work begun, told of, ended |
//! | `look` | what screens look up beside it |
//! | `run` | a run held, or going on without an object |

mod act;
mod choose;
mod field;
mod job;
mod look;
mod run;

#[cfg(test)]
pub(super) use job::begin;

use super::keys::{self, Key};
use super::message::{COPIED, Effect, Ending, Message, PathAnswer};
use super::state::State;
use crate::app::signals::Signal;

/// So many keys wait at most for a path to be looked at.
const PRESSED: usize = 200;

/// Takes a message.
pub fn update(state: &mut State, message: Message) -> Vec<Effect> {
    match message {
        Message::Key(key) => press(state, key),
        Message::Act(action) => {
            state.said = None;
            act::act(state, action)
        }
        Message::Paste(text) => field::paste(state, &text),
        Message::Submit(text) => {
            state.said = None;
            field::submit(state, text)
        }
        Message::Resize(columns, rows) => {
            state.size = (columns, rows);
            vec![Effect::Repaint]
        }
        Message::Tick { now, elapsed } => {
            (state.now, state.elapsed) = (now, elapsed);
            Vec::new()
        }
        Message::Event(id, event) => job::event(state, id, &event),
        Message::Plan(id, plan) => job::plan(state, id, plan),
        Message::Resumed(id, plan, done) => job::resumed(state, id, plan, &done),
        Message::Question(question) => job::question(state, question),
        Message::Word(id, text) => job::word(state, id, text),
        Message::Done(id, end) => job::done(state, id, *end),
        Message::Broken(id, what) => job::broken(state, id, &what),
        Message::Path(answer) => path(state, answer),
        Message::Signal(signal) => self::signal(state, signal),
    }
}

fn press(state: &mut State, key: Key) -> Vec<Effect> {
    if !state.fits() {
        // What cannot be seen is not done.
        return match key {
            Key::Interrupt => act::stop(state, Signal::Interrupt),
            Key::Redraw => vec![Effect::Repaint],
            _ => Vec::new(),
        };
    }
    if let Some(pressed) = state.looked_at.as_mut()
        && !matches!(key, Key::Interrupt | Key::Redraw | Key::Esc)
    {
        // What comes of it decides what these keys are about.
        pressed.truncate(PRESSED);
        pressed.push(key);
        return Vec::new();
    }
    state.said = None;
    if state.types() && key != Key::Interrupt && key != Key::Redraw {
        return field::press(state, key);
    }
    match keys::action(key, state) {
        Some(action) => act::act(state, action),
        None => Vec::new(),
    }
}

/// A path was looked at. Keys that were pressed meanwhile follow.
fn path(state: &mut State, answer: PathAnswer) -> Vec<Effect> {
    let pressed = state.looked_at.take().unwrap_or_default();
    let mut effects = field::path(state, answer);
    for key in pressed {
        effects.extend(press(state, key));
    }
    effects
}

/// The system asks for an end: at the next safe point.
fn signal(state: &mut State, signal: Signal) -> Vec<Effect> {
    act::stop(state, signal)
}

/// Ends, with everything that should stay on the normal screen.
fn quit(state: &State, code: u8, mut lines: Vec<String>) -> Vec<Effect> {
    lines.extend(state.copied.iter().map(|line| format!("{COPIED}{line}")));
    vec![Effect::Quit(Ending { code, lines })]
}

/// Returns what is done at the very start: look up what home shows.
pub fn first(state: &mut State) -> Vec<Effect> {
    look::look(state)
}
