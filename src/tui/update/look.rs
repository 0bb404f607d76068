//! What is looked up beside the work: begun where a screen needs it, and what becomes of it.

use super::act::replace;
use super::field;
use super::job::begin;
use crate::app::target::Listed;
use crate::app::{Told, Which, assess, show, status};
use crate::tui::job::{Job, Report};
use crate::tui::message::Effect;
use crate::tui::screen::home;
use crate::tui::state::{Draft, Facts, Goal, Known, Popup, Purpose, Screen, State};

/// Looks up what the screen on top shows and nobody knows yet.
pub(super) fn look(state: &mut State) -> Vec<Effect> {
    let place = state.place.clone();
    let Facts { status, assess, list, bundle, targets, runs, run, .. } = &mut state.facts;
    let job = match state.views.last().map(|view| &view.screen) {
        Some(Screen::Home) => {
            let request = assess::Request { place: place.clone(), ..Default::default() };
            let assess = wanted(assess).then_some(Job::Assess(request));
            let request = status::Request { place, max_age: None };
            // What we hold is known at once; asking around takes seconds.
            let status = wanted(status).then_some(Job::Status(request));
            let runs = wanted(runs).then_some(Job::Runs(state.place.clone()));
            let all = status.into_iter().chain(runs).chain(assess).collect::<Vec<_>>();
            suggest(state);
            return all.into_iter().flat_map(|job| begin(state, job)).collect();
        }
        Some(Screen::Bundles) => wanted(list).then_some(Job::List(place)),
        Some(Screen::Bundle(seq)) => {
            let same = bundle.get().is_some_and(|report| report.entry.seq == *seq);
            if !same && !matches!(bundle, Known::Asked) {
                *bundle = Known::No;
            }
            let which = Which::Number(*seq);
            let request = show::Request { place, which, identities: Vec::new(), accept: None };
            wanted(bundle).then_some(Job::Show(request))
        }
        Some(Screen::Runs) => wanted(runs).then_some(Job::Runs(place)),
        Some(Screen::Run(name)) => {
            if run.get().is_some_and(|detail| detail.summary.run != *name) {
                *run = Known::No;
            }
            wanted(run).then(|| Job::Run(place, name.clone()))
        }
        Some(Screen::Targets) => wanted(targets).then_some(Job::Targets),
        _ => None,
    };
    to_target(state);
    job.map(|job| begin(state, job)).unwrap_or_default()
}

fn wanted<T>(known: &mut Known<T>) -> bool {
    let wanted = matches!(known, Known::No);
    if wanted {
        *known = Known::Asked;
    }
    wanted
}

pub(super) fn look_done(state: &mut State, job: &Job, end: Result<Report, Told>) -> Vec<Effect> {
    match (job, end) {
        (Job::Status(_), Ok(Report::Status(report))) => state.facts.status = Known::Yes(report),
        (Job::Status(_), Err(told)) => state.facts.status = Known::Failed(told),
        (Job::Assess(_), Ok(Report::Assess(report))) => assessed(state, report),
        (Job::List(_), Ok(Report::List(report))) => state.facts.list = Known::Yes(report),
        (Job::List(_), Err(told)) => state.facts.list = Known::Failed(told),
        (Job::Runs(_), Ok(Report::Runs(report))) => {
            state.facts.runs = Known::Yes(report);
            suggest(state);
        }
        (Job::Runs(_), Err(told)) => state.facts.runs = Known::Failed(told),
        (Job::Run(..), Ok(Report::Run(detail))) => {
            state.facts.run = Known::Yes(detail);
            // Somebody may look at another one meanwhile.
            return look(state);
        }
        (Job::Run(..), Err(told)) => state.facts.run = Known::Failed(told),
        (Job::Targets, Ok(Report::Targets(report))) => {
            state.facts.targets = Known::Yes(report);
            to_target(state);
        }
        (Job::Targets, Err(told)) => state.facts.targets = Known::Failed(told),
        (Job::Show(request), end) if request.identities.is_empty() => {
            state.facts.bundle = match end {
                Ok(Report::Show(report)) => Known::Yes(report),
                Err(told) => Known::Failed(told),
                Ok(_) => Known::No,
            };
        }
        (Job::Show(_), Ok(Report::Show(report))) => return opened(state, report),
        (Job::AddTarget(_), Ok(Report::AddTarget(added))) => {
            return added_target(state, &added.target);
        }
        (Job::Show(_) | Job::AddTarget(_), Err(told)) => {
            if matches!(job, Job::Show(_)) {
                state.facts.opened = Known::Failed(told.clone());
            }
            state.popups.push(Popup::Problem(told));
        }
        _ => {}
    }
    Vec::new()
}

/// Advice arrives: the cursor goes to what is suggested, unless somebody has moved it.
fn assessed(state: &mut State, report: Box<assess::Report>) {
    state.facts.assess = Known::Yes(report);
    suggest(state);
}

fn suggest(state: &mut State) {
    let suggested = home::suggested(state);
    if let (Some(at), Some(view)) = (suggested, state.views.first_mut())
        && !view.moved
    {
        view.cursor = at;
    }
}

/// The cursor begins on the target that was named or chosen last.
fn to_target(state: &mut State) {
    let (Some(card), Some(list)) = (&state.target, state.facts.targets.get()) else { return };
    let is_it = |one: &Listed| matches!(one, Listed::Card(other) if other.name == card.name);
    if let (Some(at), Some(view)) = (list.targets.iter().position(is_it), state.views.last_mut())
        && view.screen == Screen::Targets
        && !view.moved
        && view.filter.is_empty()
    {
        view.cursor = at;
    }
}

/// A bundle was opened: on to what it was opened for.
fn opened(state: &mut State, report: show::Report) -> Vec<Effect> {
    let seq = report.entry.seq;
    state.facts.opened = Known::Yes(report);
    // From here on it is this one, also when a newer one appears meanwhile.
    if state.which == Which::Latest && state.accept.is_none() {
        state.which = Which::Number(seq);
    }
    if *state.screen() != Screen::Open {
        return Vec::new();
    }
    match state.goal {
        Goal::Look => replace(state, Screen::Repos),
        Goal::Extract => {
            let mut effects = replace(state, Screen::Repos);
            effects.extend(field::ask(state, Purpose::ExtractTo, ""));
            effects
        }
        Goal::Rebuild => {
            let request = crate::app::verify::Request {
                place: state.place.clone(),
                which: state.which,
                full: false,
                identities: state.identities.clone(),
                cosign: None,
                accept: state.accept,
            };
            state.views.pop();
            begin(state, Job::Verify(request))
        }
    }
}

fn added_target(state: &mut State, card: &crate::app::target::Card) -> Vec<Effect> {
    state.facts.targets = Known::No;
    // The first screen tells how it is.
    state.facts.assess = Known::No;
    state.said = Some(format!("{} has its name now.", card.name));
    state.target = Some(card.clone());
    state.draft = Draft::default();
    if *state.screen() == Screen::NewTarget {
        state.views.pop();
    }
    look(state)
}
