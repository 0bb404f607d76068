//! The path that needs no knowledge, in a terminal, onto a real API server.

use crate::kit;
use crate::support::cluster::Lab;
use crate::tmux::{Look, Terminal};

#[test]
fn from_start_to_summary_by_enter_digits_and_one_typed_name() {
    let kit = kit::estate();
    let lab = Lab::start();
    let kubeconfig = lab.plane.kubeconfig().to_str().unwrap();
    kit.run(&["target", "add", "prod", "--kubeconfig", kubeconfig, "--class", "production"]).ok();
    let terminal = Terminal::open(&kit, &Look::default());
    kit::to_targets(&terminal);
    let plan = kit::to_plan(&terminal, "prod");
    assert!(plan.contains("deletes: none"), "{plan}");
    assert!(plan.contains("!! prod !!  PRODUCTION  PLANNING"), "{plan}");
    assert!(plan.lines().nth(1).unwrap().starts_with("####"), "{plan}");
    kit::confirm(&terminal, "prd");
    terminal.until("Nothing was done.");
    let wrote = |lab: &Lab| {
        lab.our_audit().iter().any(|(verb, uri)| verb == "patch" && !uri.contains("dryRun"))
    };
    assert!(!wrote(&lab));
    terminal.press(&["Home", "Right", "Right"]);
    terminal.write("o");
    terminal.until("target name: prod");
    terminal.press(&["Enter"]);
    let done = terminal.until("tell       The replay onto prod is complete");
    assert!(done.contains("COMPLETE") && done.contains("PRODUCTION  WROTE "), "{done}");
    assert!(wrote(&lab));
    terminal.press(&["Escape"]);
    terminal.until("Which cluster?");
    terminal.press(&["C-c"]);
    terminal.until("left with 130");
}
