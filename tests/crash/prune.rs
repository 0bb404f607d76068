//! `prune`: shows its plan, deletes what no kept snapshot needs, and loses nothing beside a running
//! snapshot.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::support::component;
use crate::support::git;
use crate::support::kit::{Kit, extracted};
use crate::support::sandbox::{Ran, finish};

/// A kit with `count` snapshots of one repository that changes each time, a new base each time.
fn kit(count: usize) -> (Kit, PathBuf) {
    let kit = Kit::new();
    let apps = git::bare(&kit.sandbox.path("srv/apps.git"), "sha1");
    git::grow(&apps, 20, 3);
    kit.source("apps", apps.to_str().unwrap(), "");
    for _ in 0..count {
        kit.snapshot();
        change(&apps);
    }
    (kit, apps)
}

fn change(apps: &Path) {
    let new = git::git(apps, &["commit-tree", "-p", "main", "-m", "next", "main^{tree}"]);
    git::git(apps, &["update-ref", "refs/heads/main", &new]);
}

fn blobs(kit: &Kit) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(kit.store().join("blobs/sha256")).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// Makes every blob look as if nobody had used it for eight days.
fn age(kit: &Kit) {
    let then = SystemTime::now() - Duration::from_hours(8 * 24);
    for blob in blobs(kit) {
        // One that was being written beside this has its own name by now.
        let Ok(file) = std::fs::File::open(blob) else { continue };
        file.set_modified(then).unwrap();
    }
}

fn forget_the_base(kit: &Kit) {
    let state = kit.sandbox.path("home/state/blackstart").join(kit.stream());
    std::fs::remove_file(state.join("writer.json")).unwrap();
}

#[test]
fn the_plan_deletes_nothing_and_apply_deletes_what_it_said() {
    let (kit, apps) = kit(2);
    forget_the_base(&kit);
    kit.snapshot();
    let all = blobs(&kit).len();
    // Nothing asked for keeps all; asked for, what is younger than seven days stays.
    let plan = kit.run(&["prune", "--json"]).ok().json();
    assert_eq!(plan["format_version"], 1);
    assert_eq!((&plan["applied"], &plan["stores"][0]["delete"]), (&false.into(), &0.into()));
    let young = kit.run(&["prune", "--keep-last", "1", "--apply", "--json"]).ok().json();
    assert_eq!(young["stores"][0]["delete"], 0, "{young}");
    assert!(young["stores"][0]["waiting"].as_u64().unwrap() >= 4, "{young}");
    assert_eq!(blobs(&kit).len(), all);

    age(&kit);
    let plan = kit.run(&["prune", "--keep-last", "1", "--json"]).ok().json();
    let store = &plan["stores"][0];
    assert_eq!(store["snapshots"][0]["kept_by"].as_array().unwrap().len(), 0, "{plan}");
    assert_eq!(store["snapshots"][2]["kept_by"][0], "last", "{plan}");
    assert_eq!(blobs(&kit).len(), all, "the plan alone deleted something");
    let done = kit.run(&["prune", "--keep-last", "1", "--apply", "--json"]).ok().json();
    assert_eq!(done["applied"], true);
    assert_eq!(done["stores"][0]["delete"], store["delete"], "{plan} {done}");
    assert_eq!(blobs(&kit).len() as u64, all as u64 - store["delete"].as_u64().unwrap());

    // Manifests stay, the newest is whole, and what went is a finding where it was pruned.
    let report = kit.open(&["verify", "--full", "--json"]).ok().json();
    assert!(report["findings"].to_string().contains("it was pruned on this machine"), "{report}");
    assert_eq!(kit.run(&["list", "--json"]).ok().json()["snapshots"].as_array().unwrap().len(), 3);
    change(&apps);
    kit.snapshot();
    let out = kit.extract("out", &[]);
    assert_eq!(git::picture(&extracted(&out, "apps")), git::picture(&apps));
    kit.run(&["verify", "1", "--accept-seq", "1"]).exits(4);
}

/// A Git host that stays away makes partial snapshots; what a cluster would be rebuilt from stays.
#[test]
fn partial_snapshots_push_no_complete_one_out() {
    let (kit, apps) = kit(1);
    let other = git::bare(&kit.sandbox.path("srv/other.git"), "sha1");
    kit.source("other", other.to_str().unwrap(), "");
    kit.snapshot();
    std::fs::rename(apps, kit.sandbox.path("away")).unwrap();
    for _ in 0..2 {
        kit.run(&["snapshot"]).exits(3);
    }
    age(&kit);
    let done = kit.run(&["prune", "--keep-last", "1", "--apply", "--json"]).ok().json();
    let snapshots = &done["stores"][0]["snapshots"];
    let rules: Vec<_> = (0..4).map(|at| snapshots[at]["kept_by"].to_string()).collect();
    assert_eq!(rules, ["[]", "[\"newest complete\"]", "[]", "[\"last\"]"], "{done}");
    kit.run(&["verify", "2", "--accept-seq", "2"]).ok();
}

