//! Somebody at screens that do real work, with threads and without a terminal.

use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use blackstart::app::clock::SystemClock;
use blackstart::app::event_log::EventLogs;
use blackstart::app::{Start, Tools, Unlocked};
use blackstart::config::Environment;
use blackstart::model::clock::Clock as _;
use blackstart::tui::job::Job;
use blackstart::tui::keys::{Action, Key};
use blackstart::tui::message::{Effect, JobId, Message};
use blackstart::tui::state::State;
use blackstart::tui::typed::Typed;
use blackstart::tui::update::{first, update};
use blackstart::tui::worker::{Outside, Workers};
use serde_json::Value;

use crate::support::kit::Kit;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_mins(2);

/// Somebody at screens that do real work.
pub struct Desk {
    pub state: State,
    workers: Workers,
    from: Receiver<Message>,
    waiting: Vec<Effect>,
    running: usize,
    jobs: Vec<(JobId, Job)>,
    events: Vec<(JobId, Value)>,
    lacks: Option<&'static str>,
}

impl Desk {
    pub fn at(kit: &Kit, folder: &Path) -> Self {
        let clock = SystemClock::start();
        let home = kit.sandbox.path("home");
        let environment = Environment {
            current_dir: folder.to_owned(),
            config_dir: Some(home.join("config/blackstart")),
            state_dir: Some(home.join("state/blackstart")),
            cache_dir: Some(home.join("cache")),
            temp_dir: kit.sandbox.path("tmp"),
            path: std::env::split_paths(&crate::support::component::search_path()).collect(),
            home: Some(home),
            ..Environment::default()
        };
        let start = Start { identities: vec![kit.identity.clone()], ..Start::default() };
        let mut state = State::new(&start, environment.home.clone(), (80, 24), clock.now());
        let (to, from) = channel();
        let tools = Tools::new(environment.path.clone());
        let workers = Workers::new(
            Outside {
                clock,
                tools,
                environment,
                unlocked: Unlocked::default(),
                logs: EventLogs::default(),
            },
            to,
        );
        let waiting = first(&mut state);
        let (jobs, events) = (Vec::new(), Vec::new());
        let (running, lacks) = (0, None);
        let mut desk = Self { state, workers, from, waiting, running, jobs, events, lacks };
        desk.settle();
        desk
    }

    /// Lets everything that runs come to its end.
    fn settle(&mut self) {
        loop {
            for effect in std::mem::take(&mut self.waiting) {
                match effect {
                    Effect::Start(id, job) => {
                        self.jobs.push((id, job.clone()));
                        self.running += 1;
                        self.workers.start(id, job);
                    }
                    Effect::Reply(id, reply) => self.workers.reply(id, reply),
                    Effect::Stop(id) => self.workers.stop(id),
                    other => panic!("{other:?}"),
                }
            }
            if self.running == 0 {
                return;
            }
            let message = self.from.recv_timeout(PATIENCE).unwrap();
            match &message {
                Message::Done(id, end) => {
                    self.running -= 1;
                    // What a person leaves is no failure.
                    let left = self.state.left == Some(*id) || self.state.going_on.is_some();
                    assert!(left || end.is_ok(), "{end:?}");
                }
                Message::Event(id, event) => {
                    self.events.push((*id, serde_json::to_value(event).unwrap()));
                }
                _ => {}
            }
            let asks = matches!(message, Message::Question(_));
            self.waiting = update(&mut self.state, message);
            let keeps = self.state.work.as_ref().is_some_and(|work| work.keeps().is_some());
            if self.lacks.is_some() && keeps && self.state.works() {
                self.leave_out();
            }
            // The work waits for somebody who types the target's name.
            if asks && self.state.waits_for_name() {
                return;
            }
        }
    }

    pub fn act(&mut self, action: Action) {
        self.waiting = update(&mut self.state, Message::Act(action));
        self.settle();
    }

    pub fn submit(&mut self, text: &str) {
        self.waiting = update(&mut self.state, Message::Submit(Typed::new(text)));
        self.settle();
    }

    pub fn press(&mut self, key: Key) {
        self.waiting = update(&mut self.state, Message::Key(key));
        self.settle();
    }

    /// Leaves out what keeps the run under way, for this reason, as soon as something does.
    pub fn leaves_out(&mut self, reason: &'static str) {
        self.lacks = Some(reason);
    }

    fn leave_out(&mut self) {
        let Some(reason) = self.lacks.take() else { return };
        for message in [Message::Act(Action::LeaveOut), Message::Submit(Typed::new(reason))] {
            self.waiting.extend(update(&mut self.state, message));
        }
    }

    /// Types why the objects of a plan that waits for a name are left out whose kind nobody defines.
    pub fn leave_out_of_plan(&mut self, reason: &str) {
        self.waiting = update(&mut self.state, Message::Act(Action::LeaveOut));
        assert!(self.state.types());
        self.submit(reason);
    }

    /// Types the name that the work waits for.
    pub fn confirm(&mut self, name: &str) {
        self.waiting = update(&mut self.state, Message::Key(Key::Enter));
        assert!(self.state.types());
        self.submit(name);
    }

    /// Types the name although objects of the plan are of kinds that nobody defines.
    pub fn confirm_with_all(&mut self, name: &str) {
        self.waiting = update(&mut self.state, Message::Act(Action::Number(2)));
        assert!(self.state.types());
        self.submit(name);
    }

    /// Returns the newest job of a verb: the command that does the same, and what it told.
    #[track_caller]
    pub fn told(&self, verb: &str) -> (String, Vec<Value>) {
        let (id, job) = self.jobs.iter().rev().find(|(_, job)| job.verb() == verb).unwrap();
        let events = self.events.iter().filter(|(of, _)| of == id);
        (job.line(), events.map(|(_, event)| event.clone()).collect())
    }
}
