//! States as they arise: by messages, from reports like those of the core.

use std::time::Duration;

use blackstart::app::assess::{
    self, Advice, Blame, Choice, Cluster, Held, Host, Life, Problem, What,
};
use blackstart::app::list::Entry;
use blackstart::app::show::{PartReport, RepoReport};
use blackstart::app::target::{Card, List, Listed};
use blackstart::app::{SignatureReport, Start, Told, list, runs, show, status};
use blackstart::cluster::MemoryCluster;
use blackstart::mirror::Step;
use blackstart::model::cancel::Cancel;
use blackstart::model::clock::Timestamp;
use blackstart::model::digest::Digest;
use blackstart::model::event::{Event, Quiet};
use blackstart::model::explain::Kind;
use blackstart::model::id::Seq;
use blackstart::object::Object;
use blackstart::plan::{Against, Desired, Plan, make};
use blackstart::render::{self, Provenance};
use blackstart::target::{Binding, Class};
use blackstart::tui::job::{Job, Report};
use blackstart::tui::keys::{Action, Key};
use blackstart::tui::message::{Effect, JobId, Message, Question, Wants};
use blackstart::tui::state::State;
use blackstart::tui::update::{first, update};
use serde_json::json;

/// 2026-11-23T03:12:44Z
pub const NOW: i64 = 1_795_403_564;

pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix(NOW + seconds)
}

pub fn seq(number: u64) -> Seq {
    Seq::new(number).unwrap()
}

/// Somebody at the screens.
pub struct Person {
    pub state: State,
    /// What the reducer wanted done and nobody has looked at yet.
    pub effects: Vec<Effect>,
}

impl Person {
    /// Sits down at a terminal of this size.
    pub fn at(size: (u16, u16)) -> Self {
        let start = Start { identities: vec!["ada.key".into()], ..Start::default() };
        let mut state = State::new(&start, None, size, at(0));
        let effects = first(&mut state);
        Self { state, effects }
    }

    pub fn tell(&mut self, message: Message) {
        self.effects.extend(update(&mut self.state, message));
    }

    pub fn press(&mut self, key: Key) {
        self.tell(Message::Key(key));
    }

    pub fn act(&mut self, action: Action) {
        self.tell(Message::Act(action));
    }

    pub fn then(mut self, action: Action) -> Self {
        self.act(action);
        self
    }

    pub fn type_in(&mut self, text: &str) {
        text.chars().for_each(|character| self.press(Key::Char(character)));
    }

    pub fn pass(&mut self, seconds: u64) {
        let elapsed = self.state.elapsed + Duration::from_secs(seconds);
        self.tell(Message::Tick { now: at(i64::try_from(elapsed.as_secs()).unwrap()), elapsed });
    }

    /// Takes the newest job that was begun.
    #[track_caller]
    pub fn begun(&mut self) -> (JobId, Job) {
        let at = self.effects.iter().rposition(|effect| matches!(effect, Effect::Start(..)));
        match self.effects.remove(at.unwrap()) {
            Effect::Start(id, job) => (id, job),
            _ => unreachable!(),
        }
    }

    /// Ends the newest job well.
    #[track_caller]
    pub fn ends(&mut self, report: Report) {
        let (id, _) = self.begun();
        self.tell(Message::Done(id, Box::new(Ok(report))));
    }

    pub fn events(&mut self, id: JobId, events: impl IntoIterator<Item = Event>) {
        for event in events {
            self.tell(Message::Event(id, event));
        }
    }

    /// At home, with a snapshot in the store.
    pub fn home(size: (u16, u16)) -> Self {
        let mut person = Self::at(size);
        person.ends(Report::Assess(Box::new(assessed())));
        person.ends(Report::Runs(runs::List { format_version: 1, runs: Vec::new() }));
        person.ends(Report::Status(held()));
        person
    }

    /// With a plan on the screen that waits for the target's name. Returns the job.
    pub fn plan(size: (u16, u16), plan: Plan) -> (Self, JobId) {
        let mut person = Self::targets(size);
        person.press(Key::Enter);
        let (id, job) = person.begun();
        assert!(matches!(job, Job::Replay(_)), "{job:?}");
        person.events(id, [Event::PhaseStarted { phase: "plan" }]);
        person.tell(Message::Plan(id, Box::new(plan)));
        let text = "type the target's name".to_owned();
        person.tell(Message::Question(Question { id: 7, job: id, text, wants: Wants::Words }));
        (person, id)
    }

    /// Before the targets, with an open bundle.
    pub fn targets(size: (u16, u16)) -> Self {
        let mut person = Self::verified(size);
        person.press(Key::Enter);
        person.ends(Report::Targets(targets()));
        person
    }

