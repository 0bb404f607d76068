//! A store in which somebody put, took or swapped something, one fault a test: what does not hold is
//! 4, an older state than one seen is 5, and what breaks nothing is a finding.
//!
//! The twin of this file is `compromised`, where the forger holds the job's key.

use std::path::{Path, PathBuf};

use blackstart::bundle::manifest::{Manifest, PartKind};
use blackstart::model::digest::Digest;
use blackstart::model::id::Seq;

use crate::insider::{Insider, sign_with, tar_of};
use crate::support::component;
use crate::support::git;
use crate::support::kit::Kit;
use crate::support::sandbox::finish;

/// A kit with two snapshots of two repositories in two parts: which shard one falls into is a secret
/// of the kit, and one kit in 64 puts them into the same.
fn kit() -> Kit {
    loop {
        let kit = try_kit();
        if base(&Insider::new(&kit).manifest(2)).len() == 2 {
            return kit;
        }
    }
}

fn try_kit() -> Kit {
    let kit = Kit::new();
    for name in ["apps", "infra"] {
        let path = git::bare(&kit.sandbox.path(format!("srv/{name}.git")), "sha1");
        git::grow(&path, 5, 2);
        kit.source(name, path.to_str().unwrap(), "");
    }
    kit.snapshot();
    let apps = kit.sandbox.path("srv/apps.git");
    git::git(&apps, &["update-ref", "refs/heads/new", "main~1"]);
    kit.snapshot();
    kit
}

fn blob(kit: &Kit, digest: &Digest) -> PathBuf {
    kit.store().join(format!("blobs/sha256/{digest}"))
}

fn base(manifest: &Manifest) -> Vec<Digest> {
    manifest.of_kind(&PartKind::Base).map(|part| part.digest).collect()
}

/// Extracts to `to`; returns the exit code, the names that were given and those left out.
fn extract(kit: &Kit, to: &str) -> (i32, Vec<String>, Vec<String>) {
    let ran = kit.open(&["extract", "--to", to, "--json"]);
    if ran.stdout.is_empty() {
        return (ran.status, Vec::new(), Vec::new());
    }
    let names = |list: &str| {
        let list = ran.json()[list].as_array().unwrap().clone();
        list.iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    (ran.status, names("repos"), names("left_out"))
}

fn both() -> Vec<String> {
    vec!["apps".to_owned(), "infra".to_owned()]
}

fn keygen(kit: &Kit, name: &str) -> PathBuf {
    let key = kit.sandbox.path(name);
    let mut command = kit.sandbox.program(component::find("ssh-keygen"));
    finish(command.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key)).ok();
    key
}

fn fingerprint(kit: &Kit, public: &Path) -> String {
    let mut command = kit.sandbox.program(component::find("ssh-keygen"));
    let shown = finish(command.arg("-lf").arg(public)).ok().stdout;
    shown.split_whitespace().nth(1).unwrap().to_owned()
}

#[test]
fn a_truncated_part_is_4_and_costs_its_own_repositories() {
    let kit = kit();
    let part = blob(&kit, &base(&Insider::new(&kit).manifest(2))[0]);
    let whole = std::fs::read(&part).unwrap();
    // In the header of age, at the end of its first chunk, in the padding, one byte too few.
    for length in [0, 100, 64 << 10, whole.len() - 1] {
        std::fs::write(&part, &whole[..length]).unwrap();
        kit.run(&["verify", "--full"]).exits(4);
        let (status, given, missing) = extract(&kit, &format!("out-{length}"));
        assert_eq!((status, given.len(), missing.len()), (4, 1, 1), "{given:?} {missing:?}");
    }
}

#[test]
fn two_parts_that_changed_places_are_4() {
    let kit = kit();
    let parts = base(&Insider::new(&kit).manifest(2));
    assert_eq!(parts.len(), 2, "two repositories in two shards");
    let (one, other) = (blob(&kit, &parts[0]), blob(&kit, &parts[1]));
    let aside = one.with_extension("aside");
    std::fs::rename(&one, &aside).unwrap();
    std::fs::rename(&other, &one).unwrap();
    std::fs::rename(&aside, &other).unwrap();
    kit.run(&["verify", "--full"]).exits(4);
    assert_eq!(extract(&kit, "out"), (4, vec![], both()));
}

