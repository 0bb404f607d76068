//! `snapshot`

use std::fmt::Write as _;

use crate::app::snapshot::{self, Report, Request};
use crate::app::text;
use crate::cli::shell::{Outcome, Shell};
use crate::config::Span;
use crate::model::explain::Kind;
use crate::model::safe::safe;

/// Take a snapshot: mirror everything into a signed, encrypted bundle
///
/// Exit 0: every required repository is fresh. Exit 3: sealed, but at least one is not current; each
/// is named with whose fault it is. Exit 1: nothing was sealed.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Fetch only these repositories, by name; the others are carried
    #[arg(long, value_name = "GLOB")]
    only: Vec<String>,
    /// Say what would be fetched and touch nothing
    #[arg(long)]
    dry_run: bool,
    /// For fetching, in all, such as 25m
    #[arg(long, value_name = "TIME", env = "BLACKSTART_DEADLINE")]
    deadline: Option<Span>,
}

/// Runs the command.
pub(crate) fn run(args: &Args, shell: &Shell<'_>) -> Outcome {
    let request = Request {
        config: shell.global.config.clone(),
        only: args.only.clone(),
        dry_run: args.dry_run,
        deadline: args.deadline.map(|span| span.0),
    };
    let report = snapshot::run(&request, &shell.ports)?;
    shell.print(&report, || human(&report));
    Ok(if report.state == "partial" { Kind::Incomplete.exit_code() } else { 0 })
}

fn human(report: &Report) -> String {
    let Some(seq) = report.seq else {
        return report
            .would_fetch
            .iter()
            .fold("would fetch\n".to_owned(), |text, line| text + "  " + &safe(line) + "\n");
    };
    let states: Vec<String> =
        report.repos.iter().map(|(state, count)| format!("{count} {state}")).collect();
    let mut text =
        format!("snapshot {seq}  {}  {}\n", report.state.to_uppercase(), states.join(", "));
    let reused = text::count(report.reused_parts, "part");
    let _ = writeln!(
        text,
        "  wrote    {}, used {reused} again, in {:.1} s",
        text::size(report.written_bytes),
        report.seconds
    );
    for repo in &report.not_current {
        let _ = writeln!(text, "  {}  {}: {}", repo.state, safe(&repo.name), repo.why);
        if let Some(proven) = repo.proven {
            let _ = writeln!(text, "    its state of {proven} is in this snapshot");
        }
        if let Some(next) = &repo.next {
            let _ = writeln!(text, "    {next}");
        }
    }
    if let Some(witness) = &report.witness {
        let _ = writeln!(text, "  witness  {witness}");
    }
    text
}
