//! From nothing to a bundle, and back to the same bytes: the promise of the first day.

use serde_json::json;

use crate::support::kit::{Kit, extracted};
use crate::support::{git, zoo};

/// Every odd repository, and one with more refs than fit a listing, comes back as it was: by the
/// program, and by a reader that shares no code with it.
#[test]
fn every_repository_comes_back_byte_for_byte() {
    let kit = Kit::new();
    let root = kit.sandbox.path("srv");
    let mut animals = zoo::zoo(&root);
    animals.push(zoo::Animal {
        name: "crowd".into(),
        path: zoo::crowd(&root.join("crowd.git"), 18_000),
    });
    kit.configure(&format!("[[source]]\nkind = \"dir\"\npath = {}", json!(root)));

    let taken = kit.snapshot();
    assert_eq!(taken["format_version"], 1);
    assert_eq!((&taken["seq"], &taken["state"]), (&json!(1), &json!("complete")), "{taken}");
    assert_eq!(taken["repos"]["fresh"], json!(animals.len()), "{taken}");

    let out = kit.extract("out", &[]);
    let second = kit.second_reader("second");
    assert_eq!(second.repositories.len(), animals.len());
    for animal in &animals {
        let expected = git::picture(&animal.path);
        assert_eq!(git::picture(&extracted(&out, &animal.name)), expected, "{}", animal.name);
        assert_eq!(git::picture(&second.repositories[&animal.name]), expected, "{}", animal.name);
    }
}

/// What a person sees without any key, and with one.
#[test]
fn list_show_status_and_verify_agree() {
    let kit = Kit::new();
    let apps = git::bare(&kit.sandbox.path("srv/apps.git"), "sha1");
    git::grow(&apps, 20, 3);
    kit.source("apps", apps.to_str().unwrap(), "class = \"required\"");
    let taken = kit.snapshot();

    let list = kit.run(&["list", "--json"]).ok().json();
    assert_eq!(list["format_version"], 1);
    assert_eq!(list["stream"], json!(kit.stream()));
    let [entry] = list["snapshots"].as_array().unwrap().as_slice() else { panic!("{list}") };
    assert_eq!(entry["seq"], 1);
    assert_eq!(entry["state"], "complete");
    assert_eq!(entry["digest"], taken["digest"]);
    assert_eq!((&entry["policy"], &entry["level"]), (&json!("met"), &json!("green")), "{list}");
    assert_eq!(entry["signatures"][0]["role"], "job");
    assert_eq!(entry["signatures"][0]["status"], "good");
    assert!(entry["parts"].as_u64().unwrap() >= 5 && entry["bytes"].as_u64().unwrap() > 0);

    assert!(kit.run(&["show", "1", "--json"]).ok().json().get("repos").is_none());
    let shown = kit.open(&["show", "1", "--json"]).ok().json();
    let repo = &shown["repos"][0];
    assert_eq!((&repo["name"], &repo["state"]), (&json!("apps"), &json!("fresh")));
    assert_eq!(repo["refs"], 3);
    assert!(repo["head"].as_str().unwrap().contains("refs/heads/main"), "{repo}");

    kit.run(&["status"]).ok();
    kit.run(&["status", "--max-age", "2h"]).ok();
    kit.run(&["verify"]).ok();
    kit.run(&["verify", "1", "--full"]).ok();
}

/// `init` overwrites nothing, keeps secrets out of Git, and says what to do next.
#[test]
fn init_makes_a_kit_that_fits_git() {
    use std::os::unix::fs::PermissionsExt as _;
    let kit = Kit::new();
    for name in ["blackstart.toml", "bundles", "runbooks/git-host-outage.md", "trust", ".gitignore"]
    {
        assert!(kit.path(name).exists(), "{name}");
    }
    git::worktree(&kit.path(""));
    git::git(&kit.path(""), &["add", "--all"]);
    let tracked = git::git(&kit.path(""), &["ls-files"]);
    let private = |path: &std::path::Path| {
        std::fs::read_to_string(path).is_ok_and(|text| text.contains("PRIVATE KEY"))
    };
    for name in tracked.lines() {
        assert!(!private(&kit.path(name)), "{name} is a private key and would be committed");
    }
    let keys = std::fs::read_dir(kit.path("keys")).unwrap().map(|entry| entry.unwrap().path());
    let private: Vec<_> = keys.filter(|path| private(path)).collect();
    assert!(!private.is_empty());
    for path in private {
        let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", path.display());
    }
    let before = std::fs::read(kit.path("blackstart.toml")).unwrap();
    let (_, recipient) = kit.sandbox.identity("other.key");
    let again = kit.run(&["init", ".", "--opener", &recipient]);
    assert_ne!(again.status, 0, "{again}");
    assert_eq!(std::fs::read(kit.path("blackstart.toml")).unwrap(), before);
}

/// Files that were asked for and cannot be written are no complete result: a script must not go on
/// with half a folder. The repositories are whole, so it is not a loss either.
#[test]
fn files_that_are_left_out_are_said_by_the_exit_code() {
    let kit = Kit::new();
    let apps = git::worktree(&kit.sandbox.path("srv/apps"));
    git::commit(&apps, &[("a.yaml", "a: 1\n")], "one");
    let lib = git::worktree(&kit.sandbox.path("srv/lib"));
    let commit = git::commit(&lib, &[("b.yaml", "b: 1\n")], "one");
    let uses = git::worktree(&kit.sandbox.path("srv/uses"));
    git::commit(&uses, &[("c.yaml", "c: 1\n")], "one");
    let submodule = format!("160000,{commit},lib");
    git::git(&uses, &["update-index", "--add", "--cacheinfo", &submodule]);
    git::git(&uses, &["commit", "--quiet", "--message", "uses lib"]);
    git::git(&lib, &["branch", "--move", "other"]);
    for name in ["apps", "lib", "uses"] {
        kit.source(name, kit.sandbox.path(format!("srv/{name}")).to_str().unwrap(), "");
    }
    kit.snapshot();
    let extract = |to: &str, more: &[&str]| kit.open(&[&["extract", "--to", to], more].concat());
    extract("../all", &[]).ok();
    extract("../apps", &["--worktree", "main", "--repo", "apps"]).ok();
    let ran = extract("../some", &["--worktree", "main"]).exits(3);
    assert!(ran.stdout.contains("left out lib: a submodule"), "{ran}");
    assert!(ran.stdout.contains("left out its files: "), "{ran}");
    assert!(ran.stdout.contains("INCOMPLETE  files of 2 repositories"), "{ran}");
    let some = kit.sandbox.path("some");
    assert!(some.join("apps.files/a.yaml").exists() && some.join("uses.files/c.yaml").exists());
    for name in ["apps", "lib", "uses"] {
        let source = kit.sandbox.path(format!("srv/{name}/.git"));
        assert_eq!(git::picture(&extracted(&some, name)), git::picture(&source), "{name}");
    }
}
