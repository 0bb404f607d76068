//! One flipped byte in any file of a store is found and named; a second copy heals it.

use std::path::{Path, PathBuf};

use crate::support::git;
use crate::support::kit::Kit;

/// A kit whose two repositories are in two base parts: which shard one falls into is a secret of the
/// kit, and one kit in 64 puts them into the same.
fn kit_with_history() -> Kit {
    loop {
        let kit = try_kit();
        if bases(&kit.store(), "0000000002").len() == 2 {
            return kit;
        }
    }
}

/// The digests of the base parts of a snapshot.
fn bases(store: &Path, seq: &str) -> Vec<String> {
    let manifest = store.join("snapshots").join(seq).join("manifest.json");
    let manifest = std::fs::read_to_string(manifest).unwrap();
    let after = manifest.split("blackstart.base.v1").skip(1);
    after.map(|rest| rest.split("sha256:").nth(1).unwrap()[..64].to_owned()).collect()
}

fn try_kit() -> Kit {
    let kit = Kit::new();
    let apps = git::bare(&kit.sandbox.path("srv/apps.git"), "sha1");
    git::grow(&apps, 10, 2);
    let infra = git::bare(&kit.sandbox.path("srv/infra.git"), "sha1");
    git::grow(&infra, 5, 1);
    kit.source("apps", apps.to_str().unwrap(), "");
    kit.source("infra", infra.to_str().unwrap(), "");
    kit.snapshot();
    git::grow(&apps, 15, 3);
    kit.snapshot();
    kit
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

#[test]
fn a_flipped_byte_in_any_file_exits_4() {
    let kit = kit_with_history();
    kit.run(&["verify", "--full"]).ok();
    let all: Vec<PathBuf> = ["blobs", "snapshots", "trust"]
        .iter()
        .flat_map(|part| files(&kit.store().join(part)))
        .collect();
    assert!(all.len() > 15);
    for (number, path) in all.iter().enumerate() {
        let whole = std::fs::read(path).unwrap();
        let mut flipped = whole.clone();
        let at = (number * 7919) % flipped.len();
        flipped[at] ^= 1;
        std::fs::write(path, &flipped).unwrap();
        let ran = kit.run(&["verify", "--full"]);
        assert_eq!(ran.status, 4, "byte {at} of {}: {ran}", path.display());
        std::fs::write(path, &whole).unwrap();
    }
    kit.run(&["verify", "--full"]).ok();
}

#[test]
fn what_does_not_hold_is_left_out_and_a_second_copy_heals_it() {
    let kit = kit_with_history();
    let stick = kit.sandbox.path("stick");
    kit.run(&["export", "latest", "--to", &format!("{}/", stick.display())]).ok();
    let bases = bases(&stick, "0000000002");
    // Here the first base part is cut, on the stick the second is gone.
    let here = kit.store().join("blobs/sha256").join(&bases[0]);
    let whole = std::fs::read(&here).unwrap();
    std::fs::write(&here, &whole[..whole.len() / 2]).unwrap();
    std::fs::remove_file(stick.join("blobs/sha256").join(bases.last().unwrap())).unwrap();

    let to = kit.sandbox.path("lossy");
    let lossy = kit.open(&["extract", "--to", to.to_str().unwrap(), "--json"]).exits(4).json();
    assert_eq!(lossy["left_out"].as_array().unwrap().len(), 1, "{lossy}");
    assert_eq!(lossy["repos"].as_array().unwrap().len(), 1, "{lossy}");

    let to = kit.sandbox.path("whole");
    let store = kit.store();
    let both = [
        "extract",
        "--to",
        to.to_str().unwrap(),
        "--store",
        store.to_str().unwrap(),
        "--store",
        stick.to_str().unwrap(),
    ];
    kit.open(&both).ok();
    let alone = kit.sandbox.path("alone");
    kit.run(&["import", stick.to_str().unwrap(), "--store", alone.to_str().unwrap()]).exits(4);
    kit.run(&["import", stick.to_str().unwrap()]).ok();
    assert_eq!(std::fs::read(&here).unwrap(), whole, "the damaged copy is healed");
    kit.run(&["verify", "--full"]).ok();
}

#[test]
fn an_older_snapshot_than_one_seen_needs_its_number() {
    let kit = kit_with_history();
    let old = ["extract", "1", "--to", "old"];
    kit.open(&old).exits(5).says("--accept-seq 1");
    kit.open(&[&old[..], &["--accept-seq", "1"]].concat()).ok();
    std::fs::remove_dir_all(kit.store().join("snapshots/0000000002")).unwrap();
    kit.run(&["verify"]).exits(5);
}

#[test]
fn snapshots_in_the_wrong_place_are_refused() {
    let kit = kit_with_history();
    let snapshots = kit.store().join("snapshots");
    let copy = |from: &str, to: &str| {
        std::fs::create_dir(snapshots.join(to)).unwrap();
        for file in files(&snapshots.join(from)) {
            std::fs::copy(&file, snapshots.join(to).join(file.file_name().unwrap())).unwrap();
        }
    };
    copy("0000000001", "0000000009");
    kit.run(&["verify"]).exits(4).says("B0805");
    // Other verbs pass over it and say so.
    kit.run(&["status"]).ok().says("snapshot 9 is passed over");
    std::fs::remove_dir_all(snapshots.join("0000000009")).unwrap();
    let swapped = snapshots.join("0000000002/manifest.json");
    std::fs::copy(snapshots.join("0000000001/manifest.json"), swapped).unwrap();
    kit.run(&["verify", "2"]).exits(4);
}
