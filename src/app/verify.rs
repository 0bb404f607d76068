//! `verify`: what is there against what was signed, step by step; with a key also what is inside;
//! and as the verifier, a second signature.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::Serialize;

use super::audit;
use super::cosign;
use super::list::Entry;
use super::{FORMAT_VERSION, Failure, Place, Ports, Reader, Which};
use crate::bundle::BundleError;
use crate::bundle::fetch::{self, PartState};
use crate::bundle::manifest::{PartKind, PartRef};
use crate::bundle::unlock::seal_files;
use crate::bundle::verify::Verified;
use crate::keys::trust::Status;
use crate::model::event::Event;
use crate::model::explain::Kind;
use crate::model::id::Seq;

/// What to verify.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Where.
    pub place: Place,
    /// Which snapshot; the newest folder, strictly, when absent.
    pub which: Which,
    /// Every snapshot, every blob, every trust file.
    pub full: bool,
    /// Whoever opens; nobody checks what needs no key.
    pub identities: Vec<PathBuf>,
    /// The verifier's signing key.
    pub cosign: Option<PathBuf>,
    /// A number that was typed to accept it.
    pub accept: Option<Seq>,
}

/// The report.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The version of this shape.
    pub format_version: u32,
    /// The snapshot that was looked at most closely.
    #[serde(flatten)]
    pub entry: Entry,
    /// How many snapshots were verified.
    pub snapshots: usize,
    /// How many distinct parts were hashed, and their size in bytes.
    pub parts_checked: usize,
    /// Their size.
    pub bytes_checked: u64,
    /// Parts that are missing or damaged in every store.
    pub damaged: Vec<DamagedPart>,
    /// Repositories that were opened and proven whole; only with a key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repos_opened: Option<usize>,
    /// Whether every object was inflated, hashed and every pack index rebuilt; only with a key and
    /// `--full` or `--cosign`.
    pub indexes_rebuilt: bool,
    /// Things to know that break nothing.
    pub findings: Vec<String>,
    /// Things that are wrong.
    pub problems: Vec<String>,
    /// The verifier's signature that was added.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cosigned: Option<String>,
    /// Whether its number was typed to accept it as it is.
    pub accepted: bool,
}

/// A part that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DamagedPart {
    /// Its kind.
    pub kind: &'static str,
    /// Its digest.
    pub digest: String,
    /// `missing`, or where the damaged copy is.
    pub what: String,
}

impl Report {
    /// Returns whether anything does not hold.
    pub fn is_red(&self) -> bool {
        !self.damaged.is_empty() || !self.problems.is_empty()
    }

    /// Returns what is wrong: something does not hold, or `extract` would ask for a decision. That a
    /// snapshot is partial is no matter of whether it holds.
    pub fn fault(&self) -> Option<Kind> {
        if self.is_red() {
            Some(Kind::Integrity)
        } else {
            (self.entry.policy != "met" && !self.accepted).then_some(Kind::Refused)
        }
    }
}

/// Verifies.
pub fn run(request: &Request, ports: &Ports<'_>) -> Result<Report, Failure> {
    let reader = Reader::open(&request.place, ports)?;
    ports.observer.event(&Event::PhaseStarted { phase: "verify" });
    let newest = strictly(&reader, request.which, ports)?;
    let mut report = begin(&newest);
    let snapshots = if request.full {
        audit::all_snapshots(&reader, &newest, ports, &mut report)?
    } else {
        vec![newest.clone()]
    };
    check_parts(&snapshots, &reader, ports, &mut report)?;
    check_seals(&snapshots, &reader, ports, &mut report)?;
    if request.full {
        audit::stores(&reader, request, ports, &mut report)?;
    }
    note_signatures(&snapshots, &mut report);
    let accepted = newest.clone().accept_order(request.accept.or(request.which.number()))?;
    if !request.identities.is_empty() && !report.is_red() {
        cosign::open_and_sign(&reader, &accepted, request, ports, &mut report)?;
    }
    if report.cosigned.is_some() {
        report.entry = Entry::of(&reader.verify(newest.manifest().seq, ports)?);
    }
    report.accepted = request.accept == Some(newest.manifest().seq);
    if !report.is_red() {
        reader.remember(&newest, ports)?;
    }
    let damaged = report.damaged.iter().map(|part| (part.kind, part.what.clone()));
    for (what, detail) in report.problems.iter().map(|one| ("bundle", one.clone())).chain(damaged) {
        ports.observer.event(&Event::Checked { what: what.to_owned(), verdict: "bad", detail });
    }
    Ok(report)
}

