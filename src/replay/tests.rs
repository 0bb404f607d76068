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

#[test]
fn of_two_that_wait_one_is_told_until_it_is_settled() {
    let bench = Bench::new();
    // Both are refused for a long time, the second for longer.
    bench.fail("ConfigMap default/one", busy(), 14);
    bench.fail("ConfigMap default/two", busy(), 20);
    let (one, two, after) = (config("one"), config("two"), config("after"));
    let samples = [
        sample(&one, Stage::Definitions, vec![]),
        sample(&two, Stage::Definitions, vec![]),
        sample(&after, Stage::Edge, vec![need(&two, Until::Applied)]),
    ];
    let outcome = bench.replay_samples(&samples).unwrap();
    assert_eq!(outcome.verdict(), Verdict::Complete);
    let events = bench.seen.events();
    let told: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::Waiting { object, others, behind, .. } => {
                Some((object.as_str(), *others, *behind))
            }
            _ => None,
        })
        .collect();
    // Whichever was refused first is told first; then it is the same to its end, and then the other.
    let names: Vec<_> = told.iter().map(|(object, ..)| *object).collect();
    let mut turns = names.clone();
    turns.dedup();
    assert!(turns.len() <= 3, "by turns: {names:?}");
    let of_two = told.iter().filter(|(object, ..)| *object == "ConfigMap default/two");
    assert!(of_two.clone().all(|(_, _, behind)| *behind == 1) && of_two.count() > 1, "{told:?}");
    assert!(told.iter().all(|(_, others, _)| *others <= 1), "{told:?}");
}

#[test]
fn what_needs_a_workload_waits_until_it_is_ready_and_others_go_on() {
    let bench = Bench::new();
    bench.cluster.report("Deployment default/web", 3, running());
    let (web, after, other) = (deployment("web"), config("after"), config("other"));
    let samples = [
        sample(&web, Stage::Definitions, vec![]),
        sample(&after, Stage::Definitions, vec![need(&web, Until::Ready)]),
        sample(&other, Stage::Edge, vec![]),
    ];
    let outcome = bench.replay_samples(&samples).unwrap();
    assert_eq!((outcome.verdict(), outcome.created), (Verdict::Complete, 3));
    let applied = bench.cluster.applied();
    assert_eq!(
        applied,
        ["Deployment default/web", "ConfigMap default/other", "ConfigMap default/after"]
    );
    let events = bench.seen.events();
    let told = events.iter().find_map(|event| match event {
        Event::Waiting { object, cause, next, others, behind, .. } => {
            Some((object, cause, next, *others, *behind))
        }
        _ => None,
    });
    let (object, cause, next, others, behind) = told.unwrap();
    assert_eq!(object, "Deployment default/web");
    assert!(cause.contains("images"), "{cause}");
    assert_eq!((others, behind), (0, 1), "nothing else is waited for, and one is behind it");
    assert_eq!(next, "kubectl describe deployment.apps web -n default");
    let finished = events.iter().filter(|event| matches!(event, Event::WaveFinished { .. }));
    assert_eq!(finished.count(), 2);
}

#[test]
fn dependants_of_what_never_becomes_ready_are_held() {
    let bench = Bench::new();
    let (web, after, last) = (deployment("web"), config("after"), config("last"));
    let samples = [
        sample(&web, Stage::Definitions, vec![]),
        sample(&after, Stage::Edge, vec![need(&web, Until::Ready)]),
        sample(&last, Stage::Edge, vec![need(&after, Until::Applied)]),
    ];
    let outcome = bench.replay_samples(&samples).unwrap();
    assert_eq!(outcome.kind(), Some(Kind::Incomplete));
    assert_eq!(outcome.not_ready[0].object, "Deployment default/web");
    let held: Vec<_> = outcome.held.iter().map(|held| held.why.as_str()).collect();
    assert_eq!(held, ["it needs Deployment default/web", "it needs ConfigMap default/after"]);
    assert_eq!(bench.cluster.applied(), ["Deployment default/web"]);
}

#[test]
fn a_webhook_that_never_answers_stops_only_what_is_behind_it() {
    let bench = Bench::new();
    let webhook = ClusterError::Webhook { name: "w.example.com".into(), why: "refused".into() };
    bench.fail("ConfigMap default/behind", webhook, u32::MAX);
    let (behind, after, free) = (config("behind"), config("after"), config("free"));
    let samples = [
        sample(&behind, Stage::Definitions, vec![]),
        sample(&after, Stage::Edge, vec![need(&behind, Until::Applied)]),
        sample(&free, Stage::Edge, vec![]),
    ];
    let outcome = bench.replay_samples(&samples).unwrap();
    assert_eq!(outcome.kind(), Some(Kind::Incomplete));
    assert_eq!((outcome.failed[0].code.as_str(), outcome.held.len()), ("B1111", 1));
    assert_eq!(bench.cluster.applied(), ["ConfigMap default/free"]);
}

