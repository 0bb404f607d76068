//! A terminal that is closed, or a line that is cut, while something runs.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::kit;
use crate::support::cluster::Lab;
use crate::support::kit::Kit;
use crate::support::proxy::Proxy;
use crate::support::sandbox::finish;
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
    let held = terminal.until("Enter resumes the run");
    assert!(held.contains("behind wave 3") && held.contains("3 of 4 objects"), "{held}");
    terminal.press(&["Enter"]);
    let done = terminal.until("verdict    COMPLETE");
    assert!(done.contains("1 created, 0 configured, 0 unchanged, 3 done earlier"), "{done}");
    assert!(done.contains("!! lab !!  STANDBY  WROTE 4"), "{done}");
    lab.kubectl(&["-n", "shop", "get", "configmap", "last"]).ok();
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

#[test]
fn a_command_whose_terminal_goes_finishes_its_wave_too() {
    let kit = kit::estate_that_waits();
    let lab = kit::cluster_that_starts_nothing(&kit, "disposable");
    let errors = kit.sandbox.path("errors");
    let mut command = kit.sandbox.program(env!("CARGO_BIN_EXE_blackstart"));
    command.args(["replay", "--target", "lab", "--confirm-target", "lab", "--identity"]);
    command.arg(&kit.identity).current_dir(kit.path("")).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(std::fs::File::create(&errors).unwrap());
    let child = command.spawn().unwrap();
    let said = |text: &str| {
        let began = Instant::now();
        while !std::fs::read_to_string(&errors).unwrap().contains(text) {
            assert!(began.elapsed() < Duration::from_mins(3), "{text:?} is not said");
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    said("waiting for Deployment shop/api");
    let mut signal = kit.sandbox.program("/bin/sh");
    finish(signal.args(["-c", &format!("kill -HUP {}", child.id())])).ok();
    said("holding once the wave under way is done");
    the_wave_is_finished_and_the_run_held(&kit, &lab, &Left(child.id()));
    let ended = child.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&ended.stdout);
    assert_eq!(ended.status.code(), Some(3), "{told}");
    assert!(told.starts_with("HELD") && told.contains("next: blackstart resume"), "{told}");
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
