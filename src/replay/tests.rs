use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use super::*;
use crate::cluster::{ClusterError, Fault, FieldConflict, MemoryCluster};
use crate::model::clock::Timestamp;
use crate::model::digest::Digest;
use crate::model::event::Recording;
use crate::model::explain::{Explain, Kind};
use crate::object::Object;
use crate::plan::{Against, Bound, Confirmation, Desired, make};
use crate::render::{self, Provenance};
use crate::target::Binding;

/// Time passes only by sleeping.
#[derive(Default)]
struct Sleeper(AtomicU64);

impl Clock for Sleeper {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix(0)
    }
    fn elapsed(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::SeqCst))
    }
    fn sleep(&self, time: Duration) {
        let millis = u64::try_from(time.as_millis()).unwrap();
        self.0.fetch_add(millis, Ordering::SeqCst);
        std::thread::yield_now();
    }
}

fn object(api: &str, kind: &str, namespace: Option<&str>, name: &str, spec: Value) -> Object {
    let mut value = json!({"apiVersion": api, "kind": kind, "metadata": {"name": name}});
    if !spec.is_null() {
        value["spec"] = spec;
    }
    let object = Object::from_value(value).unwrap();
    if namespace.is_some() { object.in_namespace(namespace) } else { object }
}

fn definition() -> Object {
    let spec = json!({"group": "example.com", "scope": "Namespaced",
                      "names": {"kind": "Widget", "plural": "widgets"},
                      "versions": [{"name": "v1", "served": true}]});
    object("apiextensions.k8s.io/v1", "CustomResourceDefinition", None, "widgets.example.com", spec)
}

fn settings(name: &str) -> Object {
    object("v1", "ConfigMap", Some("shop"), name, Value::Null)
}

fn estate() -> Vec<Object> {
    vec![
        object("example.com/v1", "Widget", Some("shop"), "w", Value::Null),
        settings("a"),
        settings("b"),
        object("v1", "Namespace", None, "shop", Value::Null),
        definition(),
    ]
}

struct Bench {
    cluster: MemoryCluster,
    clock: Sleeper,
    seen: Recording,
    cancel: Cancel,
}

impl Bench {
    fn new() -> Self {
        Self {
            cluster: MemoryCluster::new("u-1"),
            clock: Sleeper::default(),
            seen: Recording::default(),
            cancel: Cancel::new(),
        }
    }

    fn approve(&self, objects: &[Object]) -> Approved {
        let items = objects.iter().map(|object| render::Item {
            object: object.clone(),
            provenance: Provenance { repo: "r".into(), revision: "c".into(), path: "p".into() },
        });
        let (bundle, findings) = (Digest::of(b"b"), Vec::new());
        let desired = Desired { bundle, items: items.collect(), findings, choices: Vec::new() };
        let (name, uid) = ("lab".to_owned(), Some("u-1".to_owned()));
        let target = Binding { name, class: Class::Disposable, uid, ca: None };
        let against = Against::Cluster(&self.cluster);
        let planned = make(&desired, &target, &against, &self.seen, &self.cancel).unwrap();
        let confirmation = Confirmation { target: Some("lab".into()), bound: Bound::Nothing };
        planned.approve(&confirmation).unwrap()
    }

    fn run(&self, approved: Approved) -> Result<Outcome, ReplayError> {
        let around = Around { clock: &self.clock, observer: &self.seen, cancel: &self.cancel };
        onto_cluster(approved, &self.cluster, &Options::default(), around)
    }

    fn replay(&self, objects: &[Object]) -> Outcome {
        self.run(self.approve(objects)).unwrap()
    }

    fn fail(&self, object: &str, error: ClusterError, times: u32) {
        self.cluster.fail(Fault { object: object.to_owned(), error, times });
    }

    fn waits(&self) -> Vec<String> {
        let events = self.seen.events();
        let waits = events.into_iter().filter_map(|event| match event {
            Event::Waiting { object, why, .. } => Some(format!("{object}: {why}")),
            _ => None,
        });
        waits.collect()
    }
}

fn busy() -> ClusterError {
    ClusterError::Busy { code: 503, why: "restarting".into() }
}

#[test]
fn everything_is_applied_in_order_and_a_second_plan_is_empty() {
    let bench = Bench::new();
    bench.cluster.lag(3);
    let outcome = bench.replay(&estate());
    assert_eq!((outcome.verdict(), outcome.created), (Verdict::Complete, 5));
    let applied = bench.cluster.applied();
    let place = |name: &str| applied.iter().position(|text| text == name).unwrap();
    assert!(place("Namespace shop") < place("ConfigMap shop/a"));
    assert_eq!(applied.last().unwrap(), "Widget shop/w");
    assert_eq!(bench.waits(), ["CustomResourceDefinition widgets.example.com: not served yet"]);

    let again = bench.approve(&estate());
    assert!(again.plan().is_empty());
    let outcome = bench.run(again).unwrap();
    assert_eq!((outcome.unchanged, outcome.applied()), (5, 0));
    assert_eq!(bench.cluster.applied().len(), 5);
}