#[test]
fn an_outage_is_waited_out_and_counts_against_nobody() {
    let bench = Bench::new();
    let lost = ClusterError::Unreachable { server: "memory".into(), why: "gone".into() };
    bench.fail("ConfigMap default/a", lost, 1);
    bench.cluster.lose_answers("ConfigMap default/b", 1);
    let samples = ["a", "b", "c"].map(|name| sample(&config(name), Stage::Edge, vec![]));
    let outcome = bench.replay_samples(&samples).unwrap();
    assert_eq!((outcome.verdict(), outcome.applied()), (Verdict::Complete, 3), "{outcome:?}");
}

#[test]
fn an_outage_that_does_not_end_ends_the_run_so_that_it_can_be_resumed() {
    let bench = Bench::new();
    let planned = Planned::sample(binding(), &[sample(&config("a"), Stage::Edge, vec![])]);
    // Gone for good after two calls.
    let calls = AtomicU64::new(0);
    let gone = Hooked::new(&bench.cluster, |_| {
        if calls.fetch_add(1, Ordering::SeqCst) >= 2 {
            bench.cluster.go_away(1);
        }
    });
    let error =
        onto_cluster(approved(planned), &gone, &bench.options, None, bench.around()).unwrap_err();
    assert_eq!((error.about().code, error.about().kind), ("B1505", Kind::Incomplete));
    assert_eq!(error.progress(), Some((0, 1)));
    assert!(bench.waits().iter().any(|wait| wait.starts_with("the API server")));
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
fn a_person_may_leave_out_take_over_and_stop_in_between() {
    let bench =
        Bench { options: Options { hold_after: Some(1), ..Options::default() }, ..Bench::new() };
    let (a, b, c) = (config("a"), config("b"), config("c"));
    let samples = [
        sample(&a, Stage::Definitions, vec![]),
        sample(&b, Stage::Definitions, vec![need(&a, Until::Ready)]),
        sample(&c, Stage::Edge, vec![]),
    ];
    let outcome = bench.replay_samples(&samples).unwrap();
    assert_eq!((outcome.open, outcome.held_after), (1, Some(1)));
    assert_eq!(outcome.kind(), Some(Kind::Incomplete));
    assert!(bench.seen.events().contains(&Event::RunHeld { wave: 1 }));
    assert_eq!(bench.cluster.applied(), ["ConfigMap default/a", "ConfigMap default/b"]);

    let bench = Bench::new();
    let field = FieldConflict { field: ".data.k".into(), manager: "helm".into() };
    bench.fail("ConfigMap default/a", ClusterError::Conflict { fields: vec![field] }, 1);
    let skip = Skip { object: "ConfigMap/default/a".parse().unwrap(), reason: "later".into() };
    let exclude = vec!["*/default/c".parse().unwrap()];
    let choices = Choices { skip: vec![skip], exclude, ..Choices::default() };
    let bench = Bench { options: Options { choices, ..Options::default() }, ..bench };
    let outcome = bench.replay_samples(&samples).unwrap();
    assert_eq!((outcome.verdict(), outcome.left_out.len()), (Verdict::Complete, 2));
    assert_eq!(bench.cluster.applied(), ["ConfigMap default/b"], "b goes on without a");

    let only = vec!["ConfigMap/default/a".parse().unwrap()];
    let choices = Choices { only, ..Choices::default() };
    let bench = Bench { options: Options { choices, ..Options::default() }, ..Bench::new() };
    let outcome = bench.replay_samples(&samples).unwrap();
    assert_eq!((outcome.verdict(), outcome.left_out.len()), (Verdict::Complete, 2));
    assert_eq!(bench.cluster.applied(), ["ConfigMap default/a"]);
}

/// Asks to hold as soon as a wave begins.
struct Holder<'a>(&'a Recording, &'a Cancel);

impl Observer for Holder<'_> {
    fn event(&self, event: &Event) {
        if matches!(event, Event::WaveStarted { .. }) {
            self.1.hold(true);
        }
        self.0.event(event);
    }
}

