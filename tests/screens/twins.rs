//! Each action of the screens, and the command that its `same as` line names, tell the same events.

use std::path::{Path, PathBuf};

use blackstart::tui::keys::{Action, Key};
use serde_json::Value;

use crate::desk::Desk;
use crate::support::cluster::Lab;
use crate::support::git;
use crate::support::kit::Kit;
use crate::support::sandbox::finish;

/// What two runs of the same thing have in common: not times, sizes, or what is sealed by chance.
fn essence(events: Vec<Value>) -> Vec<Value> {
    const CHANCE: &[&str] =
        &["millis", "digest", "witness", "journal", "run", "time", "format_version", "detail"];
    let mut events: Vec<Value> = events
        .into_iter()
        .filter(|event| event["event"] != "still-working")
        .map(|mut event| {
            let of_bytes = event["unit"] == "bytes" || event["event"] == "part";
            let fields = event.as_object_mut().unwrap();
            fields.retain(|name, _| !CHANCE.contains(&name.as_str()));
            if of_bytes {
                fields.retain(|name, _| !["bytes", "done", "total"].contains(&name.as_str()));
            }
            event
        })
        .collect();
    // Threads may tell the same in another order, and progress as often as they like.
    events.sort_by_key(ToString::to_string);
    events.dedup();
    events
}

