//! `prune`: which snapshots keep their parts, what may be deleted, and, when told so, doing it.
//!
//! Safe beside a running snapshot: what it uses again it refreshes first, and what is newer than
//! seven days stays. Right before each deletion the manifests are listed again. Manifests and
//! signatures stay for ever. A snapshot that cannot be read stops everything: nothing is deleted in
//! reaction to a failure.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{FORMAT_VERSION, Failure, Place, Ports, Reader};
use crate::bundle::port::Parts as _;
use crate::bundle::verify::Verified;
use crate::disk::{atomic, folder, limit};
use crate::model::clock::Timestamp;
use crate::model::digest::Digest;
use crate::model::explain::{About, Explain, Kind};
use crate::model::id::Seq;
pub use crate::store::retention::Keep;
use crate::store::retention::{self, Held};
use crate::store::{DirStore, StoreError};

/// What to keep.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Which stores.
    pub place: Place,
    /// The rules.
    pub keep: Keep,
    /// Whether to delete, rather than to show what would be.
    pub apply: bool,
}

/// The plan, and what was done.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The version of this shape.
    pub format_version: u32,
    /// Whether it was carried out.
    pub applied: bool,
    /// One entry a store.
    pub stores: Vec<StoreReport>,
}

/// The plan of one store.
#[derive(Clone, Debug, Serialize)]
pub struct StoreReport {
    /// Where it is.
    pub place: String,
    /// Its snapshots, ascending.
    pub snapshots: Vec<SnapshotReport>,
    /// Blobs to delete; after `--apply`, those that were.
    pub delete: usize,
    /// Their size in bytes.
    pub bytes: u64,
    /// Blobs that no kept manifest names, and that were used within seven days.
    pub waiting: usize,
}

/// What becomes of one snapshot.
#[derive(Clone, Debug, Serialize)]
pub struct SnapshotReport {
    /// Its number.
    pub seq: Seq,
    /// When it was taken, where a signature vouches for that.
    pub created: Option<Timestamp>,
    /// The rules that keep its parts; none when they may go.
    pub kept_by: Vec<&'static str>,
}

#[derive(Debug, thiserror::Error)]
enum PruneError {
    #[error("the manifest of snapshot {seq} in {place} cannot be read, so nothing was deleted")]
    Unreadable { seq: Seq, place: String },
    #[error("{} is not a folder; only stores in folders can be pruned", .0.display())]
    NotAFolder(PathBuf),
}

static UNREADABLE: About = About {
    code: "B1760",
    kind: Kind::Integrity,
    meaning: "Which parts a damaged snapshot needs is not known, and nothing is deleted in reaction \
              to a failure.",
    next: "blackstart verify --full; heal the snapshot from another copy with blackstart import",
};
static NOT_A_FOLDER: About = About {
    code: "B1761",
    kind: Kind::Usage,
    meaning: "A bundle file is written once and holds one bundle.",
    next: "delete the file itself when you need it no more",
};

/// Codes of this file.
pub(super) static CODES: &[&About] = &[&UNREADABLE, &NOT_A_FOLDER];

impl Explain for PruneError {
    fn about(&self) -> &'static About {
        match self {
            Self::Unreadable { .. } => &UNREADABLE,
            Self::NotAFolder(_) => &NOT_A_FOLDER,
        }
    }
}

/// Plans, and deletes where told so.
pub fn run(request: &Request, ports: &Ports<'_>) -> Result<Report, Failure> {
    let reader = Reader::open(&request.place, ports)?;
    let mut plans = Vec::new();
    for root in roots(&reader, request, ports)? {
        plans.push(plan(DirStore::open(&root)?, &reader, request, ports)?);
    }
    if request.apply {
        note_pruned(&reader, &plans)?;
        plans.iter_mut().try_for_each(|plan| apply(plan, ports))?;
    }
    let stores = plans.into_iter().map(|plan| plan.report).collect();
    Ok(Report { format_version: FORMAT_VERSION, applied: request.apply, stores })
}

fn roots(
    reader: &Reader,
    request: &Request,
    ports: &Ports<'_>,
) -> Result<Vec<PathBuf>, PruneError> {
    let named = request.place.stores.iter().map(|path| ports.environment.current_dir.join(path));
    let paths: Vec<PathBuf> = match &reader.kit {
        Some(kit) if request.place.stores.is_empty() => kit.config.stores(),
        _ => named.collect(),
    };
    match paths.iter().find(|path| !path.is_dir()) {
        Some(file) => Err(PruneError::NotAFolder(file.clone())),
        None => Ok(paths),
    }
}

struct Plan {
    store: DirStore,
    /// Snapshots the plan knows of; any other one is new and keeps what it names.
    known: BTreeSet<Seq>,
    doomed: Vec<(Digest, u64)>,
    limit: Timestamp,
    report: StoreReport,
}

