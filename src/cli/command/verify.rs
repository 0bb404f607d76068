//! `verify`

use std::fmt::Write as _;
use std::path::PathBuf;

use crate::app::verify::{self, Report, Request};
use crate::app::{Which, text};
use crate::cli::shell::{Outcome, Shell};
use crate::model::explain::Kind;
use crate::model::id::Seq;

/// Verify a snapshot, or everything; with a key also what is inside
///
/// Exit 0: it holds (GREEN, or AMBER with remarks; a partial snapshot holds, too: status tells it).
/// Exit 4: something does not hold (RED). Exit 5: a signature that the policy asks for is missing, or a
/// newer snapshot was seen on this machine before; --accept-seq accepts that.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A snapshot's number, or latest
    #[arg(value_name = "SEQ", default_value = "latest")]
    which: Which,
    /// Every snapshot, every blob and every trust file of the store
    #[arg(long)]
    full: bool,
    /// A key file of somebody to whom the bundle is sealed: also open it and prove what is inside
    #[arg(long, value_name = "FILE", env = "BLACKSTART_IDENTITY")]
    identity: Vec<PathBuf>,
    /// As the verifier: sign what was opened and proven, with this key
    #[arg(long, value_name = "KEY", requires = "identity")]
    cosign: Option<PathBuf>,
    /// Accept this snapshot although a newer one was seen or a signature is missing
    #[arg(long, value_name = "SEQ", value_parser = super::seq)]
    accept_seq: Option<Seq>,
}

/// Runs the command.
pub(crate) fn run(args: &Args, shell: &Shell<'_>) -> Outcome {
    let request = Request {
        place: shell.global.place(),
        which: args.which,
        full: args.full,
        identities: args.identity.clone(),
        cosign: args.cosign.clone(),
        accept: args.accept_seq,
    };
    let report = verify::run(&request, &shell.ports)?;
    shell.print(&report, || human(&report));
    Ok(report.fault().map_or(0, Kind::exit_code))
}

/// What damage means, and what can still be done.
const DAMAGED: &str = "  next     extract still takes out every repository that needs none of these\n           \
     (B0808); add --store of another copy: the first good copy of each part is used\n";

fn human(report: &Report) -> String {
    let level = if report.is_red() { "RED".to_owned() } else { report.entry.level.to_uppercase() };
    let mut text = format!("{level}  snapshot {}\n", report.entry.seq);
    let checked = text::count(report.parts_checked, "part");
    let snapshots = text::count(report.snapshots, "snapshot");
    let _ =
        writeln!(text, "  checked  {checked}, {} of {snapshots}", text::size(report.bytes_checked));
    if let Some(repos) = report.repos_opened {
        let how = if report.indexes_rebuilt {
            "every object hashed, every index rebuilt"
        } else {
            "every file as signed, every ref connected (--full hashes every object)"
        };
        let _ = writeln!(text, "  opened   {}: {how}", text::count(repos, "repository"));
    }
    for part in &report.damaged {
        let _ = writeln!(text, "  DAMAGED  {} {}: {}", part.kind, part.digest, part.what);
    }
    if !report.damaged.is_empty() {
        text.push_str(DAMAGED);
    }
    for problem in &report.problems {
        let _ = writeln!(text, "  WRONG    {problem}");
    }
    for note in report.entry.remarks.iter().chain(&report.findings) {
        let _ = writeln!(text, "  note     {note}");
    }
    if let Some(key) = &report.cosigned {
        let _ = writeln!(text, "  signed   verifier {key}");
    }
    text
}
