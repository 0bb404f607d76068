//! `explain`

use serde::Serialize;

use crate::app::explain::{all, find};
use crate::cli::shell::{Outcome, Shell, say};
use crate::model::explain::{About, Kind};
use crate::model::safe::safe;

/// Explain a code from a message, offline
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A code such as B0801; all of them when absent
    code: Option<String>,
}

#[derive(Serialize)]
struct Report {
    format_version: u32,
    codes: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    code: &'static str,
    exit: u8,
    meaning: &'static str,
    next: &'static str,
}

/// Runs the command.
pub(crate) fn run(args: &Args, shell: &Shell<'_>) -> Outcome {
    let found = match &args.code {
        None => all(),
        Some(code) => find(code).into_iter().collect(),
    };
    if found.is_empty() {
        say(&format!("error: there is no code {}", safe(args.code.as_deref().unwrap_or_default())));
        say("  next  blackstart explain lists all codes");
        return Ok(Kind::Usage.exit_code());
    }
    let entry = |about: &&'static About| Entry {
        code: about.code,
        exit: about.kind.exit_code(),
        meaning: about.meaning,
        next: about.next,
    };
    let report = Report { format_version: 1, codes: found.iter().map(entry).collect() };
    shell
        .print(&report, || found.iter().map(|about| explain(about)).collect::<Vec<_>>().join("\n"));
    Ok(0)
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
