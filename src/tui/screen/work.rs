//! What is being done, and how it ended; what was said meanwhile.

use crate::app::extract;
use crate::app::text;
use crate::app::verify;
use crate::tui::job::{Job, Report};
use crate::tui::page::{Line, Page, Role};
use crate::tui::screen::{self, filtered, matching, popup, replay, second, snapshot, targets};
use crate::tui::state::{Goal, State};
use crate::tui::work::{Phase, Work};

/// The page.
pub(super) fn page(state: &State) -> Page<'_> {
    let Some(work) = &state.work else { return Page::new("Nothing runs") };
    let mut page = match &work.job {
        Job::Replay(_) | Job::Resume(_) => replay::page(state, work),
        Job::Snapshot(_) => snapshot::page(state, work),
        _ => plain(state, work),
    };
    page.same_as = page.same_as.or_else(|| Some(work.job.line()));
    if let Some(word) = &work.word {
        page.next(Role::Strong, word);
    }
    if let Some(Err(told)) = &work.end {
        popup::five_lines(&mut page, told);
        page.next(
            Role::Plain,
            match work.resumable() {
                Some(_) => "Enter resumes the run, Esc goes back to where you were.",
                None => "Enter goes back to where you were.",
            },
        );
    }
    page
}

/// Says what is done, since when, and how it goes.
pub(super) fn title(work: &Work, what: &str, state: &State) -> Line {
    let took = text::span(work.took(state.elapsed));
    let resumed = matches!(work.job, Job::Resume(_)) && work.replays();
    let part = if resumed { " since it was resumed" } else { "" };
    let (role, word) = match &work.end {
        None if work.stopping => (Role::Warn, "STOPPING"),
        None if work.holding => (Role::Warn, "HOLDING AFTER THIS WAVE"),
        None => (Role::Strong, "running"),
        Some(Ok(_)) => match work.ending() {
            word @ ("done" | "COMPLETE") => (Role::Good, word),
            word => (Role::Warn, word),
        },
        Some(Err(_)) => (Role::Bad, work.ending()),
    };
    let line = Line::of(Role::Strong, format!(" {what}  "))
        .and(role, word)
        .and(Role::Plain, format!("  {took}{part}"));
    let room = state.size.0 >= 80 && part.is_empty();
    let leaves = word == "running" && work.replays() && !state.in_lines && room;
    if leaves { line.and(Role::Dim, "  (Esc leaves it running)") } else { line }
}

/// Says how far each phase has come.
pub(super) fn phases(page: &mut Page<'_>, work: &Work, state: &State) {
    for phase in &work.phases {
        page.fact(phase_line(phase, state));
    }
}

fn phase_line(phase: &Phase, state: &State) -> Line {
    let took = phase.ended.unwrap_or(state.elapsed).saturating_sub(phase.began);
    let amount =
        |number| if phase.unit == "bytes" { text::size(number) } else { number.to_string() };
    let of = phase.total.map_or_else(String::new, |total| format!(" of {}", amount(total)));
    let unit = if phase.unit == "bytes" { "" } else { phase.unit };
    let counted = match phase.unit {
        "" => String::new(),
        _ => format!("{}{of} {unit}", amount(phase.done)),
    };
    let (role, word) = match phase.ended {
        Some(_) => (Role::Plain, "done   "),
        None => (Role::Strong, "RUNNING"),
    };
    Line::plain(format!(" {:<10} ", phase.name))
        .and(role, word)
        .and(Role::Plain, format!("  {:>8}  {counted}", text::span(took)))
}

/// The last lines that were said.
pub(super) fn tail(page: &mut Page<'_>, work: &Work, lines: usize) {
    if work.log.is_empty() {
        return;
    }
    page.fact(Line::empty());
    let skip = work.log.len().saturating_sub(lines);
    for said in work.log.iter().skip(skip) {
        page.fact(Line::of(Role::Dim, format!(" {} {}", second(said.at), said.text)));
    }
}

