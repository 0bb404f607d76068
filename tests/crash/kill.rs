//! kill -9 at every durable write: what was kept stays, what lies there verifies, and the same
//! command run again succeeds.

use std::path::Path;

use serde_json::Value;

use crate::support::git;
use crate::support::kit::{Kit, extracted};
use crate::support::sandbox::{Ran, Sandbox};
use crate::tracer;

/// A place to copy from for every kill.
struct Base {
    place: Sandbox,
    identity: String,
    recipient: String,
    root: String,
}

impl Base {
    /// Makes a kit with one snapshot, and two sources that changed since.
    fn new() -> Self {
        let kit = Kit::new();
        let apps = git::bare(&kit.sandbox.path("srv/apps.git"), "sha1");
        let infra = git::bare(&kit.sandbox.path("srv/infra.git"), "sha1");
        git::grow(&apps, 5, 2);
        git::grow(&infra, 3, 1);
        kit.source("apps", apps.to_str().unwrap(), "");
        kit.source("infra", infra.to_str().unwrap(), "");
        kit.snapshot();
        kit.run(&["export", "1", "--to", "../one.tar"]).ok();
        git::git(&apps, &["branch", "topic", "main~2"]);
        let lone = git::git(&infra, &["commit-tree", "-p", "main", "-m", "new", "main^{tree}"]);
        git::git(&infra, &["update-ref", "refs/heads/main", &lone]);
        let (_, recipient) = kit.sandbox.identity("second.key");
        let root = kit.trust_root();
        Self { place: kit.sandbox, identity: "../opener.key".into(), recipient, root }
    }

    /// Returns a place of its own that looks the same.
    fn copy(&self) -> Sandbox {
        let place = Sandbox::new();
        let copied = std::process::Command::new("cp")
            .args(["-a", "--reflink=auto"])
            .arg(self.place.path("."))
            .arg(place.path(""))
            .status();
        assert!(copied.unwrap().success());
        place
    }
}

/// Kills `args` everywhere in copies of the base; `prepare` makes a copy ready, `check` looks at
/// what a kill left and runs the command again.
fn everywhere(
    base: &Base,
    name: &str,
    args: &[&str],
    floor: usize,
    prepare: impl Fn(&Sandbox),
    check: impl Fn(&Sandbox, &str),
) {
    let ready = || {
        let place = base.copy();
        prepare(&place);
        place
    };
    let whole = tracer::run(&ready(), "kit", args, None);
    let points = whole.kinds.len();
    let mut killed = 0;
    for point in 1..=points {
        let place = ready();
        let traced = tracer::run(&place, "kit", args, Some(point));
        killed += usize::from(traced.killed);
        let last = traced.kinds.last().map_or("nothing", String::as_str);
        check(&place, &format!("{name} killed after call {point}, {last}"));
    }
    println!("{name}: {points} durable calls, {killed} kills");
    assert!(points >= floor, "{name}: only {points} durable calls");
    // After the last call it may end before the signal comes.
    assert!(killed + 2 >= points, "{name}: {killed} of {points} were killed");
}

/// Fails unless everything verifies; findings are fine.
fn holds(place: &Sandbox, folder: &str, more: &[&str], what: &str) -> Value {
    let ran = place.run_in(folder, &[&["verify", "--full", "--json"], more].concat());
    assert_eq!(ran.status, 0, "{what}: {ran}");
    ran.json()
}

fn again(place: &Sandbox, args: &[&str], what: &str) -> Ran {
    let ran = place.run_in("kit", args);
    assert_eq!(ran.status, 0, "{what}: run again: {ran}");
    ran
}

/// Fails unless the newest snapshot gives the sources back, and the first one is still there.
fn gives_the_sources_back(base: &Base, place: &Sandbox, what: &str) {
    holds(place, "kit", &[], what);
    let args = ["extract", "latest", "--to", "../out", "--identity", &base.identity];
    again(place, &args, what);
    let sources = base.place.path("srv");
    for name in ["apps", "infra"] {
        let copy = extracted(&place.path("out"), name);
        let source = sources.join(format!("{name}.git"));
        assert_eq!(git::picture(&copy), git::picture(&source), "{what}: {name}");
    }
}

fn forget_everything(place: &Sandbox) {
    for folder in ["kit/bundles", "home/state"] {
        std::fs::remove_dir_all(place.path(folder)).unwrap();
    }
    std::fs::create_dir(place.path("kit/bundles")).unwrap();
}

fn first_manifest(place: &Sandbox) -> Vec<u8> {
    std::fs::read(place.path("kit/bundles/snapshots/0000000001/manifest.json")).unwrap()
}

#[test]
fn a_first_snapshot() {
    let base = Base::new();
    everywhere(&base, "first snapshot", &["snapshot"], 40, forget_everything, |place, what| {
        again(place, &["snapshot"], what);
        gives_the_sources_back(&base, place, what);
    });
}

