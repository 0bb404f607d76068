//! Every key on every screen, as it was approved in `keys.txt`; keys that are not in the table do
//! nothing anywhere.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use blackstart::tui::job::Job;
use blackstart::tui::keys::{self, KEYS, Key};
use blackstart::tui::message::{Effect, Message};
use blackstart::tui::screen;
use blackstart::tui::state::{Popup, Screen, State};

use crate::fixture::{Person, SCREENS, screens};

const SIZE: (u16, u16) = (80, 24);

/// Every key that the terminal can give.
fn every_key() -> Vec<Key> {
    let mut keys: Vec<Key> = (' '..='~').map(Key::Char).collect();
    keys.extend([
        Key::Enter,
        Key::Esc,
        Key::Up,
        Key::Down,
        Key::Left,
        Key::Right,
        Key::PageUp,
        Key::PageDown,
        Key::Home,
        Key::End,
        Key::Backspace,
        Key::Delete,
        Key::Clear,
        Key::Interrupt,
        Key::Redraw,
    ]);
    keys
}

fn where_one_is(state: &State) -> String {
    let popup = state.popup().map_or("", |popup| match popup {
        Popup::Field { .. } => " +field",
        Popup::Choice { .. } => " +choice",
        Popup::Problem(_) => " +problem",
        Popup::Leave { .. } => " +leave",
    });
    let view = state.view().unwrap();
    let typed = screen::page(state).entry.and_then(|entry| entry.text.map(str::to_owned));
    let typed = typed.map_or_else(String::new, |typed| format!(" {typed:?}"));
    let scroll = view.scroll.map_or_else(String::new, |scroll| format!(" scrolled {scroll}"));
    let shown = match &view.screen {
        Screen::Help(of, _) => format!("Help({of:?})"),
        screen => format!("{screen:?}"),
    };
    // How many codes there are to be explained changes from week to week.
    let last = screen::page(state).rows.is_some_and(|rows| rows.count == view.cursor + 1);
    let row = match (&view.screen, last) {
        (Screen::Help(..), true) => "the last".to_owned(),
        _ => view.cursor.to_string(),
    };
    format!("{shown} row {row}{scroll}{popup}{typed}")
}

fn word(effect: &Effect) -> String {
    match effect {
        Effect::Start(_, job) => format!("starts {}", job.verb()),
        Effect::Stop(_) => "asks to stop".to_owned(),
        Effect::Hold(_) => "asks to hold".to_owned(),
        Effect::GoOn(_) => "takes the hold back".to_owned(),
        Effect::Reply(_, None) => "answers nothing".to_owned(),
        Effect::Reply(_, Some(_)) => "ANSWERS".to_owned(),
        Effect::Copy(line) => format!("copies {line}"),
        Effect::Path(question) => format!("looks at {question:?}"),
        Effect::Repaint => "repaints".to_owned(),
        Effect::Quit(ending) => format!("quits {}", ending.code),
    }
}

/// What a key does on a screen, in words; none when it does nothing at all.
fn does(person: &mut Person, key: Key) -> Option<String> {
    let before = where_one_is(&person.state);
    let choices = before.clone();
    person.effects.clear();
    person.press(key);
    let after = where_one_is(&person.state);
    let effects: Vec<String> = person.effects.iter().map(word).collect();
    let draft = format!("{:?}", person.state.draft.class);
    let moved = if after == choices { String::new() } else { format!("-> {after}") };
    let changed = if draft == "Production" { String::new() } else { format!("class {draft}") };
    let words = [moved, effects.join(", "), changed].into_iter().filter(|word| !word.is_empty());
    let words: Vec<String> = words.collect();
    (!words.is_empty()).then(|| words.join("; "))
}

#[test]
fn every_key_does_on_every_screen_what_was_approved() {
    let mut text = String::new();
    for (name, at) in SCREENS {
        let mut idle = 0;
        let _ = writeln!(text, "{name}");
        for key in every_key() {
            match does(&mut at(SIZE), key) {
                Some(words) => {
                    let _ = writeln!(text, "  {key:?}: {words}");
                }
                None => idle += 1,
            }
        }
        let _ = writeln!(text, "  {idle} other keys: nothing");
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/screens/keys.txt");
    if std::env::var_os("BLACKSTART_WRITE_SCREENS").is_some() {
        fs::write(&path, &text).unwrap();
        return;
    }
    let approved = fs::read_to_string(&path).unwrap_or_default();
    assert!(approved == text, "keys.txt was approved as\n{approved}\nand is now\n{text}");
}

#[test]
fn keys_that_are_not_in_the_table_do_nothing() {
    let known: BTreeSet<String> =
        KEYS.iter().flat_map(|one| one.keys).map(|key| format!("{key:?}")).collect();
    let unknown = every_key().into_iter().filter(|key| !known.contains(&format!("{key:?}")));
    let unknown: Vec<Key> = unknown.collect();
    assert!(unknown.contains(&Key::Char('D')) && unknown.contains(&Key::Backspace));
    for (name, mut person) in screens(SIZE).into_iter().filter(|(_, one)| !one.state.types()) {
        for key in &unknown {
            assert_eq!(does(&mut person, *key), None, "{name}: {key:?}");
        }
    }
}

#[test]
fn no_single_key_writes_to_a_target() {
    for (name, at) in SCREENS {
        for key in every_key() {
            let mut person = at(SIZE);
            person.effects.clear();
            person.press(key);
            let writes = person.effects.iter().any(|effect| match effect {
                Effect::Reply(_, Some(_)) => true,
                // What goes on was bound by its target's name when it began.
                Effect::Start(_, Job::Resume(_)) => !["run", "held", "incomplete"].contains(name),
                Effect::Start(_, job) => job.writes() && *name != "targets",
                _ => false,
            });
            assert!(!writes, "{name}: {key:?}");
        }
    }
}

#[test]
fn bar_and_help_say_what_the_table_does() {
    for (name, person) in screens(SIZE).into_iter().filter(|(_, one)| !one.state.types()) {
        for hint in keys::hints(&person.state) {
            let binding =
                KEYS.iter().find(|one| one.shown == hint.shown && one.words == hint.words);
            let binding = binding.unwrap();
            // The first binding of a key wins; what is shown must be that one.
            let first = binding.keys.iter().any(|key| {
                KEYS.iter()
                    .find(|one| one.keys.contains(key) && (one.when)(&person.state))
                    .is_some_and(|one| std::ptr::eq(one, binding))
            });
            assert!(first, "{name}: {}={} is shadowed", hint.shown, hint.words);
        }
        for width in [40, 80, 120] {
            let bar = keys::bar(&keys::hints(&person.state), width);
            let all = keys::hints(&person.state);
            let help = all.iter().any(|hint| hint.shown == "?");
            assert!(bar.len() <= width && (!help || bar.starts_with(" ?=help")), "{name}: {bar}");
        }
    }
}

#[test]
fn a_terminal_that_is_too_small_takes_no_keys_but_the_end() {
    for key in every_key() {
        let mut person = Person::home((30, 24));
        person.effects.clear();
        person.press(key);
        let words: Vec<String> = person.effects.iter().map(word).collect();
        match key {
            Key::Interrupt => assert_eq!(words, ["quits 130"]),
            Key::Redraw => assert_eq!(words, ["repaints"]),
            _ => {
                assert!(words.is_empty() && where_one_is(&person.state) == "Home row 0", "{key:?}");
            }
        }
    }
    let mut person = Person::home((30, 24));
    person.tell(Message::Resize(80, 24));
    person.press(Key::Char('?'));
    assert!(where_one_is(&person.state).starts_with("Help"));
}
