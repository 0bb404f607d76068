//! `show`: one snapshot, and with a key what is in it.

use std::path::PathBuf;

use serde::Serialize;

use super::{FORMAT_VERSION, Failure, Place, Ports, Reader, Which};
use crate::app::list::Entry;
use crate::bundle::index::{PackEntry, PinEntry, RepoEntry};
use crate::bundle::open::{self, open_index};
use crate::model::clock::Timestamp;
use crate::model::id::Seq;
use crate::model::safe::safe;
use crate::snapshot::Excluded;

/// What to show.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Where.
    pub place: Place,
    /// Which snapshot.
    pub which: Which,
    /// Whoever opens; nobody shows what needs no key.
    pub identities: Vec<PathBuf>,
    /// A number that was typed to accept it.
    pub accept: Option<Seq>,
}

/// The report.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The version of this shape.
    pub format_version: u32,
    /// The series.
    pub stream: String,
    /// What needs no key.
    #[serde(flatten)]
    pub entry: Entry,
    /// The parts.
    pub part_list: Vec<PartReport>,
    /// What is in it; only with a key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repos: Option<Vec<RepoReport>>,
    /// What should be in it and is not; only with a key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub excluded: Option<Vec<Excluded>>,
}

/// One part.
#[derive(Clone, Debug, Serialize)]
pub struct PartReport {
    /// `index`, `base`, `delta` …
    pub kind: &'static str,
    /// Its digest.
    pub digest: String,
    /// Its size in bytes.
    pub bytes: u64,
}

/// One repository.
#[derive(Clone, Debug, Serialize)]
pub struct RepoReport {
    /// Its name.
    pub name: String,
    /// Where it comes from.
    pub url: String,
    /// `fresh`, `unchanged`, `carried` …
    pub state: String,
    /// Why it is not current.
    pub fault: Option<String>,
    /// When it was last found equal to its source.
    pub proven: Option<Timestamp>,
    /// Where HEAD points.
    pub head: String,
    /// How many refs.
    pub refs: usize,
    /// Its pack files and the parts they are in.
    pub packs: Vec<PackEntry>,
    /// Old tips that are kept.
    pub pinned: Vec<PinEntry>,
    /// What a check of its objects found.
    pub findings: Vec<String>,
}

impl From<RepoEntry> for RepoReport {
    fn from(repo: RepoEntry) -> Self {
        Self {
            name: repo.name,
            url: repo.url,
            state: repo.state,
            fault: repo.fault,
            proven: repo.proven,
            head: repo.head.to_string(),
            refs: repo.refs,
            packs: repo.packs,
            pinned: repo.pinned,
            findings: repo.findings.iter().map(safe).collect(),
        }
    }
}

/// Shows one snapshot.
pub fn run(request: &Request, ports: &Ports<'_>) -> Result<Report, Failure> {
    let reader = Reader::open(&request.place, ports)?;
    let verified = reader.select(request.which, ports)?;
    let manifest = verified.manifest();
    let part_list = manifest.parts().map(|part| PartReport {
        kind: part.kind.word(),
        digest: part.digest.oci(),
        bytes: part.size,
    });
    let mut report = Report {
        format_version: FORMAT_VERSION,
        stream: manifest.stream.to_string(),
        entry: Entry::of(&verified),
        part_list: part_list.collect(),
        repos: None,
        excluded: None,
    };
    if request.identities.is_empty() {
        return Ok(report);
    }
    let recipient = &manifest.epoch_recipient;
    let identities = ports.unlocked.load(&request.identities, recipient, ports.prompt)?;
    let other_seals = reader.other_seals(manifest.epoch)?;
    // Whoever typed a number has seen that it is an older one; looking harms nobody.
    let accepted = verified.accept(request.accept.or(request.which.number()))?;
    let workspace = super::extract::workspace(ports.environment, reader.state.as_deref())?;
    let terms = open::Terms {
        trusted: &reader.trusted,
        identities: &identities,
        other_seals,
        workspace: &workspace,
        wanted: &|_| false,
        observer: ports.observer,
        cancel: ports.cancel,
    };
    let index = open_index(&accepted, &reader.parts(), &terms)?;
    report.repos = Some(index.repos.into_iter().map(RepoReport::from).collect());
    report.excluded = Some(index.excluded);
    Ok(report)
}
