//! What is on the target already: one list for each kind concerned, of which only what the plan is
//! about stays in memory.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde_json::Value;

use super::error::{NO_NAMESPACE, PlanError};
use super::make::AT_ONCE;
use super::notes::Notes;
use super::parallel::each;
use super::scope::Known;
use super::settle::Wanted;
use crate::cluster::{Cluster, Kinds, OWN_NAMESPACE, ServedKind};
use crate::model::cancel::Cancel;
use crate::model::safe::safe;
use crate::object::{Object, ObjectRef};

/// What of the kinds concerned is on the target.
pub(super) struct Live {
    /// What the plan is about, by version, in which it was listed.
    objects: HashMap<(ObjectRef, String), Value>,
    pub(super) namespaces: BTreeSet<String>,
    /// What the plan is not about, but for what the cluster makes itself.
    pub(super) extra: Vec<ObjectRef>,
}

impl Live {
    /// Returns an object as it is now.
    pub(super) fn find(&self, object: &Object) -> Option<&Value> {
        self.objects.get(&(object.reference().clone(), object.version().to_owned()))
    }
}

pub(super) fn live_objects(
    wanted: &[Wanted],
    kinds: &Kinds,
    cluster: &dyn Cluster,
    cancel: &Cancel,
) -> Result<Live, PlanError> {
    let mut needed: BTreeMap<String, ServedKind> = BTreeMap::new();
    let namespaces = kinds.find("", "v1", "Namespace").cloned();
    let served = wanted.iter().filter_map(|item| match &item.known {
        Known::Served(served) if served.storable => Some(served.clone()),
        _ => None,
    });
    for kind in served.chain(namespaces) {
        needed.entry(kind.text()).or_insert(kind);
    }
    let named: Vec<_> = wanted.iter().filter(|item| item.object.generates_name()).collect();
    let named: Vec<_> = named.into_iter().map(|item| item.object.named()).collect();
    let about = wanted.iter().map(|item| &item.object).chain(&named);
    let about: HashSet<&ObjectRef> = about.map(Object::reference).collect();
    let needed: Vec<ServedKind> = needed.into_values().collect();
    let lists = each(&needed, AT_ONCE, |kind| {
        cancel.check()?;
        let list = cluster.list(kind).map_err(PlanError::from)?;
        Ok::<_, PlanError>(sorted_out(list, &about))
    });
    let mut live = Live { objects: HashMap::new(), namespaces: BTreeSet::new(), extra: Vec::new() };
    for list in lists {
        let (objects, namespaces, extra) = list?;
        live.objects.extend(objects);
        live.namespaces.extend(namespaces);
        live.extra.extend(extra);
    }
    live.extra.sort();
    live.extra.dedup();
    Ok(live)
}

type Sorted = (Vec<((ObjectRef, String), Value)>, Vec<String>, Vec<ObjectRef>);

/// Keeps of a list what the plan is about whole, and of the rest only the names.
fn sorted_out(list: Vec<Value>, about: &HashSet<&ObjectRef>) -> Sorted {
    let (mut objects, mut namespaces, mut extra) = (Vec::new(), Vec::new(), Vec::new());
    for value in list {
        let Ok(object) = Object::from_value(value) else { continue };
        let at = object.reference().clone();
        if at.kind == "Namespace" && at.group.is_empty() {
            namespaces.push(at.name.clone());
        }
        if about.contains(&at) {
            objects.push(((at, object.version().to_owned()), object.into_value()));
        } else if !is_the_clusters(&object) {
            extra.push(at);
        }
    }
    (objects, namespaces, extra)
}

/// Whether the cluster makes an object itself, another object does, or we keep it there.
fn is_the_clusters(object: &Object) -> bool {
    let (at, metadata) = (object.reference(), &object.value()["metadata"]);
    let owned = metadata["ownerReferences"].as_array().is_some_and(|owners| !owners.is_empty());
    let own = |name: &str| name.starts_with("kube-") || name == OWN_NAMESPACE;
    let marked = ["kubernetes.io/bootstrapping", "kube-aggregator.kubernetes.io/automanaged"];
    let by_label = marked.iter().any(|label| metadata["labels"][label].is_string());
    let by_name = match at.kind.as_str() {
        "Namespace" => own(&at.name) || at.name == "default",
        "ConfigMap" => at.name == "kube-root-ca.crt",
        "ServiceAccount" => at.name == "default",
        "Service" => at.name == "kubernetes",
        "PriorityClass" => at.name.starts_with("system-"),
        _ => at.name.starts_with("system:"),
    };
    let by_place = at.namespace.as_deref().is_some_and(own);
    let by_note = metadata["annotations"]["apf.kubernetes.io/autoupdate-spec"].is_string();
    owned || by_label || by_name || by_place || by_note
}

pub(super) fn check_namespaces(wanted: &[Wanted], live: &Live, notes: &mut Notes) {
    let planned: BTreeSet<&str> = wanted
        .iter()
        .map(|item| item.object.reference())
        .filter(|reference| reference.kind == "Namespace" && reference.group.is_empty())
        .map(|reference| reference.name.as_str())
        .collect();
    let mut missing: BTreeMap<&str, (usize, String)> = BTreeMap::new();
    for item in wanted {
        let Some(namespace) = item.object.reference().namespace.as_deref() else { continue };
        if !live.namespaces.contains(namespace) && !planned.contains(namespace) {
            let first = || (0, item.object.reference().to_string());
            missing.entry(namespace).or_insert_with(first).0 += 1;
        }
    }
    for (namespace, (count, first)) in missing {
        let namespace = safe(namespace);
        let text = match count {
            1 => format!("namespace {namespace} is missing; {first} needs it"),
            _ => format!("namespace {namespace} is missing; {count} objects need it, as {first}"),
        };
        notes.block(&NO_NAMESPACE, text);
    }
}
