//! What a person chooses: objects left out or taken over, and a hold.

use super::*;

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

/// Replays two waves, the first of which takes a while to become ready.
fn two_waves(bench: &Bench, observer: &dyn Observer) -> Outcome {
    bench.cluster.lag(3);
    let (a, b, c) = (config("a"), config("b"), config("c"));
    let samples = [
        sample(&a, Stage::Definitions, vec![]),
        sample(&b, Stage::Definitions, vec![need(&a, Until::Ready)]),
        sample(&c, Stage::Edge, vec![]),
    ];
    let around = Around { clock: &bench.clock, observer, cancel: &bench.cancel };
    let approved = approved(Planned::sample(binding(), &samples));
    onto_cluster(approved, &bench.cluster, &bench.options, None, around).unwrap()
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
    let outcome = two_waves(&bench, &Holder(&bench.seen, &bench.cancel));
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
    let outcome = two_waves(&bench, &Waverer(&bench.seen, &bench.cancel));
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
