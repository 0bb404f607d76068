//! Fifty sources, some of them broken: the others are sealed, and each broken one is named with
//! whose fault it is. If all are broken, nothing is sealed.

use serde_json::json;

use crate::support::git;
use crate::support::kit::{Kit, extracted};
use crate::support::server::{self, BadHost, Temper};

const TEMPERS: [(&str, Temper); 7] = [
    ("dead", Temper::Dead),
    ("stalled", Temper::Stalled),
    ("missing", Temper::NotFound),
    ("token", Temper::WrongToken),
    ("page", Temper::SignInPage),
    ("busy", Temper::Unavailable),
    ("cut", Temper::HangsUp),
];

#[test]
fn bad_hosts_cost_themselves_only() {
    let kit = Kit::new();
    let root = kit.sandbox.path("srv");
    for number in 0..43 {
        git::grow(&git::bare(&root.join(format!("r{number}.git")), "sha1"), 3, 2);
    }
    let server = server::http(&root);
    for number in 0..43 {
        kit.source(&format!("r{number}"), &format!("{}/r{number}.git", server.url()), "");
    }
    let hosts: Vec<_> =
        TEMPERS.iter().map(|(name, temper)| (name, BadHost::start(*temper))).collect();
    for (name, host) in &hosts {
        let more = "class = \"required\"";
        kit.source(name, &host.url("x.git"), more);
    }
    let toml = std::fs::read_to_string(kit.path("blackstart.toml")).unwrap();
    let toml = toml.replace("# stall = \"30s\"", "stall = \"8s\"");
    std::fs::write(kit.path("blackstart.toml"), toml).unwrap();
    let report = kit.run(&["snapshot", "--json", "--deadline", "3m"]).exits(3).json();
    assert_eq!((&report["state"], &report["repos"]["fresh"]), (&json!("partial"), &json!(43)));
    for (name, _) in &hosts {
        let late = report["not_current"].as_array().unwrap();
        let late = late.iter().find(|repo| repo["name"] == **name);
        let late = late.unwrap_or_else(|| panic!("{name} is not named in {report}"));
        let whose = if **name == "token" { "yours: " } else { "theirs: " };
        assert!(late["why"].as_str().unwrap().starts_with(whose), "{late}");
    }

    let shown = kit.open(&["show", "latest", "--json"]).ok().json();
    assert_eq!(shown["repos"].as_array().unwrap().len(), 43);
    // A whole estate in trouble is still a bundle that verifies, and says so.
    let listed = kit.run(&["list", "--json"]).ok().json();
    assert_eq!(listed["snapshots"][0]["state"], "partial");
    assert_eq!(listed["snapshots"][0]["level"], "amber");
}

#[test]
fn when_nothing_answers_nothing_is_sealed() {
    let kit = Kit::new();
    let hosts = [BadHost::start(Temper::NotFound), BadHost::start(Temper::Unavailable)];
    for (index, host) in hosts.iter().enumerate() {
        kit.source(&format!("r{index}"), &host.url("x.git"), "");
    }
    kit.run(&["snapshot", "--deadline", "10s"]).exits(1);
    let listed = kit.run(&["list", "--json"]).ok().json();
    assert_eq!(listed["snapshots"], json!([]));
}

/// After the host is gone, the copy of yesterday is carried and its age is told.
#[test]
fn a_host_that_goes_away_leaves_its_copy() {
    let kit = Kit::new();
    let root = kit.sandbox.path("srv");
    let apps = git::bare(&root.join("apps.git"), "sha1");
    git::grow(&apps, 5, 2);
    let other = git::bare(&kit.sandbox.path("other.git"), "sha1");
    git::grow(&other, 5, 2);
    let server = server::http(&root);
    kit.source("apps", &format!("{}/apps.git", server.url()), "class = \"required\"");
    kit.source("other", other.to_str().unwrap(), "");
    kit.snapshot();
    server.stop();
    let report = kit.run(&["snapshot", "--json", "--deadline", "20s"]).exits(3).json();
    assert_eq!(report["repos"]["carried"], 1, "{report}");
    kit.run(&["status"]).exits(3);
    kit.run(&["verify"]).ok();
    let out = kit.extract("out", &[]);
    assert_eq!(git::picture(&extracted(&out, "apps")), git::picture(&apps));
}
