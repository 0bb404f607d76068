//! The sentence for the incident channel, whole.

use crate::tui::job::Job;
use crate::tui::page::{Line, Page, Role};
use crate::tui::screen;
use crate::tui::state::State;

/// The page.
pub(super) fn page<'a>(state: &'a State, sentence: &str) -> Page<'a> {
    let mut page = Page::new("To tell the others");
    page.fact(Line::empty());
    page.fact(Line::words(Role::Strong, format!(" {sentence}")));
    // Lines are read, and copied by whatever shows them.
    if !state.in_lines {
        page.next(
            Role::Plain,
            "It was copied, where this terminal can. It is printed when you quit, too.",
        );
    }
    page.next(Role::Plain, "Esc goes back.");
    let run = screen::run_in_view(state);
    let shows = run.map(|run| Job::Run(state.place.clone(), run.to_owned()).line());
    page.same_as = shows.or_else(|| state.work.as_ref().map(|work| work.job.line()));
    page
}
