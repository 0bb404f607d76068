//! `resume`: a run that ended early goes on, with the same bundle, the same plan, the same target.

use std::path::PathBuf;

use super::desired::{Wanted, desired};
use super::replay::{Carried, Report, carry_out};
use super::runs::{find, newest_open, operator, options as options_line, resume_command, runs_at};
use super::target::targets;
use super::{Failure, Place, Ports, Reader, TOOL, Which};
use crate::model::event::Event;
use crate::model::id::Seq;
use crate::plan::{Bound, Confirmation, Plan, rejoin};
use crate::replay::{Choices, Folder, Options, Past, Record, ReplayError, check};
use crate::target::{Opened, Reach, Targets};

/// What to go on with.
#[derive(Clone, Debug)]
pub struct Request {
    /// Where the bundle is.
    pub place: Place,
    /// The run's name, or its folder; the newest unfinished one when absent.
    pub run: Option<String>,
    /// Another card of the same target.
    pub target: Option<String>,
    /// Whoever opens.
    pub identities: Vec<PathBuf>,
    /// How to go on. What was chosen when the run began holds as well.
    pub options: Options,
}

/// What is done already: the places of objects in the plan.
pub type Done = Vec<usize>;

/// Goes on. `show` is shown the plan before anything is sent, and what of it is there already.
pub fn run(
    request: &Request,
    show: &dyn Fn(&Plan, Done),
    ports: &Ports<'_>,
) -> Result<Report, Failure> {
    let begun = ports.clock.elapsed();
    let runs = runs_at(&request.place, ports)?;
    let path = match &request.run {
        Some(run) => find(&runs, run, ports),
        None => newest_open(&runs)?,
    };
    let (folder, journal, past, plan) = Folder::open(&path)?;
    let target = open_target(request, &folder, &past, ports)?;
    let Reach::Cluster(cluster) = &target.reach else {
        return Err(other("target", &past.opening.target.name, &target.binding.name).into());
    };
    let (reader, accepted, desired) = bundle(request, &past, &plan, ports)?;
    let planned = rejoin(plan, &desired, cluster.as_ref())?;
    // Since the plan was made nodes may have come, or gone.
    let planned = if target.facts.runs_nothing() {
        planned.without_nodes(target.facts.nodes)
    } else {
        planned.with_nodes()
    };
    let bound = Bound::Plan(planned.plan().digest());
    let confirmation = Confirmation { target: Some(planned.plan().target.name.clone()), bound };
    let approved = planned.approve(&confirmation)?;
    let mut options = request.options.clone();
    let mut choices = past.choices.clone();
    choices.add(std::mem::take(&mut options.choices));
    options.choices = choices;
    check(&approved, &options.choices)?;
    show(approved.plan(), done(approved.plan(), &past, &options.choices));
    let record = Record::Resumed {
        tool: TOOL.to_owned(),
        operator: operator(ports).0,
        choices: Box::new(options.choices.clone()),
    };
    journal.write(record, ports.clock.now())?;
    let name = past.opening.run.clone();
    ports.observer.event(&Event::RunOpened {
        run: name.clone(),
        journal: folder.path().display().to_string(),
        resumed: true,
    });
    let mut remarks = target.told.clone();
    if past.torn {
        remarks.push("the last line of the journal was torn and is left out".to_owned());
    }
    remarks.extend(accepted.verified().remarks().map(str::to_owned));
    let typed = options_line(&request.place, &request.identities, ports);
    let place = if typed.is_empty() { &past.opening.place } else { &typed };
    // A folder that came from elsewhere is named by its path.
    let at_home = path == runs.folder(&name);
    let named = if at_home { name.clone() } else { path.display().to_string() };
    let carried = Carried {
        approved,
        target,
        options,
        folder: Some(&folder),
        journal: Some(&journal),
        past: Some(&past),
        next: resume_command(&named, place),
        run: Some(name),
        remarks,
        begun,
    };
    carry_out(carried, &reader, &accepted, ports)
}

/// Returns the places of what is done and still wanted.
fn done(plan: &Plan, past: &Past, choices: &Choices) -> Done {
    let items = plan.items().enumerate();
    let there = items.filter(|(at, item)| {
        past.items.get(at).is_some_and(|trace| trace.done)
            && choices.left_out(&item.object).is_none()
    });
    there.map(|(at, _)| at).collect()
}

/// Opens the target: the card that was named, else the one of this user, else the copy in the run's
/// folder. It must be the cluster of the run.
fn open_target(
    request: &Request,
    folder: &Folder,
    past: &Past,
    ports: &Ports<'_>,
) -> Result<Opened, Failure> {
    let bound = &past.opening.target;
    let mine = targets(ports).ok();
    let name = request.target.as_deref().unwrap_or(&bound.name);
    let card = match (&mine, &request.target) {
        (Some(mine), Some(named)) => Some((mine.clone(), mine.load(named)?)),
        (Some(mine), None) => mine.load(name).ok().map(|card| (mine.clone(), card)),
        (None, _) => None,
    };
    let same = |card: &crate::target::Card| {
        let binding = card.binding();
        (binding.uid, binding.ca) == (bound.uid.clone(), bound.ca)
    };
    let (from, card) = match card {
        Some((from, card)) if same(&card) => (from, card),
        Some((_, card)) if request.target.is_some() => {
            let uid = |uid: Option<String>| uid.unwrap_or_else(|| "no cluster".to_owned());
            let (expected, found) = (uid(bound.uid.clone()), uid(card.binding().uid));
            return Err(other("target", &expected, &found).into());
        }
        _ => {
            let copy = Targets::new(folder.path());
            let card = copy.load(&bound.name)?;
            (copy, card)
        }
    };
    let mut opened = from.open(&card)?;
    opened.admitted()?;
    // Under whatever name it is known here, the plan is bound to what it was called then.
    opened.binding = bound.clone();
    Ok(opened)
}

type Bundle = (Reader, crate::bundle::verify::Accepted, crate::plan::Desired);

/// Opens the bundle of the run and renders it again.
fn bundle(
    request: &Request,
    past: &Past,
    plan: &Plan,
    ports: &Ports<'_>,
) -> Result<Bundle, Failure> {
    let reader = Reader::open(&request.place, ports)?;
    let which = Seq::new(past.opening.seq).map_or(Which::Latest, Which::Number);
    let wanted = Wanted {
        which,
        identities: request.identities.clone(),
        // It was accepted when the run began, and its digest is checked below.
        accept: which.number(),
        sources: plan.sources.clone(),
        choices: Vec::new(),
        by_digest: true,
    };
    let (accepted, desired) = desired(&reader, &wanted, ports)?;
    if desired.bundle != past.opening.bundle {
        let (expected, found) = (past.opening.bundle.short(), desired.bundle.short());
        return Err(other("bundle", &expected, &found).into());
    }
    Ok((reader, accepted, desired))
}

fn other(what: &'static str, expected: &str, found: &str) -> ReplayError {
    ReplayError::Other { what, expected: expected.to_owned(), found: found.to_owned() }
}
