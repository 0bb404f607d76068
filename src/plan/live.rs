//! What is on the target already: one list for each kind concerned.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use super::error::{NO_NAMESPACE, PlanError};
use super::make::AT_ONCE;
use super::notes::Notes;
use super::parallel::each;
use super::scope::Known;
use super::settle::Wanted;
use crate::cluster::{Cluster, Kinds, ServedKind};
use crate::model::cancel::Cancel;
use crate::model::safe::safe;
use crate::object::{Object, ObjectRef};

/// Everything of the kinds concerned that is on the target.
pub(super) struct Live {
    pub(super) objects: HashMap<ObjectRef, Value>,
    pub(super) namespaces: BTreeSet<String>,
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
    let needed: Vec<ServedKind> = needed.into_values().collect();
    let lists = each(&needed, AT_ONCE, |kind| {
        cancel.check()?;
        cluster.list(kind).map_err(PlanError::from)
    });
    let mut live = Live { objects: HashMap::new(), namespaces: BTreeSet::new() };
    for list in lists {
        for value in list? {
            let Ok(object) = Object::from_value(value) else { continue };
            let reference = object.reference().clone();
            if reference.kind == "Namespace" && reference.group.is_empty() {
                live.namespaces.insert(reference.name.clone());
            }
            live.objects.insert(reference, object.into_value());
        }
    }
    Ok(live)
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
        let text = format!("namespace {namespace} is missing; {count} objects need it, as {first}");
        notes.block(&NO_NAMESPACE, text);
    }
}
