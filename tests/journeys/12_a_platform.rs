//! A whole platform, from real repositories where there are some at hand, onto an empty cluster: the
//! plan says what comes, exactly that comes, everything becomes ready, and then there is nothing to
//! do. Again where half of it is there already and differs.

use serde_json::{Value, json};

use crate::support::cluster::Lab;
use crate::support::estate::{self, Size};
use crate::support::git;
use crate::support::kit::Kit;

/// A kit whose one root is a generated platform, with a snapshot of it.
pub(crate) fn kit_with(size: Size) -> Kit {
    let kit = Kit::new();
    let work = git::worktree(&kit.sandbox.path("srv/platform"));
    estate::write(size, &work.join("platform"));
    git::commit(&work, &[], "the whole platform");
    kit.source("platform", work.to_str().unwrap(), "");
    kit.configure("[[root]]\nrepo = \"platform\"\npath = \"platform\"");
    kit.snapshot();
    kit
}

/// Gives the cluster a name.
pub(crate) fn add(kit: &Kit, kubeconfig: &std::path::Path) {
    let kubeconfig = kubeconfig.to_str().unwrap();
    kit.run(&["target", "add", "lab", "--kubeconfig", kubeconfig, "--class", "disposable"]).ok();
}

/// Makes a plan; returns it.
pub(crate) fn plan(kit: &Kit) -> Value {
    kit.open(&["plan", "--target", "lab", "--json"]).ok().json()
}

/// The arguments of a replay of that plan.
pub(crate) fn replay<'a>(plan: &'a Value, more: &[&'a str]) -> Vec<&'a str> {
    let digest = plan["digest"].as_str().unwrap();
    let replay = ["replay", "--target", "lab", "--plan", digest, "--confirm-target", "lab"];
    [&replay[..], more].concat()
}

#[test]
fn a_platform_comes_up_on_an_empty_cluster_and_then_there_is_nothing_to_do() {
    let kit = kit_with(Size::USUAL);
    let lab = Lab::with_nodes();
    add(&kit, lab.plane.kubeconfig());
    let before = plan(&kit);
    let total = Size::USUAL.objects;
    assert_eq!(before["counts"]["new"], total, "{}", before["counts"]);
    assert_eq!(before["blockers"], json!([]));
    assert!(before["waves"].as_array().unwrap().len() > 3);
    // For people it fits a terminal; only the command to run next is never broken.
    let text = kit.open(&["plan", "--target", "lab"]).ok().stdout;
    let wide = |line: &&str| line.chars().count() > 80 && !line.starts_with("next: ");
    assert_eq!(text.lines().filter(wide).collect::<Vec<_>>(), [""; 0]);
    assert_eq!(lab.written(), [], "a plan writes nothing");

    let report = kit.open(&replay(&before, &["--json", "--wait", "3m"])).ok().json();
    assert_eq!(report["verdict"], "complete", "{report}");
    assert_eq!(report["created"], total, "{report}");
    let after = plan(&kit);
    let counts = &after["counts"];
    assert_eq!(counts["unchanged"], total, "a second plan has something to do: {counts}");
    // What a person sees of it.
    let deployments = lab.kubectl(&["get", "deployments", "-A", "-o", "json"]).ok().json();
    for one in deployments["items"].as_array().unwrap() {
        assert_eq!(one["status"]["readyReplicas"], 2, "{}", one["metadata"]);
    }
    let written = lab.written().len();
    kit.open(&replay(&after, &[])).ok();
    let again = lab.written().into_iter().skip(written);
    let again: Vec<_> = again.filter(|(_, uri)| !uri.contains("/leases/")).collect();
    assert_eq!(again, [], "nothing to do, and something was written");
}

#[test]
fn where_half_is_there_and_differs_exactly_the_difference_is_written() {
    let kit = kit_with(Size::USUAL);
    let lab = Lab::start();
    // Half of the namespaces, brought by an earlier run from an older commit.
    let mut older: Vec<Value> = Vec::new();
    for mut object in estate::objects(Size::USUAL) {
        let name = object["metadata"]["name"].as_str().unwrap().to_owned();
        let space = object["metadata"]["namespace"].as_str().unwrap_or(&name).to_owned();
        if !(space.starts_with("team-0") && space.as_str() < "team-020") {
            continue;
        }
        if object["kind"].as_str().unwrap().starts_with("Thing") {
            continue;
        }
        if name == "settings" {
            object["data"]["mode"] = "slow".into();
        }
        older.push(object);
    }
    older.sort_by_key(|object| object["kind"] != "Namespace");
    let there = older.len();
    // These are applied suspended, which they are not yet.
    let clocks = older.iter().filter(|object| object["kind"] == "CronJob").count();
    let file = kit.sandbox.write("older.yaml", {
        let texts: Vec<_> = older.iter().map(estate::yaml).collect();
        texts.join("---\n")
    });
    let file = file.to_str().unwrap();
    lab.kubectl(&["apply", "--server-side", "--field-manager=blackstart", "-f", file]).ok();
    // And one field is somebody else's.
    let theirs = r#"{"data":{"mode":"by hand"}}"#;
    let patch = ["patch", "configmap", "theme", "-n", "team-003", "--type=merge", "-p", theirs];
    lab.kubectl(&patch).ok();
    // Its namespaces were made by our field manager, so they are ours.
    add(&kit, lab.plane.kubeconfig());

    let before = plan(&kit);
    let counts = &before["counts"];
    assert_eq!(counts["changed"], 20 + clocks, "{counts}");
    assert_eq!(counts["conflicting"], 1, "{counts}");
    assert_eq!(counts["unchanged"], there - 21 - clocks, "{counts}");
    assert_eq!(counts["new"], Size::USUAL.objects - there, "{counts}");
    let report = kit.open(&replay(&before, &["--json", "--no-wait"])).exits(3).json();
    assert_eq!((&report["created"], &report["configured"]), (&counts["new"], &counts["changed"]));
    assert_eq!(report["failed"].as_array().unwrap().len(), 1, "{report}");
    let mode = ["get", "configmap", "theme", "-n", "team-003", "-o", "jsonpath={.data.mode}"];
    assert_eq!(lab.kubectl(&mode).ok().stdout, "by hand", "somebody's value was taken over");

    // Only by name is it taken over.
    let again = plan(&kit);
    assert_eq!(again["counts"]["unchanged"], Size::USUAL.objects - 1, "{}", again["counts"]);
    let take = ["--force-conflicts", "ConfigMap/team-003/theme", "--no-wait"];
    kit.open(&replay(&again, &take)).ok();
    assert_eq!(lab.kubectl(&mode).ok().stdout, "fast");
}
