//! One file a command: arguments to a request, a report to text.

pub(super) mod assess;
pub(super) mod completions;
pub(super) mod demo;
pub(super) mod doctor;
pub(super) mod explain;
pub(super) mod export;
pub(super) mod extract;
pub(super) mod import;
pub(super) mod init;
pub(super) mod keys;
pub(super) mod list;
pub(super) mod man;
mod pace;
pub(super) mod plan;
mod plan_text;
pub(super) mod prune;
pub(super) mod replay;
pub(super) mod resume;
pub(super) mod runs;
pub(super) mod show;
pub(super) mod snapshot;
pub(super) mod sources;
pub(super) mod status;
pub(super) mod target;
pub(super) mod trust;
pub(super) mod verify;

use super::args::Command;
use super::shell::{Outcome, Shell};

/// Runs one command.
pub(super) fn dispatch(command: &Command, shell: &Shell<'_>) -> Outcome {
    match command {
        Command::Assess(args) => assess::run(args, shell),
        Command::Extract(args) => extract::run(args, shell),
        Command::Plan(args) => plan::run(args, shell),
        Command::Replay(args) => replay::run(args, shell),
        Command::Resume(args) => resume::run(args, shell),
        Command::Runs(args) => runs::run(args, shell),
        Command::Target(args) => target::run(args, shell),
        Command::Sources(args) => sources::run(args, shell),
        Command::Snapshot(args) => snapshot::run(args, shell),
        Command::Status(args) => status::run(args, shell),
        Command::List(args) => list::run(args, shell),
        Command::Show(args) => show::run(args, shell),
        Command::Verify(args) => verify::run(args, shell),
        Command::Export(args) => export::run(args, shell),
        Command::Import(args) => import::run(args, shell),
        Command::Prune(args) => prune::run(args, shell),
        Command::Doctor(args) => doctor::run(args, shell),
        Command::Init(args) => init::run(args, shell),
        Command::Keys(args) => keys::run(args, shell),
        Command::Trust(args) => trust::run(args, shell),
        Command::Demo(args) => demo::run(args, shell),
        Command::Explain(args) => explain::run(args, shell),
        Command::Completions(args) => completions::run(args, shell),
        Command::Man(args) => man::run(args, shell),
    }
}

/// Reads the number of a snapshot.
pub(super) fn seq(text: &str) -> Result<crate::model::id::Seq, String> {
    let number = text.parse().ok().and_then(crate::model::id::Seq::new);
    number.ok_or_else(|| "expected the number of a snapshot".to_owned())
}

/// Reads a size such as `3900MiB`, `4G` or plain bytes.
fn size(text: &str) -> Result<u64, String> {
    let bad = || "expected a size of at least 1MiB, such as 3900MiB or 4GiB".to_owned();
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let shift = match unit {
        "" | "B" => 0,
        "K" | "KiB" => 10,
        "M" | "MiB" => 20,
        "G" | "GiB" => 30,
        _ => return Err(bad()),
    };
    let number: u64 = number.parse().map_err(|_| bad())?;
    number.checked_mul(1 << shift).filter(|size| *size >= 1 << 20).ok_or_else(bad)
}
