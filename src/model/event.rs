//! Every fact worth reporting, and the port that takes it.
//!
//! The core emits events; human lines, JSON lines, the screens, metrics and evidence are listeners.
//! Progress is an event. Strings in an event are already safe to show.

use std::sync::Mutex;

use serde::Serialize;

use super::digest::Digest;
use super::id::Seq;

/// Something that happened. In JSON: an object whose `event` names the variant.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Event {
    /// A phase of a longer work begins.
    PhaseStarted {
        /// `discover`, `fetch`, `seal`, `verify`, `open`, `render`, `plan`, `replay` …
        phase: &'static str,
    },
    /// How far a phase has come.
    Progress {
        /// The phase.
        phase: &'static str,
        /// Units done.
        done: u64,
        /// Units in all, where known.
        total: Option<u64>,
        /// `bytes`, `repositories`, `objects`, `parts`.
        unit: &'static str,
    },
    /// Nothing else happened for a while; the work goes on.
    StillWorking {
        /// The phase.
        phase: &'static str,
        /// How long the command has been running, in seconds.
        seconds: u64,
    },
    /// Something a person should know that stops nothing.
    Notice {
        /// The code that `explain` knows.
        code: &'static str,
        /// One sentence.
        text: String,
    },
    /// A repository was brought up to date, or not.
    RepoFinished {
        /// Its name.
        repo: String,
        /// `fresh`, `unchanged`, `carried`, `hole-at-source`, `gone`, `rewritten`, `never`, `refused`.
        state: &'static str,
        /// How many refs it has now.
        refs: usize,
        /// Bytes of pack received.
        received_bytes: u64,
        /// How long it took.
        millis: u64,
        /// Where it failed: whose fault and why.
        fault: Option<String>,
    },
    /// A ref was moved to history that does not contain its old tip, or deleted. The old tip is kept.
    RefRewritten {
        /// The repository.
        repo: String,
        /// The ref.
        name: String,
        /// The tip that is now pinned.
        old: String,
        /// The new tip; none when the ref was deleted.
        new: Option<String>,
    },
    /// A part was written, or found unchanged and used again.
    Part {
        /// Its media type's middle word: `base`, `delta`, `keys` …
        kind: &'static str,
        /// Its digest.
        digest: Digest,
        /// Its size.
        bytes: u64,
        /// Whether it was already there.
        reused: bool,
    },
    /// A snapshot became visible in a store.
    Sealed {
        /// Its number.
        seq: Seq,
        /// The digest of its manifest.
        digest: Digest,
        /// `complete` or `partial`.
        state: &'static str,
        /// The line to post where an attacker cannot reach: stream, number, digest, time.
        witness: String,
    },
    /// One step of a verification.
    Checked {
        /// What was checked, in words.
        what: String,
        /// `good`, `warning`, `bad`.
        verdict: &'static str,
        /// What was found.
        detail: String,
    },
    /// A plan was made.
    Planned {
        /// Its digest.
        digest: Digest,
        /// How many objects it would write.
        writes: usize,
    },
    /// A run was opened: its journal is there before anything is written to the target.
    RunOpened {
        /// Its name, which `resume` takes.
        run: String,
        /// Where its journal is.
        journal: String,
        /// Whether it goes on with what an earlier one began.
        resumed: bool,
    },
    /// The first object of a wave is tried. Waves may overlap: edges decide, not the numbers.
    WaveStarted {
        /// Its number.
        wave: usize,
        /// The stage it belongs to.
        stage: &'static str,
        /// How many objects it holds.
        objects: usize,
    },
    /// All objects of a wave are settled.
    WaveFinished {
        /// Its number.
        wave: usize,
        /// How many of its objects failed, are held or left out.
        open: usize,
        /// How long it took, in milliseconds.
        millis: u64,
    },
    /// An object was sent to the target.
    Applied {
        /// `Kind namespace/name`.
        object: String,
        /// `created`, `configured`, `unchanged`, `written`.
        action: &'static str,
        /// Warnings of the server.
        warnings: Vec<String>,
    },
    /// An object reached its desired state.
    Ready {
        /// `Kind namespace/name`.
        object: String,
    },
    /// The one thing that is waited for.
    Waiting {
        /// `Kind namespace/name`.
        object: String,
        /// Why it is not ready.
        why: String,
        /// Since how many seconds.
        seconds: u64,
        /// After how many seconds it counts as failed.
        limit: u64,
        /// What it usually is, in one sentence.
        cause: &'static str,
        /// What to run to see more.
        next: String,
        /// How many other objects are waited for, too.
        others: usize,
        /// How many objects cannot begin before this one is settled.
        behind: usize,
    },
    /// A run begins no wave after this one, as somebody has asked; none when that was taken back.
    Holding {
        /// The last wave that is begun.
        after: Option<usize>,
    },
    /// An object is not tried, because something it needs has failed.
    ObjectHeld {
        /// `Kind namespace/name`.
        object: String,
        /// What it needs.
        needs: String,
    },
    /// An object is left out because a person said so.
    ObjectLeftOut {
        /// `Kind namespace/name`.
        object: String,
        /// The reason they gave.
        reason: String,
    },
    /// The run stops here on purpose and can be resumed.
    RunHeld {
        /// The wave after which it stops.
        wave: usize,
    },
    /// An object could not be brought to its desired state.
    ObjectFailed {
        /// `Kind namespace/name`.
        object: String,
        /// The code that `explain` knows.
        code: &'static str,
        /// What the target said.
        why: String,
    },
}

/// Takes events. Called from several threads; must be quick and must not fail.
pub trait Observer: Send + Sync {
    /// Takes one event.
    fn event(&self, event: &Event);
}

/// Listens to nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quiet;

impl Observer for Quiet {
    fn event(&self, _event: &Event) {}
}

/// Keeps everything, for tests and summaries.
#[derive(Debug, Default)]
pub struct Recording(Mutex<Vec<Event>>);

impl Recording {
    /// Returns the events so far.
    pub fn events(&self) -> Vec<Event> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }
}

impl Observer for Recording {
    fn event(&self, event: &Event) {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(event.clone());
    }
}

/// Passes events to several listeners, in order.
pub struct Tee<'a>(pub Vec<&'a dyn Observer>);

impl Observer for Tee<'_> {
    fn event(&self, event: &Event) {
        self.0.iter().for_each(|listener| listener.event(event));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_names_the_event_and_its_fields_in_kebab_case() {
        let event = Event::RepoFinished {
            repo: "apps".into(),
            state: "fresh",
            refs: 2,
            received_bytes: 10,
            millis: 5,
            fault: None,
        };
        assert_eq!(
            serde_json::to_string(&event).unwrap(),
            r#"{"event":"repo-finished","repo":"apps","state":"fresh","refs":2,"received-bytes":10,"millis":5,"fault":null}"#
        );
    }
}