#[test]
fn a_missing_part_is_4_and_the_others_are_given() {
    let kit = kit();
    let parts = base(&Insider::new(&kit).manifest(2));
    std::fs::remove_file(blob(&kit, &parts[0])).unwrap();
    kit.run(&["verify"]).exits(4);
    let (status, given, missing) = extract(&kit, "out");
    assert_eq!((status, given.len(), missing.len()), (4, 1, 1), "{given:?} {missing:?}");
}

#[test]
fn a_part_listed_twice_is_4() {
    let kit = kit();
    let insider = Insider::new(&kit);
    let mut manifest = insider.successor(2);
    let at = manifest.layers.iter().position(|part| part.kind == PartKind::Base).unwrap();
    manifest.layers.insert(at, manifest.layers[at].clone());
    insider.publish(&manifest);
    kit.run(&["verify", "3"]).exits(4).says("B0803");
    kit.open(&["extract", "3", "--to", "out"]).exits(4).says("B0803");
}

/// The delta of one snapshot in the place of another's base.
#[test]
fn a_part_under_another_kind_is_4() {
    let kit = kit();
    let insider = Insider::new(&kit);
    let mut manifest = insider.successor(2);
    manifest.layers.retain(|part| part.kind != PartKind::Base);
    let delta = manifest.layers.iter_mut().find(|part| part.kind == PartKind::Delta).unwrap();
    delta.kind = PartKind::Base;
    insider.publish(&manifest);
    kit.open(&["verify", "3"]).exits(4);
    kit.open(&["extract", "3", "--to", "out"]).exits(4);
}

#[test]
fn the_manifest_of_one_snapshot_with_the_signature_of_another_is_4() {
    let kit = kit();
    let snapshots = kit.store().join("snapshots");
    let signature = format!("job.{}.sig", Insider::new(&kit).key());
    let (one, two) = (snapshots.join("0000000001"), snapshots.join("0000000002"));
    std::fs::copy(one.join(&signature), two.join(&signature)).unwrap();
    kit.run(&["verify"]).exits(4).says("B0801");
    kit.open(&["extract", "2", "--to", "out"]).exits(4).says("B0801");
    // Without a number the one before is used, and that is said.
    assert_eq!(extract(&kit, "before").0, 5, "an older one than was seen here takes its number");
}

#[test]
fn an_old_snapshot_under_a_higher_number_is_4() {
    let kit = kit();
    let snapshots = kit.store().join("snapshots");
    let old = snapshots.join("0000000001");
    let new = snapshots.join("0000000003");
    std::fs::create_dir(&new).unwrap();
    for entry in std::fs::read_dir(&old).unwrap().map(Result::unwrap) {
        std::fs::copy(entry.path(), new.join(entry.file_name())).unwrap();
    }
    kit.run(&["verify"]).exits(4).says("B0805");
    kit.open(&["extract", "3", "--to", "out"]).exits(4).says("B0805");
}

/// Two snapshots with one number: whoever has seen the first stops at the second.
#[test]
fn a_second_snapshot_with_the_same_number_is_4() {
    let kit = kit();
    kit.run(&["verify"]).ok();
    let insider = Insider::new(&kit);
    let mut manifest = insider.manifest(2);
    manifest.complete = false;
    insider.publish(&manifest);
    kit.run(&["verify"]).exits(4).says("B0805");
}

#[test]
fn a_signature_made_for_another_purpose_is_4() {
    let kit = kit();
    let insider = Insider::new(&kit);
    let manifest = insider.successor(2).render();
    for namespace in ["blackstart.trust.v1", "blackstart.keys.v1", "blackstart.log.v1", "file"] {
        insider.publish_bytes(3, &manifest, namespace);
        kit.run(&["verify", "3"]).exits(4).says("B0801");
        kit.open(&["extract", "3", "--to", "out"]).exits(4).says("B0801");
    }
}

#[test]
fn a_signature_of_a_stranger_under_a_known_name_is_4() {
    let kit = kit();
    let insider = Insider::new(&kit);
    let manifest = insider.successor(2).render();
    let stranger = keygen(&kit, "stranger");
    let signature = sign_with(&kit, &stranger, &manifest, crate::insider::SNAPSHOT);
    insider.place(3, &manifest, &[(&format!("job.{}.sig", insider.key()), &signature)]);
    kit.run(&["verify", "3"]).exits(4).says("B0801");
}

