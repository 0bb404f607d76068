//! `import`

use std::fmt::Write as _;
use std::path::PathBuf;

use crate::app::import::{self, Report, Request};
use crate::app::text;
use crate::cli::shell::{Outcome, Shell};
use crate::model::explain::Kind;

/// Take bundles from sticks and files into the store
///
/// Several sources may be given, damaged ones too: the first good copy of each part is used. Exit 3
/// when some snapshot could not be taken in.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folders and bundle files
    #[arg(value_name = "PATH", required = true)]
    from: Vec<PathBuf>,
}

/// Runs the command.
pub(crate) fn run(args: &Args, shell: &Shell<'_>) -> Outcome {
    let request = Request { place: shell.global.place(), from: args.from.clone() };
    let report = import::run(&request, &shell.ports)?;
    shell.print(&report, || human(&report));
    Ok(if report.refused.is_empty() { 0 } else { Kind::Incomplete.exit_code() })
}

fn human(report: &Report) -> String {
    let mut text = String::new();
    for taken in &report.snapshots {
        let _ = writeln!(
            text,
            "snapshot {}  {} added; {}, {} copied, {} were here",
            taken.seq,
            text::count(taken.signatures, "signature"),
            text::count(taken.parts, "part"),
            text::size(taken.bytes),
            taken.reused_parts
        );
    }
    for refused in &report.refused {
        let _ = writeln!(
            text,
            "NOT TAKEN  snapshot {}: {} ({})",
            refused.seq, refused.why, refused.code
        );
    }
    text
}
