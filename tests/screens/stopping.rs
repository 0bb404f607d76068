//! Leaving: safely, twice, by signals, and by a bug.

use blackstart::app::Told;
use blackstart::app::signals::Signal;
use blackstart::model::explain::Kind;
use blackstart::tui::job::Report;
use blackstart::tui::keys::{Action, Key};
use blackstart::tui::message::{Effect, Message, Question, Wants};
use blackstart::tui::state::Screen;
use blackstart::tui::theme::Theme;

use crate::fixture::{Person, plan_of, replaying, verified};
use crate::looks::{drawn, text};

const SIZE: (u16, u16) = (80, 24);

fn interrupted() -> Told {
    Told {
        code: "B0101",
        kind: Kind::Interrupted,
        what: "stopped on request, at a safe point".into(),
        done: Some("wave 1 is done".into()),
        next: "run the same command again when you are ready".into(),
    }
}

#[test]
fn the_first_interrupt_asks_the_core_and_says_so_the_second_leaves() {
    let (mut person, id) = replaying(SIZE);
    person.effects.clear();
    person.press(Key::Interrupt);
    assert!(matches!(person.effects[..], [Effect::Stop(stopped)] if stopped == id));
    let said = text(&drawn(&person.state, Theme::MONOCHROME));
    assert!(said.contains("Stopping replay at the next safe point."), "{said}");
    person.effects.clear();
    person.press(Key::Interrupt);
    match &person.effects[..] {
        [Effect::Quit(ending)] => {
            assert_eq!(ending.code, 130);
            assert!(ending.lines[0].contains("what is done stays"), "{ending:?}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn work_that_stopped_shows_how_and_one_goes_on_from_there() {
    let (mut person, id) = replaying(SIZE);
    person.press(Key::Interrupt);
    person.effects.clear();
    person.tell(Message::Done(id, Box::new(Err(interrupted()))));
    assert!(person.effects.is_empty());
    let said = text(&drawn(&person.state, Theme::MONOCHROME));
    assert!(said.contains("stopped on request") && said.contains("wave 1 is done"), "{said}");
    person.press(Key::Interrupt);
    assert!(matches!(&person.effects[..], [Effect::Quit(ending)] if ending.code == 130));
}

#[test]
fn when_the_terminal_goes_the_work_comes_to_a_safe_point_first() {
    for (signal, code) in [(Signal::HangUp, 129), (Signal::Terminate, 143)] {
        let (mut person, id) = replaying(SIZE);
        person.effects.clear();
        person.tell(Message::Signal(signal));
        assert!(matches!(person.effects[..], [Effect::Stop(_)]), "{:?}", person.effects);
        person.effects.clear();
        person.tell(Message::Done(id, Box::new(Err(interrupted()))));
        match &person.effects[..] {
            [Effect::Quit(ending)] => {
                assert_eq!(ending.code, code);
                assert!(ending.lines.iter().any(|line| line.contains("safe point")), "{ending:?}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_terminal_that_goes_twice_still_waits() {
    let (mut person, _) = replaying(SIZE);
    person.effects.clear();
    person.tell(Message::Signal(Signal::HangUp));
    person.tell(Message::Signal(Signal::HangUp));
    let quits = person.effects.iter().any(|effect| matches!(effect, Effect::Quit(_)));
    assert!(!quits, "{:?}", person.effects);
}

#[test]
fn whoever_waits_for_an_answer_is_told_that_nobody_gives_one() {
    let (mut person, job) = Person::plan(SIZE, plan_of(3));
    person.effects.clear();
    person.press(Key::Interrupt);
    let answers = person.effects.iter().filter(|one| matches!(one, Effect::Reply(7, None))).count();
    assert_eq!(answers, 1, "{:?}", person.effects);
    // A question that comes too late has the same answer.
    person.effects.clear();
    let wants = Wants::Passphrase;
    person.tell(Message::Question(Question { id: 8, job, text: "more".into(), wants }));
    assert!(matches!(person.effects[..], [Effect::Reply(8, None)]));
}

#[test]
fn leaving_while_something_runs_asks_and_no_is_the_default() {
    let (mut person, id) = replaying(SIZE);
    while !matches!(person.state.screen(), Screen::Home) {
        person.press(Key::Esc);
    }
    person.effects.clear();
    person.press(Key::Char('q'));
    assert!(person.effects.is_empty());
    person.press(Key::Enter);
    assert!(person.effects.is_empty() && person.state.popups.is_empty());
    // It is offered first, and one is back where one was.
    person.act(Action::Number(0));
    assert_eq!(*person.state.screen(), Screen::Work);
    person.press(Key::Esc);
    person.press(Key::Char('q'));
    person.press(Key::Char('2'));
    assert!(matches!(person.effects[..], [Effect::Stop(stopped)] if stopped == id));
    person.effects.clear();
    person.tell(Message::Done(id, Box::new(Ok(Report::Verify(verified())))));
    assert!(matches!(&person.effects[..], [Effect::Quit(ending)] if ending.code == 130));
}

#[test]
fn quitting_with_nothing_running_leaves_what_was_copied_on_the_normal_screen() {
    let mut person = Person::home(SIZE);
    person.press(Key::Char('c'));
    person.effects.clear();
    person.press(Key::Char('q'));
    match &person.effects[..] {
        [Effect::Quit(ending)] => {
            assert_eq!(
                (ending.code, ending.lines.as_slice()),
                (0, ["copied: blackstart assess".to_owned()].as_slice())
            );
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_bug_ends_with_its_own_code_and_is_told() {
    let (mut person, id) = replaying(SIZE);
    person.effects.clear();
    person.tell(Message::Broken(id, "index out of bounds".into()));
    match &person.effects[..] {
        [Effect::Quit(ending)] => {
            assert_eq!(ending.code, 70);
            assert!(ending.lines[0].contains("index out of bounds"));
        }
        other => panic!("{other:?}"),
    }
}