/// The threshold of root keys counts keys: one that signs under two names is still one.
#[test]
fn one_root_key_counted_twice_for_a_threshold_of_two_is_4() {
    let kit = kit();
    let second = keygen(&kit, "root2");
    let public = format!("{}.pub", second.display());
    kit.run(&["trust", "add", "root", &public, "--threshold", "2"]).ok();
    let version = kit.path("trust/0000000002");
    let file = std::fs::read(version.join("allowed_signers")).unwrap();
    let names = std::fs::read_dir(&version).unwrap().map(|entry| entry.unwrap().file_name());
    let names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
    let signature = names.iter().find(|name| name.starts_with("root1.")).unwrap();
    let pem = std::fs::read(version.join(signature)).unwrap();
    let twin = signature.replace("root1.", "root2.");
    std::fs::write(version.join(&twin), &pem).unwrap();
    // As the next version it does not count …
    let shown = kit.run(&["trust", "show", "--json"]).ok().json();
    assert_eq!(shown["version"], 1, "{shown}");
    // … and whoever is told to begin with it is told that it is not signed.
    let store = kit.store();
    let there = store.join("trust/0000000002");
    std::fs::create_dir_all(&there).unwrap();
    for name in ["allowed_signers", signature.as_str(), twin.as_str()] {
        std::fs::copy(version.join(name), there.join(name)).unwrap();
    }
    let root = Digest::of(&file).to_string();
    let place = ["--store", store.to_str().unwrap(), "--trust-root", &root];
    kit.sandbox.run(&[&["verify", "--full"][..], &place].concat()).exits(4).says("B0315");
    // With the real second signature it counts.
    std::fs::remove_file(version.join(&twin)).unwrap();
    kit.run(&["trust", "sign", "--key", second.to_str().unwrap()]).ok();
    assert_eq!(kit.run(&["trust", "show", "--json"]).ok().json()["version"], 2);
}

/// One key in two roles does not meet a policy of two.
#[test]
fn one_key_in_two_roles_does_not_meet_a_policy_of_two() {
    let kit = kit();
    let public = kit.path("keys/job.pub");
    kit.run(&["trust", "add", "verifier", public.to_str().unwrap(), "--require"]).ok();
    let insider = Insider::new(&kit);
    let folder = kit.store().join("snapshots/0000000002");
    let job = std::fs::read(folder.join(format!("job.{}.sig", insider.key()))).unwrap();
    std::fs::write(folder.join(format!("verifier.{}.sig", insider.key())), job).unwrap();
    let listed = kit.run(&["list", "--json"]).ok().json();
    assert_eq!(listed["snapshots"][1]["policy"], "unmet", "{listed}");
    kit.open(&["extract", "2", "--to", "out"]).exits(5).says("B0806");
}

#[test]
fn a_replaced_seal_is_4() {
    let kit = kit();
    let insider = Insider::new(&kit);
    kit.second_reader("good");
    let keys = kit.sandbox.path("good/keys");
    let mut files: Vec<(String, Vec<u8>)> = std::fs::read_dir(&keys)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| {
            (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap())
        })
        .collect();
    files.sort();
    // An attacker's own key, sealed to the real opener: it opens, and is not the epoch's.
    let (own, _) = kit.sandbox.identity("attacker.key");
    let opener = kit.identity.to_str().unwrap();
    let mut command = kit.sandbox.program(component::find("age"));
    let seal = kit.sandbox.path("seal.age");
    finish(command.args(["-a", "-e", "-i", opener, "-o"]).arg(&seal).arg(&own)).ok();
    for (name, bytes) in &mut files {
        if name.ends_with(".any.age") {
            *bytes = std::fs::read(&seal).unwrap();
        }
    }
    let named: Vec<(String, &[u8])> =
        files.iter().map(|(name, bytes)| (format!("keys/{name}"), bytes.as_slice())).collect();
    let named: Vec<(&str, &[u8])> =
        named.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
    let mut manifest = insider.successor(2);
    let part = insider.part(PartKind::Keys, &tar_of(&named));
    *manifest.layers.iter_mut().find(|part| part.kind == PartKind::Keys).unwrap() = part;
    insider.publish(&manifest);
    // It shows without any key, and nothing is opened with it.
    let shown = kit.run(&["verify", "3"]).exits(4);
    assert!(shown.stdout.contains("SEALS"), "{shown}");
    let (root, store) = (kit.trust_root(), kit.store());
    let place = ["--store", store.to_str().unwrap(), "--trust-root", &root, "--identity", opener];
    let outside = [&["extract", "3", "--to", "out"][..], &place].concat();
    kit.sandbox.run(&outside).exits(4).says("B0308");
    // In the kit the seals of the kit open it, and what is wrong is said.
    kit.open(&["extract", "3", "--to", "kits"]).ok().says("the seals of the bundle are not used");
}

