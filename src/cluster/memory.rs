//! A cluster in memory, with faults that a test writes down beforehand.
//!
//! It keeps what server-side apply is about: who holds which field, one object a name, dry runs
//! that store nothing, kinds that appear some time after their definition. It has no controllers:
//! a status is there only where a test puts it.

mod state;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use self::state::{BUILTIN, State, merge};
use super::error::ClusterError;
use super::kinds::{Kinds, ServedKind};
use super::port::{Applied, ApplyOptions, Cluster, Identity};
use crate::object::{Object, ObjectRef};

/// What to answer instead, and how often, whenever an object is applied for real.
#[derive(Clone, Debug)]
pub struct Fault {
    /// `Kind namespace/name`.
    pub object: String,
    /// The answer.
    pub error: ClusterError,
    /// How many calls get it.
    pub times: u32,
}

/// The fake.
pub struct MemoryCluster {
    identity: Identity,
    state: Mutex<State>,
}

impl MemoryCluster {
    /// Returns an empty cluster that serves the kinds which tests use.
    pub fn new(uid: &str) -> Self {
        let identity = Identity {
            uid: uid.to_owned(),
            ca: None,
            server: "memory".to_owned(),
            version: "v0".to_owned(),
        };
        let kinds = BUILTIN
            .iter()
            .map(|(group, version, kind, plural, namespaced)| ServedKind {
                group: (*group).to_owned(),
                version: (*version).to_owned(),
                kind: (*kind).to_owned(),
                plural: (*plural).to_owned(),
                namespaced: *namespaced,
                storable: true,
            })
            .collect();
        let cluster = Self { identity, state: Mutex::new(State { kinds, ..State::default() }) };
        for namespace in ["default", "kube-system"] {
            let value = json!({"apiVersion": "v1", "kind": "Namespace",
                               "metadata": {"name": namespace}});
            if let Ok(object) = Object::from_value(value) {
                cluster.put(&object);
            }
        }
        cluster
    }

    /// Puts an object there, as another would.
    pub fn put(&self, object: &Object) {
        let mut state = self.state();
        state.objects.insert(object.reference().clone(), object.value().clone());
    }

    /// Lets `manager` hold a field, named by its JSON pointer.
    pub fn hold(&self, object: &ObjectRef, pointer: &str, manager: &str) {
        let key = (object.clone(), pointer.to_owned());
        self.state().held.insert(key, manager.to_owned());
    }

    /// Adds a fault.
    pub fn fail(&self, fault: Fault) {
        self.state().faults.push(fault);
    }

    /// Makes a group unknown, as a dead aggregated API does.
    pub fn lose_group(&self, group: &str) {
        self.state().unknown.push(group.to_owned());
    }

    /// Lets kinds appear in discovery only after it was asked `times` more often.
    pub fn lag(&self, times: u32) {
        self.state().lag = times;
    }

    /// Lets the credentials not allow `verb group/plural`.
    pub fn deny(&self, what: &str) {
        self.state().denied.push(what.to_owned());
    }

    /// Lets the next `calls` find no server.
    pub fn go_away(&self, calls: u32) {
        self.state().gone = calls;
    }

    /// Lets writes of an object take effect while their answer is lost.
    pub fn lose_answers(&self, object: &str, times: u32) {
        self.state().lost.insert(object.to_owned(), times);
    }

    /// Gives an object a status, as its controller would, once it was looked at `looks` times.
    pub fn report(&self, object: &str, looks: u32, status: Value) {
        self.state().reports.insert(object.to_owned(), (looks, status));
    }

    /// Returns everything that is there, without what differs from run to run.
    pub fn content(&self) -> BTreeMap<ObjectRef, Value> {
        let mut objects = self.state().objects.clone();
        for value in objects.values_mut() {
            if let Some(Value::Object(metadata)) = value.get_mut("metadata") {
                metadata.remove("resourceVersion");
                metadata.remove("uid");
            }
        }
        objects
    }

