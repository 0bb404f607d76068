//! What came of a replay: what is left to do, and the sentence to tell.

use std::fmt::Write as _;

use crate::app::plan::Note;
use crate::app::replay::{Pending, Report as Replayed, Verdict};
use crate::app::text;
use crate::tui::job::Report;
use crate::tui::page::{Line, Page, Role};
use crate::tui::work::Work;

/// So many objects are named in the sentence to tell.
const NAMED: usize = 3;

/// How it ended, object by object where it matters, and what follows.
pub(super) fn summary(page: &mut Page<'_>, report: &Replayed, work: &Work) {
    let outcome = &report.outcome;
    let (role, word) = match (report.verdict, outcome.held_after) {
        (Verdict::Complete, _) => (Role::Good, "COMPLETE"),
        (_, Some(_)) => (Role::Warn, "HELD: what is there stays, and the run can go on"),
        (Verdict::Incomplete, None) => {
            (Role::Warn, "INCOMPLETE: what is there stays and can be used")
        }
        (Verdict::Failed, None) => (Role::Bad, "FAILED: nothing was brought about"),
    };
    page.fact(Line::empty());
    page.fact(Line::fact("verdict", role, word));
    // Who reads one line reads this one: complete is what was planned, no more.
    for note in report.notes.iter().filter(|note| note.is_elsewhere()) {
        page.fact(Line::fact("BUT", Role::Bad, format!("{} ({})", note.text, note.code)));
    }
    let counts = format!(
        "{} created, {} configured, {} unchanged{}",
        outcome.created,
        outcome.configured,
        outcome.unchanged,
        match outcome.earlier {
            0 => String::new(),
            earlier => format!(", {earlier} done earlier"),
        }
    );
    page.fact(Line::fact("objects", Role::Plain, counts));
    troubles(page, report);
    if let Some(first) = outcome.not_waited.first() {
        page.fact(Line::fact(
            "not waited",
            Role::Plain,
            not_waited(first, outcome.not_waited.len()),
        ));
    }
    for remark in &report.remarks {
        page.fact(Line::fact("note", Role::Warn, remark));
    }
    left_to_do(page, report, work);
    if let Some(next) = &report.next {
        page.same_as = Some(next.clone());
    }
}

/// For how many objects nobody waited until they were ready, and why.
fn not_waited(first: &Pending, count: usize) -> String {
    let others = match count {
        0 | 1 => String::new(),
        count => format!(" and {} more", count - 1),
    };
    format!("{}{others}: {}", first.object, first.why)
}

/// What is not there or not as it should be, object by object.
pub(super) fn troubles(page: &mut Page<'_>, report: &Replayed) {
    let outcome = &report.outcome;
    for failed in &outcome.failed {
        let words = format!("{}: {} ({})", failed.object, failed.why, failed.code);
        page.fact(Line::fact("failed", Role::Bad, words));
    }
    for pending in &outcome.held {
        let words = format!("{}: {}", pending.object, pending.why);
        page.fact(Line::fact("held", Role::Warn, words));
    }
    if outcome.open > 0 {
        let why = outcome.held_after.map_or_else(
            || "behind what failed".to_owned(),
            |wave| format!("behind wave {wave}, where the run was asked to hold"),
        );
        let words = format!("{} {why}", text::count(outcome.open, "object"));
        page.fact(Line::fact("not tried", Role::Warn, words));
    }
    for pending in &outcome.left_out {
        let words = format!("{}: {}", pending.object, pending.why);
        page.fact(Line::fact("left out", Role::Warn, words));
    }
    for pending in &outcome.not_ready {
        page.fact(Line::fact(
            "not ready",
            Role::Warn,
            format!("{}: {}", pending.object, pending.why),
        ));
    }
}

/// What is left for people, and the sentence for the incident channel.
fn left_to_do(page: &mut Page<'_>, report: &Replayed, work: &Work) {
    let open = text::count(open(report), "object");
    match (report.verdict, report.outcome.held_after) {
        (Verdict::Complete, _) => {}
        (_, Some(_)) => page.next(
            Role::Strong,
            format!("{open} to go. Look at what is there, then Enter, and go on with the run."),
        ),
        _ => page.next(
            Role::Strong,
            format!(
                "{open} open. Cure it, then Enter, and go on with the run; or s leaves one out."
            ),
        ),
    }
    page.next(
        Role::Plain,
        "Left to do: check what only people can (log in, pay, call), then let the engines go on \
         only when the Git host holds what runs here.",
    );
    // How engines that were applied suspended go on.
    for note in report.notes.iter().filter(|note| note.is_asleep()) {
        page.next(Role::Plain, format!("{} ({})", note.text, note.code));
    }
    page.next(Role::Strong, format!("tell: \"{}\"", at_the_end(report, work)));
}

/// Returns the sentence for the incident channel.
pub(super) fn sentence(work: &Work) -> Option<String> {
    if !work.replays() {
        return None;
    }
    match &work.end {
        Some(Ok(report)) => match report.as_ref() {
            Report::Replay(report) => Some(at_the_end(report, work)),
            _ => None,
        },
        _ => Some(under_way(work)),
    }
}

fn under_way(work: &Work) -> String {
    let target = work.target().unwrap_or_else(|| "its target".to_owned());
    let target = target.split(" (").next().unwrap_or_default();
    let begun = work.waves.iter().filter(|wave| wave.began.is_some()).count();
    let all: usize = work.waves.iter().map(|wave| wave.objects).sum();
    let applied: usize = work.waves.iter().map(|wave| wave.applied).sum();
    let counted = match work.plan {
        Some(_) => format!(", {applied} of {all} objects applied"),
        None => String::new(),
    };
    let waiting = work.waiting.as_ref().map_or_else(String::new, |waiting| {
        format!(", waiting for {}: {}", waiting.object, waiting.why)
    });
    let how = if work.runs() { "is in" } else { "stopped in" };
    format!(
        "The replay onto {target} {how} wave {begun} of {}{counted}{waiting}.",
        work.waves.len()
    )
}

fn at_the_end(report: &Replayed, work: &Work) -> String {
    let outcome = &report.outcome;
    let done = outcome.there();
    let time = text::span(std::time::Duration::from_secs_f64(report.seconds.max(0.0)));
    let from = work.from.as_ref().map_or_else(String::new, |from| format!(" from {from}"));
    let how = match report.verdict {
        Verdict::Complete => format!("is complete: {}{from}", text::count(done, "object")),
        _ => format!("has {done} objects{from} in place and {} open", open(report)),
    };
    let mut words = format!("The replay onto {} {how}, after {time} of tool time.", report.target);
    for note in report.notes.iter().filter(|note| note.is_elsewhere()) {
        let _ = write!(words, " But {}.", note.in_short());
    }
    if report.notes.iter().any(Note::is_asleep) {
        words.push_str(" Engines and clocks in it are suspended: nobody lets them go on yet.");
    }
    if !outcome.left_out.is_empty() {
        let left: Vec<_> = outcome.left_out.iter().map(|one| one.object.as_str()).collect();
        let more = left.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let names = left[..left.len().min(NAMED)].join(", ");
        let _ = write!(words, " On purpose without {names}{more}.");
    }
    if let Some(first) = outcome.not_waited.first() {
        let count = text::count(outcome.not_waited.len(), "object");
        let _ = write!(words, " Nobody waited for {count}: {}.", first.why);
    }
    words
}

fn open(report: &Replayed) -> usize {
    let outcome = &report.outcome;
    outcome.failed.len() + outcome.held.len() + outcome.not_ready.len() + outcome.open
}
