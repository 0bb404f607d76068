//! What becomes of work by what is told: its plan, phases, waves, and the one thing that is waited for.

use std::time::Duration;

use super::{Fault, KEPT, Phase, Said, Waiting, WaveState, Work};
use crate::app::event_text;
use crate::app::plan::Plan;
use crate::model::clock::Timestamp;
use crate::model::event::Event;

impl Work {
    /// Takes the plan that is carried out, so that progress can be told by its waves.
    pub fn take_plan(&mut self, plan: Box<Plan>) {
        self.waves = plan
            .waves
            .iter()
            .map(|wave| WaveState::new(wave.wave, wave.stage.name(), wave.objects.len()))
            .collect();
        let objects = plan.waves.iter().enumerate();
        self.places = objects
            .flat_map(|(at, wave)| wave.objects.iter().map(move |item| (at, item)))
            .map(|(at, item)| (item.object.to_string(), (at, false)))
            .collect();
        self.plan = Some(plan);
    }

    /// Takes the plan of a run that goes on, and the places of what is done already.
    pub fn take_rest(&mut self, plan: Box<Plan>, done: &[usize], elapsed: Duration) {
        let items: Vec<String> = plan.items().map(|item| item.object.to_string()).collect();
        self.take_plan(plan);
        for object in done.iter().filter_map(|place| items.get(*place)) {
            let (object, action) = (object.clone(), "done earlier");
            self.replay_event(&Event::Applied { object, action, warnings: Vec::new() }, elapsed);
        }
    }

    /// Takes what was told.
    pub fn event(&mut self, event: &Event, now: Timestamp, elapsed: Duration) {
        match event {
            Event::PhaseStarted { phase } => {
                // Reading the plan and typing the name is no time of the tool.
                if *phase == "replay" {
                    self.began = elapsed;
                }
                self.begin_phase(phase, elapsed);
            }
            Event::Progress { phase, done, total, unit } => {
                self.progress(phase, *done, *total, unit, elapsed);
                return;
            }
            Event::RepoFinished { repo, state, fault, .. } => {
                *self.repos.entry(state).or_default() += 1;
                let why = fault.clone();
                self.faults.extend(why.map(|why| Fault { repo: repo.clone(), state, why }));
            }
            Event::RunOpened { run, journal, .. } => {
                self.run = Some(run.clone());
                self.folder = Some(journal.clone());
            }
            // What the core does counts, whatever was asked meanwhile.
            Event::Holding { after } => self.holding = after.is_some(),
            other => self.replay_event(other, elapsed),
        }
        if let Some(text) = event_text::line(event) {
            self.say(&text, now, matters(event));
        }
    }

    /// Keeps the lines of what was said.
    pub fn say(&mut self, text: &str, at: Timestamp, matters: bool) {
        for line in text.lines() {
            if self.log.len() == KEPT {
                self.log.pop_front();
            }
            self.log.push_back(Said { at, text: line.to_owned(), matters });
            self.heard += 1;
        }
    }

    fn begin_phase(&mut self, name: &'static str, now: Duration) {
        if let Some(last) = self.phases.last_mut() {
            last.ended = Some(now);
        }
        self.phases.push(Phase { name, done: 0, total: None, unit: "", began: now, ended: None });
    }

    fn progress(
        &mut self,
        name: &'static str,
        done: u64,
        total: Option<u64>,
        unit: &'static str,
        now: Duration,
    ) {
        if self.phases.last().is_none_or(|phase| phase.name != name) {
            self.begin_phase(name, now);
        }
        if let Some(phase) = self.phases.last_mut() {
            (phase.done, phase.total, phase.unit) = (done, total, unit);
        }
    }

    fn replay_event(&mut self, event: &Event, now: Duration) {
        match event {
            Event::WaveStarted { wave, stage, objects } => {
                if self.wave(*wave).is_none() {
                    self.waves.push(WaveState::new(*wave, stage, *objects));
                }
                if let Some(state) = self.wave(*wave) {
                    state.began = Some(now);
                }
            }
            Event::WaveFinished { wave, open, millis } => {
                if let Some(state) = self.wave(*wave) {
                    state.open = open.saturating_sub(state.left_out);
                    state.took = Some(Duration::from_millis(*millis));
                }
            }
            Event::Applied { object, .. } => {
                if let Some((_, applied)) = self.places.get_mut(object) {
                    *applied = true;
                }
                self.count(object, |wave, _| wave.applied += 1);
                self.heard_of(object);
            }
            Event::Ready { object } => {
                self.count(object, |wave, _| wave.ready += 1);
                self.heard_of(object);
            }
            Event::ObjectLeftOut { object, .. } => {
                self.count(object, |wave, _| wave.left_out += 1);
                self.heard_of(object);
            }
            Event::ObjectFailed { object, .. } | Event::ObjectHeld { object, .. } => {
                self.count(object, |wave, applied| {
                    wave.open += 1;
                    wave.late += usize::from(applied);
                });
                self.heard_of(object);
            }
            Event::Waiting { object, why, seconds, limit, cause, next, others, behind } => {
                self.waiting = Some(Waiting {
                    object: object.clone(),
                    why: why.clone(),
                    seconds: *seconds,
                    limit: *limit,
                    cause,
                    next: next.clone(),
                    others: *others,
                    behind: *behind,
                    told: now,
                });
            }
            _ => {}
        }
    }

    fn wave(&mut self, number: usize) -> Option<&mut WaveState> {
        self.waves.iter_mut().find(|wave| wave.wave == number)
    }

    fn count(&mut self, object: &str, add: impl Fn(&mut WaveState, bool)) {
        let Some((at, applied)) = self.places.get(object).copied() else { return };
        if let Some(wave) = self.waves.get_mut(at) {
            add(wave, applied);
        }
    }

    /// What was waited for has come or was given up; and while an object comes, the server answers.
    fn heard_of(&mut self, object: &str) {
        let over = |waiting: &Waiting| waiting.object == object || !waiting.is_object();
        self.waiting = self.waiting.take().filter(|waiting| !over(waiting));
    }
}

/// Whether an event tells of something that is not as it should be.
fn matters(event: &Event) -> bool {
    matches!(
        event,
        Event::Notice { .. }
            | Event::RepoFinished { fault: Some(_), .. }
            | Event::RefRewritten { .. }
            | Event::ObjectFailed { .. }
            | Event::ObjectHeld { .. }
            | Event::ObjectLeftOut { .. }
            | Event::Waiting { .. }
    )
}
