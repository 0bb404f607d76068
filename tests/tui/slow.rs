//! The whole path over a line on which every answer comes 300 ms late.

use std::time::Duration;

use crate::kit;
use crate::support::cluster::Lab;
use crate::support::proxy::Proxy;
use crate::support::server::Sshd;
use crate::tmux::Terminal;

const LATE: Duration = Duration::from_millis(300);

#[test]
fn the_whole_path_on_a_line_and_onto_a_cluster_that_are_300_ms_away() {
    let kit = kit::estate();
    let lab = Lab::start();
    let sshd = Sshd::start(&kit.sandbox.path("run"));
    let wire = Proxy::start(sshd.address(), LATE);
    let (_far, kubeconfig) = Proxy::before(lab.plane.kubeconfig(), LATE, &kit.sandbox.path("work"));
    let kubeconfig = kubeconfig.to_str().unwrap();
    kit.run(&["target", "add", "prod", "--kubeconfig", kubeconfig, "--class", "production"]).ok();
    let terminal = Terminal::over(&kit, &sshd, wire.port());
    kit::to_targets(&terminal);
    kit::to_plan(&terminal, "prod");
    // Whoever types faster than the line answers loses nothing.
    terminal.press(&["Enter"]);
    terminal.write("prxd");
    terminal.press(&["Left", "BSpace", "BSpace"]);
    terminal.write("ro");
    terminal.press(&["End"]);
    terminal.until("target name: prod");
    terminal.press(&["Enter"]);
    let done = terminal.until("tell       The replay onto prod is complete");
    assert!(done.contains("COMPLETE"), "{done}");
    terminal.press(&["C-c"]);
    terminal.until("left with 130");
}
