//! `plan`

use std::fmt::Write as _;
use std::path::PathBuf;

use crate::app::plan::{self, Action, Item, Note, Plan, Report, Request, Selector, Wave};
use crate::app::{Choice, CommandLine, Source, Wanted, Which};
use crate::cli::args::{Global, Opening};
use crate::cli::shell::{Outcome, Shell};
use crate::model::explain::Kind;

/// A line of a terminal.
const WIDTH: usize = 80;
/// So many objects of a wave are named when all of them are new.
const NAMED: usize = 6;

/// What `plan` and `replay` have in common.
#[derive(Debug, clap::Args)]
pub(crate) struct Common {
    /// A snapshot's number, or latest
    #[arg(value_name = "SEQ", default_value = "latest")]
    which: Which,
    /// A target's name, or a folder to write manifests to
    #[arg(long, value_name = "NAME|dir:PATH", env = "BLACKSTART_TARGET")]
    target: Selector,
    /// A folder of a repository, instead of the roots of the configuration
    #[arg(long, value_name = "REPO:DIR[@REV]")]
    path: Vec<Source>,
    /// Which origin counts where an object has several; without an object, for all of them
    #[arg(long, value_name = "[KIND/[NS/]NAME=]REPO:PATH")]
    choose: Vec<Choice>,
    #[command(flatten)]
    opening: Opening,
}

impl Common {
    /// Returns the request.
    pub(crate) fn request(&self, shell: &Shell<'_>, out: Option<PathBuf>) -> Request {
        Request {
            place: shell.global.place(),
            wanted: Wanted {
                which: self.which,
                identities: self.opening.identity.clone(),
                accept: self.opening.accept_seq,
                sources: self.path.clone(),
                choices: self.choose.clone(),
                by_digest: false,
            },
            target: self.target.clone(),
            out,
        }
    }
}

impl Common {
    /// Returns the command that carries out the plan, with all that was given to make it.
    fn next(&self, plan: &Plan, global: &Global) -> String {
        let paths = |paths: &[PathBuf]| -> Vec<String> {
            paths.iter().map(|path| path.display().to_string()).collect()
        };
        let mut next = CommandLine::new("replay");
        if let Which::Number(seq) = self.which {
            next = next.word(seq);
        }
        let config: Vec<_> = global.config.iter().cloned().collect();
        next = next
            .option("--target", [&self.target])
            .option("--path", &self.path)
            .option("--choose", &self.choose)
            .option("--identity", paths(&self.opening.identity))
            .option("--accept-seq", self.opening.accept_seq)
            .option("--config", paths(&config))
            .option("--store", paths(&global.store))
            .option("--trust-root", &global.trust_root)
            .option("--plan", [plan.digest().oci()]);
        // A folder needs no confirmation.
        let confirm = plan.target.uid.as_ref().map(|_| &plan.target.name);
        next.option("--confirm-target", confirm).line()
    }
}

/// Show what a replay would do; writes nothing to the target
///
/// Exit 5 when something blocks the plan.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    common: Common,
    /// Write the plan to this file, for replay --plan FILE
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Runs the command.
pub(crate) fn run(args: &Args, shell: &Shell<'_>) -> Outcome {
    let report = plan::run(&args.common.request(shell, args.out.clone()), &shell.ports)?;
    shell.print(&report, || human(&report, &args.common.next(&report.plan, shell.global)));
    Ok(if report.plan.blockers.is_empty() { 0 } else { Kind::Refused.exit_code() })
}

fn human(report: &Report, next: &str) -> String {
    let mut text = plan_text(&report.plan);
    for remark in &report.remarks {
        line(&mut text, "  note  ", remark);
    }
    if let Some(out) = &report.out {
        let _ = writeln!(text, "written to {}", out.display());
    }
    let plan = &report.plan;
    if plan.is_empty() {
        text.push_str("nothing to do\n");
    } else if plan.blockers.is_empty() {
        let _ = writeln!(text, "next: {next}");
    }
    text
}

