//! The path that needs no knowledge, from the first screen to the sentence for the incident channel,
//! by Enter, digits and one typed name.

use blackstart::app::assess::{Life, What};
use blackstart::app::plan::Note;
use blackstart::app::replay::{Outcome, Verdict};
use blackstart::app::tell;
use blackstart::app::typed_path::Completed;
use blackstart::model::event::Event;
use blackstart::tui::job::{Job, Report};
use blackstart::tui::keys::Key;
use blackstart::tui::message::{Effect, Message, PathAnswer, PathQuestion};
use blackstart::tui::screen;
use blackstart::tui::state::{Goal, Screen};
use blackstart::tui::theme::Theme;

use crate::fixture::{self, Person, replaying};
use crate::looks::{drawn, text};

const SIZE: (u16, u16) = (80, 24);

fn shown(person: &Person) -> String {
    text(&drawn(&person.state, Theme::MONOCHROME))
}

#[test]
fn waiting_is_what_the_cursor_stands_on() {
    let mut person = Person::home(SIZE);
    assert!(shown(&person).contains(" > 1  WAIT"), "{}", shown(&person));
    person.press(Key::Enter);
    assert_eq!(*person.state.screen(), Screen::Wait);
    person.press(Key::Enter);
    assert_eq!(*person.state.screen(), Screen::Home);
}

#[test]
fn the_cursor_goes_to_what_is_suggested_unless_it_was_moved() {
    let lost = || {
        let mut report = fixture::assessed();
        report.clusters[0].life = Life::Emptied;
        report.advice.because = "7 of 561 objects of prd-eu1 are left".into();
        report.advice.choices[0].what = What::Rebuild;
        Report::Assess(Box::new(report))
    };
    let mut person = Person::at(SIZE);
    person.ends(lost());
    person.ends(Report::Runs(blackstart::app::runs::List { format_version: 1, runs: vec![] }));
    let text = shown(&person);
    assert!(text.contains(" > 3  The cluster is lost"), "{text}");
    assert!(text.contains("Suggested: 3, because 7 of 561"), "{text}");
    let mut person = Person::at(SIZE);
    person.press(Key::Down);
    person.ends(lost());
    assert!(shown(&person).contains(" > 2"), "{}", shown(&person));
}

#[test]
fn whoever_rebuilds_while_the_cluster_lives_is_told() {
    let mut person = Person::home(SIZE);
    person.press(Key::Char('3'));
    assert!(shown(&person).contains("prd-eu1 answers and is healthy"), "{}", shown(&person));
}

