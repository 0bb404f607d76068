//! Edges that follow from what the objects are.
//!
//! | an object needs | until it is | why |
//! |---|---|---|
//! | the definition of its kind; the aggregated API that serves it | served | `kind` |
//! | its namespace | applied | `namespace` |
//! | what it names: accounts, configuration, secrets, claims, classes, roles, Services | applied | `reference` |
//! | whatever makes a Secret that it names | applied | `secret` |
//! | the bindings of its account | applied | `rights` |
//! | as a webhook or an aggregated API: its Service, and the workload behind it | applied, ready | `webhook`, `api` |
//! | as an object of a kind with a conversion webhook: the workload behind that | ready | `conversion` |
//!
//! One more is a hint, for the order alone: objects of a kind come after the operator that writes
//! their status, because a webhook may wait for a certificate that only an operator makes.

use std::collections::HashMap;

use serde_json::Value;

use super::graph::{Edge, Origin};
use super::index::Index;
use super::value::Until;
use crate::object::{Object, pods, uses};

const RBAC: &str = "rbac.authorization.k8s.io";

/// Returns the inferred edges.
pub(super) fn edges(index: &Index<'_>) -> Vec<Edge> {
    let makers = secret_makers(index);
    let bindings = bindings(index);
    let mut found = Found { index, edges: Vec::new(), behind: HashMap::new() };
    for (item, node) in index.nodes.iter().enumerate() {
        found.kind(item, node.object);
        found.namespace(item, node.object);
        found.references(item, node.object, &makers);
        found.rights(item, node.object, &bindings);
        found.gates(item, node.object);
    }
    found.operators(&bindings);
    found.edges
}

/// Namespace and name.
type Place<'a> = (&'a str, &'a str);

struct Found<'a> {
    index: &'a Index<'a>,
    edges: Vec<Edge>,
    /// Service → the workloads behind it, looked for once.
    behind: HashMap<usize, Vec<usize>>,
}

impl<'a> Found<'a> {
    fn add(&mut self, item: usize, needs: usize, until: Until, why: &'static str) {
        let origin = Origin::Inferred;
        self.edges.push(Edge { item, needs, until, why, origin });
    }

    fn kind(&mut self, item: usize, object: &Object) {
        let at = object.reference();
        if let Some(definition) = self.index.definition(&at.group, &at.kind) {
            self.add(item, definition, Until::Served, "kind");
            let spec = &self.index.nodes[definition].object.value()["spec"];
            self.answering(item, &spec["conversion"]["webhook"]["clientConfig"], "conversion");
            return;
        }
        // The cluster's own groups have no such object in a plan.
        let api = format!("{}.{}", object.version(), at.group);
        if let Some(api) = self.index.find("apiregistration.k8s.io", "APIService", None, &api) {
            self.add(item, api, Until::Served, "kind");
        }
    }

    fn namespace(&mut self, item: usize, object: &Object) {
        let Some(namespace) = &object.reference().namespace else { return };
        if let Some(namespace) = self.index.find("", "Namespace", None, namespace) {
            self.add(item, namespace, Until::Applied, "namespace");
        }
    }

    fn references(
        &mut self,
        item: usize,
        object: &Object,
        makers: &HashMap<Place<'_>, Vec<usize>>,
    ) {
        for used in uses(object) {
            if let Some(there) = self.index.find(used.group, used.kind, used.namespace, used.name) {
                self.add(item, there, Until::Applied, "reference");
            } else if used.kind == "Secret" && used.group.is_empty() {
                let place = (used.namespace.unwrap_or_default(), used.name);
                for maker in makers.get(&place).into_iter().flatten() {
                    self.add(item, *maker, Until::Applied, "secret");
                }
            }
        }
    }

    fn rights(&mut self, item: usize, object: &Object, bindings: &HashMap<Place<'_>, Vec<usize>>) {
        for binding in account(object).and_then(|place| bindings.get(&place)).into_iter().flatten()
        {
            self.add(item, *binding, Until::Applied, "rights");
        }
    }

    fn gates(&mut self, item: usize, object: &Object) {
        let (value, at) = (object.value(), object.reference());
        match (at.group.as_str(), at.kind.as_str()) {
            ("apiregistration.k8s.io", "APIService") => {
                self.answering(item, &value["spec"], "api");
            }
            (
                "admissionregistration.k8s.io",
                "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration",
            ) => {
                for webhook in value["webhooks"].as_array().into_iter().flatten() {
                    self.answering(item, &webhook["clientConfig"], "webhook");
                }
            }
            _ => {}
        }
    }

    /// What answers behind the `service` that a client's configuration names.
    fn answering(&mut self, item: usize, client: &Value, why: &'static str) {
        let service = &client["service"];
        let (Some(namespace), Some(name)) =
            (service["namespace"].as_str(), service["name"].as_str())
        else {
            return;
        };
        let Some(service) = self.index.find("", "Service", Some(namespace), name) else { return };
        self.add(item, service, Until::Applied, why);
        let index = self.index;
        let behind = self.behind.entry(service);
        let behind = behind.or_insert_with(|| index.behind(service).collect()).clone();
        for workload in behind {
            self.add(item, workload, Until::Ready, why);
        }
    }

