//! The keys: one table that decides what they do, what the bar at the bottom says and what help
//! lists. Letters, digits, Enter, Esc and arrows only; nothing that writes is on a single key.

use super::screen::plan;
use super::state::{Confirming, Popup, Screen, State};
use super::work::Work;

/// A key, as far as it means something here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// A character.
    Char(char),
    /// Enter.
    Enter,
    /// Esc.
    Esc,
    /// Arrow up.
    Up,
    /// Arrow down.
    Down,
    /// Arrow left.
    Left,
    /// Arrow right.
    Right,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// Home.
    Home,
    /// End.
    End,
    /// Backspace.
    Backspace,
    /// Delete.
    Delete,
    /// Ctrl-U: take away all that was typed.
    Clear,
    /// Ctrl-C.
    Interrupt,
    /// Ctrl-L: draw everything anew.
    Redraw,
}

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Show the keys and words of this screen.
    Help,
    /// Take the row under the cursor, or go on.
    Choose,
    /// Take the row of this number.
    Number(usize),
    /// One row up.
    Up,
    /// One row down.
    Down,
    /// A screen up.
    PageUp,
    /// A screen down.
    PageDown,
    /// To the first row.
    First,
    /// To the last row.
    Last,
    /// Type what rows must contain.
    Filter,
    /// Look again.
    Again,
    /// Verify this snapshot.
    Verify,
    /// Verify every object of this snapshot.
    VerifyFull,
    /// Take repositories out.
    Extract,
    /// Give a name to a cluster.
    Add,
    /// Plan anew, with the folders that engines follow.
    Widen,
    /// Show what would change, object by object.
    Objects,
    /// Show what has been said so far.
    Log,
    /// Copy the command.
    Copy,
    /// Copy the sentence to tell.
    Tell,
    /// Go back.
    Back,
    /// Begin no further wave.
    Hold,
    /// Take that back.
    GoOn,
    /// Show what runs.
    Watch,
    /// Leave out what keeps the run, for a reason.
    LeaveOut,
    /// Show the page for whoever takes over.
    HandOver,
    /// Ask a cluster who it is and what one may do there.
    Test,
    /// Leave the program.
    Quit,
    /// Stop safely, or leave when nothing runs.
    Stop,
    /// Draw everything anew.
    Redraw,
}

/// One line of the table.
#[derive(Clone, Copy)]
pub struct Binding {
    /// The keys.
    pub keys: &'static [Key],
    /// How they are shown.
    pub shown: &'static str,
    /// What they do, in a word or two.
    pub words: &'static str,
    /// What they do.
    pub action: Action,
    /// Whether the bar shows it; help shows all.
    pub in_bar: bool,
    /// When they do it.
    pub when: fn(&State) -> bool,
}

/// A key and what it does, for bar and help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hint {
    /// The keys, as they are shown.
    pub shown: &'static str,
    /// What they do.
    pub words: &'static str,
    /// What they do.
    pub action: Action,
    /// Whether the bar shows it.
    pub in_bar: bool,
}

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
) -> Binding {
    Binding { keys, shown, words, action, in_bar: true, when }
}

const fn quiet(binding: Binding) -> Binding {
    Binding { in_bar: false, ..binding }
}

