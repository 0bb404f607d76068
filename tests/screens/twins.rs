//! Each action of the screens, and the command that its `same as` line names, tell the same events.

use std::path::{Path, PathBuf};
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

use crate::support::git;
use crate::support::kit::Kit;
use crate::support::sandbox::finish;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_mins(2);

/// Somebody at screens that do real work.
struct Desk {
    state: State,
    workers: Workers,
    from: Receiver<Message>,
    waiting: Vec<Effect>,
    running: usize,
    jobs: Vec<(JobId, Job)>,
    events: Vec<(JobId, Value)>,
}

impl Desk {
    fn at(kit: &Kit, folder: &Path) -> Self {
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
        let mut desk = Self { state, workers, from, waiting, running: 0, jobs, events };
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
                    other => panic!("{other:?}"),
                }
            }
            if self.running == 0 {
                return;
            }
            let message = self.from.recv_timeout(PATIENCE).unwrap();
            match &message {
                Message::Done(_, end) => {
                    self.running -= 1;
                    assert!(end.is_ok(), "{end:?}");
                }
                Message::Event(id, event) => {
                    self.events.push((*id, serde_json::to_value(event).unwrap()));
                }
                Message::Question(question) => panic!("{question:?}"),
                _ => {}
            }
            self.waiting = update(&mut self.state, message);
        }
    }

    fn act(&mut self, action: Action) {
        self.waiting = update(&mut self.state, Message::Act(action));
        self.settle();
    }

    fn submit(&mut self, text: &str) {
        self.waiting = update(&mut self.state, Message::Submit(Typed::new(text)));
        self.settle();
    }

    /// Returns the newest job of a verb: the command that does the same, and what it told.
    #[track_caller]
    fn told(&self, verb: &str) -> (String, Vec<Value>) {
        let (id, job) = self.jobs.iter().rev().find(|(_, job)| job.verb() == verb).unwrap();
        let events = self.events.iter().filter(|(of, _)| of == id);
        (job.line(), events.map(|(_, event)| event.clone()).collect())
    }
}

/// What two runs of the same thing have in common: not times, sizes, or what is sealed by chance.
fn essence(events: Vec<Value>) -> Vec<Value> {
    const CHANCE: &[&str] =
        &["millis", "digest", "witness", "journal", "run", "time", "format_version", "detail"];
    let mut events: Vec<Value> = events
        .into_iter()
        .filter(|event| event["event"] != "still-working")
        .map(|mut event| {
            let of_bytes = event["unit"] == "bytes" || event["event"] == "part";
            let fields = event.as_object_mut().unwrap();
            fields.retain(|name, _| !CHANCE.contains(&name.as_str()));
            if of_bytes {
                fields.retain(|name, _| !["bytes", "done", "total"].contains(&name.as_str()));
            }
            event
        })
        .collect();
    // Threads may tell the same in another order, and progress as often as they like.
    events.sort_by_key(ToString::to_string);
    events.dedup();
    events
}

/// Runs the command of a job as it would be pasted, in a folder; returns what it told.
#[track_caller]
fn pasted(kit: &Kit, folder: &Path, line: &str) -> Vec<Value> {
    let log = kit.sandbox.path("events.jsonl");
    let rest = line.strip_prefix("blackstart ").unwrap();
    let command = format!("{} {rest} --events {}", env!("CARGO_BIN_EXE_blackstart"), log.display());
    let mut shell = kit.sandbox.program("sh");
    finish(shell.args(["-c", &command]).current_dir(folder)).ok();
    let text = std::fs::read_to_string(&log).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[track_caller]
fn same(kit: &Kit, folder: &Path, (line, events): (String, Vec<Value>)) {
    let command = essence(pasted(kit, folder, &line));
    assert_eq!(essence(events), command, "{line}");
}

const SETTINGS: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\n  namespace: \
                        shop\ndata:\n  currency: EUR\n";
const NAMESPACE: &str = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n";

fn kit_with_manifests() -> (Kit, PathBuf) {
    let kit = Kit::new();
    let work = git::worktree(&kit.sandbox.path("srv/apps"));
    git::commit(&work, &[("prod/a.yaml", SETTINGS), ("prod/b.yaml", NAMESPACE)], "all");
    kit.source("apps", work.to_str().unwrap(), "");
    kit.configure("[[root]]\nrepo = \"apps\"\npath = \"prod\"");
    let folder = kit.path("");
    (kit, folder)
}

#[test]
fn looking_and_verifying_tell_what_their_commands_tell() {
    let (kit, folder) = kit_with_manifests();
    kit.snapshot();
    let mut desk = Desk::at(&kit, &folder);
    same(&kit, &folder, desk.told("status"));
    same(&kit, &folder, desk.told("assess"));
    same(&kit, &folder, desk.told("runs"));
    desk.act(Action::Number(5));
    desk.act(Action::Number(1));
    same(&kit, &folder, desk.told("list"));
    desk.act(Action::Choose);
    same(&kit, &folder, desk.told("show"));
    desk.act(Action::Verify);
    same(&kit, &folder, desk.told("verify"));
    desk.act(Action::Back);
    desk.act(Action::Choose);
    desk.act(Action::Number(3));
    same(&kit, &folder, desk.told("show"));
    desk.act(Action::VerifyFull);
    same(&kit, &folder, desk.told("verify"));
    desk.act(Action::Back);
    desk.act(Action::Extract);
    let to = kit.sandbox.path("out");
    desk.submit(to.to_str().unwrap());
    let told = desk.told("extract");
    std::fs::remove_dir_all(&to).unwrap();
    same(&kit, &folder, told);
}

#[test]
fn a_snapshot_tells_what_its_command_tells() {
    let (kit, folder) = kit_with_manifests();
    // The first of a kit is not like those after it.
    kit.snapshot();
    let mut desk = Desk::at(&kit, &folder);
    desk.act(Action::Number(6));
    let (line, events) = desk.told("snapshot");
    let without_seq = |mut events: Vec<Value>| {
        events.iter_mut().filter_map(Value::as_object_mut).for_each(|one| drop(one.remove("seq")));
        essence(events)
    };
    assert_eq!(without_seq(events), without_seq(pasted(&kit, &folder, &line)), "{line}");
}

#[test]
fn a_plan_and_its_replay_into_a_folder_tell_what_their_commands_tell() {
    let (kit, folder) = kit_with_manifests();
    kit.snapshot();
    let mut desk = Desk::at(&kit, &folder);
    desk.act(Action::Number(3));
    desk.act(Action::Number(3));
    desk.act(Action::Choose);
    desk.act(Action::Last);
    desk.act(Action::Choose);
    let out = kit.sandbox.path("manifests");
    desk.submit(out.to_str().unwrap());
    same(&kit, &folder, desk.told("plan"));
    desk.waiting = update(&mut desk.state, Message::Key(Key::Enter));
    desk.settle();
    desk.submit(&format!("dir:{}", out.display()));
    assert!(out.join("apply.sh").is_file());
    let told = desk.told("replay");
    std::fs::remove_dir_all(&out).unwrap();
    same(&kit, &folder, told);
    assert!(out.join("apply.sh").is_file());
}
