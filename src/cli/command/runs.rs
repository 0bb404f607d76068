//! `runs`

use std::fmt::Write as _;

use super::plan::line;
use super::replay::{came, troubles};
use crate::app::runs::{self, Detail, List, Summary};
use crate::app::text;
use crate::cli::shell::{Outcome, Shell};

/// List what was replayed, and what is unfinished
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A run's name or its folder: say all about it
    #[arg(value_name = "RUN")]
    run: Option<String>,
}

/// Runs the command.
pub(crate) fn run(args: &Args, shell: &Shell<'_>) -> Outcome {
    let place = shell.global.place();
    if let Some(run) = &args.run {
        let detail = runs::show(&place, run, &shell.ports)?;
        shell.print(&detail, || one(&detail));
    } else {
        let list = runs::list(&place, &shell.ports)?;
        shell.print(&list, || all(&list));
    }
    Ok(0)
}

fn all(list: &List) -> String {
    if list.runs.is_empty() {
        return "no runs\n".to_owned();
    }
    let rows: Vec<Vec<String>> = list.runs.iter().map(row).collect();
    let mut text = text::table(&rows);
    if let Some(next) = list.runs.iter().find_map(|run| run.next.as_ref()) {
        let _ = writeln!(text, "next: {next}");
    }
    text
}

fn row(run: &Summary) -> Vec<String> {
    let done = match &run.damage {
        Some(damage) => damage.clone(),
        None => run.there(),
    };
    vec![run.run.clone(), run.state.to_owned(), run.target.clone(), done]
}

fn one(detail: &Detail) -> String {
    let run = &detail.summary;
    let mut text = format!("{}  {}\n", run.state, run.run);
    let time = |at: Option<crate::model::clock::Timestamp>| {
        at.map_or_else(|| "unknown".to_owned(), |at| at.to_string())
    };
    let uid = detail.uid.as_deref().unwrap_or("no cluster");
    line(&mut text, "  target   ", &format!("{}, uid {uid}", run.target));
    line(&mut text, "  bundle   ", &format!("snapshot {}, {}", run.seq, detail.bundle));
    line(&mut text, "  plan     ", &detail.plan);
    line(&mut text, "  by       ", &format!("{}, {}", detail.operator, detail.tool));
    line(&mut text, "  approved ", &detail.consent);
    line(&mut text, "  begun    ", &format!("{}, last {}", time(run.begun), time(run.last)));
    if run.resumed > 0 {
        line(&mut text, "  resumed  ", &text::count(run.resumed, "time"));
    }
    if let Some(report) = &detail.report {
        came(&mut text, report);
    } else {
        let mut done = run.there();
        if detail.in_doubt > 0 {
            let _ = write!(done, ", {} in doubt: a resume sends them again", detail.in_doubt);
        }
        line(&mut text, "  done     ", &done);
    }
    if let Some(known) = &detail.known {
        troubles(&mut text, known);
    }
    if detail.torn {
        line(&mut text, "  note     ", "the last line of the journal is torn; it does not count");
    }
    line(&mut text, "  journal  ", &run.folder.display().to_string());
    let _ = writeln!(text, "tell: {}", detail.tell);
    if let Some(next) = &run.next {
        let _ = writeln!(text, "next: {next}");
    }
    text
}
