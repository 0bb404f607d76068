//! A page as cells: five bands, always the same. It draws into a buffer and knows no terminal.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Modifier, Style};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::keys;
use super::page::{Care, Line, Page, Role, Rows};
use super::theme::{Rule, Theme};

/// Below so many rows the rules between bands are left out.
const ROOMY: u16 = 20;

/// Which lines of the content are seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The first line that is seen.
    pub top: usize,
    /// How many are seen.
    pub height: usize,
    /// How many there are.
    pub lines: usize,
    /// Whether they are what stands above rows that stay in view.
    pub above_rows: bool,
}

/// A piece of a line that fits in the width.
type Piece = (Role, String);

/// Where each band begins and ends.
struct Bands {
    content: Rect,
    next: Rect,
    same_as: Rect,
    keys: Rect,
    rules: Vec<u16>,
}

/// Draws a page. Returns where the cursor is while something is typed.
pub fn draw(
    page: &Page<'_>,
    scroll: Option<usize>,
    theme: Theme,
    buffer: &mut Buffer,
) -> Option<Position> {
    let area = buffer.area;
    if area.width < 40 || area.height < 12 {
        let words = "too small: needs 40x12; ^C stops";
        buffer.set_stringn(area.x, area.y, words, area.width.into(), Style::new());
        return None;
    }
    let width = usize::from(area.width);
    let (next, cursor) = next_band(page, width);
    let bands = bands(page, next.len(), area);
    put(buffer, area.x, area.y, &fit(&page.banner, width), theme);
    let rule = if page.care == Care::Production { Rule::Production } else { Rule::Usual };
    draw_rule(buffer, area.y + 1, rule, theme);
    bands.rules.iter().for_each(|row| draw_rule(buffer, *row, Rule::Light, theme));
    content(page, scroll, bands.content, theme, buffer);
    // What is typed is seen; else what was said first matters most.
    let beyond = next.len().saturating_sub(bands.next.height.into());
    let skip = if page.entry.is_some() { beyond } else { 0 };
    for (row, line) in (bands.next.y..bands.next.bottom()).zip(next.iter().skip(skip)) {
        put(buffer, area.x, row, line, theme);
    }
    let command = seen_of(same_as(page, width), bands.same_as.height.into(), width);
    for (row, line) in (bands.same_as.y..bands.same_as.bottom()).zip(command) {
        put(buffer, area.x, row, &[(Role::Dim, line)], theme);
    }
    let bar = keys::bar(&page.keys, width);
    put(buffer, area.x, bands.keys.y, &[(Role::Plain, bar)], theme);
    let (column, line) = cursor?;
    let row = bands.next.y + u16::try_from(line.checked_sub(skip)?).ok()?;
    Some(Position::new(area.x + u16::try_from(column).ok()?.min(area.width - 1), row))
}

/// Shares the rows out. The content gets what the others leave, and at least four.
fn bands(page: &Page<'_>, next: usize, area: Rect) -> Bands {
    let roomy = area.height >= ROOMY;
    let rule = u16::from(roomy);
    let width = usize::from(area.width);
    let limit = |lines: usize, most: u16| u16::try_from(lines).unwrap_or(most).min(most);
    let next_rows = limit(next, area.height / 3);
    // A fourth row only where it hides nothing of the page.
    let rows = page.rows.as_ref().map_or(0, |rows| rows.count);
    let used = usize::from(next_rows + 4 + 1 + 2 + 3 * rule);
    let spare = roomy && head(page, width).len() + rows + used <= usize::from(area.height);
    let most = match (roomy, spare) {
        (false, _) => 1,
        (true, false) => 3,
        (true, true) => 4,
    };
    let same_rows = limit(same_as(page, width).len(), most);
    let bottom = area.bottom();
    let mut rules = Vec::new();
    let mut end = bottom;
    let mut band = |rows: u16, ruled: bool| {
        end -= rows;
        let rect = Rect { x: area.x, y: end, width: area.width, height: rows };
        if ruled && rows > 0 && roomy {
            end -= rule;
            rules.push(end);
        }
        rect
    };
    let keys = band(1, true);
    let same_as = band(same_rows, true);
    let next = band(next_rows, true);
    let top = area.y + 2;
    let content = Rect { x: area.x, y: top, width: area.width, height: end.saturating_sub(top) };
    Bands { content, next, same_as, keys, rules }
}

fn draw_rule(buffer: &mut Buffer, row: u16, rule: Rule, theme: Theme) {
    let line = theme.rule(rule).to_string().repeat(buffer.area.width.into());
    buffer.set_string(buffer.area.x, row, line, Style::new());
}

