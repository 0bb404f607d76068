//! Onto a real API server: everything there, by our field manager, nothing deleted, and a second
//! plan is empty. And into a directory.

use std::time::Instant;

use serde_json::{Value, json};

use crate::support::cluster::Lab;
use crate::support::kit::Kit;
use crate::support::sandbox::finish;
use crate::support::{component, git};

const NAMESPACE: &str = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n";
const SETTINGS: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\n  namespace: \
                        shop\ndata:\n  currency: EUR\n";
const DEFINITION: &str = include_str!("../../src/app/demo/estate/platform/definition.yaml");
const DATABASES: &str = include_str!("../../src/app/demo/estate/platform/databases.yaml");
const OVERLAY: &str = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nnamespace: \
                       shop\nnamePrefix: prod-\nresources: [theme.yaml]\n";
const THEME: &str =
    "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: theme\ndata:\n  colour: green\n";

fn kit_with_manifests() -> Kit {
    let kit = Kit::new();
    let work = git::worktree(&kit.sandbox.path("srv/apps"));
    let databases =
        format!("apiVersion: v1\nkind: Namespace\nmetadata:\n  name: databases\n---\n{DATABASES}");
    // Named so that the order of files is the wrong one.
    git::commit(
        &work,
        &[
            ("plain/a-settings.yaml", SETTINGS),
            ("plain/b-databases.yaml", &databases),
            ("plain/c-definition.yaml", DEFINITION),
            ("plain/d-namespace.yaml", NAMESPACE),
            ("overlay/kustomization.yaml", OVERLAY),
            ("overlay/theme.yaml", THEME),
        ],
        "all",
    );
    kit.source("apps", work.to_str().unwrap(), "");
    kit.configure("[[root]]\nrepo = \"apps\"\npath = \"plain\"\nrevision = \"main\"");
    kit.configure("[[root]]\nrepo = \"apps\"\npath = \"overlay\"");
    kit.snapshot();
    kit
}

#[test]
fn everything_arrives_on_a_real_api_server_and_nothing_is_deleted() {
    let kit = kit_with_manifests();
    let lab = Lab::start();
    let kubeconfig = lab.plane.kubeconfig().to_str().unwrap();
    kit.run(&["target", "add", "prod", "--kubeconfig", kubeconfig, "--class", "standby"]).ok();
    kit.run(&["target", "list"]).ok();

    let plan = kit.open(&["plan", "latest", "--target", "prod", "--json"]).ok().json();
    assert_eq!(plan["format_version"], 1);
    assert_eq!(plan["target"]["name"], "prod");
    assert_eq!(plan["counts"]["new"], 7, "{plan}");
    assert_eq!(plan["blockers"], json!([]), "{plan}");
    let digest = plan["digest"].as_str().unwrap();

    kit.open(&["replay", "latest", "--target", "prod", "--plan", digest]).exits(5);
    let wrong =
        ["replay", "latest", "--target", "prod", "--plan", digest, "--confirm-target", "prd"];
    kit.open(&wrong).exits(5);
    let started = Instant::now();
    kit.open(&[
        "replay",
        "latest",
        "--target",
        "prod",
        "--plan",
        digest,
        "--confirm-target",
        "prod",
    ])
    .ok();
    assert!(started.elapsed().as_secs() < 120);

    let get = |what: &[&str]| -> Value {
        let kubectl = component::find("kubectl");
        let mut command = kit.sandbox.program(kubectl);
        command.args(["--kubeconfig", kubeconfig, "get", "-o", "json", "--show-managed-fields"]);
        finish(command.args(what)).ok().json()
    };
    let theme = get(&["configmap", "prod-theme", "-n", "shop"]);
    assert_eq!(theme["data"]["colour"], "green");
    assert_eq!(theme["metadata"]["managedFields"][0]["manager"], "blackstart");
    let databases = get(&["databases.demo.example.com", "-n", "databases"]);
    assert_eq!(databases["items"].as_array().unwrap().len(), 2);

    let again = kit.open(&["plan", "latest", "--target", "prod", "--json"]).ok().json();
    assert_eq!(
        again["counts"],
        json!({"new": 0, "changed": 0, "unchanged": 7, "conflicting": 0, "immutable": 0}),
        "{again}"
    );
    let patches = lab.our_audit().iter().filter(|(verb, _)| verb == "patch").count();
    assert!(patches >= 7, "the audit log does not show our own requests");
}

/// Every request that our binary made.
#[test]
fn a_directory_holds_one_object_a_file_in_order() {
    let kit = kit_with_manifests();
    let to = kit.sandbox.path("carried");
    let target = format!("dir:{}", to.display());
    kit.open(&["replay", "latest", "--target", &target]).ok();
    let mut names: Vec<_> = std::fs::read_dir(&to)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.split('.').next_back() == Some("json"))
        .collect();
    names.sort();
    assert_eq!(names.len(), 7, "{names:?}");
    assert!(to.join("apply.sh").exists());
    let at = |part: &str| names.iter().position(|name| name.contains(part)).unwrap();
    assert!(at("namespace-shop") < at("configmap-shop-settings"), "{names:?}");
    assert!(at("customresourcedefinition") < at("database-databases-orders"), "{names:?}");
    for name in &names {
        let object: Value = serde_json::from_slice(&std::fs::read(to.join(name)).unwrap()).unwrap();
        assert!(object["kind"].is_string(), "{name}");
    }
}