/// Work without a screen of its own: verify, plan, extract.
fn plain<'a>(state: &'a State, work: &'a Work) -> Page<'a> {
    let mut page = Page::new("");
    page.title = title(work, work.verb(), state);
    // Of what had one phase the title has said it all at the end.
    if work.runs() || work.phases.len() > 1 {
        phases(&mut page, work, state);
    }
    match work.end.as_ref().and_then(|end| end.as_ref().ok()).map(Box::as_ref) {
        Some(Report::Verify(report)) => verified(&mut page, report, state),
        Some(Report::Extract(report)) => extracted(&mut page, report),
        Some(Report::TestTarget(report)) => targets::tested(&mut page, report),
        Some(_) | None => {}
    }
    if work.runs() {
        tail(&mut page, work, usize::from(state.size.1).saturating_sub(14));
        page.next(Role::Plain, "Esc leaves it running and goes back; ^C stops it safely.");
    }
    page
}

fn verified(page: &mut Page<'_>, report: &verify::Report, state: &State) {
    let (role, word) = if report.is_red() {
        (Role::Bad, "DOES NOT HOLD")
    } else if report.entry.level == "green" {
        (Role::Good, "GREEN: it holds")
    } else {
        (Role::Warn, "AMBER: it holds, with something to know")
    };
    page.fact(Line::empty());
    page.fact(Line::fact("snapshot", Role::Plain, report.entry.seq.to_string()));
    page.fact(Line::fact("verdict", role, word));
    let parts = text::count(report.parts_checked, "part");
    let size = text::size(report.bytes_checked);
    page.fact(Line::fact("checked", Role::Plain, format!("{parts}, {size}")));
    if let Some(repos) = report.repos_opened {
        let words = format!("{} proven whole", text::count(repos, "repository"));
        page.fact(Line::fact("opened", Role::Plain, words));
    }
    for part in &report.damaged {
        let words = format!("{} {} is {}", part.kind, part.digest, part.what);
        page.fact(Line::fact("DAMAGED", Role::Bad, words));
    }
    for problem in &report.problems {
        page.fact(Line::fact("PROBLEM", Role::Bad, problem));
    }
    for remark in report.entry.remarks.iter().chain(&report.findings) {
        page.fact(Line::fact("note", Role::Warn, remark));
    }
    if report.is_red() {
        let words = "Add another copy of the bundle with --store, or use an older snapshot: Esc.";
        page.next(Role::Strong, words);
    } else if state.goal == Goal::Rebuild {
        page.next(Role::Strong, "Enter goes on: choose the target. Nothing is written yet.");
    } else {
        page.next(Role::Plain, "Enter goes back.");
    }
}

fn extracted(page: &mut Page<'_>, report: &extract::Report) {
    page.fact(Line::empty());
    let repos = text::count(report.repos.len(), "repository");
    page.fact(Line::fact("here", Role::Good, format!("{repos} in {}", report.to.display())));
    for left in &report.left_out {
        page.fact(Line::fact("LEFT OUT", Role::Bad, format!("{}: {}", left.name, left.why)));
    }
    for remark in &report.remarks {
        page.fact(Line::fact("note", Role::Warn, remark));
    }
    page.next(Role::Plain, "They are bare repositories: git clone, log and push work on them.");
}

/// The page of what was said.
pub(super) fn log(state: &State) -> Page<'_> {
    let mut page = Page::new("What was said, newest first");
    let Some(work) = &state.work else { return page };
    let said = &work.log;
    let text = |index: usize| format!("{} {}", second(said[index].at), said[index].text);
    let mut rows = matching(said.len(), screen::filter(state), text);
    rows.reverse();
    filtered(&mut page, rows.len(), said.len(), screen::filter(state));
    page.same_as = Some(work.job.line());
    if let Some(said) = rows.get(state.cursor()).and_then(|index| said.get(*index)) {
        page.next(Role::Plain, &said.text);
    }
    page.list(rows.len(), state.cursor(), move |row| {
        rows.get(row).and_then(|index| said.get(*index)).map_or_else(Line::empty, |said| {
            Line::plain(format!("{}  {}", second(said.at), said.text))
        })
    });
    page
}
