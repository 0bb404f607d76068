//! A bundle on a stick: one file, split for FAT, from damaged copies.

use std::path::Path;

use crate::support::git;
use crate::support::kit::{Kit, extracted};

fn kit_with_snapshot() -> Kit {
    let kit = Kit::new();
    let apps = git::bare(&kit.sandbox.path("srv/apps.git"), "sha1");
    git::grow(&apps, 300, 30);
    kit.source("apps", apps.to_str().unwrap(), "");
    kit.snapshot();
    kit
}

fn import(kit: &Kit, from: &[&Path], to: &str) -> std::path::PathBuf {
    let store = kit.sandbox.path(to);
    let mut args: Vec<&str> = vec!["import"];
    args.extend(from.iter().map(|path| path.to_str().unwrap()));
    let root = kit.trust_root();
    args.extend(["--store", store.to_str().unwrap(), "--trust-root", &root]);
    kit.sandbox.run(&args).ok();
    store
}

fn extract_from(kit: &Kit, store: &Path, to: &str) -> std::path::PathBuf {
    let to = kit.sandbox.path(to);
    let root = kit.trust_root();
    let args = [
        "extract",
        "--store",
        store.to_str().unwrap(),
        "--trust-root",
        &root,
        "--to",
        to.to_str().unwrap(),
        "--identity",
        kit.identity.to_str().unwrap(),
    ];
    kit.sandbox.run(&args).ok();
    extracted(&to, "apps")
}

#[test]
fn one_file_and_back() {
    let kit = kit_with_snapshot();
    let file = kit.sandbox.path("a stick.tar");
    kit.run(&["export", "1", "--to", file.to_str().unwrap()]).ok();
    let apps = git::picture(&kit.sandbox.path("srv/apps.git"));
    let store = import(&kit, &[&file], "imported");
    assert_eq!(git::picture(&extract_from(&kit, &store, "out")), apps);
    // Readers take the file as it is.
    assert_eq!(git::picture(&extract_from(&kit, &file, "direct")), apps);
}

#[test]
fn the_first_good_copy_of_each_part_wins() {
    let kit = kit_with_snapshot();
    let copies: Vec<_> = ["one.tar", "two.tar"].iter().map(|name| kit.sandbox.path(name)).collect();
    for (index, copy) in copies.iter().enumerate() {
        kit.run(&["export", "1", "--to", copy.to_str().unwrap()]).ok();
        // Each copy is damaged in another part: the one in the index, the other in the base.
        let kind = ["index", "base"][index];
        let shown = kit.run(&["show", "1", "--json"]).ok().json();
        let parts = shown["part_list"].as_array().unwrap().clone();
        let part = parts.iter().find(|part| part["kind"] == kind).unwrap();
        let digest = part["digest"].as_str().unwrap().trim_start_matches("sha256:");
        let name = format!("blobs/sha256/{digest}");
        let mut bytes = std::fs::read(copy).unwrap();
        let header = bytes.windows(name.len()).position(|window| window == name.as_bytes());
        let at = header.unwrap() + 512 + 1000;
        bytes[at..at + 16].iter_mut().for_each(|byte| *byte ^= 0x55);
        std::fs::write(copy, bytes).unwrap();
    }
    let both: Vec<&Path> = copies.iter().map(std::path::PathBuf::as_path).collect();
    let store = import(&kit, &both, "imported");
    let apps = git::picture(&kit.sandbox.path("srv/apps.git"));
    assert_eq!(git::picture(&extract_from(&kit, &store, "out")), apps);
}
