//! Objects becoming ready, by kstatus with its three holes closed, all at the same time.
//!
//! What needs Pods is not waited for on a target that has no nodes: it could only time out.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use serde_json::Value;

use super::attempt::is_gate;
use super::error::LATE;
use super::journal::Record;
use super::outcome::Pending;
use super::readiness::has_ready;
use super::run::{Run, Shared};
use super::{Wait, words};
use crate::cluster::{ClusterError, Kinds, ServedKind};
use crate::model::event::Event;
use crate::object::{Object, Rules, Status, status};
use crate::plan::each;

/// Between two looks: while something waits for it, while nothing else is left, and at definitions.
const NEEDED: Duration = Duration::from_millis(500);
const LAST: Duration = Duration::from_secs(1);
pub(super) const GATES: Duration = Duration::from_millis(100);
/// So many objects of a kind are read one by one rather than all of the kind.
const FEW: usize = 3;
/// A controller that says it gave up may think better of it within this time.
const SETTLES: Duration = Duration::from_secs(30);
/// How long things may take that were asked for without a limit.
const DEFAULT_LIMIT: Duration = Duration::from_mins(5);

/// What one look found.
type Found = HashMap<usize, Result<Status, ClusterError>>;

impl Run<'_> {
    /// Whether everything is waited for, not only what others need.
    pub(super) fn waits_for_all(&self) -> bool {
        matches!(self.options.wait, Wait::Ready { .. })
    }

    /// How long an object may take to become ready.
    pub(super) fn limit(&self) -> Duration {
        match self.options.wait {
            Wait::Ready { limit } => limit,
            Wait::Applied => DEFAULT_LIMIT,
        }
    }

    /// Takes note that nobody waits for an object to become ready, and why.
    pub(super) fn not_waited(&self, shared: &mut Shared, node: usize, why: &str) {
        let object = self.items[node].object.to_string();
        shared.outcome.not_waited.push(Pending { object, why: why.to_owned() });
    }

    /// Looks at what is watched, when it is time.
    pub(super) fn look(&self) {
        let mut shared = self.lock();
        let now = self.around.clock.elapsed();
        if now < shared.look || shared.schedule.watched().is_empty() {
            return;
        }
        let sending = shared.schedule.has_fresh() || shared.schedule.is_busy();
        let watched = shared.schedule.watched().iter().copied();
        let (needed, idle): (Vec<_>, Vec<_>) =
            watched.partition(|node| shared.schedule.is_needed_ready(*node));
        // While objects are being sent, only what keeps others is worth a call.
        let looked = if sending { needed.clone() } else { [needed.clone(), idle].concat() };
        let (gates, others): (Vec<_>, Vec<_>) =
            looked.into_iter().partition(|node| is_gate(&self.items[*node].object));
        let pause = match (gates.is_empty(), needed.is_empty()) {
            (false, _) => GATES,
            (true, false) => NEEDED,
            (true, true) => LAST,
        };
        shared.look = now + pause;
        drop(shared);
        self.look_at_gates(&gates);
        if !others.is_empty() {
            self.look_at(&others);
        }
    }

    fn look_at(&self, nodes: &[usize]) {
        let kinds = self.lock().kinds.clone();
        let nodes = self.without_pods(nodes, &kinds);
        let found = self.found(&nodes);
        let mut shared = self.lock();
        let now = self.now(&shared);
        for (node, result) in found {
            match result {
                Ok(Status::Current) => self.became_ready(&mut shared, node),
                Ok(Status::Failed(why)) if self.is_final(&mut shared, node, now) => {
                    self.not_ready(&mut shared, node, LATE.code, why);
                }
                Ok(other) => {
                    if !matches!(other, Status::Failed(_)) {
                        shared.tries[node].bad_since = None;
                    }
                    shared.tries[node].why = other.to_string();
                    let hint = words::unready(&self.items[node].object);
                    shared.tries[node].hint = Some(hint);
                    self.check_limit(&mut shared, node, now, self.limit());
                }
                // Sending notices an outage; until then what was last heard holds.
                Err(ClusterError::Unreachable { why, .. }) => {
                    let at = self.around.clock.elapsed();
                    shared.down.get_or_insert((at, why));
                }
                Err(error) => {
                    shared.tries[node].why = error.to_string();
                    self.check_limit(&mut shared, node, now, self.limit());
                }
            }
        }
        self.release(shared);
    }

    pub(super) fn became_ready(&self, shared: &mut Shared, node: usize) {
        shared.schedule.ready(node);
        self.settled(shared, node);
        let object = self.items[node].object.to_string();
        shared.events.push(Event::Ready { object });
        if let Err(error) = self.note(Record::Ready { item: node }) {
            shared.halt(error);
        }
    }

    pub(super) fn check_limit(
        &self,
        shared: &mut Shared,
        node: usize,
        now: Duration,
        limit: Duration,
    ) {
        if now.saturating_sub(shared.tries[node].applied) >= limit {
            let why = &shared.tries[node].why;
            let why = format!("not ready within {} s: {why}", limit.as_secs());
            self.not_ready(shared, node, LATE.code, why);
        }
    }

    /// Whether a failure is the last word. A Job does not begin again; others may.
    fn is_final(&self, shared: &mut Shared, node: usize, now: Duration) -> bool {
        let object = &self.items[node].object;
        let since = *shared.tries[node].bad_since.get_or_insert(now);
        object.kind == "Job" || now.saturating_sub(since) >= SETTLES
    }

    /// Leaves out what cannot become ready here.
    fn without_pods(&self, nodes: &[usize], kinds: &Kinds) -> Vec<usize> {
        let pods = nodes.iter().any(|node| self.needs_pods(self.items[*node]));
        if !pods || self.runs_pods(kinds) {
            return nodes.to_vec();
        }
        let (pods, others): (Vec<_>, Vec<_>) =
            nodes.iter().copied().partition(|node| self.needs_pods(self.items[*node]));
        let mut shared = self.lock();
        for node in pods {
            self.give_up_pods(&mut shared, node);
        }
        self.release(shared);
        others
    }

    /// Nothing runs Pods here: who needs this one ready goes on without.
    pub(super) fn give_up_pods(&self, shared: &mut Shared, node: usize) {
        self.not_waited(shared, node, "the target has no nodes, so nothing runs Pods");
        shared.schedule.ready(node);
        self.settled(shared, node);
    }

    /// Whether the target has nodes. Who cannot be asked is believed to.
    pub(super) fn runs_pods(&self, kinds: &Kinds) -> bool {
        let Some(node) = kinds.find("", "v1", "Node") else { return true };
        self.cluster.list(node).map_or(true, |nodes| !nodes.is_empty())
    }

    /// Reads what is watched: one list for each kind, or the few objects themselves.
    fn found(&self, nodes: &[usize]) -> Found {
        let mut kinds: BTreeMap<(&str, &str, &str), Vec<usize>> = BTreeMap::new();
        for node in nodes {
            let item = self.items[*node];
            let key =
                (item.object.group.as_str(), item.version.as_str(), item.object.kind.as_str());
            kinds.entry(key).or_default().push(*node);
        }
        let groups: Vec<Vec<usize>> = kinds.into_values().collect();
        let threads = self.options.threads.max(1);
        let found = each(&groups, threads, |nodes| self.found_of_kind(nodes));
        found.into_iter().flatten().collect()
    }

    fn found_of_kind(&self, nodes: &[usize]) -> Vec<(usize, Result<Status, ClusterError>)> {
        let all = |error: &ClusterError| nodes.iter().map(|n| (*n, Err(error.clone()))).collect();
        let kind = match self.served(self.items[nodes[0]]) {
            Ok(kind) => kind,
            Err(error) => return all(&error),
        };
        if !kind.storable {
            return nodes.iter().map(|node| (*node, Ok(Status::Current))).collect();
        }
        let (values, reported) = match self.values(&kind, nodes) {
            Ok(values) => values,
            Err(error) => return all(&error),
        };
        let late_binding = self.late_binding(&kind, &values);
        let judge = |node: usize| {
            let Some(value) = values.get(&node) else { return Ok(Status::NotFound) };
            let object = self.approved.object(self.items[node]);
            let mut rules =
                object.map_or(Rules::default(), |o| self.rules(self.items[node], o, reported));
            rules.binds_at_first_use = binds_late(value, &late_binding);
            Ok(status(value, rules))
        };
        nodes.iter().map(|node| (*node, judge(*node))).collect()
    }

    /// The live objects, and whether any object of the kind reports that it is ready.
    fn values(
        &self,
        kind: &ServedKind,
        nodes: &[usize],
    ) -> Result<(HashMap<usize, Value>, bool), ClusterError> {
        let name = |node: usize| {
            let item = self.items[node];
            let named = self.approved.object(item).map(Object::named);
            named.map_or_else(|| item.object.clone(), |named| named.reference().clone())
        };
        let mut values = HashMap::new();
        if nodes.len() <= FEW {
            for node in nodes {
                let at = name(*node);
                if let Some(value) = self.cluster.get(kind, at.namespace.as_deref(), &at.name)? {
                    values.insert(*node, value);
                }
            }
            return Ok((values, false));
        }
        let mut wanted: HashMap<(Option<String>, String), usize> = nodes
            .iter()
            .map(|node| (name(*node), *node))
            .map(|(at, n)| ((at.namespace, at.name), n))
            .collect();
        let mut reported = false;
        for value in self.cluster.list(kind)? {
            reported |= has_ready(&value);
            let text = |field: &str| value["metadata"][field].as_str().map(str::to_owned);
            let key = (text("namespace"), text("name").unwrap_or_default());
            if let Some(node) = wanted.remove(&key) {
                values.insert(node, value);
            }
        }
        Ok((values, reported))
    }

    /// The storage classes that bind at first use, where claims are waited for.
    fn late_binding(&self, kind: &ServedKind, values: &HashMap<usize, Value>) -> BTreeSet<String> {
        let mut late = BTreeSet::new();
        let pending = values.values().any(|value| value["status"]["phase"] == "Pending");
        if kind.kind != "PersistentVolumeClaim" || !pending {
            return late;
        }
        let classes = self.lock().kinds.find("storage.k8s.io", "v1", "StorageClass").cloned();
        let list = classes.and_then(|classes| self.cluster.list(&classes).ok());
        for class in list.into_iter().flatten() {
            if class["volumeBindingMode"] == "WaitForFirstConsumer" {
                late.extend(class["metadata"]["name"].as_str().map(str::to_owned));
            }
        }
        late
    }
}

fn binds_late(value: &Value, classes: &BTreeSet<String>) -> bool {
    value["spec"]["storageClassName"].as_str().is_some_and(|class| classes.contains(class))
}
