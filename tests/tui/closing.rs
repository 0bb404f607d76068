//! A terminal that is closed while something runs.

use crate::kit;
use crate::support::kit::Kit;
use crate::tmux::{Look, Terminal};

#[test]
fn a_terminal_that_is_closed_in_a_replay_leaves_a_run_that_is_offered_first() {
    let kit = kit::estate_that_waits();
    let lab = kit::cluster_that_starts_nothing(&kit, "standby");
    replay(&kit).close();
    let writes = || lab.our_audit().iter().filter(|(verb, _)| verb == "patch").count();

    let terminal = Terminal::open(&kit, &Look::default());
    let home = terminal.until(" > 0  Go on with run ");
    assert!(home.contains("onto lab"), "{home}");
    terminal.press(&["Enter"]);
    terminal.until("Enter goes on: the same plan");
    let before = writes();
    terminal.press(&["Enter"]);
    let seen = terminal.until("Waiting for Deployment shop/api");
    assert!(seen.contains("!! lab !!  STANDBY  WRITING"), "{seen}");
    // What was there is not sent again.
    assert!(writes() <= before + 1, "{} and then {}", before, writes());
    terminal.press(&["C-c"]);
    terminal.until("FAILED");
    terminal.press(&["C-c"]);
    terminal.until("left with 130");
}

/// Opens the screens and goes on until something is waited for.
fn replay(kit: &Kit) -> Terminal<'_> {
    let terminal = Terminal::open(kit, &Look::default());
    terminal.until("Suggested: ");
    terminal.press(&["3"]);
    terminal.until("Open the newest snapshot");
    terminal.press(&["3"]);
    terminal.until("it holds");
    terminal.press(&["Enter"]);
    terminal.until("lab ");
    terminal.press(&["Enter"]);
    terminal.until("Enter, then type the target's");
    terminal.press(&["Enter"]);
    terminal.until("target name:");
    terminal.write("lab");
    terminal.press(&["Enter"]);
    terminal.until("Waiting for Deployment shop/api");
    terminal
}
