//! `replay`: a plan made, bound to what a person has confirmed, and carried out.

use std::cell::OnceCell;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::approval::{Named, confirmation, consent};
use super::known::Known;
use super::plan::{self, Prepared};
use super::runs::{
    Halt, drop_card, holder, keep_card, new_name, operator, options, resume_command, runs,
};
use super::{FORMAT_VERSION, Failure, Kit, Ports, Reader, TOOL, ended, tell};
use crate::bundle::verify::Accepted;
use crate::model::clock::Timestamp;
use crate::model::event::Event;
use crate::model::safe::safe;
use crate::plan::{Approved, Note, Plan};
use crate::replay::{Around, Folder, Journal, Kept, Opening, Past, check, replay};
use crate::target::{Class, Opened, Selector};

pub use crate::replay::{Choices, Options, Outcome, Pattern, Pending, Skip, Verdict, Wait};

/// What to replay.
#[derive(Clone, Debug)]
pub struct Request {
    /// The plan to make.
    pub plan: plan::Request,
    /// The target's name as it was typed.
    pub confirm: Option<String>,
    /// The plan that was approved: its file, or its digest.
    pub approved: Option<String>,
    /// How to carry it out.
    pub options: Options,
}

/// The report. Of a run it is kept in the run's folder, as `report.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Report {
    /// The version of this shape.
    pub format_version: u32,
    /// The plan's digest.
    pub plan: String,
    /// The target's name.
    pub target: String,
    /// The run's name, where one was opened.
    pub run: Option<String>,
    /// Where its journal is.
    pub journal: Option<PathBuf>,
    /// The snapshot's number, and when it was taken.
    pub seq: u64,
    /// When the snapshot was taken.
    pub taken: Timestamp,
    /// When the run began, in its first part.
    pub begun: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// How often it was resumed.
    pub resumed: usize,
    /// How it ended.
    pub verdict: Verdict,
    /// How many objects the plan has.
    pub objects: usize,
    /// Object by object where it matters.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// The command that goes on, unless everything is there.
    pub next: Option<String>,
    /// How long this part of it took, planning included.
    pub seconds: f64,
    /// What a person should know of the target and the bundle.
    pub remarks: Vec<String>,
    /// What was so in the plan and is so still: what nobody runs, what the plan lacks, and what waits
    /// on purpose.
    /// Else "complete" would be taken for all that the lost cluster ran.
    pub notes: Vec<Note>,
    /// The sentence for the incident channel.
    pub tell: String,
}

impl Report {
    /// Returns what was replayed: a snapshot's number and when it was taken, since what is younger
    /// is lost.
    pub fn from(&self) -> String {
        format!("snapshot {} of {}", self.seq, self.taken)
    }

    /// Returns how many objects there are of those of the plan, and how many were left out.
    pub fn there(&self) -> String {
        super::text::there(self.outcome.there(), self.objects, self.outcome.left_out.len())
    }
}

/// Replays. `show` shows a plan to whoever must confirm it.
pub fn run(request: &Request, show: &dyn Fn(&Plan), ports: &Ports<'_>) -> Result<Report, Failure> {
    let begun = ports.clock.elapsed();
    // A slip in a name should not cost the opening of a bundle.
    let named = request.approved.as_deref().map(|named| Named::read(named, ports)).transpose()?;
    let mut wanted = request.plan.clone();
    if let Some(named) = &named {
        named.complete(&mut wanted);
    }
    let prepared = plan::prepare(&wanted, Opened::admitted, ports)?;
    let Prepared { planned, target, reader, accepted, mut remarks } = prepared;
    // Onto a folder nobody need have seen the plan before. What lasts is told at the end anyway.
    if planned.plan().target.class == Class::Directory {
        let warnings = planned.plan().warnings.iter();
        remarks.extend(warnings.filter(|note| !note.lasts()).map(|note| note.text.clone()));
    }
    let planning = ports.clock.elapsed().saturating_sub(begun);
    let confirmation = confirmation(request, named.as_ref(), planned.plan(), show, ports)?;
    // A person who reads the plan and types the name is no time of the tool.
    let begun = ports.clock.elapsed().saturating_sub(planning);
    let approved = planned.approve(&confirmation)?;
    check(&approved, &request.options.choices)?;
    let seq = accepted.verified().manifest().seq;
    let place = options(&wanted.place, &wanted.wanted.identities, ports);
    let signs = target.accepted.iter();
    let signs = signs.map(|one| format!("{}: {}: {}", one.sign, one.found, one.reason));
    let opening = Opening {
        format_version: Opening::current_version(),
        run: new_name(ports.clock.now()),
        tool: TOOL.to_owned(),
        operator: operator(ports).0,
        bundle: approved.plan().bundle,
        seq: seq.get(),
        plan: approved.plan().digest(),
        objects: approved.plan().items().count(),
        target: approved.plan().target.clone(),
        accepted: signs.collect(),
        consent: consent(&confirmation),
        choices: request.options.choices.clone(),
        place: place.clone(),
    };
    let opened = open_run(request, opening, approved.plan(), reader.kit.as_ref(), ports)?;
    let (run, folder, journal) = opened.map_or((None, None, None), |(run, folder, journal)| {
        (Some(run), Some(folder), Some(journal))
    });
    let next = run.as_ref().map_or_else(String::new, |run| resume_command(run, &place));
    let carried = Carried {
        approved,
        target,
        options: request.options.clone(),
        folder: folder.as_ref(),
        journal: journal.as_ref(),
        past: None,
        next,
        run,
        remarks,
        begun,
    };
    carry_out(carried, &reader, &accepted, ports)
}

