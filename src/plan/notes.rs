//! Warnings and blockers, as a plan in the making finds them.

use super::value::Note;
use crate::model::explain::About;

/// Warnings and blockers as they come.
#[derive(Default)]
pub(super) struct Notes {
    pub(super) warnings: Vec<Note>,
    pub(super) blockers: Vec<Note>,
}

impl Notes {
    pub(super) fn warn(&mut self, about: &About, text: String) {
        self.warnings.push(Note { code: about.code.to_owned(), text });
    }

    pub(super) fn block(&mut self, about: &About, text: String) {
        self.blockers.push(Note { code: about.code.to_owned(), text });
    }
}
