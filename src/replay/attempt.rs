//! One attempt: intent, call, what came of it. And what is done when nothing answers.

use std::time::Duration;

use super::error::{GONE, ReplayError};
use super::journal::{Call, Record};
use super::readiness::is_always_ready;
use super::run::{Run, Shared};
use super::schedule::State;
use super::{teller, webhook, words};
use crate::cluster::{Applied, ApplyOptions, Class, ClusterError, Kinds, ServedKind};
use crate::model::event::Event;
use crate::model::explain::Explain;
use crate::model::safe::safe;
use crate::object::{Object, ObjectRef, Stage, Status, status};
use crate::plan::Item;
use crate::target::{TargetError, verify};

const LONGEST_PAUSE: Duration = Duration::from_secs(3);
const PROBE: Duration = Duration::from_secs(1);
const TICK: Duration = Duration::from_millis(250);
/// So long after an outage a server may not know its own rules yet.
const RECOVERING: Duration = Duration::from_secs(30);
/// An object whose answer is lost so often is to blame itself.
const LOST: u32 = 3;

/// Why an attempt gave nothing.
enum Trouble {
    Cluster(ClusterError),
    Stop(ReplayError),
}

impl From<ClusterError> for Trouble {
    fn from(error: ClusterError) -> Self {
        Self::Cluster(error)
    }
}

