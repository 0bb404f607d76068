//! `status`

use std::fmt::Write as _;

use crate::app::status::{self, Report, Request};
use crate::app::text;
use crate::cli::shell::{Outcome, Shell};
use crate::config::Span;
use crate::model::clock::Timestamp;
use crate::model::explain::Kind;

/// Say whether the newest snapshot is what it should be
///
/// Needs no key. Exit 6 when it is older than --max-age.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// How old the newest snapshot may be, such as 2h
    #[arg(long, value_name = "TIME", env = "BLACKSTART_MAX_AGE")]
    max_age: Option<Span>,
}

/// Runs the command.
pub(crate) fn run(args: &Args, shell: &Shell<'_>) -> Outcome {
    let request = Request { place: shell.global.place(), max_age: args.max_age.map(|span| span.0) };
    let report = status::run(&request, &shell.ports)?;
    let now = shell.ports.clock.now();
    shell.print(&report, || human(&report, now));
    Ok(if report.stale { Kind::Objective.exit_code() } else { 0 })
}

fn human(report: &Report, now: Timestamp) -> String {
    let entry = &report.entry;
    let mut text = format!(
        "{}  stream {}  snapshot {}\n",
        entry.level.to_uppercase(),
        report.stream,
        entry.seq
    );
    if let Some(created) = entry.created {
        let _ = writeln!(text, "  age      {}  (taken {created})", text::age(created, now));
    }
    if let Some(next_by) = entry.next_by {
        let _ = writeln!(text, "  next by  {next_by}");
    }
    let _ = writeln!(text, "  state    {}", entry.state.unwrap_or("?"));
    for signature in &entry.signatures {
        let _ =
            writeln!(text, "  signed   {} {} {}", signature.role, signature.key, signature.status);
    }
    let _ = writeln!(text, "  policy   {}", entry.policy);
    let _ = writeln!(
        text,
        "  size     {} in {}",
        text::size(entry.bytes),
        text::count(entry.parts, "part")
    );
    for remark in &entry.remarks {
        let _ = writeln!(text, "  note     {remark}");
    }
    if report.stale {
        text.push_str("  STALE: older than it may be\n");
    }
    text
}
