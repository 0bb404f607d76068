//! `runs`: what was replayed, what is unfinished; and the folder in which a run goes on.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::replay::{Outcome, Pending, Report};
use super::tell::{self, Standing};
use super::typed_path::direct;
use super::{CommandLine, FORMAT_VERSION, Failure, Kit, Place, Ports, ended, text};
use crate::disk::{atomic, folder, limit};
use crate::model::clock::Timestamp;
use crate::model::explain::{About, Explain, Kind};
use crate::model::safe::safe;
use crate::replay::{
    self, Folder, Holder, Past, ReplayError, Runs, Trace, Verdict, kept_plan, seat,
};

/// No file of a target card is larger.
const LARGEST: u64 = 4 << 20;

/// One run in a list.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// Its name.
    pub run: String,
    /// `complete`, `incomplete`, `failed`, `stopped`, `running`, `cut-off`, `damaged`.
    pub state: &'static str,
    /// When it began and when it was last heard of.
    pub begun: Option<Timestamp>,
    /// When its last record was written.
    pub last: Option<Timestamp>,
    /// The target's name and class.
    pub target: String,
    /// The snapshot's number.
    pub seq: u64,
    /// How many objects are there.
    pub done: usize,
    /// How many objects the plan has.
    pub objects: usize,
    /// How many of those a person left out.
    pub left_out: usize,
    /// How often it was resumed.
    pub resumed: usize,
    /// Where its journal is.
    pub folder: PathBuf,
    /// How to go on with it, unless it is complete.
    pub next: Option<String>,
    /// Why its journal cannot be read.
    pub damage: Option<String>,
}

/// The report of `runs`.
#[derive(Clone, Debug, Serialize)]
pub struct List {
    /// The version of this shape.
    pub format_version: u32,
    /// The runs, the newest first.
    pub runs: Vec<Summary>,
}

/// The report of `runs RUN`.
#[derive(Clone, Debug, Serialize)]
pub struct Detail {
    /// The version of this shape.
    pub format_version: u32,
    /// The same as in the list.
    #[serde(flatten)]
    pub summary: Summary,
    /// The bundle's digest.
    pub bundle: String,
    /// The plan's digest.
    pub plan: String,
    /// The target's UID.
    pub uid: Option<String>,
    /// Who began it, and with what program.
    pub operator: String,
    /// The program.
    pub tool: String,
    /// How it was approved: by what was typed, and how the plan was seen.
    pub consent: String,
    /// How it ended, as it was told then. None where it goes on, or was stopped or cut off since.
    pub report: Option<Box<Report>>,
    /// What the journal alone knows, where there is no report.
    pub known: Option<Outcome>,
    /// The sentence for the incident channel.
    pub tell: String,
    /// Objects about which nobody knows whether the target has them.
    pub in_doubt: usize,
    /// Whether the last line was torn.
    pub torn: bool,
}

/// There is nowhere to keep runs.
#[derive(Debug, thiserror::Error)]
#[error("there is no state folder: neither HOME nor XDG_STATE_HOME is set")]
struct NoStateFolder;

static NO_STATE_FOLDER: About = About {
    code: "B1783",
    kind: Kind::Usage,
    meaning: "The journal of a run is kept in the user's state folder, and nothing says where that \
              is. Without a journal nothing is sent to a cluster.",
    next: "set XDG_STATE_HOME to a folder that only you can read, or state-dir in blackstart.toml",
};

/// No run is unfinished.
#[derive(Debug, thiserror::Error)]
#[error("no run is unfinished")]
pub(super) struct NoneOpen;

static NONE_OPEN: About = About {
    code: "B1784",
    kind: Kind::Usage,
    meaning: "A resume without a name goes on with the newest run that is not complete. All runs in \
              the state folder are.",
    next: "name a run or its folder, or make a plan: blackstart plan",
};

/// Codes of this file.
pub(super) static CODES: &[&About] = &[&NO_STATE_FOLDER, &NONE_OPEN];

impl Explain for NoStateFolder {
    fn about(&self) -> &'static About {
        &NO_STATE_FOLDER
    }
}

impl Explain for NoneOpen {
    fn about(&self) -> &'static About {
        &NONE_OPEN
    }
}

/// A run that ended early, with the command that goes on.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub(super) struct Halt {
    error: ReplayError,
    next: String,
}

impl Explain for Halt {
    fn about(&self) -> &'static About {
        self.error.about()
    }

    fn next(&self) -> String {
        match self.error.about().kind {
            // The person stopped it, or the run can simply go on.
            Kind::Interrupted | Kind::Incomplete => self.next.clone(),
            _ => format!("{}; then {}", self.error.about().next, self.next),
        }
    }
}

impl Summary {
    /// Returns how many objects there are of those of the plan, and how many were left out.
    pub fn there(&self) -> String {
        text::there(self.done, self.objects, self.left_out)
    }
}

