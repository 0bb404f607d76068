//! What is known about hosts during one run, so that a dead one costs one deadline.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::fault::Trouble;

/// The health of all hosts.
#[derive(Default)]
pub(super) struct Hosts(Mutex<HashMap<String, Health>>);

#[derive(Default)]
struct Health {
    answered: bool,
    dead: Option<Trouble>,
}

impl Hosts {
    /// Returns why a host is known to be dead.
    pub(super) fn dead(&self, host: &str) -> Option<Trouble> {
        self.with(host, |health| health.dead.clone())
    }

    /// Notes that a host answered, so that silence about one repository says nothing about others.
    pub(super) fn answered(&self, host: &str) {
        self.with(host, |health| health.answered = true);
    }

    /// Notes trouble with a host, unless it answered before.
    pub(super) fn failed(&self, host: &str, trouble: &Trouble) {
        self.with(host, |health| {
            if !health.answered {
                health.dead.get_or_insert_with(|| trouble.clone());
            }
        });
    }

    fn with<T>(&self, host: &str, act: impl FnOnce(&mut Health) -> T) -> T {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        act(all.entry(host.to_owned()).or_default())
    }
}
