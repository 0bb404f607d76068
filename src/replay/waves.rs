//! Waves as they are told: begun, finished, or taking too long. They order nothing; needs do.

use std::collections::BTreeMap;
use std::time::Duration;

use super::error::WAVE_LATE;
use super::run::{Run, Shared};
use super::schedule::State;
use crate::model::event::Event;
use crate::plan::Plan;

/// The waves of a plan by their number.
pub(super) type Waves = BTreeMap<usize, Waved>;

/// How far a wave has come.
pub(super) struct Waved {
    left: usize,
    open: usize,
    pub(super) begun: Option<Duration>,
}

/// Returns the waves of a plan, none of them begun.
pub(super) fn of(plan: &Plan) -> Waves {
    let new = |objects: usize| Waved { left: objects, open: 0, begun: None };
    plan.waves.iter().map(|wave| (wave.wave, new(wave.objects.len()))).collect()
}

impl Run<'_> {
    /// Takes note that the first object of a wave is tried.
    pub(super) fn begin_wave(&self, shared: &mut Shared, node: usize) {
        let wave = shared.schedule.node(node).wave;
        let now = self.now(shared);
        let Some(waved) = shared.waves.get_mut(&wave).filter(|waved| waved.begun.is_none()) else {
            return;
        };
        waved.begun = Some(now);
        let stage = shared.schedule.node(node).stage.name();
        let objects = shared.schedule.nodes().iter().filter(|node| node.wave == wave).count();
        shared.events.push(Event::WaveStarted { wave, stage, objects });
    }

    /// Takes note that nothing more will happen to an object.
    pub(super) fn settled(&self, shared: &mut Shared, node: usize) {
        let (wave, state) = (shared.schedule.node(node).wave, shared.schedule.node(node).state);
        let now = self.now(shared);
        let Some(waved) = shared.waves.get_mut(&wave) else { return };
        waved.left = waved.left.saturating_sub(1);
        if state != State::Done {
            waved.open += 1;
        }
        // Of a wave in which nothing was tried there is nothing to tell.
        if let (0, Some(begun)) = (waved.left, waved.begun) {
            let open = waved.open;
            let millis = u64::try_from(now.saturating_sub(begun).as_millis()).unwrap_or(u64::MAX);
            shared.events.push(Event::WaveFinished { wave, open, millis });
        }
    }

    /// Gives up what is left of waves that take longer than a person allowed.
    pub(super) fn give_up_late_waves(&self, shared: &mut Shared) {
        let Some(limit) = self.options.wave_limit else { return };
        let now = self.now(shared);
        let late = |waved: &Waved| {
            waved.left > 0 && waved.begun.is_some_and(|begun| now.saturating_sub(begun) >= limit)
        };
        let waves: Vec<usize> =
            shared.waves.iter().filter(|(_, waved)| late(waved)).map(|(wave, _)| *wave).collect();
        for node in 0..self.items.len() {
            let one = shared.schedule.node(node);
            if !waves.contains(&one.wave) {
                continue;
            }
            let state = one.state;
            let why = || format!("its wave took longer than {} s", limit.as_secs());
            match state {
                State::Later => self.fail(shared, node, &WAVE_LATE, why()),
                State::Watched => self.not_ready(shared, node, WAVE_LATE.code, why()),
                _ => {}
            }
        }
    }
}