/// Runs the command of a job as it would be pasted, in a folder; returns what it told.
#[track_caller]
fn pasted(kit: &Kit, folder: &Path, line: &str) -> Vec<Value> {
    let log = kit.sandbox.path("events.jsonl");
    let rest = line.strip_prefix("blackstart ").unwrap();
    let command = format!("{} {rest} --events {}", env!("CARGO_BIN_EXE_blackstart"), log.display());
    let mut shell = kit.sandbox.program("sh");
    finish(shell.args(["-c", &command]).current_dir(folder)).ok();
    let text = std::fs::read_to_string(&log).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[track_caller]
fn same(kit: &Kit, folder: &Path, (line, events): (String, Vec<Value>)) {
    let command = essence(pasted(kit, folder, &line));
    assert_eq!(essence(events), command, "{line}");
}

const SETTINGS: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\n  namespace: \
                        shop\ndata:\n  currency: EUR\n";
const NAMESPACE: &str = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n";

fn kit_with_manifests() -> (Kit, PathBuf) {
    let kit = Kit::new();
    let work = git::worktree(&kit.sandbox.path("srv/apps"));
    git::commit(&work, &[("prod/a.yaml", SETTINGS), ("prod/b.yaml", NAMESPACE)], "all");
    kit.source("apps", work.to_str().unwrap(), "");
    kit.configure("[[root]]\nrepo = \"apps\"\npath = \"prod\"");
    let folder = kit.path("");
    (kit, folder)
}

#[test]
fn looking_and_verifying_tell_what_their_commands_tell() {
    let (kit, folder) = kit_with_manifests();
    kit.snapshot();
    let mut desk = Desk::at(&kit, &folder);
    same(&kit, &folder, desk.told("status"));
    same(&kit, &folder, desk.told("assess"));
    same(&kit, &folder, desk.told("runs"));
    desk.act(Action::Number(5));
    desk.act(Action::Number(1));
    same(&kit, &folder, desk.told("list"));
    desk.act(Action::Choose);
    same(&kit, &folder, desk.told("show"));
    desk.act(Action::Verify);
    same(&kit, &folder, desk.told("verify"));
    desk.act(Action::Back);
    desk.act(Action::Choose);
    desk.act(Action::Number(3));
    same(&kit, &folder, desk.told("show"));
    desk.act(Action::VerifyFull);
    same(&kit, &folder, desk.told("verify"));
    desk.act(Action::Back);
    desk.act(Action::Extract);
    let to = kit.sandbox.path("out");
    desk.submit(to.to_str().unwrap());
    let told = desk.told("extract");
    std::fs::remove_dir_all(&to).unwrap();
    same(&kit, &folder, told);
}

#[test]
fn a_snapshot_tells_what_its_command_tells() {
    let (kit, folder) = kit_with_manifests();
    // The first of a kit is not like those after it.
    kit.snapshot();
    let mut desk = Desk::at(&kit, &folder);
    desk.act(Action::Number(6));
    let (line, events) = desk.told("snapshot");
    let without_seq = |mut events: Vec<Value>| {
        events.iter_mut().filter_map(Value::as_object_mut).for_each(|one| drop(one.remove("seq")));
        essence(events)
    };
    assert_eq!(without_seq(events), without_seq(pasted(&kit, &folder, &line)), "{line}");
}

#[test]
fn a_plan_and_its_replay_into_a_folder_tell_what_their_commands_tell() {
    let (kit, folder) = kit_with_manifests();
    kit.snapshot();
    let mut desk = Desk::at(&kit, &folder);
    desk.act(Action::Number(3));
    desk.act(Action::Number(3));
    desk.act(Action::Choose);
    desk.act(Action::Last);
    desk.act(Action::Choose);
    let out = kit.sandbox.path("manifests");
    desk.submit(out.to_str().unwrap());
    same(&kit, &folder, desk.told("plan"));
    desk.press(Key::Enter);
    desk.submit(&format!("dir:{}", out.display()));
    assert!(out.join("apply.sh").is_file());
    let told = desk.told("replay");
    std::fs::remove_dir_all(&out).unwrap();
    same(&kit, &folder, told);
    assert!(out.join("apply.sh").is_file());
}

/// Gives a cluster the name `lab` at the screens. Returns what is on its card but the time.
fn add_lab(desk: &mut Desk, kit: &Kit, kubeconfig: &str) -> Value {
    desk.act(Action::Number(5));
    desk.act(Action::Number(2));
    desk.act(Action::Add);
    for (row, text) in [(1, kubeconfig), (2, "lab"), (3, "disposable")] {
        desk.act(Action::Number(row));
        desk.submit(text);
    }
    desk.act(Action::Choose);
    card(kit)
}

fn card(kit: &Kit) -> Value {
    let mut card = kit.run(&["target", "show", "lab", "--json"]).ok().json();
    let target = if card["target"].is_object() { &mut card["target"] } else { &mut card };
    target.as_object_mut().unwrap().remove("added").unwrap();
    card
}

fn name_lab(kit: &Kit, lab: &Lab) {
    let kubeconfig = lab.plane.kubeconfig().to_str().unwrap();
    kit.run(&["target", "add", "lab", "--kubeconfig", kubeconfig, "--class", "disposable"]).ok();
}

#[test]
fn clusters_get_their_names_and_are_tested_as_by_command() {
    let (kit, folder) = kit_with_manifests();
    kit.snapshot();
    let lab = Lab::without_controllers();
    let mut desk = Desk::at(&kit, &folder);
    let added = add_lab(&mut desk, &kit, lab.plane.kubeconfig().to_str().unwrap());
    same(&kit, &folder, desk.told("target list"));
    let told = desk.told("target add");
    kit.run(&["target", "remove", "lab"]).ok();
    same(&kit, &folder, told);
    assert_eq!(card(&kit), added);
    desk.act(Action::First);
    desk.act(Action::Test);
    same(&kit, &folder, desk.told("target test"));
}

#[test]
fn a_replay_onto_a_cluster_tells_what_its_command_tells() {
    let (kit, folder) = kit_with_manifests();
    kit.snapshot();
    let (here, there) = (Lab::without_controllers(), Lab::without_controllers());
    name_lab(&kit, &here);
    let mut desk = Desk::at(&kit, &folder);
    desk.act(Action::Number(3));
    desk.act(Action::Number(3));
    desk.act(Action::Choose);
    desk.act(Action::Choose);
    assert!(desk.state.waits_for_name());
    assert!(here.written().is_empty());
    desk.confirm("lab");
    assert!(!here.written().is_empty());
    let (line, events) = desk.told("replay");
    // The command meets another cluster that is as empty as this one was.
    kit.run(&["target", "remove", "lab"]).ok();
    name_lab(&kit, &there);
    same(&kit, &folder, (format!("{line} --confirm-target lab"), events));
    assert_eq!(here.written().len(), there.written().len());
}

/// A kit with two objects of a kind that no cluster here defines, and a Namespace behind one.
fn kit_with_policies() -> (Kit, PathBuf) {
    let kit = Kit::new();
    let work = git::worktree(&kit.sandbox.path("srv/apps"));
    let policy = |name: &str| {
        format!("apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata:\n  name: {name}\n")
    };
    let (one, two) = (policy("one"), policy("two"));
    let files = [
        ("prod/a.yaml", SETTINGS),
        ("prod/b.yaml", NAMESPACE),
        ("prod/c.yaml", one.as_str()),
        ("prod/d.yaml", two.as_str()),
    ];
    git::commit(&work, &files, "all");
    kit.source("apps", work.to_str().unwrap(), "");
    kit.configure("[[root]]\nrepo = \"apps\"\npath = \"prod\"");
    kit.snapshot();
    let folder = kit.path("");
    (kit, folder)
}

/// Goes from home to the plan for the only cluster.
fn plan(desk: &mut Desk) {
    desk.act(Action::Number(3));
    desk.act(Action::Number(3));
    desk.act(Action::Choose);
    desk.act(Action::Choose);
    assert!(desk.state.waits_for_name());
}

#[test]
fn a_kind_is_left_out_at_the_plan_as_by_command() {
    let (kit, folder) = kit_with_policies();
    let (here, there) = (Lab::without_controllers(), Lab::without_controllers());
    name_lab(&kit, &here);
    let mut desk = Desk::at(&kit, &folder);
    plan(&mut desk);
    desk.leave_out_of_plan("no Kyverno here");
    assert!(desk.state.waits_for_name() && here.written().is_empty());
    desk.confirm("lab");
    let (line, events) = desk.told("replay");
    let whole = "--skip ClusterPolicy.kyverno.io --reason 'no Kyverno here'";
    assert!(line.contains(whole), "{line}");
    let left = |event: &&Value| event["event"] == "object-left-out";
    assert_eq!(events.iter().filter(left).count(), 2, "{events:?}");
    kit.run(&["target", "remove", "lab"]).ok();
    name_lab(&kit, &there);
    same(&kit, &folder, (format!("{line} --confirm-target lab"), events));
    assert_eq!(here.written().len(), there.written().len());
}

#[test]
fn a_kind_is_left_out_of_a_run_as_by_command() {
    let (kit, folder) = kit_with_policies();
    let (here, there) = (Lab::without_controllers(), Lab::without_controllers());
    name_lab(&kit, &here);
    let mut desk = Desk::at(&kit, &folder);
    plan(&mut desk);
    desk.leaves_out("no Kyverno here");
    desk.confirm_with_all("lab");
    let (line, events) = desk.told("resume");
    let run = desk.state.work.as_ref().unwrap().run.clone().unwrap();
    assert!(line.contains("--skip ClusterPolicy.kyverno.io"), "{line}");
    kit.run(&["target", "remove", "lab"]).ok();
    name_lab(&kit, &there);
    let open = ["replay", "--target", "lab", "--confirm-target", "lab", "--patience", "1s"];
    let open = [&open[..], &["--json"]].concat();
    let second = kit.open(&open).exits(3).json()["run"].as_str().unwrap().to_owned();
    same(&kit, &folder, (line.replace(&run, &second), events));
    assert_eq!(here.written().len(), there.written().len());
}

#[test]
fn a_run_goes_on_as_by_command() {
    let (kit, folder) = kit_with_manifests();
    kit.snapshot();
    let (here, there) = (Lab::without_controllers(), Lab::without_controllers());
    name_lab(&kit, &here);
    let held = ["replay", "--target", "lab", "--confirm-target", "lab", "--hold-after", "1"];
    let held = [&held[..], &["--json"]].concat();
    let first = kit.open(&held).exits(3).json()["run"].as_str().unwrap().to_owned();
    let mut desk = Desk::at(&kit, &folder);
    desk.act(Action::Number(0));
    desk.act(Action::Choose);
    let (line, events) = desk.told("resume");
    assert!(line.contains(&first), "{line}");
    // Looked at later it is what it was, by both.
    let complete = desk.state.work.as_ref().unwrap().ending();
    assert_eq!(complete, "COMPLETE");
    desk.act(Action::Choose);
    desk.act(Action::Number(5));
    desk.act(Action::Number(3));
    desk.act(Action::Choose);
    same(&kit, &folder, desk.told("runs"));
    let shown = kit.run(&["runs", &first, "--json"]).ok().json();
    let tell = blackstart::tui::screen::sentence(&desk.state);
    assert_eq!(tell.as_deref(), shown["tell"].as_str());
    kit.run(&["target", "remove", "lab"]).ok();
    name_lab(&kit, &there);
    let second = kit.open(&held).exits(3).json()["run"].as_str().unwrap().to_owned();
    same(&kit, &folder, (line.replace(&first, &second), events));
    assert_eq!(here.written().len(), there.written().len());
}
