//! Names the one thing that is waited for, and stays with it until it is settled: at once, then after
//! five seconds, ten, twenty, and every half minute.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Around;
use super::attempt::is_gate;
use super::run::{Run, Shared};
use super::schedule::State;
use super::words::Hint;
use crate::model::event::Event;

const FIRST: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_secs(30);
/// What waits for less than this is not named right after another.
const BRIEF: Duration = Duration::from_secs(1);

/// What was told last.
#[derive(Default)]
pub(super) struct Teller {
    last: Mutex<Option<Told>>,
}

struct Told {
    /// Which object; none for the API server.
    node: Option<usize>,
    why: String,
    at: Duration,
    every: Duration,
}

/// A wait: what for, how long already, and for how long at most.
pub(super) struct Wait<'a> {
    pub(super) node: Option<usize>,
    pub(super) object: &'a str,
    pub(super) why: &'a str,
    pub(super) spent: Duration,
    pub(super) limit: Duration,
    pub(super) hint: Hint,
    /// How many other objects are waited for, and how many cannot begin before this one.
    pub(super) others: usize,
    pub(super) behind: usize,
}

impl Teller {
    fn last(&self) -> MutexGuard<'_, Option<Told>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Which object was told of last.
    fn node(&self) -> Option<usize> {
        self.last().as_ref().and_then(|told| told.node)
    }

    /// Tells what is waited for, unless that was told a moment ago.
    pub(super) fn tell(&self, around: Around<'_>, wait: Wait<'_>) {
        let now = around.clock.elapsed();
        let mut last = self.last();
        let Some(every) = due(last.as_ref(), wait.node, wait.why, wait.spent, now) else { return };
        *last = Some(Told { node: wait.node, why: wait.why.to_owned(), at: now, every });
        drop(last);
        around.observer.event(&Event::Waiting {
            object: wait.object.to_owned(),
            why: wait.why.to_owned(),
            seconds: wait.spent.as_secs(),
            limit: wait.limit.as_secs(),
            cause: wait.hint.cause,
            next: wait.hint.next,
            others: wait.others,
            behind: wait.behind,
        });
    }
}

/// Returns how long to be silent after what is to be told now; none when it was told a moment ago.
fn due(
    last: Option<&Told>,
    node: Option<usize>,
    why: &str,
    spent: Duration,
    now: Duration,
) -> Option<Duration> {
    let Some(told) = last else { return Some(FIRST) };
    let (same, since) = (told.node == node, now.saturating_sub(told.at));
    match same && told.why == why {
        true if since < told.every => None,
        true => Some((told.every * 2).min(LONGEST)),
        false if !same && since < FIRST && spent < BRIEF => None,
        false => Some(FIRST),
    }
}

impl Shared {
    /// Returns what was tried or looked at, and is waited for since. What is there from earlier and
    /// has not been looked at yet is not.
    pub(super) fn awaited(&self) -> impl Iterator<Item = usize> {
        self.schedule.waiting().filter(|node| self.tries[*node].hint.is_some())
    }
}

impl Run<'_> {
    /// Tells of the one object that is waited for: of the same as long as it is, then of one that
    /// others need, and of those of the one whose time is over first.
    pub(super) fn tell(&self) {
        let shared = self.lock();
        if shared.down.is_some() {
            return;
        }
        let said = self.teller.node();
        let state = said.map(|node| shared.schedule.node(node).state);
        let node = match (said, state) {
            // It is being tried again; what comes of that is told.
            (_, Some(State::Busy)) => None,
            (Some(node), Some(State::Later | State::Watched)) => Some(node),
            _ => shared.awaited().min_by_key(|node| {
                let (since, limit) = self.waits_since(&shared, *node);
                (!shared.schedule.holds_up(*node), since + limit, *node)
            }),
        };
        let Some((node, hint)) =
            node.and_then(|node| Some((node, shared.tries[node].hint.clone()?)))
        else {
            return;
        };
        let (since, limit) = self.waits_since(&shared, node);
        let spent = self.now(&shared).saturating_sub(since);
        let why = shared.tries[node].why.clone();
        let now = self.around.clock.elapsed();
        // What is counted below costs something, and is told rarely.
        if due(self.teller.last().as_ref(), Some(node), &why, spent, now).is_none() {
            return;
        }
        let others = shared.awaited().filter(|other| *other != node).count();
        let behind = shared.schedule.behind(node);
        drop(shared);
        let object = self.items[node].object.to_string();
        let (node, object, why) = (Some(node), object.as_str(), why.as_str());
        self.teller
            .tell(self.around, Wait { node, object, why, spent, limit, hint, others, behind });
    }

    /// Since when an object is waited for, and for how long at most.
    fn waits_since(&self, shared: &Shared, node: usize) -> (Duration, Duration) {
        let tries = &shared.tries[node];
        match shared.schedule.node(node).state {
            State::Watched if is_gate(&self.items[node].object) => {
                (tries.applied, self.options.patience)
            }
            State::Watched => (tries.applied, self.limit()),
            _ => (tries.since.unwrap_or_default(), self.options.patience),
        }
    }
}
