//! The sentence for the incident channel: how a replay goes on, or how it ended. There is one for
//! each case, whoever asks: a command, the screens or a program that reads JSON.

use std::fmt::Write as _;
use std::time::Duration;

use super::plan::Note;
use super::replay::{Outcome, Report, Verdict};
use super::text;

/// So many objects are named.
const NAMED: usize = 3;

/// A replay that has not come to its end.
#[derive(Clone, Debug)]
pub struct Standing<'a> {
    /// The target's name.
    pub target: &'a str,
    /// What is replayed: `snapshot 7`.
    pub from: Option<&'a str>,
    /// What it does: `is under way`, `was stopped`, `was cut off`.
    pub how: &'a str,
    /// How many waves are done, and how many there are; none where nobody knows.
    pub waves: Option<(usize, usize)>,
    /// How many objects are there, how many there are to be, and how many a person left out.
    pub objects: Option<(usize, usize, usize)>,
    /// The object that is waited for, and why.
    pub waits: Option<(&'a str, &'a str)>,
}

/// Returns the sentence of a replay that has not come to its end.
pub fn standing(one: &Standing<'_>) -> String {
    let from = one.from.map_or_else(String::new, |from| format!(" from {from}"));
    let mut words = format!("The replay onto {}{from} {}", one.target, one.how);
    let mut parts = Vec::new();
    if let Some((done, of)) = one.waves {
        parts.push(format!("{done} of {} done", text::count(of, "wave")));
    }
    if let Some((there, of, left_out)) = one.objects {
        let left_out = if left_out > 0 { format!(", {left_out} left out") } else { String::new() };
        parts.push(format!("{there} of {} there{left_out}", text::count(of, "object")));
    }
    if let Some((object, why)) = one.waits {
        parts.push(format!("waiting for {object}: {why}"));
    }
    if !parts.is_empty() {
        let _ = write!(words, ": {}", parts.join(", "));
    }
    words.push('.');
    words
}

/// Returns the sentence of a replay that came to its end.
pub fn at_the_end(report: &Report) -> String {
    let mut words = format!("The replay onto {} {}", report.target, ending(report));
    words.push_str(&time(report));
    words.push('.');
    let limits = report.notes.iter().filter(|note| note.limits());
    for (at, note) in limits.enumerate() {
        let limit = if at == 0 {
            format!("But {}", note.in_short())
        } else {
            text::capital(note.in_short())
        };
        let _ = write!(words, " {limit}.");
    }
    if let Some(asleep) = asleep(&report.notes) {
        let _ = write!(words, " {asleep} in it are suspended: nobody lets them go on yet.");
    }
    words.push_str(&left_out(&report.outcome));
    if let Some(first) = report.outcome.not_waited.first() {
        let count = text::count(report.outcome.not_waited.len(), "object");
        let _ = write!(words, " Nobody waited for {count} to be ready");
        // Why is said already where the target has no nodes.
        if !report.notes.iter().any(Note::is_nodeless) {
            let _ = write!(words, ": {}", first.why);
        }
        words.push('.');
    }
    words
}

/// What was applied so that it waits.
fn asleep(notes: &[Note]) -> Option<&'static str> {
    let (engines, clocks) = (notes.iter().any(Note::is_engine), notes.iter().any(Note::is_clock));
    match (engines, clocks) {
        (true, true) => Some("Engines and CronJobs"),
        (true, false) => Some("Engines"),
        (false, true) => Some("CronJobs"),
        (false, false) => None,
    }
}

fn ending(report: &Report) -> String {
    let outcome = &report.outcome;
    let there = text::there(outcome.there(), report.objects, outcome.left_out.len());
    let how = match (report.verdict, outcome.held_after) {
        (Verdict::Complete, _) => "is complete".to_owned(),
        (_, Some(wave)) => format!("is held after wave {wave}"),
        (Verdict::Incomplete, None) => "is not complete".to_owned(),
        (Verdict::Failed, None) => "has failed".to_owned(),
    };
    // What is not ready is there all the same.
    let late = outcome.not_ready.len();
    let missing = outcome.failed.len() + outcome.held.len();
    let open = if outcome.held_after.is_some() { "to go" } else { "not tried" };
    let lacks = [(late, "not ready"), (missing, "missing"), (outcome.open, open)];
    let lacks = lacks.into_iter().filter(|(number, _)| *number > 0);
    let lacks: String = lacks.map(|(number, what)| format!(", {number} {what}")).collect();
    format!("{how}: {there}{lacks}, from {}", report.from())
}

/// How long it took. A run of several parts has no time of the tool; when it began and ended is what
/// can be said of it.
fn time(report: &Report) -> String {
    if report.resumed == 0 {
        let took = Duration::from_secs_f64(report.seconds.max(0.0));
        return format!(", after {} of tool time", text::span(took));
    }
    let times = match report.resumed {
        1 => "once".to_owned(),
        times => text::count(times, "time"),
    };
    format!(", begun at {}, resumed {times}, ended at {}", report.begun, report.ended)
}

