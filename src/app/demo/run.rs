//! The story, step by step. Each step checks that it did what it says; the first that did not ends
//! the demo with an error.

use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use super::estate::{self, Estate, Lost};
use super::history;
use super::report::{Report, Telling};
use super::stage::{Stage, TARGET, quoted};
use crate::app::{
    Failure, Place, Ports, ceremony, desired, extract, init, plan, replay, snapshot, target, text,
    verify,
};
use crate::disk::{atomic, limit};
use crate::keys::epoch::EpochKey;
use crate::model::explain::{About, Explain, Kind};
use crate::standin::http::GitServer;
use crate::target::ControlPlane;

/// A kit's configuration is a few kilobytes.
const LARGEST_CONFIGURATION: u64 = 1 << 20;

/// How long objects may take to become ready.
const PATIENCE: Duration = Duration::from_mins(2);

/// How to show it.
#[derive(Clone, Debug)]
pub struct Request {
    /// The folder to make; a new one among temporary files when absent.
    pub to: Option<PathBuf>,
    /// How a person starts this program, for the commands that are printed.
    pub program: String,
}

/// A step that did not do what it says.
#[derive(Debug, thiserror::Error)]
#[error("the demo stopped at \"{step}\": {found}")]
pub(super) struct Broken {
    step: &'static str,
    found: String,
}

static BROKEN: About = About {
    code: "B1790",
    kind: Kind::Failed,
    meaning: "A step of the demo ended without an error and still did not do what it says. That is a \
              bug, or a very unusual machine. The folder is kept; nothing is left running.",
    next: "look into the folder, and report what you see",
};

/// Codes of this file.
pub static CODES: &[&About] = &[&BROKEN];

impl Explain for Broken {
    fn about(&self) -> &'static About {
        &BROKEN
    }
}

/// Tells the story.
pub fn run(request: &Request, ports: &Ports<'_>) -> Result<Report, Failure> {
    let stage = Stage::set(request.to.as_deref(), ports)?;
    let own = stage.ports(ports);
    let kept = |failure: Failure| failure.after(format!("kept {}", stage.folder.display()));
    tell(&stage, request, &own).map_err(kept)
}

fn tell(stage: &Stage, request: &Request, ports: &Ports<'_>) -> Result<Report, Failure> {
    let mut telling = Telling::begin(ports);
    let estate = telling.phase("make three repositories", || make(stage, ports))?;
    let server = telling.phase("serve them over HTTP", || serve(stage, &estate))?;
    telling.phase("make a kit", || init_kit(stage, &server, ports))?;
    telling.phase("take snapshot 1", || first_snapshot(ports))?;
    let lost = telling.phase("commit, force-push, delete a branch", || change(&estate, ports))?;
    telling.phase("take snapshot 2", || second_snapshot(ports))?;
    telling.phase("shut the Git server down for good", || shut_down(server))?;
    telling.phase("verify", || verify_newest(stage, ports))?;
    telling.phase("extract, old tips included", || extract_all(stage, &lost, ports))?;
    let plane = telling.phase("choose a target", || choose_target(stage, ports))?;
    let digest = telling.phase("plan", || make_plan(stage, ports))?;
    telling.phase("replay", || replay_plan(stage, &digest, ports))?;
    telling.phase("plan again", || plan_again(stage, ports))?;
    if let Some(plane) = plane {
        telling.phase("stop the control plane", || Ok((plane.stop(), "it is gone".to_owned())))?;
    }
    stage.write_environment()?;
    let mut report = telling.end(stage.folder.clone(), stage.missing.clone());
    report.look_at = look_at(stage);
    report.by_hand = by_hand(stage, &request.program);
    Ok(report)
}

fn make(stage: &Stage, ports: &Ports<'_>) -> Result<(Estate, String), Failure> {
    let estate = Estate::make(&stage.path("srv"), stage.can, ports)?;
    Ok((estate, estate::REPOSITORIES.join(", ")))
}

fn serve(stage: &Stage, estate: &Estate) -> Result<(GitServer, String), Failure> {
    let server = stage.serve(estate.root())?;
    let url = server.url();
    Ok((server, url))
}

