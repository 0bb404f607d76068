//! `demo`

use std::fmt::Write as _;
use std::path::PathBuf;

use crate::app::demo::{self, Report, Request};
use crate::cli::shell::{Outcome, Shell};

/// Show everything on this machine: snapshot, loss of the Git host, replay
///
/// Makes three small repositories, serves them on loopback, takes two snapshots, shuts the server
/// down, and brings what they describe up on a control plane that it starts (etcd and
/// kube-apiserver from KUBEBUILDER_ASSETS, PATH, or what tests/run has built), else into a
/// directory. Needs git. Keeps its folder to look at and leaves nothing running.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The folder to make; a new one among temporary files otherwise
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
}

/// Runs the command.
pub(crate) fn run(args: &Args, shell: &Shell<'_>) -> Outcome {
    let request = Request { to: args.to.clone(), program: program() };
    let report = demo::run(&request, &shell.ports)?;
    shell.print(&report, || human(&report));
    Ok(0)
}

/// How this program was started, fit to be typed from another folder.
fn program() -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    let path = std::env::current_exe().ok().map(|path| path.display().to_string());
    path.filter(|path| path.chars().all(plain)).unwrap_or_else(|| "blackstart".to_owned())
}

fn human(report: &Report) -> String {
    let mut text = String::from("What happened\n");
    for (number, phase) in report.phases.iter().enumerate() {
        let name = phase.name;
        let _ = writeln!(text, "{:3}. {name:<36} {:6.1} s", number + 1, phase.seconds);
        let _ = writeln!(text, "     {}", phase.outcome);
    }
    let _ = writeln!(text, "     in all {:>36.1} s", report.seconds);
    if !report.missing.is_empty() {
        text.push_str("\nNot shown on this machine\n");
        for line in &report.missing {
            let _ = writeln!(text, "  - {line}");
        }
    }
    let _ = writeln!(text, "\nLook at {}", report.folder.display());
    for line in &report.look_at {
        let _ = writeln!(text, "  {line}");
    }
    text.push_str("\nThe same by hand; nothing is running any more\n");
    for line in &report.by_hand {
        let _ = writeln!(text, "  {line}");
    }
    text
}