fn left_out(outcome: &Outcome) -> String {
    if outcome.left_out.is_empty() {
        return String::new();
    }
    let names: Vec<&str> =
        outcome.left_out.iter().take(NAMED).map(|one| one.object.as_str()).collect();
    let more = outcome.left_out.len() - names.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!(" On purpose without {}{more}.", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::replay::Pending;
    use crate::model::clock::Timestamp;

    fn report(verdict: Verdict, outcome: Outcome) -> Report {
        let at = |seconds: i64| Timestamp::from_unix(1_795_403_564 + seconds);
        Report {
            format_version: 1,
            plan: "sha256:0".into(),
            target: "prd".into(),
            run: Some("r".into()),
            journal: None,
            seq: 7,
            taken: at(-3600),
            begun: at(0),
            ended: at(237),
            resumed: 0,
            verdict,
            objects: 21,
            outcome,
            next: None,
            seconds: 61.4,
            remarks: Vec::new(),
            notes: Vec::new(),
            tell: String::new(),
        }
    }

    fn pending(object: &str) -> Pending {
        Pending { object: object.into(), why: "the target has no nodes".into() }
    }

    #[test]
    fn a_run_in_one_piece_says_how_long_it_took_and_one_of_several_when_it_began_and_ended() {
        let outcome = Outcome { created: 7, unchanged: 14, ..Outcome::default() };
        let mut one = report(Verdict::Complete, outcome);
        assert_eq!(
            at_the_end(&one),
            "The replay onto prd is complete: 21 of 21 objects, from snapshot 7 of \
             2026-11-23T02:12:44Z, after 1m 01s of tool time."
        );
        one.resumed = 2;
        assert!(
            at_the_end(&one).ends_with(
                ", begun at 2026-11-23T03:12:44Z, resumed 2 times, ended at 2026-11-23T03:16:41Z."
            ),
            "{}",
            at_the_end(&one)
        );
    }

    #[test]
    fn what_waits_is_called_by_what_it_is() {
        let mut one = report(Verdict::Complete, Outcome::default());
        let note = |code: &str| Note { code: code.into(), text: "a stays suspended".into() };
        for (codes, words) in [
            (&["B1440"][..], " Engines in it are suspended"),
            (&["B1441"], " CronJobs in it are suspended"),
            (&["B1441", "B1440"], " Engines and CronJobs in it are suspended"),
        ] {
            one.notes = codes.iter().map(|code| note(code)).collect();
            assert!(at_the_end(&one).contains(words), "{}", at_the_end(&one));
        }
    }

    #[test]
    fn what_is_missing_is_counted_and_what_was_left_out_is_named() {
        let names = ["A a", "B b", "C c", "D d"];
        let outcome = Outcome {
            created: 16,
            open: 1,
            left_out: names.map(pending).to_vec(),
            not_waited: vec![pending("Deployment d")],
            ..Outcome::default()
        };
        let words = at_the_end(&report(Verdict::Incomplete, outcome));
        for part in [
            "is not complete: 16 of 21 objects, 4 left out, 1 not tried, from snapshot 7",
            " On purpose without A a, B b, C c and 1 more.",
            " Nobody waited for 1 object to be ready: the target has no nodes.",
        ] {
            assert!(words.contains(part), "{part}: {words}");
        }
        let held = Outcome { created: 4, open: 17, held_after: Some(2), ..Outcome::default() };
        let words = at_the_end(&report(Verdict::Incomplete, held));
        assert!(words.contains("is held after wave 2: 4 of 21 objects, 17 to go, from"), "{words}");
    }

    #[test]
    fn what_does_not_run_is_said_first_and_why_nobody_waited_once() {
        let note = |code: &str, text: &str| Note { code: code.into(), text: text.into() };
        let outcome = Outcome { created: 21, ..Outcome::default() };
        let mut report = report(Verdict::Complete, outcome);
        report.notes = vec![
            note("B1446", "the target has no nodes: nothing runs there yet; what is applied waits"),
            note("B1447", "Flux is not installed; its objects wait anyway"),
            note("B1445", "engines follow what the bundle holds and the plan lacks: a:b"),
        ];
        let runs = "tool time. But the target has no nodes: nothing runs there yet. Flux is not \
                    installed. Engines follow what the bundle holds and the plan lacks: a:b.";
        assert!(at_the_end(&report).ends_with(runs), "{}", at_the_end(&report));
        report.outcome.not_waited.push(pending("Deployment d"));
        let nobody = format!("{runs} Nobody waited for 1 object to be ready.");
        assert!(at_the_end(&report).ends_with(&nobody), "{}", at_the_end(&report));
    }

    #[test]
    fn what_goes_on_says_how_far_it_is_and_what_it_waits_for() {
        let mut one = Standing {
            target: "prd",
            from: Some("snapshot 7"),
            how: "is under way",
            waves: Some((3, 7)),
            objects: Some((14, 21, 2)),
            waits: Some(("Job a/b", "it runs")),
        };
        assert_eq!(
            standing(&one),
            "The replay onto prd from snapshot 7 is under way: 3 of 7 waves done, 14 of 21 objects \
             there, 2 left out, waiting for Job a/b: it runs."
        );
        (one.from, one.waves, one.objects, one.waits) = (None, None, None, None);
        assert_eq!(standing(&one), "The replay onto prd is under way.");
    }
}
