//! Events as lines: for people on stderr, as JSON on stderr or in a file.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;

use super::shell::say;
use crate::app::Failure;
use crate::app::clock::SystemClock;
use crate::app::text;
use crate::model::clock::{Clock as _, Timestamp};
use crate::model::event::{Event, Observer};

/// No more than one line of progress in this time.
const PACE: Duration = Duration::from_secs(10);

/// A run that said nothing for so long says that it goes on.
const SILENCE: Duration = Duration::from_secs(20);

#[derive(Serialize)]
struct Record<'a> {
    format_version: u32,
    time: Timestamp,
    #[serde(flatten)]
    event: &'a Event,
}

fn json_line(event: &Event, clock: &SystemClock) -> String {
    let record = Record { format_version: 1, time: clock.now(), event };
    serde_json::to_string(&record).unwrap_or_default()
}

/// Lines on stderr.
pub(super) struct Lines<'a> {
    quiet: bool,
    json: bool,
    clock: &'a SystemClock,
    told: Mutex<Told>,
}

/// What was said last.
#[derive(Default)]
struct Told {
    /// When a line was last written.
    line: Duration,
    /// When a line of progress was last written.
    progress: Duration,
    phase: &'static str,
}

impl<'a> Lines<'a> {
    /// Writes for people, as JSON, or nothing but what matters.
    pub(super) fn new(quiet: bool, json: bool, clock: &'a SystemClock) -> Self {
        Self { quiet, json, clock, told: Mutex::default() }
    }

    /// Says that the work goes on, when nothing else was said for a while. A run without a terminal
    /// must not fall silent.
    pub(super) fn beat(&self) {
        let now = self.clock.elapsed();
        let phase = {
            let told = self.told();
            if told.phase.is_empty() || now.saturating_sub(told.line) < SILENCE {
                return;
            }
            told.phase
        };
        self.event(&Event::StillWorking { phase, seconds: now.as_secs() });
    }

    fn told(&self) -> std::sync::MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it is time for another line of progress.
    fn due(&self) -> bool {
        let now = self.clock.elapsed();
        let mut told = self.told();
        let due = now.saturating_sub(told.progress) >= PACE;
        if due {
            told.progress = now;
        }
        due
    }

    fn say(&self, line: &str) {
        self.told().line = self.clock.elapsed();
        say(line);
    }
}

impl Observer for Lines<'_> {
    fn event(&self, event: &Event) {
        if let Event::PhaseStarted { phase } | Event::Progress { phase, .. } = event {
            self.told().phase = phase;
        }
        if self.json {
            if !self.quiet {
                self.say(&json_line(event, self.clock));
            }
            return;
        }
        let progress = matches!(event, Event::Progress { .. });
        if (!self.quiet || matches!(event, Event::Notice { .. }))
            && (!progress || self.due())
            && let Some(line) = human(event)
        {
            self.say(&line);
        }
    }
}

fn human(event: &Event) -> Option<String> {
    Some(match event {
        Event::PhaseStarted { phase } => format!("{phase} …"),
        Event::Progress { phase, done, total, unit } => {
            let of = total.map_or_else(String::new, |total| format!(" of {}", amount(total, unit)));
            format!(
                "{phase}: {}{of} {}",
                amount(*done, unit),
                if *unit == "bytes" { "" } else { unit }
            )
        }
        Event::StillWorking { phase, seconds } => {
            format!("{phase} … still at it after {}", text::span(Duration::from_secs(*seconds)))
        }
        Event::Notice { code, text } => format!("note: {text} ({code})"),
        Event::RepoFinished { repo, state, fault: Some(fault), .. } => {
            format!("{state}  {repo}: {fault}")
        }
        Event::RepoFinished { state: "unchanged", .. }
        | Event::Part { .. }
        | Event::Checked { verdict: "good", .. } => {
            return None;
        }
        Event::RepoFinished { repo, state, refs, received_bytes, .. } => {
            format!(
                "{state}  {repo}  {}, {} received",
                text::count(*refs, "ref"),
                text::size(*received_bytes)
            )
        }
        Event::RefRewritten { repo, name, old, new } => match new {
            Some(new) => format!("rewritten  {repo} {name}: {old} → {new}; the old tip is kept"),
            None => format!("rewritten  {repo} {name}: deleted; the old tip {old} is kept"),
        },
        Event::Sealed { seq, state, .. } => format!("sealed snapshot {seq}, {state}"),
        Event::Checked { what, verdict, detail } => format!("{verdict}  {what}: {detail}"),
        Event::Planned { digest, writes } => {
            format!("plan {} writes {}", digest.short(), text::count(*writes, "object"))
        }
        Event::RunOpened { run, resumed: false, .. } => format!("run {run}; its journal is open"),
        Event::RunOpened { run, .. } => format!("run {run} goes on"),
        Event::WaveStarted { wave, stage, objects } => {
            format!("wave {wave}, {stage}: {}", text::count(*objects, "object"))
        }
        Event::WaveFinished { wave, open: 0, .. } => format!("wave {wave} is done"),
        Event::WaveFinished { wave, open, .. } => format!("wave {wave} is done but for {open}"),
        Event::RunHeld { wave } => format!("holding after wave {wave}, as asked"),
        Event::Applied { object, action, warnings } => {
            let warned: String =
                warnings.iter().map(|warning| format!("\n  server warns: {warning}")).collect();
            format!("{action}  {object}{warned}")
        }
        Event::Ready { object } => format!("ready  {object}"),
        Event::Waiting { object, why, seconds, limit, .. } => {
            format!("waiting for {object}: {why} ({seconds}s of at most {limit}s)")
        }
        Event::ObjectHeld { object, needs } => format!("held  {object}: it needs {needs}"),
        Event::ObjectLeftOut { object, reason } => format!("left out  {object}: {reason}"),
        Event::ObjectFailed { object, code, why } => format!("failed  {object}: {why} ({code})"),
    })
}

fn amount(number: u64, unit: &str) -> String {
    if unit == "bytes" { text::size(number) } else { number.to_string() }
}

/// JSON lines in a file.
pub(super) struct Log<'a> {
    file: Mutex<File>,
    clock: &'a SystemClock,
}

impl<'a> Log<'a> {
    /// Begins the file, which is written anew.
    pub(super) fn create(path: &Path, clock: &'a SystemClock) -> Result<Self, Failure> {
        Ok(Self { file: Mutex::new(crate::app::new_log(path)?), clock })
    }
}

impl Observer for Log<'_> {
    fn event(&self, event: &Event) {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        // A listener must not fail; a full disk shows in the work itself.
        let _ = writeln!(file, "{}", json_line(event, self.clock));
    }
}
