//! A plan being carried out: stages and waves, the one thing that is waited for, and at the end what
//! is left to do and the sentence to tell.

use crate::app::replay::{Report as Replayed, Verdict};
use crate::app::text;
use crate::tui::job::Report;
use crate::tui::page::{Line, Page, Role};
use crate::tui::screen::work;
use crate::tui::state::State;
use crate::tui::work::{Waiting, WaveState, Work};

/// The page.
pub(super) fn page<'a>(state: &'a State, work: &'a Work) -> Page<'a> {
    let mut page = Page::new("");
    let what = match &work.run {
        // How it stands matters more than its name.
        Some(_) if state.size.0 < 72 => "run".to_owned(),
        Some(run) => format!("run {run}"),
        None => "replay".to_owned(),
    };
    page.title = work::title(work, &what, state);
    if work.waves.is_empty() || !work.replays() {
        work::phases(&mut page, work, state);
        // A run that goes on was planned before, and writes as soon as it replays.
        if work.runs() && !work.replays() {
            page.next(
                Role::Plain,
                "The plan is made: nothing is written. Esc goes back, ^C stops.",
            );
        }
    } else {
        waves(&mut page, work, state);
    }
    match &work.end {
        Some(Ok(report)) => {
            if let Report::Replay(report) = report.as_ref() {
                summary(&mut page, report, work);
            }
        }
        Some(Err(_)) => {}
        None if !work.replays() => {}
        None => going_on(&mut page, work, state),
    }
    page
}

fn waves(page: &mut Page<'_>, work: &Work, state: &State) {
    for wave in &work.waves {
        page.fact(wave_line(wave, work, state));
    }
    if work.plan.is_none() {
        return;
    }
    let all: usize = work.waves.iter().map(|wave| wave.objects).sum();
    let applied: usize = work.waves.iter().map(|wave| wave.applied).sum();
    let ready: usize = work.waves.iter().map(|wave| wave.ready).sum();
    let width = usize::from(state.size.0).clamp(40, 100).saturating_sub(30);
    let filled = (width * applied.min(all)).checked_div(all).unwrap_or(0);
    let bar = format!(" [{}{}]", "#".repeat(filled), ".".repeat(width - filled));
    let words = format!(" {applied}/{all} applied, {ready} ready");
    page.fact(Line::of(Role::Bar, bar).and(Role::Strong, words));
    if work.runs() {
        page.fact(Line::of(Role::Dim, last_time(work, state)));
    }
}

/// How long it took the last time, which says more than any extrapolation.
fn last_time(work: &Work, state: &State) -> String {
    let last = state.facts.runs.get().zip(work.target()).and_then(|(list, target)| {
        let mut runs = list.runs.iter();
        // A run that was interrupted says nothing about how long it takes.
        runs.find(|run| run.state == "complete" && run.resumed == 0 && run.target == target)
    });
    let took = last.and_then(|run| Some((run, run.last?.since(run.begun?)?)));
    match took {
        Some((run, took)) => format!(
            " The last run onto it, of {}, took {}.",
            text::count(run.objects, "object"),
            text::span(took)
        ),
        None => " No run onto it has been completed from here: nothing says how long.".to_owned(),
    }
}

fn wave_line(wave: &WaveState, work: &Work, state: &State) -> Line {
    let settled = wave.applied + wave.open;
    let (role, word) = match (wave.took, wave.began) {
        (Some(_), _) if wave.open > 0 => (Role::Bad, "OPEN"),
        (Some(_), _) => (Role::Good, "done"),
        (None, Some(_)) if !work.runs() && settled < wave.objects => (Role::Warn, "stopped"),
        (None, Some(_)) if !work.runs() => (Role::Good, "done"),
        (None, Some(_)) => (Role::Strong, "RUNNING"),
        (None, None) => (Role::Dim, "waiting"),
    };
    let time = wave.took.or_else(|| {
        let end = work.ended.unwrap_or(state.elapsed);
        Some(end.saturating_sub(wave.began?))
    });
    let time = time.map_or_else(String::new, text::span);
    // A run that goes on tells only what it still does.
    let count = match work.plan {
        Some(_) => format!("{settled}/{}", wave.objects),
        None => format!("of {}", wave.objects),
    };
    let ready = if wave.ready > 0 { format!("  {} ready", wave.ready) } else { String::new() };
    let open = if wave.open > 0 { format!("  {} open", wave.open) } else { String::new() };
    Line::plain(format!(" {:<3} {:<16} ", wave.wave, wave.stage))
        .and(role, format!("{word:<8}"))
        .and(Role::Plain, format!(" {count:>9}  {time:>8}{ready}{open}"))
}

fn going_on(page: &mut Page<'_>, work: &Work, state: &State) {
    match &work.waiting {
        Some(waiting) => waiting_for(page, waiting, state),
        None => page.next(Role::Plain, "Nothing is waited for. ^C stops after what is under way."),
    }
    let rows = usize::from(state.size.1).saturating_sub(17 + work.waves.len());
    work::tail(page, work, rows.clamp(1, 8));
}

/// Names the one thing, why, until when, and what to do.
fn waiting_for(page: &mut Page<'_>, waiting: &Waiting, state: &State) {
    let since = waiting.seconds + state.elapsed.saturating_sub(waiting.told).as_secs();
    let span = |seconds| text::span(std::time::Duration::from_secs(seconds));
    let others = match waiting.others {
        0 => String::new(),
        others => format!("  and {others} more"),
    };
    page.next.push(
        Line::of(Role::Strong, format!(" Waiting for {}", waiting.object))
            .and(Role::Plain, format!("  {} of {}{others}", span(since), span(waiting.limit)))
            .hanging(1),
    );
    page.next.push(Line::fact("why", Role::Plain, &waiting.why));
    if !waiting.cause.is_empty() {
        page.next.push(Line::fact("usually", Role::Plain, waiting.cause));
    }
    if !waiting.next.is_empty() {
        page.next.push(Line::fact("look", Role::Plain, &waiting.next));
    }
}

fn summary(page: &mut Page<'_>, report: &Replayed, work: &Work) {
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
        let count = text::count(outcome.not_waited.len(), "object");
        page.fact(Line::fact("not waited", Role::Plain, format!("{count}, as {}", first.object)));
    }
    for remark in &report.remarks {
        page.fact(Line::fact("note", Role::Warn, remark));
    }
    left_to_do(page, report);
    page.same_as = Some(report.next.clone().unwrap_or_else(|| work.job.line()));
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
fn left_to_do(page: &mut Page<'_>, report: &Replayed) {
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
    page.next(Role::Strong, format!("tell: \"{}\"", at_the_end(report)));
}

/// Returns the sentence for the incident channel.
pub(super) fn sentence(work: &Work) -> Option<String> {
    if !work.replays() {
        return None;
    }
    match &work.end {
        Some(Ok(report)) => match report.as_ref() {
            Report::Replay(report) => Some(at_the_end(report)),
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

fn at_the_end(report: &Replayed) -> String {
    let outcome = &report.outcome;
    let done = outcome.there();
    let time = text::span(std::time::Duration::from_secs_f64(report.seconds.max(0.0)));
    let how = match report.verdict {
        Verdict::Complete => format!("is complete: {}", text::count(done, "object")),
        _ => format!("has {done} objects in place and {} open", open(report)),
    };
    format!("The replay onto {} {how}, after {time} of tool time.", report.target)
}

fn open(report: &Replayed) -> usize {
    let outcome = &report.outcome;
    outcome.failed.len() + outcome.held.len() + outcome.not_ready.len() + outcome.open
}
