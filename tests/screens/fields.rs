//! Typed fields own the keyboard, and what is typed goes nowhere but where it should.

use blackstart::app::Told;
use blackstart::app::replay::{Outcome, Verdict};
use blackstart::app::target::Changed;
use blackstart::app::typed_path::Completed;
use blackstart::model::event::Event;
use blackstart::model::explain::Kind;
use blackstart::replay::Failure;
use blackstart::tui::job::{Job, Report};
use blackstart::tui::keys::{Action, Key};
use blackstart::tui::message::{Effect, Message, PathAnswer, PathQuestion, Question, Reply, Wants};
use blackstart::tui::screen;
use blackstart::tui::state::{Known, Popup, Purpose, Screen};
use blackstart::tui::theme::Theme;
use blackstart::tui::typed::Typed;

use crate::fixture::{self, Person, plan_of};
use crate::looks::{drawn, text};

const SIZE: (u16, u16) = (80, 24);

fn shown(person: &Person) -> String {
    text(&drawn(&person.state, Theme::MONOCHROME))
}

fn typed(person: &Person) -> String {
    let entry = screen::page(&person.state).entry;
    entry.and_then(|entry| entry.text.map(str::to_owned)).unwrap()
}

#[test]
fn letters_go_into_the_field_and_do_nothing_else() {
    let mut person = Person::repos(SIZE);
    person.act(Action::Extract);
    person.effects.clear();
    let letters: String = (' '..='~').collect();
    person.type_in(&letters);
    assert!(person.effects.is_empty());
    assert_eq!(*person.state.screen(), Screen::Repos);
    assert_eq!(typed(&person), letters);
    person.press(Key::Esc);
    assert!(person.state.popups.is_empty() && person.effects.is_empty());
}

#[test]
fn a_wrong_name_costs_nothing_and_the_right_one_answers_the_core() {
    let (mut person, _) = Person::plan(SIZE, plan_of(3));
    person.effects.clear();
    person.press(Key::Enter);
    person.type_in("prd-eu2");
    person.press(Key::Enter);
    assert!(person.effects.is_empty());
    let said = shown(&person);
    assert!(
        said.contains("You typed \"prd-eu2\", the target is prd-eu1. Nothing was done."),
        "{said}"
    );
    person.press(Key::Backspace);
    person.type_in("1");
    person.press(Key::Enter);
    let answer = person.effects.pop();
    assert!(
        matches!(&answer, Some(Effect::Reply(7, Some(Reply::Words(name)))) if name == "prd-eu1"),
        "{answer:?}"
    );
    assert_eq!(*person.state.screen(), Screen::Work);
}

#[test]
fn pasting_works_and_a_pasted_line_end_is_no_enter() {
    let (mut person, _) = Person::plan(SIZE, plan_of(3));
    person.effects.clear();
    person.tell(Message::Paste("prd-eu1\r".to_owned()));
    assert!(person.effects.is_empty() && person.state.popups.is_empty());
    person.press(Key::Enter);
    person.tell(Message::Paste("prd-\u{1b}eu1\r\n".to_owned()));
    assert!(person.effects.is_empty());
    assert_eq!(typed(&person), "prd-eu1");
}

#[test]
fn a_passphrase_does_not_show_and_is_taken_as_it_is() {
    let mut person = Person::home(SIZE);
    person.act(Action::Number(3));
    person.act(Action::Number(3));
    let (job, _) = person.begun();
    let ask = |id| {
        let text = "The passphrase of ada.key".to_owned();
        Message::Question(Question { id, job, text, wants: Wants::Passphrase })
    };
    person.tell(ask(1));
    person.type_in(" correct horse? ");
    assert!(!shown(&person).contains("correct") && shown(&person).contains("passphrase"));
    assert!(!format!("{:?}", person.state).contains("correct"));
    person.press(Key::Enter);
    match person.effects.pop() {
        Some(Effect::Reply(1, Some(Reply::Passphrase(words)))) => {
            assert_eq!(words.expose(), " correct horse? ");
        }
        other => panic!("{other:?}"),
    }
    person.tell(ask(2));
    person.type_in("x");
    person.press(Key::Esc);
    assert!(matches!(person.effects.pop(), Some(Effect::Reply(2, None))));
}

