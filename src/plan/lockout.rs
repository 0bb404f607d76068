//! Webhooks that would lock themselves out: when their own Pods are gone, the API server asks them
//! whether these may come back.

use serde_json::Value;

use super::error::LOCKOUT;
use super::index::Index;
use super::notes::Notes;
use crate::model::safe::safe;
use crate::object::{pods, selects};

/// Tells of webhooks that must allow Pods of their own namespace and refuse while they are down.
pub(super) fn check(index: &Index<'_>, notes: &mut Notes) {
    for node in index.nodes {
        let at = node.object.reference();
        if at.group != "admissionregistration.k8s.io" {
            continue;
        }
        for webhook in items(&node.object.value()["webhooks"]) {
            if let Some(namespace) = locks_out(webhook, index) {
                let name = safe(webhook["name"].as_str().unwrap_or_default());
                let namespace = safe(namespace);
                let text = format!("{at}: {name} must allow Pods in {namespace}, where it runs");
                notes.warn(&LOCKOUT, text);
            }
        }
    }
}

/// Returns the namespace of a webhook that judges the Pods it runs in and fails closed.
fn locks_out<'w>(webhook: &'w Value, index: &Index<'_>) -> Option<&'w str> {
    let service = &webhook["clientConfig"]["service"];
    let (namespace, name) = (service["namespace"].as_str()?, service["name"].as_str()?);
    // What CEL decides cannot be told from here.
    let conditions = items(&webhook["matchConditions"]).next().is_some();
    let judges = items(&webhook["rules"]).any(matches_pods);
    if webhook["failurePolicy"] == "Ignore" || conditions || !judges {
        return None;
    }
    let space = index.find("", "Namespace", None, namespace);
    let labels = space.map(|space| &index.nodes[space].object.value()["metadata"]["labels"]);
    let label = |key: &str| match key {
        "kubernetes.io/metadata.name" => Some(namespace.to_owned()),
        _ => labels.and_then(|labels| labels[key].as_str()).map(str::to_owned),
    };
    if !selects(&webhook["namespaceSelector"], &label) {
        return None;
    }
    let service = index.find("", "Service", Some(namespace), name);
    let mut behind = service.into_iter().flat_map(|service| index.behind(service)).peekable();
    let selector = &webhook["objectSelector"];
    let judged = |workload: usize| {
        let template = pods(index.nodes[workload].object);
        let labels = template.map(|pod| &pod["metadata"]["labels"]);
        let label = |key: &str| labels.and_then(|l| l[key].as_str()).map(str::to_owned);
        selects(selector, &label)
    };
    // Of a workload that is not in the plan only the namespace is known.
    let any = if behind.peek().is_none() { unselective(selector) } else { behind.any(judged) };
    any.then_some(namespace)
}

fn unselective(selector: &Value) -> bool {
    selects(selector, &|_| None)
}

/// Whether a rule is about making Pods.
fn matches_pods(rule: &Value) -> bool {
    let has = |field: &str, known: &[&str]| {
        items(&rule[field]).any(|value| known.iter().any(|known| value == known))
    };
    has("apiGroups", &["", "*"])
        && has("resources", &["pods", "*", "*/*"])
        && has("operations", &["CREATE", "*"])
        && rule["scope"] != "Cluster"
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::index::Node;
    use super::*;
    use crate::object::Object;
    use crate::render::Provenance;

    fn webhook(changes: &Value) -> Value {
        let mut webhook = json!({
            "name": "guard.example.com", "failurePolicy": "Fail",
            "clientConfig": {"service": {"namespace": "ops", "name": "guard"}},
            "rules": [{"apiGroups": [""], "resources": ["pods"], "operations": ["CREATE"]}]});
        for (key, value) in changes.as_object().unwrap() {
            webhook[key] = value.clone();
        }
        webhook
    }

    fn warnings(changes: &Value) -> Vec<String> {
        let objects = [
            json!({"apiVersion": "admissionregistration.k8s.io/v1",
                   "kind": "ValidatingWebhookConfiguration", "metadata": {"name": "guard"},
                   "webhooks": [webhook(changes)]}),
            json!({"apiVersion": "v1", "kind": "Namespace",
                   "metadata": {"name": "ops", "labels": {"guard": "off"}}}),
            json!({"apiVersion": "v1", "kind": "Service", "spec": {"selector": {"app": "guard"}},
                   "metadata": {"name": "guard", "namespace": "ops"}}),
            json!({"apiVersion": "apps/v1", "kind": "Deployment",
                   "metadata": {"name": "guard", "namespace": "ops"},
                   "spec": {"template": {"metadata": {"labels": {"app": "guard"}}}}}),
        ]
        .map(|value| Object::from_value(value).unwrap());
        let provenance = Provenance { repo: "a".into(), revision: "b".into(), path: String::new() };
        let nodes = objects.each_ref().map(|object| Node { object, provenance: &provenance });
        let mut notes = Notes::default();
        check(&Index::new(&nodes), &mut notes);
        notes.warnings.into_iter().map(|note| note.text).collect()
    }

    #[test]
    fn a_webhook_that_judges_its_own_pods_is_told() {
        let expected = "ValidatingWebhookConfiguration guard: guard.example.com must allow Pods in \
                        ops, where it runs";
        let rule = |groups: &str, resources: &str, operations: &str| {
            json!({"rules": [{"apiGroups": [groups], "resources": [resources],
                              "operations": [operations]}]})
        };
        let expression = |key: &str, operator: &str, values: Value| json!({"matchExpressions": [{"key": key, "operator": operator, "values": values}]});
        let name = "kubernetes.io/metadata.name";
        let cases = [
            (json!({}), true),
            // The default is to refuse.
            (json!({"failurePolicy": null}), true),
            (json!({"failurePolicy": "Ignore"}), false),
            (rule("*", "*", "*"), true),
            (rule("", "pods", "UPDATE"), false),
            (rule("apps", "deployments", "CREATE"), false),
            (rule("", "pods/exec", "CONNECT"), false),
            (json!({"namespaceSelector": expression(name, "NotIn", json!(["ops"]))}), false),
            (json!({"namespaceSelector": expression(name, "NotIn", json!(["other"]))}), true),
            (json!({"namespaceSelector": expression("guard", "DoesNotExist", json!([]))}), false),
            (json!({"namespaceSelector": {"matchLabels": {"guard": "on"}}}), false),
            (json!({"objectSelector": expression("app", "NotIn", json!(["guard"]))}), false),
            (json!({"objectSelector": expression("app", "NotIn", json!(["web"]))}), true),
            (json!({"matchConditions": [{"name": "a", "expression": "false"}]}), false),
            (json!({"clientConfig": {"url": "https://guard.example.com"}}), false),
        ];
        for (changes, told) in cases {
            let expected: Vec<_> = told.then(|| expected.to_owned()).into_iter().collect();
            assert_eq!(warnings(&changes), expected, "{changes}");
        }
    }
}
