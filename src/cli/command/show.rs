//! `show`

use std::fmt::Write as _;

use crate::app::show::{self, RepoReport, Report, Request};
use crate::app::{Which, text};
use crate::cli::args::Opening;
use crate::cli::shell::{Outcome, Shell};
use crate::model::safe::safe;

/// Show one snapshot; with an identity also what is in it
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A snapshot's number, or latest
    #[arg(value_name = "SEQ", default_value = "latest")]
    which: Which,
    #[command(flatten)]
    opening: Opening,
}

/// Runs the command.
pub(crate) fn run(args: &Args, shell: &Shell<'_>) -> Outcome {
    let request = Request {
        place: shell.global.place(),
        which: args.which,
        identities: args.opening.identity.clone(),
        accept: args.opening.accept_seq,
    };
    let report = show::run(&request, &shell.ports)?;
    shell.print(&report, || human(&report));
    Ok(0)
}

fn human(report: &Report) -> String {
    let entry = &report.entry;
    let mut text = format!(
        "snapshot {} of {}  {}  {}\n",
        entry.seq,
        report.stream,
        entry.level.to_uppercase(),
        entry.state.unwrap_or("?")
    );
    if let (Some(created), Some(digest)) = (entry.created, &entry.digest) {
        let _ = writeln!(text, "  taken    {created}\n  digest   {digest}");
    }
    for signature in &entry.signatures {
        let _ =
            writeln!(text, "  signed   {} {} {}", signature.role, signature.key, signature.status);
    }
    let _ = writeln!(text, "  policy   {}\n  size     {}", entry.policy, text::size(entry.bytes));
    for remark in &entry.remarks {
        let _ = writeln!(text, "  note     {remark}");
    }
    match &report.repos {
        Some(repos) => text.push_str(&repositories(report, repos)),
        None => text.push_str(&parts(report)),
    }
    text
}

fn parts(report: &Report) -> String {
    let rows: Vec<Vec<String>> = report
        .part_list
        .iter()
        .map(|part| vec![format!("  {}", part.kind), text::size(part.bytes), part.digest.clone()])
        .collect();
    format!("{}  (repositories: add --identity FILE)\n", text::table(&rows))
}

fn repositories(report: &Report, repos: &[RepoReport]) -> String {
    let mut rows =
        vec![["  NAME", "STATE", "HEAD", "REFS", "KEPT TIPS"].map(str::to_owned).to_vec()];
    rows.extend(repos.iter().map(|repo| {
        vec![
            format!("  {}", safe(&repo.name)),
            repo.state.clone(),
            repo.head.clone(),
            repo.refs.to_string(),
            repo.pinned.len().to_string(),
        ]
    }));
    let mut text = text::table(&rows);
    for repo in repos {
        let notes = repo.fault.iter().map(safe).chain(repo.findings.iter().cloned());
        for note in notes {
            let _ = writeln!(text, "  {}: {note}", safe(&repo.name));
        }
    }
    for missing in report.excluded.iter().flatten() {
        let _ = writeln!(
            text,
            "  NOT HERE  {} ({}): {}",
            safe(&missing.name),
            missing.state,
            safe(&missing.reason)
        );
    }
    text
}
