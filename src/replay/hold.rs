//! Stopping where a wave ends: half a wave is worse than a wave, and the next one deserves eyes.

use super::run::{Run, Shared};
use crate::model::event::Event;

impl Run<'_> {
    /// Begins no further wave, once somebody has asked for that; and goes on when it is taken back
    /// before the run is over. What is told says which of the two came first.
    pub(super) fn hold_if_asked(&self, shared: &mut Shared) {
        match (self.around.cancel.is_holding(), shared.held_after) {
            (true, None) => {}
            (false, Some(_)) if self.options.hold_after.is_none() => {
                shared.schedule.go_on();
                shared.held_after = None;
                shared.events.push(Event::Holding { after: None });
                return;
            }
            _ => return,
        }
        let begun = shared.waves.iter().filter(|(_, waved)| waved.begun.is_some());
        let last = begun.map(|(wave, _)| *wave).max().unwrap_or(0);
        shared.schedule.park_behind(last);
        shared.held_after = Some(last);
        shared.events.push(Event::Holding { after: Some(last) });
    }
}
