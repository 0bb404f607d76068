//! The folder of a run: journal, plan, how to reach the target, who writes it, and how it ended.
//!
//! | name | holds | if it is lost |
//! |---|---|---|
//! | `journal.jsonl` | what was meant and what was done | there is no run |
//! | `plan.json` | what was approved | the run cannot go on |
//! | `report.json` | what was told at the end of its last part | the journal alone tells |
//! | `targets/` | how to reach the target, until the run is complete | the user's own card |
//! | `lock` | who is at work on it | |
//!
//! Copied to another machine it is enough to go on there, together with the bundle and a key.

use std::path::{Path, PathBuf};

use super::read::Past;
use super::record::{Opening, Record};
use super::write::Journal;
use crate::disk::append::AppendFile;
use crate::disk::lease::{Lease, holder};
use crate::disk::{atomic, folder, limit};
use crate::model::clock::Timestamp;
use crate::model::digest::Digest;
use crate::model::safe::safe;
use crate::plan::Plan;
use crate::replay::error::ReplayError;

const JOURNAL: &str = "journal.jsonl";
const PLAN: &str = "plan.json";
const REPORT: &str = "report.json";
const LOCK: &str = "lock";
/// A journal of 5 000 objects is a few megabytes; so is its plan.
pub(super) const LARGEST: u64 = 1 << 30;
/// What is said of each object that is not as it should be.
const LARGEST_REPORT: u64 = 64 << 20;

/// A run's folder that this process alone may write to.
pub struct Folder {
    path: PathBuf,
    _lease: Lease,
}

/// All runs of a state folder.
#[derive(Clone, Debug)]
pub struct Runs {
    path: PathBuf,
}

/// Where a run is carried out: this folder on this machine. A copy of the folder is another seat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat(pub String);

/// Returns the seat of a folder on the machine called `host`.
pub fn seat(host: &str, path: &Path) -> Seat {
    let digest = Digest::of(format!("{host}\0{}", path.display()).as_bytes());
    Seat(digest.short())
}

impl Runs {
    /// Looks after the runs in `<state>/runs`.
    pub fn new(state: &Path) -> Self {
        Self { path: state.join("runs") }
    }

    /// Returns the folder of a run.
    pub fn folder(&self, run: &str) -> PathBuf {
        self.path.join(run)
    }

    /// Returns the folders that hold a journal, the newest name last.
    pub fn list(&self) -> Result<Vec<PathBuf>, ReplayError> {
        let entries = match folder::list(&self.path) {
            Err(error) if error.is_missing() => Vec::new(),
            entries => entries?,
        };
        let folders = entries.into_iter().filter(|entry| entry.is_dir);
        let folders = folders.map(|entry| self.path.join(entry.name));
        Ok(folders.filter(|path| path.join(JOURNAL).is_file()).collect())
    }

    /// Returns whether some process is at work on a run.
    pub fn is_running(path: &Path) -> bool {
        matches!(Lease::take(&path.join(LOCK)), Ok(None))
    }

    /// Makes the folder of a run with its plan. The journal comes last: without it there is no run.
    pub fn create(
        &self,
        opening: Opening,
        plan: &Plan,
        now: Timestamp,
    ) -> Result<(Folder, Journal), ReplayError> {
        folder::create(&self.path, 0o700)?;
        let path = self.folder(&opening.run);
        folder::create_new(&path, 0o700)?;
        let folder = Folder::lock(&path)?;
        atomic::write(&path.join(PLAN), &plan.to_file(), 0o600)?;
        let file = AppendFile::create(&path.join(JOURNAL), 0o600)?;
        let journal = Journal::new(file, Digest::ZERO, 0);
        journal.write(Record::Run(Box::new(opening)), now)?;
        Ok((folder, journal))
    }
}

impl Folder {
    fn lock(path: &Path) -> Result<Self, ReplayError> {
        let lock = path.join(LOCK);
        let Some(lease) = Lease::take(&lock)? else {
            let pid = holder(&lock).map_or(0, |holder| holder.pid);
            return Err(ReplayError::Running { run: name(path), pid });
        };
        Ok(Self { path: path.to_owned(), _lease: lease })
    }

    /// Opens the folder of a run to go on with it.
    pub fn open(path: &Path) -> Result<(Self, Journal, Past, Plan), ReplayError> {
        if !path.join(JOURNAL).is_file() {
            return Err(ReplayError::NoRun { run: name(path) });
        }
        let folder = Self::lock(path)?;
        let (past, plan) = (past(path)?, plan(path)?);
        if past.is_complete() {
            return Err(ReplayError::NothingLeft { run: past.opening.run });
        }
        if plan.digest() != past.opening.plan {
            let (expected, found) = (past.opening.plan.short(), plan.digest().short());
            return Err(ReplayError::Other { what: "plan", expected, found });
        }
        let file = AppendFile::open(&path.join(JOURNAL), past.length)?;
        let journal = Journal::new(file, past.head, past.count);
        Ok((folder, journal, past, plan))
    }

    /// Returns where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Keeps what was told at the end, in place of what was told before.
    pub fn keep_report(&self, report: &[u8]) -> Result<(), ReplayError> {
        Ok(atomic::write(&self.path.join(REPORT), report, 0o600)?)
    }
}

/// Returns what was told at the end of a run, where it is still there.
pub fn kept_report(path: &Path) -> Option<Vec<u8>> {
    limit::read_plain_if_there(&path.join(REPORT), LARGEST_REPORT).ok()?
}

/// Returns the plan in a run's folder, where it can be read.
pub fn kept_plan(path: &Path) -> Option<Plan> {
    plan(path).ok()
}

/// Reads the journal of a run, which another process may be writing.
pub(super) fn past(path: &Path) -> Result<Past, ReplayError> {
    let bytes = limit::read_if_there(&path.join(JOURNAL), LARGEST)?;
    let bytes = bytes.ok_or_else(|| ReplayError::NoRun { run: name(path) })?;
    Past::read(&bytes)
}

fn plan(path: &Path) -> Result<Plan, ReplayError> {
    let at = path.join(PLAN);
    let bytes = limit::read(&at, LARGEST)?;
    let damaged = |error: crate::plan::PlanError| ReplayError::Plan { why: error.to_string() };
    Plan::read(&bytes, &safe(at.display().to_string())).map_err(damaged)
}

impl Past {
    /// Reads the journal in a run's folder, without going on with it.
    pub fn of(path: &Path) -> Result<Self, ReplayError> {
        past(path)
    }
}

fn name(path: &Path) -> String {
    safe(path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().as_bytes())
}
