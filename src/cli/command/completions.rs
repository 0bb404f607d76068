//! `completions`

use crate::cli::args::command;
use crate::cli::shell::{Outcome, Shell, write_out};

/// Print completions for a shell
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Which shell
    shell: clap_complete::Shell,
}

/// Runs the command.
pub(crate) fn run(args: &Args, _shell: &Shell<'_>) -> Outcome {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut command(), "blackstart", &mut text);
    write_out(&String::from_utf8_lossy(&text));
    Ok(0)
}
