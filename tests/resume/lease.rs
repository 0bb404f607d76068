//! One replay at a time, by the Lease in the cluster.

use serde_json::{Value, json};

use crate::place::{add, kit, replay, settings};
use crate::support::cluster::Lab;
use crate::support::component;
use crate::support::sandbox::finish;

#[test]
fn a_second_replay_is_refused_and_an_expired_lease_is_taken_over() {
    let kit = kit(&settings(3));
    let lab = Lab::without_controllers();
    add(&kit, &lab, "disposable");
    let kubectl = |args: &[&str]| {
        let mut command = kit.sandbox.program(component::find("kubectl"));
        command.args(["--kubeconfig", lab.plane.kubeconfig().to_str().unwrap()]);
        finish(command.args(args)).ok()
    };
    let lease = |renewed: &str| {
        let value = json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
            "metadata": {"name": "replay-lease", "namespace": "blackstart-system"},
            "spec": {"holderIdentity": "20261126-010101-beef 00 ann@laptop",
                     "leaseDurationSeconds": 30, "renewTime": renewed}});
        let path = kit.sandbox.write("lease.json", value.to_string());
        kubectl(&["apply", "--server-side", "--force-conflicts", "-f", path.to_str().unwrap()]);
    };
    kubectl(&["create", "namespace", "blackstart-system"]);
    let now = jiff::Timestamp::now();
    lease(&format!("{}", now.strftime("%Y-%m-%dT%H:%M:%S.000000Z")));
    let refused = kit.run(&replay(&kit, &["--json"])).exits(11);
    assert!(refused.stderr.contains("ann@laptop"), "{refused}");
    let other = |(_, uri): &(String, String)| !uri.contains("blackstart-system");
    assert_eq!(lab.written().iter().filter(|write| other(write)).count(), 0);

    lease("2026-01-01T00:00:00.000000Z");
    let done = kit.run(&replay(&kit, &["--json"])).ok();
    assert!(done.stderr.contains("was taken over from"), "{done}");
    let live: Value =
        kubectl(&["get", "lease", "replay-lease", "-n", "blackstart-system", "-o", "json"]).json();
    assert_eq!(live["spec"]["holderIdentity"].as_str().unwrap_or_default(), "", "given back");
    // Beside it lies a copy of the journal, to its last line.
    let name = format!("run-{}", done.json()["run"].as_str().unwrap());
    let copy: Value =
        kubectl(&["get", "configmap", &name, "-n", "blackstart-system", "-o", "json"]).json();
    let folder = done.json()["journal"].as_str().unwrap().to_owned();
    let journal = std::fs::read_to_string(format!("{folder}/journal.jsonl")).unwrap();
    assert!(journal.lines().last().unwrap().contains("\"record\":\"finished\""), "{journal}");
    assert_eq!(copy["data"]["journal.jsonl"], journal.as_str());
    let again = kit.open(&["plan", "latest", "--target", "lab", "--json"]).ok().json();
    assert_eq!(again["counts"]["unchanged"], 4, "{again}");
    // Nothing to write: no lease, no run.
    let idle = kit.run(&replay(&kit, &["--json"])).ok().json();
    assert_eq!((&idle["verdict"], &idle["run"]), (&json!("complete"), &Value::Null), "{idle}");
}