/// Returns a plan for people: stages, counts, what differs, warnings, blockers.
pub(crate) fn plan_text(plan: &Plan) -> String {
    let counts = plan.counts;
    let who = plan.target.uid.as_ref().map_or_else(String::new, |uid| format!(", uid {uid}"));
    let mut text = String::new();
    let _ = writeln!(text, "plan {} for {}", plan.digest().short(), plan.target.name);
    let _ = writeln!(text, "  {}{who}", plan.target.class);
    let _ = writeln!(
        text,
        "  {} new, {} changed, {} unchanged, {} conflicting, {} immutable; nothing is deleted",
        counts.new, counts.changed, counts.unchanged, counts.conflicting, counts.immutable
    );
    for wave in &plan.waves {
        wave_text(&mut text, wave);
    }
    notes(&mut text, "warnings", &plan.warnings);
    notes(&mut text, "BLOCKERS", &plan.blockers);
    text
}

fn wave_text(text: &mut String, wave: &Wave) {
    let count = |action| wave.objects.iter().filter(|item| item.action == action).count();
    let parts = [
        (count(Action::New), "new"),
        (count(Action::Changed), "changed"),
        (count(Action::Conflicting), "conflicting"),
        (count(Action::Immutable), "immutable"),
        (count(Action::Unchanged), "unchanged"),
    ];
    let counts: Vec<_> =
        parts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
    let _ = writeln!(text, "wave {}  {}: {}", wave.wave, wave.stage.name(), counts.join(", "));
    for item in &wave.objects {
        match item.action {
            Action::Changed | Action::Immutable => {
                line(text, "  ~ ", &format!("{}  {}", item.object, fields(item)));
            }
            Action::Conflicting => line(text, "  ! ", &format!("{}  {}", item.object, held(item))),
            Action::New | Action::Unchanged => {}
        }
    }
    let new: Vec<_> = wave.objects.iter().filter(|item| item.action == Action::New).collect();
    for item in new.iter().take(NAMED) {
        line(text, "  + ", &item.object.to_string());
    }
    if new.len() > NAMED {
        line(text, "  + ", &format!("and {}", by_kind(&new[NAMED..])));
    }
}

fn fields(item: &Item) -> String {
    item.fields.join(", ")
}

fn held(item: &Item) -> String {
    let held = item.conflicts.iter().map(|held| format!("{} holds {}", held.manager, held.field));
    held.collect::<Vec<_>>().join(", ")
}

/// `3 ConfigMap, 1 Secret`, in order of appearance.
fn by_kind(items: &[&Item]) -> String {
    let mut kinds: Vec<(&str, usize)> = Vec::new();
    for item in items {
        match kinds.iter_mut().find(|(kind, _)| *kind == item.object.kind) {
            Some((_, count)) => *count += 1,
            None => kinds.push((&item.object.kind, 1)),
        }
    }
    let parts = kinds.iter().map(|(kind, count)| format!("{count} {kind}"));
    parts.collect::<Vec<_>>().join(", ")
}

fn notes(text: &mut String, head: &str, notes: &[Note]) {
    if notes.is_empty() {
        return;
    }
    let _ = writeln!(text, "{head}");
    for note in notes {
        line(text, &format!("  {}  ", note.code), &note.text);
    }
}

/// Adds words behind a margin, broken at blanks; what is longer than a line stays whole.
pub(crate) fn line(text: &mut String, margin: &str, words: &str) {
    let indent = " ".repeat(margin.len());
    let mut column = margin.len();
    text.push_str(margin);
    for (index, word) in words.split(' ').enumerate() {
        let width = word.chars().count();
        if index > 0 && column + 1 + width > WIDTH {
            text.push('\n');
            text.push_str(&indent);
            column = indent.len();
        } else if index > 0 {
            text.push(' ');
            column += 1;
        }
        text.push_str(word);
        column += width;
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_at_blanks_within_eighty_columns() {
        let mut text = String::new();
        line(&mut text, "  B1421  ", &"words and more ".repeat(12));
        assert!(text.lines().count() > 2);
        assert!(text.lines().all(|line| line.len() <= WIDTH), "{text}");
        assert!(text.lines().skip(1).all(|line| line.starts_with("         ")), "{text}");
    }
}