/// Every key of every screen, most important first. Typed fields own the keyboard and are not here.
pub static KEYS: &[Binding] = &[
    bind(&[Key::Char('?')], "?", "help", Action::Help, has_help),
    bind(&[Key::Enter], "Enter", "choose", Action::Choose, has_choices),
    bind(&[Key::Enter], "Enter", "plan", Action::Choose, plans),
    bind(&[Key::Enter], "Enter", "test", Action::Choose, tests),
    bind(&[Key::Enter], "Enter", "open", Action::Choose, opens),
    bind(&[Key::Enter], "Enter", "type the name", Action::Choose, can_confirm),
    bind(&[Key::Enter], "Enter", "leave", Action::Choose, nothing_to_do),
    bind(&[Key::Enter], "Enter", "go on", Action::Choose, goes_on),
    bind(&[Key::Interrupt], "^C", "stop", Action::Stop, State::stops),
    quiet(bind(DIGITS, "0-9", "choose", Action::Number(1), has_choices)),
    bind(&[Key::Char('a')], "a", "add folders", Action::Widen, can_widen),
    bind(&[Key::Char('d')], "d", "diff", Action::Objects, |state| state.on(Screen::is_plan)),
    bind(&[Key::Char('v')], "v", "verify", Action::Verify, snapshot_in_view),
    bind(&[Key::Char('f')], "f", "verify all", Action::VerifyFull, snapshot_in_view),
    bind(&[Key::Char('x')], "x", "extract", Action::Extract, |state| state.on(Screen::is_repos)),
    bind(&[Key::Char('t')], "t", "test", Action::Test, |state| state.on(Screen::is_targets)),
    bind(&[Key::Char('a')], "a", "add", Action::Add, |state| state.on(Screen::is_targets)),
    bind(&[Key::Char('p')], "p", "hold", Action::Hold, can_hold),
    bind(&[Key::Char('p')], "p", "no hold", Action::GoOn, holds),
    bind(&[Key::Char('s')], "s", "leave out", Action::LeaveOut, can_leave_out),
    bind(&[Key::Char('l')], "l", "log", Action::Log, |state| state.on(Screen::is_work)),
    bind(&[Key::Char('o')], "o", "hand over", Action::HandOver, can_hand_over),
    bind(&[Key::Char('/')], "/", "filter", Action::Filter, has_filter),
    bind(&[Key::Char('r')], "r", "look again", Action::Again, can_look_again),
    bind(&[Key::Char('t')], "t", "tell", Action::Tell, has_sentence),
    bind(&[Key::Char('c')], "c", "copy", Action::Copy, no_popup),
    quiet(bind(&[Key::Char('w')], "w", "what runs", Action::Watch, runs_elsewhere)),
    quiet(bind(&[Key::Interrupt], "^C", "quit", Action::Stop, |state| !state.stops())),
    bind(&[Key::Esc, Key::Left], "Esc", "back", Action::Back, |state| !state.on(Screen::is_home)),
    bind(&[Key::Char('q')], "q", "quit", Action::Quit, |state| state.on(Screen::is_home)),
    quiet(bind(&[Key::Char('q')], "q", "back", Action::Back, |state| !state.on(Screen::is_home))),
    quiet(bind(&[Key::Up, Key::Char('k')], "up, k", "up", Action::Up, always)),
    quiet(bind(&[Key::Down, Key::Char('j')], "down, j", "down", Action::Down, always)),
    quiet(bind(&[Key::PageUp], "PgUp", "a screen up", Action::PageUp, always)),
    quiet(bind(
        &[Key::PageDown, Key::Char(' ')],
        "PgDn, space",
        "a screen down",
        Action::PageDown,
        always,
    )),
    quiet(bind(&[Key::Home, Key::Char('g')], "Home, g", "to the top", Action::First, always)),
    quiet(bind(&[Key::End, Key::Char('G')], "End, G", "to the end", Action::Last, always)),
    quiet(bind(&[Key::Redraw], "^L", "draw anew", Action::Redraw, always)),
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

fn plans(state: &State) -> bool {
    state.on(Screen::is_targets) && !state.only_looks()
}

fn tests(state: &State) -> bool {
    state.on(Screen::is_targets) && state.only_looks()
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

fn nothing_to_do(state: &State) -> bool {
    has_plan(state, true) && !plan::asks(state)
}

fn goes_on(state: &State) -> bool {
    let ended = state.on(Screen::is_work) && !state.works() || state.on(Screen::is_run);
    matches!(state.popup(), Some(Popup::Problem(_))) || ended || state.on(Screen::is_read)
}

fn has_sentence(state: &State) -> bool {
    state.on(Screen::is_work) && state.work.as_ref().is_some_and(Work::replays)
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

fn can_hand_over(state: &State) -> bool {
    state.on(Screen::is_work) && state.work.as_ref().is_some_and(|work| work.run.is_some())
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

/// Returns what a key does now.
pub fn action(key: Key, state: &State) -> Option<Action> {
    let binding = KEYS.iter().find(|one| one.keys.contains(&key) && (one.when)(state))?;
    Some(match (binding.action, key) {
        (Action::Number(_), Key::Char(digit)) => Action::Number(digit.to_digit(10)? as usize),
        (action, _) => action,
    })
}

/// Returns the keys that do something now.
pub fn hints(state: &State) -> Vec<Hint> {
    let here = KEYS.iter().filter(|binding| (binding.when)(state));
    here.map(|one| Hint {
        shown: one.shown,
        words: one.words,
        action: one.action,
        in_bar: one.in_bar,
    })
    .collect()
}

/// Returns the places in the table of what does something now, whatever lies on top.
pub fn places(state: &State) -> Vec<usize> {
    let all = KEYS.iter().enumerate();
    all.filter(|(_, binding)| (binding.when)(state)).map(|(place, _)| place).collect()
}

/// Returns the keys of a field.
pub fn field_hints(stops: bool) -> Vec<Hint> {
    let hint = |shown, words, action| Hint { shown, words, action, in_bar: true };
    vec![
        hint("Enter", "done", Action::Choose),
        hint("Esc", "leave", Action::Back),
        hint("^C", if stops { "stop" } else { "quit" }, Action::Stop),
    ]
}

/// Returns the keys of `hints` that fit in `width`, the first always among them.
pub fn bar(hints: &[Hint], width: usize) -> String {
    let mut bar = String::new();
    for hint in hints.iter().filter(|hint| hint.in_bar) {
        let piece = format!(" {}={}", hint.shown, hint.words);
        if bar.is_empty() || bar.chars().count() + piece.chars().count() <= width {
            bar.push_str(&piece);
        }
    }
    bar
}