    /// Returns what was applied for real, in order, as `Kind namespace/name`.
    pub fn applied(&self) -> Vec<String> {
        self.state().applied.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cluster for MemoryCluster {
    fn identity(&self) -> Result<Identity, ClusterError> {
        self.state().answers()?;
        Ok(self.identity.clone())
    }

    fn kinds(&self) -> Result<Kinds, ClusterError> {
        let mut state = self.state();
        state.answers()?;
        state.serve_late();
        let mut kinds = Kinds::default();
        state.kinds.iter().cloned().for_each(|kind| kinds.add(kind));
        state.unknown.iter().for_each(|group| kinds.add_unknown(group));
        Ok(kinds)
    }

    fn get(
        &self,
        kind: &ServedKind,
        namespace: Option<&str>,
        name: &str,
    ) -> Result<Option<Value>, ClusterError> {
        let reference = ObjectRef {
            group: kind.group.clone(),
            kind: kind.kind.clone(),
            namespace: namespace.filter(|_| kind.namespaced).map(str::to_owned),
            name: name.to_owned(),
        };
        let mut state = self.state();
        state.answers()?;
        Ok(state.seen(&reference))
    }

    fn list(&self, kind: &ServedKind) -> Result<Vec<Value>, ClusterError> {
        let mut state = self.state();
        state.answers()?;
        let of_kind = |known: &&ObjectRef| known.group == kind.group && known.kind == kind.kind;
        let found: Vec<ObjectRef> = state.objects.keys().filter(of_kind).cloned().collect();
        Ok(found.iter().filter_map(|reference| state.seen(reference)).collect())
    }

    fn apply(
        &self,
        kind: &ServedKind,
        object: &Object,
        options: &ApplyOptions,
    ) -> Result<Applied, ClusterError> {
        let mut state = self.state();
        state.answers()?;
        let text = object.reference().to_string();
        if let Some(error) = if options.dry_run { None } else { state.fault(&text) } {
            return Err(error);
        }
        state.check(kind, object)?;
        let fields = state.conflicts(object, options.manager);
        if !fields.is_empty() && !options.force {
            return Err(ClusterError::Conflict { fields });
        }
        let before = state.objects.get(object.reference()).cloned();
        let mut live = before.clone().unwrap_or_else(|| json!({}));
        merge(&mut live, object.value());
        let applied = |live| Applied { live, created: before.is_none(), warnings: Vec::new() };
        if options.dry_run {
            return Ok(applied(live));
        }
        let live = state.store(object, live);
        state.answered(&text, applied(live))
    }

    fn create(&self, kind: &ServedKind, object: &Object) -> Result<Applied, ClusterError> {
        let mut state = self.state();
        state.answers()?;
        let text = object.reference().to_string();
        if let Some(error) = state.fault(&text) {
            return Err(error);
        }
        state.check(kind, object)?;
        if state.objects.contains_key(object.reference()) {
            return Err(ClusterError::Taken { why: text });
        }
        let live = state.store(object, object.value().clone());
        state.answered(&text, Applied { live, created: true, warnings: Vec::new() })
    }

    fn replace(&self, kind: &ServedKind, object: &Object) -> Result<Applied, ClusterError> {
        let mut state = self.state();
        state.answers()?;
        let text = object.reference().to_string();
        state.check(kind, object)?;
        let version = |value: &Value| value["metadata"]["resourceVersion"].clone();
        let before = state.objects.get(object.reference());
        if before.map(version) != Some(version(object.value())) {
            return Err(ClusterError::Overtaken { why: text });
        }
        let live = state.store(object, object.value().clone());
        state.answered(&text, Applied { live, created: false, warnings: Vec::new() })
    }

    fn may(&self, verb: &str, kind: &ServedKind) -> Result<bool, ClusterError> {
        let asked = format!("{verb} {}/{}", kind.group, kind.plural);
        let denied = &self.state().denied;
        // Who may not do one thing may not do everything either.
        let any = kind.plural == "*" && denied.iter().any(|what| what.starts_with(verb));
        Ok(!any && !denied.contains(&asked))
    }
}