/// Opens a journal before anything is written to a cluster. Where nothing is to be written there
/// is nothing to go on with.
fn open_run(
    request: &Request,
    opening: Opening,
    plan: &Plan,
    kit: Option<&Kit>,
    ports: &Ports<'_>,
) -> Result<Option<(String, Folder, Journal)>, Failure> {
    let Selector::Named(card) = &request.plan.target else { return Ok(None) };
    if plan.is_empty() {
        return Ok(None);
    }
    let run = opening.run.clone();
    let (folder, journal) = runs(kit, ports)?.create(opening, plan, ports.clock.now())?;
    if let Some(config) = &ports.environment.config_dir {
        keep_card(&config.join("targets").join(card), &folder, card)?;
    }
    ports.observer.event(&Event::RunOpened {
        run: run.clone(),
        journal: folder.path().display().to_string(),
        resumed: false,
    });
    Ok(Some((run, folder, journal)))
}

/// A run that is about to be carried out, or to go on.
pub(super) struct Carried<'a> {
    pub(super) approved: Approved,
    pub(super) target: Opened,
    pub(super) options: Options,
    pub(super) folder: Option<&'a Folder>,
    pub(super) journal: Option<&'a Journal>,
    pub(super) past: Option<&'a Past>,
    pub(super) next: String,
    pub(super) run: Option<String>,
    pub(super) remarks: Vec<String>,
    pub(super) begun: Duration,
}

/// Carries it out and reports.
pub(super) fn carry_out(
    carried: Carried<'_>,
    reader: &Reader,
    accepted: &Accepted,
    ports: &Ports<'_>,
) -> Result<Report, Failure> {
    let Carried { approved, target, options, folder, journal, past, next, run, remarks, begun } =
        carried;
    let objects: Vec<_> = approved.plan().items().map(|item| item.object.clone()).collect();
    let mut base = Report::begun(&approved, &target, past, accepted, ports);
    base.journal = folder.map(|folder| folder.path().to_owned());
    base.next = run.is_some().then(|| next.clone());
    base.remarks = remarks.iter().map(safe).collect();
    base.run = run;
    let finished = |outcome: &Outcome| base.finished(outcome, begun, ports);
    // What is kept is what is returned.
    let told = OnceCell::new();
    let keep = |outcome: &Outcome| {
        let mut report = finished(outcome);
        let kept = folder.map(|folder| ended::keep(folder, &report));
        if let Some(Err(error)) = kept {
            report.remarks.push(format!("this report is not kept: {}", safe(error.to_string())));
        }
        let _ = told.set(report);
    };
    let around = Around { clock: ports.clock, observer: ports.observer, cancel: ports.cancel };
    let holder = base.run.as_deref().zip(folder).map(|(run, folder)| holder(run, folder, ports));
    let kept = journal.zip(holder.as_ref()).map(|(journal, holder)| Kept {
        journal,
        past,
        holder,
        ended: &keep,
    });
    let outcome = replay(approved, &target.reach, &options, kept, around)
        .map_err(|error| Halt::failure(error, next.clone()))?;
    let report = told.into_inner().unwrap_or_else(|| finished(&outcome));
    if report.verdict == Verdict::Complete {
        // What a person left out is not there, and no loss later.
        let left_out: Vec<_> = outcome.left_out.iter().map(|one| one.object.clone()).collect();
        let there = objects.into_iter().filter(|object| !left_out.contains(&object.to_string()));
        Known::remember(ports.environment, &target.binding, there, left_out.is_empty());
        reader.remember(accepted.verified(), ports)?;
        folder.map(drop_card).transpose()?;
    }
    Ok(report)
}

impl Report {
    /// Begins the report of a replay of which nothing has come yet.
    fn begun(
        approved: &Approved,
        target: &Opened,
        past: Option<&Past>,
        accepted: &Accepted,
        ports: &Ports<'_>,
    ) -> Self {
        let (plan, manifest) = (approved.plan(), accepted.verified().manifest());
        let now = ports.clock.now();
        Self {
            format_version: FORMAT_VERSION,
            plan: plan.digest().oci(),
            target: target.binding.name.clone(),
            run: None,
            journal: None,
            seq: manifest.seq.get(),
            taken: manifest.created,
            begun: past.map_or(now, |past| past.begun),
            ended: now,
            resumed: past.map_or(0, |past| past.resumed + 1),
            verdict: Verdict::Failed,
            objects: plan.items().count(),
            outcome: Outcome::default(),
            next: None,
            seconds: 0.0,
            remarks: Vec::new(),
            notes: plan.lasting(),
            tell: String::new(),
        }
    }

    /// Returns it with what came of the replay.
    fn finished(&self, outcome: &Outcome, begun: Duration, ports: &Ports<'_>) -> Self {
        let verdict = outcome.verdict();
        let next = self.next.clone().filter(|_| verdict != Verdict::Complete);
        let mut report = Self {
            verdict,
            next,
            outcome: outcome.clone(),
            ended: ports.clock.now(),
            seconds: ports.clock.elapsed().saturating_sub(begun).as_secs_f64(),
            ..self.clone()
        };
        report.tell = tell::at_the_end(&report);
        report
    }
}