/// Unlike the other verbs, `verify` does not pass over a newer folder that does not hold.
fn strictly(reader: &Reader, which: Which, ports: &Ports<'_>) -> Result<Verified, Failure> {
    match (which, reader.seqs()?.last()) {
        (Which::Number(seq), _) | (Which::Latest, Some(&seq)) => reader.verify(seq, ports),
        (Which::Latest, None) => reader.select(which, ports),
    }
}

fn begin(newest: &Verified) -> Report {
    Report {
        format_version: FORMAT_VERSION,
        entry: Entry::of(newest),
        snapshots: 1,
        parts_checked: 0,
        bytes_checked: 0,
        damaged: Vec::new(),
        repos_opened: None,
        indexes_rebuilt: false,
        findings: Vec::new(),
        problems: Vec::new(),
        cosigned: None,
        accepted: false,
    }
}

/// Hashes every distinct part of the snapshots once.
fn check_parts(
    snapshots: &[Verified],
    reader: &Reader,
    ports: &Ports<'_>,
    report: &mut Report,
) -> Result<(), BundleError> {
    let pruned = reader.state.as_deref().map(super::prune::pruned).unwrap_or_default();
    let pruned = |one: &&Verified| snapshots.len() > 1 && pruned.contains(&one.manifest().seq);
    // What a pruned snapshot shares with a whole one must not be missing, so the whole come first.
    let (gone, whole): (Vec<_>, Vec<_>) = snapshots.iter().partition(pruned);
    let mut seen = BTreeSet::new();
    for (snapshots, pruned) in [(whole, false), (gone, true)] {
        for snapshot in snapshots {
            let mut manifest = snapshot.manifest().clone();
            manifest.layers.retain(|part| seen.insert(part.digest));
            let states = fetch::check(&manifest, &reader.parts(), ports.observer, ports.cancel)?;
            let missing = note_parts(&states, pruned, report);
            if missing > 0 {
                report.findings.push(format!(
                    "snapshot {}: {missing} parts are gone; it was pruned on this machine",
                    manifest.seq
                ));
            }
        }
    }
    Ok(())
}

/// Compares the seals in each keys part, which are not encrypted, with the list that the roots signed:
/// a job that was broken into could seal to a key of its own.
fn check_seals(
    snapshots: &[Verified],
    reader: &Reader,
    ports: &Ports<'_>,
    report: &mut Report,
) -> Result<(), Failure> {
    let workspace = super::extract::workspace(ports.environment, reader.state.as_deref())?;
    let newest = reader.trusted.file().newest_epoch().map(|epoch| epoch.number);
    let mut seen = BTreeSet::new();
    for snapshot in snapshots {
        let manifest = snapshot.manifest();
        let sound =
            |part: &&PartRef| !report.damaged.iter().any(|one| one.digest == part.digest.oci());
        let part = manifest.of_kind(&PartKind::Keys).find(sound);
        // The roots may have changed since an older epoch was sealed.
        if newest != Some(manifest.epoch) || !part.is_some_and(|part| seen.insert(part.digest)) {
            continue;
        }
        if let Err(error) = seal_files(manifest, &reader.parts(), &reader.trusted, &workspace) {
            report.problems.push(format!("snapshot {}: {error}", manifest.seq));
        }
    }
    Ok(())
}

/// Reports what does not hold. Returns how many parts are missing because they were `pruned`.
fn note_parts(states: &[(PartRef, PartState)], pruned: bool, report: &mut Report) -> usize {
    let mut gone = 0;
    for (part, state) in states {
        let what = match state {
            PartState::Missing if pruned => {
                gone += 1;
                continue;
            }
            PartState::Good(_) => None,
            PartState::Missing => Some("missing".to_owned()),
            PartState::Damaged(place) => Some(format!("damaged in {place}")),
        };
        report.parts_checked += 1;
        report.bytes_checked += part.size;
        let digest = part.digest.oci();
        let damaged = what.map(|what| DamagedPart { kind: part.kind.word(), digest, what });
        report.damaged.extend(damaged);
    }
    gone
}

fn note_signatures(snapshots: &[Verified], report: &mut Report) {
    for snapshot in snapshots {
        let seq = snapshot.manifest().seq;
        for verdict in snapshot.signatures() {
            let whose = format!("snapshot {seq}: the {} signature {}", verdict.role, verdict.key);
            match verdict.status {
                Status::Good => {}
                Status::Bad => report.problems.push(format!("{whose} does not hold")),
                Status::Revoked => report.problems.push(format!("{whose} is of a revoked key")),
                other => report.findings.push(format!("{whose} is {}", other.word())),
            }
        }
    }
}
