//! The second signature: another machine opens everything, proves it, and only then signs.

use std::path::PathBuf;

use crate::support::component;
use crate::support::git;
use crate::support::kit::Kit;
use crate::support::sandbox::finish;

fn kit_with_verifier() -> (Kit, PathBuf) {
    let kit = Kit::new();
    let apps = git::bare(&kit.sandbox.path("srv/apps.git"), "sha1");
    git::grow(&apps, 40, 5);
    kit.source("apps", apps.to_str().unwrap(), "");
    let key = kit.sandbox.path("verifier");
    let keygen = component::find("ssh-keygen");
    let mut command = kit.sandbox.program(keygen);
    finish(command.args(["-q", "-t", "ed25519", "-N", "", "-C", "verifier", "-f"]).arg(&key)).ok();
    (kit, key)
}

fn require_verifier(kit: &Kit, key: &std::path::Path) {
    let public = format!("{}.pub", key.display());
    kit.run(&["trust", "add", "verifier", &public, "--require"]).ok();
}

#[test]
fn a_verifier_makes_an_amber_snapshot_green() {
    let (kit, key) = kit_with_verifier();
    require_verifier(&kit, &key);
    kit.snapshot();
    let before = kit.run(&["list", "--json"]).ok().json();
    assert_eq!(
        (&before["snapshots"][0]["policy"], &before["snapshots"][0]["level"]),
        (&"unmet".into(), &"amber".into())
    );
    kit.open(&["extract", "--to", "early"]).exits(5).says("--accept-seq 1");
    // What extract refuses is nothing that a cron job may be silent about.
    kit.run(&["status"]).exits(5);
    kit.run(&["verify"]).exits(5);
    kit.run(&["verify", "1"]).exits(5);
    kit.run(&["verify", "--accept-seq", "1"]).ok();

    let report = kit.open(&["verify", "--cosign", key.to_str().unwrap(), "--json"]).ok().json();
    assert_eq!(report["indexes_rebuilt"], true, "{report}");
    let after = kit.run(&["list", "--json"]).ok().json();
    let entry = &after["snapshots"][0];
    assert_eq!((&entry["policy"], &entry["level"]), (&"met".into(), &"green".into()), "{entry}");
    let roles: Vec<_> = entry["signatures"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["role"].as_str().unwrap())
        .collect();
    assert_eq!(roles, ["job", "verifier"]);
    kit.run(&["status"]).ok();
    kit.run(&["verify"]).ok();
    kit.open(&["extract", "--to", "now"]).ok();
}

/// Who has a key already can be asked for later, and no longer; what is there says what that costs.
#[test]
fn a_signature_can_be_asked_for_later_and_no_longer() {
    let (kit, key) = kit_with_verifier();
    kit.snapshot();
    kit.run(&["trust", "require", "verifier"]).exits(2).says("no key has the role verifier");
    let public = format!("{}.pub", key.display());
    kit.run(&["trust", "add", "verifier", &public]).ok();
    kit.run(&["verify"]).ok();
    let asked = kit.run(&["trust", "add", "verifier", &public, "--require"]).ok();
    for told in ["snapshots need job + verifier; before: job", "1 of 1 snapshot in the store"] {
        assert!(asked.stdout.contains(told), "{told} in {asked}");
    }
    kit.run(&["trust", "require", "verifier"]).exits(2).says("required already");
    kit.run(&["verify"]).exits(5);
    let off = kit.run(&["trust", "require", "verifier", "--off"]).ok();
    assert!(off.stdout.contains("snapshots need job; before: job + verifier"), "{off}");
    kit.run(&["verify"]).ok();
    kit.run(&["trust", "require", "verifier", "--off"]).exits(2).says("not required");
    kit.run(&["trust", "require", "job", "--off"]).exits(2);
    kit.open(&["verify", "--cosign", key.to_str().unwrap()]).ok();
    let again = kit.run(&["trust", "require", "verifier"]).ok();
    assert!(again.stdout.contains("all of 1 snapshot"), "{again}");
    kit.run(&["status"]).ok();
}

