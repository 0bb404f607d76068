//! The table: keys, what they do, and when. It is as long as there are keys, and in one place.

use super::{Action, Binding, Key};
use crate::tui::job::Report;
use crate::tui::screen::{self, plan, targets};
use crate::tui::state::{Confirming, Popup, Screen, State};
use crate::tui::work::Work;

const DIGITS: &[Key] = &[
    Key::Char('0'),
    Key::Char('1'),
    Key::Char('2'),
    Key::Char('3'),
    Key::Char('4'),
    Key::Char('5'),
    Key::Char('6'),
    Key::Char('7'),
    Key::Char('8'),
    Key::Char('9'),
];

const fn bind(
    keys: &'static [Key],
    shown: &'static str,
    words: &'static str,
    action: Action,
    when: fn(&State) -> bool,
    means: &'static str,
) -> Binding {
    Binding { keys, shown, words, means, action, in_bar: true, when }
}

const fn quiet(binding: Binding) -> Binding {
    Binding { in_bar: false, ..binding }
}

/// Every key of every screen, most important first. Typed fields own the keyboard and are not here.
pub static KEYS: &[Binding] = &[
    bind(
        &[Key::Char('?')],
        "?",
        "help",
        Action::Help,
        has_help,
        "Shows the keys of this screen, our words and every code, offline. Esc goes back.",
    ),
    bind(
        &[Key::Enter],
        "Enter",
        "choose",
        Action::Choose,
        has_choices,
        "Takes the row under the cursor.",
    ),
    bind(
        &[Key::Enter],
        "Enter",
        "plan",
        Action::Choose,
        plans,
        "Plans for the cluster under the cursor: reads it and shows what would change. Nothing is written.",
    ),
    bind(
        &[Key::Enter],
        "Enter",
        "fill in",
        Action::Choose,
        asks_more,
        "Asks for what that needs: a kubeconfig and a name, or a folder. Nothing is written yet.",
    ),
    bind(
        &[Key::Enter],
        "Enter",
        "test",
        Action::Choose,
        tests,
        "Asks the cluster under the cursor who it is and what one may do there. Nothing is written.",
    ),
    bind(
        &[Key::Enter],
        "Enter",
        "open",
        Action::Choose,
        opens,
        "Looks closer at the row under the cursor. Esc goes back.",
    ),
    bind(
        &[Key::Enter],
        "Enter",
        "type the name",
        Action::Choose,
        can_confirm,
        "Asks for the target's name. Once it is typed and Enter pressed, exactly this plan is written; before that nothing is.",
    ),
    bind(
        &[Key::Enter],
        "Enter",
        "leave",
        Action::Choose,
        nothing_to_do,
        "Leaves the plan. Nothing was written.",
    ),
    bind(&[Key::Enter], "Enter", "back", Action::Choose, goes_back, "Goes back to where you were."),
    bind(
        &[Key::Enter],
        "Enter",
        "resume",
        Action::Choose,
        resumes,
        "Goes on with the run: the same plan, the same target. What is done is not done again.",
    ),
    bind(
        &[Key::Enter],
        "Enter",
        "go on",
        Action::Choose,
        goes_on,
        "Goes on to what comes next; the words above say what that is.",
    ),
    bind(
        &[Key::Interrupt],
        "^C",
        "stop",
        Action::Stop,
        State::stops,
        "Stops what runs at its next safe point. What is done stays, and a run can go on later. Once more leaves at once.",
    ),
    quiet(bind(
        DIGITS,
        "0-9",
        "choose",
        Action::Number(1),
        has_choices,
        "Takes the row of this number.",
    )),
    bind(
        &[Key::Char('a')],
        "a",
        "add folders",
        Action::Widen,
        can_widen,
        "Plans again, with the folders that engines follow and the bundle holds. Nothing is written; Esc leaves the plan.",
    ),
    quiet(bind(
        &[Key::Char('a')],
        "a",
        "add folders (it lacks none)",
        Action::Widen,
        lacks_nothing,
        "Adds nothing here: the plan lacks no folder that the bundle holds. What the bundle does not hold comes when its host answers.",
    )),
    bind(
        &[Key::Char('d')],
        "d",
        "objects",
        Action::Objects,
        |state| state.on(Screen::is_plan),
        "Lists every object of the plan and what would become of it; Enter there tells all of one. A conflict is a field that somebody else holds: theirs stays. Immutable is there and cannot be changed. Nothing is written.",
    ),
    bind(
        &[Key::Char('v')],
        "v",
        "verify",
        Action::Verify,
        snapshot_in_view,
        "Checks the signatures of this snapshot and that every part is there and whole. Reads only.",
    ),
    bind(
        &[Key::Char('f')],
        "f",
        "verify all",
        Action::VerifyFull,
        snapshot_in_view,
        "Checks it and opens every repository too, with your key file where it was opened. Takes longer; reads only.",
    ),
    bind(
        &[Key::Char('x')],
        "x",
        "extract",
        Action::Extract,
        |state| state.on(Screen::is_repos),
        "Asks for an empty folder and writes the repositories there, for stock git. No cluster is touched.",
    ),
    bind(
        &[Key::Char('t')],
        "t",
        "test",
        Action::Test,
        |state| state.on(Screen::is_targets),
        "Asks the cluster under the cursor who it is, whether it has nodes and what one may do there. Nothing is written.",
    ),
    bind(
        &[Key::Char('a')],
        "a",
        "add",
        Action::Add,
        |state| state.on(Screen::is_targets),
        "Gives another cluster a name. Only this machine keeps it; blackstart target remove undoes it.",
    ),
    bind(
        &[Key::Char('p')],
        "p",
        "hold",
        Action::Hold,
        can_hold,
        "Finishes the waves that are under way and begins no other; what is there stays and the run can go on. p once more takes it back.",
    ),
    bind(
        &[Key::Char('p')],
        "p",
        "no hold",
        Action::GoOn,
        holds,
        "Takes the hold back: further waves are begun, unless the run has come to its end meanwhile.",
    ),
    bind(
        &[Key::Char('s')],
        "s",
        "leave out",
        Action::LeaveOut,
        can_leave_out,
        "Asks for a reason and goes on without what nothing defines (in a plan), or without what keeps the run: it stops at a safe point and resumes. The reason is kept with the run. Nothing is deleted; a new plan has it again.",
    ),
    bind(
        &[Key::Char('s')],
        "s",
        "leave none out",
        Action::LeaveOut,
        can_take_back,
        "Plans anew with what was left out because nothing defines it.",
    ),
    bind(
        &[Key::Char('l')],
        "l",
        "log",
        Action::Log,
        |state| state.on(Screen::is_work),
        "Shows all that was said, newest first. What runs goes on.",
    ),
    bind(
        &[Key::Char('o')],
        "o",
        "hand over",
        Action::HandOver,
        can_hand_over,
        "Shows one page for whoever takes over: target, run, what is open, the command that goes on. What runs goes on.",
    ),
    bind(
        &[Key::Char('/')],
        "/",
        "filter",
        Action::Filter,
        has_filter,
        "Asks for letters and shows only rows that contain them. Esc shows all again.",
    ),
    bind(
        &[Key::Char('r')],
        "r",
        "look again",
        Action::Again,
        can_look_again,
        "Looks anew at what this screen shows. Reads only.",
    ),
    bind(
        &[Key::Char('t')],
        "t",
        "tell",
        Action::Tell,
        has_sentence,
        "Shows and copies one sentence for the incident chat: how far it is and what it waits for, or how it ended. It is also printed when you quit.",
    ),
    bind(
        &[Key::Char('c')],
        "c",
        "copy",
        Action::Copy,
        no_popup,
        "Copies the command behind 'same as', whole. It is also printed when you quit. Nothing is run.",
    ),
    quiet(bind(
        &[Key::Char('w')],
        "w",
        "what runs",
        Action::Watch,
        runs_elsewhere,
        "Goes to the page of what runs; it runs on whether one looks or not.",
    )),
    quiet(bind(
        &[Key::Interrupt],
        "^C",
        "quit",
        Action::Stop,
        |state| !state.stops(),
        "Leaves. Nothing runs, so nothing is lost.",
    )),
    bind(
        &[Key::Esc, Key::Left],
        "Esc",
        "back",
        Action::Back,
        |state| !state.on(Screen::is_home),
        "Goes back to the screen before. What runs goes on; a plan that is left is not carried out.",
    ),
    bind(
        &[Key::Char('q')],
        "q",
        "quit",
        Action::Quit,
        |state| state.on(Screen::is_home),
        "Leaves; asks first while something runs. What was copied is printed.",
    ),
    quiet(bind(
        &[Key::Char('q')],
        "q",
        "back",
        Action::Back,
        |state| !state.on(Screen::is_home),
        "Goes back, like Esc.",
    )),
    quiet(bind(
        &[Key::Up, Key::Char('k')],
        "up, k",
        "up",
        Action::Up,
        always,
        "Moves the cursor, or what is seen, one line up.",
    )),
    quiet(bind(
        &[Key::Down, Key::Char('j')],
        "down, j",
        "down",
        Action::Down,
        always,
        "Moves the cursor, or what is seen, one line down.",
    )),
    quiet(bind(
        &[Key::PageUp],
        "PgUp",
        "a screen up",
        Action::PageUp,
        always,
        "Moves a screen up.",
    )),
    quiet(bind(
        &[Key::PageDown, Key::Char(' ')],
        "PgDn, space",
        "a screen down",
        Action::PageDown,
        always,
        "Moves a screen down.",
    )),
    quiet(bind(
        &[Key::Home, Key::Char('g')],
        "Home, g",
        "to the top",
        Action::First,
        always,
        "Moves to the first line.",
    )),
    quiet(bind(
        &[Key::End, Key::Char('G')],
        "End, G",
        "to the end",
        Action::Last,
        always,
        "Moves to the last line.",
    )),
    quiet(bind(
        &[Key::Redraw],
        "^L",
        "draw anew",
        Action::Redraw,
        always,
        "Draws the screen anew, when something else wrote over it.",
    )),
];

