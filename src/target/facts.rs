//! What a cluster shows of the life it leads, asked in parallel.
//!
//! What lives in namespaces that we made ourselves is not counted: a cluster does not become
//! somebody else's because a replay filled it.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use crate::cluster::{Cluster, ClusterError, MANAGER, OWN_NAMESPACE, ServedKind};
use crate::model::clock::Timestamp;
use crate::model::safe::safe;

/// Namespaces that are there on the first day, by Kubernetes or its usual local distributions.
const FIRST_DAY: &[&str] = &[
    "default",
    "kube-system",
    "kube-public",
    "kube-node-lease",
    "kube-flannel",
    "local-path-storage",
    OWN_NAMESPACE,
];
/// Returns whether a namespace is there on the first day, or ours.
pub fn is_first_day(namespace: &str) -> bool {
    FIRST_DAY.contains(&namespace)
}

/// Schemes of node identifiers that are no cloud's.
const LOCAL: &[&str] = &["kind", "k3s", "k3d", "minikube", "kwok"];

/// How many objects of an engine's kind keep other objects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Engine {
    /// The kind, in the plural.
    pub kind: &'static str,
    /// How many keep objects and are not suspended.
    pub owning: usize,
    /// How many are suspended.
    pub suspended: usize,
}

/// What was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Facts {
    /// How many nodes it has.
    pub nodes: usize,
    /// How many of them are ready.
    pub ready: usize,
    /// The clouds whose machines they are.
    pub clouds: BTreeSet<String>,
    /// When its first namespace was made.
    pub born: Option<Timestamp>,
    /// Namespaces that neither the first day nor we brought.
    pub foreign: BTreeSet<String>,
    /// The engines that live there.
    pub engines: Vec<Engine>,
    /// How many Services of others have an address of a load balancer.
    pub addresses: usize,
    /// How many volumes are bound to claims of others.
    pub volumes: usize,
    /// What could not be looked at.
    pub unread: Vec<String>,
}

impl Facts {
    /// Returns whether no node is ready, so that nothing runs; what could not be looked at is not taken
    /// for absent.
    pub fn runs_nothing(&self) -> bool {
        self.ready == 0 && !self.unread.iter().any(|kind| kind == "Nodes")
    }
}

/// A list, its name for people, and whether it is no surprise that the kind is not there.
struct Asked {
    kind: ServedKind,
    plural: &'static str,
    optional: bool,
}

fn asked(group: &str, version: &str, kind: &'static str, plural: &'static str) -> Asked {
    let cluster_wide = matches!(kind, "Node" | "Namespace" | "PersistentVolume");
    let served = ServedKind {
        group: group.to_owned(),
        version: version.to_owned(),
        kind: kind.to_owned(),
        plural: plural.to_ascii_lowercase(),
        namespaced: !cluster_wide,
        storable: true,
    };
    Asked { kind: served, plural, optional: !group.is_empty() }
}

/// Looks at a cluster. What cannot be read is named, never taken for absent.
pub(super) fn look(cluster: &dyn Cluster) -> Facts {
    let questions = [
        asked("", "v1", "Namespace", "Namespaces"),
        asked("", "v1", "Node", "Nodes"),
        asked("", "v1", "Service", "Services"),
        asked("", "v1", "PersistentVolume", "PersistentVolumes"),
        asked("kustomize.toolkit.fluxcd.io", "v1", "Kustomization", "Kustomizations"),
        asked("helm.toolkit.fluxcd.io", "v2", "HelmRelease", "HelmReleases"),
        asked("argoproj.io", "v1alpha1", "Application", "Applications"),
    ];
    let answers: Vec<_> = std::thread::scope(|scope| {
        let ask = |question| scope.spawn(move || list(cluster, question));
        let asking: Vec<_> = questions.iter().map(ask).collect();
        asking.into_iter().map(|thread| thread.join().unwrap_or(None)).collect()
    });
    let mut facts = Facts::default();
    let of = |index: usize| answers[index].as_deref().unwrap_or_default();
    let ours = namespaces(of(0), &mut facts);
    nodes(of(1), &mut facts);
    facts.addresses = of(2).iter().filter(|service| has_address(service, &ours)).count();
    facts.volumes = of(3).iter().filter(|volume| is_bound(volume, &ours)).count();
    for (question, objects) in questions.iter().zip(&answers).skip(4) {
        let objects = objects.as_deref().unwrap_or_default();
        facts.engines.extend(engine(question.plural, objects, &ours));
    }
    let unread = questions.iter().zip(&answers).filter(|(_, answer)| answer.is_none());
    facts.unread = unread.map(|(question, _)| question.plural.to_owned()).collect();
    facts
}

/// What an engine's kind keeps, outside of what we made.
fn engine(kind: &'static str, all: &[Value], ours: &BTreeSet<String>) -> Option<Engine> {
    let there = all.iter().filter(|object| !is_in(object, ours));
    let (suspended, live): (Vec<_>, Vec<_>) =
        there.partition(|object| object["spec"]["suspend"] == true);
    let owning = live.iter().filter(|object| keeps_objects(object)).count();
    let suspended = suspended.len();
    (owning + suspended > 0).then_some(Engine { kind, owning, suspended })
}

/// `None` where there is no answer; a kind that is not served has no objects.
fn list(cluster: &dyn Cluster, asked: &Asked) -> Option<Vec<Value>> {
    match cluster.list(&asked.kind) {
        Ok(objects) => Some(objects),
        Err(ClusterError::NotServed { .. }) if asked.optional => Some(Vec::new()),
        Err(_) => None,
    }
}

