//! `assess`

use std::fmt::Write as _;

use crate::app::assess::{self, Held, Report, Request, WITHIN, words};
use crate::app::{program, text};
use crate::cli::shell::{Outcome, Shell};
use crate::config::Span;
use crate::model::clock::Timestamp;

/// The width of a terminal nobody has widened.
const WIDTH: usize = 78;

/// So many commands of what is suggested are shown where not all are asked for.
const SUGGESTED: usize = 3;

/// Say what we hold, what answers, and what to do: the first thing to run
///
/// Works without configuration, network or bundle, and says so. Writes nothing.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// How long asking may take, all hosts and clusters together
    #[arg(long, value_name = "TIME", default_value_t = Span(WITHIN))]
    within: Span,

    /// Show the commands of every choice, not only of the suggested one
    #[arg(long)]
    all: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args, shell: &Shell<'_>) -> Outcome {
    let request = Request { place: shell.global.place(), within: args.within.0 };
    let report = assess::run(&request, &shell.ports);
    shell.print(&report, || human(&report, args.all));
    Ok(0)
}

fn human(report: &Report, all: bool) -> String {
    let mut text = format!("What do we hold?  ({})\n", report.at);
    held(&report.held, report.at, &mut text);
    text.push_str("\nWhat answers?\n");
    if let Some(why) = &report.no_hosts {
        put(&mut text, "  Git hosts  ", &format!("not known: {why}"));
    } else if report.hosts.is_empty() {
        put(&mut text, "  Git hosts  ", "no [[source]] is configured");
    }
    report.hosts.iter().for_each(|one| put(&mut text, "  git  ", &words::host(one)));
    if report.clusters.is_empty() {
        put(&mut text, "  clusters  ", "none has a name here: blackstart target add");
    }
    for one in &report.clusters {
        put(&mut text, "  cluster  ", &words::cluster(one));
        one.unready.iter().for_each(|unready| put(&mut text, "    not ready  ", unready));
    }
    let advice = &report.advice;
    let _ = writeln!(text, "\nWhat to do?");
    put(&mut text, "  ", &format!("suggested: {}, because {}", first(report), advice.because));
    advice.remarks.iter().for_each(|remark| put(&mut text, "  note  ", remark));
    for (index, choice) in advice.choices.iter().enumerate() {
        let mark = if index == 0 { '>' } else { ' ' };
        let _ = writeln!(text, "{mark} {}  {}", choice.number, choice.title);
        let shown = match (all, index) {
            (true, _) => choice.commands.len(),
            (false, 0) => SUGGESTED,
            (false, _) => 0,
        };
        choice.commands.iter().take(shown).for_each(|line| command(&mut text, line));
    }
    if !all {
        put(&mut text, "  ", &format!("all commands: {} assess --all", program()));
    }
    text
}

/// Adds a command that can be pasted: broken between words, each line but the last with a backslash.
fn command(to: &mut String, line: &str) {
    const INDENT: usize = 7;
    let room = WIDTH - INDENT;
    // A word that has no room goes on where the next line begins, so nothing may stand before it.
    let whole = line.split(' ').all(|word| word.chars().count() + 2 < room);
    let (indent, room) = if whole { (INDENT, room) } else { (0, WIDTH) };
    for part in text::command(line, room) {
        let _ = writeln!(to, "{:indent$}{part}", "");
    }
}

fn first(report: &Report) -> u8 {
    report.advice.choices.first().map_or(0, |choice| choice.number)
}

fn held(held: &Held, now: Timestamp, text: &mut String) {
    if let Some(entry) = &held.newest {
        let state = entry.state.unwrap_or("?");
        let age = entry.created.map(|created| text::age(created, now)).unwrap_or_default();
        let late = if held.overdue { ", a newer one should exist" } else { "" };
        let line = format!(
            "snapshot {}, {state}, {age} old{late}, {}",
            entry.seq,
            entry.level.to_uppercase()
        );
        put(text, "  newest   ", &line);
        let signed: Vec<_> = entry
            .signatures
            .iter()
            .map(|signature| format!("{} {}", signature.role, signature.status))
            .collect();
        put(text, "  signed   ", &format!("{}; policy {}", signed.join(", "), entry.policy));
        let to_open = held.to_open.as_deref().unwrap_or("see the printed card");
        put(text, "  to open  ", to_open);
        entry.remarks.iter().for_each(|remark| put(text, "  note     ", remark));
    }
    if let Some(seq) = held.newer_partial {
        put(text, "  newer    ", &format!("snapshot {seq} is partial"));
    }
    if held.newer_bad > 0 {
        let line = format!("{} newer do not verify: blackstart list", held.newer_bad);
        put(text, "  BAD      ", &line);
    }
    match &held.problem {
        Some(problem) => {
            put(text, "  nothing: ", &format!("{} ({})", problem.what, problem.code));
            put(text, "  next     ", &problem.next);
        }
        None if held.newest.is_none() => {
            put(text, "  nothing: ", &format!("no snapshot in {}", held.places.join(", ")));
        }
        None => {}
    }
}

/// Adds a line, broken between words and indented below its label.
fn put(text: &mut String, label: &str, line: &str) {
    let indent = label.chars().count();
    let mut at = indent;
    text.push_str(label);
    for (index, word) in line.split(' ').enumerate() {
        let width = word.chars().count();
        if index > 0 && at + 1 + width > WIDTH {
            let _ = write!(text, "\n{:indent$}", "");
            at = indent;
        } else if index > 0 {
            text.push(' ');
            at += 1;
        }
        text.push_str(word);
        at += width;
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_can_be_pasted_as_they_are_shown() {
        let line = "blackstart replay 7 --target prd --identity KEY --plan plan.json \
                    --confirm-target prd-with-a-long-name";
        let mut text = String::new();
        command(&mut text, line);
        assert!(
            text.lines().all(|line| line.len() <= WIDTH) && text.lines().count() == 2,
            "{text}"
        );
        let words: Vec<_> = text.split_whitespace().filter(|word| *word != "\\").collect();
        assert_eq!(words.join(" "), line, "no word is parted");
    }

    #[test]
    fn lines_are_broken_between_words_and_keep_their_place() {
        let mut text = String::new();
        put(&mut text, "  note  ", &"word ".repeat(20));
        let lines: Vec<_> = text.lines().collect();
        assert!(lines.len() == 2 && lines.iter().all(|line| line.len() <= WIDTH), "{text}");
        assert!(lines[1].starts_with("        word"), "{text}");
    }
}