impl Halt {
    /// Says how far the run came and how to go on with it.
    pub(super) fn failure(error: ReplayError, next: String) -> Failure {
        let Some((there, of)) = error.progress() else { return error.into() };
        let done = format!("{there} of {of} objects are there; the journal knows them");
        Failure::from(Self { error, next }).after(done)
    }
}

/// Returns the runs of this user, or of this kit.
pub(super) fn runs(kit: Option<&Kit>, ports: &Ports<'_>) -> Result<Runs, Failure> {
    let configured = kit.and_then(|kit| {
        let folder = kit.config.file.state_dir.as_ref()?;
        Some(kit.config.at(folder))
    });
    let state = configured.or_else(|| ports.environment.state_dir.clone()).ok_or(NoStateFolder)?;
    Ok(Runs::new(&state))
}

/// Returns the runs that a command line without a bundle means.
pub(super) fn runs_at(place: &Place, ports: &Ports<'_>) -> Result<Runs, Failure> {
    let kit = Kit::find(place.config.as_deref(), ports.environment);
    if place.config.is_some() {
        return runs(Some(&kit?), ports);
    }
    runs(kit.ok().as_ref(), ports)
}

/// Returns the options that say where bundle and keys are, ready to be pasted anywhere.
pub(super) fn options(place: &Place, identities: &[PathBuf], ports: &Ports<'_>) -> String {
    let here = &ports.environment.current_dir;
    let shown = |path: &PathBuf| direct(&here.join(path)).display().to_string();
    CommandLine::options()
        .option("--identity", identities.iter().map(shown))
        .option("--config", place.config.iter().map(shown))
        .option("--store", place.stores.iter().map(shown))
        .option("--trust-root", &place.trust_root)
        .line()
}

/// Returns the command that goes on with a run. `options` are ready to be pasted.
pub(super) fn resume_command(run: &str, options: &str) -> String {
    let line = CommandLine::new("resume").word(run).line();
    let blank = if options.is_empty() { "" } else { " " };
    format!("{line}{blank}{options}")
}

/// Lists all runs, the newest first.
pub fn list(place: &Place, ports: &Ports<'_>) -> Result<List, Failure> {
    let folders = runs_at(place, ports)?.list()?;
    let runs = folders.iter().rev().map(|path| summary(path, Past::of(path).as_ref())).collect();
    Ok(List { format_version: FORMAT_VERSION, runs })
}

/// Shows one run, named or by its folder.
pub fn show(place: &Place, run: &str, ports: &Ports<'_>) -> Result<Detail, Failure> {
    let path = find(&runs_at(place, ports)?, run, ports);
    let past = Past::of(&path)?;
    let opening = &past.opening;
    let doubt = |trace: &&Trace| {
        trace.intended && !trace.done && trace.failed.is_none() && trace.left_out.is_none()
    };
    let summary = summary(&path, Ok(&past));
    let report = ended::of(&path, &past).filter(|_| summary.state != "running");
    let typed = opening.consent.typed.as_deref().unwrap_or("no name");
    Ok(Detail {
        format_version: FORMAT_VERSION,
        bundle: opening.bundle.oci(),
        plan: opening.plan.oci(),
        uid: opening.target.uid.as_ref().map(safe),
        operator: safe(&opening.operator),
        tool: safe(&opening.tool),
        consent: safe(format!("{typed}; plan seen: {}", opening.consent.seen)),
        tell: report.as_ref().map_or_else(|| told(&summary), |report| report.tell.clone()),
        known: report.is_none().then(|| known(&path, &past)),
        report: report.map(Box::new),
        in_doubt: past.items.values().filter(doubt).count(),
        torn: past.torn,
        summary,
    })
}

/// What the journal knows of objects that are not as they should be.
fn known(path: &Path, past: &Past) -> Outcome {
    let plan = kept_plan(path);
    let names: Vec<String> = plan
        .iter()
        .flat_map(crate::plan::Plan::items)
        .map(|item| safe(item.object.to_string()))
        .collect();
    let name = |item: usize| {
        names.get(item).cloned().unwrap_or_else(|| format!("object {} of the plan", item + 1))
    };
    let counted = |of: fn(&Trace) -> bool| {
        past.items.values().filter(|trace| trace.is_there() && of(trace)).count()
    };
    let earlier = counted(|trace| trace.done);
    let mut outcome =
        Outcome { earlier, unchanged: counted(|trace| !trace.done), ..Outcome::default() };
    for (item, trace) in &past.items {
        let pending = |why: String| Pending { object: name(*item), why: safe(why) };
        if let Some(reason) = &trace.left_out {
            outcome.left_out.push(pending(reason.clone()));
        } else if let Some(code) = &trace.failed {
            let code = safe(code);
            if trace.is_there() {
                outcome.not_ready.push(pending(format!("it did not become ready ({code})")));
            } else {
                let why = "the journal keeps the code alone".to_owned();
                outcome.failed.push(replay::Failure { object: name(*item), code, why });
            }
        } else if let Some(needs) = trace.held {
            outcome.held.push(pending(format!("it needs {}", name(needs))));
        }
    }
    outcome
}