#[test]
fn another_epoch_recipient_is_4() {
    let kit = kit();
    let insider = Insider::new(&kit);
    let (_, recipient) = kit.sandbox.identity("attacker.key");
    let mut manifest = insider.successor(2);
    manifest.epoch_recipient = recipient;
    insider.publish(&manifest);
    kit.run(&["verify", "3"]).exits(4).says("another recipient");
    let mut manifest = insider.successor(2);
    manifest.epoch = 99;
    insider.publish(&manifest);
    kit.run(&["verify", "3"]).exits(4).says("epoch 99");
    kit.open(&["extract", "3", "--to", "out"]).exits(4);
}

/// Whoever removes the newest version may remove a revocation.
#[test]
fn a_trust_file_of_a_lower_version_than_seen_is_4() {
    let kit = kit();
    let verifier = keygen(&kit, "verifier");
    let first = kit.sandbox.path("first-version");
    std::fs::copy(kit.path("trust/0000000001/allowed_signers"), &first).unwrap();
    kit.run(&["trust", "add", "verifier", &format!("{}.pub", verifier.display())]).ok();
    let root = kit.trust_root();
    let store = kit.store();
    let outside = |args: &[&str], root: &str| {
        let place = ["--store", store.to_str().unwrap(), "--trust-root", root];
        kit.sandbox.run(&[args, &place].concat())
    };
    kit.snapshot();
    outside(&["verify"], &root).ok();
    std::fs::remove_dir_all(store.join("trust/0000000002")).unwrap();
    for verb in ["verify", "list", "status"] {
        outside(&[verb], &root).exits(4).says("B1706");
    }
    outside(&["verify"], first.to_str().unwrap()).exits(4).says("B1706");
    // The newer version, from the kit or by hand, is the way on.
    let newer = kit.path("trust/0000000002/allowed_signers");
    outside(&["verify"], newer.to_str().unwrap()).ok();
    kit.run(&["verify"]).ok();
    // The kit's own newest version gone: the same.
    let away = kit.sandbox.path("away");
    std::fs::rename(kit.path("trust/0000000002"), &away).unwrap();
    kit.run(&["verify"]).exits(4).says("B1706");
    std::fs::rename(&away, kit.path("trust/0000000002")).unwrap();
    kit.run(&["verify"]).ok();
}

#[test]
fn a_removed_newest_snapshot_is_5() {
    let kit = kit();
    kit.run(&["verify"]).ok();
    std::fs::remove_dir_all(kit.store().join("snapshots/0000000002")).unwrap();
    kit.run(&["verify"]).exits(5).says("B0806");
    assert_eq!(extract(&kit, "out"), (5, vec![], vec![]));
}

#[test]
fn a_lower_number_than_seen_is_5_until_it_is_typed() {
    let kit = kit();
    kit.run(&["verify"]).ok();
    kit.open(&["extract", "1", "--to", "out"]).exits(5).says("--accept-seq 1");
    kit.open(&["extract", "1", "--to", "out", "--accept-seq", "1"]).ok();
}

/// One bad number must not end a stream.
#[test]
fn a_jump_of_the_number_is_5_until_it_is_typed() {
    let kit = kit();
    kit.run(&["verify"]).ok();
    let insider = Insider::new(&kit);
    let mut manifest = insider.successor(2);
    manifest.seq = Seq::new(5000).unwrap();
    insider.publish(&manifest);
    kit.open(&["extract", "5000", "--to", "out"]).exits(5).says("jumps");
}

#[test]
fn a_revoked_key_is_4_from_its_number_on_and_amber_before() {
    let kit = kit();
    kit.snapshot();
    let key = fingerprint(&kit, &kit.path("keys/job.pub"));
    kit.run(&["trust", "revoke", &key, "--from", "3"]).ok();
    kit.run(&["verify", "3"]).exits(4).says("B0802");
    let listed = kit.run(&["list", "--json"]).exits(4).json();
    let levels: Vec<_> = (0..3).map(|at| listed["snapshots"][at]["level"].clone()).collect();
    assert_eq!(levels, ["amber", "amber", "red"], "{listed}");
}

