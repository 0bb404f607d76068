//! Where one is: what is told again when it is another place, and not told twice when it is the same.

use crate::app::Told;
use crate::tui::message::{JobId, QuestionId};
use crate::tui::state::{Confirming, Popup, Purpose, Screen, State};

/// What lies on top.
#[derive(Debug, PartialEq)]
enum Over {
    Nothing,
    Field(Purpose),
    Choice(QuestionId),
    Problem(Told),
    Leave,
}

/// The work in view.
#[derive(Debug, PartialEq)]
struct InView {
    id: JobId,
    runs: bool,
    stopping: bool,
    asks: bool,
}

/// A place.
#[derive(Debug)]
pub(super) struct Place {
    screen: Screen,
    depth: usize,
    over: Over,
    filter: String,
    work: Option<InView>,
    /// The row under the cursor, which is no place of its own.
    pub(super) row: usize,
}

impl Place {
    /// Returns where one is.
    pub(super) fn of(state: &State) -> Self {
        let screen = state.screen().clone();
        let over = match state.popup() {
            None => Over::Nothing,
            Some(Popup::Field { purpose, .. }) => Over::Field(purpose.clone()),
            Some(Popup::Choice { question, .. }) => Over::Choice(question.id),
            Some(Popup::Problem(told)) => Over::Problem(told.clone()),
            Some(Popup::Leave { .. }) => Over::Leave,
        };
        let shows_work = matches!(screen, Screen::Work | Screen::Plan);
        let work = state.work.as_ref().filter(|_| shows_work).map(|work| InView {
            id: work.id,
            runs: work.runs(),
            stopping: work.stopping,
            asks: state.binding != Confirming::Not,
        });
        let filter = state.view().map(|view| view.filter.clone()).unwrap_or_default();
        Self { screen, depth: state.views.len(), over, filter, work, row: state.cursor() }
    }

    /// Whether it is the same place, on whatever row.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.screen == other.screen
            && self.depth == other.depth
            && self.over == other.over
            && self.filter == other.filter
            && self.work == other.work
    }
}
