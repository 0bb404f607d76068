//! What actions do on any screen.

use super::choose::{self, choose, number};
use super::job::{begin, nobody};
use super::look::look;
use super::{field, quit, run};
use crate::app::signals::Signal;
use crate::app::text;
use crate::model::explain::Kind;
use crate::tui::draw;
use crate::tui::job::Job;
use crate::tui::keys::{self, Action, Key};
use crate::tui::message::Effect;
use crate::tui::screen;
use crate::tui::state::{Confirming, Known, Popup, Purpose, Screen, State, View};
use crate::tui::work::Work;

/// Does what was asked.
pub(super) fn act(state: &mut State, action: Action) -> Vec<Effect> {
    match action {
        Action::Choose => choose(state),
        Action::Number(at) => number(state, at),
        Action::Up
        | Action::Down
        | Action::PageUp
        | Action::PageDown
        | Action::First
        | Action::Last => go(state, action),
        Action::Back => back(state),
        Action::Help => {
            state.popups.clear();
            let (here, keys) = (Box::new(state.screen().clone()), keys::places(state));
            enter(state, Screen::Help(here, keys))
        }
        Action::Filter => {
            let text = state.view().map(|view| view.filter.clone()).unwrap_or_default();
            field::ask(state, Purpose::Filter, &text)
        }
        Action::Again => again(state),
        Action::Verify => verify(state, false),
        Action::VerifyFull => verify(state, true),
        Action::Extract => field::ask(state, Purpose::ExtractTo, ""),
        Action::Add => enter(state, Screen::NewTarget),
        Action::Widen => widen(state),
        Action::Objects => enter(state, Screen::Objects),
        Action::Log => enter(state, Screen::Log),
        Action::HandOver => {
            let run = match state.screen() {
                Screen::Run(name) => Some(name.clone()),
                _ => None,
            };
            enter(state, Screen::HandOver(run))
        }
        Action::Hold => run::hold(state),
        Action::GoOn => run::go_on(state),
        Action::Watch => watch(state),
        Action::LeaveOut => run::leave_out(state),
        Action::Test => choose::test_target(state),
        Action::Complete => field::complete(state),
        Action::Clear => field::press(state, Key::Clear),
        Action::Copy => {
            let line = screen::page(state).same_as;
            copy(state, "command", line)
        }
        Action::Tell => tell(state),
        Action::Quit => leave(state),
        Action::Stop => stop(state, Signal::Interrupt),
        Action::Redraw => vec![Effect::Repaint],
    }
}

/// Goes to a screen.
pub(super) fn enter(state: &mut State, screen: Screen) -> Vec<Effect> {
    state.views.push(View::new(screen));
    look(state)
}

/// Goes to a screen in place of the one on top.
pub(super) fn replace(state: &mut State, screen: Screen) -> Vec<Effect> {
    if state.views.len() > 1 {
        state.views.pop();
    }
    enter(state, screen)
}

/// Goes to the page of what runs: back to it where one came from there.
fn watch(state: &mut State) -> Vec<Effect> {
    match state.views.iter().position(|view| view.screen.is_work()) {
        Some(at) => {
            state.views.truncate(at + 1);
            Vec::new()
        }
        None => enter(state, Screen::Work),
    }
}

/// Moves the cursor, or what is seen.
fn go(state: &mut State, action: Action) -> Vec<Effect> {
    if let Some(Popup::Choice { cursor, .. } | Popup::Leave { cursor }) = state.popups.last_mut() {
        *cursor = usize::from(matches!(action, Action::Down | Action::PageDown | Action::Last));
        return Vec::new();
    }
    let scroll = state.view().and_then(|view| view.scroll);
    let page = screen::page(state);
    let rows = page.rows.as_ref().map_or(0, |rows| rows.count);
    let seen = draw::seen(&page, scroll, state.size);
    let chosen = page.rows.as_ref().and_then(|rows| rows.cursor);
    drop(page);
    let Some(view) = state.views.last_mut() else { return Vec::new() };
    view.moved = true;
    let by = seen.height.max(2) - 1;
    match chosen {
        Some(cursor) if seen.above_rows => {
            let end = seen.lines - seen.height;
            let top = match action {
                Action::Up if cursor == 0 => seen.top.saturating_sub(1),
                Action::Down if cursor + 1 >= rows => (seen.top + 1).min(end),
                Action::PageUp => seen.top.saturating_sub(by),
                Action::PageDown => (seen.top + by).min(end),
                Action::First => 0,
                Action::Last => end,
                _ => seen.top,
            };
            view.scroll = Some(top);
            view.cursor = match action {
                Action::Up => cursor.saturating_sub(1),
                Action::Down => (cursor + 1).min(rows - 1),
                _ => cursor,
            };
        }
        // What stands above the rows is looked at by going up from the first.
        Some(0)
            if matches!(action, Action::Up | Action::PageUp | Action::First) && seen.top > 0 =>
        {
            view.scroll = Some(if action == Action::Up { seen.top - 1 } else { 0 });
        }
        Some(cursor) => {
            view.scroll = None;
            let last = rows - 1;
            view.cursor = match action {
                Action::Up => cursor.saturating_sub(1),
                Action::Down => (cursor + 1).min(last),
                Action::PageUp => cursor.saturating_sub(by),
                Action::PageDown => (cursor + by).min(last),
                Action::First => 0,
                _ => last,
            };
        }
        None if seen.lines <= seen.height => view.scroll = None,
        None => {
            let end = seen.lines - seen.height;
            view.scroll = Some(match action {
                Action::Up => seen.top.saturating_sub(1),
                Action::Down => (seen.top + 1).min(end),
                Action::PageUp => seen.top.saturating_sub(by),
                Action::PageDown => (seen.top + by).min(end),
                Action::First => 0,
                _ => end,
            });
        }
    }
    Vec::new()
}