#[test]
fn a_passphrase_that_is_not_typed_is_no_failure() {
    let mut person = Person::home(SIZE);
    person.act(Action::Number(3));
    person.act(Action::Number(3));
    let (id, job) = person.begun();
    assert_eq!(job.verb(), "show");
    let text = "The passphrase of ada.key".to_owned();
    let wants = Wants::Passphrase;
    person.tell(Message::Question(Question { id: 1, job: id, text, wants }));
    person.press(Key::Esc);
    person.tell(Message::Done(id, Box::new(Err(fixture::interrupted()))));
    assert!(person.state.popups.is_empty(), "{:?}", person.state.popups);
    assert!(shown(&person).contains("Left. Nothing was opened."), "{}", shown(&person));
    // It can be tried again.
    person.act(Action::Number(3));
    assert_eq!(person.begun().1.verb(), "show");
}

#[test]
fn a_plan_that_was_left_is_no_failure_and_nowhere_on_the_way_back() {
    let (mut person, id) = Person::plan(SIZE, plan_of(3));
    person.press(Key::Esc);
    person.tell(Message::Done(id, Box::new(Err(fixture::interrupted()))));
    assert_eq!(*person.state.screen(), Screen::Targets);
    assert!(shown(&person).contains("The plan was left. Nothing was changed."));
    person.press(Key::Esc);
    assert_eq!(*person.state.screen(), Screen::Home);
    assert!(!shown(&person).contains("FAILED") && !shown(&person).contains("ended"));
}

#[test]
fn what_engines_follow_is_added_and_planned_anew() {
    let source = |text: &str| text.parse().unwrap();
    let mut plan = plan_of(3);
    plan.sources = vec![source("fleet:clusters/prod")];
    plan.beyond = vec![source("fleet:tenants")];
    let (mut person, id) = Person::plan(SIZE, plan);
    let text = shown(&person);
    assert!(text.contains(" > 1  Add the folder and plan anew (suggested)"), "{text}");
    assert!(text.contains("   2  Without them: type the target's name"), "{text}");
    assert!(text.contains("Enter=choose") && text.contains("a=add folders"), "{text}");
    person.effects.clear();
    person.press(Key::Enter);
    assert!(
        matches!(&person.effects[..], [Effect::Reply(7, None)]),
        "nobody types the name: {:?}",
        person.effects
    );
    person.tell(Message::Done(id, Box::new(Err(fixture::interrupted()))));
    let (_, job) = person.begun();
    let line = job.line();
    assert!(line.contains("--path fleet:clusters/prod --path fleet:tenants"), "{line}");
    assert_eq!(*person.state.screen(), Screen::Work);
    // A plan that lacks nothing asks nothing.
    let (person, _) = Person::plan(SIZE, plan_of(3));
    assert!(!shown(&person).contains("Add the") && !shown(&person).contains("add folders"));
    assert!(shown(&person).contains("Enter=type the name"), "{}", shown(&person));
}

/// A plan that lacks a folder of the bundle.
fn lacking(mut plan: blackstart::plan::Plan) -> blackstart::plan::Plan {
    plan.beyond = vec!["fleet:tenants".parse().unwrap()];
    plan
}

#[test]
fn who_does_not_want_the_folders_says_so_before_the_name_is_typed() {
    let (mut person, _) = Person::plan(SIZE, lacking(plan_of(3)));
    person.press(Key::Char('2'));
    assert!(matches!(person.state.popup(), Some(Popup::Field { purpose: Purpose::Confirm, .. })));
    person.press(Key::Esc);
    person.effects.clear();
    // The letter does what the first row does.
    person.press(Key::Char('a'));
    assert!(matches!(&person.effects[..], [Effect::Reply(7, None)]), "{:?}", person.effects);
}

