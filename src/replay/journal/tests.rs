//! Runs that are cut off anywhere, and go on.

use std::collections::HashMap;
use std::io::Write as _;
use std::sync::Mutex;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::cluster::{
    Applied, ApplyOptions, Cluster, ClusterError, Fault, Identity, Kinds, MemoryCluster, ServedKind,
};
use crate::model::clock::{Clock as _, Timestamp};
use crate::model::event::Event;
use crate::model::explain::{Explain as _, Kind};
use crate::object::{Object, ObjectRef, Stage, Status, status_of};
use crate::plan::sample::Sample;
use crate::plan::{Plan, Planned, Until};
use crate::replay::tests::{Bench, approved, binding, need, object, running};
use crate::replay::{Around, Choices, Holder, Kept, Outcome, ReplayError, Verdict, onto_cluster};

const NOW: i64 = 1_795_000_000;

fn opening(run: &str, plan: &Plan) -> Opening {
    Opening {
        format_version: Opening::current_version(),
        run: run.into(),
        tool: "test".into(),
        operator: "me@here".into(),
        bundle: plan.bundle,
        seq: 7,
        plan: plan.digest(),
        objects: plan.items().count(),
        target: plan.target.clone(),
        accepted: Vec::new(),
        consent: Consent { typed: Some("lab".into()), seen: "plan".into() },
        choices: Choices::default(),
        place: String::new(),
    }
}

/// A cluster that notes every write whose needs did not hold.
struct Strict<'a> {
    inner: &'a MemoryCluster,
    needs: HashMap<ObjectRef, Vec<(ObjectRef, Until)>>,
    broken: Mutex<Vec<String>>,
}

impl<'a> Strict<'a> {
    fn new(inner: &'a MemoryCluster, samples: &[Sample]) -> Self {
        let needs = samples.iter().map(|sample| {
            let needs = sample.needs.iter().map(|need| (named(samples, &need.object), need.until));
            (sample.object.named().reference().clone(), needs.collect())
        });
        Self { inner, needs: needs.collect(), broken: Mutex::default() }
    }

    fn check(&self, object: &Object) {
        let content = self.inner.content();
        for (needed, until) in self.needs.get(object.reference()).into_iter().flatten() {
            let live = content.get(needed);
            let holds =
                live.is_some() && (*until == Until::Applied || status_of(live) == Status::Current);
            if !holds {
                let text = format!("{} before {needed} was {until:?}", object.reference());
                self.broken.lock().unwrap().push(text);
            }
        }
    }
}

fn named(samples: &[Sample], reference: &ObjectRef) -> ObjectRef {
    let found = samples.iter().find(|sample| sample.object.reference() == reference).unwrap();
    found.object.named().reference().clone()
}

impl Cluster for Strict<'_> {
    fn identity(&self) -> Result<Identity, ClusterError> {
        self.inner.identity()
    }
    fn kinds(&self) -> Result<Kinds, ClusterError> {
        self.inner.kinds()
    }
    fn get(
        &self,
        kind: &ServedKind,
        namespace: Option<&str>,
        name: &str,
    ) -> Result<Option<Value>, ClusterError> {
        self.inner.get(kind, namespace, name)
    }
    fn list(&self, kind: &ServedKind) -> Result<Vec<Value>, ClusterError> {
        self.inner.list(kind)
    }
    fn apply(
        &self,
        kind: &ServedKind,
        object: &Object,
        options: &ApplyOptions,
    ) -> Result<Applied, ClusterError> {
        self.check(object);
        self.inner.apply(kind, object, options)
    }
    fn create(&self, kind: &ServedKind, object: &Object) -> Result<Applied, ClusterError> {
        self.check(object);
        self.inner.create(kind, object)
    }
    fn replace(&self, kind: &ServedKind, object: &Object) -> Result<Applied, ClusterError> {
        self.inner.replace(kind, object)
    }
    fn may(&self, verb: &str, kind: &ServedKind) -> Result<bool, ClusterError> {
        self.inner.may(verb, kind)
    }
}

