//! From the process's arguments to its exit code.

use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use serde::Serialize;

use super::args::{self, Cli, Command, Global, command as definition};
use super::progress::Lines;
use super::{command, error_text, prompt};
use crate::app::clock::SystemClock;
use crate::app::event_log::EventLogs;
use crate::app::{self, Failure, Ports, Start, Tools, Unlocked, privacy, signals};
use crate::config::Environment;
use crate::model::cancel::Cancel;
use crate::model::event::Tee;
use crate::model::explain::Kind;
use crate::model::safe::{safe_json, safe_lines};

/// What a command gets beside its own arguments.
pub(super) struct Shell<'a> {
    /// Options that every command takes.
    pub global: &'a Global,
    /// The outside.
    pub ports: Ports<'a>,
}

/// How a command ended: an exit code, or a failure to explain.
pub(super) type Outcome = Result<u8, Failure>;

impl Shell<'_> {
    /// Prints a report: as JSON where asked for, else as text.
    pub(super) fn print(&self, report: &impl Serialize, text: impl FnOnce() -> String) {
        let text = if self.global.json {
            let mut json = safe_json(&serde_json::to_string_pretty(report).unwrap_or_default());
            json.push('\n');
            json
        } else {
            safe_lines(&text())
        };
        write_out(&text);
    }
}

/// Writes to stdout. Whoever closed the pipe has seen enough.
pub(super) fn write_out(text: &str) {
    let mut out = io::stdout().lock();
    // A broken pipe is success, and there is nobody to tell about other failures of stdout.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Writes a line to stderr.
pub(super) fn say(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", safe_lines(text));
}

/// Runs the command line; without a command on a terminal, the screens.
pub fn main(screens: fn(&Start) -> ExitCode) -> ExitCode {
    privacy::protect();
    let word = std::env::args_os().next().and_then(|word| word.into_string().ok());
    app::called(&word.unwrap_or_default());
    let cli = match args::read() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are results; everything else is wrong usage, exit 2.
            let code = if error.use_stderr() { Kind::Usage.exit_code() } else { 0 };
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let Some(command) = &cli.command else { return without_command(&cli, screens) };
    let cancel = Cancel::new();
    let signal = signals::listen(&cancel, command.has_waves());
    ExitCode::from(match run(&cli, command, &cancel) {
        Ok(code) => code,
        Err(failure) => {
            error_text::print(&failure, &cli.global);
            match failure.about().kind {
                Kind::Interrupted => signals::exit_code(&signal),
                kind => kind.exit_code(),
            }
        }
    })
}

/// Opens the screens where somebody can see and answer them; else there is nothing to do.
fn without_command(cli: &Cli, screens: fn(&Start) -> ExitCode) -> ExitCode {
    if io::stdin().is_terminal() || cli.screens.linear {
        let mut start = cli.start();
        start.linear |= !io::stdout().is_terminal();
        return screens(&start);
    }
    let _ = io::stderr().write_all(definition().render_help().to_string().as_bytes());
    ExitCode::from(Kind::Usage.exit_code())
}

fn run(cli: &Cli, command: &Command, cancel: &Cancel) -> Outcome {
    let environment = Environment::of_process();
    let clock = SystemClock::start();
    let lines = Lines::new(cli.global.quiet, cli.global.json, &clock);
    let Global { events, log_file, json, .. } = &cli.global;
    let logs = EventLogs::open(events.as_deref(), log_file.as_deref(), *json, &clock)?;
    let observer = Tee(vec![&lines, &logs]);
    let tools = Tools::new(environment.path.clone());
    let prompt = prompt::choose();
    let unlocked = Unlocked::default();
    let ports = Ports {
        clock: &clock,
        observer: &observer,
        cancel,
        prompt: &*prompt,
        unlocked: &unlocked,
        tools: &tools,
        environment: &environment,
    };
    let shell = Shell { global: &cli.global, ports };
    let outcome = with_heartbeat(&lines, cancel, || command::dispatch(command, &shell));
    logs.end(outcome.as_ref().copied());
    outcome
}

/// Runs `work` while a second thread sees to it that a long silence is broken.
fn with_heartbeat(lines: &Lines<'_>, cancel: &Cancel, work: impl FnOnce() -> Outcome) -> Outcome {
    let (done, waiting) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let (mut told, mut held) = (false, false);
            while waiting.recv_timeout(Duration::from_millis(500)) == Err(RecvTimeoutError::Timeout)
            {
                lines.beat();
                if cancel.is_requested() && !std::mem::replace(&mut told, true) {
                    say("stopping at the next safe point; once more ends at once");
                }
                if cancel.is_holding() && !std::mem::replace(&mut held, true) {
                    say("holding once the wave under way is done; then resume goes on");
                }
            }
        });
        let outcome = work();
        drop(done);
        outcome
    })
}
