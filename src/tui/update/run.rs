//! A run under way: held behind a wave, or going on without an object.

use super::act::plan_anew;
use super::field;
use super::job::begin;
use crate::app::replay::Verdict;
use crate::model::explain::Kind;
use crate::tui::job::Report;
use crate::tui::message::Effect;
use crate::tui::screen::runs;
use crate::tui::state::{Purpose, Screen, State};
use crate::tui::work::Work;

/// Lets the wave that is under way be finished, and begins no other.
pub(super) fn hold(state: &mut State) -> Vec<Effect> {
    let Some(work) = state.work.as_mut().filter(|work| work.writes()) else { return Vec::new() };
    work.holding = true;
    vec![Effect::Hold(work.id)]
}

/// Takes that back, as long as the run has not come to its end.
pub(super) fn go_on(state: &mut State) -> Vec<Effect> {
    let Some(work) = state.work.as_mut().filter(|work| work.writes()) else { return Vec::new() };
    work.holding = false;
    vec![Effect::GoOn(work.id)]
}

/// Asks why what keeps the run is left out, or takes back what was left out of a plan.
pub(super) fn leave_out(state: &mut State) -> Vec<Effect> {
    if state.on(Screen::is_plan) {
        let work = state.work.as_ref().filter(|work| work.undefined().is_empty());
        if let Some(job) = work.and_then(Work::with_undefined) {
            return plan_anew(state, job);
        }
        return field::ask(state, Purpose::LeaveOutKinds, "");
    }
    let Some(object) = state.work.as_ref().and_then(|work| work.keeps()) else { return Vec::new() };
    let purpose = Purpose::LeaveOut(object.to_owned());
    field::ask(state, purpose, "")
}

/// The reason was typed: plans anew, without the objects of kinds that nobody defines.
pub(super) fn plan_without(state: &mut State, reason: &str) -> Vec<Effect> {
    state.popups.pop();
    match state.work.as_ref().and_then(|work| work.without_undefined(reason)) {
        Some(job) => plan_anew(state, job),
        None => Vec::new(),
    }
}

/// The reason was typed: stops the run where that is safe, and goes on without the object. What
/// has come to an end meanwhile needs nothing more.
pub(super) fn go_on_without(state: &mut State, object: &str, reason: &str) -> Vec<Effect> {
    state.popups.pop();
    let Some(job) = runs::without(state, object, reason) else {
        state.said = Some(format!("{object} cannot be named on a command line."));
        return Vec::new();
    };
    state.going_on = Some(job);
    let Some(work) = state.work.as_mut() else { return Vec::new() };
    if work.runs() {
        work.stopping = true;
        return vec![Effect::Stop(work.id)];
    }
    left(state)
}

/// A run has ended. Goes on with it where something is to be left out.
pub(super) fn left(state: &mut State) -> Vec<Effect> {
    let Some(job) = state.going_on.take() else { return Vec::new() };
    let end = state.work.as_ref().and_then(|work| work.end.as_ref());
    let goes_on = match end {
        Some(Ok(report)) => match report.as_ref() {
            Report::Replay(report) => report.verdict != Verdict::Complete,
            _ => false,
        },
        Some(Err(told)) => told.kind == Kind::Interrupted,
        None => false,
    };
    if !goes_on {
        return Vec::new();
    }
    let seen = state.views.iter().any(|view| view.screen.is_of_work());
    let effects = begin(state, job);
    if !seen {
        state.views.pop();
    }
    effects
}
