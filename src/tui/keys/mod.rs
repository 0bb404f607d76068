//! The keys: one table that decides what they do, what the bar at the bottom says and what help
//! lists. Letters, digits, Enter, Esc and arrows only; nothing that writes is on a single key.

mod table;

pub use table::{KEYS, can_leave_out, runs_elsewhere};

use super::state::State;

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
    /// Tab: complete what is typed.
    Tab,
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
    /// Complete the path that is typed.
    Complete,
    /// Take away all that is typed.
    Clear,
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
    /// What happens then, what is written, and how it is undone: a sentence for help.
    pub means: &'static str,
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
pub fn field_hints(stops: bool, path: bool) -> Vec<Hint> {
    let hint = |shown, words, action| Hint { shown, words, action, in_bar: true };
    let tab = path.then(|| hint("Tab", "complete", Action::Complete));
    let mut hints = vec![hint("Enter", "done", Action::Choose)];
    hints.extend(tab);
    hints.extend([
        hint("Esc", "leave", Action::Back),
        hint("^U", "clear", Action::Clear),
        hint("^C", if stops { "stop" } else { "quit" }, Action::Stop),
    ]);
    hints
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