#[test]
fn what_can_pass_is_waited_out_and_told() {
    let bench = Bench::new();
    bench.fail("ConfigMap shop/a", busy(), 3);
    let webhook = ClusterError::Webhook { name: "w.example.com".into(), why: "refused".into() };
    bench.fail("ConfigMap shop/b", webhook, 2);
    let outcome = bench.replay(&estate());
    assert_eq!(outcome.verdict(), Verdict::Complete);
    assert!(!bench.waits().is_empty());
}

#[test]
fn what_fails_does_not_stop_what_is_independent_of_it() {
    let bench = Bench::new();
    let refused = ClusterError::Invalid { why: "no".into() };
    bench.fail("ConfigMap shop/a", refused, 1);
    let field = FieldConflict { field: ".data.k".into(), manager: "helm".into() };
    bench.fail("ConfigMap shop/b", ClusterError::Conflict { fields: vec![field] }, 1);
    let outcome = bench.replay(&estate());
    assert_eq!((outcome.verdict(), outcome.created), (Verdict::Incomplete, 3));
    assert_eq!(outcome.kind(), Some(Kind::Incomplete));
    let failed: Vec<_> =
        outcome.failed.iter().map(|failure| (failure.object.as_str(), failure.code)).collect();
    assert_eq!(failed, [("ConfigMap shop/a", "B1109"), ("ConfigMap shop/b", "B1108")]);
    assert!(outcome.failed[1].why.contains("helm holds .data.k"));
}

#[test]
fn what_needs_something_that_failed_is_held_at_once() {
    let bench = Bench::new();
    let refused = || ClusterError::Forbidden { why: "no".into() };
    bench.fail("CustomResourceDefinition widgets.example.com", refused(), 9);
    bench.fail("Namespace shop", refused(), 9);
    let outcome = bench.replay(&estate());
    let codes: Vec<_> = outcome.failed.iter().map(|failure| failure.code).collect();
    assert_eq!(codes, ["B1503", "B1503", "B1104", "B1104", "B1503"]);
    assert_eq!(outcome.verdict(), Verdict::Failed);
    assert!(bench.clock.elapsed() < Duration::from_secs(10), "{:?}", bench.clock.elapsed());
}

#[test]
fn patience_ends() {
    let bench = Bench::new();
    bench.fail("ConfigMap shop/a", busy(), u32::MAX);
    let outcome = bench.replay(&estate());
    assert_eq!(outcome.failed.len(), 1);
    assert_eq!(outcome.failed[0].code, "B1112");
    assert!(bench.clock.elapsed() >= Options::default().patience);
}

#[test]
fn workloads_that_never_become_ready_are_named() {
    let bench = Bench::new();
    let web = object("apps/v1", "Deployment", Some("default"), "web", json!({"replicas": 1}));
    let outcome = bench.replay(&[web]);
    assert_eq!(outcome.verdict(), Verdict::Incomplete);
    assert_eq!(outcome.not_ready[0].object, "Deployment default/web");
    assert!(outcome.not_ready[0].why.contains("0 of 1 replicas made"), "{outcome:?}");
    // Told at most every five seconds of five minutes.
    let told = bench.waits().len();
    assert!((2..=62).contains(&told), "{told}");
}

#[test]
fn another_cluster_is_refused_before_anything_is_written() {
    let bench = Bench::new();
    let approved = bench.approve(&estate());
    let other = Bench { cluster: MemoryCluster::new("u-2"), ..Bench::new() };
    let error = other.run(approved).unwrap_err();
    assert_eq!((error.about().code, error.about().kind), ("B1205", Kind::Refused));
    assert!(other.cluster.applied().is_empty());
}

#[test]
fn a_request_to_stop_is_heard() {
    let bench = Bench::new();
    let approved = bench.approve(&estate());
    bench.cancel.request();
    assert!(matches!(bench.run(approved), Err(ReplayError::Cancelled(_))));
    assert!(bench.cluster.applied().is_empty());
}

#[test]
fn a_plan_for_a_cluster_is_not_written_to_a_folder() {
    let bench = Bench::new();
    let home = tempfile::tempdir().unwrap();
    let directory = Directory::new(home.path().join("out"));
    let around = Around { clock: &bench.clock, observer: &bench.seen, cancel: &bench.cancel };
    let error = onto_directory(&bench.approve(&estate()), &directory, around).unwrap_err();
    assert_eq!(error.about().kind, Kind::Refused);
    assert!(!directory.path().exists());
}
