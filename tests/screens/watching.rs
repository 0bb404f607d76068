//! What a replay says of itself while it runs, and how one comes back to it from other screens.

use blackstart::app::event_text;
use blackstart::model::event::Event;
use blackstart::tui::keys::{Action, Key};
use blackstart::tui::message::JobId;
use blackstart::tui::screen;
use blackstart::tui::state::Screen;
use blackstart::tui::theme::Theme;

use crate::fixture::{Person, replaying};
use crate::looks::{drawn, text};

const SIZE: (u16, u16) = (80, 24);

fn shown(person: &Person) -> String {
    text(&drawn(&person.state, Theme::MONOCHROME))
}

fn line(person: &Person, begins: &str) -> String {
    let shown = shown(person);
    let line = shown.lines().find(|line| line.trim_start().starts_with(begins));
    line.unwrap_or_else(|| panic!("no {begins:?} in\n{shown}")).to_owned()
}

/// The objects of a wave of the plan.
fn objects(person: &Person, wave: usize) -> Vec<String> {
    let plan = person.state.work.as_ref().unwrap().plan.as_ref().unwrap();
    plan.waves[wave].objects.iter().map(|item| item.object.to_string()).collect()
}

fn ready(person: &mut Person, id: JobId, object: &str) {
    person.events(id, [Event::Ready { object: object.into() }]);
}

#[test]
fn while_nothing_is_waited_for_the_page_says_what_is_done() {
    let (mut person, id) = replaying(SIZE);
    assert!(shown(&person).contains("Waiting for Deployment pay/api-2"));
    ready(&mut person, id, "Deployment pay/api-2");
    let said = shown(&person);
    assert!(said.contains("Applying wave 2, foundations: 1 of 2."), "{said}");
    assert!(said.contains("Esc leaves it running"), "{said}");
    let left = objects(&person, 1).remove(1);
    person.events(id, [Event::Applied { object: left, action: "created", warnings: vec![] }]);
    let said = shown(&person);
    assert!(said.contains("Wave 2, foundations, is applied and becomes ready."), "{said}");
    person.events(id, [Event::WaveFinished { wave: 2, open: 0, millis: 10 }]);
    assert!(shown(&person).contains("Wave 3, apps, comes next."), "{}", shown(&person));
    person.events(id, [Event::WaveStarted { wave: 3, stage: "apps", objects: 4 }]);
    assert!(shown(&person).contains("Applying wave 3, apps: 1 of 4."), "{}", shown(&person));
}

#[test]
fn what_is_waited_for_goes_when_it_is_applied_or_given_up() {
    let of = "Deployment pay/api-2";
    let held = Event::ObjectHeld { object: of.into(), needs: "x".into() };
    let failed = Event::ObjectFailed { object: of.into(), code: "B1505", why: "late".into() };
    for event in [Event::Ready { object: of.into() }, held, failed] {
        let (mut person, id) = replaying(SIZE);
        person.events(id, [Event::Ready { object: "Namespace pay".into() }]);
        assert!(shown(&person).contains("Waiting for"), "of another: {}", shown(&person));
        person.events(id, [event]);
        assert!(!shown(&person).contains("Waiting for"), "{}", shown(&person));
    }
}

#[test]
fn a_wave_of_which_nothing_is_left_is_done_or_open_and_never_waits() {
    let (mut person, id) = replaying(SIZE);
    let mut third = objects(&person, 2);
    third.retain(|object| object != "Deployment pay/api-2");
    assert!(line(&person, "3   ").contains("waiting"));
    assert!(!shown(&person).contains("Waves overlap"));
    let hold = |object: &String| Event::ObjectHeld { object: object.clone(), needs: "x".into() };
    person.events(id, third.iter().map(hold));
    let said = line(&person, "3   ");
    assert!(said.contains("OPEN") && said.contains(" 1/4 ") && said.contains("3 open"), "{said}");
    assert!(shown(&person).contains("Waves overlap"), "{}", shown(&person));

    // One that was there and is given up later is counted once.
    let (mut person, id) = replaying(SIZE);
    let object = "Deployment pay/api-2".to_owned();
    let late = Event::ObjectFailed { object, code: "B1505", why: "late".into() };
    person.events(id, [late]);
    let said = line(&person, "3   ");
    assert!(said.contains(" 1/4 ") && said.contains("1 open"), "{said}");
}

#[test]
fn every_other_screen_says_that_it_goes_on_and_one_key_leads_back() {
    let (mut person, _) = replaying(SIZE);
    let words = "replay onto prd-eu1 goes on: 3/7; w shows it.";
    assert!(!shown(&person).contains("goes on: "));
    // Help lies on the page of the run, and w takes it away.
    person.act(Action::Help);
    assert!(shown(&person).contains(words), "{}", shown(&person));
    let depth = person.state.views.len();
    person.press(Key::Char('w'));
    assert_eq!((person.state.screen(), person.state.views.len()), (&Screen::Work, depth - 1));
    // From home to somewhere else, and back.
    while *person.state.screen() != Screen::Home {
        person.press(Key::Esc);
    }
    assert!(!shown(&person).contains(words) && shown(&person).contains("Go back to what runs"));
    assert_eq!(screen::page(&person.state).rows.unwrap().cursor, Some(0), "on what runs");
    person.press(Key::Char('5'));
    assert_eq!(*person.state.screen(), Screen::Look);
    assert!(shown(&person).contains(words), "{}", shown(&person));
    person.press(Key::Char('w'));
    assert_eq!(*person.state.screen(), Screen::Work);
}

#[test]
fn a_hold_is_told_where_it_matters_and_nowhere_else() {
    let (mut person, _) = replaying(SIZE);
    person.press(Key::Char('p'));
    assert!(shown(&person).contains("p takes it back"), "{}", shown(&person));
    while *person.state.screen() != Screen::Home {
        person.press(Key::Esc);
    }
    assert!(shown(&person).contains("Holding once"), "{}", shown(&person));
    person.press(Key::Char('5'));
    assert!(!shown(&person).contains("Holding once"), "{}", shown(&person));
}

#[test]
fn what_waits_beside_is_told_with_the_way_out() {
    let (person, _) = replaying(SIZE);
    let said = shown(&person);
    assert!(said.contains(&event_text::beside(0, 3).unwrap()), "{said}");
    assert!(said.contains("go on without it: s"), "{said}");
    for key in ["Esc=back", "c=copy", "^C=stop", "p=hold"] {
        assert!(said.contains(key), "{key} in\n{said}");
    }
}

#[test]
fn help_says_what_a_key_does_and_the_filter_finds_it() {
    let (mut person, _) = replaying(SIZE);
    person.press(Key::Char('?'));
    person.act(Action::Filter);
    person.type_in("incident chat");
    person.press(Key::Enter);
    let said = shown(&person);
    assert!(said.contains(" > t             tell: Shows and copies one sentence"), "{said}");
    let words = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("how far it is and what it waits for, or how"), "whole below: {said}");
}

#[test]
fn what_was_copied_is_named() {
    let (mut person, _) = replaying(SIZE);
    person.press(Key::Char('t'));
    let said = shown(&person);
    assert!(said.contains("It was copied") && said.contains("The replay onto"), "{said}");
    person.press(Key::Esc);
    person.press(Key::Char('c'));
    let said = shown(&person);
    assert!(said.contains("Copied the command") && said.contains(": blackstart replay"), "{said}");
}
