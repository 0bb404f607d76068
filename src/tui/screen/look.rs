//! Everything that can be looked at.

use crate::tui::page::{Line, Page, Role};
use crate::tui::state::{Screen, State};

/// A place to look at.
pub(in crate::tui) struct Choice {
    words: &'static str,
    screen: fn() -> Screen,
}

impl Choice {
    /// Returns where it leads.
    pub(in crate::tui) fn screen(&self) -> Screen {
        (self.screen)()
    }
}

/// All of them.
pub(in crate::tui) const CHOICES: &[Choice] = &[
    Choice {
        words: "Bundles: every snapshot, its age, its signatures",
        screen: || Screen::Bundles,
    },
    Choice { words: "Targets: clusters that have names here", screen: || Screen::Targets },
    Choice { words: "Runs: what was replayed, what is unfinished", screen: || Screen::Runs },
    Choice {
        words: "Help: keys, words, and what every code means",
        screen: || Screen::Help(Box::new(Screen::Look)),
    },
];

/// The page.
pub(super) fn page(state: &State) -> Page<'_> {
    let mut page = Page::new("Only look");
    page.next(Role::Plain, "Nothing here changes anything.");
    page.choices(CHOICES.len(), state.cursor(), |index| {
        Line::plain(CHOICES.get(index).map_or("", |choice| choice.words)).hanging(1)
    });
    page
}