/// Goes back. What waits for an answer learns that nobody gives one.
pub(super) fn back(state: &mut State) -> Vec<Effect> {
    // Whoever leaves waits for nothing that is looked at.
    state.looked_at = None;
    match state.popups.pop() {
        Some(
            Popup::Field { purpose: Purpose::Answer(question), .. }
            | Popup::Choice { question, .. },
        ) => {
            state.left = Some(question.job);
            return nobody(&question);
        }
        Some(_) => return Vec::new(),
        None => {}
    }
    let Some(view) = state.views.last_mut() else { return Vec::new() };
    if !view.filter.is_empty() && !matches!(view.screen, Screen::Plan) {
        view.filter.clear();
        view.cursor = 0;
        return Vec::new();
    }
    if state.views.len() == 1 {
        return Vec::new();
    }
    let left = state.views.pop().map(|view| view.screen);
    // What runs meanwhile is the first row now, and what is suggested.
    if state.works()
        && let Some(home) = state.views.first_mut()
    {
        home.moved = false;
    }
    match left {
        Some(Screen::Plan) => leave_plan(state),
        _ => look(state),
    }
}

/// A plan that is left is not carried out. What was chosen at it is taken back first, one after the
/// other.
fn leave_plan(state: &mut State) -> Vec<Effect> {
    if let Some(job) = state.earlier.pop() {
        state.said = Some("What was chosen last is taken back.".to_owned());
        return leave_for(state, job);
    }
    if state.screen().is_work() {
        state.views.pop();
    }
    state.said = Some("The plan was left. Nothing was changed.".to_owned());
    unconfirmed(state)
}

/// Leaves the plan for one that holds what engines follow as well.
pub(super) fn widen(state: &mut State) -> Vec<Effect> {
    let Some(job) = state.work.as_ref().and_then(Work::wider) else {
        let words = "Nothing to add: this plan lacks no folder that the bundle holds.";
        state.said = Some(words.to_owned());
        return Vec::new();
    };
    plan_anew(state, job)
}

/// Leaves the plan in view for another; Esc leads back to it.
pub(super) fn plan_anew(state: &mut State, job: Job) -> Vec<Effect> {
    state.earlier.extend(state.work.as_ref().map(|work| work.job.clone()));
    leave_for(state, job)
}

fn leave_for(state: &mut State, job: Job) -> Vec<Effect> {
    if !state.works() {
        return begin(state, job);
    }
    state.going_on = Some(job);
    unconfirmed(state)
}

/// Tells the core that nobody types the target's name.
fn unconfirmed(state: &mut State) -> Vec<Effect> {
    match std::mem::take(&mut state.binding) {
        Confirming::Asked(question) => {
            state.left = state.work.as_ref().map(|work| work.id);
            vec![Effect::Reply(question, None)]
        }
        _ => Vec::new(),
    }
}

/// Goes home and looks again.
pub(super) fn home(state: &mut State) -> Vec<Effect> {
    state.views.truncate(1);
    state.earlier.clear();
    // What is suggested now is another than before.
    if let Some(home) = state.views.first_mut() {
        home.moved = false;
    }
    again(state)
}

/// Looks again at what the screen shows.
fn again(state: &mut State) -> Vec<Effect> {
    let facts = &mut state.facts;
    match state.views.last().map(|view| &view.screen) {
        Some(Screen::Home) => {
            (facts.status, facts.assess, facts.runs) = (Known::No, Known::No, Known::No);
        }
        Some(Screen::Runs) => facts.runs = Known::No,
        Some(Screen::Run(_)) => (facts.runs, facts.run) = (Known::No, Known::No),
        Some(Screen::Bundles) => facts.list = Known::No,
        Some(Screen::Bundle(_)) => facts.bundle = Known::No,
        Some(Screen::Targets) => facts.targets = Known::No,
        _ => {}
    }
    look(state)
}

