//! Help: the keys of a screen, words, and what every code means. Offline.

use crate::app::{explain, program};
use crate::tui::keys::{Binding, KEYS};
use crate::tui::page::{Line, Page, Role};
use crate::tui::screen::{self, filtered, matching};
use crate::tui::state::{Screen, State};

/// Our words, for whoever has never seen this program.
const WORDS: &[(&str, &str)] = &[
    ("snapshot", "everything that was mirrored at one time, and its number"),
    ("bundle", "the signed, encrypted result of a snapshot"),
    ("store", "where bundles live: a folder, a stick, a file"),
    ("opener", "a person whose key file opens bundles"),
    ("target", "a cluster with a name here, bound to its UID"),
    ("plan", "what would be done to a target, object by object"),
    ("replay", "a plan carried out; nothing is ever deleted"),
    ("stage, wave", "objects of a plan that go together; what is independent does not wait"),
    ("conflict", "somebody else holds a field: theirs stays, unless a person names the object"),
    ("immutable", "it is there and cannot be changed to what was planned"),
    ("suspended", "an engine's object that is there and does nothing before it is told to"),
    ("engine", "what follows a Git host and applies it: Flux, Argo CD"),
    ("GREEN", "everything that was asked for is there and vouched for"),
    ("AMBER", "usable, with something to know"),
    ("RED", "something does not hold: a signature, a digest"),
    (
        "later",
        "closure (what still needs the network) and known-good (what was healthy) come later",
    ),
    ("carried", "the host failed; the last proven copy was kept, with its age"),
];

/// A row of help.
enum Row {
    Key(&'static Binding),
    Word(&'static str, &'static str),
    Code(&'static str, &'static str),
}

fn all(state: &State) -> Vec<Row> {
    let places = match state.screen() {
        Screen::Help(_, places) => places.as_slice(),
        _ => &[],
    };
    let keys = places.iter().filter_map(|place| KEYS.get(*place)).map(Row::Key);
    let words = WORDS.iter().map(|(word, means)| Row::Word(word, means));
    let codes = explain::all().into_iter().map(|about| Row::Code(about.code, about.meaning));
    let keys = keys.filter(|_| !state.in_lines);
    keys.chain(words).chain(codes).collect()
}

fn words(row: &Row) -> String {
    match row {
        Row::Key(one) => format!("{:<12}  {}: {}", one.shown, one.words, one.means),
        Row::Word(word, means) => format!("{word:<12}  {means}"),
        Row::Code(code, meaning) => format!("{code:<12}  {meaning}"),
    }
}

fn rows(state: &State) -> Vec<Row> {
    let mut all = all(state);
    let seen = matching(all.len(), screen::filter(state), |index| words(&all[index]));
    let mut index = 0;
    all.retain(|_| {
        index += 1;
        seen.binary_search(&(index - 1)).is_ok()
    });
    all
}

/// Returns the code in a row.
pub(in crate::tui) fn code(state: &State, row: usize) -> Option<&'static str> {
    match rows(state).get(row) {
        Some(Row::Code(code, _)) => Some(code),
        _ => None,
    }
}

/// The page.
pub(super) fn page(state: &State) -> Page<'_> {
    let mut page = Page::new("Help: keys of the screen before, words, codes");
    let rows = rows(state);
    let count = all(state).len();
    filtered(&mut page, rows.len(), count, screen::filter(state));
    let meaning = rows.get(state.cursor()).map_or("", |row| match row {
        Row::Key(one) => one.means,
        Row::Word(_, means) => means,
        Row::Code(_, meaning) => meaning,
    });
    page.next(Role::Plain, meaning);
    let code = code(state, state.cursor()).map_or_else(String::new, |code| format!(" {code}"));
    page.same_as = Some(format!("{} explain{code}", program()));
    page.list(rows.len(), state.cursor(), move |index| {
        rows.get(index).map_or_else(Line::empty, |row| Line::plain(words(row)))
    });
    page
}

/// The page of a code.
pub(super) fn one<'a>(code: &str) -> Page<'a> {
    let mut page = Page::new(format!("What {code} means"));
    page.same_as = Some(format!("{} explain {code}", program()));
    if let Some(about) = explain::find(code) {
        page.fact(Line::empty());
        page.fact(Line::words(Role::Plain, format!(" {}", about.meaning)));
        page.fact(Line::empty());
        page.fact(Line::fact("next", Role::Strong, about.next));
        page.fact(Line::fact("exit code", Role::Plain, about.kind.exit_code().to_string()));
    }
    page
}
