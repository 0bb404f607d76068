//! What is waited for, what is given up, and what is held because of it.

use super::*;

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
fn what_is_there_from_earlier_does_not_count_as_waited_for() {
    let bench = Bench::new();
    let there = ["a", "b", "c"].map(deployment);
    for name in ["a", "b", "c"] {
        bench.cluster.report(&format!("Deployment default/{name}"), 1, running());
    }
    assert_eq!(bench.replay(&there).verdict(), Verdict::Complete);
    let before = bench.seen.events().len();
    bench.fail("ConfigMap default/late", busy(), 14);
    let outcome = bench.replay(&[there.to_vec(), vec![config("late")]].concat());
    assert_eq!((outcome.verdict(), outcome.unchanged), (Verdict::Complete, 3));
    let events = bench.seen.events();
    let told = events[before..].iter().filter_map(|event| match event {
        Event::Waiting { object, others, .. } => Some((object.as_str(), *others)),
        _ => None,
    });
    let told: Vec<_> = told.collect();
    assert!(!told.is_empty());
    assert!(told.iter().all(|one| *one == ("ConfigMap default/late", 0)), "{told:?}");
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
