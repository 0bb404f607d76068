mod choices;
mod waiting;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use super::*;
use crate::cluster::{
    Applied, ApplyOptions, ClusterError, Fault, FieldConflict, Identity, Kinds, MemoryCluster,
    ServedKind,
};
use crate::model::clock::Timestamp;
use crate::model::digest::Digest;
use crate::model::event::Recording;
use crate::model::explain::{Explain, Kind};
use crate::object::{Object, Stage};
use crate::plan::sample::Sample;
use crate::plan::{Against, Bound, Confirmation, Desired, Need, Planned, Until, make};
use crate::render::{self, Provenance};
use crate::target::Binding;

/// Time passes only by sleeping.
#[derive(Default)]
pub(super) struct Sleeper(AtomicU64);

impl Clock for Sleeper {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix(0).plus(self.elapsed())
    }
    fn elapsed(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::SeqCst))
    }
    fn sleep(&self, time: Duration) {
        let millis = u64::try_from(time.as_millis()).unwrap();
        self.0.fetch_add(millis, Ordering::SeqCst);
    }
}

pub(super) fn object(
    api: &str,
    kind: &str,
    namespace: Option<&str>,
    name: &str,
    spec: Value,
) -> Object {
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

pub(super) struct Bench {
    pub(super) cluster: MemoryCluster,
    pub(super) clock: Sleeper,
    pub(super) seen: Recording,
    pub(super) cancel: Cancel,
    pub(super) options: Options,
}

impl Bench {
    pub(super) fn new() -> Self {
        Self {
            cluster: MemoryCluster::new("u-1"),
            clock: Sleeper::default(),
            seen: Recording::default(),
            cancel: Cancel::new(),
            options: Options::default(),
        }
    }

    fn approve(&self, objects: &[Object]) -> Approved {
        let items = objects.iter().map(|object| render::Item {
            object: object.clone(),
            provenance: Provenance { repo: "r".into(), revision: "c".into(), path: "p".into() },
        });
        let (bundle, findings) = (Digest::of(b"b"), Vec::new());
        let desired = Desired {
            bundle,
            items: items.collect(),
            findings,
            choices: Vec::new(),
            beyond: Vec::new(),
        };
        let (name, uid) = ("lab".to_owned(), Some("u-1".to_owned()));
        let target = Binding { name, class: Class::Disposable, uid, ca: None };
        let against = Against::Cluster(&self.cluster);
        let planned = make(&desired, &target, &against, &self.seen, &self.cancel).unwrap();
        let confirmation = Confirmation { target: Some("lab".into()), bound: Bound::Nothing };
        planned.approve(&confirmation).unwrap()
    }

    fn run(&self, approved: Approved) -> Result<Outcome, ReplayError> {
        let around = Around { clock: &self.clock, observer: &self.seen, cancel: &self.cancel };
        onto_cluster(approved, &self.cluster, &self.options, None, around)
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
fn what_fails_does_not_stop_what_is_independent_of_it() {
    let bench = Bench::new();
    let refused = ClusterError::Invalid { why: "no".into() };
    bench.fail("ConfigMap shop/a", refused, 1);
    let field = FieldConflict { field: ".data.k".into(), manager: "helm".into() };
    bench.fail("ConfigMap shop/b", ClusterError::Conflict { fields: vec![field] }, 1);
    let outcome = bench.replay(&estate());
    assert_eq!((outcome.verdict(), outcome.created), (Verdict::Incomplete, 3));
    assert_eq!(outcome.kind(), Some(Kind::Incomplete));
    let failed: Vec<_> = outcome
        .failed
        .iter()
        .map(|failure| (failure.object.as_str(), failure.code.as_str()))
        .collect();
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
    let codes: Vec<_> = outcome.failed.iter().map(|failure| failure.code.as_str()).collect();
    assert_eq!(codes, ["B1104", "B1104"]);
    let held: Vec<_> = outcome.held.iter().map(|held| held.object.as_str()).collect();
    assert_eq!(held, ["ConfigMap shop/a", "ConfigMap shop/b", "Widget shop/w"]);
    // It needs both; the one that fails first is named.
    let named = ["CustomResourceDefinition widgets.example.com", "Namespace shop"];
    let why = outcome.held[2].why.strip_prefix("it needs ").unwrap();
    assert!(named.contains(&why), "{why}");
    assert_eq!(outcome.verdict(), Verdict::Failed);
    assert!(bench.clock.elapsed() < Duration::from_secs(10), "{:?}", bench.clock.elapsed());
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
    assert_eq!(bench.run(approved).unwrap_err().about().kind, Kind::Interrupted);
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

impl Bench {
    fn around(&self) -> Around<'_> {
        Around { clock: &self.clock, observer: &self.seen, cancel: &self.cancel }
    }

    /// Replays objects with edges of their own.
    fn replay_samples(&self, samples: &[Sample]) -> Result<Outcome, ReplayError> {
        let planned = Planned::sample(binding(), samples);
        onto_cluster(approved(planned), &self.cluster, &self.options, None, self.around())
    }
}

pub(super) fn binding() -> Binding {
    let uid = Some("u-1".to_owned());
    Binding { name: "lab".to_owned(), class: Class::Disposable, uid, ca: None }
}

pub(super) fn approved(planned: Planned) -> Approved {
    let confirmation = Confirmation { target: Some("lab".into()), bound: Bound::Nothing };
    planned.approve(&confirmation).unwrap()
}

pub(super) fn need(object: &Object, until: Until) -> Need {
    Need { object: object.reference().clone(), until, why: "test".to_owned() }
}

fn sample(object: &Object, stage: Stage, needs: Vec<Need>) -> Sample {
    Sample { object: object.clone(), stage, needs }
}

fn deployment(name: &str) -> Object {
    object("apps/v1", "Deployment", Some("default"), name, json!({"replicas": 1}))
}

pub(super) fn running() -> Value {
    json!({"replicas": 1, "updatedReplicas": 1, "availableReplicas": 1, "readyReplicas": 1,
           "conditions": [{"type": "Available", "status": "True"}]})
}

fn config(name: &str) -> Object {
    object("v1", "ConfigMap", Some("default"), name, Value::Null)
}

/// A cluster with something of a test's own before each call. The hook gets the call's name.
struct Hooked<'a> {
    cluster: &'a MemoryCluster,
    hook: Box<dyn Fn(&str) + Sync + Send + 'a>,
    /// Who answers instead, once that is set.
    uid: Mutex<Option<String>>,
    in_flight: AtomicU64,
    most: AtomicU64,
}

impl<'a> Hooked<'a> {
    fn new(cluster: &'a MemoryCluster, hook: impl Fn(&str) + Sync + Send + 'a) -> Self {
        let (in_flight, most) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { cluster, hook: Box::new(hook), uid: Mutex::default(), in_flight, most }
    }

    fn call<T>(&self, name: &str, call: impl FnOnce(&MemoryCluster) -> T) -> T {
        let now = self.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        (self.hook)(name);
        let result = call(self.cluster);
        self.in_flight.fetch_sub(1, Ordering::SeqCst);
        result
    }
}

impl Cluster for Hooked<'_> {
    fn identity(&self) -> Result<Identity, ClusterError> {
        let mut identity = self.call("identity", Cluster::identity)?;
        if let Some(uid) = &*self.uid.lock().unwrap() {
            identity.uid.clone_from(uid);
        }
        Ok(identity)
    }
    fn kinds(&self) -> Result<Kinds, ClusterError> {
        self.call("kinds", Cluster::kinds)
    }
    fn get(
        &self,
        kind: &ServedKind,
        namespace: Option<&str>,
        name: &str,
    ) -> Result<Option<Value>, ClusterError> {
        self.call("get", |cluster| cluster.get(kind, namespace, name))
    }
    fn list(&self, kind: &ServedKind) -> Result<Vec<Value>, ClusterError> {
        self.call("list", |cluster| cluster.list(kind))
    }
    fn apply(
        &self,
        kind: &ServedKind,
        object: &Object,
        options: &ApplyOptions,
    ) -> Result<Applied, ClusterError> {
        self.call("apply", |cluster| cluster.apply(kind, object, options))
    }
    fn create(&self, kind: &ServedKind, object: &Object) -> Result<Applied, ClusterError> {
        self.call("create", |cluster| cluster.create(kind, object))
    }
    fn replace(&self, kind: &ServedKind, object: &Object) -> Result<Applied, ClusterError> {
        self.call("replace", |cluster| cluster.replace(kind, object))
    }
    fn may(&self, verb: &str, kind: &ServedKind) -> Result<bool, ClusterError> {
        self.call("may", |cluster| cluster.may(verb, kind))
    }
}

#[test]
fn another_cluster_in_the_middle_of_a_run_ends_it() {
    let bench = Bench::new();
    let hooked = Hooked::new(&bench.cluster, |_| {});
    let samples = [
        sample(&config("a"), Stage::Definitions, vec![]),
        sample(&config("b"), Stage::Edge, vec![]),
    ];
    let planned = Planned::sample(binding(), &samples);
    // The address leads elsewhere once the first object is there.
    let swap = |event: &Event| {
        if matches!(event, Event::Applied { .. }) {
            *hooked.uid.lock().unwrap() = Some("u-2".to_owned());
        }
    };
    let observer = Swap(&swap);
    let around = Around { observer: &observer, ..bench.around() };
    let options = Options { threads: 1, ..Options::default() };
    let error = onto_cluster(approved(planned), &hooked, &options, None, around).unwrap_err();
    assert_eq!((error.about().code, error.about().kind), ("B1205", Kind::Refused));
    assert_eq!(error.progress(), Some((1, 2)));
    assert_eq!(bench.cluster.applied(), ["ConfigMap default/a"]);
}

struct Swap<'a>(&'a (dyn Fn(&Event) + Sync + Send));

