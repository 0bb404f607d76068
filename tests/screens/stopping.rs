//! Leaving: safely, twice, by signals, and by a bug.

use blackstart::app::replay::{Outcome, Verdict};
use blackstart::app::signals::Signal;
use blackstart::model::event::Event;
use blackstart::tui::job::{Job, Report};
use blackstart::tui::keys::{Action, Key};
use blackstart::tui::message::{Effect, Message, Question, Wants};
use blackstart::tui::state::Screen;
use blackstart::tui::theme::Theme;

use crate::fixture::{
    Person, RUN, ended, interrupted, plan_of, replayed, replaying, resumed, snapshotting, verified,
};
use crate::looks::{drawn, text};

const SIZE: (u16, u16) = (80, 24);

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
    assert!(said.contains("Enter resumes the run, Esc goes back"), "{said}");
    let (mut again, id) = replaying(SIZE);
    again.tell(Message::Done(id, Box::new(Err(interrupted()))));
    again.press(Key::Enter);
    assert_eq!(again.begun().1.line(), format!("blackstart resume {RUN} --identity ada.key"));
    person.press(Key::Interrupt);
    assert!(matches!(&person.effects[..], [Effect::Quit(ending)] if ending.code == 130));
}

#[test]
fn a_request_to_end_stops_the_work_at_a_safe_point_first() {
    let (mut person, id) = replaying(SIZE);
    person.effects.clear();
    person.tell(Message::Signal(Signal::Terminate));
    assert!(matches!(person.effects[..], [Effect::Stop(_)]), "{:?}", person.effects);
    person.effects.clear();
    person.tell(Message::Done(id, Box::new(Err(interrupted()))));
    match &person.effects[..] {
        [Effect::Quit(ending)] => {
            assert_eq!(ending.code, 143);
            assert!(ending.lines.iter().any(|line| line.contains("safe point")), "{ending:?}");
        }
        other => panic!("{other:?}"),
    }
}

/// A run that was held behind its second wave.
fn held() -> Report {
    let outcome = Outcome { created: 4, open: 3, held_after: Some(2), ..Outcome::default() };
    Report::Replay(replayed(Verdict::Incomplete, outcome))
}

#[test]
fn when_the_terminal_goes_the_wave_is_finished_first() {
    let (mut person, id) = replaying(SIZE);
    person.effects.clear();
    person.tell(Message::Signal(Signal::HangUp));
    assert!(matches!(person.effects[..], [Effect::Hold(held)] if held == id));
    person.effects.clear();
    person.tell(Message::Done(id, Box::new(Ok(held()))));
    match &person.effects[..] {
        [Effect::Quit(ending)] => {
            assert_eq!(ending.code, 129);
            let words = ending.lines.join("\n");
            assert!(words.contains("HELD") && words.contains("blackstart resume"), "{words}");
        }
        other => panic!("{other:?}"),
    }
    // What has no waves stops where that is safe.
    let mut person = snapshotting(SIZE);
    person.effects.clear();
    person.tell(Message::Signal(Signal::HangUp));
    assert!(matches!(person.effects[..], [Effect::Stop(_)]), "{:?}", person.effects);
}

#[test]
fn a_run_is_held_behind_its_wave_by_one_key_and_stopped_by_another() {
    let (mut person, id) = replaying(SIZE);
    person.effects.clear();
    person.press(Key::Char('p'));
    assert!(matches!(person.effects[..], [Effect::Hold(held)] if held == id));
    let said = text(&drawn(&person.state, Theme::MONOCHROME));
    assert!(said.contains("HOLDING AFTER THIS WAVE"), "{said}");
    person.effects.clear();
    // The same key takes it back, and asks again.
    person.press(Key::Char('p'));
    assert!(matches!(person.effects[..], [Effect::GoOn(held)] if held == id));
    assert!(!text(&drawn(&person.state, Theme::MONOCHROME)).contains("HOLDING"));
    person.press(Key::Char('p'));
    // What the core says of it counts.
    person.events(id, [Event::Holding { after: None }]);
    assert!(!text(&drawn(&person.state, Theme::MONOCHROME)).contains("HOLDING"));
    person.events(id, [Event::Holding { after: Some(2) }]);
    assert!(text(&drawn(&person.state, Theme::MONOCHROME)).contains("HOLDING"));
    person.tell(Message::Done(id, Box::new(Ok(held()))));
    let said = text(&drawn(&person.state, Theme::MONOCHROME));
    assert!(said.contains("HELD: what is there stays"), "{said}");
    assert!(said.contains(&format!("same as:  blackstart resume {RUN}")), "{said}");

    let (mut person, id) = replaying(SIZE);
    person.press(Key::Char('p'));
    person.effects.clear();
    person.press(Key::Interrupt);
    assert!(matches!(person.effects[..], [Effect::Stop(stopped)] if stopped == id));
}

/// Leaves out what is waited for, with a reason.
fn leave_out(person: &mut Person) {
    person.press(Key::Char('s'));
    person.press(Key::Enter);
    assert!(person.state.types(), "a reason is needed");
    person.type_in("no node is large enough");
    person.effects.clear();
    person.press(Key::Enter);
}

#[track_caller]
fn goes_on_without(person: &mut Person, object: &str) {
    let (_, job) = person.begun();
    let Job::Resume(request) = &job else { panic!("{job:?}") };
    assert_eq!(request.run.as_deref(), Some(RUN));
    let skips = &request.options.choices.skip;
    assert_eq!(skips.len(), 1);
    assert_eq!(skips[0].object.to_string(), object);
    assert_eq!(
        job.line(),
        format!(
            "blackstart resume {RUN} --identity ada.key --skip {object} --reason 'no node is large \
             enough'"
        )
    );
}

