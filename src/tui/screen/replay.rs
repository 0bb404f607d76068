//! A plan being made and carried out: stages and waves, and the one thing that is waited for.

use crate::app::{event_text, plan, text};
use crate::tui::job::{Job, Report};
use crate::tui::keys;
use crate::tui::page::{Line, Page, Role};
use crate::tui::screen::{self, outcome, work};
use crate::tui::state::State;
use crate::tui::work::{Waiting, WaveState, Work};

/// The page.
pub(super) fn page<'a>(state: &'a State, work: &'a Work) -> Page<'a> {
    let mut page = Page::new("");
    let what = match (&work.run, planned(work)) {
        // How it stands matters more than its name.
        (Some(_), _) if state.size.0 < 72 => "run".to_owned(),
        (Some(run), _) => format!("run {run}"),
        (None, Some(request)) => format!("plan for {}", request.target),
        (None, None) => work.verb().to_owned(),
    };
    page.title = work::title(work, &what, state);
    if let Some(Ok(report)) = &work.end
        && let Report::Replay(report) = report.as_ref()
    {
        // Who comes to the end of a run asks how it ended, not how it came there.
        outcome::summary(&mut page, report);
        page.fact(Line::empty());
    }
    if work.waves.is_empty() || !work.replays() {
        work::phases(&mut page, work, state);
        // A run that goes on was planned before, and writes as soon as it replays.
        if work.runs() && !work.replays() {
            page.next(
                Role::Plain,
                "A plan is being made: nothing is written. Esc goes back, ^C stops.",
            );
        }
    } else {
        waves(&mut page, work, state);
    }
    page.same_as = same_as(work);
    match &work.end {
        Some(Ok(report)) => {
            if let Report::Replay(report) = report.as_ref() {
                outcome::left_to_do(&mut page, report, work.keeps().is_some());
                page.same_as = report.next.clone().or(page.same_as);
            }
        }
        Some(Err(_)) => {}
        None if !work.replays() => {}
        None => going_on(&mut page, work, state),
    }
    page
}

/// The plan that is made as long as nothing is replayed.
fn planned(work: &Work) -> Option<&plan::Request> {
    match &work.job {
        Job::Replay(request) if !work.replays() => Some(&request.plan),
        _ => None,
    }
}

/// What is under way, as a command: as long as nothing is written, it is a plan.
fn same_as(work: &Work) -> Option<String> {
    let planned = planned(work).map(|request| Job::Plan(request.clone()).line());
    let exact = work.plan.as_ref().filter(|_| matches!(work.job, Job::Replay(_)));
    planned.or_else(|| exact.map(|plan| screen::plan::same_as(work, plan)))
}

fn waves(page: &mut Page<'_>, work: &Work, state: &State) {
    for wave in &work.waves {
        page.fact(wave_line(wave, work, state));
    }
    if work.runs() && overlap(&work.waves) {
        page.fact(Line::words(
            Role::Dim,
            " Waves overlap: what needs nothing of an earlier wave does not wait for it.",
        ));
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
    // At the end that is no news: not everything becomes ready, and what did not is said below.
    let ready = if work.runs() { format!(", {ready} ready") } else { String::new() };
    let words = format!(" {applied}/{all} applied{ready}");
    page.fact(Line::of(Role::Bar, bar).and(Role::Strong, words));
    if work.runs() {
        last_time(work, state).into_iter().for_each(|words| page.fact(Line::of(Role::Dim, words)));
    }
}

/// Returns whether a wave has begun while an earlier one is not over.
fn overlap(waves: &[WaveState]) -> bool {
    let begun = |wave: &WaveState| wave.began.is_some() || wave.is_over();
    let first_open = waves.iter().position(|wave| !wave.is_over());
    first_open.is_some_and(|at| waves[at + 1..].iter().any(begun))
}

/// How long it took the last time, which says more than any extrapolation. None as long as nobody
/// knows what was run.
fn last_time(work: &Work, state: &State) -> Option<String> {
    let (list, target) = state.facts.runs.get().zip(work.target())?;
    let mut runs = list.runs.iter();
    // A run that was interrupted says nothing about how long it takes.
    let last = runs.find(|run| run.state == "complete" && run.resumed == 0 && run.target == target);
    let took = last.and_then(|run| Some((run, run.last?.since(run.begun?)?)));
    Some(match took {
        Some((run, took)) => format!(
            " The last run onto it, of {}, took {}.",
            text::count(run.objects, "object"),
            text::span(took)
        ),
        None => " No run onto it went through in one piece yet: nothing says how long.".to_owned(),
    })
}

fn wave_line(wave: &WaveState, work: &Work, state: &State) -> Line {
    let settled = wave.settled();
    let runs = work.runs();
    let (role, word) = match (wave.took, wave.began) {
        _ if wave.is_over() && wave.open > 0 => (Role::Bad, "OPEN"),
        _ if wave.is_over() => (Role::Good, "done"),
        (None, Some(_)) if !runs && settled < wave.objects => (Role::Warn, "stopped"),
        (None, Some(_)) if !runs => (Role::Good, "done"),
        (None, Some(_)) => (Role::Strong, "RUNNING"),
        _ if !runs => (Role::Warn, "not begun"),
        _ => (Role::Dim, "waiting"),
    };
    let time = wave.took.or_else(|| {
        let end = work.ended.unwrap_or(state.elapsed);
        Some(end.saturating_sub(wave.began?))
    });
    let time = time.map_or_else(String::new, text::span);
    // A run that goes on tells only what it still does.
    let count = match work.plan {
        Some(_) => format!("{}/{}", wave.applied, wave.objects),
        None => format!("of {}", wave.objects),
    };
    let counted = [(wave.ready, "ready"), (wave.open, "open"), (wave.left_out, "left out")];
    let counted: String = counted
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| format!("  {number} {what}"))
        .collect();
    Line::plain(format!(" {:<3} {:<16} ", wave.wave, wave.stage))
        .and(role, format!("{word:<9}"))
        .and(Role::Plain, format!("{count:>9}  {time:>8}{counted}"))
}

