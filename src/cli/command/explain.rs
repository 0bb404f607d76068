//! `explain`

use crate::app::explain::{all, find};
use crate::cli::shell::{Outcome, Shell, say, write_out};
use crate::model::explain::{About, Kind};
use crate::model::safe::safe;

/// Explain a code from a message, offline
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A code such as B0801; all of them when absent
    code: Option<String>,
}

/// Runs the command.
pub(crate) fn run(args: &Args, _shell: &Shell<'_>) -> Outcome {
    let Some(code) = &args.code else {
        write_out(&all().into_iter().map(explain).collect::<Vec<_>>().join("\n"));
        return Ok(0);
    };
    if let Some(about) = find(code) {
        write_out(&explain(about));
        Ok(0)
    } else {
        say(&format!("error: there is no code {}", safe(code)));
        say("  next  blackstart explain lists all codes");
        Ok(Kind::Usage.exit_code())
    }
}

fn explain(about: &About) -> String {
    format!(
        "{}  exit {}\n  {}\n  next  {}\n",
        about.code,
        about.kind.exit_code(),
        wrapped(about.meaning),
        wrapped(about.next)
    )
}

/// Breaks a text so that it fits 80 columns behind two or eight blanks.
fn wrapped(text: &str) -> String {
    let (mut lines, mut line) = (Vec::new(), String::new());
    for word in text.split_whitespace() {
        if !line.is_empty() && line.len() + word.len() > 70 {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines.join("\n  ")
}
