//! A log that many runs append to: what a scheduler's operator reads the next morning.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::support::git;
use crate::support::kit::Kit;

#[test]
fn every_run_appends_what_happened_and_how_it_ended() {
    let mut kit = Kit::new();
    let apps = git::bare(&kit.sandbox.path("apps.git"), "sha1");
    git::grow(&apps, 3, 1);
    kit.source("apps", apps.to_str().unwrap(), "");
    kit.source("lost", kit.sandbox.path("lost.git").to_str().unwrap(), "");
    let (lines, json) = (kit.sandbox.path("log"), kit.sandbox.path("log.jsonl"));

    kit.sandbox.set("BLACKSTART_LOG_FILE", &lines);
    kit.run(&["snapshot"]).exits(3);
    let first = fs::read_to_string(&lines).unwrap();
    // Silent on stderr, and still told here; and a failure with its code.
    assert_eq!(kit.run(&["snapshot", "--quiet"]).exits(3).stderr, "");
    kit.run(&["show", "7"]).exits(10);
    let all = fs::read_to_string(&lines).unwrap();
    assert!(all.starts_with(&first) && all.matches("sealed snapshot").count() == 2, "{all}");
    assert!(all.matches(" exit 3\n").count() == 2 && all.contains("lost"), "{all}");
    assert!(all.lines().last().unwrap().contains("blackstart explain B"), "{all}");
    let timed = |line: &str| line.starts_with("20") && line[..20].ends_with('Z');
    assert!(all.lines().all(timed), "{all}");
    assert_eq!(fs::metadata(&lines).unwrap().permissions().mode() & 0o777, 0o600);

    // The flag comes before the environment; with --json every line is an object.
    let to = ["--json", "--log-file", json.to_str().unwrap()];
    kit.run(&[&["snapshot"][..], &to].concat()).exits(3);
    kit.run(&[&["show", "7"][..], &to].concat()).exits(10);
    assert_eq!(fs::read_to_string(&lines).unwrap(), all);
    let text = fs::read_to_string(&json).unwrap();
    let records: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(records.iter().all(|it| it["format_version"] == 1 && it["time"].is_string()), "{text}");
    assert!(records.iter().any(|it| it["exit"] == 3), "{text}");
    assert_eq!(records.last().unwrap()["error"]["exit"], 10, "{text}");
}

#[test]
fn a_log_that_cannot_be_written_is_said_before_anything_is_done() {
    let kit = Kit::new();
    let apps = git::bare(&kit.sandbox.path("apps.git"), "sha1");
    git::grow(&apps, 1, 1);
    kit.source("apps", apps.to_str().unwrap(), "");
    let file = kit.sandbox.write("file", "mine");
    for bad in [&kit.sandbox.path("no/log"), &kit.path(""), &file.join("log")] {
        let ran = kit.run(&["snapshot", "--log-file", bad.to_str().unwrap()]).exits(1);
        assert!(ran.stderr.contains("cannot append to"), "{ran}");
        assert!(ran.stderr.contains(bad.to_str().unwrap().trim_end_matches('/')), "{ran}");
    }
    assert_eq!(fs::read_to_string(file).unwrap(), "mine");
    kit.run(&["list"]).exits(10);
}
