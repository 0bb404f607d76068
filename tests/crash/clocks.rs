//! No calendar can stop it: in 2019 and in 2031 everything opens, with a remark.

use crate::support::component;
use crate::support::git;
use crate::support::kit::{Kit, extracted};
use crate::support::sandbox::{Ran, finish};

fn kit() -> Kit {
    let kit = Kit::new();
    let apps = git::bare(&kit.sandbox.path("srv/apps.git"), "sha1");
    git::grow(&apps, 10, 3);
    kit.source("apps", apps.to_str().unwrap(), "");
    kit
}

/// Runs the binary with another date.
fn at(kit: &Kit, date: &str, args: &[&str]) -> Ran {
    let mut command = kit.sandbox.program(component::find("faketime"));
    command.args(["-f", date]).arg(env!("CARGO_BIN_EXE_blackstart")).args(args);
    finish(command.current_dir(kit.path("")))
}

#[test]
fn everything_opens_in_2019_and_2031() {
    let kit = kit();
    kit.snapshot();
    for (year, remark) in
        [("2019", "in the future"), ("2031", "a newer snapshot should exist since")]
    {
        let date = format!("@{year}-06-01 12:00:00");
        let listed = at(&kit, &date, &["list", "--json"]).ok().json();
        let entry = &listed["snapshots"][0];
        assert_eq!(entry["level"], "amber", "{listed}");
        assert!(entry["remarks"].to_string().contains(remark), "{listed}");
        let identity = kit.identity.to_str().unwrap();
        at(&kit, &date, &["verify", "--full", "--identity", identity]).ok();
        let to = kit.sandbox.path(year);
        let args = ["extract", "--to", to.to_str().unwrap(), "--identity", identity];
        at(&kit, &date, &args).ok();
        let source = kit.sandbox.path("srv/apps.git");
        assert_eq!(git::picture(&extracted(&to, "apps")), git::picture(&source));
    }
    // Late is an objective missed, not an error; in 2019 nothing is late.
    at(&kit, "@2031-06-01 12:00:00", &["status", "--max-age", "2h"]).exits(6);
    at(&kit, "@2019-06-01 12:00:00", &["status", "--max-age", "2h"]).ok();
    let late = at(&kit, "@2031-06-01 12:00:00", &["status"]).ok();
    assert!(late.stdout.contains("a newer snapshot should exist since 2026"), "{late}");
}

#[test]
fn snapshots_taken_with_a_wrong_clock_still_form_a_series() {
    let kit = kit();
    for (number, date) in ["@2031-06-01 12:00:00", "@2019-06-01 12:00:00"].iter().enumerate() {
        let report = at(&kit, date, &["snapshot", "--json"]).ok().json();
        assert_eq!(report["seq"], number as u64 + 1, "{report}");
    }
    kit.snapshot();
    let report = kit.open(&["verify", "--full", "--json"]).ok().json();
    assert_eq!(report["snapshots"], 3, "{report}");
    // A prune with a clock in 2019 finds nothing old enough.
    let done =
        at(&kit, "@2019-06-01 12:00:00", &["prune", "--keep-last", "1", "--apply", "--json"]);
    assert_eq!(done.ok().json()["stores"][0]["delete"], 0);
}

/// The window of a key warns; it never locks out.
#[test]
fn a_key_outside_its_window_is_said_and_opens() {
    let kit = kit();
    let key = kit.path("keys/job.pub");
    let other = kit.sandbox.path("job2");
    let keygen = component::find("ssh-keygen");
    let make = ["-q", "-t", "ed25519", "-N", "", "-f"];
    finish(kit.sandbox.program(keygen).args(make).arg(&other)).ok();
    let public = format!("{}.pub", other.display());
    kit.run(&["trust", "add", "job", &public, "--valid-before", "20270101Z"]).ok();
    std::fs::copy(&other, kit.path("keys/job")).unwrap();
    std::fs::copy(&public, key).unwrap();
    kit.snapshot();
    let status = |ran: Ran| ran.ok().json()["snapshots"][0]["signatures"][0]["status"].clone();
    assert_eq!(status(kit.run(&["list", "--json"])), "good");
    assert_eq!(status(at(&kit, "@2031-06-01 12:00:00", &["list", "--json"])), "expired");
    let to = kit.sandbox.path("out");
    let identity = kit.identity.to_str().unwrap();
    let args = ["extract", "--to", to.to_str().unwrap(), "--identity", identity];
    at(&kit, "@2031-06-01 12:00:00", &args).ok();
}