#[test]
fn from_start_to_summary() {
    let mut person = Person::home(SIZE);
    person.press(Key::Char('3'));
    assert_eq!(person.state.goal, Goal::Rebuild);
    person.press(Key::Char('3'));
    let (id, job) = person.begun();
    assert_eq!(job.line(), "blackstart show --identity ada.key");
    person.tell(Message::Done(id, Box::new(Ok(Report::Show(fixture::opened())))));
    // What was opened is verified without being asked, and it is that snapshot from here on.
    let (id, job) = person.begun();
    assert_eq!(job.line(), "blackstart verify 4127 --identity ada.key");
    person.tell(Message::Done(id, Box::new(Ok(Report::Verify(fixture::verified())))));
    assert!(shown(&person).contains("GREEN: it holds"), "{}", shown(&person));
    person.press(Key::Enter);
    person.ends(Report::Targets(fixture::targets()));
    person.press(Key::Enter);
    let (_, job) = person.begun();
    assert_eq!(job.line(), "blackstart replay 4127 --identity ada.key --target prd-eu1");

    let (mut person, id) = replaying(SIZE);
    let text = shown(&person);
    for words in
        ["Waiting for Deployment pay/api-2", "why", "no node has 8 GiB", "1m 20s of 5m 00s"]
    {
        assert!(text.contains(words), "{words}: {text}");
    }
    person.events(id, [Event::Ready { object: "Deployment pay/api-2".into() }]);
    assert!(!shown(&person).contains("Waiting for Deployment"));
    let outcome = Outcome { created: 7, ..Outcome::default() };
    let mut report = fixture::replayed(Verdict::Complete, outcome);
    report.notes = vec![
        Note {
            code: "B1446".into(),
            text: "the target has no nodes: nothing runs there yet; what is applied waits".into(),
        },
        Note { code: "B1447".into(), text: "Flux is not installed; its objects wait".into() },
        Note { code: "B1440".into(), text: "Kustomization a will be applied suspended".into() },
        Note { code: "B1445".into(), text: "engines follow what the plan lacks: b".into() },
    ];
    report.tell = tell::at_the_end(&report);
    person.tell(Message::Done(id, Box::new(Ok(Report::Replay(report)))));
    let text = shown(&person);
    for words in [
        "COMPLETE",
        "7 of 7 objects: 7 created",
        "BUT        the target has no nodes: nothing runs there yet;",
        "BUT        Flux is not installed;",
        "Left to do: give the target nodes; install Flux; check what only",
        "The replay onto prd-eu1 is complete: 7 of",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(text.contains("!! prd-eu1 !!  PRODUCTION  WROTE 7"), "{text}");
    assert!(text.contains("BUT        engines follow what the plan lacks: b (B1445)"), "{text}");
    let sentence = screen::sentence(&person.state).unwrap();
    let first =
        "tool time. But the target has no nodes: nothing runs there yet. Flux is not installed.";
    assert!(sentence.contains(first), "{sentence}");
    assert!(sentence.contains("Engines follow what the plan lacks: b."), "{sentence}");
    assert!(sentence.contains("nobody lets them go on yet"), "{sentence}");
}

#[test]
fn whoever_takes_over_a_run_that_ended_reads_how_and_resumes_only_what_is_open() {
    let outcome = Outcome { created: 5, unchanged: 2, ..Outcome::default() };
    let mut person = fixture::ended(SIZE, Verdict::Complete, outcome);
    person.press(Key::Char('o'));
    let text = shown(&person);
    for words in
        ["COMPLETE", "7 of 7 objects: 5 created", "nothing to go on with", "blackstart runs "]
    {
        assert!(text.contains(words), "{words}: {text}");
    }
    for words in ["0 ready", "wave ", "blackstart resume"] {
        assert!(!text.contains(words), "{words}: {text}");
    }
    let outcome = Outcome { created: 4, open: 3, held_after: Some(2), ..Outcome::default() };
    let mut person = fixture::ended(SIZE, Verdict::Incomplete, outcome);
    person.press(Key::Char('o'));
    let text = shown(&person);
    for words in ["HELD", "4 of 7 objects", "blackstart resume "] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let (mut person, _) = replaying(SIZE);
    person.press(Key::Char('o'));
    let text = shown(&person);
    assert!(text.contains("2 foundations: 1 of 2 there\n"), "readiness was not counted: {text}");
}

#[test]
fn a_folder_is_planned_first_and_its_name_is_typed_all_the_same() {
    let mut person = Person::targets(SIZE);
    person.press(Key::Char('G'));
    person.press(Key::Enter);
    person.type_in("/tmp/out");
    person.press(Key::Enter);
    let (id, job) = person.begun();
    let Job::Plan(request) = &job else { panic!("{job:?}") };
    assert_eq!(request.target.to_string(), "dir:/tmp/out");
    let plan = fixture::plan_of(2);
    let digest = plan.digest().short();
    let (extra, lists_extra) = (Vec::new(), false);
    let report = blackstart::app::plan::Report {
        plan,
        out: None,
        replaced: false,
        remarks: Vec::new(),
        extra,
        lists_extra,
    };
    person.tell(Message::Done(id, Box::new(Ok(Report::Plan(report)))));
    assert_eq!(*person.state.screen(), Screen::Plan);
    person.press(Key::Enter);
    person.type_in("prd-eu1");
    person.press(Key::Enter);
    let (_, job) = person.begun();
    assert!(
        job.line().contains(&format!("--plan {digest} --confirm-target prd-eu1")),
        "{}",
        job.line()
    );
}

#[test]
fn whoever_only_looks_plans_nothing() {
    let mut person = Person::home(SIZE);
    person.press(Key::Char('5'));
    person.press(Key::Char('2'));
    person.ends(Report::Targets(fixture::targets()));
    assert!(shown(&person).contains("Enter=test") && !shown(&person).contains("manifests"));
    person.press(Key::Enter);
    let (_, job) = person.begun();
    assert_eq!(job.line(), "blackstart target test prd-eu1");
}

#[test]
fn a_key_file_is_asked_for_where_none_was_given() {
    let mut person = Person::home(SIZE);
    person.state.identities.clear();
    person.press(Key::Char('3'));
    person.press(Key::Char('2'));
    assert!(person.state.types() && shown(&person).contains("A key file is needed first."));
    person.type_in("../ada");
    person.press(Key::Enter);
    let asked = person.effects.pop();
    assert!(matches!(asked, Some(Effect::Path(PathQuestion::KeyFile(_)))), "{asked:?}");
    let wrong = Err("there is no key file ../ada (B0319)".to_owned());
    person.tell(Message::Path(PathAnswer::KeyFile("../ada".into(), wrong)));
    assert!(person.state.types(), "what was typed stays, to be mended");
    assert!(shown(&person).contains("there is no key file ../ada"), "{}", shown(&person));
    person.type_in(".k");
    person.press(Key::Tab);
    let completed = Completed { text: "../ada.key".into(), names: Vec::new() };
    person.tell(Message::Path(PathAnswer::Completed("../ada.k".into(), completed)));
    assert!(!shown(&person).contains("there is no key file"), "{}", shown(&person));
    // Keys that come before the answer are about what comes after it.
    person.press(Key::Enter);
    person.press(Key::Enter);
    person.tell(Message::Path(PathAnswer::KeyFile("../ada.key".into(), Ok(()))));
    let (_, job) = person.begun();
    assert_eq!(job.line(), "blackstart show --identity ../ada.key");
}

#[test]
fn an_unfinished_run_is_offered_first_and_goes_on_by_enter() {
    let mut person = Person::at(SIZE);
    person.ends(Report::Assess(Box::new(fixture::assessed())));
    person.ends(Report::Runs(fixture::run_list()));
    assert!(
        shown(&person).contains(" > 0  Go on with run onto prd-eu1 (production): cut-off"),
        "{}",
        shown(&person)
    );
    assert!(shown(&person).contains("   1  WAIT"), "{}", shown(&person));
    person.press(Key::Enter);
    assert!(shown(&person).contains("154 of 561"), "{}", shown(&person));
    person.press(Key::Enter);
    let (_, job) = person.begun();
    assert_eq!(job.line(), "blackstart resume 20261123-025744z-1f0a --identity ada.key");
}

#[test]
fn esc_always_goes_back() {
    for (name, mut person) in fixture::screens(SIZE) {
        let mut presses = 0;
        while *person.state.screen() != Screen::Home || !person.state.popups.is_empty() {
            person.press(Key::Esc);
            presses += 1;
            assert!(presses < 12, "{name}: {:?}", person.state.screen());
        }
    }
}
