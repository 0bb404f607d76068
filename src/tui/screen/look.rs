//! Everything that can be looked at.

use crate::app::program;
use crate::tui::job::Job;
use crate::tui::page::{Line, Page, Role};
use crate::tui::state::{Screen, State};

/// A place to look at.
pub(in crate::tui) struct Choice {
    words: &'static str,
    /// Where it leads; none for help, which is of the screen before it.
    screen: Option<fn() -> Screen>,
    same_as: fn(&State) -> String,
}

impl Choice {
    /// Returns where it leads; nowhere else for help.
    pub(in crate::tui) fn screen(&self) -> Option<Screen> {
        self.screen.map(|screen| screen())
    }
}

/// All of them.
pub(in crate::tui) const CHOICES: &[Choice] = &[
    Choice {
        words: "Bundles: every snapshot, its age, its signatures",
        screen: Some(|| Screen::Bundles),
        same_as: |state| Job::List(state.place.clone()).line(),
    },
    Choice {
        words: "Targets: clusters that have names here",
        screen: Some(|| Screen::Targets),
        same_as: |_| Job::Targets.line(),
    },
    Choice {
        words: "Runs: what was replayed, what is unfinished",
        screen: Some(|| Screen::Runs),
        same_as: |state| Job::Runs(state.place.clone()).line(),
    },
    Choice {
        words: "Help: keys, words, and what every code means",
        screen: None,
        same_as: |_| format!("{} explain", program()),
    },
];

/// The page.
pub(super) fn page(state: &State) -> Page<'_> {
    let mut page = Page::new("Only look");
    page.next(Role::Plain, "Nothing here changes anything.");
    page.same_as = CHOICES.get(state.cursor()).map(|choice| (choice.same_as)(state));
    page.choices(CHOICES.len(), state.cursor(), |index| {
        Line::plain(CHOICES.get(index).map_or("", |choice| choice.words)).hanging(1)
    });
    page
}
