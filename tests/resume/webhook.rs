//! Admission webhooks that do not answer: one that comes up, and one that never does.

use std::time::Duration;

use blackstart::cluster::{ApplyOptions, Cluster};
use blackstart::model::event::{Event, Recording};
use blackstart::object::Object;
use blackstart::replay::{Options, Verdict};
use serde_json::{Value, json};

use crate::direct::{config, namespace, object, replay};
use crate::support::cluster::Lab;
use crate::support::https::{Answer, Https, Request};

/// Allows whatever is asked.
fn allow(request: &Request) -> Answer {
    let response = json!({"uid": request.body["request"]["uid"], "allowed": true});
    let kind = "AdmissionReview";
    (200, json!({"apiVersion": "admission.k8s.io/v1", "kind": kind, "response": response}))
}

/// A webhook that must be asked about ConfigMaps in one namespace.
fn gate(name: &str, namespace: &str, client: &Value) -> Object {
    object(json!({"apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration", "metadata": {"name": name},
        "webhooks": [{"name": format!("{name}.example.com"), "clientConfig": client,
            "failurePolicy": "Fail", "sideEffects": "None", "timeoutSeconds": 2,
            "admissionReviewVersions": ["v1"],
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
            "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["*"],
                       "resources": ["configmaps"]}]}]}))
}

/// Puts objects there as another would.
fn put(cluster: &dyn Cluster, objects: &[Object]) {
    let other = ApplyOptions { manager: "helm", ..ApplyOptions::REAL };
    for object in objects {
        let kinds = cluster.kinds().unwrap();
        let reference = object.reference();
        let kind = kinds.find(&reference.group, object.version(), &reference.kind).unwrap();
        cluster.apply(kind, object, &other).unwrap();
    }
}

#[test]
fn what_is_behind_a_webhook_waits_for_it_and_others_go_on() {
    let lab = Lab::without_controllers();
    let cluster = lab.cluster();
    let webhook = Https::new("127.0.0.1");
    let client = json!({"url": format!("https://{}/review", webhook.address),
                        "caBundle": webhook.ca_bundle()});
    put(&cluster, &[namespace("shop"), namespace("free"), gate("late", "shop", &client)]);

    // Nothing listens: the rest is done first. Once that is seen, the webhook comes up.
    let seen = Recording::default();
    let objects = [config("shop", "a"), config("shop", "b"), config("free", "c")];
    let options = Options { patience: Duration::from_mins(2), ..Options::default() };
    let outcome = std::thread::scope(|scope| {
        let run = scope.spawn(|| replay(&cluster, &objects, &options, &seen));
        crate::place::until("a wait for the webhook", || {
            let events = seen.events();
            let waits = |event: &Event| {
                matches!(event, Event::Waiting { why, .. }
                if why.contains("late.example.com"))
            };
            let free = |event: &Event| {
                matches!(event, Event::Applied { object, .. }
                if object == "ConfigMap free/c")
            };
            events.iter().any(waits) && events.iter().any(free)
        });
        webhook.listen(allow);
        run.join().unwrap()
    });
    assert_eq!((outcome.verdict(), outcome.created), (Verdict::Complete, 3), "{outcome:?}");

    // One whose Service has a workload that never becomes ready.
    let labels = json!({"app": "gate"});
    let workload = object(json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "gate", "namespace": "free"},
        "spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels},
            "spec": {"containers": [{"name": "c", "image": "c"}]}}}}));
    let service = object(json!({"apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "gate", "namespace": "free"},
        "spec": {"selector": labels, "ports": [{"port": 443}]}}));
    let client = json!({"service": {"namespace": "free", "name": "gate"},
                        "caBundle": webhook.ca_bundle()});
    put(&cluster, &[namespace("dead"), workload, service, gate("never", "dead", &client)]);
    let seen = Recording::default();
    let objects = [config("dead", "a"), config("free", "d")];
    let options = Options { patience: Duration::from_secs(6), ..Options::default() };
    let outcome = replay(&cluster, &objects, &options, &seen);
    assert_eq!((outcome.verdict(), outcome.created), (Verdict::Incomplete, 1), "{outcome:?}");
    assert_eq!(
        (outcome.failed[0].object.as_str(), outcome.failed[0].code.as_str()),
        ("ConfigMap dead/a", "B1111")
    );
    let told = seen.events().into_iter().find_map(|event| match event {
        Event::Waiting { why, cause, next, .. } => Some((why, cause, next)),
        _ => None,
    });
    let (why, cause, next) = told.unwrap();
    assert!(why.contains("behind its Service free/gate, Deployment gate is not ready"), "{why}");
    assert!(cause.contains("workload") && next.starts_with("kubectl get"), "{cause} {next}");
}
