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
    let next = report["not_current"][0]["next"].as_str().unwrap();
    assert!(next.contains("blackstart sources retire two"), "{next}");
    assert!(report["not_current"][0]["proven"].is_string(), "{report}");
    let out = kit.open(&["extract", "--to", "out", "--json"]).ok().json();
    assert_eq!(out["repos"].as_array().unwrap().len(), 2, "{out}");
    // The whole disk is not mounted: nothing answers, so nothing is sealed and nothing is lost.
    std::fs::rename(&root, kit.sandbox.path("unmounted")).unwrap();
    kit.run(&["snapshot"]).exits(1).says("B1731");
    std::fs::rename(kit.sandbox.path("unmounted"), &root).unwrap();

    kit.run(&["sources", "retire", "one"]).exits(2).says("B1730");
    let retired = kit.run(&["sources", "retire", "two"]).ok();
    assert!(retired.stdout.starts_with("retired two: "), "{retired}");
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

/// A disk of which only a part came back.
#[test]
fn a_listing_that_shrank_past_max_shrink_is_1_and_removes_nothing() {
    let kit = Kit::new();
    let root = kit.sandbox.path("disk");
    for number in 0..12 {
        git::grow(&git::bare(&root.join(format!("r{number}.git")), "sha1"), 3, 1);
    }
    let other = git::bare(&kit.sandbox.path("srv/other.git"), "sha1");
    git::grow(&other, 3, 1);
    kit.source("other", other.to_str().unwrap(), "");
    kit.configure(&format!("[[source]]\nkind = \"dir\"\npath = {}", serde_json::json!(root)));
    kit.snapshot();
    let mirrors = || std::fs::read_dir(state(&kit).join("mirrors")).unwrap().count();
    let (before, away) = (mirrors(), kit.sandbox.path("away"));
    std::fs::create_dir(&away).unwrap();
    for number in 0..3 {
        let name = format!("r{number}.git");
        std::fs::rename(root.join(&name), away.join(&name)).unwrap();
    }
    // Nothing is sealed, not even what is there, and the dry run says so as well.
    kit.run(&["snapshot"]).exits(1).says("lists 9 of the 12");
    kit.run(&["snapshot", "--dry-run"]).exits(1).says("B1731");
    assert_eq!(kit.run(&["list", "--json"]).ok().json()["snapshots"].as_array().unwrap().len(), 1);
    assert_eq!(mirrors(), before);
    // A person may say that so many may go; then each is named and its copy stays.
    let file = kit.path("blackstart.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let text = text.replace("# max-shrink = 0.05", "max-shrink = 0.5");
    std::fs::write(&file, &text).unwrap();
    let report = kit.run(&["snapshot", "--json"]).exits(3).json();
    assert_eq!(report["repos"]["gone"], 3, "{report}");
    let out = kit.open(&["extract", "--to", "out", "--json"]).ok().json();
    assert_eq!(out["repos"].as_array().unwrap().len(), 13, "{out}");
    // Or that they are gone for good.
    std::fs::write(&file, text.replace("max-shrink = 0.5", "max-shrink = 0.0")).unwrap();
    kit.run(&["snapshot"]).exits(1).says("B1731");
    for number in 0..3 {
        kit.run(&["sources", "retire", &format!("r{number}")]).ok();
    }
    assert_eq!(kit.snapshot()["state"], "complete");
}

#[test]
fn a_shallow_source_and_one_with_a_hole_are_said_and_the_others_sealed() {
    let kit = Kit::new();
    let root = kit.sandbox.path("srv");
    let origin = git::worktree(&root.join("origin"));
    for text in ["1", "2", "3"] {
        git::commit(&origin, &[("a", text)], text);
    }
    let url = format!("file://{}", origin.display());
    git::git(&root, &["clone", "-q", "--bare", "--depth=1", &url, "shallow.git"]);
    let holed = git::worktree(&root.join("holed"));
    git::commit(&holed, &[("a", "1")], "m");
    for (name, path) in
        [("good", &origin), ("shallow", &root.join("shallow.git")), ("holed", &holed)]
    {
        kit.source(name, path.to_str().unwrap(), "");
    }
    let first = kit.run(&["snapshot", "--json"]).exits(3).json();
    assert_eq!(first["not_current"][0]["name"], "shallow", "{first}");
    git::commit(&holed, &[("b", "two")], "m");
    let lost = git::git(&holed, &["rev-parse", "HEAD:b"]);
    std::fs::remove_file(holed.join(".git/objects").join(&lost[..2]).join(&lost[2..])).unwrap();
    let ran = kit.run(&["snapshot"]).exits(3);
    for said in
        ["hole-at-source  holed: theirs:", "refused  shallow: theirs: the source is shallow"]
    {
        assert!(ran.stderr.contains(said), "{said} is not in {ran}");
    }
    let report = kit.run(&["snapshot", "--json"]).exits(3).json();
    let states: Vec<_> =
        report["not_current"].as_array().unwrap().iter().map(|one| &one["state"]).collect();
    assert_eq!(states, ["hole-at-source", "refused"], "{report}");
    // The last whole copy of the one with the hole is still given.
    let out = kit.open(&["extract", "--to", "out", "--json"]).ok().json();
    assert_eq!(out["repos"].as_array().unwrap().len(), 2, "{out}");
}
