//! A kit with an estate in it, and a control plane that it is replayed onto.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::cluster::Lab;
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

/// Names the cluster as a target.
pub(crate) fn add(kit: &Kit, lab: &Lab, class: &str) {
    let kubeconfig = lab.plane.kubeconfig().to_str().unwrap();
    kit.run(&["target", "add", "lab", "--kubeconfig", kubeconfig, "--class", class]).ok();
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
