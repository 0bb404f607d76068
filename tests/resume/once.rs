//! What is made once, and whose fields are taken over: only by name, and on the record.

use serde_json::{Value, json};

use crate::place::{add, kit, replay, settings};
use crate::support::cluster::Lab;
use crate::support::component;
use crate::support::sandbox::finish;

const HOOK: &str = "\
apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  namespace: shop
  annotations: {helm.sh/hook: post-install}
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{name: c, image: c}]
";

#[test]
fn a_hook_is_made_once_and_only_a_named_object_takes_over_fields() {
    let mut files = settings(2);
    files.push(("all/hook.yaml".to_owned(), HOOK.to_owned()));
    let kit = kit(&files);
    let lab = Lab::without_controllers();
    add(&kit, &lab, "disposable");
    let report = kit.run(&replay(&kit, &["--json"])).ok().json();
    assert_eq!(report["created"], 4, "{report}");
    let jobs = |(verb, uri): &(String, String)| {
        uri.contains("/jobs")
            && ["create", "patch"].contains(&verb.as_str())
            && !uri.contains("dryRun")
    };
    let made: Vec<_> = lab.our_audit().into_iter().filter(jobs).collect();
    assert_eq!(made.len(), 1, "{made:?}");
    assert_eq!(made[0].0, "create");
    let again = kit.open(&["plan", "latest", "--target", "lab", "--json"]).ok().json();
    assert_eq!(again["counts"]["unchanged"], 4, "{again}");

    let kubectl = |args: &[&str]| {
        let mut command = kit.sandbox.program(component::find("kubectl"));
        command.args(["--kubeconfig", lab.plane.kubeconfig().to_str().unwrap()]);
        finish(command.args(args)).ok()
    };
    let theirs = json!({"apiVersion": "v1", "kind": "ConfigMap",
                        "metadata": {"name": "c-0", "namespace": "shop"}, "data": {"key": "theirs"}});
    let path = kit.sandbox.write("theirs.json", theirs.to_string());
    let helm = ["apply", "--server-side", "--force-conflicts", "--field-manager=helm", "-f"];
    kubectl(&[&helm[..], &[path.to_str().unwrap()]].concat());
    let value = || -> Value {
        kubectl(&["get", "configmap", "c-0", "-n", "shop", "-o", "json"]).json()["data"]["key"]
            .clone()
    };
    let report = kit.run(&replay(&kit, &["--json"])).exits(3).json();
    assert_eq!(report["failed"][0]["code"], "B1108", "{report}");
    let why = report["failed"][0]["why"].as_str().unwrap();
    assert!(why.contains("helm holds .data.key"), "{why}");
    assert_eq!(value(), "theirs");
    kit.run(&replay(&kit, &["--force-conflicts", "ConfigMap/shop/c-9"])).exits(2);
    let force = ["--force-conflicts", "ConfigMap/shop/c-0", "--json"];
    let report = kit.run(&replay(&kit, &force)).ok().json();
    assert_eq!(value(), "0", "{report}");
    let journal = report["journal"].as_str().unwrap();
    let journal = std::fs::read_to_string(format!("{journal}/journal.jsonl")).unwrap();
    assert_eq!(journal.matches("\"call\":\"take-over\"").count(), 1, "{journal}");
}
