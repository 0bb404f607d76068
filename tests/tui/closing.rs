//! A terminal that is closed, or a line that is cut, while something runs.

use std::time::Duration;

use crate::kit;
use crate::support::cluster::Lab;
use crate::support::kit::Kit;
use crate::support::proxy::Proxy;
use crate::support::server::Sshd;
use crate::tmux::{Left, Look, Terminal};

#[test]
fn a_terminal_that_is_closed_in_a_replay_leaves_a_run_that_is_offered_first() {
    let kit = kit::estate_that_waits();
    let lab = kit::cluster_that_starts_nothing(&kit, "standby");
    let terminal = Terminal::open(&kit, &Look::default());
    replay(&terminal);
    let left = terminal.close();
    the_wave_is_finished_and_the_run_held(&kit, &lab, &left);

    let terminal = Terminal::open(&kit, &Look::default());
    let home = terminal.until(" > 0  Go on with run onto lab");
    assert!(home.contains("3 of 4 objects"), "{home}");
    terminal.press(&["Enter"]);
    terminal.until("Enter goes on: the same plan");
    terminal.press(&["Enter"]);
    let done = terminal.until("verdict    COMPLETE");
    assert!(done.contains("1 created, 0 configured, 0 unchanged, 3 done earlier"), "{done}");
    assert!(done.contains("!! lab !!  STANDBY  WROTE 1"), "{done}");
    lab.kubectl(&["-n", "shop", "get", "configmap", "last"]).ok();
    lab.nothing_was_deleted();
    terminal.press(&["C-c"]);
    terminal.until("left with 130");
}

#[test]
fn a_line_that_is_cut_in_a_replay_leaves_a_run_that_is_held() {
    let kit = kit::estate_that_waits();
    let lab = kit::cluster_that_starts_nothing(&kit, "disposable");
    let sshd = Sshd::start(&kit.sandbox.path("run"));
    let wire = Proxy::start(sshd.address(), Duration::ZERO);
    let terminal = Terminal::over(&kit, &sshd, wire.port());
    replay(&terminal);
    let left = Left(terminal.far_process());
    wire.cut();
    the_wave_is_finished_and_the_run_held(&kit, &lab, &left);
    let done = kit.open(&["resume"]).ok().stdout;
    assert!(done.starts_with("complete  lab"), "{done}");
    lab.kubectl(&["-n", "shop", "get", "configmap", "last"]).ok();
}

/// Opens the screens and goes on until something is waited for.
fn replay(terminal: &Terminal<'_>) {
    kit::to_targets(terminal);
    kit::to_plan(terminal, "lab");
    kit::confirm(terminal, "lab");
    terminal.until("Waiting for Deployment shop/api");
}

#[track_caller]
fn the_wave_is_finished_and_the_run_held(kit: &Kit, lab: &Lab, left: &Left) {
    assert!(left.runs(), "half a wave is worse than a wave");
    let state = || kit.run(&["runs", "--json"]).ok().json()["runs"][0]["state"].clone();
    assert_eq!(state(), "running");
    kit::make_ready(lab);
    left.ended();
    assert_eq!(state(), "incomplete");
    // The next wave waits for somebody who looks.
    lab.kubectl(&["-n", "shop", "get", "configmap", "settings"]).ok();
    lab.kubectl(&["-n", "shop", "get", "configmap", "last"]).exits(1);
}
