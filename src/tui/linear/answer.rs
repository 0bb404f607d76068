//! A line that somebody typed, as the messages that keys become.

use super::tell::is_letter;
use crate::app::explain;
use crate::tui::keys::{self, Action, Key};
use crate::tui::message::Message;
use crate::tui::screen;
use crate::tui::state::{Popup, Purpose, Screen, State};
use crate::tui::typed::Typed;

/// What a line means.
#[derive(Debug)]
pub(super) enum Answer {
    /// Something for the reducer.
    Tell(Vec<Message>),
    /// The next rows.
    More,
    /// How to answer here.
    Usage,
    /// Words that answer a question about these lines.
    Words(String),
    /// The command that does the same, alone.
    Command,
}

fn act(action: Action) -> Answer {
    Answer::Tell(vec![Message::Act(action)])
}

/// Reads a line.
pub(super) fn read(line: &str, state: &State) -> Answer {
    if let Some(Popup::Field { purpose, text, .. }) = state.popup() {
        return field(line, purpose, text.text().is_empty());
    }
    let word = line.trim();
    if let Some(code) = word.strip_prefix('?') {
        return explain(code.trim());
    }
    if let Some(filter) = word.strip_prefix('/') {
        return match keys::action(Key::Char('/'), state) {
            Some(action) => {
                let words = Message::Submit(Typed::new(filter.trim()));
                Answer::Tell(vec![Message::Act(action), words])
            }
            None => Answer::Words("There is nothing to filter here.".to_owned()),
        };
    }
    if let Ok(number) = word.parse() {
        return self::number(number, state);
    }
    match word.to_lowercase().as_str() {
        "" => act(Action::Choose),
        "b" | "back" | "esc" | "\u{1b}" if state.on(Screen::is_home) => {
            Answer::Words("This is the first screen; q quits.".to_owned())
        }
        "b" | "back" | "esc" | "\u{1b}" => act(Action::Back),
        "q" | "quit" | "exit" => act(Action::Quit),
        "s" | "stop" | "^c" if state.works() => act(Action::Stop),
        "s" | "stop" | "^c" => Answer::Words("Nothing runs that could be stopped.".to_owned()),
        "skip" => match keys::action(Key::Char('s'), state) {
            Some(action) => act(action),
            None => Answer::Words("There is nothing to leave out here.".to_owned()),
        },
        "h" | "help" => act(Action::Help),
        "m" | "more" => Answer::More,
        "c" | "copy" => Answer::Command,
        _ => letter(word, state),
    }
}

/// Whether a line is obeyed while something runs; any other waits until it is asked for.
pub(super) fn acts_meanwhile(line: &str) -> bool {
    let word = line.trim().to_lowercase();
    matches!(
        word.as_str(),
        "b" | "back"
            | "esc"
            | "\u{1b}"
            | "q"
            | "quit"
            | "exit"
            | "s"
            | "stop"
            | "^c"
            | "l"
            | "c"
            | "p"
            | "w"
            | "o"
            | "t"
            | "skip"
    ) || word.starts_with('?')
}

/// A field takes the whole line. Enter alone keeps what is there, else it leaves.
fn field(line: &str, purpose: &Purpose, empty: bool) -> Answer {
    match line.trim() {
        "" if empty && *purpose != Purpose::Filter => act(Action::Back),
        "" => Answer::Tell(vec![Message::Key(Key::Enter)]),
        "-" if !empty => Answer::Tell(vec![Message::Submit(Typed::new(""))]),
        _ => Answer::Tell(vec![Message::Submit(Typed::new(line))]),
    }
}

fn number(number: usize, state: &State) -> Answer {
    let rows = screen::page(state).rows.filter(|rows| rows.cursor.is_some());
    let Some((first, count)) = rows.map(|rows| (rows.first(), rows.count)) else {
        return Answer::Words("There are no numbers here.".to_owned());
    };
    let end = first + count;
    if (first..end).contains(&number) {
        return act(Action::Number(number));
    }
    Answer::Words(format!("The numbers here are {first} to {}.", end - 1))
}

/// Letters are those of the key table, where they are no movement.
fn letter(word: &str, state: &State) -> Answer {
    let mut letters = word.chars();
    let key = letters.next().filter(|_| letters.next().is_none()).map(Key::Char);
    match key.and_then(|key| keys::action(key, state)).filter(|action| is_letter(*action)) {
        Some(action) => act(action),
        None => Answer::Words(format!("{word:?} is no answer here; ? explains.")),
    }
}

fn explain(code: &str) -> Answer {
    if code.is_empty() {
        return Answer::Usage;
    }
    let code = code.to_uppercase();
    Answer::Words(match explain::find(&code) {
        Some(about) => {
            let exit = about.kind.exit_code();
            format!("{}: {} Next: {}. Exit code {exit}.", about.code, about.meaning, about.next)
        }
        None => format!("{code:?} is no code of this program."),
    })
}
