//! What is in the opened bundle: all repositories, and one of them.

use std::collections::BTreeMap;

use crate::app::show::{self, RepoReport};
use crate::app::text;
use crate::model::clock::Timestamp;
use crate::tui::job::Job;
use crate::tui::page::{Line, Page, Role};
use crate::tui::screen::{self, filtered, matching};
use crate::tui::state::State;

/// Returns the rows that are seen, as places in the report: what is not current comes first.
fn rows(state: &State) -> Vec<usize> {
    let repos = state.facts.opened.get().and_then(|report| report.repos.as_ref());
    let Some(repos) = repos else { return Vec::new() };
    let mut rows =
        matching(repos.len(), screen::filter(state), |index| words(&repos[index], 0, state.now));
    rows.sort_by_key(|at| is_current(&repos[*at]));
    rows
}

fn is_current(repo: &RepoReport) -> bool {
    matches!(repo.state.as_str(), "fresh" | "unchanged" | "rewritten")
}

/// Returns the place in the report of the repository in a row.
pub(in crate::tui) fn index(state: &State, row: usize) -> Option<usize> {
    rows(state).get(row).copied()
}

fn words(repo: &RepoReport, width: usize, now: Timestamp) -> String {
    let fault = repo.fault.as_deref().unwrap_or_default();
    let proven = repo.proven.map_or_else(|| "never".to_owned(), |at| text::age(at, now));
    let (state, name, refs) = (&repo.state, &repo.name, repo.refs);
    format!("{state:<9}  {name:<width$}  {refs:>5}  {proven:>9}  {fault}")
}

/// As wide as the longest name, within bounds.
fn width(repos: &[RepoReport]) -> usize {
    let longest = repos.iter().map(|repo| repo.name.chars().count()).max();
    longest.unwrap_or(0).clamp(12, 40)
}

fn request(state: &State) -> Job {
    Job::Show(show::Request {
        place: state.place.clone(),
        which: state.which,
        identities: state.identities.clone(),
        accept: state.accept,
    })
}

/// The page of all.
pub(super) fn page(state: &State) -> Page<'_> {
    let Some(report) = state.facts.opened.get() else { return Page::new("Nothing is open") };
    let mut page = Page::new(format!("Snapshot {} is open", report.entry.seq));
    page.same_as = Some(request(state).line());
    let Some(repos) = &report.repos else { return page };
    let mut states: BTreeMap<&str, usize> = BTreeMap::new();
    repos.iter().for_each(|repo| *states.entry(&repo.state).or_default() += 1);
    let counts: Vec<String> = states.iter().map(|(state, n)| format!("{n} {state}")).collect();
    let total = text::count(repos.len(), "repository");
    page.fact(Line::plain(format!(" {total}: {}", counts.join(", "))).hanging(1));
    let excluded = report.excluded.as_deref().unwrap_or_default();
    for missing in excluded.iter().take(3) {
        let words = format!("{} ({}): {}", missing.name, missing.state, missing.reason);
        page.fact(Line::fact("NOT HERE", Role::Bad, words));
    }
    if excluded.len() > 3 {
        page.fact(Line::fact("NOT HERE", Role::Bad, format!("and {} more", excluded.len() - 3)));
    }
    let width = width(repos);
    let head =
        format!("   {:<9}  {:<width$}  {:>5}  {:>9}  why", "state", "name", "refs", "proven");
    page.fact(Line::of(Role::Dim, head));
    let rows = rows(state);
    filtered(&mut page, rows.len(), repos.len(), screen::filter(state));
    let chosen = rows.get(state.cursor()).and_then(|at| repos.get(*at));
    if let Some((repo, fault)) = chosen.and_then(|repo| Some((repo, repo.fault.as_ref()?))) {
        let since = repo.proven.map_or_else(String::new, |at| {
            format!(" What is here is of {at}, {} ago.", text::age(at, state.now))
        });
        page.next(Role::Warn, format!("{} is {}: {fault}.{since}", repo.name, repo.state));
    }
    page.next(Role::Plain, "x takes them out for stock git; f checks every object of every one.");
    let now = state.now;
    page.list(rows.len(), state.cursor(), move |row| {
        rows.get(row).and_then(|at| repos.get(*at)).map_or_else(Line::empty, |repo| {
            Line::of(
                if is_current(repo) { Role::Plain } else { Role::Warn },
                words(repo, width, now),
            )
        })
    });
    page
}

/// The page of one.
pub(super) fn one(state: &State, index: usize) -> Page<'_> {
    let repos = state.facts.opened.get().and_then(|report| report.repos.as_ref());
    let Some(repo) = repos.and_then(|repos| repos.get(index)) else {
        return Page::new("Nothing is open");
    };
    let mut page = Page::new(format!("Repository {}", repo.name));
    page.same_as = Some(request(state).line());
    let role = if is_current(repo) { Role::Good } else { Role::Warn };
    page.fact(Line::fact("state", role, &repo.state));
    if let Some(fault) = &repo.fault {
        page.fact(Line::fact("why", Role::Warn, fault));
    }
    let proven = repo.proven.map_or_else(
        || "never".to_owned(),
        |at| format!("{at}, {} ago: equal to its source then", text::age(at, state.now)),
    );
    page.fact(Line::fact("proven", Role::Plain, proven));
    page.fact(Line::fact("from", Role::Plain, &repo.url));
    page.fact(Line::fact("HEAD", Role::Plain, &repo.head));
    page.fact(Line::fact("refs", Role::Plain, repo.refs.to_string()));
    for finding in &repo.findings {
        page.fact(Line::fact("note", Role::Warn, finding));
    }
    for pin in &repo.pinned {
        let words = format!("{} of {}, since snapshot {}", pin.oid, pin.name, pin.seq);
        page.fact(Line::fact("kept tip", Role::Plain, words));
    }
    for pack in &repo.packs {
        let words =
            format!("{}  {}  in part {}", pack.file, text::size(pack.size), pack.part.short());
        page.fact(Line::fact("pack", Role::Dim, words));
    }
    page
}
