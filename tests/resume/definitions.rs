//! Kinds that come with what is replayed: served before their objects are tried, whoever brings both;
//! and one that the cluster never accepts.

use blackstart::cluster::{ApplyOptions, Cluster};
use blackstart::model::event::Recording;
use blackstart::object::Object;
use blackstart::plan::Action;
use blackstart::replay::{Options, Verdict};
use serde_json::{Value, json};

use crate::direct::{namespace, object, plan, replay};
use crate::support::cluster::Lab;

fn definition(plural: &str, group: &str, version: &str, kind: &str, status: &Value) -> Object {
    let column = json!({"name": "Ready", "type": "string",
                        "jsonPath": ".status.conditions[?(@.type==\"Ready\")].status"});
    object(json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.{group}")},
        "spec": {"group": group, "scope": "Namespaced",
            "names": {"kind": kind, "listKind": format!("{kind}List"), "plural": plural,
                "singular": kind.to_lowercase()},
            "versions": [{"name": version, "served": true, "storage": true,
                "subresources": {"status": {}}, "additionalPrinterColumns": [column],
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {
                    "spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
                    "status": status}}}}]}}))
}

fn widget() -> Object {
    object(json!({"apiVersion": "example.com/v1", "kind": "Widget",
                  "metadata": {"name": "one", "namespace": "shop"}, "spec": {"size": 1}}))
}

/// As Flux's definitions have it: nobody has looked yet.
fn unseen() -> Value {
    json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true,
           "default": {"observedGeneration": -1}})
}

#[test]
fn a_release_and_objects_of_the_kinds_it_brings_come_up_in_one_run() {
    let lab = Lab::without_controllers();
    let cluster = lab.cluster();
    // In one Kustomization, where Flux would wait for ever: one unknown kind fails all of it.
    let release = object(json!({"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
        "metadata": {"name": "widgets", "namespace": "shop"}, "spec": {"interval": "1h"}}));
    let all = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    let objects = [
        widget(),
        release,
        definition("helmreleases", "helm.toolkit.fluxcd.io", "v2", "HelmRelease", &unseen()),
        definition("widgets", "example.com", "v1", "Widget", &all),
        namespace("shop"),
    ];
    let seen = Recording::default();
    // No node: what a Widget's controller would say is not waited for. What rests counts as ready.
    let outcome = replay(&cluster, &objects, &Options::default(), &seen);
    assert_eq!((outcome.verdict(), outcome.created), (Verdict::Complete, 5), "{outcome:?}");
    let waived: Vec<_> = outcome.not_waited.iter().map(|one| &one.object[..]).collect();
    assert_eq!(waived, ["Widget shop/one"], "{outcome:?}");
    let again = plan(&cluster, &objects);
    assert!(again.plan().items().all(|item| item.action == Action::Unchanged));
}

#[test]
fn a_definition_that_is_not_accepted_is_named_by_what_needs_it() {
    let lab = Lab::without_controllers();
    let cluster = lab.cluster();
    let all = json!({"type": "object"});
    let taken = definition("gadgets", "example.com", "v1", "Widget", &all);
    let kinds = cluster.kinds().unwrap();
    let kind = kinds.find("apiextensions.k8s.io", "v1", "CustomResourceDefinition").unwrap();
    cluster.apply(kind, &taken, &ApplyOptions { manager: "helm", ..ApplyOptions::REAL }).unwrap();
    crate::place::until("its kind is served", || {
        cluster.kinds().unwrap().serves("example.com", "v1", "Widget")
    });
    let objects =
        [widget(), namespace("shop"), definition("widgets", "example.com", "v1", "Widget", &all)];
    let outcome = replay(&cluster, &objects, &Options::default(), &Recording::default());
    assert_eq!((outcome.verdict(), outcome.created), (Verdict::Incomplete, 2), "{outcome:?}");
    let failed = &outcome.failed[0];
    let definition = "CustomResourceDefinition widgets.example.com";
    assert_eq!((&failed.object[..], &failed.code[..]), (definition, "B1502"), "{outcome:?}");
    assert!(failed.why.contains("already in use"), "{outcome:?}");
    let held = (&outcome.held[0].object[..], &outcome.held[0].why[..]);
    assert_eq!(held, ("Widget shop/one", &format!("it needs {definition}")[..]));
}
