//! A snapshot while it is taken: repositories by state, and why some are not current.

use crate::app::snapshot::Report as Taken;
use crate::app::text;
use crate::tui::job::Report;
use crate::tui::page::{Line, Page, Role};
use crate::tui::screen::work;
use crate::tui::state::State;
use crate::tui::work::Work;

/// So many of those that are not current are named on the screen; the log has all.
const NAMED: usize = 8;

/// The page.
pub(super) fn page<'a>(state: &'a State, work: &'a Work) -> Page<'a> {
    let mut page = Page::new("");
    page.title = work::title(work, "snapshot", state);
    work::phases(&mut page, work, state);
    let counts: Vec<String> = work.repos.iter().map(|(word, n)| format!("{n} {word}")).collect();
    if !counts.is_empty() {
        page.fact(Line::fact("repos", Role::Plain, counts.join(", ")));
    }
    let of = |state: &str, repo: &str, why: &str| {
        Line::fact(state, Role::Warn, format!("{repo}: {why}"))
    };
    let end = work.end.as_ref().and_then(|end| end.as_ref().ok());
    let told = if let Some(Report::Snapshot(report)) = end.map(Box::as_ref) {
        // At the end it is known since when.
        for late in report.not_current.iter().take(NAMED) {
            let since = late.proven.map_or_else(String::new, |at| {
                format!("; what is here is {} old", text::age(at, state.now))
            });
            page.fact(of(&late.state, &late.name, &late.why).and(Role::Warn, since));
        }
        report.not_current.len()
    } else {
        for fault in work.faults.iter().take(NAMED) {
            page.fact(of(fault.state, &fault.repo, &fault.why));
        }
        work.faults.len()
    };
    if let Some(more) = told.checked_sub(NAMED + 1) {
        page.fact(Line::fact("", Role::Warn, format!("and {} more: l shows them", more + 1)));
    }
    if let Some(Ok(report)) = &work.end
        && let Report::Snapshot(report) = report.as_ref()
    {
        taken(&mut page, report);
    }
    if work.runs() {
        work::tail(&mut page, work, usize::from(state.size.1).saturating_sub(16));
        page.next(
            Role::Plain,
            "A host that does not answer costs one deadline; its repositories are carried. Esc \
             leaves it running and goes back.",
        );
    }
    page
}

fn taken(page: &mut Page<'_>, report: &Taken) {
    page.fact(Line::empty());
    let role = if report.state == "complete" { Role::Good } else { Role::Warn };
    let seq = report.seq.map_or_else(|| "none".to_owned(), |seq| seq.to_string());
    let words = format!("{seq}  {}", report.state.to_uppercase());
    page.fact(Line::fact("snapshot", role, words));
    let words = format!(
        "{} written, {} used again, in {:.1} s",
        text::size(report.written_bytes),
        text::count(report.reused_parts, "part"),
        report.seconds
    );
    page.fact(Line::fact("parts", Role::Plain, words));
    if let Some(witness) = &report.witness {
        page.fact(Line::fact("witness", Role::Dim, witness));
        page.next(Role::Plain, "Post the witness line where an attacker cannot reach it.");
    }
}
