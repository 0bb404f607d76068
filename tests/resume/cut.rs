//! kill -9 in the middle, and on from a copy of the journal in another home; signals; a journal
//! that was changed.

use std::process::Command;

use serde_json::{Value, json};

use crate::place::{add, kit, records, replay, run_folder, settings, signal, start, until};
use crate::support::cluster::Lab;
use crate::support::sandbox::finish;

const OBJECTS: usize = 121;

#[test]
fn a_killed_run_goes_on_from_a_copy_of_its_folder_in_another_home() {
    let kit = kit(&settings(OBJECTS - 1));
    let lab = Lab::without_controllers();
    add(&kit, &lab, "disposable");
    let state = kit.sandbox.path("home/state");
    let args = replay(&kit, &["--api-qps", "40"]);
    let mut child = start(&kit, &args, &kit.sandbox.path("errors"));
    let mut folder = None;
    until("half of the run", || {
        folder = run_folder(&state);
        folder.as_ref().is_some_and(|folder| records(folder, "intent") > OBJECTS / 2)
    });
    child.kill().unwrap();
    child.wait().unwrap();
    let folder = folder.unwrap();
    let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
    let half = records(&folder, "intent");
    assert!(half < OBJECTS, "it was cut");

    let listed = kit.run(&["runs", "--json"]).ok().json();
    assert_eq!(listed["runs"][0]["state"], "cut-off", "{listed}");
    assert!(listed["runs"][0]["next"].as_str().unwrap().contains(&name));

    // Another laptop: another home, without the target's card; the journal's folder on a stick.
    let stick = kit.sandbox.path("stick");
    std::fs::create_dir(&stick).unwrap();
    let copied = Command::new("cp").arg("-a").arg(&folder).arg(&stick).status().unwrap();
    assert!(copied.success());
    let copy = stick.join(&name);
    let resume = |folder: &str| {
        let mut command = kit.sandbox.program(env!("CARGO_BIN_EXE_blackstart"));
        command.current_dir(kit.sandbox.path("work")).env("HOME", kit.sandbox.path("other"));
        for variable in ["CONFIG", "STATE", "CACHE"] {
            command.env(format!("XDG_{variable}_HOME"), kit.sandbox.path("other").join(variable));
        }
        command.args(["resume", folder, "--json", "--identity", kit.identity.to_str().unwrap()]);
        command.args(["--store", kit.store().to_str().unwrap()]);
        finish(command.args(["--trust-root", &kit.trust_root()]))
    };
    let report = resume(copy.to_str().unwrap()).ok().json();
    assert_eq!(report["verdict"], "complete", "{report}");
    let done = |field: &str| report[field].as_u64().unwrap();
    assert_eq!(done("created") + done("configured") + done("earlier"), OBJECTS as u64, "{report}");
    assert!(done("earlier") > 0, "{report}");
    assert!(!copy.join("targets").exists(), "credentials stay no longer than they are needed");

    let again = kit.open(&["plan", "latest", "--target", "lab", "--json"]).ok().json();
    assert_eq!(again["counts"]["unchanged"], OBJECTS, "{again}");
    let nothing = json!([again["counts"]["new"], again["counts"]["changed"]]);
    assert_eq!(nothing, json!([0, 0]), "{again}");
    resume(copy.to_str().unwrap()).exits(2).says("nothing is left to do");
}

#[test]
fn signals_stop_a_run_at_a_safe_point_and_say_how_to_go_on() {
    let kit = kit(&settings(40));
    let lab = Lab::without_controllers();
    add(&kit, &lab, "disposable");
    let state = kit.sandbox.path("home/state");
    let args = replay(&kit, &["--api-qps", "20", "--concurrency", "2"]);
    for (name, code) in [("TERM", 143), ("INT", 130)] {
        let errors = kit.sandbox.path(name);
        let resume = ["resume", "--identity", kit.identity.to_str().unwrap(), "--api-qps", "20"];
        let first = name == "TERM";
        let mut child = start(&kit, if first { &args } else { &resume }, &errors);
        let before = run_folder(&state).map_or(0, |folder| records(&folder, "done"));
        until("some objects", || {
            run_folder(&state).is_some_and(|folder| records(&folder, "done") > before + 4)
        });
        signal(child.id(), name);
        assert_eq!(child.wait().unwrap().code(), Some(code));
        let said = std::fs::read_to_string(&errors).unwrap();
        assert!(said.contains("of 41 objects are there"), "{said}");
        assert!(said.contains("next  blackstart resume 2"), "{said}");
        let folder = run_folder(&state).unwrap();
        assert_eq!(records(&folder, "stopped"), if first { 1 } else { 2 });
        let intents = records(&folder, "intent");
        assert_eq!(intents, records(&folder, "done"), "calls in flight were finished");
    }
    kit.open(&["resume"]).ok();
    kit.open(&["resume"]).exits(2).says("no run is unfinished");
}

#[test]
fn a_changed_journal_another_bundle_and_another_plan_are_refused() {
    let kit = kit(&settings(6));
    let lab = Lab::without_controllers();
    add(&kit, &lab, "disposable");
    let held = kit.run(&replay(&kit, &["--hold-after", "1", "--json"])).exits(3).json();
    let run = held["run"].as_str().unwrap().to_owned();
    assert_eq!((&held["open"], &held["held_after"]), (&json!(6), &json!(1)), "{held}");
    let folder = run_folder(&kit.sandbox.path("home/state")).unwrap();
    let written = lab.written().len();
    let journal = folder.join("journal.jsonl");
    let whole = std::fs::read_to_string(&journal).unwrap();

    std::fs::write(&journal, whole.replacen("\"created\"", "\"unchanged\"", 1)).unwrap();
    kit.open(&["resume", &run]).exits(4).says("the journal is damaged");
    std::fs::write(&journal, format!("{whole}{{\"n\":")).unwrap();
    let plan = std::fs::read(folder.join("plan.json")).unwrap();
    let mut other: Value = serde_json::from_slice(&plan).unwrap();
    other["target"]["name"] = "prod".into();
    std::fs::write(folder.join("plan.json"), other.to_string()).unwrap();
    kit.open(&["resume", &run]).exits(4);
    std::fs::write(folder.join("plan.json"), &plan).unwrap();

    // The same sequence number from another stream.
    let stranger = crate::place::kit(&settings(6));
    let store = stranger.store();
    let args = ["resume", folder.to_str().unwrap(), "--identity"];
    let there = [stranger.identity.to_str().unwrap(), "--store", store.to_str().unwrap()];
    stranger.run(&[&args[..], &there[..]].concat()).exits(5).says("another bundle");
    assert_eq!(lab.written().len(), written, "nothing was written by any of these");

    // What is left is the torn line, which does not count.
    kit.open(&["resume", &run]).ok();
}
