//! A run that has ended is shown later as it ended, and its numbers are the same everywhere.

use serde_json::{Value, json};

use crate::place::{add, kit, replay, run_folder, settings};
use crate::support::cluster::Lab;
use crate::support::kit::Kit;

fn shown(kit: &Kit, run: &str) -> Value {
    kit.run(&["runs", run, "--json"]).ok().json()
}

/// The numbers of a run in the list: there, of, left out.
fn listed(kit: &Kit, run: &str) -> (u64, u64, u64) {
    let list = kit.run(&["runs", "--json"]).ok().json();
    let one = list["runs"].as_array().unwrap().iter().find(|one| one["run"] == run).unwrap();
    let number = |name: &str| one[name].as_u64().unwrap();
    (number("done"), number("objects"), number("left_out"))
}

#[test]
fn a_run_is_shown_as_it_ended_and_counts_what_was_found() {
    let kit = kit(&settings(4));
    let lab = Lab::without_controllers();
    add(&kit, &lab, "disposable");
    // One object is there already, two are left out, and the run is held and resumed.
    let only = ["--only", "Namespace/shop", "--json"];
    kit.run(&replay(&kit, &only)).ok();
    let skip = ["--exclude", "ConfigMap/shop/c-1", "--exclude", "ConfigMap/shop/c-2"];
    let more = [&skip[..], &["--hold-after", "1", "--json"]].concat();
    let held = kit.run(&replay(&kit, &more)).exits(3).json();
    let run = held["run"].as_str().unwrap();
    assert_eq!(held["held_after"], 1, "{held}");
    assert_eq!(shown(&kit, run)["report"], held);
    assert_eq!(listed(&kit, run), (1, 5, 2), "the namespace was found");
    assert!(
        held["tell"].as_str().unwrap().contains("held after wave 1: 1 of 5 objects, 2 left out")
    );

    let identity = kit.identity.to_str().unwrap();
    let resume = ["resume", run, "--identity", identity, "--json"];
    let ended = kit.run(&resume).ok().json();
    assert_eq!((&ended["verdict"], &ended["resumed"]), (&json!("complete"), &json!(1)));
    let tell = ended["tell"].as_str().unwrap();
    assert!(tell.contains("is complete: 3 of 5 objects, 2 left out, from snapshot 1"), "{tell}");
    assert!(tell.contains("resumed once") && !tell.contains("tool time"), "{tell}");
    let later = shown(&kit, run);
    assert_eq!((&later["report"], &later["tell"]), (&ended, &ended["tell"]));
    assert_eq!(listed(&kit, run), (3, 5, 2));
    let text = kit.run(&["runs", run]).ok().stdout;
    for words in [
        "3 of 5 objects, 2 left out",
        "left out   ConfigMap shop/c-1: --exclude ConfigMap/shop/c-1",
        &format!("tell: {tell}"),
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

/// The kind of Flux, and one of its objects, which follows what nobody has made.
const FLUX: &str = "\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: kustomizations.kustomize.toolkit.fluxcd.io
spec:
  group: kustomize.toolkit.fluxcd.io
  scope: Namespaced
  names: {kind: Kustomization, plural: kustomizations, singular: kustomization, listKind: KustomizationList}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: apps
  namespace: default
spec:
  path: ./all
  sourceRef: {kind: GitRepository, name: fleet}
";

#[test]
fn a_complete_run_says_that_nothing_runs_what_it_brought() {
    let kit = kit(&[("all/flux.yaml".to_owned(), FLUX.to_owned())]);
    let lab = Lab::without_controllers();
    add(&kit, &lab, "disposable");
    let ended = kit.run(&replay(&kit, &["--json"])).ok().json();
    assert_eq!((&ended["verdict"], &ended["not_waited"]), (&json!("complete"), &json!([])));
    let tell = ended["tell"].as_str().unwrap();
    let first = "tool time. But the target has no nodes: nothing runs there yet. Flux is not \
                 installed. Kustomization default/apps follows GitRepository default/fleet, which is \
                 neither in this plan nor on the target: it does nothing until it is there.";
    assert!(tell.contains(first), "{tell}");
    let text = kit.run(&["runs", ended["run"].as_str().unwrap()]).ok().stdout;
    for words in ["(B1446)", "(B1447)", "(B1448)", &format!("tell: {tell}")] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[test]
fn a_report_that_is_lost_damaged_or_of_an_earlier_part_is_not_shown() {
    let kit = kit(&settings(2));
    let lab = Lab::without_controllers();
    add(&kit, &lab, "disposable");
    let skip = ["--exclude", "ConfigMap/shop/c-1", "--hold-after", "1", "--json"];
    let held = kit.run(&replay(&kit, &skip)).exits(3).json();
    let run = held["run"].as_str().unwrap().to_owned();
    let folder = run_folder(&kit.sandbox.path("home/state")).unwrap();
    let file = folder.join("report.json");
    let mode = std::os::unix::fs::PermissionsExt::mode(&file.metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let of_the_first_part = std::fs::read(&file).unwrap();
    kit.run(&["resume", &run, "--identity", kit.identity.to_str().unwrap()]).ok();
    assert_eq!(shown(&kit, &run)["report"]["verdict"], "complete");
    // What came from elsewhere is shown as text.
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("--exclude ", "\\u001b[2J\\u202e")).unwrap();
    let said = kit.run(&["runs", &run]).ok().stdout;
    assert!(said.contains("ConfigMap shop/c-1: \\u{1b}[2J"), "{said}");
    assert!(!said.contains(['\u{1b}', '\u{202e}']), "{said}");
    for text in [&of_the_first_part[..], b"{", b"[[[[", b""] {
        std::fs::write(&file, text).unwrap();
        let detail = shown(&kit, &run);
        assert_eq!(detail["report"], Value::Null);
        assert_eq!((&detail["known"]["earlier"], &detail["done"]), (&json!(2), &json!(2)));
        assert_eq!(detail["known"]["left_out"][0]["object"], "ConfigMap shop/c-1", "{detail}");
        let tell = detail["tell"].as_str().unwrap();
        assert!(tell.contains("is complete: 2 of 3 objects there, 1 left out"), "{tell}");
    }
    // Without its plan the objects have numbers only.
    std::fs::remove_file(&file).unwrap();
    std::fs::remove_file(folder.join("plan.json")).unwrap();
    let known = &shown(&kit, &run)["known"];
    assert!(known["left_out"][0]["object"].as_str().unwrap().contains("of the plan"), "{known}");
    // One that claims to be of this part does not say what the journal says.
    let other = String::from_utf8(of_the_first_part).unwrap();
    std::fs::write(&file, other.replace("\"resumed\": 0", "\"resumed\": 1")).unwrap();
    assert_eq!(shown(&kit, &run)["report"], Value::Null, "the journal says complete");
}