/// One session of a run: it ends, or the power goes after `cut` lines of the journal.
fn session(
    bench: &Bench,
    cluster: &dyn Cluster,
    samples: &[Sample],
    runs: &Runs,
    cut: Option<u64>,
) -> Result<Outcome, ReplayError> {
    let planned = Planned::sample(binding(), samples);
    let path = runs.folder("run");
    let now = bench.clock.now();
    let (_folder, journal, past) = if path.exists() {
        let (folder, journal, past, plan) = Folder::open(&path)?;
        assert_eq!(plan.digest(), planned.plan().digest());
        let choices = Box::new(past.choices.clone());
        let record = Record::Resumed { tool: "t".into(), operator: "o".into(), choices };
        journal.write(record, now)?;
        (folder, journal, Some(past))
    } else {
        let (folder, journal) = runs.create(opening("run", planned.plan()), planned.plan(), now)?;
        (folder, journal, None)
    };
    if let Some(cut) = cut {
        journal.cut_after(cut);
    }
    let holder = Holder { run: "run".into(), operator: "me".into(), seat: "here".into() };
    let kept = Kept { journal: &journal, past: past.as_ref(), holder: &holder, ended: &|_| {} };
    let around = Around { clock: &bench.clock, observer: &bench.seen, cancel: &bench.cancel };
    onto_cluster(approved(planned), cluster, &bench.options, Some(kept), around)
}

fn lines(runs: &Runs) -> u64 {
    let text = std::fs::read_to_string(runs.folder("run").join("journal.jsonl")).unwrap();
    text.lines().count() as u64
}

/// What a run leaves on the target, without the lease.
fn left(cluster: &MemoryCluster) -> Vec<(ObjectRef, Value)> {
    let ours = |reference: &ObjectRef| {
        reference.namespace.as_deref() == Some("blackstart-system")
            || reference.name == "blackstart-system"
    };
    cluster.content().into_iter().filter(|(reference, _)| !ours(reference)).collect()
}

fn estate() -> Vec<Sample> {
    let job = json!({"apiVersion": "batch/v1", "kind": "Job",
                     "metadata": {"generateName": "migrate-", "namespace": "default"}});
    let job = Object::from_value(job).unwrap();
    let hook = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {
        "name": "hook", "namespace": "default", "annotations": {"helm.sh/hook": "post-install"}}});
    let hook = Object::from_value(hook).unwrap();
    let web = object("apps/v1", "Deployment", Some("default"), "web", json!({"replicas": 1}));
    let config = object("v1", "ConfigMap", Some("default"), "after", Value::Null);
    let one = |object: &Object, stage, needs| Sample { object: object.clone(), stage, needs };
    vec![
        one(&job, Stage::Definitions, vec![]),
        one(&web, Stage::Definitions, vec![need(&job, Until::Applied)]),
        one(&hook, Stage::Edge, vec![need(&web, Until::Ready)]),
        one(&config, Stage::Edge, vec![need(&hook, Until::Applied)]),
    ]
}

fn cluster() -> MemoryCluster {
    let cluster = MemoryCluster::new("u-1");
    cluster.report("Deployment default/web", 2, running());
    let started = json!({"startTime": "2026-11-26T12:00:00Z"});
    cluster.report("Job default/hook", 0, started.clone());
    let name = estate()[0].object.named().reference().to_string();
    cluster.report(&name, 0, started);
    cluster
}

