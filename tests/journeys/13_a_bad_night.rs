//! A replay on a bad night: killed in the middle and taken up on another laptop, the API server away
//! for twenty seconds, every answer late, objects as large as they can be, and very many of them.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::platform::{add, kit_with, plan, replay};
use crate::support::cluster::Lab;
use crate::support::estate::{self, Size};
use crate::support::git;
use crate::support::kit::Kit;
use crate::support::proxy::Proxy;
use crate::support::sandbox::{Ran, finish};

/// Starts a replay and returns as soon as so many objects are there.
pub(crate) fn begin(kit: &Kit, lab: &Lab, args: &[&str], applied: usize) -> std::process::Child {
    let mut command = kit.sandbox.program(env!("CARGO_BIN_EXE_blackstart"));
    command.current_dir(kit.path("")).args(args).arg("--identity").arg(&kit.identity);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let begun = Instant::now();
    while lab.written().len() < applied {
        assert!(begun.elapsed() < Duration::from_mins(2), "nothing is written");
        assert!(child.try_wait().unwrap().is_none(), "it ended before it could be disturbed");
        std::thread::sleep(Duration::from_millis(20));
    }
    child
}

fn report_of(child: std::process::Child) -> (Option<i32>, Value) {
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let report = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    (output.status.code(), report)
}

/// There is nothing to do any more.
fn unchanged(kit: &Kit, total: usize) {
    let counts = &plan(kit)["counts"];
    assert_eq!(counts["unchanged"], total, "{counts}");
    assert_eq!((&counts["new"], &counts["changed"]), (&0.into(), &0.into()), "{counts}");
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// Goes on with the one run from another laptop. All that it gets: the run's folder, a stick with the
/// bundle, a key.
pub(crate) fn on_another_laptop(kit: &Kit, more: &[&str]) -> Ran {
    let runs = kit.sandbox.path("home/state/blackstart/runs");
    let run = std::fs::read_dir(&runs).unwrap().flatten().next().unwrap().path();
    let carried = kit.sandbox.path("stick/run");
    copy(&run, &carried);
    let stick = kit.sandbox.path("stick/bundles");
    copy(&kit.store(), &stick);
    let mut other = kit.sandbox.program(env!("CARGO_BIN_EXE_blackstart"));
    let home = kit.sandbox.path("other-home");
    std::fs::create_dir_all(&home).unwrap();
    for (name, folder) in
        [("XDG_CONFIG_HOME", "config"), ("XDG_STATE_HOME", "state"), ("XDG_CACHE_HOME", "cache")]
    {
        other.env(name, home.join(folder));
    }
    other.env("HOME", &home);
    other.args(["resume", carried.to_str().unwrap(), "--json"]).args(more);
    other.arg("--trust-root").arg(kit.trust_root());
    other.arg("--store").arg(stick).arg("--identity").arg(&kit.identity);
    finish(&mut other)
}

#[test]
fn killed_in_the_middle_it_is_finished_on_another_laptop() {
    let kit = kit_with(Size::USUAL);
    let lab = Lab::start();
    add(&kit, lab.plane.kubeconfig());
    let before = plan(&kit);
    let mut child = begin(&kit, &lab, &replay(&before, &["--no-wait"]), 200);
    child.kill().unwrap();
    child.wait().unwrap();
    let written = lab.written().len();
    let total = Size::USUAL.objects;
    assert!(written < total, "it was too late to kill it");

    let report = on_another_laptop(&kit, &["--no-wait"]).ok().json();
    assert_eq!(report["verdict"], "complete", "{report}");
    unchanged(&kit, total);
    // Nothing was done twice but what was under way when it was killed.
    let applies = lab.written().into_iter().filter(|(verb, _)| verb == "patch");
    let mut uris: Vec<_> =
        applies.map(|(_, uri)| uri).filter(|uri| !uri.contains("blackstart-system")).collect();
    let all = uris.len();
    uris.sort();
    uris.dedup();
    assert!(all - uris.len() <= 16, "{} objects were applied twice", all - uris.len());
}

#[test]
fn an_api_server_that_is_away_for_twenty_seconds_is_waited_for() {
    let kit = kit_with(Size::USUAL);
    let lab = Lab::start();
    let tmp = kit.sandbox.path("tmp");
    let (proxy, kubeconfig) = Proxy::before(lab.plane.kubeconfig(), Duration::ZERO, &tmp);
    add(&kit, &kubeconfig);
    let before = plan(&kit);
    let child = begin(&kit, &lab, &replay(&before, &["--no-wait", "--json"]), 200);
    proxy.cut();
    std::thread::sleep(Duration::from_secs(20));
    proxy.mend();
    let (code, report) = report_of(child);
    assert_eq!((code, &report["verdict"]), (Some(0), &"complete".into()), "{report}");
    unchanged(&kit, Size::USUAL.objects);
}

#[test]
fn late_answers_cost_their_time_once_for_all_that_are_under_way() {
    let size = Size { namespaces: 20, definitions: 4, objects: 300, dangling: false };
    let kit = kit_with(size);
    let lab = Lab::without_controllers();
    let tmp = kit.sandbox.path("tmp");
    let late = Duration::from_millis(300);
    let (_proxy, kubeconfig) = Proxy::before(lab.plane.kubeconfig(), late, &tmp);
    add(&kit, &kubeconfig);
    let before = plan(&kit);
    let begun = Instant::now();
    kit.open(&replay(&before, &["--no-wait"])).ok();
    // One after the other would take at least this long.
    let serial = late * u32::try_from(size.objects).unwrap();
    assert!(begun.elapsed() < serial, "{:?} of {serial:?}", begun.elapsed());
    unchanged(&kit, size.objects);
}

/// A definition, and an object of it whose text is of that size.
fn report(text: &str) -> [Value; 2] {
    let kind = "Report";
    let free = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    let schema = json!({"openAPIV3Schema": {"type": "object", "properties": {"spec": free}}});
    [
        json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": "reports.example.com"},
            "spec": {"group": "example.com", "scope": "Namespaced",
                "names": {"kind": kind, "listKind": "ReportList", "plural": "reports",
                    "singular": "report"},
                "versions": [{"name": "v1", "served": true, "storage": true, "schema": schema}]}}),
        json!({"apiVersion": "example.com/v1", "kind": kind,
            "metadata": {"name": "large", "namespace": "default"}, "spec": {"text": text}}),
    ]
}

