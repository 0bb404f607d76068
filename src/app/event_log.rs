//! Events in files, each with the time: as JSON lines anew for every run, or appended to a log that
//! many runs share, as text or as JSON lines.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use super::event_text;
use super::ports::new_log;
use super::{FORMAT_VERSION, Failure};
use crate::disk::scratch;
use crate::model::clock::{Clock, Timestamp};
use crate::model::event::{Event, Observer};
use crate::model::safe::{safe_json, safe_lines};

/// One line of JSON.
#[derive(Serialize)]
struct Record<T> {
    format_version: u32,
    time: Timestamp,
    #[serde(flatten)]
    what: T,
}

/// How a command failed, in JSON.
#[derive(Serialize)]
pub struct Failed {
    error: Error,
}

#[derive(Serialize)]
struct Error {
    code: &'static str,
    what: String,
    done: Option<String>,
    next: String,
    exit: u8,
}

/// How a command ended, in JSON.
#[derive(Serialize)]
struct Ended {
    exit: u8,
}

impl From<&Failure> for Failed {
    fn from(failure: &Failure) -> Self {
        let about = failure.about();
        Self {
            error: Error {
                code: about.code,
                what: failure.to_string(),
                done: failure.done().map(str::to_owned),
                next: failure.next(),
                exit: about.kind.exit_code(),
            },
        }
    }
}

/// Returns an event as a line of JSON, without the line's end.
pub fn json_line(event: &Event, clock: &dyn Clock) -> String {
    record(event, clock)
}

fn record(what: impl Serialize, clock: &dyn Clock) -> String {
    let record = Record { format_version: FORMAT_VERSION, time: clock.now(), what };
    safe_json(&serde_json::to_string(&record).unwrap_or_default())
}

/// The files that a run was asked to write events into; none, one or several.
pub struct EventLogs<C>(Vec<EventLog<C>>);

struct EventLog<C> {
    file: Mutex<File>,
    /// Whether runs share it, so that each says how it ended.
    shared: bool,
    json: bool,
    clock: C,
}

impl<C> Default for EventLogs<C> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<C: Clock + Clone> EventLogs<C> {
    /// Begins the file `events` anew and opens `log`, whose lines are JSON where `json` says so.
    pub fn open(
        events: Option<&Path>,
        log: Option<&Path>,
        json: bool,
        clock: &C,
    ) -> Result<Self, Failure> {
        let of = |file, shared, json| EventLog {
            file: Mutex::new(file),
            shared,
            json,
            clock: clock.clone(),
        };
        let mut logs = Vec::new();
        if let Some(path) = events {
            logs.push(of(new_log(path)?, false, true));
        }
        if let Some(path) = log {
            logs.push(of(scratch::append(path, 0o600)?, true, json));
        }
        Ok(Self(logs))
    }
}

impl<C: Clock> EventLogs<C> {
    /// Notes in the log how the command ended: its exit code, or what it failed of.
    pub fn end(&self, outcome: Result<u8, &Failure>) {
        for log in self.0.iter().filter(|log| log.shared) {
            match (outcome, log.json) {
                (Ok(exit), true) => log.line(&record(Ended { exit }, &log.clock)),
                (Ok(exit), false) => log.text(&format!("exit {exit}")),
                (Err(failure), true) => log.line(&record(Failed::from(failure), &log.clock)),
                (Err(failure), false) => {
                    failure.told().lines().iter().for_each(|line| log.text(line));
                }
            }
        }
    }
}

impl<C: Clock> Observer for EventLogs<C> {
    fn event(&self, event: &Event) {
        for log in &self.0 {
            if log.json {
                log.line(&json_line(event, &log.clock));
            } else if let Some(line) = event_text::line(event) {
                log.text(&line);
            }
        }
    }
}

impl<C: Clock> EventLog<C> {
    fn text(&self, line: &str) {
        self.line(&format!("{} {}", self.clock.now(), safe_lines(line)));
    }

    /// Writes a line at once, so that runs that share a file do not write into each other's lines.
    fn line(&self, line: &str) {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        // A listener must not fail; a full disk shows in the work itself.
        let _ = file.write_all(format!("{line}\n").as_bytes());
    }
}
