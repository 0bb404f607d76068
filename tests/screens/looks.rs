//! Every screen as it was approved, at each size and without colours.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use blackstart::tui::draw;
use blackstart::tui::screen;
use blackstart::tui::state::{Screen, State};
use blackstart::tui::theme::Theme;
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};

use crate::fixture;

pub fn drawn(state: &State, theme: Theme) -> Buffer {
    let (width, height) = state.size;
    let mut buffer = Buffer::empty(Rect { x: 0, y: 0, width, height });
    let page = screen::page(state);
    let scroll = state.view().and_then(|view| view.scroll);
    draw::draw(&page, scroll, theme, &mut buffer);
    buffer
}

/// The cells as text, one line a row.
pub fn text(buffer: &Buffer) -> String {
    let mut text = String::new();
    for row in 0..buffer.area.height {
        let line: String =
            (0..buffer.area.width).map(|column| buffer[(column, row)].symbol()).collect();
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

/// The looks below each line: b bold, r reversed, and a letter for a colour.
fn marked(buffer: &Buffer) -> String {
    let mut text = String::new();
    for row in 0..buffer.area.height {
        let cells = || (0..buffer.area.width).map(|column| &buffer[(column, row)]);
        let line: String = cells().map(Cell::symbol).collect();
        let marks: String = cells()
            .map(|cell| match (cell.fg, cell.modifier) {
                (_, style) if style.contains(Modifier::REVERSED) => 'r',
                (Color::Red, _) => 'R',
                (Color::Green, _) => 'G',
                (Color::Yellow, _) => 'Y',
                (Color::White, _) => 'W',
                (Color::DarkGray, _) => 'd',
                (_, style) if style.contains(Modifier::BOLD) => 'b',
                _ => ' ',
            })
            .collect();
        let _ = writeln!(text, "{}", line.trim_end());
        if !marks.trim().is_empty() {
            let _ = writeln!(text, "~{}", marks.trim_end());
        }
    }
    text
}

/// Returns what is seen, whatever number of codes there is to be explained by now.
fn settled(text: &str, state: &State) -> String {
    let rows = screen::page(state).rows.map_or(0, |rows| rows.count);
    match state.screen() {
        Screen::Help(..) => text.replace(&format!("of {rows}"), "of ALL"),
        _ => text.to_owned(),
    }
}

fn compare(name: &str, text: &str, wrong: &mut Vec<String>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/screens/{name}.txt"));
    if std::env::var_os("BLACKSTART_WRITE_SCREENS").is_some() {
        fs::write(&path, text).unwrap();
        return;
    }
    let approved = fs::read_to_string(&path).unwrap_or_default();
    if approved != text {
        wrong.push(format!("{name}.txt was approved as\n{approved}\nand is now\n{text}"));
    }
}

#[test]
fn screens_look_as_they_were_approved() {
    let mut wrong = Vec::new();
    for size @ (columns, rows) in [(80, 24), (120, 40), (40, 12)] {
        for (name, person) in fixture::screens(size) {
            let buffer = drawn(&person.state, Theme::MONOCHROME);
            let seen = settled(&text(&buffer), &person.state);
            compare(&format!("{columns}x{rows}/{name}"), &seen, &mut wrong);
        }
    }
    for (name, theme) in [("mono", Theme::MONOCHROME), ("color", Theme::COLOR)] {
        for (screen, person) in fixture::screens((80, 24)) {
            let buffer = drawn(&person.state, theme);
            let seen = settled(&marked(&buffer), &person.state);
            compare(&format!("{name}/{screen}"), &seen, &mut wrong);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_readme_shows_screens_as_they_are() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    for screen in ["home", "replay"] {
        let look = fs::read_to_string(root.join(format!("tests/screens/80x24/{screen}.txt")));
        assert!(readme.contains(&look.unwrap()), "{screen} is another in README.md");
    }
}

#[test]
fn what_matters_is_on_every_screen() {
    for size in [(80, 24), (120, 40), (40, 12)] {
        for (name, person) in fixture::screens(size) {
            let text = text(&drawn(&person.state, Theme::MONOCHROME));
            let lines: Vec<&str> = text.lines().collect();
            let banner = lines[0];
            assert!(
                banner.contains("BLACKSTART") || banner.contains("!! prd-eu1 !!"),
                "{name}: {text}"
            );
            assert!(lines[1].starts_with("====") || lines[1].starts_with("####"), "{name}: {text}");
            let keys = lines.last().unwrap();
            let typing = keys.starts_with(" Enter=");
            assert!(keys.starts_with(" ?=help") || typing || name == "help", "{name}: {text}");
            assert!(text.is_ascii() || text.contains('…'), "{name}: {text}");
        }
    }
}

#[test]
fn production_shows_without_colours() {
    let (person, _) = fixture::replaying((80, 24));
    let text = text(&drawn(&person.state, Theme::MONOCHROME));
    assert!(text.lines().nth(1).unwrap().starts_with("################"), "{text}");
    assert!(text.contains("PRODUCTION  WRITING"), "{text}");
}

#[test]
fn a_terminal_that_is_too_small_says_so_in_one_line() {
    for size in [(39, 24), (80, 11), (1, 1)] {
        let person = fixture::Person::home(size);
        let text = text(&drawn(&person.state, Theme::MONOCHROME));
        let first = text.lines().next().unwrap();
        assert!("too small: needs 40x12; ^C stops".starts_with(first));
        assert!(text.lines().skip(1).all(str::is_empty), "{text}");
    }
}
