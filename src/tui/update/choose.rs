//! Enter and digits, screen by screen.

use super::act::{enter, replace, stop_and_leave};
use super::field::{self, plan_request};
use super::job::{begin, in_one_job, reply};
use crate::app::plan::Selector;
use crate::app::target::{Class, Listed};
use crate::app::{Which, show, snapshot};
use crate::tui::job::{Job, Report, replay_request};
use crate::tui::keys::Action;
use crate::tui::message::{Effect, Reply};
use crate::tui::screen::{
    self, bundles, help, home, look, new_target, objects, open, plan, repos, runs, targets,
};
use crate::tui::state::{Confirming, Goal, Known, Popup, Purpose, Screen, State};

/// Takes the row of a number. On lists only lines have them; keys do not come here.
pub(super) fn number(state: &mut State, at: usize) -> Vec<Effect> {
    if let Some(Popup::Choice { cursor, .. } | Popup::Leave { cursor }) = state.popups.last_mut() {
        if !(1..=2).contains(&at) {
            return Vec::new();
        }
        *cursor = at - 1;
        return choose(state);
    }
    let rows = screen::page(state).rows.filter(|rows| rows.cursor.is_some());
    let (count, first) = rows.map_or((0, 1), |rows| (rows.count, rows.first()));
    let Some(row) = at.checked_sub(first).filter(|row| *row < count) else { return Vec::new() };
    let Some(view) = state.views.last_mut() else { return Vec::new() };
    (view.cursor, view.moved, view.scroll) = (row, true, None);
    choose(state)
}

