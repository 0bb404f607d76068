//! `replay`

use std::fmt::Write as _;

use super::pace::Pace;
use super::plan::{Common, line, plan_text};
use crate::app::replay::{self, Outcome as Came, Report, Request, Verdict};
use crate::app::text;
use crate::cli::shell::{Outcome, Shell, say};
use crate::model::explain::Kind;

/// So many objects of a kind of trouble are named.
const NAMED: usize = 10;

/// Carry out a plan on the target, and wait until everything is ready
///
/// Server-side apply as field manager blackstart; never by force unless --force-conflicts names the
/// object, and nothing is deleted. A cluster must be named with --confirm-target; for standby and
/// production targets the plan must have been seen: at a terminal, or by --plan. A journal is kept,
/// so that resume goes on after Ctrl-C, a crash or a power cut. Ctrl-C stops at the next safe point; a
/// terminal that goes away (SIGHUP) lets the wave under way be finished, then the run holds. Exit 3
/// when something failed or is not ready in time; what is there stays.
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
    #[command(flatten)]
    pace: Pace,
}

/// Runs the command.
pub(crate) fn run(args: &Args, shell: &Shell<'_>) -> Outcome {
    let request = Request {
        plan: args.common.request(shell, None),
        confirm: args.confirm_target.clone(),
        approved: args.plan.clone(),
        options: args.pace.options(),
    };
    let show = |plan: &crate::app::plan::Plan| say(plan_text(plan).trim_end());
    let report = replay::run(&request, &show, &shell.ports)?;
    shell.print(&report, || human(&report));
    Ok(report.outcome.kind().map_or(0, Kind::exit_code))
}

/// Returns a report for people: what, done so far, next.
pub(super) fn human(report: &Report) -> String {
    let verdict = match (report.verdict, report.outcome.held_after) {
        (Verdict::Complete, _) => "complete",
        (_, Some(_)) => "HELD",
        (Verdict::Incomplete, None) => "INCOMPLETE",
        (Verdict::Failed, None) => "FAILED",
    };
    let part = if report.resumed > 0 { ", since it was resumed" } else { "" };
    let mut text = format!("{verdict}  {} in {:.1} s{part}\n", report.target, report.seconds);
    came(&mut text, report);
    match &report.run {
        Some(run) => {
            let _ = writeln!(text, "  run   {run}");
        }
        None if report.outcome.applied() == 0 => {
            text.push_str("  there was nothing to write, so there is no run to look at\n");
        }
        None => {}
    }
    // In one piece, as it is pasted.
    let _ = writeln!(text, "tell: {}", report.tell);
    if let Some(next) = &report.next {
        let _ = writeln!(text, "next: {next}");
    }
    text
}

/// What came of it: counts, what is not as it should be, and what a person should know.
pub(super) fn came(text: &mut String, report: &Report) {
    let outcome = &report.outcome;
    let earlier = match outcome.earlier {
        0 => String::new(),
        earlier => format!(", {earlier} done earlier"),
    };
    let there = report.there();
    let _ = writeln!(
        text,
        "  {there}: {} created, {} configured, {} unchanged{earlier}",
        outcome.created, outcome.configured, outcome.unchanged
    );
    troubles(text, outcome);
    for note in &report.notes {
        line(text, "  note  ", &format!("{} ({})", note.text, note.code));
    }
    for remark in &report.remarks {
        line(text, "  note  ", remark);
    }
}

/// What is not as it should be.
pub(super) fn troubles(text: &mut String, outcome: &Came) {
    let failed = outcome.failed.iter();
    let failed = failed.map(|one| (&one.object[..], format!("{} ({})", one.why, one.code)));
    some(text, "  failed     ", &grouped(failed));
    let words = |list: &[replay::Pending]| -> Vec<String> {
        grouped(list.iter().map(|one| (&one.object[..], one.why.clone())))
    };
    some(text, "  not ready  ", &words(&outcome.not_ready));
    some(text, "  held       ", &words(&outcome.held));
    some(text, "  left out   ", &words(&outcome.left_out));
    if let Some(first) = outcome.not_waited.first() {
        let count = text::count(outcome.not_waited.len(), "object");
        let words = format!("{count}, as {}: {}", first.object, first.why);
        line(text, "  not waited for  ", &words);
    }
    if outcome.open > 0 {
        let count = text::count(outcome.open, "object");
        let why = outcome.held_after.map_or_else(
            || "behind what failed".to_owned(),
            |wave| format!("behind wave {wave}, where the run was asked to stop"),
        );
        line(text, "  not tried  ", &format!("{count} {why}"));
    }
}

/// A line for each reason, with the first of the objects that share it.
fn grouped<'o>(troubles: impl Iterator<Item = (&'o str, String)>) -> Vec<String> {
    let mut groups: Vec<(&str, usize, String)> = Vec::new();
    for (object, why) in troubles {
        match groups.iter_mut().find(|(.., known)| *known == why) {
            Some((_, more, _)) => *more += 1,
            None => groups.push((object, 0, why)),
        }
    }
    let line = |(object, more, why): (&str, usize, String)| match more {
        0 => format!("{object}: {why}"),
        more => format!("{object} and {more} more: {why}"),
    };
    groups.into_iter().map(line).collect()
}

fn some(text: &mut String, margin: &str, lines: &[String]) {
    let more = lines.len().saturating_sub(NAMED);
    lines.iter().take(NAMED).for_each(|words| line(text, margin, words));
    if more > 0 {
        line(text, margin, &format!("and {more} more; --json lists them all"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_for_one_reason_is_one_line() {
        let troubles =
            [("Alert a/x", "not served"), ("Widget w", "taken"), ("Alert b/x", "not served")];
        let lines = grouped(troubles.map(|(object, why)| (object, why.to_owned())).into_iter());
        assert_eq!(lines, ["Alert a/x and 1 more: not served", "Widget w: taken"]);
    }
}
