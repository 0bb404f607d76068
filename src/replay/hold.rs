//! Stopping where a wave ends: half a wave is worse than a wave, and the next one deserves eyes.

use super::run::{Run, Shared};

impl Run<'_> {
    /// Begins no further wave, once somebody has asked for that.
    pub(super) fn hold_if_asked(&self, shared: &mut Shared) {
        if shared.held_after.is_some() || !self.around.cancel.is_holding() {
            return;
        }
        let begun = shared.waves.iter().filter(|(_, waved)| waved.begun.is_some());
        let last = begun.map(|(wave, _)| *wave).max().unwrap_or(0);
        shared.schedule.park_behind(last);
        shared.held_after = Some(last);
    }
}
