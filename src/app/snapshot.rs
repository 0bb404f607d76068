//! `snapshot`: mirrors brought up to date, frozen, sealed, signed, published.
//!
//! Parts first, then manifest and signature under a number nobody else has, then what the job
//! remembers. A crash leaves unreferenced blobs and temporary folders, which count for nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use super::job::{Job, Published};
use super::{CommandLine, FORMAT_VERSION, Failure, Kit, Ports};
use crate::bundle::seal::Sealed;
use crate::mirror::{self, Mirrored};
use crate::model::clock::Timestamp;
use crate::model::event::Event;
use crate::model::explain::{About, Explain, Kind};
use crate::model::id::Seq;
use crate::model::safe::safe;
use crate::snapshot::{Snapshot, freeze};
use crate::source::Spec;

/// What to take.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The configuration file.
    pub config: Option<PathBuf>,
    /// Only these repositories are fetched, as globs over names; the others are carried.
    pub only: Vec<String>,
    /// Say what would be fetched, and touch nothing.
    pub dry_run: bool,
    /// For fetching, in all; the configuration's when absent.
    pub deadline: Option<Duration>,
}

/// The report.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The version of this shape.
    pub format_version: u32,
    /// The snapshot's number; absent when nothing was sealed.
    pub seq: Option<Seq>,
    /// `complete`, `partial`, or `dry-run`.
    pub state: &'static str,
    /// The digest of its manifest.
    pub digest: Option<String>,
    /// Bytes of parts written.
    pub written_bytes: u64,
    /// Base and delta parts used again.
    pub reused_parts: usize,
    /// How many repositories are in each state.
    pub repos: BTreeMap<String, usize>,
    /// Those that are not current, with whose fault it is.
    pub not_current: Vec<NotCurrent>,
    /// How long it took.
    pub seconds: f64,
    /// The line to post where an attacker cannot reach.
    pub witness: Option<String>,
    /// What a dry run would fetch.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub would_fetch: Vec<String>,
}

/// A repository that could not be brought up to date.
#[derive(Clone, Debug, Serialize)]
pub struct NotCurrent {
    /// Its name.
    pub name: String,
    /// `carried`, `gone`, `never` …
    pub state: String,
    /// Whose fault and why.
    pub why: String,
    /// When it was last found equal to its source; that state is in the bundle.
    pub proven: Option<Timestamp>,
    /// What to do, where it is known.
    pub next: Option<String>,
}

#[derive(Debug, thiserror::Error)]
enum SnapshotError {
    #[error("the configuration names no [[source]]")]
    NoSources,
    #[error("no repository could be reached, so nothing was sealed: {0}")]
    NothingCurrent(String),
    #[error("--only {0:?} matches no source")]
    NothingMatches(String),
}

static NO_SOURCES: About = About {
    code: "B0701",
    kind: Kind::Usage,
    meaning: "There is nothing to mirror.",
    next: "append [[source]] blocks to blackstart.toml; its comments show how",
};
static NOTHING_CURRENT: About = About {
    code: "B0702",
    kind: Kind::Failed,
    meaning: "Not one repository answered. A snapshot of only old copies would look newer than it is, \
              so none was made. The last snapshot stays as it is, and so do the mirrors.",
    next: "look at the reasons above; if the Git host is down, the last snapshot is what you have: \
           blackstart status",
};
static NOTHING_MATCHES: About = About {
    code: "B0703",
    kind: Kind::Usage,
    meaning: "The patterns of --only are matched against the names of sources.",
    next: "check the names in blackstart.toml",
};

/// Codes of this file.
pub static CODES: &[&About] = &[&NO_SOURCES, &NOTHING_CURRENT, &NOTHING_MATCHES];

impl Explain for SnapshotError {
    fn about(&self) -> &'static About {
        match self {
            Self::NoSources => &NO_SOURCES,
            Self::NothingCurrent(_) => &NOTHING_CURRENT,
            Self::NothingMatches(_) => &NOTHING_MATCHES,
        }
    }
}

