//! `extract`

use std::fmt::Write as _;
use std::path::PathBuf;

use crate::app::extract::{self, Report, Request};
use crate::app::{Which, text};
use crate::cli::args::Opening;
use crate::cli::shell::{Outcome, Shell};
use crate::model::explain::Kind;
use crate::model::safe::safe;

/// Take repositories out of a bundle, usable by stock git at once
///
/// Writes bare repositories and repos.tsv into a new folder. Exit 4 when a repository had to be left
/// out because it does not hold; what is there is whole. Exit 3 when all repositories are there but
/// not all files of --worktree: a submodule's, a name that no system should write, a missing revision.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A snapshot's number, or latest
    #[arg(value_name = "SEQ", default_value = "latest")]
    which: Which,
    /// The folder to write, which must be empty or new
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// Only these repositories, by name
    #[arg(long, value_name = "GLOB")]
    repo: Vec<String>,
    /// Also write the files of this revision, beside each repository as NAME.files
    #[arg(long, value_name = "REV")]
    worktree: Option<String>,
    /// Give old tips that are kept names below refs/pinned/
    #[arg(long)]
    pinned: bool,
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
        to: args.to.clone(),
        repos: args.repo.clone(),
        worktree: args.worktree.clone(),
        pinned: args.pinned,
    };
    let report = extract::run(&request, &shell.ports)?;
    shell.print(&report, || human(&report));
    Ok(match (report.left_out.is_empty(), report.short_of_files()) {
        (false, _) => Kind::Integrity.exit_code(),
        (true, 0) => 0,
        (true, _) => Kind::Incomplete.exit_code(),
    })
}

fn human(report: &Report) -> String {
    let mut text = format!(
        "{} of snapshot {} in {}\n",
        text::count(report.repos.len(), "repository"),
        report.seq,
        report.to.display()
    );
    for repo in &report.repos {
        let files = repo.files.map_or_else(String::new, |files| {
            format!(", {}", text::count(usize::try_from(files).unwrap_or(usize::MAX), "file"))
        });
        let _ = writeln!(text, "  {}  {}{files}", repo.folder, text::count(repo.refs, "ref"));
        for skipped in &repo.skipped {
            let _ = writeln!(text, "    left out {skipped}");
        }
    }
    for missing in &report.left_out {
        let _ = writeln!(text, "  LEFT OUT  {}: {}", safe(&missing.name), missing.why);
    }
    if report.short_of_files() > 0 {
        let _ = writeln!(
            text,
            "  INCOMPLETE  files of {} are left out, see above; the repositories are whole",
            text::count(report.short_of_files(), "repository")
        );
    }
    for remark in &report.remarks {
        let _ = writeln!(text, "  note  {remark}");
    }
    text
}