/// A verifier that has stopped is noticed although nobody asks for its signature.
#[test]
fn a_second_signature_that_stays_away_is_told() {
    let (kit, key) = kit_with_verifier();
    kit.snapshot();
    assert_eq!(kit.run(&["status", "--json"]).ok().json()["second"], serde_json::json!([]));
    kit.run(&["trust", "add", "verifier", &format!("{}.pub", key.display())]).ok();
    let never = kit.run(&["status"]).ok();
    assert!(never.stdout.contains("second   verifier: none"), "{never}");
    kit.open(&["verify", "--cosign", key.to_str().unwrap()]).ok();
    let signed = kit.run(&["status"]).ok();
    assert!(!signed.stdout.contains("second"), "{signed}");
    kit.snapshot();
    kit.snapshot();
    let later = kit.run(&["status"]).ok();
    assert!(later.stdout.contains("verifier: not yet; last on snapshot 1"), "{later}");
    let doctor = kit.run(&["doctor"]).ok();
    assert!(doctor.stdout.contains("second signature  verifier: not yet"), "{doctor}");
}

/// The README's way to a second signature: a kit that is there already, another machine without one.
#[test]
fn a_verifier_comes_later_and_signs_a_copy() {
    let (kit, key) = kit_with_verifier();
    let (opens, public) = kit.sandbox.identity("V.key");
    let signs = format!("{}.pub", key.display());
    kit.open(&["keys", "seal", "--solo", &format!("verifier={public}")]).ok();
    kit.run(&["trust", "add", "verifier", &signs]).ok();
    kit.snapshot();
    let copy = kit.sandbox.path("there");
    let mut command = kit.sandbox.program("cp");
    finish(command.arg("-r").arg(kit.store()).arg(&copy)).ok();
    let (copy, root) = (copy.to_str().unwrap(), kit.trust_root());
    let with = ["--identity", opens.to_str().unwrap(), "--cosign", key.to_str().unwrap()];
    let there = ["verify", "--store", copy, "--trust-root", &root];
    kit.sandbox.run(&[&there[..], &with[..]].concat()).ok();
    let taken = kit.run(&["import", copy]).ok();
    assert!(taken.stdout.contains("snapshot 1  1 signature added"), "{taken}");
    kit.run(&["trust", "require", "verifier"]).ok();
    kit.run(&["status"]).ok();
}

#[test]
fn what_moved_at_the_source_since_is_noted() {
    let (kit, key) = kit_with_verifier();
    require_verifier(&kit, &key);
    kit.snapshot();
    git::git(&kit.sandbox.path("srv/apps.git"), &["update-ref", "refs/heads/new", "main"]);
    let report = kit.open(&["verify", "--cosign", key.to_str().unwrap(), "--json"]).ok().json();
    let findings = report["findings"].to_string();
    assert!(findings.contains("apps: ") && findings.contains('1'), "{report}");
}

#[test]
fn a_key_that_nobody_trusts_does_not_sign() {
    let (kit, key) = kit_with_verifier();
    kit.snapshot();
    kit.open(&["verify", "--cosign", key.to_str().unwrap()]).exits(2).says("B1720");
    let list = kit.run(&["list", "--json"]).ok().json();
    assert_eq!(list["snapshots"][0]["signatures"].as_array().unwrap().len(), 1);
}

