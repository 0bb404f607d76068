//! Sources that objects of Flux refer to and that are nowhere: neither in the plan nor on the target.
//! Such an object does nothing, also when somebody lets it go on. What makes the first source of a
//! cluster is `flux bootstrap`, and a repository seldom holds it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::error::DANGLING;
use super::notes::Notes;
use super::settle::Wanted;
use crate::cluster::{Cluster, Kinds};
use crate::object::{Object, ObjectRef};

/// The group of what Flux fetches.
const SOURCES: &str = "source.toolkit.fluxcd.io";

/// Tells of each source that is nowhere, and who follows it. A kind of source that the plan is not
/// about is listed once; what cannot be asked is said to be absent from the plan alone.
pub(super) fn check(
    wanted: &[Wanted],
    extra: &[ObjectRef],
    kinds: &Kinds,
    cluster: &dyn Cluster,
    notes: &mut Notes,
) {
    let planned: BTreeSet<&ObjectRef> =
        wanted.iter().map(|item| item.object.reference()).chain(extra).collect();
    let mut followers: BTreeMap<ObjectRef, Vec<&ObjectRef>> = BTreeMap::new();
    for item in wanted {
        if let Some(source) = source_of(&item.object)
            && !planned.contains(&source)
        {
            followers.entry(source).or_default().push(item.object.reference());
        }
    }
    let asked: BTreeSet<String> = followers.keys().map(|source| source.kind.clone()).collect();
    let there: BTreeMap<_, _> =
        asked.into_iter().map(|kind| (kind.clone(), on_target(&kind, kinds, cluster))).collect();
    for (source, by) in &followers {
        let place = match &there[&source.kind] {
            Some(there) if there.contains(source) => continue,
            Some(_) => "neither in this plan nor on the target",
            None => "not in this plan",
        };
        notes.warn(&DANGLING, text(source, by, place));
    }
}

fn text(source: &ObjectRef, by: &[&ObjectRef], place: &str) -> String {
    let (who, follow, they, do_) = match by {
        [one] => (one.to_string(), "follows", "it", "does"),
        [first, rest @ ..] => (format!("{first} and {} more", rest.len()), "follow", "they", "do"),
        [] => return String::new(),
    };
    let is_first =
        source.name == "flux-system" && source.namespace.as_deref() == Some("flux-system");
    let maker = if is_first { " (flux bootstrap makes it)" } else { "" };
    format!(
        "{who} {follow} {source}, which is {place}: {they} {do_} nothing until it is there{maker}"
    )
}

/// Returns the sources of a kind that are on the target; none where that cannot be known. What it does
/// not serve it does not have.
fn on_target(kind: &str, kinds: &Kinds, cluster: &dyn Cluster) -> Option<BTreeSet<ObjectRef>> {
    if kinds.is_unknown(SOURCES) {
        return None;
    }
    let Some(served) = kinds.find(SOURCES, "v1", kind) else { return Some(BTreeSet::new()) };
    let list = cluster.list(served).ok()?;
    let objects = list.into_iter().filter_map(|value| Object::from_value(value).ok());
    Some(objects.map(|object| object.reference().clone()).collect())
}

/// Returns the source that an object of Flux refers to.
fn source_of(object: &Object) -> Option<ObjectRef> {
    let at = object.reference();
    let spec = &object.value()["spec"];
    let reference = match (at.group.as_str(), at.kind.as_str()) {
        ("kustomize.toolkit.fluxcd.io", "Kustomization") | (SOURCES, "HelmChart") => {
            &spec["sourceRef"]
        }
        ("helm.toolkit.fluxcd.io", "HelmRelease") if spec["chartRef"].is_object() => {
            &spec["chartRef"]
        }
        ("helm.toolkit.fluxcd.io", "HelmRelease") => &spec["chart"]["spec"]["sourceRef"],
        _ => return None,
    };
    named(reference, at)
}

/// Returns the source that a reference names, as the object that it stands in sees it.
pub(super) fn named(reference: &Value, by: &ObjectRef) -> Option<ObjectRef> {
    let namespace = reference["namespace"].as_str().or(by.namespace.as_deref());
    Some(ObjectRef {
        group: SOURCES.to_owned(),
        kind: reference["kind"].as_str()?.to_owned(),
        namespace: namespace.map(str::to_owned),
        name: reference["name"].as_str()?.to_owned(),
    })
}