fn plan(
    store: DirStore,
    reader: &Reader,
    request: &Request,
    ports: &Ports<'_>,
) -> Result<Plan, Failure> {
    let known: BTreeSet<Seq> = list(&store)?.into_iter().collect();
    let held: Vec<Held> = known
        .iter()
        .map(|seq| held(&store, *seq, &known, reader, ports))
        .collect::<Result<_, _>>()?;
    let kept = retention::kept(&held, &request.keep);
    let named = named(&store, &known, &kept)?;
    let limit = retention::limit(ports.clock.now());
    let (doomed, waiting) = doomed(&store, &named, limit)?;
    let snapshots = held.into_iter().map(|one| SnapshotReport {
        seq: one.seq,
        created: one.created,
        kept_by: kept.get(&one.seq).cloned().unwrap_or_default(),
    });
    let report = StoreReport {
        place: store.place(),
        snapshots: snapshots.collect(),
        delete: doomed.len(),
        bytes: doomed.iter().map(|(_, size)| size).sum(),
        waiting,
    };
    Ok(Plan { store, known, doomed, limit, report })
}

fn list(store: &DirStore) -> Result<Vec<Seq>, StoreError> {
    store.snapshots().map_err(StoreError::at("list", store.place()))
}

/// Only what a trusted key signed counts towards a rule.
fn held(
    store: &DirStore,
    seq: Seq,
    known: &BTreeSet<Seq>,
    reader: &Reader,
    ports: &Ports<'_>,
) -> Result<Held, StoreError> {
    let newest = known.last().copied().unwrap_or(seq);
    let here = store.snapshot(seq).map_err(StoreError::at("read", store.place()))?;
    let verified = reader.verify_listed(seq, newest, ports).ok().filter(|verified| {
        here.is_some_and(|here| Digest::of(&here.manifest) == verified.digest())
    });
    let manifest = verified.as_ref().map(Verified::manifest);
    Ok(Held {
        seq,
        created: manifest.map(|manifest| manifest.created),
        complete: manifest.is_some_and(|manifest| manifest.complete),
    })
}

/// Every blob that something kept refers to, the manifests and signatures of all included.
fn named(
    store: &DirStore,
    known: &BTreeSet<Seq>,
    kept: &BTreeMap<Seq, Vec<&'static str>>,
) -> Result<BTreeSet<String>, Failure> {
    let mut named = BTreeSet::new();
    for seq in known {
        named.extend(blobs_of(store, *seq, kept.contains_key(seq))?);
    }
    Ok(named)
}

fn blobs_of(store: &DirStore, seq: Seq, parts: bool) -> Result<BTreeSet<String>, Failure> {
    let blobs = store.blobs_of(seq, parts).map_err(StoreError::at("read", store.place()))?;
    Ok(blobs.ok_or_else(|| PruneError::Unreadable { seq, place: store.place() })?)
}

/// What may go now, and how many must wait. What is not named by a digest is nobody's.
fn doomed(
    store: &DirStore,
    named: &BTreeSet<String>,
    limit: Timestamp,
) -> Result<(Vec<(Digest, u64)>, usize), StoreError> {
    let mut doomed = Vec::new();
    let mut waiting = 0;
    for name in store.blob_names()?.iter().filter(|name| !named.contains(*name)) {
        let Ok(digest) = name.parse::<Digest>() else { continue };
        match store.last_use(&digest)? {
            Some((size, at)) if at <= limit => doomed.push((digest, size)),
            Some(_) => waiting += 1,
            None => {}
        }
    }
    Ok((doomed, waiting))
}

fn apply(plan: &mut Plan, ports: &Ports<'_>) -> Result<(), Failure> {
    let mut spared = BTreeSet::new();
    let (mut count, mut bytes) = (0, 0);
    for (digest, size) in &plan.doomed {
        ports.cancel.check()?;
        for seq in list(&plan.store)? {
            if plan.known.insert(seq) {
                spared.extend(blobs_of(&plan.store, seq, true)?);
            }
        }
        if !spared.contains(&digest.to_string()) && plan.store.remove_unused(digest, plan.limit)? {
            count += 1;
            bytes += size;
        }
    }
    (plan.report.delete, plan.report.bytes) = (count, bytes);
    Ok(())
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Pruned {
    format_version: u32,
    snapshots: BTreeSet<Seq>,
}

/// Remembers, before anything is deleted, whose parts this machine lets go: what is missing there
/// later is no damage. Only this machine's word counts; a note in the store could be anybody's.
fn note_pruned(reader: &Reader, plans: &[Plan]) -> Result<(), Failure> {
    let Some(state) = &reader.state else { return Ok(()) };
    let mut snapshots = pruned(state);
    let all = plans.iter().flat_map(|plan| &plan.report.snapshots);
    snapshots.extend(all.filter(|one| one.kept_by.is_empty()).map(|one| one.seq));
    let mut bytes =
        serde_json::to_vec_pretty(&Pruned { format_version: 1, snapshots }).unwrap_or_default();
    bytes.push(b'\n');
    folder::create(state, 0o700)?;
    Ok(atomic::write(&state.join("pruned.json"), &bytes, 0o600)?)
}

/// Returns the snapshots whose parts this machine let go.
pub(super) fn pruned(state: &Path) -> BTreeSet<Seq> {
    let bytes = limit::read(&state.join("pruned.json"), 16 << 20).unwrap_or_default();
    serde_json::from_slice::<Pruned>(&bytes).unwrap_or_default().snapshots
}