#[test]
fn a_wave_that_is_under_way_is_finished_before_the_run_holds() {
    let bench = Bench::new();
    bench.cluster.lag(3);
    let (a, b, c) = (config("a"), config("b"), config("c"));
    let samples = [
        sample(&a, Stage::Definitions, vec![]),
        sample(&b, Stage::Definitions, vec![need(&a, Until::Ready)]),
        sample(&c, Stage::Edge, vec![]),
    ];
    let holder = Holder(&bench.seen, &bench.cancel);
    let around = Around { clock: &bench.clock, observer: &holder, cancel: &bench.cancel };
    let approved = approved(Planned::sample(binding(), &samples));
    let outcome = onto_cluster(approved, &bench.cluster, &bench.options, None, around).unwrap();
    assert_eq!((outcome.created, outcome.open, outcome.held_after), (2, 1, Some(1)));
    assert!(outcome.failed.is_empty() && outcome.not_ready.is_empty(), "{outcome:?}");
    assert_eq!(outcome.kind(), Some(Kind::Incomplete));
    let finished = |event: &Event| matches!(event, Event::WaveFinished { wave: 1, open: 0, .. });
    let events = bench.seen.events();
    assert!(events.iter().any(finished), "{events:?}");
    assert!(events.contains(&Event::RunHeld { wave: 1 }));
    assert_eq!(bench.cluster.applied(), ["ConfigMap default/a", "ConfigMap default/b"]);
}

/// Asks to hold as soon as a wave begins, and takes it back once the run has heard of that.
struct Waverer<'a>(&'a Recording, &'a Cancel);

impl Observer for Waverer<'_> {
    fn event(&self, event: &Event) {
        match event {
            Event::WaveStarted { wave: 1, .. } => self.1.hold(true),
            Event::Holding { after: Some(_) } => self.1.hold(false),
            _ => {}
        }
        self.0.event(event);
    }
}

#[test]
fn a_hold_that_is_taken_back_is_no_hold() {
    let bench = Bench::new();
    bench.cluster.lag(3);
    let (a, b, c) = (config("a"), config("b"), config("c"));
    let samples = [
        sample(&a, Stage::Definitions, vec![]),
        sample(&b, Stage::Definitions, vec![need(&a, Until::Ready)]),
        sample(&c, Stage::Edge, vec![]),
    ];
    let waverer = Waverer(&bench.seen, &bench.cancel);
    let around = Around { clock: &bench.clock, observer: &waverer, cancel: &bench.cancel };
    let approved = approved(Planned::sample(binding(), &samples));
    let outcome = onto_cluster(approved, &bench.cluster, &bench.options, None, around).unwrap();
    let (verdict, held) = (outcome.verdict(), outcome.held_after);
    assert_eq!((verdict, outcome.created, held), (Verdict::Complete, 3, None));
    let events = bench.seen.events();
    assert!(events.contains(&Event::Holding { after: Some(1) }), "{events:?}");
    assert!(events.contains(&Event::Holding { after: None }), "{events:?}");
    assert!(!events.iter().any(|event| matches!(event, Event::RunHeld { .. })), "{events:?}");
}

#[test]
fn only_the_named_object_takes_over_fields_of_others() {
    let bench = Bench::new();
    let held = |name: &str| {
        let mut value = config(name).into_value();
        value["data"] = json!({"k": "theirs"});
        let theirs = Object::from_value(value.clone()).unwrap();
        bench.cluster.put(&theirs);
        bench.cluster.hold(theirs.reference(), "/data/k", "helm");
        value["data"]["k"] = "ours".into();
        Object::from_value(value).unwrap()
    };
    let samples = ["a", "b"].map(|name| sample(&held(name), Stage::Edge, vec![]));
    let force_conflicts = vec!["ConfigMap/default/a".parse().unwrap()];
    let choices = Choices { force_conflicts, ..Choices::default() };
    let options = Options { choices, ..Options::default() };
    let bench = Bench { options, ..bench };
    let outcome = bench.replay_samples(&samples).unwrap();
    let failed: Vec<_> =
        outcome.failed.iter().map(|f| (f.object.as_str(), f.code.as_str())).collect();
    assert_eq!(failed, [("ConfigMap default/b", "B1108")]);
    let content = bench.cluster.content();
    let value = |sample: &Sample| content[sample.object.reference()]["data"]["k"].clone();
    assert_eq!(samples.iter().map(value).collect::<Vec<_>>(), ["ours", "theirs"]);
}

