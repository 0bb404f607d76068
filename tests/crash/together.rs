//! Two snapshots at once: both end, with two numbers.

use crate::support::git;
use crate::support::kit::{Kit, extracted};
use crate::support::sandbox::{Ran, finish};

fn kit() -> Kit {
    let kit = Kit::new();
    let apps = git::bare(&kit.sandbox.path("srv/apps.git"), "sha1");
    git::grow(&apps, 200, 10);
    kit.source("apps", apps.to_str().unwrap(), "");
    kit
}

fn numbers(rans: &[Ran]) -> Vec<u64> {
    let number = |ran: &Ran| {
        assert_eq!(ran.status, 0, "{ran}");
        ran.json()["seq"].as_u64().unwrap()
    };
    let mut numbers: Vec<u64> = rans.iter().map(number).collect();
    numbers.sort_unstable();
    numbers
}

#[test]
fn on_one_machine_they_take_turns() {
    let kit = kit();
    let rans: Vec<Ran> = std::thread::scope(|scope| {
        let running = [0; 3].map(|_| scope.spawn(|| kit.run(&["snapshot", "--json"])));
        running.map(|one| one.join().unwrap()).into_iter().collect()
    });
    assert_eq!(numbers(&rans), [1, 2, 3]);
    kit.open(&["verify", "--full"]).ok();
}

/// Two machines, so two memories, write into one store.
#[test]
fn on_two_machines_the_slower_takes_the_next_number() {
    let kit = kit();
    let on = |machine: &str| {
        let state = kit.sandbox.path(machine);
        let mut command = kit.sandbox.program(env!("CARGO_BIN_EXE_blackstart"));
        command.args(["snapshot", "--json"]).current_dir(kit.path(""));
        finish(command.env("XDG_STATE_HOME", state))
    };
    let mut rans = Vec::new();
    for _ in 0..4 {
        let pair: Vec<Ran> = std::thread::scope(|scope| {
            let running = ["one", "other"].map(|machine| scope.spawn(move || on(machine)));
            running.map(|one| one.join().unwrap()).into_iter().collect()
        });
        rans.extend(pair);
    }
    assert_eq!(numbers(&rans), (1..=8).collect::<Vec<_>>());
    let report = kit.open(&["verify", "--full", "--json"]).ok().json();
    assert_eq!(report["snapshots"], 8, "{report}");
    let out = kit.extract("out", &[]);
    let source = kit.sandbox.path("srv/apps.git");
    assert_eq!(git::picture(&extracted(&out, "apps")), git::picture(&source));
}