/// The lines of why and what next, then what is typed; and where the cursor is in them.
fn next_band(page: &Page<'_>, width: usize) -> (Vec<Vec<Piece>>, Option<(usize, usize)>) {
    let mut lines: Vec<Vec<Piece>> =
        page.next.iter().flat_map(|line| broken(line, width)).collect();
    let Some(entry) = &page.entry else { return (lines, None) };
    let label = format!("   {}: ", entry.label);
    let room = width.saturating_sub(label.width() + 1).max(1);
    let text = entry.text.unwrap_or_default();
    let before: String = text.chars().take(entry.cursor).collect();
    // What is longer than the line is seen around the cursor.
    let hidden = before.width().saturating_sub(room);
    let seen = cut(&skip_columns(text, hidden), room);
    let column = label.width() + before.width() - hidden;
    lines.push(vec![(Role::Strong, label), (Role::Plain, seen)]);
    let row = lines.len() - 1;
    (lines, Some((column, row)))
}

fn same_as(page: &Page<'_>, width: usize) -> Vec<String> {
    let Some(command) = &page.same_as else { return Vec::new() };
    let line = Line::plain(format!(" same as:  {command}")).hanging(11);
    let lines = broken(&line, width);
    lines.into_iter().map(|line| line.into_iter().map(|(_, text)| text).collect()).collect()
}

/// Says of a command that has no room that it goes on. Copied it is whole.
fn seen_of(mut lines: Vec<String>, rows: usize, width: usize) -> Vec<String> {
    let more = if width < 60 { " ..." } else { " ... c copies it whole" };
    if lines.len() > rows {
        lines.truncate(rows);
        if let Some(last) = lines.last_mut() {
            *last = cut(last.trim_end(), width.saturating_sub(more.len())) + more;
        }
    }
    lines
}

/// Returns which lines are seen on a terminal of this size.
pub fn seen(page: &Page<'_>, scroll: Option<usize>, size: (u16, u16)) -> Seen {
    let area = Rect { x: 0, y: 0, width: size.0, height: size.1 };
    let width = usize::from(size.0);
    let (next, _) = next_band(page, width);
    let height = bands(page, next.len(), area).content.height;
    layout(page, scroll, width, height.into()).seen
}

/// The content laid out: what stands above the rows, and which lines are seen.
struct Layout {
    head: Vec<Vec<Piece>>,
    seen: Seen,
    stays: Stays,
}

/// What stays in view while the rest goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stays {
    Nothing,
    /// What stands above the rows: a list goes by below its head.
    Head,
    /// The rows: a few choices below much to read.
    Rows,
}

/// What stands above the rows: the title, and what is known.
fn head(page: &Page<'_>, width: usize) -> Vec<Vec<Piece>> {
    let mut head = Vec::new();
    if !page.title.text().trim().is_empty() {
        let mut line = fit(&page.title, width.saturating_sub(1));
        if !page.title.text().starts_with(' ') {
            line.insert(0, (Role::Plain, " ".to_owned()));
        }
        head.push(line);
    }
    head.extend(page.facts.iter().flat_map(|line| broken(line, width)));
    head
}

fn layout(page: &Page<'_>, scroll: Option<usize>, width: usize, height: usize) -> Layout {
    let head = head(page, width);
    let count = page.rows.as_ref().map_or(0, |rows| rows.count);
    let cursor = page.rows.as_ref().and_then(|rows| rows.cursor);
    let lines = head.len() + count;
    let stays = if lines <= height || count == 0 {
        Stays::Nothing
    } else if head.len() * 2 <= height {
        Stays::Head
    } else if cursor.is_some() && count * 2 <= height {
        Stays::Rows
    } else {
        Stays::Nothing
    };
    let (top, height, lines) = match stays {
        _ if lines <= height => (0, height, lines),
        Stays::Head => {
            let room = height - head.len();
            let top = scroll.unwrap_or_else(|| cursor.map_or(0, |cursor| cursor / room * room));
            (top.min(count.saturating_sub(1)), room, count)
        }
        Stays::Rows => {
            let room = height - count;
            (scroll.unwrap_or(0).min(head.len() - room), room, head.len())
        }
        Stays::Nothing => {
            let place = cursor.map_or(0, |cursor| head.len() + cursor);
            let follow = if place < height { 0 } else { place + 1 - height };
            // With choices, what matters is seen: the choices, as far up as they go.
            let follow = match cursor {
                Some(_) => follow.max(lines.saturating_sub(height).min(head.len())).min(place),
                None => 0,
            };
            (scroll.unwrap_or(follow).min(lines.saturating_sub(1)), height, lines)
        }
    };
    let seen = Seen { top, height, lines, above_rows: stays == Stays::Rows };
    Layout { head, seen, stays }
}

/// A line of the content.
enum Shown<'a> {
    Head(&'a [Piece]),
    Row(usize),
}

fn content(page: &Page<'_>, scroll: Option<usize>, area: Rect, theme: Theme, buffer: &mut Buffer) {
    let Layout { head, seen, stays } = layout(page, scroll, area.width.into(), area.height.into());
    let count = page.rows.as_ref().map_or(0, |rows| rows.count);
    let above = head.iter().map(|line| Shown::Head(line));
    let rows = (0..count).map(Shown::Row);
    let (top, height) = (seen.top, seen.height);
    let shown: Vec<Shown<'_>> = match stays {
        Stays::Nothing => above.chain(rows).skip(top).take(height).collect(),
        Stays::Head => above.chain(rows.skip(top).take(height)).collect(),
        Stays::Rows => above.skip(top).take(height).chain(rows).collect(),
    };
    for (row, shown) in (area.y..area.bottom()).zip(shown) {
        match (shown, &page.rows) {
            (Shown::Head(line), _) => put(buffer, area.x, row, line, theme),
            (Shown::Row(index), Some(rows)) => draw_row(buffer, area, row, rows, index, theme),
            (Shown::Row(_), None) => {}
        }
    }
    more(buffer, area, seen, theme);
}

