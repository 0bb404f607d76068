//! Names the one thing that is waited for, when it changes and every five seconds.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::model::event::Event;

use super::Around;

const EVERY: Duration = Duration::from_secs(5);

/// What was told last.
#[derive(Default)]
pub(super) struct Teller {
    last: Mutex<Option<(String, String, Duration)>>,
}

/// A wait: for how long already, and for how long at most.
#[derive(Clone, Copy)]
pub(super) struct Spent {
    pub(super) since: Duration,
    pub(super) limit: Duration,
}

impl Teller {
    /// Tells what is waited for, unless that was told a moment ago.
    pub(super) fn tell(&self, around: Around<'_>, object: &str, why: &str, spent: Spent) {
        let now = around.clock.elapsed();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, reason, at)) = last.as_ref() {
            let same = known == object && reason == why;
            // Another object may be named at once, but not by turns.
            let recent = now.saturating_sub(*at) < EVERY;
            if recent && (same || known != object) {
                return;
            }
        }
        *last = Some((object.to_owned(), why.to_owned(), now));
        drop(last);
        around.observer.event(&Event::Waiting {
            object: object.to_owned(),
            why: why.to_owned(),
            seconds: now.saturating_sub(spent.since).as_secs(),
            limit: spent.limit.as_secs(),
            cause: "",
            next: String::new(),
            others: 0,
        });
    }
}