#[test]
fn a_name_that_fits_nothing_is_a_slip_and_nothing_is_done() {
    let force_conflicts = vec!["ConfigMap/default/z".parse().unwrap()];
    let choices = Choices { force_conflicts, ..Choices::default() };
    let bench = Bench { options: Options { choices, ..Options::default() }, ..Bench::new() };
    let error = bench.replay_samples(&[sample(&config("a"), Stage::Edge, vec![])]).unwrap_err();
    assert_eq!((error.about().code, error.about().kind), ("B1504", Kind::Usage));
    assert!(bench.cluster.applied().is_empty());
}

#[test]
fn a_job_is_complete_when_that_is_asked_and_a_failed_one_is_told_at_once() {
    let job = object("batch/v1", "Job", Some("default"), "job", Value::Null);
    let started = json!({"startTime": "2026-11-26T12:00:00Z"});
    let run = |status: Value, jobs_complete: bool| {
        let choices = Choices { jobs_complete, ..Choices::default() };
        let bench = Bench { options: Options { choices, ..Options::default() }, ..Bench::new() };
        bench.cluster.report("Job default/job", 1, status);
        let outcome = bench.replay_samples(&[sample(&job, Stage::Edge, vec![])]).unwrap();
        (outcome.verdict(), bench.clock.elapsed())
    };
    assert_eq!(run(started.clone(), false).0, Verdict::Complete);
    assert_eq!(run(started, true).0, Verdict::Incomplete);
    let failed = json!({"conditions": [{"type": "Failed", "status": "True"}]});
    let (verdict, elapsed) = run(failed, true);
    assert_eq!(verdict, Verdict::Incomplete);
    assert!(elapsed < Duration::from_mins(1), "{elapsed:?}");
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

#[test]
fn a_wave_may_have_a_limit() {
    let options = Options { wave_limit: Some(Duration::from_secs(20)), ..Options::default() };
    let bench = Bench { options, ..Bench::new() };
    let outcome = bench.replay_samples(&[sample(&deployment("web"), Stage::Edge, vec![])]).unwrap();
    assert!(outcome.not_ready[0].why.contains("its wave took longer"), "{outcome:?}");
    assert!(bench.clock.elapsed() < Duration::from_mins(1));
}

/// A definition whose column says that its objects report readiness.
fn reporting(named: &Object) -> Object {
    named.clone().changed(|value| {
        let path = ".status.conditions[?(@.type==\"Ready\")].status";
        value["spec"]["versions"][0]["additionalPrinterColumns"] =
            json!([{"name": "Ready", "type": "string", "jsonPath": path}]);
    })
}

#[test]
fn a_custom_object_without_a_status_waits_where_its_definition_shows_one() {
    let widget = || object("example.com/v1", "Widget", Some("default"), "w", json!({"size": 1}));
    let ready = json!({"conditions": [{"type": "Ready", "status": "True"}]});
    let reports = |in_plan: bool, answers: bool| {
        let bench = Bench::new();
        let definition = reporting(&definition());
        if !in_plan {
            bench.replay(std::slice::from_ref(&definition));
        }
        if answers {
            bench.cluster.report("Widget default/w", 4, ready.clone());
        }
        let mut objects = vec![widget()];
        objects.extend(in_plan.then_some(definition));
        bench.replay(&objects)
    };
    for in_plan in [true, false] {
        assert_eq!(reports(in_plan, true).verdict(), Verdict::Complete, "{in_plan}");
        let outcome = reports(in_plan, false);
        let late = &outcome.not_ready[0];
        assert_eq!(late.object, "Widget default/w", "{outcome:?}");
        assert!(late.why.contains("its controller has not reported yet"), "{outcome:?}");
    }
    // A definition that shows none: nothing is known, so nothing is waited for.
    let bench = Bench::new();
    assert_eq!(bench.replay(&[widget(), definition()]).verdict(), Verdict::Complete);
}

#[test]
fn a_kind_that_is_never_served_is_told_by_its_definition() {
    let bench = Bench::new();
    bench.cluster.lag(u32::MAX);
    let outcome = bench.replay(&estate());
    let definition = "CustomResourceDefinition widgets.example.com";
    let failed = &outcome.failed[0];
    assert_eq!((&failed.object[..], &failed.code[..]), (definition, "B1502"), "{outcome:?}");
    assert!(failed.why.contains("not served yet"), "{outcome:?}");
    let held = (&outcome.held[0].object[..], &outcome.held[0].why[..]);
    assert_eq!(held, ("Widget shop/w", &format!("it needs {definition}")[..]));
    assert_eq!((outcome.created, outcome.verdict()), (4, Verdict::Incomplete));
}