#[test]
fn an_expired_key_is_a_finding() {
    let kit = kit();
    let other = keygen(&kit, "job2");
    let public = format!("{}.pub", other.display());
    // Its time was over before the snapshot: still no lock-out.
    kit.run(&["trust", "add", "job", &public, "--valid-before", "20260101Z"]).ok();
    std::fs::copy(&other, kit.path("keys/job")).unwrap();
    std::fs::copy(&public, kit.path("keys/job.pub")).unwrap();
    kit.snapshot();
    let report = kit.run(&["verify", "--full", "--json"]).ok().json();
    assert!(report["findings"].to_string().contains("is expired"), "{report}");
    assert_eq!(report["level"], "amber", "{report}");
    assert_eq!(extract(&kit, "out"), (0, both(), vec![]));
}

#[test]
fn orphan_blobs_and_leftover_folders_are_findings() {
    let kit = kit();
    let orphan = Insider::new(&kit).blob(b"nobody names this");
    let left = kit.store().join("snapshots/.tmp-0000000003-0123456789abcdef");
    std::fs::create_dir(&left).unwrap();
    std::fs::write(left.join("manifest.json"), "{}").unwrap();
    std::fs::write(kit.store().join("blobs/sha256/.tmp-part"), "half").unwrap();
    std::fs::create_dir(kit.store().join("snapshots/0000000003")).unwrap();
    let report = kit.run(&["verify", "--full", "--json"]).ok().json();
    let findings = report["findings"].to_string();
    for said in [&orphan.to_string()[..], ".tmp-0000000003", ".tmp-part"] {
        assert!(findings.contains(said), "{said} is not in {findings}");
    }
    assert_eq!(extract(&kit, "out"), (0, both(), vec![]));
}

/// A stranger's store, complete with his own trust file, signed by his own keys.
#[test]
fn without_a_trust_root_it_is_5_although_a_friendly_trust_file_lies_beside_the_data() {
    let kit = kit();
    let store = kit.store();
    assert!(store.join("trust/0000000001/allowed_signers").exists());
    let place = ["--store", store.to_str().unwrap()];
    let opener = kit.identity.to_str().unwrap();
    for args in [
        &["list"][..],
        &["verify", "--full"],
        &["status"],
        &["show", "latest"],
        &["extract", "--to", "out", "--identity", opener],
        &["export", "latest", "--to", "x.tar"],
    ] {
        kit.sandbox.run(&[args, &place].concat()).exits(5).says("B1701");
    }
    // A root that fits nothing here is no way around it.
    let other = Kit::new().trust_root();
    kit.sandbox.run(&[&["list"][..], &place, &["--trust-root", &other]].concat()).exits(5);
}

/// Whoever can write into the store must not be able to block what is good there.
#[test]
fn what_is_too_large_or_no_file_blocks_nothing_beside_it() {
    let kit = kit();
    let snapshots = kit.store().join("snapshots");
    let two = snapshots.join("0000000002");
    std::fs::write(two.join("other.0123456789abcdef.sig"), vec![b'x'; 1 << 20]).unwrap();
    std::fs::create_dir(two.join("folder.0123456789abcdef.sig")).unwrap();
    for pipe in ["pipe.0123456789abcdef.sig", "note"] {
        finish(kit.sandbox.program("mkfifo").arg(two.join(pipe))).ok();
    }
    assert_eq!(extract(&kit, "out"), (0, both(), vec![]));
    // A folder with a higher number and a manifest without end: passed over, said, and no obstacle to
    // the next snapshot.
    let nine = snapshots.join("0000000009");
    std::fs::create_dir(&nine).unwrap();
    std::fs::write(nine.join("manifest.json"), vec![b' '; 5 << 20]).unwrap();
    kit.run(&["verify"]).exits(4).says("B0801");
    kit.open(&["extract", "--to", "again"]).ok().says("snapshot 9 is passed over");
    assert_eq!(kit.snapshot()["seq"], 3);
    // A pipe where a part should be is a damaged part.
    let part = blob(&kit, &base(&Insider::new(&kit).manifest(2))[0]);
    std::fs::remove_file(&part).unwrap();
    finish(kit.sandbox.program("mkfifo").arg(&part)).ok();
    kit.run(&["verify", "3"]).exits(4);
}
