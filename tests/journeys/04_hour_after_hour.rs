//! Hour after hour: unchanged costs almost nothing, changed costs what changed, and what a
//! force-push throws away stays.

use serde_json::json;

use crate::support::git;
use crate::support::kit::{Kit, extracted};

#[test]
fn an_unchanged_hour_writes_little_and_reuses_every_part() {
    let kit = Kit::new();
    let root = kit.sandbox.path("srv");
    for number in 0..10 {
        git::grow(&git::bare(&root.join(format!("r{number}.git")), "sha1"), 50, 10);
    }
    kit.configure(&format!("[[source]]\nkind = \"dir\"\npath = {}", json!(root)));
    let first = kit.snapshot();
    let second = kit.snapshot();
    assert_eq!(second["repos"]["unchanged"], 10, "{second}");
    assert!(second["written_bytes"].as_u64().unwrap() < 160_000, "{second}");
    let shown = kit.run(&["show", "1", "--json"]).ok().json();
    let parts = |kind: &str| {
        let list = shown["part_list"].as_array().unwrap().clone();
        list.into_iter().filter(|part| part["kind"] == kind).count()
    };
    assert_eq!(second["reused_parts"], parts("base"), "{first} {second}");
}

#[test]
fn old_tips_of_rewritten_and_deleted_branches_stay() {
    let kit = Kit::new();
    let apps = git::bare(&kit.sandbox.path("srv/apps.git"), "sha1");
    git::grow(&apps, 20, 0);
    git::git(&apps, &["branch", "feature", "main~3"]);
    git::git(&apps, &["branch", "doomed", "main~5"]);
    let lone = |branch: &str, said: &str| {
        let tree = format!("{branch}^{{tree}}");
        let commit = git::git(&apps, &["commit-tree", "-p", branch, "-m", said, &tree]);
        git::git(&apps, &["update-ref", &format!("refs/heads/{branch}"), &commit]);
        commit
    };
    let lost = [lone("feature", "will be rewritten"), lone("doomed", "will be deleted")];
    kit.source("apps", apps.to_str().unwrap(), "");
    kit.snapshot();

    git::git(&apps, &["update-ref", "refs/heads/feature", "main~1"]);
    git::git(&apps, &["branch", "-D", "doomed"]);
    // The host forgets at once.
    git::git(&apps, &["reflog", "expire", "--expire=now", "--all"]);
    git::git(&apps, &["gc", "--quiet", "--prune=now"]);
    let report = kit.snapshot();
    assert_eq!(report["repos"]["rewritten"], 1, "{report}");
    git::git(&apps, &["update-ref", "refs/heads/main", "main~1"]);
    kit.snapshot();

    let shown = kit.open(&["show", "latest", "--json"]).ok().json();
    let pinned = shown["repos"][0]["pinned"].to_string();
    let out = kit.extract("out", &["--pinned"]);
    let copy = extracted(&out, "apps");
    let refs = git::git(&copy, &["for-each-ref"]);
    for oid in &lost {
        assert!(pinned.contains(oid), "{oid} is not in {pinned}");
        assert!(refs.contains(oid), "{oid} has no ref in\n{refs}");
        git::git(&copy, &["rev-list", "--objects", oid]);
    }
    // Without --pinned the copy is exactly the source.
    let plain = kit.extract("plain", &[]);
    assert_eq!(git::picture(&extracted(&plain, "apps")), git::picture(&apps));
}

/// Many small changes, so that deltas pile up and are folded into a new base twice and more: at no
/// point may a ref go back.
#[test]
fn no_rebase_rolls_a_ref_back() {
    let kit = Kit::new();
    let root = kit.sandbox.path("srv");
    let repos: Vec<_> =
        (0..3).map(|n| git::bare(&root.join(format!("r{n}.git")), "sha1")).collect();
    for repo in &repos {
        git::grow(repo, 5, 2);
    }
    kit.configure(&format!("[[source]]\nkind = \"dir\"\npath = {}", json!(root)));
    kit.snapshot();
    for round in 0..54 {
        let repo = &repos[round % repos.len()];
        let said = format!("round {round}");
        let commit = git::git(repo, &["commit-tree", "-p", "main", "-m", &said, "main^{tree}"]);
        git::git(repo, &["update-ref", "refs/heads/main", &commit]);
        kit.snapshot();
        if round % 9 == 8 || round > 50 {
            let out = kit.extract(&format!("out-{round}"), &[]);
            for (number, repo) in repos.iter().enumerate() {
                let copy = extracted(&out, &format!("r{number}"));
                assert_eq!(git::picture(&copy), git::picture(repo), "round {round}");
            }
        }
    }
    // A reader that shares no code agrees, on a base with deltas.
    let second = kit.second_reader("second");
    for (number, repo) in repos.iter().enumerate() {
        let copy = &second.repositories[&format!("r{number}")];
        assert_eq!(git::picture(copy), git::picture(repo), "r{number}");
    }
    let layers = second.manifest["layers"].to_string();
    assert!(layers.contains("blackstart.delta.v1"), "{layers}");
}
