//! What goes wrong at three in the morning, and the exit code that scripts rely on.

use crate::support::git;
use crate::support::kit::Kit;
use crate::support::sandbox::finish;

fn kit_with_snapshot() -> Kit {
    let kit = Kit::new();
    let apps = git::bare(&kit.sandbox.path("srv/apps.git"), "sha1");
    git::grow(&apps, 50, 3);
    kit.source("apps", apps.to_str().unwrap(), "");
    kit.snapshot();
    kit
}

#[test]
fn the_wrong_identity_is_12_and_leaves_nothing() {
    let kit = kit_with_snapshot();
    let (stranger, _) = kit.sandbox.identity("stranger.key");
    let to = kit.sandbox.path("out");
    let args = ["extract", "--to", to.to_str().unwrap(), "--identity", stranger.to_str().unwrap()];
    kit.run(&args).exits(12);
    assert!(!to.join("repos.tsv").exists());
}

#[test]
fn a_wrong_configuration_is_2_with_the_line_and_what_is_allowed() {
    let kit = kit_with_snapshot();
    let lines = std::fs::read_to_string(kit.path("blackstart.toml")).unwrap().lines().count();
    kit.configure("[[source]]\nkind = \"svn\"\nurl = \"x\"");
    let ran = kit.run(&["snapshot"]).exits(2);
    assert!(ran.stderr.contains("git") && ran.stderr.contains("dir"), "{ran}");
    let wrong = lines + 3;
    assert!(ran.stderr.contains(&wrong.to_string()), "line {wrong} is not in {ran}");
    kit.run(&["no-such-verb"]).exits(2);
}

#[test]
fn outside_a_kit_trust_comes_from_paper() {
    let kit = kit_with_snapshot();
    let store = kit.store();
    let list = ["list", "--json", "--store", store.to_str().unwrap()];
    kit.sandbox.run(&list).exits(5);
    let root = kit.trust_root();
    kit.sandbox.run(&[&list[..], &["--trust-root", &root]].concat()).ok();
    let file = kit.path("trust/0000000001/allowed_signers");
    kit.sandbox.run(&[&list[..], &["--trust-root", file.to_str().unwrap()]].concat()).ok();
    let other = "0".repeat(64);
    let refused = kit.sandbox.run(&[&list[..], &["--trust-root", &other]].concat());
    assert!(refused.status != 0, "{refused}");
    kit.sandbox.run(&["list", "--store", "/nonexistent", "--trust-root", &root]).exits(10);
}

#[test]
fn a_flipped_byte_is_4() {
    let kit = kit_with_snapshot();
    let blobs = kit.store().join("blobs/sha256");
    let (mut checked, mut told) = (0, 0);
    for entry in std::fs::read_dir(blobs).unwrap() {
        let path = entry.unwrap().path();
        let good = std::fs::read(&path).unwrap();
        let mut bad = good.clone();
        bad[good.len() / 2] ^= 1;
        replace(&path, &bad);
        let ran = kit.run(&["verify", "--full"]);
        let listed_only = good.starts_with(b"{");
        assert!(ran.status == 4 || listed_only && ran.status == 0, "{}: {ran}", path.display());
        checked += usize::from(ran.status == 4);
        told += usize::from(ran.stdout.contains("extract still takes out"));
        replace(&path, &good);
    }
    assert!(checked >= 5 && told >= 2, "{checked} {told}");
    let manifest = kit.store().join("snapshots/0000000001/manifest.json");
    let good = std::fs::read(&manifest).unwrap();
    let mut bad = good.clone();
    bad[good.len() / 2] ^= 1;
    replace(&manifest, &bad);
    kit.run(&["verify", "1"]).exits(4);
    replace(&manifest, &good);
    kit.run(&["verify", "--full"]).ok();
}

fn replace(path: &std::path::Path, bytes: &[u8]) {
    std::fs::remove_file(path).unwrap();
    std::fs::write(path, bytes).unwrap();
}

/// Going back to an older number is a choice that must be typed.
#[test]
fn a_rolled_back_store_is_5_until_the_number_is_typed() {
    let kit = kit_with_snapshot();
    let apps = kit.sandbox.path("srv/apps.git");
    git::git(&apps, &["update-ref", "refs/heads/new", "main~1"]);
    kit.snapshot();
    kit.extract("newest", &[]);
    std::fs::remove_dir_all(kit.store().join("snapshots/0000000002")).unwrap();
    let to = kit.sandbox.path("old");
    let extract = ["extract", "latest", "--to", to.to_str().unwrap()];
    kit.open(&extract).exits(5);
    kit.open(&[&extract[..], &["--accept-seq", "1"]].concat()).ok();
}

/// A folder that is mistyped is found on a quiet day.
#[test]
fn a_root_that_is_not_there_is_told_before_it_is_needed() {
    let kit = kit_with_snapshot();
    kit.configure("[[root]]\nrepo = \"apps\"\npath = \"\"");
    let good = kit.run(&["doctor"]).ok();
    assert!(good.stdout.contains("apps: at "), "{good}");
    kit.configure("[[root]]\nrepo = \"apps\"\npath = \"clusters/prd\"");
    let bad = kit.run(&["doctor"]).exits(1);
    assert!(bad.stdout.contains("apps has no folder \"clusters/prd\""), "{bad}");
    kit.run(&["snapshot"]).ok().says("apps has no folder").says("B1301");
}

/// Who stands in a bundle is told so, and how to go on.
#[test]
fn a_folder_of_bundles_is_no_kit_and_says_so() {
    let kit = kit_with_snapshot();
    let stick = kit.sandbox.path("stick");
    let to = format!("{}/bundles/", stick.display());
    let made = kit.run(&["export", "latest", "--to", &to]).ok();
    for told in ["blackstart.toml", "the program"] {
        assert!(made.stdout.contains(told), "{told} in {made}");
    }
    let place = &kit.sandbox;
    place
        .run_in("stick/bundles", &["status"])
        .exits(2)
        .says("this folder holds bundles")
        .says("--store .");
    let assessed = place.run_in("stick/bundles", &["assess"]).ok();
    assert!(assessed.stdout.contains("--store . --trust-root FINGERPRINT"), "{assessed}");
    let root = kit.trust_root();
    let with = ["--store", ".", "--trust-root", &root];
    place.run_in("stick/bundles", &[&["status"], &with[..]].concat()).ok();
    let assessed = place.run_in("stick/bundles", &[&["assess", "--json"], &with[..]].concat()).ok();
    assert!(assessed.stdout.contains(&format!("list --store . --trust-root {root}")), "{assessed}");

    // What the README says of a stick: the kit without its keys, the program, the export.
    for name in ["blackstart.toml", "trust", "runbooks"] {
        let mut copy = place.program("cp");
        finish(copy.arg("-r").arg(kit.path(name)).arg(&stick)).ok();
    }
    place.run_in("stick", &["status"]).ok();
    let identity = kit.identity.to_str().unwrap();
    place.run_in("stick", &["extract", "--to", "repos", "--identity", identity]).ok();
}

#[test]
fn stale_is_6() {
    let kit = kit_with_snapshot();
    std::thread::sleep(std::time::Duration::from_millis(2100));
    let ran = kit.run(&["status", "--max-age", "1s"]).exits(6);
    assert!(ran.stdout.starts_with("STALE, GREEN"), "{ran}");
    kit.run(&["status", "--max-age", "1d"]).ok();
}
