//! What a screen says, before anybody knows how: lines, a list, what to do next.
//!
//! The drawing and the linear shell both read pages. Every piece of text is made [`safe`] when it
//! enters one, so nothing from outside reaches a terminal in any other way.

use crate::model::safe::safe;

use super::keys::Hint;

/// What a piece of text is, which a theme turns into looks. Words carry the meaning; looks repeat it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// Just text.
    #[default]
    Plain,
    /// A heading, or what matters most in a line.
    Strong,
    /// Less important.
    Dim,
    /// As it should be.
    Good,
    /// Worth a thought.
    Warn,
    /// Wrong.
    Bad,
    /// A target that people depend on.
    Production,
    /// A bar, which draws a number that stands beside it.
    Bar,
}

/// A piece of text, fit to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    role: Role,
    text: String,
}

impl Span {
    /// Takes text from anywhere.
    pub fn new(role: Role, text: impl AsRef<str>) -> Self {
        Self { role, text: safe(text.as_ref()) }
    }

    /// Returns its role.
    pub fn role(&self) -> Role {
        self.role
    }

    /// Returns the text, which is safe.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// A line of a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    spans: Vec<Span>,
    /// Where it goes on when it is broken; a line without is cut.
    hang: Option<usize>,
}

impl Line {
    /// Returns an empty line.
    pub fn empty() -> Self {
        Self::default()
    }

    /// Returns a line that is cut where the terminal ends.
    pub fn plain(text: impl AsRef<str>) -> Self {
        Self::of(Role::Plain, text)
    }

    /// Returns a line of one role that is cut where the terminal ends.
    pub fn of(role: Role, text: impl AsRef<str>) -> Self {
        Self { spans: vec![Span::new(role, text)], hang: None }
    }

    /// Returns words that go on below their beginning.
    pub fn words(role: Role, text: impl AsRef<str>) -> Self {
        Self { spans: vec![Span::new(role, text)], hang: Some(1) }
    }

    /// Returns a name and what is said of it, which goes on below itself.
    pub fn fact(label: &str, role: Role, text: impl AsRef<str>) -> Self {
        let label = format!(" {label:LABEL$} ");
        let hang = Some(label.chars().count());
        Self { spans: vec![Span::new(Role::Dim, label), Span::new(role, text)], hang }
    }

    /// Adds a piece.
    #[must_use]
    pub fn and(mut self, role: Role, text: impl AsRef<str>) -> Self {
        self.spans.push(Span::new(role, text));
        self
    }

    /// Lets it go on below `column` instead of being cut.
    #[must_use]
    pub fn hanging(mut self, column: usize) -> Self {
        self.hang = Some(column);
        self
    }

    /// Lets it be cut where the terminal ends.
    #[must_use]
    pub fn cut(mut self) -> Self {
        self.hang = None;
        self
    }

    /// Returns its pieces.
    pub fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// Returns where it goes on when it is broken.
    pub fn hang(&self) -> Option<usize> {
        self.hang
    }

    /// Returns it as plain text.
    pub fn text(&self) -> String {
        self.spans.iter().map(Span::text).collect()
    }
}

/// So wide are the names of facts.
const LABEL: usize = 10;

/// How careful one has to be: it decides the rule below the banner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Care {
    /// Nothing that people depend on can be written.
    #[default]
    Usual,
    /// The target is a production cluster.
    Production,
}

/// Rows of which one may be chosen. Only the rows that are seen are made.
pub struct Rows<'a> {
    /// How many there are.
    pub count: usize,
    /// The one the cursor is on; none for rows that are only read.
    pub cursor: Option<usize>,
    /// The number of the first, for choices that have numbers.
    pub numbered: Option<usize>,
    /// Makes one.
    pub row: Box<dyn Fn(usize) -> Line + 'a>,
}

