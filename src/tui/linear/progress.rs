//! What is said while something runs: at most a line a second, at least one every half minute.

use std::time::Duration;

use crate::app::{assess, text};
use crate::tui::job::Job;
use crate::tui::keys;
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

/// What comes on top of the limit within which hosts and clusters answer.
const LATE: Duration = Duration::from_secs(1);

/// What was said last.
#[derive(Debug, Default)]
pub(super) struct Progress {
    job: Option<JobId>,
    stopping: bool,
    /// How many lines of the work are known.
    heard: u64,
    counted: String,
    /// The look that was told of, and the one that is waited for since when.
    looking: Option<JobId>,
    pending: Option<(JobId, Duration)>,
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
            let verb = work.verb();
            return Some(format!(
                "{verb} is running. s stops it safely, b leaves it running, l tells its log."
            ));
        }
        if work.stopping && !std::mem::replace(&mut self.stopping, true) {
            let verb = work.verb();
            return Some(format!(
                "Stopping {verb} at the next safe point. s again leaves at once; what is done stays."
            ));
        }
        let at = second(state.now);
        if let Some(line) = self.news(work) {
            let waits = line.starts_with("waiting for") && keys::can_leave_out(state);
            let out = if waits { "; skip leaves it out" } else { "" };
            return Some(format!("{at} {line}{out}"));
        }
        let counted = counted(work);
        let further = !counted.is_empty() && counted != self.counted;
        let silent = since.unwrap_or(SILENCE);
        if (further && silent >= COUNTED) || silent >= SILENCE {
            let span = text::span(work.took(state.elapsed));
            let line = format!("{at} {} {counted}, after {span}", work.verb());
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
        let (id, job) = state.looks.last()?;
        let new = self.looking != Some(*id);
        match job {
            // It asks around, so it is said at once how long that can take.
            Job::Assess(_) if new => {
                self.looking = Some(*id);
                let limit = text::span(assess::WITHIN + LATE);
                Some(format!(
                    "Asking every Git host and cluster that is known here, for at most {limit}."
                ))
            }
            // What is there in a moment needs no word.
            _ if new => {
                let (_, began) = *self.pending.insert(match self.pending {
                    Some(known) if known.0 == *id => known,
                    _ => (*id, state.elapsed),
                });
                let long = state.elapsed.saturating_sub(began) >= PACE;
                self.looking = long.then_some(*id).or(self.looking);
                long.then(|| format!("{} …", doing(job)))
            }
            _ if since < Some(SILENCE) => None,
            _ => Some(format!("{} still {} …", second(state.now), doing(job).to_lowercase())),
        }
    }
}

/// Says what a look does.
fn doing(job: &Job) -> &'static str {
    match job {
        Job::Show(request) if request.identities.is_empty() => "Reading the bundle",
        Job::Show(_) => "Opening the bundle",
        Job::Targets => "Reading what clusters have names here",
        Job::AddTarget(_) => "Asking the cluster who it is",
        Job::Runs(_) => "Reading what was replayed from here",
        Job::Assess(_) => "Asking around",
        _ => "Looking at what we hold",
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::{Place, Start, verify};
    use crate::model::clock::Timestamp;
    use crate::model::event::Event;
    use crate::tui::message::{Effect, Message};
    use crate::tui::update::{first, update};

    fn pass(state: &mut State, millis: u64) {
        let elapsed = state.elapsed + Duration::from_millis(millis);
        let now = Timestamp::from_unix(0).plus(elapsed);
        update(state, Message::Tick { now, elapsed });
    }

    fn state() -> State {
        State::new(&Start::default(), None, (80, 24), Timestamp::from_unix(0))
    }

    /// Something that runs, and the number of its job.
    fn verifying() -> (State, JobId) {
        let mut state = state();
        let request = verify::Request {
            place: Place::default(),
            which: crate::app::Which::Latest,
            full: false,
            identities: Vec::new(),
            cosign: None,
            accept: None,
        };
        let effects = crate::tui::update::begin(&mut state, Job::Verify(request));
        let Some(Effect::Start(id, _)) = effects.into_iter().next() else { unreachable!() };
        (state, id)
    }

    #[test]
    fn a_flood_of_events_is_at_most_a_line_a_second_and_counts_the_rest() {
        let (mut state, id) = verifying();
        let mut progress = Progress::default();
        let mut lines = Vec::new();
        for number in 0..600 {
            let object = format!("ConfigMap shop/c-{number}");
            update(&mut state, Message::Event(id, Event::Ready { object }));
            lines.extend(progress.line(&state));
            pass(&mut state, 10);
        }
        assert!((5..=6).contains(&lines.len()), "in six seconds: {lines:?}");
        assert!(lines.iter().any(|line| line.contains("more; l tells them")), "{lines:?}");
    }

    #[test]
    fn a_silence_is_broken_before_half_a_minute_is_over() {
        let (mut state, _) = verifying();
        let mut progress = Progress::default();
        let mut at = Vec::new();
        for second in 0..300 {
            if progress.line(&state).is_some() {
                at.push(second);
            }
            pass(&mut state, 1000);
        }
        assert!(at.windows(2).all(|pair| pair[1] - pair[0] < 30), "{at:?}");
        assert!(at.last() > Some(&270) && at.len() < 20, "{at:?}");
    }

    #[test]
    fn a_look_is_told_of_when_it_takes_longer_than_a_moment() {
        let mut state = state();
        crate::tui::update::begin(&mut state, Job::Targets);
        let mut progress = Progress::default();
        let mut lines = Vec::new();
        for _ in 0..9 {
            lines.extend(progress.line(&state));
            pass(&mut state, 100);
        }
        assert!(lines.is_empty(), "{lines:?}");
        pass(&mut state, 500);
        lines.extend(progress.line(&state));
        assert_eq!(lines, ["Reading what clusters have names here …"]);
    }

    #[test]
    fn asking_around_says_at_once_what_it_does_and_for_how_long() {
        let mut state = state();
        first(&mut state);
        let mut progress = Progress::default();
        let line = progress.line(&state).unwrap();
        assert!(line.contains("for at most 11s"), "{line}");
        let mut at = Vec::new();
        for second in 0..60 {
            pass(&mut state, 1000);
            at.extend(progress.line(&state).map(|_| second));
        }
        assert!(!at.is_empty() && at[0] < 30, "{at:?}");
    }
}
