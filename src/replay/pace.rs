//! No more calls a second than were allowed.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;

use crate::cluster::{Applied, ApplyOptions, Cluster, ClusterError, Identity, Kinds, ServedKind};
use crate::model::clock::Clock;
use crate::object::Object;

/// A cluster whose calls are spread over time.
pub(super) struct Paced<'a> {
    cluster: &'a dyn Cluster,
    clock: &'a dyn Clock,
    /// The time between two calls.
    gap: Duration,
    /// When the next call may be made.
    next: Mutex<Duration>,
}

impl<'a> Paced<'a> {
    /// Allows `qps` calls a second.
    pub(super) fn new(cluster: &'a dyn Cluster, clock: &'a dyn Clock, qps: u32) -> Self {
        let gap = Duration::from_secs(1) / qps.max(1);
        Self { cluster, clock, gap, next: Mutex::default() }
    }

    /// Waits for its turn.
    fn turn(&self) -> &dyn Cluster {
        let now = self.clock.elapsed();
        let mine = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let mine = (*next).max(now);
            *next = mine + self.gap;
            mine
        };
        if mine > now {
            self.clock.sleep(mine.saturating_sub(now));
        }
        self.cluster
    }
}

impl Cluster for Paced<'_> {
    fn identity(&self) -> Result<Identity, ClusterError> {
        self.turn().identity()
    }

    fn kinds(&self) -> Result<Kinds, ClusterError> {
        self.turn().kinds()
    }

    fn get(
        &self,
        kind: &ServedKind,
        namespace: Option<&str>,
        name: &str,
    ) -> Result<Option<Value>, ClusterError> {
        self.turn().get(kind, namespace, name)
    }

    fn list(&self, kind: &ServedKind) -> Result<Vec<Value>, ClusterError> {
        self.turn().list(kind)
    }

    fn apply(
        &self,
        kind: &ServedKind,
        object: &Object,
        options: &ApplyOptions,
    ) -> Result<Applied, ClusterError> {
        self.turn().apply(kind, object, options)
    }

    fn create(&self, kind: &ServedKind, object: &Object) -> Result<Applied, ClusterError> {
        self.turn().create(kind, object)
    }

    fn replace(&self, kind: &ServedKind, object: &Object) -> Result<Applied, ClusterError> {
        self.turn().replace(kind, object)
    }

    fn may(&self, verb: &str, kind: &ServedKind) -> Result<bool, ClusterError> {
        self.turn().may(verb, kind)
    }
}
