//! The bundles: every snapshot, and one of them.

use crate::app::list::Entry;
use crate::app::{Which, show, text};
use crate::model::id::Seq;
use crate::tui::job::Job;
use crate::tui::page::{Line, Page, Role};
use crate::tui::screen::{self, filtered, matching};
use crate::tui::state::{Known, State};

/// Returns the rows that are seen, newest first, as places in the report.
fn rows(state: &State) -> Vec<usize> {
    let Some(list) = state.facts.list.get() else { return Vec::new() };
    let all = &list.snapshots;
    let mut rows = matching(all.len(), screen::filter(state), |index| words(&all[index], state));
    rows.reverse();
    rows
}

/// Returns the number of the snapshot in a row.
pub(in crate::tui) fn seq(state: &State, row: usize) -> Option<Seq> {
    let index = *rows(state).get(row)?;
    state.facts.list.get()?.snapshots.get(index).map(|entry| entry.seq)
}

fn words(entry: &Entry, state: &State) -> String {
    let age = entry.created.map_or_else(|| "?".to_owned(), |at| text::age(at, state.now));
    let signers: Vec<&str> = entry.signatures.iter().map(|one| one.role.as_str()).collect();
    format!(
        "{:>6}  {:<5}  {:<8}  {:>8}  {:>9}  {}",
        entry.seq,
        entry.level.to_uppercase(),
        entry.state.unwrap_or("?"),
        age,
        text::size(entry.bytes),
        if signers.is_empty() { "-".to_owned() } else { signers.join("+") }
    )
}

fn role(level: &str) -> Role {
    match level {
        "green" => Role::Plain,
        "amber" => Role::Warn,
        _ => Role::Bad,
    }
}

/// The page of all.
pub(super) fn page(state: &State) -> Page<'_> {
    let mut page = Page::new("Bundles, newest first");
    page.same_as = Some(Job::List(state.place.clone()).line());
    match &state.facts.list {
        Known::No | Known::Asked => page.fact(Line::words(Role::Dim, " looking …")),
        Known::Failed(told) => screen::trouble(&mut page, told),
        Known::Yes(list) => {
            let head = "   number  LEVEL  state          age       size  signed by";
            page.fact(Line::of(Role::Dim, head));
            let rows = rows(state);
            filtered(&mut page, rows.len(), list.snapshots.len(), screen::filter(state));
            if list.snapshots.is_empty() {
                page.next(Role::Warn, "No snapshot is here yet.");
            }
            let remarks = rows.get(state.cursor()).and_then(|at| list.snapshots.get(*at));
            for remark in remarks.iter().flat_map(|entry| &entry.remarks).take(2) {
                page.next(Role::Warn, remark);
            }
            page.list(rows.len(), state.cursor(), move |row| {
                let entry = rows.get(row).and_then(|at| list.snapshots.get(*at));
                entry.map_or_else(Line::empty, |one| Line::of(role(one.level), words(one, state)))
            });
        }
    }
    page
}

/// So many digits tell parts apart; the command tells them all.
const SHORT: usize = 16;

/// The page of one.
pub(super) fn one(state: &State, seq: Seq) -> Page<'_> {
    let mut page = Page::new(format!("Snapshot {seq}"));
    let request = show::Request {
        place: state.place.clone(),
        which: Which::Number(seq),
        identities: Vec::new(),
        accept: None,
    };
    page.same_as = Some(Job::Show(request).line());
    match &state.facts.bundle {
        Known::No | Known::Asked => page.fact(Line::words(Role::Dim, " looking …")),
        Known::Failed(told) => screen::trouble(&mut page, told),
        Known::Yes(report) => {
            describe(&mut page, report, state);
            let parts = &report.part_list;
            page.rows = Some(crate::tui::page::Rows {
                count: parts.len(),
                cursor: None,
                numbered: None,
                row: Box::new(move |row| {
                    parts.get(row).map_or_else(Line::empty, |part| {
                        let size = text::size(part.bytes);
                        let digits = hex(&part.digest);
                        let digits = digits.get(..SHORT).unwrap_or(digits);
                        Line::plain(format!("   {:<6} {size:>9}  {digits}", part.kind))
                    })
                }),
            });
        }
    }
    page.next(Role::Plain, "Enter opens it with your key; v verifies its parts, which needs none.");
    page
}

/// The digits of a digest alone, which fit where the name of the hash would not.
fn hex(digest: &str) -> &str {
    digest.strip_prefix("sha256:").unwrap_or(digest)
}

fn describe(page: &mut Page<'_>, report: &show::Report, state: &State) {
    let entry = &report.entry;
    let level = entry.level.to_uppercase();
    let what = format!("  {} of {}", entry.state.unwrap_or("?"), report.stream);
    page.fact(Line::fact("verdict", role(entry.level), level).and(Role::Plain, what));
    if let Some(created) = entry.created {
        let age = text::age(created, state.now);
        page.fact(Line::fact("taken", Role::Plain, format!("{created}, {age} ago")));
    }
    for one in &entry.signatures {
        let role = if one.status == "good" { Role::Plain } else { Role::Bad };
        page.fact(Line::fact("signed", role, format!("{} {} {}", one.role, one.key, one.status)));
    }
    let role = if entry.policy == "met" { Role::Plain } else { Role::Bad };
    page.fact(Line::fact("policy", role, entry.policy));
    if let Some(digest) = &entry.digest {
        page.fact(Line::fact("sha256", Role::Dim, hex(digest)));
    }
    for remark in &entry.remarks {
        page.fact(Line::fact("note", Role::Warn, remark));
    }
    let parts = text::count(entry.parts, "part");
    page.fact(Line::fact("parts", Role::Plain, format!("{parts}, {}", text::size(entry.bytes))));
}
