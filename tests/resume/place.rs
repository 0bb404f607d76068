//! A kit with an estate in it, and a control plane that it is replayed onto.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use blackstart::model::cancel::Cancel;
use blackstart::target::{Assets, ControlPlane};
use serde_json::Value;

use crate::support::cluster::{WallClock, assets};
use crate::support::git;
use crate::support::kit::Kit;

/// How long anything may take before a test gives up.
const LIMIT: Duration = Duration::from_mins(3);

/// A kit whose only repository holds `files` below `all/`.
pub(crate) fn kit(files: &[(String, String)]) -> Kit {
    let kit = Kit::new();
    let work = git::worktree(&kit.sandbox.path("srv/apps"));
    let named: Vec<(&str, &str)> =
        files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    git::commit(&work, &named, "all");
    kit.source("apps", work.to_str().unwrap(), "");
    kit.configure("[[root]]\nrepo = \"apps\"\npath = \"all\"");
    kit.snapshot();
    kit
}

/// A namespace and so many ConfigMaps in it.
pub(crate) fn settings(count: usize) -> Vec<(String, String)> {
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n".to_owned();
    let one = |number: usize| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c-{number}\n  namespace: shop\ndata:\n  \
             key: \"{number}\"\n"
        )
    };
    let all: Vec<String> = std::iter::once(namespace).chain((0..count).map(one)).collect();
    let text = all.join("---\n");
    vec![("all/settings.yaml".to_owned(), text)]
}

/// A control plane without controllers in a folder of the kit.
pub(crate) fn plane(kit: &Kit, name: &str) -> ControlPlane {
    let assets = Assets { controllers: None, ..assets() };
    let at = kit.sandbox.path(name);
    ControlPlane::start(&assets, &at, &WallClock::new(), &Cancel::new()).unwrap()
}

/// Names the plane as a target.
pub(crate) fn add(kit: &Kit, plane: &ControlPlane, class: &str) {
    let kubeconfig = plane.kubeconfig().to_str().unwrap();
    kit.run(&["target", "add", "lab", "--kubeconfig", kubeconfig, "--class", class]).ok();
}

/// Every request of ours that wrote, or would have.
pub(crate) fn writes(plane: &ControlPlane) -> Vec<(String, String)> {
    let dry = |event: &(String, String)| event.1.contains("dryRun=All");
    let reading = ["get", "list", "watch"];
    let all = ours(plane).into_iter();
    all.filter(|event| !reading.contains(&event.0.as_str()) && !dry(event)).collect()
}

/// Every request of ours, as verb and URI.
pub(crate) fn ours(plane: &ControlPlane) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(plane.audit_log()).unwrap();
    let events = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let ours = events.filter(|event| {
        event["userAgent"].as_str().is_some_and(|agent| agent.starts_with("blackstart/"))
    });
    let text = |event: &Value, field: &str| event[field].as_str().unwrap_or_default().to_owned();
    ours.map(|event| (text(&event, "verb"), text(&event, "requestURI"))).collect()
}

/// The command line of a replay of everything onto `lab`, with further options.
pub(crate) fn replay<'a>(kit: &'a Kit, more: &[&'a str]) -> Vec<&'a str> {
    let identity = kit.identity.to_str().unwrap();
    let args =
        ["replay", "latest", "--target", "lab", "--confirm-target", "lab", "--identity", identity];
    [&args, more].concat()
}

/// The binary as a child, its error output in a file.
pub(crate) fn start(kit: &Kit, args: &[&str], errors: &Path) -> Child {
    let mut command = kit.sandbox.program(env!("CARGO_BIN_EXE_blackstart"));
    command.args(args).current_dir(kit.path(""));
    let errors = std::fs::File::create(errors).unwrap();
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(errors).spawn().unwrap()
}

/// Waits until `done` says so.
#[track_caller]
pub(crate) fn until(what: &str, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < LIMIT, "{what} did not come about");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The folder of the only run in a state folder.
pub(crate) fn run_folder(state: &Path) -> Option<PathBuf> {
    let mut runs = std::fs::read_dir(state.join("blackstart/runs")).ok()?;
    Some(runs.next()?.unwrap().path())
}

/// How often a kind of record is in a run's journal.
pub(crate) fn records(folder: &Path, record: &str) -> usize {
    let text = std::fs::read_to_string(folder.join("journal.jsonl")).unwrap_or_default();
    text.matches(&format!("\"record\":\"{record}\"")).count()
}

/// Sends a signal to a process of our own.
pub(crate) fn signal(pid: u32, name: &str) {
    let sent = Command::new("kill").arg(format!("-{name}")).arg(pid.to_string()).status();
    assert!(sent.unwrap().success());
}
