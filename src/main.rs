//! The blackstart binary: parse, choose a shell, turn a failure into an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    blackstart::cli::main(blackstart::tui::open)
}