fn always(_state: &State) -> bool {
    true
}

fn no_popup(state: &State) -> bool {
    !matches!(state.popup(), Some(Popup::Leave { .. } | Popup::Choice { .. }))
}

fn has_help(state: &State) -> bool {
    no_popup(state) && !state.screen().is_help()
}

fn has_choices(state: &State) -> bool {
    state.on(Screen::has_choices)
        || plan::asks(state)
        || matches!(state.popup(), Some(Popup::Leave { .. } | Popup::Choice { .. }))
}

fn opens(state: &State) -> bool {
    state.on(Screen::is_list) && !state.on(Screen::is_targets)
}

fn on_cluster(state: &State) -> bool {
    matches!(targets::row(state, state.cursor()), Some(targets::Row::Card(_)))
}

fn plans(state: &State) -> bool {
    state.on(Screen::is_targets) && !state.only_looks() && on_cluster(state)
}

fn tests(state: &State) -> bool {
    state.on(Screen::is_targets) && state.only_looks() && on_cluster(state)
}

/// Whether the row under the cursor is no cluster yet.
fn asks_more(state: &State) -> bool {
    state.on(Screen::is_targets) && !on_cluster(state)
}

fn has_plan(state: &State, empty: bool) -> bool {
    let plan = state.work.as_ref().and_then(|work| work.plan.as_ref());
    state.on(Screen::is_plan) && plan.is_some_and(|plan| plan.is_empty() == empty)
}

