//! Events as lines on stderr: for people, or as JSON.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::shell::say;
use crate::app::clock::SystemClock;
use crate::app::event_log::json_line;
use crate::app::event_text;
use crate::model::clock::Clock as _;
use crate::model::event::{Event, Observer};

/// No more than one line of progress in this time.
const PACE: Duration = Duration::from_secs(10);

/// A run that said nothing for so long says that it goes on.
const SILENCE: Duration = Duration::from_secs(20);

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
    /// The run that is open, and the object that was waited for last, with why.
    run: String,
    wait: (String, String),
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

    /// What a wait usually is, what to run to see more, and the way out, when they are not what was
    /// said before. A command is never broken: it is pasted.
    fn hints(&self, event: &Event) -> Vec<String> {
        let Event::Waiting { object, why, cause, next, others, behind, .. } = event else {
            return Vec::new();
        };
        let mut told = self.told();
        let wait = (object.clone(), why.clone());
        if std::mem::replace(&mut told.wait, wait.clone()) == wait {
            return Vec::new();
        }
        let cause = (!cause.is_empty()).then(|| format!("  usually  {cause}"));
        let next = (!next.is_empty()).then(|| format!("  look     {next}"));
        let also = event_text::beside(*others, *behind).map(|also| format!("  also     {also}"));
        let or = event_text::without(&told.run, object).filter(|_| !told.run.is_empty());
        let or = or.map(|or| format!("  or       leave it out: ^C, then {or}"));
        [cause, next, also, or].into_iter().flatten().collect()
    }

    fn say(&self, line: &str) {
        self.told().line = self.clock.elapsed();
        say(line);
    }
}

impl Observer for Lines<'_> {
    fn event(&self, event: &Event) {
        match event {
            Event::PhaseStarted { phase } | Event::Progress { phase, .. } => {
                self.told().phase = phase;
            }
            Event::RunOpened { run, .. } => self.told().run.clone_from(run),
            _ => {}
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
            && let Some(line) = event_text::line(event)
        {
            self.say(&line);
            self.hints(event).iter().for_each(|hint| self.say(hint));
        }
    }
}
