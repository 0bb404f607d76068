//! A cluster in memory, with faults that a test writes down beforehand.
//!
//! It keeps what server-side apply is about: who holds which field, one object a name, dry runs
//! that store nothing, kinds that appear some time after their definition. It has no controllers:
//! a status is there only where a test puts it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use super::error::{ClusterError, FieldConflict};
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

#[derive(Default)]
struct State {
    kinds: Vec<ServedKind>,
    unknown: Vec<String>,
    objects: BTreeMap<ObjectRef, Value>,
    /// Who holds a field, by object and JSON pointer.
    held: HashMap<(ObjectRef, String), String>,
    faults: Vec<Fault>,
    /// How many times discovery is asked before an established kind appears.
    lag: u32,
    late: Vec<(u32, ServedKind)>,
    applied: Vec<String>,
    /// `verb group/plural` that the credentials do not allow.
    denied: Vec<String>,
    version: u64,
    /// How many more calls find the server gone.
    gone: u32,
    /// Whose answers are lost after they took effect, and how often.
    lost: HashMap<String, u32>,
    /// The status that an object gets after it was looked at so often.
    reports: HashMap<String, (u32, Value)>,
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

type Builtin = (&'static str, &'static str, &'static str, &'static str, bool);

const BUILTIN: &[Builtin] = &[
    ("", "v1", "Namespace", "namespaces", false),
    ("", "v1", "ConfigMap", "configmaps", true),
    ("", "v1", "Secret", "secrets", true),
    ("", "v1", "Service", "services", true),
    ("", "v1", "ServiceAccount", "serviceaccounts", true),
    ("apps", "v1", "Deployment", "deployments", true),
    ("batch", "v1", "Job", "jobs", true),
    ("coordination.k8s.io", "v1", "Lease", "leases", true),
    ("rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", false),
    ("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", false),
];

impl State {
    fn fault(&mut self, object: &str) -> Option<ClusterError> {
        let fault = self.faults.iter_mut().find(|f| f.object == object && f.times > 0)?;
        fault.times -= 1;
        Some(fault.error.clone())
    }

    /// Whether the server is there for one more call.
    fn answers(&mut self) -> Result<(), ClusterError> {
        if self.gone == 0 {
            return Ok(());
        }
        self.gone -= 1;
        let (server, why) = ("memory".to_owned(), "connection refused".to_owned());
        Err(ClusterError::Unreachable { server, why })
    }

    /// Ends a write: the answer comes, or is lost.
    fn answered(&mut self, object: &str, applied: Applied) -> Result<Applied, ClusterError> {
        match self.lost.get_mut(object) {
            Some(times) if *times > 0 => {
                *times -= 1;
                let (server, why) = ("memory".to_owned(), "the connection broke".to_owned());
                Err(ClusterError::Unreachable { server, why })
            }
            _ => Ok(applied),
        }
    }

    /// Stores an object as a write leaves it.
    fn store(&mut self, object: &Object, mut live: Value) -> Value {
        self.version += 1;
        live["metadata"]["resourceVersion"] = self.version.to_string().into();
        if live["metadata"]["uid"].is_null() {
            live["metadata"]["uid"] = format!("uid-{}", self.version).into();
        }
        self.define(object, &mut live);
        self.objects.insert(object.reference().clone(), live.clone());
        self.applied.push(object.reference().to_string());
        live
    }

    /// Looks at an object: its controller may have reported meanwhile.
    fn seen(&mut self, reference: &ObjectRef) -> Option<Value> {
        let text = reference.to_string();
        let live = self.objects.get_mut(reference)?;
        if let Some((looks, status)) = self.reports.get_mut(&text) {
            if *looks == 0 {
                live["status"] = status.clone();
            } else {
                *looks -= 1;
            }
        }
        Some(live.clone())
    }

    fn check(&self, kind: &ServedKind, object: &Object) -> Result<(), ClusterError> {
        let served = self.kinds.iter().any(|k| k.group == kind.group && k.kind == kind.kind);
        if !served {
            return Err(ClusterError::NotServed { kind: kind.text() });
        }
        if let Some(namespace) = &object.reference().namespace {
            let there = self.objects.keys().any(|known| {
                known.kind == "Namespace" && known.group.is_empty() && known.name == *namespace
            });
            if !there {
                return Err(ClusterError::NamespaceMissing { namespace: namespace.clone() });
            }
        }
        Ok(())
    }

    fn conflicts(&self, object: &Object, manager: &str) -> Vec<FieldConflict> {
        let live = self.objects.get(object.reference());
        let mut found: Vec<_> = self
            .held
            .iter()
            .filter(|((reference, pointer), holder)| {
                let wanted = object.value().pointer(pointer);
                reference == object.reference()
                    && holder.as_str() != manager
                    && wanted.is_some()
                    && live.and_then(|live| live.pointer(pointer)) != wanted
            })
            .map(|((_, pointer), holder)| FieldConflict {
                field: pointer.replace('/', "."),
                manager: holder.clone(),
            })
            .collect();
        found.sort_by(|one, other| one.field.cmp(&other.field));
        found
    }

    /// A definition is established at once and served after the lag.
    fn define(&mut self, object: &Object, live: &mut Value) {
        if object.reference().kind != "CustomResourceDefinition" {
            return;
        }
        live["status"] = json!({"conditions": [{"type": "NamesAccepted", "status": "True"},
                                               {"type": "Established", "status": "True"}]});
        let spec = &object.value()["spec"];
        for version in spec["versions"].as_array().into_iter().flatten() {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let served = ServedKind {
                group: text(&spec["group"]),
                version: text(&version["name"]),
                kind: text(&spec["names"]["kind"]),
                plural: text(&spec["names"]["plural"]),
                namespaced: spec["scope"] == "Namespaced",
                storable: true,
            };
            self.late.push((self.lag, served));
        }
    }

    fn serve_late(&mut self) {
        for (left, served) in std::mem::take(&mut self.late) {
            match left {
                0 => self.kinds.push(served),
                _ => self.late.push((left - 1, served)),
            }
        }
    }
}

/// Merges as server-side apply does where lists are replaced whole.
fn merge(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from.clone(),
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