fn can_confirm(state: &State) -> bool {
    has_plan(state, false) && state.binding != Confirming::Not && !plan::asks(state)
}

fn can_widen(state: &State) -> bool {
    let plan = state.work.as_ref().and_then(|work| work.plan.as_ref());
    plan::is_idle(state) && plan.is_some_and(|plan| !plan.beyond.is_empty())
}

/// Where there is nothing to add the key says so.
fn lacks_nothing(state: &State) -> bool {
    plan::is_idle(state) && !can_widen(state)
}

fn nothing_to_do(state: &State) -> bool {
    has_plan(state, true) && !plan::asks(state)
}

fn goes_on(state: &State) -> bool {
    let ended = state.on(Screen::is_work) && !state.works() && !resumes(state);
    let problem = matches!(state.popup(), Some(Popup::Problem(_)));
    !goes_back(state) && (problem || ended || state.on(Screen::is_read))
}

/// Whether work has ended after which one is where one was.
fn goes_back(state: &State) -> bool {
    let ended = state.work.as_ref().and_then(|work| work.end.as_ref());
    let back = match ended {
        Some(Ok(report)) => matches!(report.as_ref(), Report::TestTarget(_) | Report::Extract(_)),
        Some(Err(_)) => true,
        None => false,
    };
    state.on(Screen::is_work) && back && !resumes(state)
}

