//! The wrong cluster, by every way there is to it: exit 5, and the audit log shows no write.

use std::fs;

use crate::place::{add, kit, replay, settings};
use crate::support::cluster::Lab;

#[test]
fn the_wrong_cluster_is_refused_and_nothing_is_written() {
    let kit = kit(&settings(3));
    let (lab, other) = (Lab::without_controllers(), Lab::without_controllers());
    add(&kit, &lab, "production");
    let plan = kit.sandbox.path("plan.json");
    let plan = plan.to_str().unwrap();
    kit.open(&["plan", "latest", "--target", "lab", "--out", plan]).ok();

    let seen = |more: &[&str]| {
        let args = ["replay", "latest", "--target", "lab", "--plan", plan];
        kit.open(&[&args, more].concat())
    };
    seen(&["--confirm-target", "prod"]).exits(5).says("prod");
    seen(&["--yes"]).exits(5);
    kit.run(&replay(&kit, &["--yes"])).exits(5);

    // The name is right, and another cluster answers to it.
    let stored = kit.sandbox.path("home/config/blackstart/targets/lab/kubeconfig");
    let ours = fs::read(&stored).unwrap();
    fs::copy(other.plane.kubeconfig(), &stored).unwrap();
    seen(&["--confirm-target", "lab"]).exits(5).says("UID");
    kit.open(&["plan", "latest", "--target", "lab"]).exits(5);
    fs::write(&stored, &ours).unwrap();

    assert_eq!(lab.written(), []);
    assert_eq!(other.written(), []);

    // So is a run that is to go on elsewhere.
    let held = seen(&["--confirm-target", "lab", "--hold-after", "1", "--json"]).exits(3);
    let run = held.json()["run"].as_str().unwrap().to_owned();
    let before = lab.written().len();
    let elsewhere = other.plane.kubeconfig().to_str().unwrap();
    kit.run(&["target", "add", "other", "--kubeconfig", elsewhere, "--class", "standby"]).ok();
    kit.open(&["resume", &run, "--target", "other"]).exits(5).says("another target");
    assert_eq!((lab.written().len(), other.written().len()), (before, 0));
    kit.open(&["resume", &run]).ok();
}