impl Rows<'_> {
    /// Returns the number of the first row, where each has one.
    pub fn first(&self) -> usize {
        self.numbered.unwrap_or(1)
    }

    /// Returns the row at `index` as it is shown, with cursor and number.
    pub fn shown(&self, index: usize) -> Line {
        let line = (self.row)(index);
        let Some(cursor) = self.cursor else { return line };
        let mark = if cursor == index { " > " } else { "   " };
        let mark = match self.numbered.map(|first| index + first) {
            Some(number @ 0..=9) => format!("{mark}{number}  "),
            Some(_) => format!("{mark}   "),
            None => mark.to_owned(),
        };
        let indent = mark.chars().count();
        let mut spans = vec![Span::new(Role::Strong, mark)];
        spans.extend(line.spans);
        Line { spans, hang: line.hang.map(|hang| hang.max(1) - 1 + indent) }
    }
}

/// Something that is typed.
pub struct Entry<'a> {
    /// What it is called.
    pub label: String,
    /// What is there so far; none where it must not be seen.
    pub text: Option<&'a str>,
    /// The column of the cursor, in characters.
    pub cursor: usize,
}

/// A screen.
pub struct Page<'a> {
    /// What it is about, in a few words.
    pub title: Line,
    /// Target, class, UID, whether anything is written.
    pub banner: Line,
    /// How careful one has to be.
    pub care: Care,
    /// What is known.
    pub facts: Vec<Line>,
    /// What can be chosen or looked through.
    pub rows: Option<Rows<'a>>,
    /// How many rows the filter lets through, and of how many.
    pub hits: Option<(usize, usize)>,
    /// Why things are so, and what to do next.
    pub next: Vec<Line>,
    /// What is being typed.
    pub entry: Option<Entry<'a>>,
    /// The command that does the same.
    pub same_as: Option<String>,
    /// The keys that do something here.
    pub keys: Vec<Hint>,
}

impl<'a> Page<'a> {
    /// Begins a page.
    pub fn new(title: impl AsRef<str>) -> Self {
        Self {
            title: Line::of(Role::Strong, title),
            banner: Line::empty(),
            care: Care::Usual,
            facts: Vec::new(),
            rows: None,
            hits: None,
            next: Vec::new(),
            entry: None,
            same_as: None,
            keys: Vec::new(),
        }
    }

    /// Adds a line of what is known.
    pub fn fact(&mut self, line: Line) {
        self.facts.push(line);
    }

    /// Adds a line of why and what next.
    pub fn next(&mut self, role: Role, text: impl AsRef<str>) {
        self.next.push(Line::words(role, format!(" {}", text.as_ref())));
    }

    /// Sets rows that can be chosen.
    pub fn choices(&mut self, count: usize, cursor: usize, row: impl Fn(usize) -> Line + 'a) {
        let cursor = (count > 0).then(|| cursor.min(count - 1));
        self.rows = Some(Rows { count, cursor, numbered: Some(1), row: Box::new(row) });
    }

    /// Sets rows to look through.
    pub fn list(&mut self, count: usize, cursor: usize, row: impl Fn(usize) -> Line + 'a) {
        let cursor = (count > 0).then(|| cursor.min(count - 1));
        self.rows = Some(Rows { count, cursor, numbered: None, row: Box::new(row) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_enters_a_page_is_safe() {
        let hostile = "a\u{1b}[2J\u{202e}b\nc";
        for line in [Line::plain(hostile), Line::fact("x", Role::Bad, hostile)] {
            assert!(!line.and(Role::Dim, hostile).text().contains(['\u{1b}', '\u{202e}', '\n']));
        }
    }

    #[test]
    fn only_nine_choices_have_numbers() {
        let row = Box::new(|_| Line::plain("x"));
        let rows = Rows { count: 12, cursor: Some(1), numbered: Some(1), row };
        let texts = [0, 1, 9].map(|index| rows.shown(index).text());
        assert_eq!(texts, ["   1  x", " > 2  x", "      x"]);
    }
}
