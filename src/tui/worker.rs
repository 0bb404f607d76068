//! Jobs on threads. What they tell, ask and return comes back as messages; nothing else does.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use super::job::{Job, Report};
use super::message::{
    Effect, JobId, Message, PathAnswer, PathQuestion, Question, QuestionId, Reply, Wants,
};
use crate::app::clock::SystemClock;
use crate::app::event_log::EventLogs;
use crate::app::plan::Plan;
use crate::app::{
    Failure, Passphrase, Ports, Prompt, Tools, Unlocked, assess, extract, list, plan, replay,
    resume, runs, show, snapshot, status, target, typed_path, verify,
};
use crate::config::Environment;
use crate::model::cancel::Cancel;
use crate::model::event::{Event, Observer};

/// Everything of the outside that jobs share.
pub struct Outside {
    /// The time.
    pub clock: SystemClock,
    /// Programs on this machine.
    pub tools: Tools,
    /// The process's surroundings.
    pub environment: Environment,
    /// What the person at the screens has unlocked; it goes when they end.
    pub unlocked: Unlocked,
    /// Where events are written, too.
    pub logs: EventLogs<SystemClock>,
}

type Waiting = Arc<Mutex<HashMap<QuestionId, Sender<Option<Reply>>>>>;

/// The threads.
pub struct Workers {
    outside: Arc<Outside>,
    to: Sender<Message>,
    cancels: HashMap<JobId, Cancel>,
    waiting: Waiting,
    asked: Arc<AtomicU64>,
}

impl Workers {
    /// Begins without any; messages go to `to`.
    pub fn new(outside: Outside, to: Sender<Message>) -> Self {
        Self {
            outside: Arc::new(outside),
            to,
            cancels: HashMap::new(),
            waiting: Waiting::default(),
            asked: Arc::default(),
        }
    }

    /// Does what is about jobs; returns what is not.
    pub fn take(&mut self, effect: Effect) -> Option<Effect> {
        match effect {
            Effect::Start(id, job) => self.start(id, job),
            Effect::Stop(id) => self.stop(id),
            Effect::Hold(id) => self.hold(id, true),
            Effect::GoOn(id) => self.hold(id, false),
            Effect::Reply(id, reply) => self.reply(id, reply),
            Effect::Path(question) => self.look_at(question),
            other => return Some(other),
        }
        None
    }

    /// Begins a job.
    pub fn start(&mut self, id: JobId, job: Job) {
        let cancel = Cancel::new();
        self.cancels.insert(id, cancel.clone());
        let link = Link {
            job: id,
            to: self.to.clone(),
            waiting: self.waiting.clone(),
            asked: self.asked.clone(),
        };
        let outside = self.outside.clone();
        std::thread::spawn(move || {
            let end = catch_unwind(AssertUnwindSafe(|| perform(&job, &outside, &link, &cancel)));
            let message = match end {
                Ok(end) => {
                    let end = end.inspect_err(|failure| outside.logs.end(Err(failure)));
                    Message::Done(id, Box::new(end.map_err(|failure| failure.told())))
                }
                Err(panic) => Message::Broken(id, words(panic.as_ref())),
            };
            // Nobody listens any more when the screens are gone.
            let _ = link.to.send(message);
        });
    }

    /// Asks a job to stop at its next safe point.
    pub fn stop(&self, id: JobId) {
        if let Some(cancel) = self.cancels.get(&id) {
            cancel.request();
        }
    }

    /// Asks a job to begin no further wave, or takes that back.
    pub fn hold(&self, id: JobId, holds: bool) {
        if let Some(cancel) = self.cancels.get(&id) {
            cancel.hold(holds);
        }
    }

    /// Looks at a path, on a thread of its own: a stick may take its time.
    fn look_at(&self, question: PathQuestion) {
        let to = self.to.clone();
        std::thread::spawn(move || {
            let answer = match question {
                PathQuestion::KeyFile(path) => {
                    let found = typed_path::key_file(&path);
                    PathAnswer::KeyFile(path, found)
                }
                PathQuestion::Complete(text, home) => {
                    let completed = typed_path::complete(&text, home.as_ref());
                    PathAnswer::Completed(text, completed)
                }
            };
            let _ = to.send(Message::Path(answer));
        });
    }

