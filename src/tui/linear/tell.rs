//! A page as lines: the same title, facts, choices, why and next as the screens show.

use super::wrap::{command, wrap};
use crate::tui::keys::{Action, Hint};
use crate::tui::page::{Line, Page, Role, Rows};

/// So many rows are told at a time.
pub(super) const ROWS: usize = 20;

/// Tells a whole page, its rows from `from` on.
pub(super) fn whole(page: &Page<'_>, from: usize, banner: bool) -> Vec<String> {
    let mut lines = vec![String::new()];
    let title = page.title.text();
    if !title.trim().is_empty() {
        lines.extend(wrap(&format!("Screen: {}", title.trim()), 1));
    }
    if banner {
        lines.extend(wrap(page.banner.text().trim(), 1));
    }
    for fact in &page.facts {
        lines.extend(told(fact));
    }
    lines.extend(rows(page, from));
    lines.extend(next(page));
    lines.extend(same_as(page));
    lines.extend(wrap(&answers(page), 1));
    lines
}

/// Tells what is being asked for, and what is there so far.
pub(super) fn field(page: &Page<'_>) -> Vec<String> {
    let mut lines = next(page);
    if let Some(text) = page.entry.as_ref().and_then(|entry| entry.text).filter(|t| !t.is_empty()) {
        lines.extend(wrap(&format!(" now: {text}. Enter keeps it, - takes it away."), 1));
    } else {
        lines.push(" Enter alone leaves it.".to_owned());
    }
    lines
}

/// Tells what changed by an answer that led nowhere else: the row, and what to do next.
pub(super) fn rest(page: &Page<'_>, row: bool) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some((rows, cursor)) = page.rows.as_ref().and_then(|rows| Some((rows, rows.cursor?)))
        && row
    {
        lines.extend(one(rows, cursor, false));
    }
    lines.extend(next(page));
    lines
}

/// Tells rows from `from` on, and how many there are.
pub(super) fn rows(page: &Page<'_>, from: usize) -> Vec<String> {
    let Some(rows) = &page.rows else { return Vec::new() };
    let end = rows.count.min(from + ROWS);
    let chooses = page.keys.iter().any(|hint| hint.action == Action::Choose);
    let marked = rows.cursor.filter(|_| chooses);
    let mut lines: Vec<String> =
        (from..end).flat_map(|index| one(rows, index, marked == Some(index))).collect();
    if rows.count > ROWS {
        let first = (from + 1).min(rows.count);
        lines.push(format!(" Rows {first} to {end} of {}; m tells more.", rows.count));
    }
    lines
}

fn one(rows: &Rows<'_>, index: usize, marked: bool) -> Vec<String> {
    let line = (rows.row)(index);
    let mark = if marked { "  (Enter)" } else { "" };
    if rows.cursor.is_none() {
        return wrap(&line.text(), 4);
    }
    let last = (rows.count + rows.first()).saturating_sub(1);
    let digits = last.to_string().len();
    let number = format!("{:>digits$}. ", index + rows.first());
    wrap(&format!("{number}{}{mark}", line.text()), number.len() + line.hang().unwrap_or(0))
}

fn next(page: &Page<'_>) -> Vec<String> {
    page.next.iter().flat_map(told).collect()
}

/// Tells a line; a bar, which repeats a number, is left out.
fn told(line: &Line) -> Vec<String> {
    let spans = line.spans().iter().filter(|span| span.role() != Role::Bar);
    let text: String = spans.map(crate::tui::page::Span::text).collect();
    // Keys are answers here; where something is typed, Enter alone leaves it.
    let text = text.replace(" Esc leaves.", "").replace("Esc ", "b ");
    let text = text
        .replace(" s leaves ", " skip leaves ")
        .replace(" s takes ", " skip takes ")
        .replace("^C ", "s ");
    wrap(text.trim_end(), line.hang().unwrap_or(4))
}

/// Tells the command that does the same.
pub(super) fn same_as(page: &Page<'_>) -> Vec<String> {
    let Some(text) = &page.same_as else { return Vec::new() };
    if " same as:  ".len() + text.len() <= super::wrap::WIDTH {
        return wrap(&format!(" same as:  {text}"), 11);
    }
    std::iter::once(" same as:".to_owned()).chain(command(text)).collect()
}

/// Says what can be answered here.
pub(super) fn answers(page: &Page<'_>) -> String {
    let mut ways = Vec::new();
    let enter = page.keys.iter().find(|hint| hint.action == Action::Choose);
    match page.rows.as_ref().and_then(|rows| rows.cursor) {
        Some(_) if enter.is_some() => ways.push("a number".to_owned()),
        Some(_) => ways.push("a number looks closer".to_owned()),
        None => ways.extend(enter.map(|hint| format!("Enter {}", hint.words))),
    }
    ways.extend(page.keys.iter().filter_map(way));
    format!("Answer: {}; q quit; ? explains", ways.join("; "))
}

/// Returns a key as an answer, where it is one of this place.
fn way(hint: &Hint) -> Option<String> {
    Some(match hint.action {
        Action::Filter => "/words filter".to_owned(),
        Action::Back if hint.shown == "Esc" => "b back".to_owned(),
        Action::Stop if hint.in_bar => "s stop".to_owned(),
        Action::LeaveOut => format!("skip {}", hint.words),
        action if is_letter(action) && hint.in_bar => format!("{} {}", hint.shown, hint.words),
        _ => return None,
    })
}

/// Whether an action is asked for by the letter of its key.
pub(super) fn is_letter(action: Action) -> bool {
    matches!(
        action,
        Action::Again
            | Action::Verify
            | Action::VerifyFull
            | Action::Extract
            | Action::Add
            | Action::Widen
            | Action::Objects
            | Action::Log
            | Action::Hold
            | Action::GoOn
            | Action::Watch
            | Action::HandOver
            | Action::Tell
            | Action::Test
    )
}
