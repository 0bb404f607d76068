//! `doctor`

use crate::app::doctor::{self, Report};
use crate::app::text;
use crate::cli::shell::{Outcome, Shell};
use crate::model::explain::Kind;

/// Check configuration, keys, tools, clock, store and freshness; changes nothing
///
/// Exit 1 when something must be mended.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the command.
pub(crate) fn run(_args: &Args, shell: &Shell<'_>) -> Outcome {
    let report = doctor::run(&shell.global.place(), &shell.ports)?;
    shell.print(&report, || human(&report));
    Ok(if report.any_bad() { Kind::Failed.exit_code() } else { 0 })
}

fn human(report: &Report) -> String {
    let rows: Vec<Vec<String>> = report
        .checks
        .iter()
        .map(|check| vec![check.verdict.to_owned(), check.what.clone(), check.detail.clone()])
        .collect();
    text::table(&rows)
}