    /// After a bundle was opened and verified.
    pub fn verified(size: (u16, u16)) -> Self {
        let mut person = Self::home(size);
        person.press(Key::Char('3'));
        person.press(Key::Char('3'));
        person.ends(Report::Show(opened()));
        let (id, _) = person.begun();
        person.events(
            id,
            [
                Event::PhaseStarted { phase: "verify" },
                Event::Progress {
                    phase: "verify",
                    done: 9 << 20,
                    total: Some(9 << 20),
                    unit: "bytes",
                },
            ],
        );
        person.pass(3);
        person.tell(Message::Done(id, Box::new(Ok(Report::Verify(verified())))));
        person
    }

    /// Looking through what is in an open bundle.
    pub fn repos(size: (u16, u16)) -> Self {
        let mut person = bundle(size);
        person.press(Key::Enter);
        person.act(Action::Number(3));
        person.ends(Report::Show(opened()));
        person
    }
}

pub fn entry(number: u64, level: &'static str) -> Entry {
    let good = |role: &str| SignatureReport {
        role: role.to_owned(),
        key: format!("SHA256:{role}"),
        status: "good",
    };
    let age = 41 * 60 + i64::try_from(4127_u64.saturating_sub(number)).unwrap() * 3600;
    Entry {
        seq: seq(number),
        created: Some(at(-age)),
        next_by: Some(at(3600 - age)),
        state: Some(if level == "green" { "complete" } else { "partial" }),
        digest: Some(Digest::of(b"manifest").oci()),
        parts: 5,
        bytes: 9 << 20,
        signatures: vec![good("job"), good("verifier")],
        policy: if level == "red" { "unmet" } else { "met" },
        level,
        remarks: if level == "green" {
            Vec::new()
        } else {
            vec!["2 repositories are carried".into()]
        },
    }
}

pub fn held() -> status::Report {
    status::Report {
        format_version: 1,
        stream: "acme-prod".into(),
        entry: entry(4127, "green"),
        age_seconds: Some(41 * 60),
        stale: false,
    }
}

pub fn listed() -> list::Report {
    let level = |number| match number {
        4125 => "amber",
        4120 => "red",
        _ => "green",
    };
    list::Report {
        format_version: 1,
        stream: "acme-prod".into(),
        snapshots: (4100..=4127).map(|number| entry(number, level(number))).collect(),
    }
}

pub fn repo(name: &str, state: &str, fault: Option<&str>) -> RepoReport {
    RepoReport {
        name: name.into(),
        url: format!("https://git.example.com/{name}.git"),
        state: state.into(),
        fault: fault.map(str::to_owned),
        head: "refs/heads/main".into(),
        refs: 12,
        packs: Vec::new(),
        pinned: Vec::new(),
        findings: Vec::new(),
    }
}

pub fn opened() -> show::Report {
    let fault = "git.example.com answers 503: it is the host";
    let repos = vec![
        repo("team/apps", "fresh", None),
        repo("team/infra", "unchanged", None),
        repo("team/secrets", "carried", Some(fault)),
    ];
    opened_with(repos)
}

pub fn opened_with(repos: Vec<RepoReport>) -> show::Report {
    let part = |kind, bytes| PartReport { kind, digest: Digest::of(b"part").oci(), bytes };
    show::Report {
        format_version: 1,
        stream: "acme-prod".into(),
        entry: entry(4127, "green"),
        part_list: vec![part("keys", 4096), part("index", 65_536), part("base", 9 << 20)],
        repos: Some(repos),
        excluded: Some(Vec::new()),
    }
}

pub fn verified() -> blackstart::app::verify::Report {
    blackstart::app::verify::Report {
        format_version: 1,
        entry: entry(4127, "green"),
        snapshots: 1,
        parts_checked: 5,
        bytes_checked: 9 << 20,
        damaged: Vec::new(),
        repos_opened: None,
        indexes_rebuilt: false,
        findings: Vec::new(),
        problems: Vec::new(),
        cosigned: None,
    }
}

pub fn card(name: &str, class: &str) -> Card {
    serde_json::from_value(json!({
        "format-version": 1, "name": name, "class": class, "context": "admin",
        "identity": {"uid": "7c1e90aa-1111-2222-3333-444455556666", "ca": null,
                     "server": "https://10.20.0.5:6443", "version": "v1.35.4"},
        "added": "2026-10-01T08:00:00Z", "runs": null,
    }))
    .unwrap()
}

pub fn targets() -> List {
    let cards = [card("prd-eu1", "production"), card("lab", "disposable")];
    let targets = cards.map(|card| Listed::Card(Box::new(card))).to_vec();
    List { format_version: 1, targets }
}

