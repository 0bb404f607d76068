//! `replay`

use std::fmt::Write as _;

use super::plan::{Common, line, plan_text};
use crate::app::replay::{self, Report, Request, Verdict, Wait};
use crate::app::text;
use crate::cli::shell::{Outcome, Shell, say};
use crate::config::Span;
use crate::model::explain::Kind;

/// Carry out a plan on the target, and wait until everything is ready
///
/// Server-side apply as field manager blackstart; never by force, and nothing is deleted. A cluster
/// must be named with --confirm-target; for standby and production targets the plan must have been
/// seen: at a terminal, or by --plan. Exit 3 when something failed or is not ready in time; what is
/// there stays, and the same command can be run again.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    common: Common,
    /// The target's name, typed once more
    #[arg(long, value_name = "NAME")]
    confirm_target: Option<String>,
    /// The plan that was approved: its file or its digest; anything else is refused
    #[arg(long, value_name = "FILE|DIGEST")]
    plan: Option<String>,
    /// How long objects may take to become ready
    #[arg(long, value_name = "TIME", default_value = "5m", env = "BLACKSTART_WAIT")]
    wait: Span,
    /// Do not wait until objects are ready
    #[arg(long, conflicts_with = "wait")]
    no_wait: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args, shell: &Shell<'_>) -> Outcome {
    let wait = if args.no_wait { Wait::Applied } else { Wait::Ready { limit: args.wait.0 } };
    let request = Request {
        plan: args.common.request(shell, None),
        confirm: args.confirm_target.clone(),
        approved: args.plan.clone(),
        wait,
    };
    let show = |plan: &crate::app::plan::Plan| say(plan_text(plan).trim_end());
    let report = replay::run(&request, &show, &shell.ports)?;
    shell.print(&report, || human(&report));
    Ok(report.outcome.kind().map_or(0, Kind::exit_code))
}

fn human(report: &Report) -> String {
    let outcome = &report.outcome;
    let verdict = match report.verdict {
        Verdict::Complete => "complete",
        Verdict::Incomplete => "INCOMPLETE",
        Verdict::Failed => "FAILED",
    };
    let mut text = format!("{verdict}  {} in {:.1} s\n", report.target, report.seconds);
    let _ = writeln!(
        text,
        "  {} created, {} configured, {} unchanged",
        outcome.created, outcome.configured, outcome.unchanged
    );
    for failure in &outcome.failed {
        let words = format!("{}: {} ({})", failure.object, failure.why, failure.code);
        line(&mut text, "  failed     ", &words);
    }
    for pending in &outcome.not_ready {
        line(&mut text, "  not ready  ", &format!("{}: {}", pending.object, pending.why));
    }
    if let Some(first) = outcome.not_waited.first() {
        let count = text::count(outcome.not_waited.len(), "object");
        let words = format!("{count}, as {}: {}", first.object, first.why);
        line(&mut text, "  not waited for  ", &words);
    }
    for remark in &report.remarks {
        line(&mut text, "  note  ", remark);
    }
    text
}
