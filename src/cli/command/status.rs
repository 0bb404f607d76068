//! `status`

use std::fmt::Write as _;
use std::time::Duration;

use crate::app::status::{self, Report, Request};
use crate::app::text;
use crate::cli::shell::{Outcome, Shell};
use crate::config::Span;
use crate::model::clock::Timestamp;
use crate::model::explain::Kind;

/// Say whether the newest snapshot is what it should be
///
/// Needs no key; looks at signatures and age, not at the parts: verify does. Exit 0: complete, as many signatures as asked for, not older than --max-age. Else, the
/// worst first: 4 nothing holds, 5 a signature that the policy asks for is missing, 6 too old, 3 partial.
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
    Ok(report.fault().map_or(0, Kind::exit_code))
}

fn human(report: &Report, now: Timestamp) -> String {
    let entry = &report.entry;
    let stale = if report.stale { "STALE, " } else { "" };
    let level = entry.level.to_uppercase();
    let mut text = format!("{stale}{level}  stream {}  snapshot {}\n", report.stream, entry.seq);
    if let Some(created) = entry.created {
        let allowed = report
            .max_age_seconds
            .map(|most| format!(", allowed {}", text::span(Duration::from_secs(most))));
        let (age, allowed) = (text::age(created, now), allowed.unwrap_or_default());
        let _ = writeln!(text, "  age      {age}{allowed}  (taken {created})");
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
    for lacking in &report.second {
        let _ = writeln!(text, "  second   {}", lacking.words());
    }
    let _ = writeln!(
        text,
        "  size     {} in {}",
        text::size(entry.bytes),
        text::count(entry.parts, "part")
    );
    for remark in &entry.remarks {
        let _ = writeln!(text, "  note     {remark}");
    }
    text
}
