//! Names from outside that try to drive the terminal, on every screen.

use blackstart::app::replay::{self, Outcome, Pending, Verdict};
use blackstart::app::{show, target};
use blackstart::model::event::Event;
use blackstart::replay::Failure;
use blackstart::tui::job::Report;
use blackstart::tui::keys::{Action, Key};
use blackstart::tui::message::{Effect, Message, Question, Wants};
use blackstart::tui::screen;
use blackstart::tui::theme::Theme;

use crate::fixture::{self, Person};
use crate::looks::{drawn, text};

const HOSTILE: &str = "x\u{1b}]52;c;aGk=\u{7}\u{1b}[2J\u{202e}\u{200b}\r\n\u{9b}1m";

#[track_caller]
fn harmless(person: &Person) {
    let text = text(&drawn(&person.state, Theme::COLOR));
    let page = screen::page(&person.state);
    let same_as = page.same_as.unwrap_or_default();
    for shown in [&text.replace('\n', ""), &same_as] {
        let bad = |c: char| c.is_control() || matches!(c, '\u{202e}' | '\u{200b}');
        assert!(!shown.contains(bad), "{shown:?}");
    }
}

#[test]
fn nothing_from_outside_drives_the_terminal() {
    let size = (80, 24);
    let mut home = Person::at(size);
    let mut held = fixture::held();
    held.stream = HOSTILE.into();
    held.entry.remarks = vec![HOSTILE.into()];
    held.entry.signatures[0].role = HOSTILE.into();
    let mut assessed = fixture::assessed();
    assessed.hosts[0].why = Some(HOSTILE.into());
    assessed.clusters[0].name = HOSTILE.into();
    assessed.advice.because = HOSTILE.into();
    home.ends(Report::Assess(Box::new(assessed)));
    home.ends(Report::Runs(fixture::run_list()));
    home.ends(Report::Status(held));
    harmless(&home);

    let mut person = Person::home(size);
    person.state.identities = vec![HOSTILE.into()];
    person.act(Action::Number(3));
    harmless(&person);
    person.act(Action::Copy);
    assert!(person.effects.iter().all(|effect| match effect {
        Effect::Copy(text) => !text.contains(char::is_control),
        _ => true,
    }));
    person.act(Action::Back);
    person.act(Action::Number(2));
    person.act(Action::Number(3));
    let mut bad = fixture::repo(HOSTILE, HOSTILE, Some(HOSTILE));
    bad.url = HOSTILE.into();
    bad.findings = vec![HOSTILE.into()];
    person.ends(Report::Show(show::Report {
        stream: HOSTILE.into(),
        ..fixture::opened_with(vec![bad])
    }));
    harmless(&person);
    person.press(Key::Esc);
    harmless(&person);
    person.press(Key::Enter);
    harmless(&person);
}

#[test]
fn nor_does_what_the_core_tells_and_asks() {
    let (mut person, id) = fixture::replaying((80, 24));
    let hostile = || HOSTILE.to_owned();
    person.events(
        id,
        [
            Event::RunOpened { run: hostile(), journal: hostile(), resumed: false },
            Event::Applied { object: hostile(), action: "created", warnings: vec![hostile()] },
            Event::Waiting {
                object: hostile(),
                why: hostile(),
                seconds: 1,
                limit: 2,
                cause: "",
                next: hostile(),
                others: 0,
                behind: 0,
            },
        ],
    );
    harmless(&person);
    person.act(Action::Log);
    harmless(&person);
    person.act(Action::Back);
    for wants in [Wants::Passphrase, Wants::Choice { yes: hostile(), no: hostile() }] {
        let question = Question { id: 9, job: id, text: hostile(), wants };
        person.tell(Message::Question(question));
        harmless(&person);
    }
}

#[test]
fn nor_does_what_is_handed_over_left_out_or_tested() {
    let hostile = || HOSTILE.to_owned();
    let (mut person, id) = fixture::replaying((80, 24));
    let run = Event::RunOpened { run: hostile(), journal: hostile(), resumed: false };
    person.events(id, [run]);
    person.act(Action::HandOver);
    harmless(&person);
    person.act(Action::Back);
    person.act(Action::LeaveOut);
    person.tell(Message::Paste(hostile()));
    harmless(&person);
    person.act(Action::Back);
    let pending = || Pending { object: hostile(), why: hostile() };
    let outcome = Outcome {
        created: 1,
        failed: vec![Failure { object: hostile(), code: "B1502".into(), why: hostile() }],
        held: vec![pending()],
        not_ready: vec![pending()],
        not_waited: vec![pending()],
        left_out: vec![pending()],
        ..Outcome::default()
    };
    let report = replay::Report {
        target: hostile(),
        next: Some(hostile()),
        remarks: vec![hostile()],
        ..fixture::replayed(Verdict::Incomplete, outcome)
    };
    person.tell(Message::Done(id, Box::new(Ok(Report::Replay(report)))));
    harmless(&person);
    assert!(!screen::sentence(&person.state).unwrap().contains(char::is_control));
    person.act(Action::HandOver);
    harmless(&person);

    let mut person = Person::targets((80, 24)).then(Action::Test);
    let mut card = fixture::card("lab", "disposable");
    card.identity.server = hostile();
    let tested = target::Tested {
        format_version: 1,
        identity: None,
        millis: 3,
        facts: target::Facts::default(),
        missing_rights: vec![hostile()],
        stopping: vec![target::Finding { sign: "old".parse().unwrap(), text: hostile() }],
        accepted: Vec::new(),
        told: vec![hostile()],
        target: card,
    };
    person.ends(Report::TestTarget(Box::new(tested)));
    harmless(&person);

    let mut person = fixture::snapshotting((80, 24));
    let id = person.state.last_job;
    let mut taken = fixture::taken();
    taken.witness = Some(hostile());
    taken.not_current[0].name = hostile();
    taken.not_current[0].why = hostile();
    person.tell(Message::Done(id, Box::new(Ok(Report::Snapshot(taken)))));
    harmless(&person);
}