    /// Objects of kinds whose status a workload of the plan writes.
    fn operators(&mut self, bindings: &HashMap<Place<'_>, Vec<usize>>) {
        let mut kinds: HashMap<(&'a str, &'a str), Vec<usize>> = HashMap::new();
        for (workload, node) in self.index.nodes.iter().enumerate() {
            let bound = account(node.object).and_then(|place| bindings.get(&place));
            for binding in bound.into_iter().flatten() {
                for written in self.writes(*binding) {
                    kinds.entry(written).or_default().push(workload);
                }
            }
        }
        for (item, node) in self.index.nodes.iter().enumerate() {
            let at = node.object.reference();
            let Some(definition) = self.index.definition(&at.group, &at.kind) else { continue };
            let spec = &self.index.nodes[definition].object.value()["spec"];
            let plural = spec["names"]["plural"].as_str().unwrap_or_default();
            for needs in kinds.get(&(at.group.as_str(), plural)).into_iter().flatten() {
                let (until, why, origin) = (Until::Applied, "operator", Origin::Hint);
                self.edges.push(Edge { item, needs: *needs, until, why, origin });
            }
        }
    }

    /// The groups and plurals whose status a binding allows to write.
    fn writes(&self, binding: usize) -> Vec<(&'a str, &'a str)> {
        let object = self.index.nodes[binding].object;
        let role = &object.value()["roleRef"];
        let (kind, name) = (role["kind"].as_str(), role["name"].as_str());
        let (Some(kind), Some(name)) = (kind, name) else { return Vec::new() };
        let namespace = object.reference().namespace.as_deref().filter(|_| kind == "Role");
        let Some(role) = self.index.find(RBAC, kind, namespace, name) else { return Vec::new() };
        let rules = self.index.nodes[role].object.value()["rules"].as_array();
        let mut written = Vec::new();
        for rule in rules.into_iter().flatten() {
            let strings = |field: &str| rule[field].as_array().into_iter().flatten();
            let writes = |verb: &Value| ["update", "patch", "*"].iter().any(|known| verb == known);
            if !strings("verbs").any(writes) {
                continue;
            }
            for resource in strings("resources").filter_map(Value::as_str) {
                let Some(plural) = resource.strip_suffix("/status") else { continue };
                let groups = strings("apiGroups").filter_map(Value::as_str);
                written.extend(groups.map(|group| (group, plural)));
            }
        }
        written
    }
}

/// The account that the Pods of an object run as; none where it is the default one, which every
/// Pod shares.
fn account(object: &Object) -> Option<Place<'_>> {
    let spec = &pods(object)?["spec"];
    let name = spec["serviceAccountName"].as_str().or_else(|| spec["serviceAccount"].as_str())?;
    let namespace = object.reference().namespace.as_deref()?;
    (name != "default").then_some((namespace, name))
}

/// Account → the bindings that give it rights.
fn bindings<'a>(index: &Index<'a>) -> HashMap<Place<'a>, Vec<usize>> {
    let mut found: HashMap<_, Vec<_>> = HashMap::new();
    for (place, node) in index.nodes.iter().enumerate() {
        let at = node.object.reference();
        if at.group != RBAC || !at.kind.ends_with("Binding") {
            continue;
        }
        for subject in node.object.value()["subjects"].as_array().into_iter().flatten() {
            let namespace = subject["namespace"].as_str().or(at.namespace.as_deref());
            if let (Some("ServiceAccount"), Some(namespace), Some(name)) =
                (subject["kind"].as_str(), namespace, subject["name"].as_str())
            {
                found.entry((namespace, name)).or_default().push(place);
            }
        }
    }
    found
}

/// Secret → the objects whose operators make it.
fn secret_makers<'a>(index: &Index<'a>) -> HashMap<Place<'a>, Vec<usize>> {
    let mut found: HashMap<_, Vec<_>> = HashMap::new();
    for (place, node) in index.nodes.iter().enumerate() {
        let (at, spec) = (node.object.reference(), &node.object.value()["spec"]);
        let name = match (at.group.as_str(), at.kind.as_str()) {
            ("cert-manager.io", "Certificate") => spec["secretName"].as_str(),
            ("external-secrets.io", "ExternalSecret") => {
                Some(spec["target"]["name"].as_str().unwrap_or(&at.name))
            }
            ("bitnami.com", "SealedSecret") => {
                Some(spec["template"]["metadata"]["name"].as_str().unwrap_or(&at.name))
            }
            _ => None,
        };
        if let (Some(namespace), Some(name)) = (at.namespace.as_deref(), name) {
            found.entry((namespace, name)).or_default().push(place);
        }
    }
    found
}