#[test]
fn a_config_map_as_large_as_it_may_be_arrives_whole_and_a_larger_one_costs_only_itself() {
    let kit = Kit::new();
    let work = git::worktree(&kit.sandbox.path("srv/apps"));
    let text = |bytes: usize| "0123456789abcde\n".repeat(bytes / 16);
    let map = |name: &str, text: &str| {
        estate::yaml(&json!({"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": name, "namespace": "default"}, "data": {"text": text}}))
    };
    // The API server takes 1 MiB of data; 1.4 MiB would still fit into etcd.
    let largest = text((1 << 20) - 16);
    let most = text(1400 << 10);
    let (fits, too_large) = (map("largest", &largest), map("larger", &most));
    // A kind of which the API server counts only the whole takes 1.4 MiB.
    let reports = report(&most).map(|object| estate::yaml(&object)).join("---\n");
    let files = [("apps/a.yaml", &too_large), ("apps/b.yaml", &fits), ("apps/c.yaml", &reports)];
    git::commit(&work, &files.map(|(name, text)| (name, text.as_str())), "large");
    kit.source("apps", work.to_str().unwrap(), "");
    kit.configure("[[root]]\nrepo = \"apps\"\npath = \"apps\"");
    kit.snapshot();
    let lab = Lab::without_controllers();
    add(&kit, lab.plane.kubeconfig());
    let report = kit.open(&replay(&plan(&kit), &["--no-wait", "--json"])).exits(3).json();
    assert_eq!(report["created"], 3, "{report}");
    let failed = report["failed"][0]["why"].as_str().unwrap();
    assert!(failed.contains("may not be more than 1048576 bytes"), "{report}");
    let live = lab.kubectl(&["get", "configmap", "largest", "-o", "json"]).ok().json();
    assert!(live["data"]["text"] == largest.as_str(), "it did not arrive whole");
    let live = lab.kubectl(&["get", "report", "large", "-o", "json"]).ok().json();
    assert!(live["spec"]["text"] == most.as_str(), "it did not arrive whole");
    let counts = &plan(&kit)["counts"];
    assert_eq!((&counts["unchanged"], &counts["new"]), (&3.into(), &1.into()), "{counts}");
}

#[test]
fn five_thousand_objects_and_three_hundred_definitions_come_and_are_known_again() {
    let kit = kit_with(Size::LARGE);
    let lab = Lab::without_controllers();
    add(&kit, lab.plane.kubeconfig());
    let before = plan(&kit);
    assert_eq!(before["counts"]["new"], Size::LARGE.objects, "{}", before["counts"]);
    kit.open(&replay(&before, &["--no-wait"])).ok();
    unchanged(&kit, Size::LARGE.objects);
}