#[test]
fn a_long_command_gets_a_fourth_line_or_says_that_it_is_copied_whole() {
    let shown_with = |folders: usize, objects: usize| {
        let mut plan = plan_of(objects);
        let folder = |number| format!("team/apps:clusters/prod/number-{number:04}");
        plan.beyond = (0..folders).map(|number| folder(number).parse().unwrap()).collect();
        let (mut person, id) = Person::plan(SIZE, plan.clone());
        person.press(Key::Char('a'));
        person.tell(Message::Done(id, Box::new(Err(fixture::interrupted()))));
        let (id, _) = person.begun();
        plan.beyond.clear();
        person.tell(Message::Plan(id, Box::new(plan)));
        shown(&person)
    };
    let four = shown_with(2, 3);
    assert!(four.contains("--confirm-target prd-eu1") && !four.contains("..."), "{four}");
    assert!(four.contains("number-0001"), "{four}");
    let cut = shown_with(9, 3);
    assert!(cut.contains(" ... c copies it whole") && !cut.contains("--confirm-target"), "{cut}");
}

#[test]
fn an_empty_plan_that_lacks_folders_never_says_that_there_is_nothing_to_do() {
    let empty = fixture::plan_from(Vec::new(), "prd-eu1");
    let (mut person, _) = Person::plan(SIZE, lacking(empty.clone()));
    let text = shown(&person);
    assert!(!text.contains("there is nothing to do"), "{text}");
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("1 folder is NOT in this plan: a adds it."), "{text}");
    assert!(text.contains("   2  Without them: leave"), "{text}");
    person.press(Key::Char('2'));
    assert_eq!(*person.state.screen(), Screen::Targets);
    let (person, _) = Person::plan(SIZE, empty);
    assert!(shown(&person).contains("there is nothing to do."), "{}", shown(&person));
    assert!(shown(&person).contains("Enter=leave"));
}

#[test]
fn kinds_that_nobody_defines_are_left_out_at_the_plan_for_one_reason() {
    let policy = |name| fixture::item("ClusterPolicy", "kyverno.io/v1", None, name);
    let items = vec![policy("flux"), policy("git"), fixture::item("Namespace", "v1", None, "a")];
    let plan = fixture::plan_from(items, "prd-eu1");
    let digest = plan.digest().short();
    let (mut person, id) = Person::plan(SIZE, plan.clone());
    let text = shown(&person);
    assert!(text.contains("2 objects are of kinds that nobody defines"), "{text}");
    assert!(text.contains("s=leave out"), "{text}");
    assert!(text.contains(" > 1  Leave out the 2 objects nobody defines"), "{text}");
    person.press(Key::Char('2'));
    assert!(
        matches!(person.state.popups.last(), Some(Popup::Field { purpose: Purpose::Confirm, .. })),
        "2"
    );
    person.press(Key::Esc);
    person.press(Key::Char('1'));
    person.type_in("no Kyverno here");
    assert!(shown(&person).contains("2 objects of kind ClusterPolicy: left out"));
    person.effects.clear();
    person.press(Key::Enter);
    assert!(matches!(&person.effects[..], [Effect::Reply(7, None)]), "{:?}", person.effects);
    person.tell(Message::Done(id, Box::new(Err(fixture::interrupted()))));
    let (id, job) = person.begun();
    let line = job.line();
    assert!(line.ends_with("--skip ClusterPolicy.kyverno.io --reason 'no Kyverno here'"), "{line}");
    // It is the same plan, which says now what is not done.
    person.tell(Message::Plan(id, Box::new(plan)));
    let text = "type the target's name".to_owned();
    person.tell(Message::Question(Question { id: 8, job: id, text, wants: Wants::Words }));
    let text = shown(&person);
    assert!(text.contains("left out   ClusterPolicy flux, ClusterPolicy git: no Kyverno here"));
    assert!(!text.contains("s=leave out") && !text.contains("B1423"), "{text}");
    assert!(text.contains("   2 left out") && text.contains("s=leave none out"), "{text}");
    assert!(!text.contains("Leave out the"), "{text}");
    person.act(Action::Objects);
    let objects = shown(&person);
    assert!(objects.contains("LEFT OUT    ClusterPolicy flux"), "{objects}");
    assert!(objects.contains("+ new       Namespace a"), "{objects}");
    person.press(Key::Esc);
    let line = blackstart::tui::screen::page(&person.state).same_as.unwrap();
    assert!(line.contains(&format!("--plan {digest} ")) && line.contains("--skip "), "{line}");
    person.press(Key::Enter);
    person.type_in("prd-eu1");
    person.press(Key::Enter);
    assert!(matches!(person.effects.pop(), Some(Effect::Reply(8, Some(Reply::Words(_))))));
}