fn item(kind: &str, api: &str, namespace: Option<&str>, name: &str) -> render::Item {
    let mut value = json!({"apiVersion": api, "kind": kind, "metadata": {"name": name}});
    if let Some(namespace) = namespace {
        value["metadata"]["namespace"] = namespace.into();
    }
    let provenance = Provenance {
        repo: "team/apps".into(),
        revision: "c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00".into(),
        path: "clusters/prod/pay.yaml".into(),
    };
    render::Item { object: Object::from_value(value).unwrap(), provenance }
}

/// A plan of a namespace and so many objects in it.
pub fn plan_of(count: usize) -> Plan {
    let mut items = vec![item("Namespace", "v1", None, "pay")];
    items.extend((0..count).map(|number| match number % 3 {
        0 => item("ConfigMap", "v1", Some("pay"), &format!("settings-{number}")),
        1 => item("Service", "v1", Some("pay"), &format!("api-{number}")),
        _ => item("Deployment", "apps/v1", Some("pay"), &format!("api-{number}")),
    }));
    plan_from(items, "prd-eu1")
}

pub fn plan_from(items: Vec<render::Item>, target: &str) -> Plan {
    let cluster = MemoryCluster::new("7c1e90aa-1111-2222-3333-444455556666");
    let target = Binding {
        name: target.into(),
        class: Class::Production,
        uid: Some("7c1e90aa-1111-2222-3333-444455556666".into()),
        ca: None,
    };
    let (findings, choices) = (Vec::new(), Vec::new());
    let desired = Desired { bundle: Digest::of(b"bundle"), items, findings, choices };
    let against = Against::Cluster(&cluster);
    make(&desired, &target, &against, &Quiet, &Cancel::new()).unwrap().plan().clone()
}