#[test]
fn a_run_that_is_cut_after_any_record_goes_on_and_makes_nothing_twice() {
    let samples = estate();
    let whole = cluster();
    let (bench, home) = (Bench::new(), tempfile::tempdir().unwrap());
    let runs = Runs::new(home.path());
    let outcome = session(&bench, &whole, &samples, &runs, None).unwrap();
    assert_eq!((outcome.verdict(), outcome.created), (Verdict::Complete, 4));
    let total = lines(&runs);
    assert!(total > 10, "{total}");
    for cut in 1..total {
        for torn in ["", "{\"n\":"] {
            let cluster = cluster();
            cluster.lose_answers("Job default/hook", u32::from(cut % 2 == 0));
            let strict = Strict::new(&cluster, &samples);
            let (bench, home) = (Bench::new(), tempfile::tempdir().unwrap());
            let runs = Runs::new(home.path());
            let _ = session(&bench, &strict, &samples, &runs, Some(cut)).unwrap_err();
            let at = runs.folder("run").join("journal.jsonl");
            let mut file = std::fs::OpenOptions::new().append(true).open(at).unwrap();
            file.write_all(torn.as_bytes()).unwrap();
            let outcome = session(&bench, &strict, &samples, &runs, None).unwrap();
            assert_eq!(outcome.verdict(), Verdict::Complete, "cut after {cut}: {outcome:?}");
            assert_eq!(outcome.there(), 4);
            assert_eq!(left(&cluster), left(&whole), "cut after {cut}");
            let made = cluster.applied();
            for once in [&samples[0].object, &samples[2].object] {
                let name = once.named().reference().to_string();
                assert_eq!(made.iter().filter(|made| **made == name).count(), 1, "{name}");
            }
            assert_eq!(*strict.broken.lock().unwrap(), [""; 0], "cut after {cut}");
        }
    }
}

/// A graph in which each object may need some of those before it.
fn graphs() -> impl Strategy<Value = Vec<Sample>> {
    let one = (
        0..3_usize,
        0..3_usize,
        prop::collection::vec((any::<prop::sample::Index>(), 0..3_usize), 0..3),
    );
    prop::collection::vec(one, 2..12).prop_map(|specs| {
        let mut samples: Vec<Sample> = Vec::new();
        for (index, (kind, stage, needs)) in specs.into_iter().enumerate() {
            let name = format!("n-{index}");
            let made = match kind {
                0 => object("v1", "ConfigMap", Some("default"), &name, Value::Null),
                1 => {
                    object("apps/v1", "Deployment", Some("default"), &name, json!({"replicas": 1}))
                }
                _ => {
                    Object::from_value(json!({"apiVersion": "batch/v1", "kind": "Job", "metadata":
                    {"generateName": format!("{name}-"), "namespace": "default"}}))
                    .unwrap()
                }
            };
            let needs = needs.into_iter().filter(|_| !samples.is_empty());
            let needs = needs.map(|(at, until)| {
                let until = [Until::Applied, Until::Served, Until::Ready][until];
                need(&at.get(&samples).object, until)
            });
            let needs = needs.collect();
            let stage = [Stage::Definitions, Stage::Custom, Stage::Edge][stage];
            samples.push(Sample { object: made, stage, needs });
        }
        samples
    })
}

fn with_controllers(samples: &[Sample]) -> MemoryCluster {
    let cluster = MemoryCluster::new("u-1");
    for (index, sample) in samples.iter().enumerate() {
        let name = sample.object.named().reference().to_string();
        let status = match sample.object.reference().kind.as_str() {
            "Deployment" => running(),
            "Job" => json!({"startTime": "2026-11-26T12:00:00Z"}),
            _ => continue,
        };
        cluster.report(&name, u32::try_from(index % 3).unwrap(), status);
    }
    cluster
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn random_graphs_cut_at_random_end_as_if_they_were_not(
        samples in graphs(),
        cuts in prop::collection::vec(1..14_u64, 1..4),
    ) {
        let whole = with_controllers(&samples);
        let strict = Strict::new(&whole, &samples);
        let (bench, home) = (Bench::new(), tempfile::tempdir().unwrap());
        session(&bench, &strict, &samples, &Runs::new(home.path()), None).unwrap();
        prop_assert_eq!(&*strict.broken.lock().unwrap(), &[""; 0]);

        let cluster = with_controllers(&samples);
        let strict = Strict::new(&cluster, &samples);
        let (bench, home) = (Bench::new(), tempfile::tempdir().unwrap());
        let runs = Runs::new(home.path());
        let mut complete = false;
        for cut in cuts.into_iter().map(Some).chain([None]) {
            let begun = if runs.folder("run").exists() { lines(&runs) } else { 0 };
            match session(&bench, &strict, &samples, &runs, cut.map(|cut| begun + cut + 1)) {
                Ok(outcome) => {
                    prop_assert_eq!(outcome.verdict(), Verdict::Complete, "{:?}", outcome);
                    complete = true;
                    break;
                }
                Err(error) => prop_assert!(cut.is_some(), "{error}"),
            }
        }
        prop_assert!(complete);
        prop_assert_eq!(left(&cluster), left(&whole));
        prop_assert_eq!(&*strict.broken.lock().unwrap(), &[""; 0]);
        let made = cluster.applied();
        for sample in samples.iter().filter(|sample| sample.object.generates_name()) {
            let name = sample.object.named().reference().to_string();
            prop_assert_eq!(made.iter().filter(|made| **made == name).count(), 1);
        }
    }
}