#[test]
fn what_was_left_out_of_a_plan_can_be_taken_back() {
    let policy = |name| fixture::item("ClusterPolicy", "kyverno.io/v1", None, name);
    let items = vec![policy("flux"), fixture::item("Namespace", "v1", None, "a")];
    let plan = fixture::plan_from(items, "prd-eu1");
    let (mut person, id) = Person::plan(SIZE, plan.clone());
    person.press(Key::Enter);
    person.type_in("no Kyverno here");
    person.press(Key::Enter);
    person.tell(Message::Done(id, Box::new(Err(fixture::interrupted()))));
    let (id, _) = person.begun();
    person.tell(Message::Plan(id, Box::new(plan)));
    let text = "type the target's name".to_owned();
    person.tell(Message::Question(Question { id: 8, job: id, text, wants: Wants::Words }));
    person.effects.clear();
    person.press(Key::Char('s'));
    assert!(matches!(&person.effects[..], [Effect::Reply(8, None)]), "{:?}", person.effects);
    person.tell(Message::Done(id, Box::new(Err(fixture::interrupted()))));
    let (_, job) = person.begun();
    assert!(!job.line().contains("--skip"), "{}", job.line());
}

#[test]
fn a_run_goes_on_without_all_objects_of_a_kind_that_nobody_defines() {
    let policy = |name| fixture::item("ClusterPolicy", "kyverno.io/v1", None, name);
    let plain = fixture::item("ConfigMap", "v1", Some("pay"), "a");
    let items =
        vec![policy("flux"), policy("git"), plain, fixture::item("Namespace", "v1", None, "pay")];
    let (mut person, id) = Person::plan(SIZE, fixture::plan_from(items, "prd-eu1"));
    person.press(Key::Char('2'));
    person.type_in("prd-eu1");
    person.press(Key::Enter);
    let run = fixture::RUN.to_owned();
    person.events(
        id,
        [
            Event::RunOpened { run, journal: "runs".into(), resumed: false },
            Event::PhaseStarted { phase: "replay" },
        ],
    );
    let name = |object: &str| person.state.work.as_ref().unwrap().skip_name(object);
    assert_eq!(name("ClusterPolicy git"), "ClusterPolicy.kyverno.io");
    assert_eq!(name("ConfigMap pay/a"), "ConfigMap/pay/a");
    let why = "the target does not serve kyverno.io/v1 ClusterPolicy".to_owned();
    let failed = Failure { object: "ClusterPolicy git".into(), code: "B0642".into(), why };
    let outcome = Outcome { created: 2, failed: vec![failed], ..Outcome::default() };
    let report = Report::Replay(fixture::replayed(Verdict::Incomplete, outcome));
    person.tell(Message::Done(id, Box::new(Ok(report))));
    person.press(Key::Char('s'));
    person.type_in("no Kyverno");
    let text = shown(&person);
    assert!(text.contains("2 objects of kind ClusterPolicy: left out"), "{text}");
    person.press(Key::Enter);
    let (_, job) = person.begun();
    assert!(matches!(job, Job::Resume(_)));
    let line = job.line();
    assert!(line.contains("--skip ClusterPolicy.kyverno.io --reason 'no Kyverno'"), "{line}");
}