fn init_kit(stage: &Stage, server: &GitServer, ports: &Ports<'_>) -> Result<((), String), Failure> {
    let opener = EpochKey::generate(1);
    let identity = opener.identity_file();
    atomic::write_new(&stage.path("opener.key"), identity.as_bytes(), 0o600)?;
    let openers =
        ceremony::OpenersRequest { openers: vec![opener.recipient()], ..Default::default() };
    let request = init::Request { folder: stage.path("kit"), openers, ..Default::default() };
    let made = init::run(&request, ports)?;
    let path = stage.path("kit").join(crate::config::FILE_NAME);
    let mut text = limit::read(&path, LARGEST_CONFIGURATION)?;
    text.extend_from_slice(estate::configuration(&server.url(), stage.can).as_bytes());
    atomic::write(&path, &text, 0o644)?;
    let files = text::count(made.files.len(), "file");
    Ok(((), format!("{files}, sealed to one opener, stream {}", made.stream)))
}

fn first_snapshot(ports: &Ports<'_>) -> Result<((), String), Failure> {
    let taken = snapshot::run(&snapshot::Request::default(), ports)?;
    expect("take snapshot 1", taken.state == "complete", || taken.state.to_owned())?;
    Ok(((), told(&taken)))
}

fn change(estate: &Estate, ports: &Ports<'_>) -> Result<(Lost, String), Failure> {
    let lost = estate.change(ports)?;
    let (rewritten, deleted) = (&lost.rewritten[..8], &lost.deleted[..8]);
    let outcome = format!("{rewritten} (checkout) and {deleted} (old-banner) have no branch now");
    Ok((lost, outcome))
}

fn second_snapshot(ports: &Ports<'_>) -> Result<((), String), Failure> {
    let taken = snapshot::run(&snapshot::Request::default(), ports)?;
    let as_told = taken.state == "complete" && taken.repos.get("unchanged") == Some(&1);
    expect("take snapshot 2", as_told, || format!("{} {:?}", taken.state, taken.repos))?;
    Ok(((), told(&taken)))
}

fn told(taken: &snapshot::Report) -> String {
    let states: Vec<String> =
        taken.repos.iter().map(|(state, count)| format!("{count} {state}")).collect();
    let wrote = text::size(taken.written_bytes);
    format!("{}: {}; wrote {wrote}", taken.state, states.join(", "))
}

fn shut_down(server: GitServer) -> Result<((), String), Failure> {
    let (url, address) = (server.url(), server.address());
    server.stop();
    expect("shut the Git server down for good", !answers(address), || {
        format!("{url} still answers")
    })?;
    Ok(((), format!("{url} answers no more")))
}

fn answers(address: SocketAddr) -> bool {
    TcpStream::connect_timeout(&address, Duration::from_secs(2)).is_ok()
}

fn verify_newest(stage: &Stage, ports: &Ports<'_>) -> Result<((), String), Failure> {
    let request = verify::Request { identities: identities(stage), ..Default::default() };
    let verified = verify::run(&request, ports)?;
    let opened = verified.repos_opened == Some(estate::REPOSITORIES.len());
    expect("verify", !verified.is_red() && opened && verified.entry.seq.get() == 2, || {
        format!("{:?} {:?}", verified.problems, verified.damaged)
    })?;
    let hashed = text::count(verified.parts_checked, "part");
    let level = verified.entry.level.to_uppercase();
    Ok(((), format!("{level}: {hashed} hashed, all repositories opened and proven whole")))
}

fn extract_all(stage: &Stage, lost: &Lost, ports: &Ports<'_>) -> Result<((), String), Failure> {
    let request = extract::Request {
        identities: identities(stage),
        to: stage.path("recovered"),
        pinned: true,
        ..Default::default()
    };
    let given = extract::run(&request, ports)?;
    expect("extract", given.left_out.is_empty() && given.repos.len() == 3, || {
        format!("{:?}", given.left_out)
    })?;
    let apps = stage.path("recovered/apps.git");
    for oid in [&lost.rewritten, &lost.deleted] {
        history::tip(&apps, &format!("{oid}^{{commit}}"), ports.tools, ports.cancel)?;
    }
    let both = "with both old tips";
    Ok(((), format!("{} {both}", text::count(given.repos.len(), "repository"))))
}

fn choose_target(
    stage: &Stage,
    ports: &Ports<'_>,
) -> Result<(Option<ControlPlane>, String), Failure> {
    let Some(plane) = stage.start_target(ports)? else {
        return Ok((None, format!("the directory {}", selector(stage))));
    };
    let card = target::Add {
        name: TARGET.to_owned(),
        kubeconfig: plane.kubeconfig().to_owned(),
        class: Some(target::Class::Disposable),
        context: None,
        accept: target::Accept::default(),
    };
    let added = target::add(&card, ports)?.target;
    let uid = added.identity.uid;
    Ok((Some(plane), format!("etcd and kube-apiserver, started here; cluster {uid}")))
}