#[test]
fn a_later_snapshot() {
    let base = Base::new();
    let first = first_manifest(&base.place);
    everywhere(
        &base,
        "later snapshot",
        &["snapshot"],
        40,
        |_| {},
        |place, what| {
            holds(place, "kit", &[], what);
            again(place, &["snapshot"], what);
            gives_the_sources_back(&base, place, what);
            assert_eq!(first_manifest(place), first, "{what}");
        },
    );
}

#[test]
fn an_export() {
    let base = Base::new();
    let args = ["export", "1", "--to", "../stick.tar"];
    everywhere(
        &base,
        "export",
        &args,
        3,
        |_| {},
        |place, what| {
            holds(place, "kit", &[], what);
            let stick = place.path("stick.tar");
            if stick.exists() {
                let whole = std::fs::read(&stick).unwrap();
                assert_eq!(whole, std::fs::read(place.path("one.tar")).unwrap(), "{what}");
            } else {
                again(place, &args, what);
            }
            let from = ["--store", "../stick.tar"];
            again(place, &[&["verify", "1"][..], &from].concat(), what);
        },
    );
}

#[test]
fn an_import() {
    let base = Base::new();
    let args = ["import", "../one.tar", "--store", "../other", "--trust-root", &base.root];
    everywhere(
        &base,
        "import",
        &args,
        20,
        |_| {},
        |place, what| {
            again(place, &args, what);
            let report = holds(place, "kit", &["--store", "../other"], what);
            assert_eq!(report["snapshots"], 1, "{what}: {report}");
        },
    );
}

#[test]
fn a_new_epoch() {
    let base = Base::new();
    everywhere(
        &base,
        "keys new",
        &["keys", "new"],
        12,
        |_| {},
        |place, what| {
            holds(place, "kit", &[], what);
            again(place, &["keys", "new"], what);
            again(place, &["snapshot"], what);
            gives_the_sources_back(&base, place, what);
        },
    );
}

#[test]
fn seals_for_other_openers() {
    let base = Base::new();
    let identity = base.identity.as_str();
    let args = ["keys", "seal", "--identity", identity, "--opener", &base.recipient];
    everywhere(
        &base,
        "keys seal",
        &args,
        8,
        |_| {},
        |place, what| {
            holds(place, "kit", &[], what);
            // Between the kill and the second run somebody can still open: the old seals or the new.
            let opens = |identity: &str| {
                let ran = place.run_in("kit", &["keys", "prove", "--identity", identity]);
                ran.status == 0
            };
            assert!(opens(identity) || opens("../second.key"), "{what}: nobody opens");
            let ran = place.run_in("kit", &args);
            let done = ran.status == 12 && opens("../second.key");
            assert!(ran.status == 0 || done, "{what}: {ran}");
            assert!(opens("../second.key"), "{what}");
            again(place, &["snapshot"], what);
        },
    );
}

#[test]
fn a_signer_added() {
    let base = Base::new();
    let key = base.place.path("verifier");
    let keygen = crate::support::component::find("ssh-keygen");
    let mut make = base.place.program(keygen);
    make.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key);
    assert!(make.status().unwrap().success());
    let public = format!("{}.pub", key.display());
    let args = ["trust", "add", "verifier", &public];
    everywhere(
        &base,
        "trust add",
        &args,
        6,
        |_| {},
        |place, what| {
            holds(place, "kit", &[], what);
            again(place, &["trust", "show"], what);
            let ran = place.run_in("kit", &args);
            // Killed after the last write, it is in force, and a repetition is refused.
            assert!(ran.status == 0 || in_force(place, "verifier"), "{what}: {ran}");
            assert!(in_force(place, "verifier"), "{what}");
            again(place, &["snapshot"], what);
            gives_the_sources_back(&base, place, what);
        },
    );
}

fn in_force(place: &Sandbox, role: &str) -> bool {
    let store = place.run_in("kit", &["trust", "show", "--json"]).ok().json();
    let shown = store["signers"].to_string();
    shown.contains(role)
}

#[test]
fn a_new_kit() {
    let base = Base::new();
    let args = ["init", "new", "--opener", &base.recipient];
    everywhere(
        &base,
        "init",
        &args,
        20,
        |_| {},
        |place, what| {
            let before = files(&place.path("kit/new"));
            let ran = place.run_in("kit", &args);
            if ran.status != 0 {
                assert_eq!(ran.status, 5, "{what}: {ran}");
                assert_eq!(
                    files(&place.path("kit/new")),
                    before,
                    "{what}: a refusal changed the kit"
                );
            }
            holds(place, "kit", &[], what);
        },
    );
}

/// Every file below a folder with its content, without those that begin with `.tmp-`.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let Ok(entries) = std::fs::read_dir(folder) else { return found };
    for entry in entries.map(Result::unwrap) {
        let path = entry.path();
        let name = path.display().to_string();
        if path.is_dir() {
            found.extend(files(&path));
        } else if !name.contains("/.tmp-") {
            found.push((name, std::fs::read(&path).unwrap()));
        }
    }
    found.sort();
    found
}
