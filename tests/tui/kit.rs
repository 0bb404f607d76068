//! A kit as somebody has it who comes to the screens at night.

use std::fmt::Write as _;
use std::path::Path;

use crate::pipe::Pipe;
use crate::support::cluster::Lab;
use crate::support::component;
use crate::support::git;
use crate::support::kit::Kit;
use crate::support::sandbox::finish;
use crate::tmux::Terminal;

const SHOP: &str = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n";
const SETTINGS: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\n  namespace: \
                        shop\ndata:\n  currency: EUR\n";
const DEFINITION: &str = include_str!("../../src/app/demo/estate/platform/definition.yaml");
const DATABASES: &str = include_str!("../../src/app/demo/estate/platform/databases.yaml");
/// Where nothing runs pods it never becomes ready.
const WORKLOAD: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: api\n  namespace: \
                        shop\nspec:\n  selector:\n    matchLabels: {app: api}\n  template:\n    \
                        metadata:\n      labels: {app: api}\n    spec:\n      containers:\n      - \
                        name: api\n        image: registry.invalid/api:1\n";

/// It needs the workload ready, so that it is in a later wave.
const LAST: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: last\n  namespace: shop\n  \
                    annotations:\n    config.kubernetes.io/depends-on: \
                    apps/namespaces/shop/Deployment/api\n";

fn of(files: &[(&str, &str)]) -> Kit {
    sealed(Kit::new(), files)
}

fn sealed(kit: Kit, files: &[(&str, &str)]) -> Kit {
    let work = git::worktree(&kit.sandbox.path("srv/apps"));
    git::commit(&work, files, "all");
    kit.source("apps", work.to_str().unwrap(), "");
    kit.configure("[[root]]\nrepo = \"apps\"\npath = \"prod\"");
    kit.snapshot();
    kit
}

/// A snapshot of an estate with a definition, objects of its kind, a namespace and settings.
pub fn estate() -> Kit {
    let databases =
        format!("apiVersion: v1\nkind: Namespace\nmetadata:\n  name: databases\n---\n{DATABASES}");
    of(&[
        ("prod/a-settings.yaml", SETTINGS),
        ("prod/b-databases.yaml", &databases),
        ("prod/c-definition.yaml", DEFINITION),
        ("prod/d-namespace.yaml", SHOP),
    ])
}

/// The same with something that never becomes ready where nothing runs pods, and in a later wave
/// something that needs it ready.
pub fn estate_that_waits() -> Kit {
    of(&[
        ("prod/a-settings.yaml", SETTINGS),
        ("prod/b-api.yaml", WORKLOAD),
        ("prod/c-last.yaml", LAST),
        ("prod/d-namespace.yaml", SHOP),
    ])
}

/// A cluster with a name and a node on which nothing starts, so that workloads are waited for.
pub fn cluster_that_starts_nothing(kit: &Kit, class: &str) -> Lab {
    let lab = Lab::start();
    let kubeconfig = lab.plane.kubeconfig().to_str().unwrap();
    kit.run(&["target", "add", "lab", "--kubeconfig", kubeconfig, "--class", class]).ok();
    let node =
        kit.sandbox.write("node.yaml", "{apiVersion: v1, kind: Node, metadata: {name: idle}}");
    let mut kubectl = kit.sandbox.program(component::find("kubectl"));
    kubectl.args(["--kubeconfig", kubeconfig, "create", "-f", node.to_str().unwrap()]);
    finish(&mut kubectl).ok();
    lab
}

/// Lets the workload become ready, as far as anybody can see.
pub fn make_ready(lab: &Lab) {
    lab.kubectl(&["-n", "shop", "scale", "deployment", "api", "--replicas=0"]).ok();
}

/// Settings that open by words that are typed, and by nothing else.
pub fn settings_behind(words: &str) -> Kit {
    sealed(
        Kit::with_passphrase(words),
        &[("prod/a-settings.yaml", SETTINGS), ("prod/d-namespace.yaml", SHOP)],
    )
}

/// A snapshot of so many repositories, each the same as the others.
pub fn repositories(count: usize) -> Kit {
    let kit = Kit::new();
    let root = kit.sandbox.path("srv/estate");
    let first = git::bare(&root.join("app-0000.git"), "sha1");
    git::grow(&first, 1, 1);
    for number in 1..count {
        copy(&first, &root.join(format!("app-{number:04}.git")));
    }
    kit.configure(&format!("[[source]]\nkind = \"dir\"\npath = {}", serde_json::json!(root)));
    kit.snapshot();
    kit
}

/// Copies a folder of small files. Hooks of a fresh repository are samples.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let (name, path) = (entry.file_name(), entry.path());
        match entry.file_type().unwrap().is_dir() {
            true if name == "hooks" => {}
            true => copy(&path, &to.join(name)),
            false => drop(std::fs::copy(&path, to.join(name)).unwrap()),
        }
    }
}

/// From the first screen to the choice of a target, by digits and Enter.
#[track_caller]
pub fn to_targets(terminal: &Terminal<'_>) {
    to_opening(terminal);
    terminal.until("it holds");
    terminal.press(&["Enter"]);
    terminal.until("Which cluster?");
}

/// From the first screen to the bundle that is being opened.
#[track_caller]
pub fn to_opening(terminal: &Terminal<'_>) {
    terminal.until("Suggested: ");
    terminal.press(&["3"]);
    terminal.until("Open the newest snapshot");
    terminal.press(&["3"]);
}

/// From the choice of a target to its plan, for the first cluster that has a name.
#[track_caller]
pub fn to_plan(terminal: &Terminal<'_>, name: &str) -> String {
    terminal.until(&format!("{name} "));
    terminal.press(&["Enter"]);
    terminal.until("Enter, then type the target's")
}

/// From the choice of a target to the plan for a folder.
#[track_caller]
pub fn to_plan_of_folder(terminal: &Terminal<'_>, folder: &Path) -> String {
    terminal.press(&["G", "Enter"]);
    terminal.until("folder:");
    terminal.write(folder.to_str().unwrap());
    terminal.press(&["Enter"]);
    terminal.until("deletes: none")
}

/// Types the name that binds a plan to its target.
#[track_caller]
pub fn confirm(terminal: &Terminal<'_>, name: &str) {
    terminal.press(&["Enter"]);
    terminal.until("target name:");
    terminal.write(name);
    terminal.press(&["Enter"]);
}

/// From the first question to that for the target's name, by numbers.
#[track_caller]
pub fn lines_to_name(pipe: &mut Pipe) {
    pipe.until("rebuild it");
    for answer in ["3", "3", "", "1", ""] {
        pipe.answer(answer);
    }
    pipe.until("target name: ");
}

/// An estate of so many objects.
pub fn estate_of(objects: usize) -> Kit {
    let mut text = String::from(SHOP);
    for number in 1..objects {
        let _ = write!(
            text,
            "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: object-{number:05}\n  \
             namespace: shop\n"
        );
    }
    of(&[("prod/all.yaml", &text)])
}