#[test]
fn what_is_waited_for_is_left_out_once_the_run_has_stopped_safely() {
    let (mut person, id) = replaying(SIZE);
    leave_out(&mut person);
    assert!(matches!(person.effects[..], [Effect::Stop(stopped)] if stopped == id));
    person.effects.clear();
    person.tell(Message::Done(id, Box::new(Err(interrupted()))));
    goes_on_without(&mut person, "Deployment/pay/api-2");
    assert!(person.state.works() && person.state.going_on.is_none());

    // What has come to its end meanwhile needs nothing more.
    let (mut person, id) = replaying(SIZE);
    leave_out(&mut person);
    person.effects.clear();
    let complete = replayed(Verdict::Complete, Outcome { created: 7, ..Outcome::default() });
    person.tell(Message::Done(id, Box::new(Ok(Report::Replay(complete)))));
    assert!(person.effects.is_empty() && !person.state.works());
}

#[test]
fn what_was_given_up_is_left_out_after_the_end_too() {
    let late = blackstart::app::replay::Pending {
        object: "Deployment pay/api-2".into(),
        why: "not ready within 300 s".into(),
    };
    let outcome = Outcome { created: 6, not_ready: vec![late], ..Outcome::default() };
    let mut person = ended(SIZE, Verdict::Incomplete, outcome);
    leave_out(&mut person);
    goes_on_without(&mut person, "Deployment/pay/api-2");
}

#[test]
fn what_is_not_complete_is_resumed_by_enter_and_left_by_esc() {
    let outcome = Outcome { created: 6, open: 1, ..Outcome::default() };
    let mut person = ended(SIZE, Verdict::Incomplete, outcome.clone());
    let said = text(&drawn(&person.state, Theme::MONOCHROME));
    assert!(said.contains("Enter resumes the run") && said.contains(" Enter=resume "), "{said}");
    person.effects.clear();
    person.press(Key::Enter);
    let (_, job) = person.begun();
    assert_eq!(job.line(), format!("blackstart resume {RUN} --identity ada.key"));
    assert_eq!(*person.state.screen(), Screen::Work);
    let mut person = ended(SIZE, Verdict::Incomplete, outcome);
    person.press(Key::Esc);
    assert_eq!(*person.state.screen(), Screen::Targets);
    // What is complete needs nothing more.
    let outcome = Outcome { created: 7, ..Outcome::default() };
    let mut person = ended(SIZE, Verdict::Complete, outcome);
    person.press(Key::Enter);
    assert_eq!(*person.state.screen(), Screen::Home);
}

#[test]
fn after_a_replay_the_first_screen_looks_anew() {
    let outcome = Outcome { created: 7, ..Outcome::default() };
    let mut person = ended(SIZE, Verdict::Complete, outcome);
    person.effects.clear();
    while !matches!(person.state.screen(), Screen::Home) {
        person.press(Key::Esc);
    }
    let mut verbs: Vec<&str> = person
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Start(_, job) => Some(job.verb()),
            _ => None,
        })
        .collect();
    verbs.sort_unstable();
    assert_eq!(verbs, ["assess", "runs", "status"]);
}

#[test]
fn a_run_that_goes_on_counts_from_what_is_done() {
    let (person, _) = resumed(SIZE);
    let said = text(&drawn(&person.state, Theme::MONOCHROME));
    for words in ["3/7 applied", "since it was resumed", "1 left out", "uid 7c1e90aa"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let sentence = blackstart::tui::screen::sentence(&person.state).unwrap();
    assert!(sentence.contains("3 of 7 objects there, 1 left out"), "{sentence}");
}

#[test]
fn the_sentence_is_shown_whole_as_it_was_copied() {
    let (mut person, id) = replaying(SIZE);
    person.effects.clear();
    person.press(Key::Char('t'));
    let Screen::Tell(shown) = person.state.screen().clone() else { unreachable!() };
    assert!(
        matches!(&person.effects[..], [Effect::Copy(copied)] if *copied == shown),
        "{:?}",
        person.effects
    );
    // The run goes on, and the page stays what was copied.
    person.events(
        id,
        [blackstart::model::event::Event::Ready { object: "Deployment pay/api-2".into() }],
    );
    let said = text(&drawn(&person.state, Theme::MONOCHROME));
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words(&said).contains(&words(&shown)), "{said}");
    assert!(said.contains("It was copied, where this terminal can"), "{said}");
}

#[test]
fn work_that_ended_while_one_looked_elsewhere_is_found_again() {
    let (mut person, id) = replaying(SIZE);
    while !matches!(person.state.screen(), Screen::Home) {
        person.press(Key::Esc);
    }
    let complete = replayed(Verdict::Complete, Outcome { created: 7, ..Outcome::default() });
    person.tell(Message::Done(id, Box::new(Ok(Report::Replay(complete)))));
    let said = text(&drawn(&person.state, Theme::MONOCHROME));
    assert!(said.contains("replay has ended: COMPLETE"), "{said}");
    person.press(Key::Char('7'));
    let said = text(&drawn(&person.state, Theme::MONOCHROME));
    assert!(said.contains("tell       The replay onto prd-eu1 is complete"), "{said}");
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