/// A screen and how one gets there.
pub type Place = (&'static str, fn((u16, u16)) -> Person);

/// Each screen there is, with a name.
pub const SCREENS: &[Place] = &[
    ("home", Person::home),
    ("home-nothing", nothing),
    ("home-unfinished", unfinished),
    ("runs", all_runs),
    ("run", |size| unfinished(size).then(Action::Number(0))),
    ("wait", |size| Person::home(size).then(Action::Number(1))),
    ("open", |size| Person::home(size).then(Action::Number(3))),
    ("practise", |size| Person::home(size).then(Action::Number(4))),
    ("look", |size| Person::home(size).then(Action::Number(5))),
    ("bundles", bundles),
    ("bundle", bundle),
    ("repos", Person::repos),
    ("repo", |size| Person::repos(size).then(Action::Choose)),
    ("verify", Person::verified),
    ("targets", Person::targets),
    ("new-target", |size| Person::targets(size).then(Action::Add)),
    ("plan", |size| Person::plan(size, plan_of(6)).0),
    ("confirm", |size| Person::plan(size, plan_of(6)).0.then(Action::Choose)),
    ("objects", |size| Person::plan(size, plan_of(6)).0.then(Action::Objects)),
    ("replay", |size| replaying(size).0),
    ("log", |size| replaying(size).0.then(Action::Log)),
    ("help", |size| Person::home(size).then(Action::Help)),
    ("problem", problem),
];

/// Each screen there is, as it is seen on a terminal of this size.
pub fn screens(size: (u16, u16)) -> Vec<(&'static str, Person)> {
    SCREENS.iter().map(|(name, person)| (*name, person(size))).collect()
}

fn run(name: &str, state: &'static str, done: usize) -> runs::Summary {
    runs::Summary {
        run: name.into(),
        state,
        begun: Some(at(-900)),
        last: Some(at(-600)),
        target: "prd-eu1 (production)".into(),
        seq: 4127,
        done,
        objects: 561,
        resumed: 0,
        folder: format!("/home/ada/.local/state/blackstart/runs/{name}").into(),
        next: (state != "complete").then(|| format!("blackstart resume {name}")),
        damage: None,
    }
}

/// A complete run and one that was cut off.
pub fn run_list() -> runs::List {
    let runs = vec![
        run("20261123-025744z-1f0a", "cut-off", 154),
        run("20261101-0900z-77aa", "complete", 561),
    ];
    runs::List { format_version: 1, runs }
}

fn unfinished(size: (u16, u16)) -> Person {
    let mut person = Person::at(size);
    person.ends(Report::Assess(Box::new(assessed())));
    person.ends(Report::Runs(run_list()));
    person.ends(Report::Status(held()));
    person
}

fn all_runs(size: (u16, u16)) -> Person {
    unfinished(size).then(Action::Number(5)).then(Action::Number(3))
}

fn told() -> Told {
    Told {
        code: "B0110",
        kind: Kind::Usage,
        what: "no configuration: looked for /kit/blackstart.toml".into(),
        done: None,
        next: "run blackstart init, or name stores with --store and trust with --trust-root".into(),
    }
}

fn nothing(size: (u16, u16)) -> Person {
    let mut person = Person::at(size);
    let problem = Problem { code: told().code, what: told().what, next: told().next };
    let report = assess::Report {
        held: Held { problem: Some(problem), ..Held::default() },
        hosts: Vec::new(),
        no_hosts: Some(told().what),
        clusters: Vec::new(),
        advice: Advice {
            because: "no cluster has a name here, and no Git host is down".into(),
            remarks: Vec::new(),
            choices: vec![advised(5, What::Look)],
        },
        ..assessed()
    };
    person.ends(Report::Assess(Box::new(report)));
    person.ends(Report::Runs(runs::List { format_version: 1, runs: Vec::new() }));
    let (id, _) = person.begun();
    person.tell(Message::Done(id, Box::new(Err(told()))));
    person
}

fn advised(number: u8, what: What) -> Choice {
    Choice { number, what, title: "in words", commands: Vec::new() }
}

/// The Git host is down and the cluster is well.
pub fn assessed() -> assess::Report {
    let host = Host {
        name: "git.example.com".into(),
        repositories: 214,
        asked: "https://git.example.com/team/apps".into(),
        passed: vec![Step::Name, Step::Tcp, Step::Key],
        failed: Some(Step::Http),
        blame: Some(Blame::Them),
        why: Some("git answers 503".into()),
        millis: 120,
    };
    let cluster = Cluster {
        name: "prd-eu1".into(),
        class: Some(Class::Production),
        server: "https://10.20.0.5:6443".into(),
        uid: "7c1e90aa-1111-2222-3333-444455556666".into(),
        life: Life::Healthy,
        failed: None,
        blame: None,
        why: None,
        version: Some("v1.35.4".into()),
        nodes: 41,
        nodes_ready: 41,
        workloads: 180,
        workloads_ready: 180,
        unready: Vec::new(),
        known: 561,
        present: 561,
        engines: Vec::new(),
    };
    assess::Report {
        format_version: 1,
        at: at(0),
        held: Held { newest: Some(entry(4127, "green")), ..Held::default() },
        hosts: vec![host],
        no_hosts: None,
        clusters: vec![cluster],
        advice: Advice {
            because: "the clusters are healthy: only changes are blocked".into(),
            remarks: Vec::new(),
            choices: vec![advised(1, What::Wait)],
        },
    }
}

fn problem(size: (u16, u16)) -> Person {
    let mut person = Person::home(size).then(Action::Number(3)).then(Action::Number(3));
    let (id, _) = person.begun();
    person.tell(Message::Done(id, Box::new(Err(told()))));
    person
}

fn bundles(size: (u16, u16)) -> Person {
    let mut person = Person::home(size).then(Action::Number(5)).then(Action::Number(1));
    person.ends(Report::List(listed()));
    person
}

fn bundle(size: (u16, u16)) -> Person {
    let mut person = bundles(size).then(Action::Choose);
    person.ends(Report::Show(show::Report { repos: None, excluded: None, ..opened() }));
    person
}

/// A replay under way: one wave done, one running, something waited for.
pub fn replaying(size: (u16, u16)) -> (Person, JobId) {
    let (mut person, id) = Person::plan(size, plan_of(6));
    person.press(Key::Enter);
    person.type_in("prd-eu1");
    person.press(Key::Enter);
    person.events(
        id,
        [
            Event::PhaseStarted { phase: "replay" },
            Event::WaveStarted { wave: 1, stage: "definitions", objects: 1 },
            applied("Namespace pay"),
            Event::Ready { object: "Namespace pay".into() },
            Event::WaveFinished { wave: 1, open: 0, millis: 2100 },
        ],
    );
    person.pass(62);
    let third = "Deployment pay/api-2";
    person.events(
        id,
        [
            Event::WaveStarted { wave: 2, stage: "foundations", objects: 2 },
            applied("ConfigMap pay/settings-0"),
            applied(third),
            Event::Waiting {
                object: third.into(),
                why: "2 of 3 pods ready; pod api-2-x is Pending: no node has 8 GiB free".into(),
                seconds: 60,
                limit: 300,
                cause: "a node or its image is missing",
                next: "kubectl -n pay describe deployment api-2".into(),
                others: 1,
            },
        ],
    );
    person.pass(20);
    (person, id)
}

fn applied(object: &str) -> Event {
    Event::Applied { object: object.into(), action: "created", warnings: Vec::new() }
}
