//! A kit as somebody has it who comes to the screens at night.

use std::fmt::Write as _;

use crate::support::cluster::Lab;
use crate::support::component;
use crate::support::git;
use crate::support::kit::Kit;
use crate::support::sandbox::finish;

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

fn of(files: &[(&str, &str)]) -> Kit {
    let kit = Kit::new();
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

/// The same with something that never becomes ready where nothing runs pods.
pub fn estate_that_waits() -> Kit {
    of(&[
        ("prod/a-settings.yaml", SETTINGS),
        ("prod/b-api.yaml", WORKLOAD),
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
