//! `man`

use crate::cli::args::command;
use crate::cli::shell::{Outcome, Shell, write_out};

/// Print the manual page
///
/// To read it: blackstart man | man -l -
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the command.
pub(crate) fn run(_args: &Args, _shell: &Shell<'_>) -> Outcome {
    let mut text = Vec::new();
    let page = clap_mangen::Man::new(command());
    // Writing to memory does not fail.
    let _ = page.render(&mut text);
    for subcommand in command().get_subcommands().filter(|subcommand| !subcommand.is_hide_set()) {
        text.extend_from_slice(section(subcommand).as_bytes());
    }
    write_out(&String::from_utf8_lossy(&text));
    Ok(0)
}

/// One command with its options, as plain text behind a heading.
fn section(subcommand: &clap::Command) -> String {
    let help = subcommand.clone().term_width(78).render_long_help().to_string();
    let escaped: String = help
        .lines()
        .map(|line| {
            let line = line.replace('\\', "\\e").replace('-', "\\-");
            if line.starts_with('.') || line.starts_with('\'') {
                format!("\\&{line}\n")
            } else {
                format!("{line}\n")
            }
        })
        .collect();
    format!(".SH \"blackstart {}\"\n.nf\n{escaped}.fi\n", subcommand.get_name())
}