/// The sentence of a run of which there is no report.
fn told(run: &Summary) -> String {
    let how = match run.state {
        "running" => "is under way",
        "complete" => "is complete",
        "incomplete" => "is not complete",
        "failed" => "has failed",
        "stopped" => "was stopped and can go on",
        _ => "was cut off and can go on",
    };
    let target = run.target.split(" (").next().unwrap_or_default();
    let from = format!("snapshot {}", run.seq);
    let objects = Some((run.done, run.objects, run.left_out));
    tell::standing(&Standing { target, from: Some(&from), how, waves: None, objects, waits: None })
}

fn summary(path: &Path, past: Result<&Past, &ReplayError>) -> Summary {
    let run = safe(path.file_name().unwrap_or_default().to_string_lossy().as_bytes());
    let empty = Summary {
        run,
        state: "damaged",
        begun: None,
        last: None,
        target: String::new(),
        seq: 0,
        done: 0,
        objects: 0,
        left_out: 0,
        resumed: 0,
        folder: path.to_owned(),
        next: None,
        damage: None,
    };
    let past = match past {
        Ok(past) => past,
        Err(error) => return Summary { damage: Some(error.to_string()), ..empty },
    };
    let opening = &past.opening;
    let state = state(path, past);
    let next = resume_command(&empty.run, &safe(&opening.place));
    Summary {
        state,
        begun: Some(past.begun),
        last: Some(past.last),
        target: safe(format!("{} ({})", opening.target.name, opening.target.class)),
        seq: opening.seq,
        done: past.there(),
        objects: opening.objects,
        left_out: past.left_out(),
        resumed: past.resumed,
        next: (!matches!(state, "complete" | "running")).then_some(next),
        ..empty
    }
}

fn state(path: &Path, past: &Past) -> &'static str {
    match past.finished {
        _ if Runs::is_running(path) => "running",
        Some(Verdict::Complete) => "complete",
        Some(Verdict::Incomplete) => "incomplete",
        Some(Verdict::Failed) => "failed",
        None if past.stopped.is_some() => "stopped",
        None => "cut-off",
    }
}

/// Returns the folder that a name or a path means.
pub(super) fn find(runs: &Runs, run: &str, ports: &Ports<'_>) -> PathBuf {
    let here = ports.environment.current_dir.join(run);
    let is_path = run.contains('/') || here.join("journal.jsonl").is_file();
    if is_path { here } else { runs.folder(run) }
}

/// Returns the newest run that is not complete.
pub(super) fn newest_open(runs: &Runs) -> Result<PathBuf, Failure> {
    let folders = runs.list()?;
    // A damaged one is not passed over: it may be the one that is meant.
    let open = |path: &&PathBuf| Past::of(path).map_or(true, |past| !past.is_complete());
    Ok(folders.iter().rev().find(open).cloned().ok_or(NoneOpen)?)
}

/// A new name: when it begins, and something that no other run has.
pub(super) fn new_name(now: Timestamp) -> String {
    let mut random = [0; 2];
    // Two runs in one second are told apart by these; a folder is never taken over.
    let _ = getrandom::fill(&mut random);
    let time: String =
        now.to_string().chars().filter(|c| c.is_ascii_digit() || *c == 'T').collect();
    let time = time.to_lowercase().replace('t', "-");
    format!("{time}-{:04x}", u16::from_ne_bytes(random))
}

/// Who is at work where.
pub(super) fn operator(ports: &Ports<'_>) -> (String, String) {
    let host = limit::read(Path::new("/proc/sys/kernel/hostname"), 256).unwrap_or_default();
    let host = safe(String::from_utf8_lossy(&host).trim().as_bytes());
    let user = ports.environment.user.clone().unwrap_or_else(|| "somebody".to_owned());
    (safe(format!("{user}@{host}")), host)
}

/// Returns who asks for the lease.
pub(super) fn holder(run: &str, folder: &Folder, ports: &Ports<'_>) -> Holder {
    let (operator, host) = operator(ports);
    let seat = seat(&host, folder.path()).0;
    Holder { run: run.to_owned(), operator, seat }
}

/// Copies a target's card into a run's folder, so that the folder is enough elsewhere.
pub(super) fn keep_card(card: &Path, to: &Folder, name: &str) -> Result<(), Failure> {
    let at = to.path().join("targets").join(name);
    folder::create(&at, 0o700)?;
    for entry in folder::list(card)?.into_iter().filter(|entry| !entry.is_dir) {
        let bytes = limit::read(&card.join(&entry.name), LARGEST)?;
        atomic::write(&at.join(&entry.name), &bytes, 0o600)?;
    }
    Ok(())
}

/// Removes the copy once nobody needs it: it holds credentials.
pub(super) fn drop_card(from: &Folder) -> Result<(), Failure> {
    Ok(folder::remove_all(&from.path().join("targets"))?)
}