/// Runs the binary as if it were another time.
fn at(kit: &Kit, date: &str, args: &[&str]) -> Ran {
    let mut command = kit.sandbox.program(component::find("faketime"));
    command.args(["-f", date]).arg(env!("CARGO_BIN_EXE_blackstart")).args(args);
    finish(command.current_dir(kit.path("")))
}

/// Snapshots over two months, two within one hour among them; each rule keeps the newest of each of
/// its periods that has one, and rules add up.
#[test]
fn the_newest_of_each_hour_day_week_and_month_is_kept() {
    let (kit, apps) = kit(0);
    for date in [
        "2026-09-30 10:00:00", // 1: the newest of September
        "2026-10-01 10:00:00", // 2
        "2026-10-31 10:00:00", // 3: the newest of October
        "2026-11-02 10:05:00", // 4: Monday
        "2026-11-02 10:55:00", // 5: the same hour
        "2026-11-03 09:00:00", // 6
        "2026-11-03 11:00:00", // 7
    ] {
        at(&kit, &format!("@{date}"), &["snapshot"]).ok();
        change(&apps);
    }
    let kept = |args: &[&str]| -> Vec<u64> {
        let plan = kit.run(&[&["prune", "--json"][..], args].concat()).ok().json();
        let all = plan["stores"][0]["snapshots"].as_array().unwrap().clone();
        let kept = all.iter().filter(|one| !one["kept_by"].as_array().unwrap().is_empty());
        kept.map(|one| one["seq"].as_u64().unwrap()).collect()
    };
    assert_eq!(kept(&["--keep-hourly", "3"]), [5, 6, 7]);
    assert_eq!(kept(&["--keep-daily", "3"]), [3, 5, 7]);
    assert_eq!(kept(&["--keep-weekly", "2"]), [3, 7]);
    assert_eq!(kept(&["--keep-monthly", "3"]), [1, 3, 7]);
    assert_eq!(kept(&["--keep-last", "2", "--keep-monthly", "2"]), [3, 6, 7]);
    // What was shown is what is done; what is kept opens, what is not does not.
    forget_the_base(&kit);
    kit.snapshot();
    age(&kit);
    let rules = ["prune", "--keep-hourly", "1", "--keep-weekly", "1", "--apply", "--json"];
    let done = kit.run(&rules).ok().json();
    assert!(done["stores"][0]["delete"].as_u64().unwrap() > 0, "{done}");
    let out = kit.extract("out", &[]);
    assert!(extracted(&out, "apps").exists());
    kit.open(&["verify", "--full"]).ok();
}

#[test]
fn a_part_that_is_used_again_is_young_again() {
    let (kit, _) = kit(1);
    age(&kit);
    // Unchanged: the base is listed again, and a prune that sees no manifest yet must leave it.
    kit.snapshot();
    let limit = SystemTime::now() - Duration::from_hours(1);
    let base = kit.run(&["show", "1", "--json"]).ok().json();
    let parts = base["part_list"].as_array().unwrap().clone();
    let base = parts.iter().find(|part| part["kind"] == "base").unwrap();
    let name = base["digest"].as_str().unwrap().trim_start_matches("sha256:").to_owned();
    let path = kit.store().join("blobs/sha256").join(name);
    assert!(path.metadata().unwrap().modified().unwrap() > limit);
}

#[test]
fn beside_running_snapshots_no_part_of_either_is_lost() {
    let (kit, apps) = kit(3);
    forget_the_base(&kit);
    kit.snapshot();
    std::thread::scope(|scope| {
        let pruning = scope.spawn(|| {
            for _ in 0..25 {
                age(&kit);
                let rules = ["--keep-last", "1", "--keep-hourly", "1", "--keep-daily", "1"];
                let more = ["--keep-weekly", "1", "--keep-monthly", "1", "--apply"];
                kit.run(&[&["prune"][..], &rules, &more].concat()).ok();
            }
        });
        while !pruning.is_finished() {
            change(&apps);
            // Aging under a running snapshot is harsher than any clock: it may have to begin again,
            // and it says so. What it published is checked below.
            let ran = kit.run(&["snapshot"]);
            assert!([0, 4].contains(&ran.status), "{ran}");
        }
    });
    kit.snapshot();
    let out = kit.extract("out", &[]);
    assert_eq!(git::picture(&extracted(&out, "apps")), git::picture(&apps));
    kit.open(&["verify", "--json"]).ok();
}

#[test]
fn a_snapshot_that_cannot_be_read_stops_it() {
    let (kit, _) = kit(2);
    age(&kit);
    let all = blobs(&kit).len();
    std::fs::write(kit.store().join("snapshots/0000000001/manifest.json"), "{}").unwrap();
    kit.run(&["prune", "--keep-last", "1", "--apply"]).exits(4).says("B1760");
    assert_eq!(blobs(&kit).len(), all);
    let file = kit.sandbox.path("one.tar");
    kit.run(&["export", "2", "--to", file.to_str().unwrap()]).ok();
    kit.run(&["prune", "--store", file.to_str().unwrap()]).exits(2).says("B1761");
}
