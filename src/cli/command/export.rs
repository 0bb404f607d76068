//! `export`

use std::fmt::Write as _;
use std::path::PathBuf;

use crate::app::export::{self, Request};
use crate::app::{Which, text};
use crate::cli::shell::{Outcome, Shell};

/// Write one bundle with all its parts to a stick or into a file
///
/// Needs no key: what is encrypted stays encrypted.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A snapshot's number, or latest
    #[arg(value_name = "SEQ", default_value = "latest")]
    which: Which,
    /// A bundle file to write, or a folder: one that exists or ends in a slash
    #[arg(long, value_name = "FILE|DIR")]
    to: PathBuf,
    /// Cut the file into pieces of this size, such as 3900MiB for FAT
    #[arg(long, value_name = "SIZE", value_parser = super::size)]
    split: Option<u64>,
}

/// Runs the command.
pub(crate) fn run(args: &Args, shell: &Shell<'_>) -> Outcome {
    let folder = args.to.as_os_str().to_string_lossy().ends_with('/');
    let request = Request {
        place: shell.global.place(),
        which: args.which,
        to: args.to.clone(),
        folder,
        split: args.split,
    };
    let report = export::run(&request, &shell.ports)?;
    shell.print(&report, || {
        let wrote = match report.bytes {
            0 => "all of it was there already".to_owned(),
            bytes => format!("{} written", text::size(bytes)),
        };
        let mut text = format!("snapshot {} in {}, {wrote}\n", report.seq, report.to.display());
        for lacks in &report.lacks {
            let _ = writeln!(text, "  not there  {lacks}");
        }
        text
    });
    Ok(0)
}