/// Returns the namespaces that we made.
fn namespaces(all: &[Value], facts: &mut Facts) -> BTreeSet<String> {
    let mut ours = BTreeSet::new();
    for namespace in all {
        let name = namespace["metadata"]["name"].as_str().unwrap_or_default();
        if name == "kube-system" {
            let born = namespace["metadata"]["creationTimestamp"].as_str();
            facts.born = born.and_then(|born| born.parse().ok());
        }
        if FIRST_DAY.contains(&name) {
            continue;
        }
        let managers = namespace["metadata"]["managedFields"].as_array();
        // Whoever applies a namespace that has a name and nothing else leaves no trace on it, and
        // so do we. What lives in it still counts.
        if managers.is_none_or(Vec::is_empty) {
            continue;
        }
        if managers.into_iter().flatten().any(|entry| entry["manager"] == MANAGER) {
            ours.insert(name.to_owned());
        } else {
            facts.foreign.insert(safe(name));
        }
    }
    ours
}

fn nodes(all: &[Value], facts: &mut Facts) {
    facts.nodes = all.len();
    facts.ready = all.iter().filter(|node| is_ready(node)).count();
    let schemes =
        all.iter().filter_map(|node| node["spec"]["providerID"].as_str()?.split_once(':'));
    let clouds = schemes.map(|(scheme, _)| scheme).filter(|scheme| !LOCAL.contains(scheme));
    facts.clouds = clouds.map(safe).collect();
}

fn is_ready(node: &Value) -> bool {
    let mut conditions = node["status"]["conditions"].as_array().into_iter().flatten();
    conditions.any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
}

fn is_in(object: &Value, namespaces: &BTreeSet<String>) -> bool {
    object["metadata"]["namespace"].as_str().is_some_and(|name| namespaces.contains(name))
}

fn has_address(service: &Value, ours: &BTreeSet<String>) -> bool {
    let ingress = service["status"]["loadBalancer"]["ingress"].as_array();
    ingress.is_some_and(|ingress| !ingress.is_empty()) && !is_in(service, ours)
}

fn is_bound(volume: &Value, ours: &BTreeSet<String>) -> bool {
    let claim = volume["spec"]["claimRef"]["namespace"].as_str();
    volume["status"]["phase"] == "Bound" && !claim.is_some_and(|name| ours.contains(name))
}

/// Whether an engine's object says that it keeps others.
fn keeps_objects(object: &Value) -> bool {
    let status = &object["status"];
    let full = |value: &Value| value.as_array().is_some_and(|list| !list.is_empty());
    full(&status["inventory"]["entries"]) || full(&status["history"]) || full(&status["resources"])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cluster::MemoryCluster;
    use crate::object::Object;

    fn put(cluster: &MemoryCluster, value: Value) {
        cluster.put(&Object::from_value(value).unwrap());
    }

    #[test]
    fn what_others_run_is_counted_and_what_we_made_is_not() {
        let cluster = MemoryCluster::new("u-1");
        put(
            &cluster,
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop",
                "managedFields": [{"manager": "helm", "operation": "Update"}]}}),
        );
        // Whoever applied this one wrote nothing on it but its name.
        put(
            &cluster,
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "bare"}}),
        );
        put(
            &cluster,
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "made",
                "managedFields": [{"manager": "blackstart", "operation": "Apply"}]}}),
        );
        for namespace in ["shop", "made"] {
            put(
                &cluster,
                json!({"apiVersion": "v1", "kind": "Service",
                    "metadata": {"name": "web", "namespace": namespace},
                    "status": {"loadBalancer": {"ingress": [{"ip": "10.0.0.1"}]}}}),
            );
            put(
                &cluster,
                json!({"apiVersion": "v1", "kind": "PersistentVolume",
                    "metadata": {"name": namespace}, "status": {"phase": "Bound"},
                    "spec": {"claimRef": {"namespace": namespace}}}),
            );
            for (name, suspend) in [("live", false), ("held", true)] {
                put(
                    &cluster,
                    json!({"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
                        "metadata": {"name": name, "namespace": namespace},
                        "spec": {"suspend": suspend},
                        "status": {"inventory": {"entries": [{"id": "x"}]}}}),
                );
            }
        }
        for (name, provider, ready) in
            [("a", "aws:///eu/i-1", "True"), ("b", "kind://docker/lab/b", "False")]
        {
            put(
                &cluster,
                json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name},
                    "spec": {"providerID": provider},
                    "status": {"conditions": [{"type": "Ready", "status": ready}]}}),
            );
        }
        let facts = look(&cluster);
        let expected = Facts {
            nodes: 2,
            ready: 1,
            clouds: ["aws".to_owned()].into(),
            foreign: ["shop".to_owned()].into(),
            engines: vec![Engine { kind: "Kustomizations", owning: 1, suspended: 1 }],
            addresses: 1,
            volumes: 1,
            ..Facts::default()
        };
        assert_eq!(facts, expected);
    }

    #[test]
    fn a_cluster_whose_nodes_could_not_be_read_is_not_taken_for_one_without() {
        let unread = vec!["Nodes".to_owned()];
        assert!(Facts::default().runs_nothing());
        assert!(Facts { nodes: 3, ..Facts::default() }.runs_nothing());
        assert!(!Facts { nodes: 3, ready: 1, ..Facts::default() }.runs_nothing());
        assert!(!Facts { unread, ..Facts::default() }.runs_nothing());
    }
}
