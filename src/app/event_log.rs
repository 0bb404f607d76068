//! Events as JSON lines, each with the time.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use super::ports::new_log;
use super::{FORMAT_VERSION, Failure};
use crate::model::clock::{Clock, Timestamp};
use crate::model::event::{Event, Observer};
use crate::model::safe::safe_json;

#[derive(Serialize)]
struct Record<'a> {
    format_version: u32,
    time: Timestamp,
    #[serde(flatten)]
    event: &'a Event,
}

/// Returns an event as a line of JSON, without the line's end.
pub fn json_line(event: &Event, clock: &dyn Clock) -> String {
    let record = Record { format_version: FORMAT_VERSION, time: clock.now(), event };
    safe_json(&serde_json::to_string(&record).unwrap_or_default())
}

/// A file of events.
pub struct EventLog<C> {
    file: Mutex<File>,
    clock: C,
}

impl<C: Clock> EventLog<C> {
    /// Begins the file, which is written anew.
    pub fn create(path: &Path, clock: C) -> Result<Self, Failure> {
        Ok(Self { file: Mutex::new(new_log(path)?), clock })
    }
}

impl<C: Clock> Observer for EventLog<C> {
    fn event(&self, event: &Event) {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        // A listener must not fail; a full disk shows in the work itself.
        let _ = writeln!(file, "{}", json_line(event, &self.clock));
    }
}