#[test]
fn leaving_the_program_at_a_plan_needs_no_safe_point() {
    for (key, code) in [(Key::Interrupt, 130), (Key::Char('q'), 0)] {
        let (mut person, _) = Person::plan(SIZE, plan_of(3));
        assert!(!shown(&person).contains("^C=stop"), "{}", shown(&person));
        person.effects.clear();
        if key == Key::Interrupt {
            person.press(key);
        } else {
            // On a screen of its own q goes back; in lines it quits.
            person.act(Action::Quit);
        }
        assert!(
            matches!(&person.effects[..], [Effect::Reply(7, None), Effect::Quit(ending)]
                if ending.code == code && ending.lines[0].contains("Nothing was changed")),
            "{:?}",
            person.effects
        );
    }
}

#[test]
fn leaving_a_plan_answers_the_core_that_nobody_confirms() {
    let (mut person, _) = Person::plan(SIZE, plan_of(3));
    person.effects.clear();
    person.press(Key::Esc);
    assert!(matches!(person.effects[..], [Effect::Reply(7, None)]), "{:?}", person.effects);
    assert_eq!(*person.state.screen(), Screen::Targets);
    assert!(shown(&person).contains("Nothing was changed"));
}

#[test]
fn key_files_are_added_changed_and_taken_away() {
    let mut person = Person::home(SIZE);
    person.act(Action::Number(3));
    person.act(Action::Number(2));
    person.type_in("~/bob.key");
    person.state.home = Some("/home/bob".into());
    person.press(Key::Enter);
    assert_eq!(person.state.identities.len(), 1, "it is looked at first");
    let failed = Told {
        code: "B0319",
        kind: Kind::Usage,
        what: "there is no key file ada.key".to_owned(),
        done: None,
        next: "check the path".to_owned(),
    };
    person.state.facts.opened = Known::Failed(failed);
    person.tell(Message::Path(PathAnswer::KeyFile("/home/bob/bob.key".into(), Ok(()))));
    assert_eq!(person.state.identities.len(), 2);
    // What failed with other key files says nothing about these.
    assert!(!shown(&person).contains("ERROR"), "{}", shown(&person));
    assert!(shown(&person).contains("--identity ada.key --identity /home/bob/bob.key"));
    person.act(Action::Number(1));
    (0..20).for_each(|_| person.press(Key::Backspace));
    person.press(Key::Enter);
    assert_eq!(person.state.identities, ["/home/bob/bob.key"].map(std::path::PathBuf::from));
}

#[test]
fn tab_completes_paths_and_nothing_else() {
    let mut person = Person::home(SIZE);
    person.act(Action::Number(3));
    person.act(Action::Number(2));
    person.type_in("keys/a");
    assert!(shown(&person).contains("Tab=complete"), "{}", shown(&person));
    person.effects.clear();
    person.press(Key::Tab);
    let question = PathQuestion::Complete("keys/a".to_owned(), None);
    assert!(matches!(&person.effects[..], [Effect::Path(asked)] if *asked == question));
    let names = ["ada.key", "ada.pub"].map(str::to_owned).to_vec();
    let completed = Completed { text: "keys/ada.".to_owned(), names };
    person.tell(Message::Path(PathAnswer::Completed("keys/a".to_owned(), completed.clone())));
    assert_eq!(typed(&person), "keys/ada.");
    assert!(shown(&person).contains("ada.key  ada.pub"), "{}", shown(&person));
    // What is typed goes on, and an answer about what stood there before means nothing.
    person.type_in("k");
    assert!(!shown(&person).contains("ada.pub"), "{}", shown(&person));
    person.tell(Message::Path(PathAnswer::Completed("keys/a".to_owned(), completed)));
    assert_eq!(typed(&person), "keys/ada.k");
    // Whoever leaves meanwhile waits for nothing.
    person.press(Key::Tab);
    person.press(Key::Esc);
    person.press(Key::Esc);
    assert_eq!(*person.state.screen(), Screen::Home);

    let (mut person, _) = Person::plan(SIZE, plan_of(3));
    person.press(Key::Enter);
    person.effects.clear();
    person.press(Key::Tab);
    assert!(person.effects.is_empty() && !shown(&person).contains("Tab"), "{}", shown(&person));
}

