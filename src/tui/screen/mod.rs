//! The screens: each says what it shows as a page, from the state alone.

pub(super) mod bundles;
mod hand_over;
pub(super) mod help;
pub(super) mod home;
pub(super) mod look;
pub(super) mod new_target;
pub(super) mod objects;
pub(super) mod open;
mod outcome;
pub(super) mod plan;
mod popup;
mod replay;
pub(super) mod repos;
pub(super) mod runs;
mod snapshot;
pub(super) mod targets;
mod tell;
mod wait;
mod work;

use super::job::{Job, Report};
use super::keys;
use super::page::{Care, Line, Page, Role};
use super::state::{Confirming, Screen, State};
use super::work::Work;
use crate::app::Told;
use crate::app::target::Class;
use crate::model::clock::Timestamp;
use crate::model::safe::safe;

/// Returns what is to be seen now.
pub fn page(state: &State) -> Page<'_> {
    let mut page = match state.screen() {
        Screen::Home => home::page(state),
        Screen::Wait => wait::page(state),
        Screen::Practise => wait::practise(state),
        Screen::Look => look::page(state),
        Screen::Open => open::page(state),
        Screen::Bundles => bundles::page(state),
        Screen::Bundle(seq) => bundles::one(state, *seq),
        Screen::Repos => repos::page(state),
        Screen::Repo(index) => repos::one(state, *index),
        Screen::Targets => targets::page(state),
        Screen::NewTarget => new_target::page(state),
        Screen::Runs => runs::page(state),
        Screen::Run(name) => runs::one(state, name),
        Screen::Plan => plan::page(state),
        Screen::Objects => objects::page(state),
        Screen::Object(index) => objects::one(state, *index),
        Screen::Work => work::page(state),
        Screen::Log => work::log(state),
        Screen::HandOver(None) => hand_over::page(state),
        Screen::HandOver(Some(name)) => hand_over::of_run(state, name),
        Screen::Tell(sentence) => tell::page(state, sentence),
        Screen::Help(..) => help::page(state),
        Screen::Code(code) => help::one(code),
    };
    (page.banner, page.care) = banner(state);
    page.keys = keys::hints(state);
    if let Some(popup) = state.popup() {
        page = popup::over(page, popup, state);
    }
    page.same_as = page.same_as.map(safe);
    if let Some(said) = &state.said {
        page.next.insert(0, Line::words(Role::Strong, format!(" {said}")));
    }
    if let Some(words) = state.work.as_ref().and_then(|work| asked(work, state)) {
        page.next.insert(0, Line::words(Role::Warn, format!(" {words}")));
    }
    page
}

/// Says what work was asked for that runs.
fn asked(work: &Work, state: &State) -> Option<String> {
    if !work.runs() {
        return None;
    }
    if work.stopping {
        return Some(format!(
            "Stopping {} at the next safe point. ^C again leaves at once; what is done stays.",
            work.verb()
        ));
    }
    if work.holding && (state.screen().is_of_work() || state.screen().is_home()) {
        let back = if state.on(Screen::is_work) { "p takes it back; " } else { "" };
        return Some(format!("Holding once this wave is done; {back}Esc leaves it running."));
    }
    keys::runs_elsewhere(state).then(|| goes_on(work)).filter(|_| !state.screen().is_home())
}

/// Says that work goes on which is not in view, and how to get back to it.
fn goes_on(work: &Work) -> String {
    let onto = work.target().filter(|_| work.replays());
    let onto = onto.map_or_else(String::new, |target| {
        format!(" onto {}", target.split_once(" (").map_or(target.as_str(), |(name, _)| name))
    });
    let sum = |of: fn(&super::work::WaveState) -> usize| work.waves.iter().map(of).sum::<usize>();
    let far = if work.replays() && work.plan.is_some() {
        format!(": {}/{}", sum(|wave| wave.applied), sum(|wave| wave.objects))
    } else {
        String::new()
    };
    format!("{}{onto} goes on{far}; w shows it.", work.verb())
}

/// Returns the sentence for the incident channel, where there is one.
pub fn sentence(state: &State) -> Option<String> {
    let told = match state.screen() {
        Screen::Run(name) | Screen::HandOver(Some(name)) => {
            runs::detail(state, name).map(|detail| detail.tell.clone())
        }
        _ => state.work.as_ref().and_then(outcome::sentence),
    };
    told.map(safe)
}

/// Returns the name of the run that is looked at: a past one, else the one that is carried out.
fn run_in_view(state: &State) -> Option<&str> {
    let past = state.views.iter().rev().find_map(|view| match &view.screen {
        Screen::Run(name) => Some(name.as_str()),
        _ => None,
    });
    past.or_else(|| state.work.as_ref()?.run.as_deref())
}

