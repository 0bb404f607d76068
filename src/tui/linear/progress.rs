//! What is said while something runs: at most a line a second, at least one every half minute.

use std::time::Duration;

use crate::app::text;
use crate::tui::message::JobId;
use crate::tui::screen::second;
use crate::tui::state::State;
use crate::tui::work::Work;

/// No more than one line in this time.
const PACE: Duration = Duration::from_secs(1);
/// How far it has come is said this often, when it has come further.
const COUNTED: Duration = Duration::from_secs(10);
/// A silence is never longer, but for what one turn of the loop takes.
const SILENCE: Duration = Duration::from_secs(25);

/// What was said last.
#[derive(Debug, Default)]
pub(super) struct Progress {
    job: Option<JobId>,
    stopping: bool,
    /// How many lines of the work are known.
    heard: u64,
    counted: String,
    /// The last work that has ended.
    ended: Option<JobId>,
    last: Option<Duration>,
}

impl Progress {
    /// Returns the line that is due, if one is.
    pub(super) fn line(&mut self, state: &State) -> Option<String> {
        let now = state.elapsed;
        let since = self.last.map(|last| now.saturating_sub(last));
        if since.is_some_and(|since| since < PACE) {
            return None;
        }
        let work = state.work.as_ref().filter(|work| work.runs());
        let line = match work {
            Some(work) => self.of_work(work, state, since),
            None => self.of_looks(state, since),
        };
        if line.is_some() {
            self.last = Some(now);
        }
        line
    }

    /// Whether this work has ended since it was last asked for.
    pub(super) fn ended(&mut self, job: JobId) -> bool {
        self.ended.replace(job) != Some(job)
    }

    /// Lets the next silence begin now.
    pub(super) fn said(&mut self, now: Duration) {
        self.last = Some(now);
    }

    fn of_work(&mut self, work: &Work, state: &State, since: Option<Duration>) -> Option<String> {
        if self.job != Some(work.id) {
            *self = Self { job: Some(work.id), ended: self.ended, ..Self::default() };
            let verb = work.job.verb();
            return Some(format!(
                "{verb} is running. s stops it safely, b leaves it running, l tells its log."
            ));
        }
        if work.stopping && !std::mem::replace(&mut self.stopping, true) {
            let verb = work.job.verb();
            return Some(format!(
                "Stopping {verb} at the next safe point. s again leaves at once; what is done stays."
            ));
        }
        let at = second(state.now);
        if let Some(line) = self.news(work) {
            return Some(format!("{at} {line}"));
        }
        let counted = counted(work);
        let further = !counted.is_empty() && counted != self.counted;
        let silent = since.unwrap_or(SILENCE);
        if (further && silent >= COUNTED) || silent >= SILENCE {
            let span = text::span(work.took(state.elapsed));
            let line = format!("{at} {} {counted}, after {span}", work.job.verb());
            self.counted = counted;
            return Some(line);
        }
        None
    }

    /// Returns what was said since: what matters first, and how much more there was.
    fn news(&mut self, work: &Work) -> Option<String> {
        let fresh = usize::try_from(work.heard - self.heard).unwrap_or(usize::MAX);
        let fresh = fresh.min(work.log.len());
        self.heard = work.heard;
        let lines = || work.log.iter().skip(work.log.len() - fresh);
        let line = lines().find(|said| said.matters).or_else(|| lines().next_back())?;
        let more = match fresh - 1 {
            0 => String::new(),
            more => format!("  (and {more} more; l tells them)"),
        };
        Some(format!("{}{more}", line.text))
    }

    fn of_looks(&mut self, state: &State, since: Option<Duration>) -> Option<String> {
        let (_, job) = state.looks.last()?;
        if since.is_none_or(|since| since < SILENCE) {
            self.last = self.last.or(Some(state.elapsed));
            return None;
        }
        Some(format!("{} {} is still at it", second(state.now), job.verb()))
    }
}

/// Says in numbers how far work has come, and the one thing that it waits for.
fn counted(work: &Work) -> String {
    if work.replays() && !work.waves.is_empty() {
        let sum = |of: fn(&crate::tui::work::WaveState) -> usize| -> usize {
            work.waves.iter().map(of).sum()
        };
        let (all, applied, ready) =
            (sum(|wave| wave.objects), sum(|wave| wave.applied), sum(|wave| wave.ready));
        let waits = work.waiting.as_ref().map_or_else(String::new, |waiting| {
            format!(", waiting for {}: {}", waiting.object, waiting.why)
        });
        return format!("has {applied} of {all} applied, {ready} ready{waits}");
    }
    let Some(phase) = work.phase() else { return "is beginning".to_owned() };
    let amount =
        |number| if phase.unit == "bytes" { text::size(number) } else { number.to_string() };
    let of = phase.total.map_or_else(String::new, |total| format!(" of {}", amount(total)));
    match phase.unit {
        "" => format!("is at {}", phase.name),
        "bytes" => format!("is at {}: {}{of}", phase.name, amount(phase.done)),
        unit => format!("is at {}: {}{of} {unit}", phase.name, amount(phase.done)),
    }
}