/// Takes the row under the cursor, or goes on.
pub(super) fn choose(state: &mut State) -> Vec<Effect> {
    match state.popup() {
        Some(Popup::Problem(_)) => {
            state.popups.pop();
            return Vec::new();
        }
        Some(Popup::Choice { .. }) => return answer_choice(state),
        Some(Popup::Leave { cursor }) => {
            let leave = *cursor == 1;
            state.popups.pop();
            return if leave { stop_and_leave(state) } else { Vec::new() };
        }
        Some(Popup::Field { .. }) => return Vec::new(),
        None => {}
    }
    let cursor = screen::page(state).rows.and_then(|rows| rows.cursor);
    match (state.screen().clone(), cursor) {
        (Screen::Home, Some(at)) => home_choice(state, at),
        (Screen::Wait | Screen::Practise, _) => super::act::back(state),
        (Screen::Look, Some(at)) => match look::CHOICES.get(at) {
            Some(choice) => match choice.screen() {
                Some(screen) => enter(state, screen),
                None => super::act::act(state, Action::Help),
            },
            None => Vec::new(),
        },
        (Screen::Open, Some(at)) => open_choice(state, at),
        (Screen::Bundles, Some(at)) => match bundles::seq(state, at) {
            Some(seq) => enter(state, Screen::Bundle(seq)),
            None => Vec::new(),
        },
        (Screen::Bundle(seq), _) => {
            (state.which, state.goal) = (Which::Number(seq), Goal::Look);
            enter_open(state)
        }
        (Screen::Repos, Some(at)) => match repos::index(state, at) {
            Some(index) => enter(state, Screen::Repo(index)),
            None => Vec::new(),
        },
        (Screen::Objects, Some(at)) => match objects::index(state, at) {
            Some(index) => enter(state, Screen::Object(index)),
            None => Vec::new(),
        },
        (Screen::Targets, Some(at)) => target_choice(state, at),
        (Screen::Runs, Some(at)) => match runs::name(state, at) {
            Some(name) => enter_run(state, name),
            None => Vec::new(),
        },
        (Screen::Run(name), _) => resume(state, &name),
        (Screen::NewTarget, Some(at)) => new_target_choice(state, at),
        (Screen::Plan, Some(at)) => match plan::choices(state).get(at) {
            Some(plan::Choice::Widen) => super::act::widen(state),
            Some(plan::Choice::LeaveOut) => super::run::leave_out(state),
            Some(plan::Choice::AsItIs) => confirm_plan(state),
            None => Vec::new(),
        },
        (Screen::Plan, None) => confirm_plan(state),
        (Screen::Work, _) => after_work(state),
        (Screen::Help(..), Some(at)) => match help::code(state, at) {
            Some(code) => enter(state, Screen::Code(code)),
            None => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// Asks for the target's name, where there is something to confirm.
fn confirm_plan(state: &mut State) -> Vec<Effect> {
    let plan = state.work.as_ref().and_then(|work| work.plan.as_deref());
    match (&state.binding, plan) {
        // There is nothing to do, so there is nothing to confirm.
        (_, Some(plan)) if plan.is_empty() && !state.stops() => {
            state.earlier.clear();
            super::act::back(state)
        }
        (Confirming::Not, _) | (_, None) => Vec::new(),
        _ => field::ask(state, Purpose::Confirm, ""),
    }
}

fn answer_choice(state: &mut State) -> Vec<Effect> {
    match state.popups.pop() {
        Some(Popup::Choice { question, cursor }) => reply(&question, Reply::Choice(cursor == 0)),
        _ => Vec::new(),
    }
}

fn home_choice(state: &mut State, at: usize) -> Vec<Effect> {
    let Some(choice) = home::choices(state).into_iter().nth(at) else { return Vec::new() };
    match choice.goes {
        home::Goes::Watch => enter(state, Screen::Work),
        home::Goes::Resume => match runs::unfinished(state).map(|run| run.run.clone()) {
            Some(name) => enter_run(state, name),
            None => Vec::new(),
        },
        home::Goes::Wait => enter(state, Screen::Wait),
        home::Goes::Open(goal) => {
            (state.goal, state.which, state.accept) = (goal, Which::Latest, None);
            enter_open(state)
        }
        home::Goes::Snapshot => {
            let config = state.place.config.clone();
            begin(state, Job::Snapshot(snapshot::Request { config, ..Default::default() }))
        }
        home::Goes::Practise => enter(state, Screen::Practise),
        home::Goes::Look => enter(state, Screen::Look),
    }
}

/// Shows a run as it is now, whatever was known of it.
fn enter_run(state: &mut State, name: String) -> Vec<Effect> {
    state.facts.run = Known::No;
    enter(state, Screen::Run(name))
}

/// Resumes the run in view, where it can go on.
fn resume(state: &mut State, name: &str) -> Vec<Effect> {
    let open = runs::find(state, name).is_some_and(runs::is_open);
    if open { go_on_with(state, name) } else { Vec::new() }
}

/// Resumes the run of the screen on top, once its key file was named.
pub(super) fn go_on_here(state: &mut State) -> Vec<Effect> {
    match state.screen().clone() {
        Screen::Run(name) => resume(state, &name),
        Screen::Work => after_work(state),
        _ => Vec::new(),
    }
}

/// Resumes a run; asks for a key file first where there is none.
fn go_on_with(state: &mut State, name: &str) -> Vec<Effect> {
    if state.identities.is_empty() {
        return field::ask(state, Purpose::KeyFile(0), "");
    }
    let request = runs::request(state, name);
    // The target is the run's, whatever was chosen before.
    state.target = None;
    begin(state, Job::Resume(request))
}

fn open_choice(state: &mut State, at: usize) -> Vec<Effect> {
    match open::rows(state).get(at) {
        Some(open::Row::Key(index)) => {
            let index = *index;
            let known = state.identities.get(index);
            let text = known.map(|path| path.display().to_string()).unwrap_or_default();
            field::ask(state, Purpose::KeyFile(index), &text)
        }
        Some(open::Row::Accept) => field::ask(state, Purpose::Accept, ""),
        Some(open::Row::Open) if state.identities.is_empty() => {
            let effects = field::ask(state, Purpose::KeyFile(0), "");
            state.said = Some("A key file is needed first.".to_owned());
            effects
        }
        Some(open::Row::Open) if !matches!(state.facts.opened, Known::Asked) => {
            let request = show::Request {
                place: state.place.clone(),
                which: state.which,
                identities: state.identities.clone(),
                accept: state.accept,
            };
            state.facts.opened = Known::Asked;
            begin(state, Job::Show(request))
        }
        _ => Vec::new(),
    }
}

/// Goes to where a bundle is opened. With a key file at hand one Enter does it.
fn enter_open(state: &mut State) -> Vec<Effect> {
    let effects = enter(state, Screen::Open);
    if !state.identities.is_empty() {
        to_open_row(state);
    }
    effects
}

/// After a key file was typed the cursor stands on what opens.
pub(super) fn to_open_row(state: &mut State) {
    let at = open::rows(state).iter().position(|row| *row == open::Row::Open);
    if let (Screen::Open, Some(at)) = (state.screen().clone(), at)
        && let Some(view) = state.views.last_mut()
    {
        view.cursor = at;
    }
}

/// When a form has what it needs the cursor stands on what sends it.
pub(super) fn to_add_row(state: &mut State) {
    if let Some(view) = state.views.last_mut().filter(|_| new_target::complete(&state.draft)) {
        view.cursor = new_target::ROWS.len() - 1;
    }
}

/// After a line of a form was typed the cursor stands on the next.
pub(super) fn next_row(state: &mut State) {
    if let Some(view) = state.views.last_mut() {
        view.cursor += 1;
    }
}

fn target_choice(state: &mut State, at: usize) -> Vec<Effect> {
    let selector = match targets::row(state, at) {
        Some(targets::Row::Card(_)) if state.only_looks() => return test_target(state),
        Some(targets::Row::Card(card)) => {
            let selector = Selector::Named(card.name.clone());
            state.target = Some(card.clone());
            selector
        }
        Some(targets::Row::Damaged(problem)) => {
            state.said = Some(problem.to_owned());
            return Vec::new();
        }
        Some(targets::Row::Directory) => return field::ask(state, Purpose::Directory, ""),
        Some(targets::Row::Add) => return enter(state, Screen::NewTarget),
        None => return Vec::new(),
    };
    plan_for(state, selector)
}

/// Asks the cluster under the cursor who it is.
pub(super) fn test_target(state: &mut State) -> Vec<Effect> {
    if let Some(targets::Row::Card(card)) = targets::row(state, state.cursor()) {
        let name = card.name.clone();
        return begin(state, Job::TestTarget(name));
    }
    state.said = Some("The cursor is on no cluster.".to_owned());
    Vec::new()
}

/// Plans for a target; where nothing is open, there is nothing to plan yet.
pub(super) fn plan_for(state: &mut State, target: Selector) -> Vec<Effect> {
    let Some(Known::Yes(_)) = Some(&state.facts.opened) else {
        state.goal = Goal::Rebuild;
        return enter_open(state);
    };
    let class = match &target {
        Selector::Named(name) => {
            let cards = state.facts.targets.get().map(|list| &list.targets);
            let card = cards.and_then(|cards| {
                cards.iter().find_map(|listed| match listed {
                    Listed::Card(card) if card.name == *name => Some(card.as_ref().clone()),
                    _ => None,
                })
            });
            let class = card.as_ref().map(|card| card.class);
            state.target = card;
            class
        }
        Selector::Directory(_) => {
            state.target = None;
            Some(Class::Directory)
        }
    };
    state.earlier.clear();
    let plan = plan_request(state, target);
    let job = if in_one_job(class) {
        Job::Replay(replay_request(plan, None, None))
    } else {
        Job::Plan(plan)
    };
    begin(state, job)
}

fn new_target_choice(state: &mut State, at: usize) -> Vec<Effect> {
    let draft = state.draft.clone();
    match new_target::ROWS.get(at) {
        Some(new_target::Row::Kubeconfig) => {
            field::ask(state, Purpose::Kubeconfig, &draft.kubeconfig)
        }
        Some(new_target::Row::Name) => field::ask(state, Purpose::TargetName, &draft.name),
        Some(new_target::Row::Context) => field::ask(state, Purpose::Context, &draft.context),
        Some(new_target::Row::Signs) => {
            let words: Vec<&str> = draft.accept.iter().map(|sign| sign.word()).collect();
            field::ask(state, Purpose::Signs, &words.join(" "))
        }
        Some(new_target::Row::Reason) => field::ask(state, Purpose::Reason, &draft.reason),
        Some(new_target::Row::Class) => field::ask(state, Purpose::Class, &draft.class.to_string()),
        Some(new_target::Row::Add) if new_target::complete(&draft) => {
            let job = Job::AddTarget(new_target::request(&draft, state.home.as_ref()));
            state.said = Some("Asking the cluster who it is …".to_owned());
            begin(state, job)
        }
        _ => {
            state.said = Some("A kubeconfig and a name are needed first.".to_owned());
            Vec::new()
        }
    }
}

/// What follows work that has ended.
fn after_work(state: &mut State) -> Vec<Effect> {
    let Some(work) = &state.work else { return Vec::new() };
    if let Some(run) = work.resumable().map(str::to_owned) {
        return go_on_with(state, &run);
    }
    match &work.end {
        Some(Ok(report)) => match report.as_ref() {
            Report::Verify(report) if report.is_red() => Vec::new(),
            Report::Verify(_) if state.goal == Goal::Rebuild => enter(state, Screen::Targets),
            Report::Plan(_) => replace(state, Screen::Plan),
            Report::Replay(_) => super::act::home(state),
            _ => super::act::back(state),
        },
        Some(Err(_)) => super::act::back(state),
        None => Vec::new(),
    }
}