fn written() -> (tempfile::TempDir, Vec<u8>) {
    let (bench, home) = (Bench::new(), tempfile::tempdir().unwrap());
    let runs = Runs::new(home.path());
    session(&bench, &cluster(), &estate(), &runs, None).unwrap();
    let bytes = std::fs::read(runs.folder("run").join("journal.jsonl")).unwrap();
    (home, bytes)
}

#[test]
fn a_torn_last_line_is_accepted_and_a_broken_chain_is_not() {
    let (_home, bytes) = written();
    let whole = Past::read(&bytes).unwrap();
    assert!(whole.is_complete() && !whole.torn && whole.there() == 4);
    let torn = Past::read(&bytes[..bytes.len() - 3]).unwrap();
    assert!(torn.torn && !torn.is_complete());
    assert_eq!(torn.there(), 4);
    let code = |bytes: &[u8]| {
        let error = Past::read(bytes).unwrap_err();
        (error.about().code, error.about().kind)
    };
    let broken = ("B1512", Kind::Integrity);
    let text = String::from_utf8(bytes.clone()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    for left_out in 0..lines.len() - 1 {
        let mut fewer = lines.clone();
        fewer.remove(left_out);
        assert_eq!(code((fewer.join("\n") + "\n").as_bytes()), broken, "line {left_out}");
    }
    let swapped = text.replace("\"action\":\"created\"", "\"action\":\"unchanged\"");
    assert_ne!(swapped, text);
    assert_eq!(code(swapped.as_bytes()), broken);
    assert_eq!(code(b""), broken);
    assert_eq!(code(b"{}\n"), broken);
}

#[test]
fn what_was_found_counts_as_there_and_what_is_left_out_does_not() {
    let mut past = Past::read(&written().1).unwrap();
    let counts = |past: &Past| (past.there(), past.left_out());
    let now = Timestamp::from_unix(NOW);
    assert_eq!(counts(&past), (4, 0));
    past.take(Record::Found { items: vec![7, 8] }, now);
    assert_eq!(counts(&past), (6, 0));
    for item in [0, 7, 9] {
        past.take(Record::LeftOut { item, reason: "why".into() }, now);
    }
    assert_eq!(counts(&past), (4, 3), "neither a thing that was there nor one that was not");
    past.take(Record::Failed { item: 10, code: "B1502".into() }, now);
    past.take(Record::Held { item: 11, needs: 10 }, now);
    assert_eq!(
        (past.items[&10].failed.as_deref(), past.items[&11].held),
        (Some("B1502"), Some(10))
    );
    let (tool, operator) = (String::new(), String::new());
    past.take(Record::Resumed { tool, operator, choices: Box::default() }, now);
    assert_eq!(past.items[&11].held, None, "it may be tried again");
    assert_eq!(counts(&past), (4, 3));
}

#[test]
fn an_end_is_told_before_the_journal_says_it() {
    let (bench, home) = (Bench::new(), tempfile::tempdir().unwrap());
    let runs = Runs::new(home.path());
    let planned = Planned::sample(binding(), &estate());
    let now = Timestamp::from_unix(NOW);
    let opened = runs.create(opening("run", planned.plan()), planned.plan(), now).unwrap();
    let holder = Holder { run: "run".into(), operator: "me".into(), seat: "here".into() };
    let told = std::sync::Mutex::new(Vec::new());
    let ended = |outcome: &Outcome| {
        let finished = Past::of(&runs.folder("run")).unwrap().finished;
        told.lock().unwrap().push((outcome.created, finished));
    };
    let kept = Kept { journal: &opened.1, past: None, holder: &holder, ended: &ended };
    let around = Around { clock: &bench.clock, observer: &bench.seen, cancel: &bench.cancel };
    onto_cluster(approved(planned), &cluster(), &bench.options, Some(kept), around).unwrap();
    assert_eq!(*told.lock().unwrap(), [(4, None)]);
    assert!(Past::of(&runs.folder("run")).unwrap().is_complete());
}

#[test]
fn a_journal_holds_no_values() {
    let home = tempfile::tempdir().unwrap();
    let mut value = object("v1", "Secret", Some("default"), "s", Value::Null).into_value();
    value["stringData"] = json!({"password": "hunter2"});
    let secret = Object::from_value(value).unwrap();
    let samples = [Sample { object: secret, stage: Stage::Edge, needs: vec![] }];
    let runs = Runs::new(home.path());
    session(&Bench::new(), &MemoryCluster::new("u-1"), &samples, &runs, None).unwrap();
    for file in ["journal.jsonl", "plan.json"] {
        let text = std::fs::read_to_string(runs.folder("run").join(file)).unwrap();
        assert!(text.contains("Secret") && !text.contains("hunter2"), "{file}");
    }
}

#[test]
fn a_complete_run_a_running_one_and_another_plan_are_refused() {
    let (home, _) = written();
    let runs = Runs::new(home.path());
    let code = |result: Result<_, ReplayError>| {
        let error = result.map(|_: (Folder, Journal, Past, Plan)| ()).unwrap_err();
        (error.about().code, error.about().kind.exit_code())
    };
    assert_eq!(code(Folder::open(&runs.folder("run"))), ("B1511", 2));
    assert_eq!(code(Folder::open(&runs.folder("other"))), ("B1510", 2));
    let now = Timestamp::from_unix(NOW);
    let planned = Planned::sample(binding(), &estate());
    let opened = runs.create(opening("held", planned.plan()), planned.plan(), now).unwrap();
    assert!(Runs::is_running(&runs.folder("held")));
    assert_eq!(code(Folder::open(&runs.folder("held"))), ("B1509", 11));
    drop(opened);
    assert!(!Runs::is_running(&runs.folder("held")));
    let other = Planned::sample(binding(), &estate()[..1]);
    std::fs::write(runs.folder("held").join("plan.json"), other.plan().to_file()).unwrap();
    assert_eq!(code(Folder::open(&runs.folder("held"))), ("B1515", 5));
    assert_eq!(runs.list().unwrap().len(), 2);
}

#[test]
fn a_run_needs_no_copy_of_its_journal_in_the_cluster() {
    let (bench, home) = (Bench::new(), tempfile::tempdir().unwrap());
    let (runs, samples) = (Runs::new(home.path()), estate());
    let cluster = cluster();
    let error = ClusterError::Forbidden { why: "not here".into() };
    let object = "ConfigMap blackstart-system/run-run".to_owned();
    cluster.fail(Fault { object, error, times: u32::MAX });
    let outcome = session(&bench, &cluster, &samples, &runs, None).unwrap();
    assert_eq!(outcome.verdict(), Verdict::Complete, "{outcome:?}");
    let told = |event: &Event| matches!(event, Event::Notice { code: "B1520", .. });
    assert_eq!(bench.seen.events().iter().filter(|event| told(event)).count(), 1);
}
