//! `list`

use crate::app::list::{self, Entry, Report};
use crate::app::text;
use crate::cli::shell::{Outcome, Shell};
use crate::model::explain::Kind;

/// List the snapshots of a store
///
/// Needs no key. Exit 4 when one of them does not hold.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the command.
pub(crate) fn run(_args: &Args, shell: &Shell<'_>) -> Outcome {
    let report = list::run(&shell.global.place(), &shell.ports)?;
    let now = shell.ports.clock.now();
    shell.print(&report, || human(&report, now));
    Ok(if report.any_red() { Kind::Integrity.exit_code() } else { 0 })
}

fn human(report: &Report, now: crate::model::clock::Timestamp) -> String {
    if report.snapshots.is_empty() {
        return format!("stream {}: no snapshot yet\n", report.stream);
    }
    let head = ["SEQ", "CREATED (UTC)", "AGE", "STATE", "SIZE", "SIGNED BY", "POLICY", "LEVEL"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(report.snapshots.iter().map(|entry| row(entry, now)));
    let remarks: String = report
        .snapshots
        .iter()
        .flat_map(|entry| entry.remarks.iter().map(|remark| format!("  {}: {remark}\n", entry.seq)))
        .collect();
    format!("stream {}\n{}{remarks}", report.stream, text::table(&rows))
}

fn row(entry: &Entry, now: crate::model::clock::Timestamp) -> Vec<String> {
    let signed: Vec<&str> = entry
        .signatures
        .iter()
        .filter(|signature| signature.status != "bad")
        .map(|signature| signature.role.as_str())
        .collect();
    vec![
        entry.seq.to_string(),
        entry
            .created
            .map_or_else(|| "?".into(), |at| at.to_string().replace('T', " ")[..16].to_owned()),
        entry.created.map_or_else(|| "?".into(), |at| text::age(at, now)),
        entry.state.unwrap_or("?").to_owned(),
        text::size(entry.bytes),
        if signed.is_empty() { "nobody".into() } else { signed.join("+") },
        entry.policy.to_owned(),
        entry.level.to_uppercase(),
    ]
}