impl Run<'_> {
    /// Tries an object once.
    pub(super) fn attempt(&self, node: usize) {
        let item = self.items[node];
        let Some(object) = self.approved.object(item) else {
            let why = "the plan does not hold it".to_owned();
            self.halt(ReplayError::Plan { why });
            return self.give_back(node);
        };
        let begun = self.around.clock.elapsed();
        match self.send(node, item, object) {
            Ok((applied, action)) => {
                let took = self.around.clock.elapsed().saturating_sub(begun);
                self.took(node, object, &applied, action, took);
            }
            Err(Trouble::Cluster(error)) => self.refused(node, error),
            Err(Trouble::Stop(error)) => {
                self.give_back(node);
                self.halt(error);
            }
        }
    }

    fn give_back(&self, node: usize) {
        let mut shared = self.lock();
        let now = self.now(&shared);
        shared.schedule.give_back(node, now);
        self.release(shared);
    }

    fn send(
        &self,
        node: usize,
        item: &Item,
        object: &Object,
    ) -> Result<(Applied, &'static str), Trouble> {
        let kind = self.served(item)?;
        let takes_over = self.options.choices.takes_over(&item.object);
        if object.is_made_once() {
            let named = object.named();
            self.intend(node, &named, Call::Create)?;
            return self.make_once(&kind, &named);
        }
        let call = if takes_over { Call::TakeOver } else { Call::Apply };
        self.intend(node, object, call)?;
        let options = ApplyOptions { force: takes_over, ..ApplyOptions::REAL };
        let applied = self.cluster.apply(&kind, object, &options)?;
        let action = if applied.created { "created" } else { "configured" };
        Ok((applied, action))
    }

    /// Creates an object unless one of this name is there: then it has been made.
    fn make_once(
        &self,
        kind: &ServedKind,
        named: &Object,
    ) -> Result<(Applied, &'static str), Trouble> {
        match self.cluster.create(kind, named) {
            Ok(applied) => Ok((applied, "created")),
            Err(error @ ClusterError::Taken { .. }) => {
                let ObjectRef { namespace, name, .. } = named.reference();
                let live = self.cluster.get(kind, namespace.as_deref(), name)?;
                let live = live.ok_or(error)?;
                Ok((Applied { live, created: false, warnings: Vec::new() }, "unchanged"))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Puts an intent on disk, once in this process.
    fn intend(&self, node: usize, object: &Object, call: Call) -> Result<(), Trouble> {
        if std::mem::replace(&mut self.lock().tries[node].intended, true) {
            return Ok(());
        }
        let item = self.items[node];
        let name = (call == Call::Create).then(|| object.reference().name.clone());
        let (object, hash) = (item.object.to_string(), item.hash);
        let intent = Record::Intent { item: node, object, hash, call, name };
        self.write(intent).map_err(Trouble::Stop)
    }

    fn took(
        &self,
        node: usize,
        object: &Object,
        applied: &Applied,
        action: &'static str,
        took: Duration,
    ) {
        let metadata = &applied.live["metadata"];
        let text = |field: &str| safe(metadata[field].as_str().unwrap_or_default());
        self.note_or_halt(Record::Done {
            item: node,
            uid: text("uid"),
            version: text("resourceVersion"),
            action: action.to_owned(),
            warnings: applied.warnings.len(),
            millis: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        });
        let rules = self.rules(self.items[node], object, false);
        // A definition that is established may not be served yet.
        let gate = is_gate(object.reference());
        let ready = !gate && status(&applied.live, rules) == Status::Current;
        let mut shared = self.lock();
        match action {
            "created" => shared.outcome.created += 1,
            "configured" => shared.outcome.configured += 1,
            _ => shared.outcome.unchanged += 1,
        }
        shared.events.push(Event::Applied {
            object: self.items[node].object.to_string(),
            action,
            warnings: applied.warnings.clone(),
        });
        self.has(&mut shared, node, ready);
        self.release(shared);
    }

    /// Takes note that the target has an object.
    pub(super) fn has(&self, shared: &mut Shared, node: usize, ready: bool) {
        let ready = ready || is_always_ready(&self.items[node].object);
        shared.tries[node].applied = self.now(shared);
        "not looked at yet".clone_into(&mut shared.tries[node].why);
        shared.tries[node].hint = None;
        shared.schedule.applied(node, ready, self.waits_for_all());
        if shared.schedule.node(node).state == State::Done {
            if !ready {
                self.not_waited(shared, node, "it was not asked to wait");
            }
            self.settled(shared, node);
        } else {
            shared.look = Duration::ZERO;
        }
    }

    fn refused(&self, node: usize, error: ClusterError) {
        let mut shared = self.lock();
        let now = self.now(&shared);
        let object = &self.items[node].object;
        match &error {
            ClusterError::Unauthorized { .. } => {
                shared.schedule.give_back(node, now);
                shared.halt(error.into());
                return self.release(shared);
            }
            ClusterError::Unreachable { why, .. } => {
                let tries = &mut shared.tries[node];
                tries.lost += 1;
                let since = *tries.since.get_or_insert(now);
                let spent = now.saturating_sub(since);
                if tries.lost <= LOST || spent < self.options.patience {
                    let at = self.around.clock.elapsed();
                    shared.down.get_or_insert_with(|| (at, why.clone()));
                    shared.schedule.give_back(node, now);
                    return self.release(shared);
                }
            }
            _ => {}
        }
        let first = shared.tries[node].since.is_none();
        let since = *shared.tries[node].since.get_or_insert(now);
        let spent = now.saturating_sub(since);
        let limit = self.options.patience;
        let recovering = matches!(error, ClusterError::Forbidden { .. })
            && shared.recovered.is_some_and(|at| now.saturating_sub(at) < RECOVERING);
        if (error.class() == Class::Fatal && !recovering) || spent >= limit {
            self.fail(&mut shared, node, error.about(), error.to_string());
            return self.release(shared);
        }
        let pause = shared.tries[node].pause;
        shared.tries[node].pause = (pause * 2).min(LONGEST_PAUSE);
        shared.schedule.again(node, now + pause);
        let kinds = matches!(error, ClusterError::Webhook { .. }).then(|| shared.kinds.clone());
        self.release(shared);
        if first {
            let code = error.about().code.to_owned();
            self.note_or_halt(Record::Wait { item: node, code });
        }
        let why = self.explained(&error, kinds.as_ref());
        let mut shared = self.lock();
        // Meanwhile it may have been tried again and be there.
        if matches!(shared.schedule.node(node).state, State::Later | State::Busy) {
            shared.tries[node].why = why;
            shared.tries[node].hint = Some(words::refused(object, &error));
        }
        self.release(shared);
        self.tell();
    }

    /// Adds who stands behind a webhook.
    fn explained(&self, error: &ClusterError, kinds: Option<&Kinds>) -> String {
        let text = error.to_string();
        let (ClusterError::Webhook { name, .. }, Some(kinds)) = (error, kinds) else { return text };
        match webhook::behind(name, self.cluster, kinds) {
            Some(behind) => format!("the webhook {} does not answer: {behind}", safe(name)),
            None => text,
        }
    }

    /// Finds the kind of an item, asking the cluster again when it is not known.
    pub(super) fn served(&self, item: &Item) -> Result<ServedKind, ClusterError> {
        let ObjectRef { group, kind, .. } = &item.object;
        let find = |kinds: &Kinds| {
            let found = kinds.find(group, &item.version, kind);
            found.filter(|found| found.version == item.version).cloned()
        };
        if let Some(served) = find(&self.lock().kinds) {
            return Ok(served);
        }
        let kinds = self.cluster.kinds()?;
        let served = find(&kinds);
        self.lock().kinds = kinds;
        served.ok_or_else(|| {
            let slash = if group.is_empty() { "" } else { "/" };
            let kind = safe(format!("{group}{slash}{} {kind}", item.version));
            ClusterError::NotServed { kind }
        })
    }

    /// Lets a stage begin: the target says once more who it is.
    pub(super) fn open_stage(&self, stage: Stage) {
        let result = verify(&self.approved.plan().target, self.cluster);
        let recorded = match &result {
            Ok(identity) => self.note(Record::Stage { stage, uid: identity.uid.clone() }),
            Err(_) => Ok(()),
        };
        let mut shared = self.lock();
        match (result, recorded) {
            (Ok(_), Ok(())) => shared.schedule.open(stage),
            (Ok(_), Err(error)) => {
                shared.schedule.keep_shut();
                shared.halt(error);
            }
            (Err(error), _) => {
                shared.schedule.keep_shut();
                match passing(&error) {
                    Some(why) => {
                        let at = self.around.clock.elapsed();
                        shared.down.get_or_insert((at, why));
                    }
                    None => shared.halt(error.into()),
                }
            }
        }
        self.release(shared);
    }

    /// While nothing answers: asks now and then who is there, and goes on when it is the target.
    pub(super) fn probe(&self) {
        let limit = self.options.outage;
        let result = verify(&self.approved.plan().target, self.cluster);
        let mut shared = self.lock();
        let Some((since, why)) = shared.down.clone() else { return };
        let spent = self.around.clock.elapsed().saturating_sub(since);
        match result {
            Ok(_) => {
                shared.down = None;
                shared.paused += spent;
                shared.recovered = Some(self.now(&shared));
                return self.release(shared);
            }
            Err(error) if passing(&error).is_none() => {
                shared.halt(error.into());
                return self.release(shared);
            }
            Err(_) if spent >= limit => {
                shared.halt(ReplayError::Outage { seconds: spent.as_secs(), why });
                return self.release(shared);
            }
            Err(_) => {}
        }
        let others = shared.awaited().count();
        self.release(shared);
        let why = format!("it does not answer ({}): {why}", GONE.code);
        let (object, why, hint) = ("the API server", why.as_str(), words::gone());
        let (node, behind) = (None, 0);
        let wait = teller::Wait { node, object, why, spent, limit, hint, others, behind };
        self.teller.tell(self.around, wait);
        let until = self.around.clock.elapsed() + PROBE;
        while self.around.clock.elapsed() < until && !self.around.cancel.is_requested() {
            self.around.clock.sleep(TICK);
        }
    }
}

/// Returns why, when the target may answer the same question later.
fn passing(error: &TargetError) -> Option<String> {
    match error {
        TargetError::Cluster(error) if error.class() == Class::Retry => Some(error.to_string()),
        _ => None,
    }
}

/// Returns whether an object makes kinds that have to be served before it counts as ready.
pub(super) fn is_gate(object: &ObjectRef) -> bool {
    matches!(object.kind.as_str(), "CustomResourceDefinition" | "APIService")
}