impl Observer for Swap<'_> {
    fn event(&self, event: &Event) {
        (self.0)(event);
    }
}

#[test]
fn slow_calls_are_made_side_by_side_and_not_more_than_asked_for() {
    let bench = Bench::new();
    let slow = Hooked::new(&bench.cluster, |call| {
        if call == "apply" {
            std::thread::sleep(Duration::from_millis(300));
        }
    });
    let names: Vec<String> = (0..24).map(|n| format!("c-{n}")).collect();
    let samples: Vec<_> =
        names.iter().map(|name| sample(&config(name), Stage::Edge, vec![])).collect();
    let planned = Planned::sample(binding(), &samples);
    let options = Options { threads: 6, ..Options::default() };
    let outcome = onto_cluster(approved(planned), &slow, &options, None, bench.around()).unwrap();
    assert_eq!(outcome.created, 24);
    assert_eq!(slow.most.load(Ordering::SeqCst), 6);
}

#[test]
fn so_many_calls_a_second_and_no_more() {
    let options = Options { api_qps: Some(2), threads: 1, ..Options::default() };
    let bench = Bench { options, ..Bench::new() };
    let names: Vec<String> = (0..10).map(|n| format!("c-{n}")).collect();
    let samples: Vec<_> =
        names.iter().map(|name| sample(&config(name), Stage::Edge, vec![])).collect();
    assert_eq!(bench.replay_samples(&samples).unwrap().created, 10);
    assert!(bench.clock.elapsed() >= Duration::from_secs(5), "{:?}", bench.clock.elapsed());
}
