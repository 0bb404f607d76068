//! A snapshot never looks better than it is: disks that rot, folders that are not mounted.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use crate::support::git;
use crate::support::kit::Kit;

fn state(kit: &Kit) -> PathBuf {
    kit.sandbox.path("home/state/blackstart").join(kit.stream())
}

#[test]
fn a_mirror_that_rots_is_left_out_named_and_fetched_anew() {
    let kit = Kit::new();
    for name in ["apps", "infra"] {
        let path = git::bare(&kit.sandbox.path(format!("srv/{name}.git")), "sha1");
        git::grow(&path, 20, 2);
        kit.source(name, path.to_str().unwrap(), "");
    }
    kit.snapshot();
    let mirror = std::fs::read_dir(state(&kit).join("mirrors")).unwrap();
    let mirror = mirror.map(|entry| entry.unwrap().path());
    let apps = mirror
        .into_iter()
        .find(|path| path.is_dir() && path.to_string_lossy().contains("/apps-"))
        .unwrap();
    let pack =
        std::fs::read_dir(apps.join("objects/pack")).unwrap().map(|entry| entry.unwrap().path());
    let pack = pack
        .into_iter()
        .find(|path| path.extension().is_some_and(|extension| extension == "pack"))
        .unwrap();
    let mut bytes = std::fs::read(&pack).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::set_permissions(&pack, std::fs::Permissions::from_mode(0o644)).unwrap();
    std::fs::write(&pack, bytes).unwrap();
    // The job lost its memory, so everything is sealed from the mirrors again.
    std::fs::remove_file(state(&kit).join("writer.json")).unwrap();

    let report = kit.run(&["snapshot", "--json"]).exits(3).says("B0814").json();
    assert_eq!(report["not_current"][0]["name"], "apps", "{report}");
    let again = kit.snapshot();
    assert_eq!(again["state"], "complete", "{again}");
    kit.open(&["verify", "--full"]).ok();
}

#[test]
fn repositories_that_vanish_from_a_folder_are_gone_not_forgotten() {
    let kit = Kit::new();
    let root = kit.sandbox.path("disk");
    for name in ["one", "two"] {
        git::grow(&git::bare(&root.join(format!("{name}.git")), "sha1"), 5, 1);
    }
    kit.configure(&format!("[[source]]\nkind = \"dir\"\npath = {}", serde_json::json!(root)));
    kit.snapshot();
    // One is deleted: its copy is kept and it is named, until somebody decides.
    std::fs::rename(root.join("two.git"), kit.sandbox.path("two.git")).unwrap();
    let report = kit.run(&["snapshot", "--json"]).exits(3).json();
    assert_eq!(
        (&report["not_current"][0]["name"], &report["not_current"][0]["state"]),
        (&"two".into(), &"gone".into()),
        "{report}"
    );
    let out = kit.open(&["extract", "--to", "out", "--json"]).ok().json();
    assert_eq!(out["repos"].as_array().unwrap().len(), 2, "{out}");
    // The whole disk is not mounted: nothing answers, so nothing is sealed and nothing is lost.
    std::fs::rename(&root, kit.sandbox.path("unmounted")).unwrap();
    kit.run(&["snapshot"]).exits(1).says("B0702");
    std::fs::rename(kit.sandbox.path("unmounted"), &root).unwrap();

    kit.run(&["sources", "retire", "one"]).exits(2).says("B1730");
    kit.run(&["sources", "retire", "two"]).ok();
    let report = kit.snapshot();
    assert_eq!(report["state"], "complete", "{report}");
}

#[test]
fn a_folder_that_is_not_there_is_named_and_the_others_are_sealed() {
    let kit = Kit::new();
    let apps = git::bare(&kit.sandbox.path("srv/apps.git"), "sha1");
    git::grow(&apps, 5, 1);
    kit.source("apps", apps.to_str().unwrap(), "");
    kit.configure("[[source]]\nkind = \"dir\"\npath = \"../nowhere\"");
    let report = kit.run(&["snapshot", "--json"]).exits(3).json();
    assert_eq!(report["not_current"][0]["name"], "nowhere", "{report}");
}