fn draw_row(
    buffer: &mut Buffer,
    area: Rect,
    row: u16,
    rows: &Rows<'_>,
    index: usize,
    theme: Theme,
) {
    put(buffer, area.x, row, &fit(&rows.shown(index), area.width.into()), theme);
    if rows.cursor == Some(index) {
        let style = Style::new().add_modifier(Modifier::REVERSED);
        buffer.set_style(Rect { y: row, height: 1, ..area }, style);
    }
}

/// Says that there is more than is seen, in the rule above it, where it covers nothing.
fn more(buffer: &mut Buffer, area: Rect, seen: Seen, theme: Theme) {
    if seen.lines <= seen.height || area.y == 0 {
        return;
    }
    let last = (seen.top + seen.height).min(seen.lines);
    let key = if last < seen.lines { "PgDn" } else { "PgUp" };
    let words = format!(" {}-{last} of {}, {key} ", seen.top + 1, seen.lines);
    let column = area.right().saturating_sub(u16::try_from(words.len() + 2).unwrap_or(0));
    put(buffer, column, area.y - 1, &[(Role::Strong, words)], theme);
}

/// Puts pieces on a row.
fn put(buffer: &mut Buffer, x: u16, y: u16, pieces: &[Piece], theme: Theme) {
    let mut x = x;
    for (role, text) in pieces {
        let room = usize::from(buffer.area.right().saturating_sub(x));
        let text = if theme.utf8 { text.clone() } else { ascii(text) };
        (x, _) = buffer.set_stringn(x, y, text, room, theme.style(*role));
    }
}

/// Text for a terminal that shows ASCII only.
fn ascii(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '…' => "...".to_owned(),
            '→' => "->".to_owned(),
            '–' | '—' => "-".to_owned(),
            c if c.is_ascii() => c.to_string(),
            _ => "?".to_owned(),
        })
        .collect()
}

/// Cuts a line to the width.
fn fit(line: &Line, width: usize) -> Vec<Piece> {
    let mut room = width;
    let mut pieces = Vec::new();
    for span in line.spans() {
        let text = cut(span.text(), room);
        room -= text.width().min(room);
        let whole = text.len() == span.text().len();
        pieces.push((span.role(), text));
        if !whole {
            mark_cut(&mut pieces);
            break;
        }
    }
    pieces
}

/// Says that a line goes on where nobody can see it.
fn mark_cut(pieces: &mut [Piece]) {
    if let Some((_, last)) = pieces.iter_mut().rev().find(|(_, text)| !text.is_empty()) {
        let kept = last.width().saturating_sub(1);
        *last = cut(last, kept) + ">";
    }
}

fn cut(text: &str, width: usize) -> String {
    let mut room = width;
    let fits = |c: &char| {
        let wide = c.width().unwrap_or(0);
        let fits = wide <= room;
        room = room.saturating_sub(wide);
        fits
    };
    text.chars().take_while(fits).collect()
}

fn skip_columns(text: &str, columns: usize) -> String {
    let mut left = columns;
    let hidden = |c: &char| {
        let hide = left > 0;
        left = left.saturating_sub(c.width().unwrap_or(0));
        hide
    };
    text.chars().skip_while(hidden).collect()
}

/// Breaks a line at blanks where it may be broken; cuts it where not.
fn broken(line: &Line, width: usize) -> Vec<Vec<Piece>> {
    let Some(hang) = line.hang() else { return vec![fit(line, width)] };
    let hang = hang.min(width / 2);
    let mut lines: Vec<Vec<Piece>> = vec![Vec::new()];
    let mut column = 0;
    for span in line.spans() {
        for word in span.text().split_inclusive(' ') {
            let wide = word.trim_end().width();
            if column > hang && column + wide > width {
                lines.push(vec![(Role::Plain, " ".repeat(hang))]);
                column = hang;
            }
            let mut rest = word.to_owned();
            // A word that is longer than a line is broken where the line ends.
            while column + rest.trim_end().width() > width {
                let piece = cut(&rest, width - column);
                rest.drain(..piece.len());
                push(&mut lines, span.role(), piece);
                lines.push(vec![(Role::Plain, " ".repeat(hang))]);
                column = hang;
            }
            column += rest.width();
            push(&mut lines, span.role(), rest);
        }
    }
    lines
}

fn push(lines: &mut [Vec<Piece>], role: Role, text: String) {
    let Some(line) = lines.last_mut() else { return };
    match line.last_mut() {
        Some((last, known)) if *last == role => known.push_str(&text),
        _ => line.push((role, text)),
    }
}