/// Says on every screen what could be written to.
fn banner(state: &State) -> (Line, Care) {
    let planned = state.work.as_ref().filter(|work| work.plan.is_some() && in_sight(state));
    let binding = planned.and_then(|work| work.plan.as_ref()).map(|plan| plan.target.clone());
    let chosen = state.target.as_ref().filter(|_| in_sight(state));
    let Some(target) = binding.or_else(|| chosen.map(crate::app::target::Card::binding)) else {
        if let Some(target) = resumed(state) {
            return banner_of_run(state, target);
        }
        let mode = if state.size.0 < 72 {
            " | READ-ONLY | "
        } else {
            " | READ-ONLY, no target chosen | network not needed | "
        };
        let line = Line::of(Role::Strong, " BLACKSTART").and(Role::Plain, mode);
        return (line.and(Role::Plain, minute(state.now)), Care::Usual);
    };
    let mode = mode(state);
    let server = state.target.as_ref().filter(|card| card.name == target.name);
    let class = target.class.to_string().to_uppercase();
    let uid = target.uid.as_deref().map_or("", |uid| uid.get(..8).unwrap_or(uid));
    let uid = if uid.is_empty() { String::new() } else { format!("  uid {uid}") };
    let rest = server.map_or_else(String::new, |card| format!("  {}", card.identity.server));
    let care = if target.class == Class::Production { Care::Production } else { Care::Usual };
    let role = if care == Care::Production { Role::Production } else { Role::Strong };
    let line = Line::of(role, format!(" !! {} !!", target.name))
        .and(Role::Strong, format!("  {class}  {mode}"))
        .and(Role::Plain, format!("{uid}{rest}"));
    (line, care)
}

/// Returns the target of a run that goes on, as its journal has it: `name (class)`.
fn resumed(state: &State) -> Option<&str> {
    let work = state.work.as_ref().filter(|_| in_sight(state))?;
    work.onto.as_deref()
}

/// Says what becomes of the target: nothing yet, something now, or something that has been.
fn mode(state: &State) -> String {
    let Some(work) = &state.work else { return "READ-ONLY".to_owned() };
    let plans = work.runs() && work.job.writes() || state.binding != Confirming::Not;
    let wrote = match &work.end {
        Some(Ok(report)) => match report.as_ref() {
            // What an earlier part of the run wrote, the run wrote.
            Report::Replay(report) => report.outcome.applied() + report.outcome.earlier,
            _ => 0,
        },
        Some(Err(_)) if work.replays() => return "WROTE, then stopped".to_owned(),
        _ => 0,
    };
    match wrote {
        _ if work.writes() => "WRITING".to_owned(),
        _ if plans => "PLANNING".to_owned(),
        0 => "READ-ONLY".to_owned(),
        count => format!("WROTE {count}"),
    }
}

fn banner_of_run(state: &State, target: &str) -> (Line, Care) {
    let parts = target.strip_suffix(')').and_then(|target| target.split_once(" ("));
    let (name, class) = parts.unwrap_or((target, ""));
    let production = class == Class::Production.to_string();
    let (role, care) =
        if production { (Role::Production, Care::Production) } else { (Role::Strong, Care::Usual) };
    let mode = mode(state);
    let class = class.to_uppercase();
    let line = Line::of(role, format!(" !! {name} !!"));
    (line.and(Role::Strong, format!("  {class}  {mode}")), care)
}

/// Whether the work is about a target, and runs or is on the stack: elsewhere none is chosen.
fn in_sight(state: &State) -> bool {
    let Some(work) = &state.work else { return false };
    let about = matches!(work.job, Job::Plan(_) | Job::Replay(_) | Job::Resume(_));
    about && (work.runs() || state.views.iter().any(|view| view.screen.is_of_work()))
}

/// `03:12 UTC`.
fn minute(at: Timestamp) -> String {
    format!("{} UTC", at.to_string().get(11..16).unwrap_or_default())
}

/// `03:12:44`.
pub(super) fn second(at: Timestamp) -> String {
    at.to_string().get(11..19).unwrap_or_default().to_owned()
}

/// Returns the rows that contain what was typed as a filter, in any case.
fn matching(count: usize, filter: &str, text: impl Fn(usize) -> String) -> Vec<usize> {
    if filter.is_empty() {
        return (0..count).collect();
    }
    let filter = filter.to_lowercase();
    (0..count).filter(|index| text(*index).to_lowercase().contains(&filter)).collect()
}

/// Returns what was typed as a filter on the screen on top.
fn filter(state: &State) -> &str {
    state.view().map_or("", |view| view.filter.as_str())
}

/// Says how many of the rows are seen.
fn filtered(page: &mut Page<'_>, seen: usize, all: usize, filter: &str) {
    page.hits = Some((seen, all));
    if !filter.is_empty() {
        page.next(Role::Warn, format!("filter {filter:?}: {seen} of {all}. Esc shows all."));
    }
}

/// Says what could not be found out.
fn trouble(page: &mut Page<'_>, told: &Told) {
    page.fact(Line::fact("ERROR", Role::Bad, format!("{} ({})", told.what, told.code)));
    if let Some(done) = &told.done {
        page.fact(Line::fact("done", Role::Plain, done));
    }
    page.fact(Line::fact("next", Role::Plain, &told.next));
}
