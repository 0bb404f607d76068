//! What the fake holds, and the faults it was told to have.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};

use super::Fault;
use crate::cluster::error::{ClusterError, FieldConflict};
use crate::cluster::kinds::ServedKind;
use crate::cluster::port::Applied;
use crate::object::{Object, ObjectRef};

/// Everything behind the lock.
#[derive(Default)]
pub(super) struct State {
    pub(super) kinds: Vec<ServedKind>,
    pub(super) unknown: Vec<String>,
    pub(super) objects: BTreeMap<ObjectRef, Value>,
    /// Who holds a field, by object and JSON pointer.
    pub(super) held: HashMap<(ObjectRef, String), String>,
    pub(super) faults: Vec<Fault>,
    /// How many times discovery is asked before an established kind appears.
    pub(super) lag: u32,
    pub(super) late: Vec<(u32, ServedKind)>,
    pub(super) applied: Vec<String>,
    /// `verb group/plural` that the credentials do not allow.
    pub(super) denied: Vec<String>,
    pub(super) version: u64,
    /// How many more calls find the server gone.
    pub(super) gone: u32,
    /// Whose answers are lost after they took effect, and how often.
    pub(super) lost: HashMap<String, u32>,
    /// The status that an object gets after it was looked at so often.
    pub(super) reports: HashMap<String, (u32, Value)>,
}

/// Group, version, kind, plural, whether in namespaces.
type Builtin = (&'static str, &'static str, &'static str, &'static str, bool);

/// The kinds that tests use.
pub(super) const BUILTIN: &[Builtin] = &[
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
    /// The fault that a call about an object meets, if any is left.
    pub(super) fn fault(&mut self, object: &str) -> Option<ClusterError> {
        let fault = self.faults.iter_mut().find(|f| f.object == object && f.times > 0)?;
        fault.times -= 1;
        Some(fault.error.clone())
    }

    /// Whether the server is there for one more call.
    pub(super) fn answers(&mut self) -> Result<(), ClusterError> {
        if self.gone == 0 {
            return Ok(());
        }
        self.gone -= 1;
        let (server, why) = ("memory".to_owned(), "connection refused".to_owned());
        Err(ClusterError::Unreachable { server, why })
    }

    /// Ends a write: the answer comes, or is lost.
    pub(super) fn answered(
        &mut self,
        object: &str,
        applied: Applied,
    ) -> Result<Applied, ClusterError> {
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
    pub(super) fn store(&mut self, object: &Object, mut live: Value) -> Value {
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
    pub(super) fn seen(&mut self, reference: &ObjectRef) -> Option<Value> {
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

    /// Whether an object of this kind can be stored where it belongs.
    pub(super) fn check(&self, kind: &ServedKind, object: &Object) -> Result<(), ClusterError> {
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

    /// The fields that another manager holds with another value.
    pub(super) fn conflicts(&self, object: &Object, manager: &str) -> Vec<FieldConflict> {
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
    pub(super) fn define(&mut self, object: &Object, live: &mut Value) {
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

    /// Lets a discovery pass: kinds that are due are served from now on.
    pub(super) fn serve_late(&mut self) {
        for (left, served) in std::mem::take(&mut self.late) {
            match left {
                0 => self.kinds.push(served),
                _ => self.late.push((left - 1, served)),
            }
        }
    }
}

/// Merges as server-side apply does where lists are replaced whole.
pub(super) fn merge(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from.clone(),
    }
}
