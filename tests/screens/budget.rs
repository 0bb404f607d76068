//! What a slow line has to carry.

use std::cell::Cell;
use std::io::{self, Write};
use std::rc::Rc;

use blackstart::tui::draw;
use blackstart::tui::screen;
use blackstart::tui::state::State;
use blackstart::tui::theme::Theme;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};

use crate::fixture;

/// Counts what is written.
#[derive(Clone, Default)]
struct Line(Rc<Cell<usize>>);

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.set(self.0.get() + bytes.len());
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Draws each state after the other; returns how many bytes each took.
fn bytes(states: &[&State], size: (u16, u16)) -> Vec<usize> {
    let area = Rect { x: 0, y: 0, width: size.0, height: size.1 };
    let line = Line::default();
    let backend = CrosstermBackend::new(line.clone());
    let options = TerminalOptions { viewport: Viewport::Fixed(area) };
    let mut terminal = Terminal::with_options(backend, options).unwrap();
    let one = |state: &&State| {
        let before = line.0.get();
        terminal
            .draw(|frame| {
                let page = screen::page(state);
                draw::draw(&page, None, Theme::COLOR, frame.buffer_mut());
            })
            .unwrap();
        line.0.get() - before
    };
    states.iter().map(one).collect()
}

#[test]
fn a_full_repaint_is_below_four_kilobytes() {
    for (name, person) in fixture::screens((80, 24)) {
        let size = bytes(&[&person.state], (80, 24))[0];
        assert!(size < 4096, "{name}: {size} bytes");
    }
}

#[test]
fn what_did_not_change_is_not_drawn_again() {
    let (one, _) = fixture::replaying((80, 24));
    let (mut other, _) = fixture::replaying((80, 24));
    other.pass(1);
    let sizes = bytes(&[&one.state, &one.state, &other.state], (80, 24));
    // The cursor is hidden and styles are reset even when no cell has changed.
    assert!(sizes[1] < 40, "{sizes:?}");
    assert!(sizes[2] < 160, "{sizes:?}");
}