/// Verifies the snapshot in view; with the keys of the people who opened it, where they did.
fn verify(state: &mut State, full: bool) -> Vec<Effect> {
    let opened = state.on(Screen::is_repos);
    let which = match state.screen() {
        Screen::Bundle(seq) => crate::app::Which::Number(*seq),
        _ => state.which,
    };
    let request = crate::app::verify::Request {
        place: state.place.clone(),
        which,
        full,
        identities: if opened { state.identities.clone() } else { Vec::new() },
        cosign: None,
        accept: state.accept,
    };
    begin(state, Job::Verify(request))
}

/// Copies a command or a sentence.
fn copy(state: &mut State, what: &str, line: Option<String>) -> Vec<Effect> {
    let Some(line) = line else { return Vec::new() };
    let begin = text::beginning(&line, 48);
    state.said = Some(format!(
        "Copied the {what}, where this terminal can: {begin} It is printed when you quit, too."
    ));
    if !state.copied.contains(&line) {
        state.copied.push(line.clone());
    }
    vec![Effect::Copy(line)]
}

/// Shows the sentence for the incident channel whole, as it is copied.
fn tell(state: &mut State) -> Vec<Effect> {
    let Some(sentence) = screen::sentence(state) else { return Vec::new() };
    let mut effects =
        if state.in_lines { Vec::new() } else { copy(state, "sentence", Some(sentence.clone())) };
    // The page itself says what became of it, as long as it is looked at.
    state.said = None;
    effects.extend(enter(state, Screen::Tell(sentence)));
    effects
}

/// Leaves, or asks where something runs.
fn leave(state: &mut State) -> Vec<Effect> {
    if state.waits_for_name() {
        return leave_unconfirmed(state, 0);
    }
    if state.works() {
        state.popups.push(Popup::Leave { cursor: 0 });
        return Vec::new();
    }
    quit(state, 0, Vec::new())
}

/// Leaves a plan and the program: nothing has been written, so there is nothing to wait for.
fn leave_unconfirmed(state: &mut State, code: u8) -> Vec<Effect> {
    state.leaving = Some(code);
    let mut effects = unconfirmed(state);
    effects.extend(quit(state, code, vec!["The plan was left. Nothing was changed.".to_owned()]));
    effects
}

/// Stops at the next safe point and leaves; at once, when that was asked for before.
pub(super) fn stop(state: &mut State, signal: Signal) -> Vec<Effect> {
    let code = signal.exit_code();
    if state.waits_for_name() {
        return leave_unconfirmed(state, code);
    }
    let running = state.work.as_mut().filter(|work| work.runs());
    match running {
        None => quit(state, code, Vec::new()),
        // A terminal that is gone says so twice: by a signal, and where keys are read.
        Some(_) if signal == Signal::HangUp && state.leaving.is_some() => Vec::new(),
        Some(work) if work.stopping && signal != Signal::HangUp => {
            let lines = vec![
                format!("left while {} was stopping: what is done stays", work.verb()),
                format!("the same again: {}", work.job.line()),
            ];
            quit(state, code, lines)
        }
        Some(work) if signal == Signal::HangUp && work.writes() && !work.stopping => {
            state.leaving = Some(code);
            run::hold(state)
        }
        Some(work) => {
            let id = work.id;
            work.stopping = true;
            if signal != Signal::Interrupt {
                state.leaving = Some(code);
            }
            let mut effects = vec![Effect::Stop(id)];
            // Whoever waits for an answer cannot come to a safe point.
            effects.extend(unanswered(state));
            effects
        }
    }
}

/// Takes back every question: nobody answers.
fn unanswered(state: &mut State) -> Vec<Effect> {
    let mut effects = Vec::new();
    let popups = std::mem::take(&mut state.popups);
    for popup in popups {
        match popup {
            Popup::Field { purpose: Purpose::Answer(question), .. }
            | Popup::Choice { question, .. } => effects.extend(nobody(&question)),
            Popup::Problem(told) => state.popups.push(Popup::Problem(told)),
            Popup::Field { .. } | Popup::Leave { .. } => {}
        }
    }
    effects.extend(unconfirmed(state));
    effects
}

/// Stops what runs and leaves once it has stopped.
pub(super) fn stop_and_leave(state: &mut State) -> Vec<Effect> {
    state.leaving = Some(Kind::Interrupted.exit_code());
    stop(state, Signal::Interrupt)
}
