//! What came of a replay: what is there, what is not and why, the sentence to tell, what is left to do.
//! The same is shown at its end and whenever the run is looked at later.

use crate::app::replay::{Outcome, Pending, Report as Replayed, Verdict};
use crate::app::tell::{self, Standing};
use crate::app::text;
use crate::tui::job::Report;
use crate::tui::page::{Line, Page, Role};
use crate::tui::work::Work;

/// How it ended, object by object where it matters, and what to tell.
pub(super) fn summary(page: &mut Page<'_>, report: &Replayed) {
    let outcome = &report.outcome;
    let (role, word) = match (report.verdict, outcome.held_after) {
        (Verdict::Complete, _) => (Role::Good, "COMPLETE"),
        (_, Some(_)) => (Role::Warn, "HELD: what is there stays, and the run can go on"),
        (Verdict::Incomplete, None) => {
            (Role::Warn, "INCOMPLETE: what is there stays and can be used")
        }
        (Verdict::Failed, None) => (Role::Bad, "FAILED: nothing was brought about"),
    };
    page.fact(Line::fact("verdict", role, word));
    // Who reads one line reads this one: complete is what was planned, no more.
    for note in report.notes.iter().filter(|note| note.limits()) {
        page.fact(Line::fact("BUT", Role::Bad, format!("{} ({})", note.text, note.code)));
    }
    let earlier = match outcome.earlier {
        0 => String::new(),
        earlier => format!(", {earlier} done earlier"),
    };
    let counts = format!(
        "{}: {} created, {} configured, {} unchanged{earlier}",
        report.there(),
        outcome.created,
        outcome.configured,
        outcome.unchanged,
    );
    page.fact(Line::fact("objects", Role::Plain, counts));
    troubles(page, outcome);
    if let Some(first) = outcome.not_waited.first() {
        let words = not_waited(first, outcome.not_waited.len());
        page.fact(Line::fact("not waited", Role::Plain, words));
    }
    for remark in &report.remarks {
        page.fact(Line::fact("note", Role::Warn, remark));
    }
    page.fact(Line::fact("tell", Role::Strong, &report.tell));
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
pub(super) fn troubles(page: &mut Page<'_>, outcome: &Outcome) {
    for failed in &outcome.failed {
        let words = format!("{}: {} ({})", failed.object, failed.why, failed.code);
        page.fact(Line::fact("failed", Role::Bad, words));
    }
    let mut all = |label, list: &[Pending]| {
        for pending in list {
            let words = format!("{}: {}", pending.object, pending.why);
            page.fact(Line::fact(label, Role::Warn, words));
        }
    };
    all("not ready", &outcome.not_ready);
    all("held", &outcome.held);
    all("left out", &outcome.left_out);
    if outcome.open > 0 {
        let why = outcome.held_after.map_or_else(
            || "behind what failed".to_owned(),
            |wave| format!("behind wave {wave}, where the run was asked to hold"),
        );
        let words = format!("{} {why}", text::count(outcome.open, "object"));
        page.fact(Line::fact("not tried", Role::Warn, words));
    }
}

/// What is left for people. `skips` says whether a key leaves an object out.
pub(super) fn left_to_do(page: &mut Page<'_>, report: &Replayed, skips: bool) {
    let open = text::count(report.outcome.lacking(), "object");
    let skips = if skips { ", s leaves one out" } else { "" };
    match (report.verdict, report.outcome.held_after, &report.run) {
        (Verdict::Complete, ..) => {}
        (_, _, None) => page.next(Role::Strong, format!("{open} open.")),
        (_, Some(_), _) => page.next(
            Role::Strong,
            format!(
                "{open} to go. Look at what is there; Enter resumes the run{skips}, Esc goes back."
            ),
        ),
        _ => page.next(
            Role::Strong,
            format!("{open} open. Cure it; Enter resumes the run{skips}, Esc goes back."),
        ),
    }
    let first: Vec<_> = report.notes.iter().filter_map(|note| Some(note.to_do()? + "; ")).collect();
    page.next(
        Role::Plain,
        format!(
            "Left to do: {}check what only people can (log in, pay, call), then let the engines go on \
             only when the Git host holds what runs here.",
            first.concat()
        ),
    );
    // How engines that were applied suspended go on.
    for note in report.notes.iter().filter(|note| note.is_asleep()) {
        page.next(Role::Plain, format!("{} ({})", note.text, note.code));
    }
}

/// Returns the sentence for the incident channel.
pub(super) fn sentence(work: &Work) -> Option<String> {
    if !work.replays() {
        return None;
    }
    match &work.end {
        Some(Ok(report)) => match report.as_ref() {
            Report::Replay(report) => Some(report.tell.clone()),
            _ => None,
        },
        _ => Some(under_way(work)),
    }
}

fn under_way(work: &Work) -> String {
    let target = work.target().unwrap_or_else(|| "its target".to_owned());
    let waiting = work.waiting.as_ref();
    let sum = |of: fn(&crate::tui::work::WaveState) -> usize| work.waves.iter().map(of).sum();
    let planned = work.plan.is_some();
    let counts = (sum(|wave| wave.applied), sum(|wave| wave.objects), sum(|wave| wave.left_out));
    let done = work.waves.iter().filter(|wave| wave.is_over()).count();
    tell::standing(&Standing {
        target: target.split(" (").next().unwrap_or_default(),
        from: work.from.as_deref(),
        how: if work.runs() { "is under way" } else { "was stopped and can go on" },
        waves: planned.then_some((done, work.waves.len())),
        objects: planned.then_some(counts),
        waits: waiting.map(|waiting| (waiting.object.as_str(), waiting.why.as_str())),
    })
}