fn going_on(page: &mut Page<'_>, work: &Work, state: &State) {
    match &work.waiting {
        Some(waiting) => waiting_for(page, waiting, state),
        None => page.next(
            Role::Plain,
            format!("{} Esc leaves it running; ^C stops after what is under way.", doing(work)),
        ),
    }
    // The other bands, the title, a blank line, and the words about a hold that come on top.
    let taken = 11 + page.facts.len() + page.next.len() + 2 * usize::from(work.holding);
    let rows = usize::from(state.size.1).saturating_sub(taken);
    work::tail(page, work, rows.clamp(1, 8));
}

/// What happens as long as nothing is waited for.
fn doing(work: &Work) -> String {
    let name = |wave: &WaveState| format!("ave {}, {}", wave.wave, wave.stage);
    let begun = |wave: &&WaveState| !wave.is_over() && wave.began.is_some();
    let mut begun = work.waves.iter().filter(begun);
    match begun.clone().find(|wave| work.plan.is_none() || wave.settled() < wave.objects) {
        Some(wave) if work.plan.is_none() => return format!("Applying w{}.", name(wave)),
        Some(wave) => {
            let (settled, of) = (wave.settled(), wave.objects);
            return format!("Applying w{}: {settled} of {of}.", name(wave));
        }
        None => {}
    }
    if let Some(wave) = begun.next() {
        return format!("W{}, is applied and becomes ready.", name(wave));
    }
    match work.waves.iter().find(|wave| !wave.is_over()) {
        Some(wave) => format!("W{}, comes next.", name(wave)),
        None => "All waves are done; the run is being closed.".to_owned(),
    }
}

/// Names the one thing, why, until when, what is behind it, and what to do.
fn waiting_for(page: &mut Page<'_>, waiting: &Waiting, state: &State) {
    let since = waiting.seconds + state.elapsed.saturating_sub(waiting.told).as_secs();
    let span = |seconds| text::span(std::time::Duration::from_secs(seconds));
    page.next.push(
        Line::of(Role::Strong, format!(" Waiting for {}", waiting.object))
            .and(Role::Plain, format!("  {} of {}", span(since), span(waiting.limit)))
            .hanging(1),
    );
    page.next.push(Line::fact("why", Role::Plain, &waiting.why));
    if !waiting.cause.is_empty() {
        page.next.push(Line::fact("usually", Role::Plain, waiting.cause));
    }
    if !waiting.next.is_empty() {
        page.next.push(Line::fact("look", Role::Plain, &waiting.next));
    }
    if let Some(more) = event_text::beside(waiting.others, waiting.behind) {
        page.next.push(Line::fact("also", Role::Plain, more));
    }
    if keys::can_leave_out(state) {
        let key = if state.in_lines { "skip" } else { "s" };
        let words = format!("leave it out for a reason, and go on without it: {key}");
        page.next.push(Line::fact("or", Role::Plain, words));
    }
}