    /// Answers a question.
    pub fn reply(&self, id: QuestionId, reply: Option<Reply>) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(asker) = waiting.remove(&id) {
            let _ = asker.send(reply);
        }
    }
}

fn words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
}

/// Runs a job to its end.
fn perform(job: &Job, outside: &Outside, link: &Link, cancel: &Cancel) -> Result<Report, Failure> {
    let listener = Listener { link, logs: &outside.logs };
    let ports = Ports {
        clock: &outside.clock,
        observer: &listener,
        cancel,
        prompt: link,
        unlocked: &outside.unlocked,
        tools: &outside.tools,
        environment: &outside.environment,
    };
    let show_plan = |plan: &Plan| {
        let _ = link.to.send(Message::Plan(link.job, Box::new(plan.clone())));
    };
    let show_rest = |plan: &Plan, done: resume::Done| {
        let _ = link.to.send(Message::Resumed(link.job, Box::new(plan.clone()), done));
    };
    Ok(match job {
        Job::Status(request) => Report::Status(status::run(request, &ports)?),
        Job::Assess(request) => Report::Assess(Box::new(assess::run(request, &ports))),
        Job::List(place) => Report::List(list::run(place, &ports)?),
        Job::Show(request) => Report::Show(show::run(request, &ports)?),
        Job::Verify(request) => Report::Verify(verify::run(request, &ports)?),
        Job::Targets => Report::Targets(target::list(&ports)?),
        Job::TestTarget(name) => Report::TestTarget(Box::new(target::test(name, &ports)?)),
        Job::AddTarget(request) => Report::AddTarget(target::add(request, &ports)?),
        Job::Plan(request) => Report::Plan(plan::run(request, &ports)?),
        Job::Replay(request) => Report::Replay(replay::run(request, &show_plan, &ports)?),
        Job::Runs(place) => Report::Runs(runs::list(place, &ports)?),
        Job::Run(place, run) => Report::Run(Box::new(runs::show(place, run, &ports)?)),
        Job::Resume(request) => Report::Replay(resume::run(request, &show_rest, &ports)?),
        Job::Snapshot(request) => Report::Snapshot(snapshot::run(request, &ports)?),
        Job::Extract(request) => Report::Extract(extract::run(request, &ports)?),
    })
}

struct Listener<'a> {
    link: &'a Link,
    logs: &'a EventLogs<SystemClock>,
}

impl Observer for Listener<'_> {
    fn event(&self, event: &Event) {
        let _ = self.link.to.send(Message::Event(self.link.job, event.clone()));
        self.logs.event(event);
    }
}

/// A job's way to the person at the screens.
#[derive(Clone)]
struct Link {
    job: JobId,
    to: Sender<Message>,
    waiting: Waiting,
    asked: Arc<AtomicU64>,
}

impl Link {
    /// Asks, and waits for the answer. None when nobody gives one.
    fn ask(&self, text: &str, wants: Wants) -> Option<Reply> {
        let id = self.asked.fetch_add(1, Ordering::Relaxed);
        let (to, from) = channel();
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(id, to);
        let question = Question { id, job: self.job, text: text.to_owned(), wants };
        self.to.send(Message::Question(question)).ok()?;
        from.recv().ok()?
    }
}

impl Prompt for Link {
    fn passphrase(&self, what: &str) -> Option<Passphrase> {
        match self.ask(&format!("The passphrase of {what}"), Wants::Passphrase)? {
            Reply::Passphrase(words) => Some(words),
            _ => None,
        }
    }

    fn answer(&self, question: &str) -> Option<String> {
        match self.ask(question, Wants::Words)? {
            Reply::Words(words) => Some(words),
            _ => None,
        }
    }

    fn confirm(&self, question: &str, yes: &str, no: Option<&str>) -> Option<bool> {
        let wants = Wants::Choice { yes: yes.to_owned(), no: no.unwrap_or("no").to_owned() };
        match self.ask(question, wants)? {
            Reply::Choice(yes) => Some(yes),
            _ => None,
        }
    }

    fn message(&self, text: &str) {
        let _ = self.to.send(Message::Word(self.job, text.to_owned()));
    }

    fn handle(&self) -> Arc<dyn Prompt> {
        Arc::new(self.clone())
    }
}