/// Takes a snapshot.
pub fn run(request: &Request, ports: &Ports<'_>) -> Result<Report, Failure> {
    let started = ports.clock.elapsed();
    let kit = Kit::find(request.config.as_deref(), ports.environment)?;
    let state = kit.state_folder(ports.environment);
    let specs = specs(&kit, &state)?;
    let chosen = chosen(&specs, &request.only)?;
    super::sources::check_listings(&kit, &state)?;
    if request.dry_run {
        return Ok(dry_run(&specs, &chosen));
    }
    super::sources::remember(&kit, &state)?;
    let job = Job::prepare(kit, ports)?;
    let options = job.mirror_options(request.deadline);
    let Ports { tools, clock, observer, cancel, .. } = *ports;
    let mirrored = mirror::update(&specs, &chosen, &options, tools, clock, observer, cancel)?;
    // A fetch that was stopped leaves repositories behind: that is no snapshot anybody asked for.
    cancel.check()?;
    let mut snapshot = freeze(&mirrored, ports.clock.now())?;
    if !snapshot.any_current() {
        return Err(SnapshotError::NothingCurrent(reasons(&mirrored)).into());
    }
    ports.observer.event(&Event::PhaseStarted { phase: "seal" });
    let (sealed, published) = job.seal_and_publish(&mut snapshot, ports)?;
    super::roots::warn(job.kit(), &state, ports);
    let vanished = super::sources::vanished(job.kit(), &state).unwrap_or_default();
    let seconds = ports.clock.elapsed().saturating_sub(started).as_secs_f64();
    let mut report = report(&snapshot, &sealed, published, seconds);
    for repo in report.not_current.iter_mut().filter(|repo| repo.state == "gone") {
        let below = vanished.contains_key(&repo.name);
        repo.next = Some(if below { retire_line(&repo.name) } else { REMOVE.to_owned() });
    }
    Ok(report)
}

/// What to do about a repository that the configuration names and that is gone.
const REMOVE: &str = "if on purpose, take its [[source]] out of blackstart.toml";

fn retire_line(name: &str) -> String {
    format!("if on purpose: {}", CommandLine::new("sources retire").word(safe(name)).line())
}

/// The configured sources, expanded and named.
pub fn specs(kit: &Kit, state: &Path) -> Result<Vec<Spec>, Failure> {
    let specs = super::sources::expand(kit, state)?;
    if specs.is_empty() { Err(SnapshotError::NoSources.into()) } else { Ok(specs) }
}

fn chosen(specs: &[Spec], only: &[String]) -> Result<Vec<bool>, Failure> {
    let wanted = super::extract::patterns(only)?;
    let chosen: Vec<bool> = specs.iter().map(|spec| wanted(&spec.name)).collect();
    if chosen.contains(&true) {
        Ok(chosen)
    } else {
        Err(SnapshotError::NothingMatches(only.join(", ")).into())
    }
}

fn dry_run(specs: &[Spec], chosen: &[bool]) -> Report {
    let would_fetch = specs.iter().zip(chosen).filter(|(_, chosen)| **chosen);
    Report {
        format_version: FORMAT_VERSION,
        seq: None,
        state: "dry-run",
        digest: None,
        written_bytes: 0,
        reused_parts: 0,
        repos: BTreeMap::new(),
        not_current: Vec::new(),
        seconds: 0.0,
        witness: None,
        would_fetch: would_fetch
            .map(|(spec, _)| format!("{}  {}", spec.name, spec.location))
            .collect(),
    }
}

/// The distinct faults, each once, for a sentence.
fn reasons(mirrored: &[Mirrored]) -> String {
    let mut faults: Vec<String> =
        mirrored.iter().filter_map(|repo| repo.fault.as_ref().map(ToString::to_string)).collect();
    faults.sort();
    faults.dedup();
    faults.truncate(5);
    faults.join("; ")
}

fn report(snapshot: &Snapshot, sealed: &Sealed, published: Published, seconds: f64) -> Report {
    let mut repos: BTreeMap<String, usize> = BTreeMap::new();
    let here = snapshot.repos.iter().map(|repo| repo.state.to_owned());
    for state in here.chain(snapshot.excluded.iter().map(|repo| repo.state.clone())) {
        *repos.entry(state).or_default() += 1;
    }
    let late = snapshot.repos.iter().filter(|repo| !repo.current).map(|repo| NotCurrent {
        name: repo.name.clone(),
        state: repo.state.to_owned(),
        why: repo.fault.clone().unwrap_or_default(),
        proven: repo.proven,
        next: None,
    });
    let missing = snapshot.excluded.iter().map(|repo| NotCurrent {
        name: repo.name.clone(),
        state: repo.state.clone(),
        why: repo.reason.clone(),
        proven: None,
        next: None,
    });
    let not_current = late.chain(missing);
    Report {
        format_version: FORMAT_VERSION,
        seq: Some(sealed.manifest.seq),
        state: if snapshot.complete() { "complete" } else { "partial" },
        digest: Some(crate::model::digest::Digest::of(&sealed.bytes).oci()),
        written_bytes: sealed.written_bytes,
        reused_parts: sealed.reused_parts,
        repos,
        not_current: not_current.collect(),
        seconds,
        witness: Some(published.witness),
        would_fetch: Vec::new(),
    }
}

/// Writes the witness line where the configuration wants it.
pub(super) fn write_witness(path: &Path, line: &str) -> Result<(), Failure> {
    Ok(crate::disk::atomic::write(path, format!("{line}\n").as_bytes(), 0o644)?)
}
