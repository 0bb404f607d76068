//! What is expected of an object before it counts as ready.
//!
//! A custom object without a status says nothing: its controller may not have looked at it yet. Where
//! the definition of its kind shows a `Ready` condition in a column, one is waited for. Definitions
//! of the plan say so before anything is sent; another is read from the target once.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use super::run::Run;
use crate::object::{Object, ObjectRef, Rules, is_engine_object, reports_ready};
use crate::plan::{Approved, Item};

/// Kinds whose readiness takes Pods.
const NEED_PODS: [(&str, &str); 8] = [
    ("apps", "Deployment"),
    ("apps", "StatefulSet"),
    ("apps", "DaemonSet"),
    ("apps", "ReplicaSet"),
    ("batch", "Job"),
    ("", "Pod"),
    ("", "ReplicationController"),
    ("", "PersistentVolumeClaim"),
];

/// Kinds that are what they should be as soon as the target has them.
const ALWAYS_READY: [(&str, &[&str]); 6] = [
    ("", &["ConfigMap", "Secret", "Namespace", "ServiceAccount", "LimitRange", "ResourceQuota"]),
    ("rbac.authorization.k8s.io", &["Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"]),
    ("batch", &["CronJob"]),
    ("policy", &["PodDisruptionBudget"]),
    ("storage.k8s.io", &["StorageClass"]),
    ("scheduling.k8s.io", &["PriorityClass"]),
];

pub(super) fn is_always_ready(object: &ObjectRef) -> bool {
    let kinds = ALWAYS_READY.iter().find(|(group, _)| *group == object.group);
    kinds.is_some_and(|(_, kinds)| kinds.contains(&object.kind.as_str()))
}

/// Group and kind → whether its objects report that they are ready.
#[derive(Default)]
pub(super) struct Reporters(Mutex<HashMap<(String, String), bool>>);

impl Reporters {
    /// What the definitions of a plan say.
    pub(super) fn of(approved: &Approved, items: &[&Item]) -> Self {
        let definitions = items.iter().filter(|item| item.object.kind == DEFINITION);
        let objects = definitions.filter_map(|item| approved.object(item));
        let known = objects.filter_map(|object| {
            let spec = &object.value()["spec"];
            let text = |value: &Value| value.as_str().map(str::to_owned);
            let key = (text(&spec["group"])?, text(&spec["names"]["kind"])?);
            Some((key, reports_ready(object.value())))
        });
        Self(Mutex::new(known.collect()))
    }

    fn get(&self, key: &(String, String)) -> Option<bool> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).copied()
    }

    fn put(&self, key: (String, String), reports: bool) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key, reports);
    }
}

const DEFINITION: &str = "CustomResourceDefinition";

impl Run<'_> {
    /// What is expected of an object. `reported` says that others of its kind report readiness.
    pub(super) fn rules(&self, item: &Item, object: &Object, reported: bool) -> Rules {
        // Who is told to rest reports nothing, or what a definition says before anybody looked.
        let at_rest = is_engine_object(object);
        let suspended = object.value()["spec"]["suspend"] == true;
        Rules {
            jobs_complete: self.options.choices.jobs_complete,
            reports_ready: !suspended && !at_rest && (reported || self.reports(item)),
            at_rest,
            binds_at_first_use: false,
        }
    }

    /// Whether something that runs in Pods has to do its part.
    pub(super) fn needs_pods(&self, item: &Item) -> bool {
        let ObjectRef { group, kind, .. } = &item.object;
        NEED_PODS.contains(&(group.as_str(), kind.as_str())) || self.reports(item)
    }

    /// Whether objects of this kind report that they are ready, as their definition says.
    fn reports(&self, item: &Item) -> bool {
        let ObjectRef { group, kind, .. } = &item.object;
        if !is_custom(group) {
            return false;
        }
        let key = (group.clone(), kind.clone());
        if let Some(known) = self.reporters.get(&key) {
            return known;
        }
        let shared = self.lock();
        let definitions = shared.kinds.find("apiextensions.k8s.io", "v1", DEFINITION).cloned();
        let served = shared.kinds.find(group, &item.version, kind).cloned();
        drop(shared);
        let Some((definitions, served)) = definitions.zip(served) else { return false };
        // Who may not read it, or cannot now, is none the wiser.
        let name = format!("{}.{group}", served.plural);
        let Ok(found) = self.cluster.get(&definitions, None, &name) else { return false };
        let reports = found.is_some_and(|definition| reports_ready(&definition));
        self.reporters.put(key, reports);
        reports
    }
}

/// Whether a group is not one of the cluster's own.
fn is_custom(group: &str) -> bool {
    group.contains('.') && !group.ends_with(".k8s.io")
}

/// Whether an object of a kind that the cluster itself does not know reports readiness.
pub(super) fn has_ready(value: &Value) -> bool {
    let version = value["apiVersion"].as_str().unwrap_or_default();
    let custom = version.split_once('/').is_some_and(|(group, _)| is_custom(group));
    let conditions = value["status"]["conditions"].as_array();
    custom && conditions.is_some_and(|all| all.iter().any(|one| one["type"] == "Ready"))
}