#[test]
fn a_new_target_is_typed_line_by_line() {
    let mut person = Person::targets(SIZE);
    person.act(Action::Add);
    person.act(Action::Number(7));
    assert!(shown(&person).contains("needed first"));
    for (row, words) in [(1, "/tmp/lab.kubeconfig"), (2, "lab2")] {
        person.act(Action::Number(row));
        person.tell(Message::Submit(Typed::new(words)));
    }
    assert!(shown(&person).contains(" > 7  Add it      as production"), "{}", shown(&person));
    person.act(Action::Number(3));
    person.tell(Message::Submit(Typed::new("harmless")));
    assert!(shown(&person).contains("One of these words"), "{}", shown(&person));
    person.press(Key::Esc);
    person.act(Action::Number(3));
    // Left and right go through the three, and what each means stands there.
    assert!(shown(&person).contains(" > 1  production"), "{}", shown(&person));
    person.press(Key::Left);
    assert!(shown(&person).contains(" > 3  disposable  made for practice"), "{}", shown(&person));
    person.press(Key::Right);
    person.press(Key::Right);
    assert_eq!(typed(&person), "standby");
    // In lines the number does.
    person.tell(Message::Submit(Typed::new("0")));
    assert!(shown(&person).contains("One of these words"), "{}", shown(&person));
    person.tell(Message::Submit(Typed::new("3")));
    // What it needs is there: Enter adds it.
    person.press(Key::Enter);
    let (_, job) = person.begun();
    assert!(matches!(job, Job::AddTarget(_)));
    assert_eq!(
        job.line(),
        "blackstart target add lab2 --kubeconfig /tmp/lab.kubeconfig --class disposable"
    );
}

#[test]
fn after_a_cluster_was_named_the_cursor_stands_on_it_and_nothing_is_chosen_yet() {
    let mut person = Person::targets(SIZE);
    person.act(Action::Add);
    for (row, words) in [(1, "/tmp/lab.kubeconfig"), (2, "lab")] {
        person.act(Action::Number(row));
        person.tell(Message::Submit(Typed::new(words)));
    }
    person.press(Key::Enter);
    let target = fixture::card("lab", "disposable");
    let done = blackstart::app::target::Done::Added;
    person.ends(Report::AddTarget(Changed { format_version: 1, done, target }));
    person.ends(Report::Targets(fixture::targets()));
    let text = shown(&person);
    assert!(text.contains(" > lab ") && text.contains("lab has its name now"), "{text}");
    assert!(text.contains("no target chosen"), "{text}");
}

#[test]
fn what_was_typed_can_be_taken_away_at_once() {
    let mut person = Person::repos(SIZE);
    person.act(Action::Extract);
    person.type_in("wrong");
    person.press(Key::Clear);
    person.type_in("out");
    assert_eq!(typed(&person), "out");
}

#[test]
fn rows_are_filtered_while_one_types() {
    let mut person = Person::home(SIZE);
    person.act(Action::Number(5));
    person.act(Action::Number(1));
    person.ends(blackstart::tui::job::Report::List(fixture::listed()));
    person.press(Key::Char('/'));
    person.type_in("amber");
    let text = shown(&person);
    assert!(text.contains("4125") && !text.contains("4127"), "{text}");
    person.press(Key::Enter);
    assert!(shown(&person).contains("1 of 28"));
    person.press(Key::Esc);
    assert!(shown(&person).contains("4127"));
    assert_eq!(*person.state.screen(), Screen::Bundles);
}

#[test]
fn a_choice_of_the_core_has_no_as_its_default() {
    let (mut person, job) = fixture::replaying(SIZE);
    let wants = Wants::Choice { yes: "yes".into(), no: "no".into() };
    person.tell(Message::Question(Question { id: 3, job, text: "Go on?".into(), wants }));
    assert!(matches!(person.state.popup(), Some(Popup::Choice { cursor: 1, .. })));
    person.press(Key::Enter);
    assert!(matches!(person.effects.pop(), Some(Effect::Reply(3, Some(Reply::Choice(false))))));
}
