//! Names the one thing that is waited for: when it changes, and then after five seconds, ten, twenty,
//! and every half minute.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::Around;
use super::words::Hint;
use crate::model::event::Event;

const FIRST: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_secs(30);

/// What was told last.
#[derive(Default)]
pub(super) struct Teller {
    last: Mutex<Option<Told>>,
}

struct Told {
    object: String,
    why: String,
    at: Duration,
    every: Duration,
}

/// A wait: what for, how long already, and for how long at most.
pub(super) struct Wait<'a> {
    pub(super) object: &'a str,
    pub(super) why: &'a str,
    pub(super) spent: Duration,
    pub(super) limit: Duration,
    pub(super) hint: Hint,
    pub(super) others: usize,
}

impl Teller {
    /// Tells what is waited for, unless that was told a moment ago.
    pub(super) fn tell(&self, around: Around<'_>, wait: Wait<'_>) {
        let now = around.clock.elapsed();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let mut every = FIRST;
        if let Some(told) = last.as_ref() {
            let (same, spent) = (told.object == wait.object, now.saturating_sub(told.at));
            let again = same && told.why == wait.why;
            // Another object may be named at once, but not by turns.
            if (again && spent < told.every) || (!same && spent < FIRST) {
                return;
            }
            if again {
                every = (told.every * 2).min(LONGEST);
            }
        }
        let (object, why) = (wait.object.to_owned(), wait.why.to_owned());
        *last = Some(Told { object, why, at: now, every });
        drop(last);
        around.observer.event(&Event::Waiting {
            object: wait.object.to_owned(),
            why: wait.why.to_owned(),
            seconds: wait.spent.as_secs(),
            limit: wait.limit.as_secs(),
            cause: wait.hint.cause,
            next: wait.hint.next,
            others: wait.others,
        });
    }
}