/// Two offsets swapped and the trailer made right again: a reader would take one object for another,
/// and every checksum holds. Only building the index anew shows it.
#[test]
fn a_false_index_is_refused_by_the_verifier_and_told_by_a_full_verify() {
    let (kit, key) = kit_with_verifier();
    require_verifier(&kit, &key);
    kit.snapshot();
    let state = kit.sandbox.path("home/state/blackstart").join(kit.stream());
    let mirrors = std::fs::read_dir(state.join("mirrors")).unwrap();
    let mirror = mirrors
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|e| e == "git"))
        .unwrap();
    let packs = std::fs::read_dir(mirror.join("objects/pack")).unwrap();
    let index = packs
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|e| e == "idx"))
        .unwrap();
    // Two blobs, so that every link still leads to an object of the right kind.
    let all = git::git(&mirror, &["cat-file", "--batch-check", "--batch-all-objects"]);
    let blobs: Vec<usize> = all
        .lines()
        .enumerate()
        .filter(|(_, line)| line.contains(" blob "))
        .map(|(at, _)| at)
        .collect();
    swap_offsets(&index, blobs[0], blobs[1]);
    // A new base, so that the index is sealed as it is now.
    std::fs::remove_file(state.join("writer.json")).unwrap();
    kit.snapshot();

    kit.open(&["verify", "--full"]).exits(4).says("B1721");
    kit.open(&["verify", "--cosign", key.to_str().unwrap()]).exits(4).says("B1721");
    let list = kit.run(&["list", "--json"]).ok().json();
    assert_eq!(list["snapshots"][1]["signatures"].as_array().unwrap().len(), 1, "{list}");
}

/// Version 2 of a pack index: header, fan-out, ids, checksums, offsets, two trailers.
fn swap_offsets(index: &std::path::Path, one: usize, other: usize) {
    use std::os::unix::fs::PermissionsExt as _;
    let mut bytes = std::fs::read(index).unwrap();
    let count = u32::from_be_bytes(bytes[8 + 255 * 4..8 + 256 * 4].try_into().unwrap()) as usize;
    let offsets = 8 + 256 * 4 + count * 24;
    for byte in 0..4 {
        bytes.swap(offsets + one * 4 + byte, offsets + other * 4 + byte);
    }
    let body = bytes.len() - 20;
    std::fs::write(index.with_extension("body"), &bytes[..body]).unwrap();
    let sha1sum =
        std::process::Command::new("sha1sum").arg(index.with_extension("body")).output().unwrap();
    std::fs::remove_file(index.with_extension("body")).unwrap();
    let hex = String::from_utf8(sha1sum.stdout).unwrap();
    for (at, pair) in hex.as_bytes()[..40].chunks(2).enumerate() {
        bytes[body + at] = u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    }
    std::fs::set_permissions(index, std::fs::Permissions::from_mode(0o644)).unwrap();
    std::fs::write(index, bytes).unwrap();
}

/// The number matters: a stolen key cannot reach back before the revocation, and what was accepted
/// before it stays open.
#[test]
fn a_revoked_key_stops_from_its_number_on_and_not_before() {
    let (kit, _) = kit_with_verifier();
    kit.snapshot();
    kit.snapshot();
    kit.snapshot();
    let public = std::fs::read_to_string(kit.path("keys/job.pub")).unwrap();
    std::fs::write(kit.sandbox.path("job.pub"), public).unwrap();
    let keygen = component::find("ssh-keygen");
    let mut command = kit.sandbox.program(keygen);
    let shown = finish(command.args(["-lf"]).arg(kit.sandbox.path("job.pub"))).ok().stdout;
    let fingerprint = shown.split_whitespace().nth(1).unwrap();
    kit.run(&["trust", "revoke", fingerprint, "--from", "3"]).ok();

    kit.run(&["verify", "3"]).exits(4).says("B0802");
    let list = kit.run(&["list", "--json"]).exits(4).json();
    let levels: Vec<_> = list["snapshots"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["level"].as_str().unwrap())
        .collect();
    assert_eq!(levels, ["amber", "amber", "red"], "{list}");
    // Nothing newer leads to number 2, so using it is a decision.
    kit.open(&["extract", "2", "--to", "asked"]).exits(5).says("--accept-seq 2");
    kit.open(&["extract", "2", "--to", "typed", "--accept-seq", "2"]).ok();
    // Nobody may snapshot with that key any more.
    kit.run(&["snapshot"]).exits(5).says("B1714");
}
