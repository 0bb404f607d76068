//! The screens: a reducer over plain data, drawn from `&State`.
//!
//! Messages and the state give another state and effects; effects are data. Workers run the verbs of
//! `app` on threads, and their events are all that comes back. One key table drives dispatch, bar
//! and help. Pages say what a screen shows, so that it can be drawn or told in lines.
//!
//! | file | holds |
//! |---|---|
//! | `state`, `view`, `work` | everything the screens know |
//! | `message` | what the reducer is told and wants done |
//! | `update` | the reducer |
//! | `keys` | the key table |
//! | `job` | requests of the verbs, and the commands that say the same |
//! | `page`, `screen` | what each screen shows |
//! | `draw`, `theme` | a page as cells |
//! | `typed` | text that is being typed |
//! | `worker`, `terminal`, `run` | threads, the terminal, the loop |
//! | `linear` | the same in lines, without a terminal to draw on |

pub mod draw;
pub mod job;
pub mod keys;
mod linear;
pub mod message;
pub mod page;
mod run;
pub mod screen;
pub mod state;
pub mod terminal;
pub mod theme;
pub mod typed;
pub mod update;
mod view;
pub mod work;
pub mod worker;

use std::io::{self, Write as _};
use std::process::ExitCode;

use crate::app::clock::SystemClock;
use crate::app::event_log::EventLogs;
use crate::app::{Color, Start, Tools, Unlocked};
use crate::config::{Environment, Terminal};
use crate::model::clock::Clock as _;

use self::message::Ending;
use self::state::State;
use self::theme::Theme;
use self::worker::Outside;

/// Opens the screens, and returns the exit code when somebody has left.
pub fn open(start: &Start) -> ExitCode {
    let environment = Environment::of_process();
    let clock = SystemClock::start();
    let Start { events, log_file, json, .. } = start;
    let logs = match EventLogs::open(events.as_deref(), log_file.as_deref(), *json, &clock) {
        Ok(logs) => logs,
        Err(failure) => {
            let ending =
                Ending { code: failure.about().kind.exit_code(), lines: failure.told().lines() };
            return end(&ending);
        }
    };
    let theme = theme(start, &environment.terminal);
    let in_lines = start.linear || environment.terminal.is_dumb();
    let mut state = State::new(start, environment.home.clone(), linear::SIZE, clock.now());
    state.in_lines = in_lines;
    let tools = Tools::new(environment.path.clone());
    let outside = Outside { clock, tools, environment, unlocked: Unlocked::default(), logs };
    if in_lines {
        return end(&linear::run(state, outside));
    }
    match run::run(state, outside, theme) {
        Ok(ending) => end(&ending),
        Err(error) => {
            let lines = vec![
                format!("error: the terminal cannot be used: {error}"),
                "  next  blackstart --linear asks and tells in lines, which need less".to_owned(),
            ];
            end(&Ending { code: 1, lines })
        }
    }
}

/// Leaves a message on the normal screen.
fn end(ending: &Ending) -> ExitCode {
    let mut out = io::stderr().lock();
    for line in ending.shown(linear::SIZE.0.into()) {
        // Whoever closed the terminal does not read it.
        let _ = writeln!(out, "{line}");
    }
    ExitCode::from(ending.code)
}

fn theme(start: &Start, terminal: &Terminal) -> Theme {
    let color = match start.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => !terminal.no_color && terminal.name.as_deref() != Some("vt100"),
    };
    if color {
        // The library has an opinion of its own on NO_COLOR; ours has been formed already.
        ratatui::crossterm::style::force_color_output(true);
    }
    Theme { color, lines: start.utf8 && terminal.utf8, utf8: terminal.utf8 || start.utf8 }
}