fn selector(stage: &Stage) -> plan::Selector {
    match stage.assets {
        Some(_) => plan::Selector::Named(TARGET.to_owned()),
        None => plan::Selector::Directory(stage.path("carried")),
    }
}

fn plan_request(stage: &Stage) -> plan::Request {
    plan::Request {
        place: Place::default(),
        wanted: desired::Wanted { identities: identities(stage), ..Default::default() },
        target: selector(stage),
        out: None,
    }
}

fn make_plan(stage: &Stage, ports: &Ports<'_>) -> Result<(String, String), Failure> {
    let request = plan::Request { out: Some(stage.path("plan.json")), ..plan_request(stage) };
    let plan = plan::run(&request, ports)?.plan;
    let clear = plan.blockers.is_empty() && plan.counts.new > 0;
    expect("plan", clear, || format!("{:?} {:?}", plan.counts, plan.blockers))?;
    let waves = text::count(plan.waves.len(), "wave");
    let outcome = format!("{} in {waves}", text::count(plan.counts.new, "new object"));
    Ok((plan.digest().to_string(), outcome))
}

fn replay_plan(stage: &Stage, digest: &str, ports: &Ports<'_>) -> Result<((), String), Failure> {
    let request = replay::Request {
        plan: plan_request(stage),
        confirm: stage.assets.as_ref().map(|_| TARGET.to_owned()),
        approved: Some(digest.to_owned()),
        options: replay::Options {
            wait: replay::Wait::Ready { limit: PATIENCE },
            ..replay::Options::default()
        },
    };
    let done = replay::run(&request, &|_| {}, ports)?;
    expect("replay", done.verdict == replay::Verdict::Complete, || format!("{:?}", done.outcome))?;
    let what = text::count(done.outcome.applied(), "object");
    let ready = if stage.assets.is_some() { "applied and ready" } else { "written" };
    Ok(((), format!("{what} {ready}")))
}

fn plan_again(stage: &Stage, ports: &Ports<'_>) -> Result<((), String), Failure> {
    let plan = plan::run(&plan_request(stage), ports)?.plan;
    expect("plan again", plan.is_empty(), || {
        let left = plan.items().filter(|item| item.action != plan::Action::Unchanged);
        let names: Vec<String> =
            left.map(|item| format!("{} {}", item.object, item.fields.join(", "))).collect();
        names.join("; ")
    })?;
    Ok(((), "nothing to do: the target is what the bundle says".to_owned()))
}

fn identities(stage: &Stage) -> Vec<PathBuf> {
    vec![stage.path("opener.key")]
}

fn expect(step: &'static str, holds: bool, found: impl FnOnce() -> String) -> Result<(), Failure> {
    if holds { Ok(()) } else { Err(Broken { step, found: found() }.into()) }
}

fn look_at(stage: &Stage) -> Vec<String> {
    let mut lines = vec![
        "kit/blackstart.toml          what is mirrored, and what a replay applies".to_owned(),
        "kit/CARD.txt                 how to open a bundle without this program".to_owned(),
        "kit/runbooks/                what to do when the Git host is gone".to_owned(),
        "kit/bundles/snapshots/       two signed manifests; parts in ../blobs".to_owned(),
        "recovered/*.git              the repositories out of the bundle, for stock git".to_owned(),
        "plan.json                    what was planned".to_owned(),
    ];
    lines.push(match stage.assets {
        Some(_) => "cluster/audit.log            every request to the API server".to_owned(),
        None => "carried/                     numbered manifests and apply.sh".to_owned(),
    });
    lines
}

fn by_hand(stage: &Stage, program: &str) -> Vec<String> {
    let (folder, identity) = (quoted(&stage.folder), quoted(&stage.path("opener.key")));
    let again = quoted(&stage.path("by-hand"));
    vec![
        format!(". {folder}/env; cd {folder}/kit"),
        format!("{program} list"),
        format!("{program} show latest --identity {identity}"),
        format!("{program} verify --full --identity {identity}"),
        format!("git clone {folder}/recovered/apps.git {folder}/work"),
        format!("{program} plan --target dir:{again} --identity {identity}"),
        format!("{program} replay --target dir:{again} --identity {identity}"),
        format!("{program} snapshot     # exit 1: the Git server is gone, and it says so"),
        format!("cd; rm -rf {folder}"),
    ]
}
