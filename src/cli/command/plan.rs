//! `plan`

use std::fmt::Write as _;
use std::path::PathBuf;

use super::plan_text::WIDTH;
pub(crate) use super::plan_text::{line, plan_text};
use crate::app::plan::{self, Plan, Report, Request, Selector};
use crate::app::text;
use crate::app::{Choice, CommandLine, Source, Wanted, Which};
use crate::cli::args::{Global, Opening};
use crate::cli::shell::{Outcome, Shell};
use crate::model::explain::Kind;

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
    fn next(&self, plan: &Plan, out: Option<&PathBuf>, global: &Global) -> String {
        let paths = |paths: &[PathBuf]| -> Vec<String> {
            paths.iter().map(|path| path.display().to_string()).collect()
        };
        // The file that was written is shorter than the digest, and says where it is.
        let named = out.map_or_else(|| plan.digest().oci(), |out| out.display().to_string());
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
            .option("--plan", [named]);
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
    /// List what of the same kinds is on the target only
    #[arg(long)]
    show_extra: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args, shell: &Shell<'_>) -> Outcome {
    let mut report = plan::run(&args.common.request(shell, args.out.clone()), &shell.ports)?;
    report.lists_extra = args.show_extra;
    let next = args.common.next(&report.plan, args.out.as_ref(), shell.global);
    shell.print(&report, || human(&report, &next));
    Ok(if report.plan.blockers.is_empty() { 0 } else { Kind::Refused.exit_code() })
}

/// Says what is on the target only: the objects where they were asked for, else how many.
fn extra(text: &mut String, report: &Report) {
    let count = report.extra.len();
    if !report.lists_extra {
        if count > 0 {
            let objects = if count == 1 { "object is" } else { "objects are" };
            let words = format!("{count} {objects} on the target only; --show-extra lists them");
            line(text, "  note  ", &words);
        }
        return;
    }
    let _ = writeln!(text, "on the target only: {count}; nothing is done to them");
    for object in &report.extra {
        line(text, "  = ", &object.to_string());
    }
}

fn human(report: &Report, next: &str) -> String {
    let mut text = plan_text(&report.plan);
    extra(&mut text, report);
    for remark in &report.remarks {
        line(&mut text, "  note  ", remark);
    }
    if let Some(out) = &report.out {
        let replaced = if report.replaced { ", in place of what was there" } else { "" };
        let _ = writeln!(text, "written to {}{replaced}", out.display());
    }
    let plan = &report.plan;
    if !plan.beyond.is_empty() {
        let all = plan.sources.iter().chain(&plan.beyond);
        let paths = CommandLine::options().option("--path", all).line();
        text.push_str("to plan what engines follow as well, with these instead of other --path:\n");
        for line in text::command(&paths, WIDTH) {
            let _ = writeln!(text, "{line}");
        }
    }
    if let Some(words) = plan.only_beyond() {
        line(&mut text, "", &format!("{words}: plan again with the --path above"));
    } else if plan.is_empty() {
        text.push_str("nothing to do\n");
    } else if plan.blockers.is_empty() {
        let _ = writeln!(text, "next: {next}");
    }
    text
}
