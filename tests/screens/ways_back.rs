//! What was chosen can be taken back, what is long can be read, and nobody forgets a run.

use blackstart::tui::job::{Job, Report};
use blackstart::tui::keys::{Action, Key};
use blackstart::tui::message::{Effect, Message, PathAnswer};
use blackstart::tui::state::{Known, Screen};
use blackstart::tui::theme::Theme;

use crate::fixture::{self, Person, plan_of};
use crate::looks::{drawn, text};

const SIZE: (u16, u16) = (80, 24);

fn shown(person: &Person) -> String {
    text(&drawn(&person.state, Theme::MONOCHROME))
}

/// A plan with more to read than fits, and two rows to choose from.
fn long() -> (Person, u64) {
    let policy = |number| {
        let name = format!("policy-of-a-long-name-{number}");
        fixture::item("ClusterPolicy", &format!("g{number}.example.com/v1"), None, &name)
    };
    let mut plan = fixture::plan_from((0..9).map(policy).collect(), "prd-eu1");
    plan.sources = vec!["fleet:prod".parse().unwrap()];
    plan.beyond = vec!["fleet:tenants".parse().unwrap()];
    Person::plan(SIZE, plan)
}

#[test]
fn rows_stay_in_view_while_what_stands_above_them_is_read() {
    let (mut person, _) = long();
    let at = |person: &Person| {
        let text = shown(person);
        assert!(text.contains("1  Add the folder") && text.contains("2  Without them"), "{text}");
        text.lines().nth(2).unwrap().to_owned()
    };
    let first = at(&person);
    assert!(first.contains("Plan ") && shown(&person).contains(", PgDn #"), "{}", shown(&person));
    person.act(Action::PageDown);
    let second = at(&person);
    person.act(Action::Last);
    let last = at(&person);
    assert!(first != second && second != last, "{first} {second} {last}");
    assert!(shown(&person).contains(", PgUp #"), "{}", shown(&person));
    // At its last row the cursor goes on through what stands above.
    person.act(Action::First);
    assert_eq!(at(&person), first);
    person.press(Key::Down);
    assert_eq!((at(&person), person.state.cursor()), (first.clone(), 1));
    person.press(Key::Down);
    assert_ne!(at(&person), first);
    person.press(Key::Up);
    person.press(Key::Up);
    assert_eq!((at(&person), person.state.cursor()), (first, 0));
}

#[test]
fn esc_takes_back_what_was_chosen_at_a_plan_before_it_leaves_it() {
    let (mut person, id) = long();
    let before = person.state.work.as_ref().unwrap().job.line();
    person.press(Key::Char('a'));
    person.tell(Message::Done(id, Box::new(Err(fixture::interrupted()))));
    let (id, wider) = person.begun();
    assert!(wider.line().contains("--path fleet:tenants"), "{}", wider.line());
    person.tell(Message::Plan(id, Box::new(plan_of(3))));
    person.press(Key::Esc);
    person.tell(Message::Done(id, Box::new(Err(fixture::interrupted()))));
    let (id, again) = person.begun();
    assert_eq!(again.line(), before);
    person.tell(Message::Plan(id, Box::new(plan_of(2))));
    assert_eq!(*person.state.screen(), Screen::Plan);
    person.press(Key::Esc);
    assert_eq!(*person.state.screen(), Screen::Targets);
}

#[test]
fn the_name_is_asked_for_beside_what_it_binds_to() {
    let (mut person, _) = long();
    person.press(Key::Char('2'));
    let text = shown(&person);
    for words in ["target: prd-eu1 (production)", "writes 9 objects", "B1423", "end incomplete"] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[test]
fn whoever_plans_over_an_unfinished_run_is_told() {
    let mut person = Person::targets(SIZE);
    assert!(!shown(&person).contains("is unfinished"), "{}", shown(&person));
    person.state.facts.runs = Known::Yes(fixture::run_list());
    assert!(shown(&person).contains("is unfinished"), "{}", shown(&person));
    person.press(Key::Enter);
    let (id, _) = person.begun();
    person.tell(Message::Plan(id, Box::new(plan_of(3))));
    let text = shown(&person);
    assert!(
        text.contains("is unfinished") && text.contains("first screen goes on with it"),
        "{text}"
    );
}

#[test]
fn a_resume_that_lacked_a_key_file_goes_on_once_that_is_named() {
    let mut person = fixture::unfinished(SIZE);
    person.state.identities.clear();
    person.press(Key::Char('0'));
    assert!(matches!(person.state.screen(), Screen::Run(_)), "{:?}", person.state.screen());
    person.press(Key::Enter);
    person.type_in("ada.key");
    person.press(Key::Enter);
    person.tell(Message::Path(PathAnswer::KeyFile("ada.key".into(), Ok(()))));
    let (_, job) = person.begun();
    assert!(matches!(job, Job::Resume(_)), "{}", job.line());
    assert!(person.effects.iter().any(|effect| matches!(effect, Effect::Start(..))));
}

#[test]
fn what_was_opened_is_verified_with_the_keys_that_opened_it() {
    let mut person = Person::home(SIZE);
    person.press(Key::Char('3'));
    person.press(Key::Char('3'));
    person.ends(Report::Show(fixture::opened()));
    let (_, job) = person.begun();
    assert_eq!(job.line(), "blackstart verify 4127 --identity ada.key");
}

#[test]
fn the_command_at_the_bottom_does_what_the_row_under_the_cursor_does() {
    let (mut person, _) = long();
    let line = |person: &Person| blackstart::tui::screen::page(&person.state).same_as.unwrap();
    let wider = line(&person);
    assert!(wider.starts_with("blackstart plan ") && wider.ends_with("--path fleet:tenants"));
    person.press(Key::Down);
    let plain = line(&person);
    assert!(plain.starts_with("blackstart replay ") && plain.ends_with("--confirm-target prd-eu1"));
    assert!(!plain.contains("fleet:tenants"), "{plain}");
    // With all folders in it, the rows are about kinds that nobody defines.
    let policy = fixture::item("ClusterPolicy", "kyverno.io/v1", None, "flux");
    let (mut person, _) = Person::plan(SIZE, fixture::plan_from(vec![policy], "prd-eu1"));
    assert!(line(&person).contains("--skip ClusterPolicy.kyverno.io --reason TEXT"));
    person.press(Key::Down);
    assert!(!line(&person).contains("--skip"), "{}", line(&person));
}
