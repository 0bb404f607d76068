//! Objects becoming ready, by kstatus, all at the same time.
//!
//! What needs Pods is not waited for on a target that has no nodes: it could only time out.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::Wait;
use super::error::ReplayError;
use super::outcome::{Outcome, Pending};
use super::teller::Spent;
use super::wave::Run;
use crate::cluster::{ClusterError, ServedKind};
use crate::model::event::Event;
use crate::object::{Object, ObjectRef, Rules, Status, status};
use crate::plan::{Approved, Item};

const PAUSE: Duration = Duration::from_secs(1);

/// Kinds whose readiness takes Pods.
const NEED_PODS: [(&str, &str); 7] = [
    ("apps", "Deployment"),
    ("apps", "StatefulSet"),
    ("apps", "DaemonSet"),
    ("apps", "ReplicaSet"),
    ("batch", "Job"),
    ("", "Pod"),
    ("", "PersistentVolumeClaim"),
];

fn needs_pods(object: &ObjectRef) -> bool {
    NEED_PODS.contains(&(object.group.as_str(), object.kind.as_str()))
}

impl Run<'_> {
    /// Waits until everything is ready, as far as that was asked for and can be.
    pub(super) fn until_ready(self, approved: &Approved) -> Result<Outcome, ReplayError> {
        let unready = self.unready();
        let items: Vec<&Item> =
            approved.plan().items().filter(|item| unready.contains(&item.object)).collect();
        let (waited, not_waited) = self.split(items);
        let not_ready = match self.options.wait {
            Wait::Applied => Vec::new(),
            Wait::Ready { limit } => self.wait(waited, limit)?,
        };
        let mut outcome = self.finish();
        outcome.not_ready = not_ready;
        outcome.not_waited = not_waited;
        Ok(outcome)
    }

    /// Tells apart what is waited for and what is not, with the reason.
    fn split<'p>(&self, items: Vec<&'p Item>) -> (Vec<&'p Item>, Vec<Pending>) {
        let why = match self.options.wait {
            Wait::Applied => "it was not asked to wait",
            Wait::Ready { .. } if self.runs_pods() => return (items, Vec::new()),
            Wait::Ready { .. } => "the target has no nodes, so nothing runs Pods",
        };
        let (pods, others): (Vec<_>, Vec<_>) =
            items.into_iter().partition(|item| needs_pods(&item.object));
        let pending = |item: &Item| Pending { object: item.object.to_string(), why: why.into() };
        (others, pods.into_iter().map(pending).collect())
    }

    /// Whether the target has nodes. Who cannot be asked is believed to.
    fn runs_pods(&self) -> bool {
        let Ok(kinds) = self.cluster.kinds() else { return true };
        let Some(node) = kinds.find("", "v1", "Node") else { return true };
        self.cluster.list(node).map_or(true, |nodes| !nodes.is_empty())
    }

    fn wait(&self, items: Vec<&Item>, limit: Duration) -> Result<Vec<Pending>, ReplayError> {
        let mut left: Vec<(&Item, String)> =
            items.into_iter().map(|item| (item, "not looked at yet".to_owned())).collect();
        let mut failed = Vec::new();
        let since = self.around.clock.elapsed();
        while !left.is_empty() {
            self.around.cancel.check()?;
            left = self.look(left, &mut failed);
            let Some((first, why)) = left.first() else { break };
            if self.around.clock.elapsed().saturating_sub(since) >= limit {
                break;
            }
            let object = first.object.to_string();
            self.teller.tell(self.around, &object, why, Spent { since, limit });
            self.around.clock.sleep(PAUSE);
        }
        let late = left.into_iter().map(|(item, why)| Pending {
            object: item.object.to_string(),
            why: format!("not ready within {} s: {why}", limit.as_secs()),
        });
        failed.extend(late);
        Ok(failed)
    }

    /// Looks once at everything that is left: one list for each kind.
    fn look<'p>(
        &self,
        left: Vec<(&'p Item, String)>,
        failed: &mut Vec<Pending>,
    ) -> Vec<(&'p Item, String)> {
        let wanted: BTreeSet<&ObjectRef> = left.iter().map(|(item, _)| &item.object).collect();
        let mut found: BTreeMap<ObjectRef, Status> = BTreeMap::new();
        let mut silent = None;
        for kind in self.kinds_of(&left) {
            match self.cluster.list(&kind) {
                Ok(list) => {
                    for value in list {
                        let reached = status(&value, Rules::default());
                        let Ok(object) = Object::from_value(value) else { continue };
                        if wanted.contains(object.reference()) {
                            found.insert(object.reference().clone(), reached);
                        }
                    }
                }
                Err(error) => silent = Some(error.to_string()),
            }
        }
        let mut still = Vec::new();
        for (item, before) in left {
            let object = item.object.to_string();
            match found.remove(&item.object) {
                Some(Status::Current) => {
                    self.around.observer.event(&Event::Ready { object });
                }
                Some(Status::Failed(why)) => failed.push(Pending { object, why }),
                Some(other) => still.push((item, other.to_string())),
                None => still.push((item, silent.clone().unwrap_or(before))),
            }
        }
        still
    }

    fn kinds_of(&self, left: &[(&Item, String)]) -> Vec<ServedKind> {
        let mut kinds: BTreeMap<(&str, &str, &str), Result<ServedKind, ClusterError>> =
            BTreeMap::new();
        for (item, _) in left {
            let key =
                (item.object.group.as_str(), item.version.as_str(), item.object.kind.as_str());
            kinds.entry(key).or_insert_with(|| self.served(item));
        }
        kinds.into_values().filter_map(Result::ok).filter(|kind| kind.storable).collect()
    }
}
