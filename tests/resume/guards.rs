//! The wrong cluster, by every way there is to it: exit 5, and the audit log shows no write.

use std::fs;

use crate::place::{add, kit, plane, replay, settings, writes};

#[test]
fn the_wrong_cluster_is_refused_and_nothing_is_written() {
    let kit = kit(&settings(3));
    let (plane, other) = (plane(&kit, "plane"), plane(&kit, "other"));
    add(&kit, &plane, "production");
    let identity = kit.identity.to_str().unwrap();
    let plan = kit.sandbox.path("plan.json");
    let plan = plan.to_str().unwrap();
    kit.open(&["plan", "latest", "--target", "lab", "--out", plan]).ok();

    let named = |name: &'static str| {
        [
            "replay",
            "latest",
            "--target",
            "lab",
            "--plan",
            plan,
            "--identity",
            identity,
            "--confirm-target",
            name,
        ]
    };
    kit.run(&named("prod")).exits(5).says("prod");
    kit.run(&[
        "replay",
        "latest",
        "--target",
        "lab",
        "--plan",
        plan,
        "--identity",
        identity,
        "--yes",
    ])
    .exits(5);
    kit.run(&replay(&kit, &["--yes"])).exits(5);

    // The name is right, and another cluster answers to it.
    let stored = kit.sandbox.path("home/config/blackstart/targets/lab/kubeconfig");
    let ours = fs::read(&stored).unwrap();
    fs::copy(other.kubeconfig(), &stored).unwrap();
    kit.run(&named("lab")).exits(5).says("UID");
    kit.open(&["plan", "latest", "--target", "lab"]).exits(5);
    fs::write(&stored, &ours).unwrap();

    assert_eq!(writes(&plane), []);
    assert_eq!(writes(&other), []);

    // So is a run that is to go on elsewhere.
    let held = [&named("lab")[..], &["--hold-after", "1", "--json"]].concat();
    let run = kit.run(&held).exits(3).json()["run"].as_str().unwrap().to_owned();
    let before = writes(&plane).len();
    let elsewhere = other.kubeconfig().to_str().unwrap();
    kit.run(&["target", "add", "other", "--kubeconfig", elsewhere, "--class", "standby"]).ok();
    kit.open(&["resume", &run, "--target", "other"]).exits(5).says("another target");
    assert_eq!((writes(&plane).len(), writes(&other).len()), (before, 0));
    kit.open(&["resume", &run]).ok();
    plane.stop();
    other.stop();
}
