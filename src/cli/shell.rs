//! From the process's arguments to its exit code.

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use clap::Parser as _;
use serde::Serialize;

use super::args::{Cli, Global};
use super::progress::{Lines, Log};
use super::{command, error_text, privacy, prompt, signals};
use crate::app::clock::SystemClock;
use crate::app::{Failure, Ports, Tools};
use crate::config::Environment;
use crate::model::cancel::Cancel;
use crate::model::event::{Observer, Tee};
use crate::model::explain::Kind;

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
            let mut json = serde_json::to_string_pretty(report).unwrap_or_default();
            json.push('\n');
            json
        } else {
            text()
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
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Runs the command line.
pub fn main() -> ExitCode {
    privacy::protect();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are results; everything else is wrong usage, exit 2.
            let code = if error.use_stderr() { Kind::Usage.exit_code() } else { 0 };
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let cancel = Cancel::new();
    let signal = signals::listen(&cancel);
    ExitCode::from(match run(&cli, &cancel) {
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

fn run(cli: &Cli, cancel: &Cancel) -> Outcome {
    let environment = Environment::of_process();
    let clock = SystemClock::start();
    let lines = Lines::new(cli.global.quiet, cli.global.json, &clock);
    let log = cli.global.events.as_deref().map(|path| Log::create(path, &clock)).transpose()?;
    let mut listeners: Vec<&dyn Observer> = vec![&lines];
    listeners.extend(log.as_ref().map(|log| log as &dyn Observer));
    let observer = Tee(listeners);
    let tools = Tools::new(environment.path.clone());
    let prompt = prompt::choose();
    let ports = Ports {
        clock: &clock,
        observer: &observer,
        cancel,
        prompt: &*prompt,
        tools: &tools,
        environment: &environment,
    };
    let shell = Shell { global: &cli.global, ports };
    with_heartbeat(&lines, cancel, || command::dispatch(&cli.command, &shell))
}

/// Runs `work` while a second thread sees to it that a long silence is broken.
fn with_heartbeat(lines: &Lines<'_>, cancel: &Cancel, work: impl FnOnce() -> Outcome) -> Outcome {
    let (done, waiting) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let mut told = false;
            while waiting.recv_timeout(Duration::from_millis(500)) == Err(RecvTimeoutError::Timeout)
            {
                lines.beat();
                if cancel.is_requested() && !std::mem::replace(&mut told, true) {
                    say("stopping at the next safe point; once more ends at once");
                }
            }
        });
        let outcome = work();
        drop(done);
        outcome
    })
}