/// Whether Enter resumes a run that has ended early.
fn resumes(state: &State) -> bool {
    let ended = || state.work.as_ref().is_some_and(|work| work.resumable().is_some());
    match state.screen() {
        _ if !state.popups.is_empty() => false,
        Screen::Work => ended(),
        Screen::Run(name) => screen::runs::find(state, name).is_some_and(screen::runs::is_open),
        _ => false,
    }
}

fn has_sentence(state: &State) -> bool {
    let has_one = |screen: &Screen| screen.is_work() || screen.is_run() || screen.is_hand_over();
    state.popups.is_empty() && has_one(state.screen()) && screen::sentence(state).is_some()
}

fn can_hold(state: &State) -> bool {
    let goes_on = |work: &Work| work.writes() && !work.stopping && !work.holding;
    state.on(Screen::is_work) && state.work.as_ref().is_some_and(goes_on)
}

fn holds(state: &State) -> bool {
    let holds = |work: &Work| work.writes() && !work.stopping && work.holding;
    state.on(Screen::is_work) && state.leaving.is_none() && state.work.as_ref().is_some_and(holds)
}

/// Whether something runs that one cannot see from here.
pub fn runs_elsewhere(state: &State) -> bool {
    state.popups.is_empty() && state.stops() && !state.screen().is_of_work()
}

/// Whether what keeps the run can be left out here.
pub fn can_leave_out(state: &State) -> bool {
    let work = state.work.as_ref();
    let from_plan = || work.is_some_and(|work| !work.undefined().is_empty());
    let from_run = || work.is_some_and(|work| work.keeps().is_some());
    plan::is_idle(state) && from_plan() || state.on(Screen::is_work) && from_run()
}

/// Whether what was left out of a plan can be put into it again.
fn can_take_back(state: &State) -> bool {
    let out = || state.work.as_ref().is_some_and(|work| work.with_undefined().is_some());
    plan::is_idle(state) && !can_leave_out(state) && out()
}

fn can_hand_over(state: &State) -> bool {
    let run = || state.work.as_ref().is_some_and(|work| work.run.is_some());
    state.on(Screen::is_run) || state.on(Screen::is_work) && run()
}

fn has_filter(state: &State) -> bool {
    state.on(Screen::has_filter)
}

fn snapshot_in_view(state: &State) -> bool {
    state.on(Screen::is_snapshot)
}

fn can_look_again(state: &State) -> bool {
    state.on(Screen::can_look_again)
}
