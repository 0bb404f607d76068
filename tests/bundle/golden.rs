//! Every released format opens for ever. The stores in `bundles/golden` are never made anew.

use std::path::{Path, PathBuf};

use crate::support::git;
use crate::support::sandbox::Sandbox;

fn golden(format: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("bundles/golden").join(format)
}

/// What was in the repositories when the store was made, as `git for-each-ref` and HEAD say.
fn expected(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("refs.txt")).unwrap()
}

#[test]
fn format_1_opens() {
    let folder = golden("format-1");
    let sandbox = Sandbox::new();
    let root = std::fs::read_to_string(folder.join("trust-root.txt")).unwrap();
    let (store, key) = (folder.join("store"), folder.join("opener.key"));
    let place = ["--store", store.to_str().unwrap(), "--trust-root", root.trim()];
    let with = |args: &[&str]| sandbox.run(&[args, &place].concat());

    let list = with(&["list", "--json"]).ok().json();
    assert_eq!(list["snapshots"].as_array().unwrap().len(), 2, "{list}");
    with(&["verify", "--full", "--identity", key.to_str().unwrap()]).ok();
    let out = sandbox.path("out");
    with(&[
        "extract",
        "--to",
        out.to_str().unwrap(),
        "--pinned",
        "--identity",
        key.to_str().unwrap(),
    ])
    .ok();

    let mut found = String::new();
    for line in std::fs::read_to_string(out.join("repos.tsv")).unwrap().lines() {
        let repository = out.join(line.split('\t').next().unwrap());
        found += &[line, "\n", &std::fs::read_to_string(repository.join("HEAD")).unwrap()].concat();
        found.push_str(&git::git(
            &repository,
            &["for-each-ref", "--format=%(objectname) %(refname)"],
        ));
        found.push('\n');
        git::git(&repository, &["fsck", "--strict"]);
    }
    let lines = |text: &str| {
        text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(
        lines(&found),
        lines(&expected(&folder)),
        "the store reads differently than when it was made"
    );
}
