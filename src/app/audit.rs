//! `verify --full`: every snapshot, every blob, every trust file of every store.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::verify::{Report, Request};
use super::{Failure, Ports, Reader};
use crate::bundle::BundleError;
use crate::bundle::port::Parts;
use crate::bundle::verify::Verified;
use crate::keys::trust::{TrustFile, TrustVersion, signed_by};
use crate::model::digest::{Digest, hash_reader};
use crate::model::id::Seq;
use crate::model::safe::safe;
use crate::store::{DirStore, StoreError};

/// Verifies all snapshots; those that do not hold become problems.
pub(super) fn all_snapshots(
    reader: &Reader,
    newest: &Verified,
    ports: &Ports<'_>,
    report: &mut Report,
) -> Result<Vec<Verified>, Failure> {
    let mut verified: Vec<Verified> = Vec::new();
    let seqs = reader.seqs()?;
    let newest_seq = seqs.last().copied().unwrap_or(Seq::MAX);
    for seq in seqs {
        ports.cancel.check()?;
        match reader.verify_listed(seq, newest_seq, ports) {
            Ok(snapshot) => {
                let before = verified.last().map_or(Digest::ZERO, Verified::digest);
                if snapshot.manifest().prev != before {
                    report.findings.push(format!("snapshot {seq}: the one before it is not here"));
                }
                verified.push(snapshot);
            }
            Err(failure) => report.problems.push(format!("snapshot {seq}: {failure}")),
        }
    }
    if verified.is_empty() {
        verified.push(newest.clone());
    }
    report.snapshots = verified.len();
    Ok(verified)
}

/// Checks what lies in the stores beside listed parts: blobs, trust files, leftovers.
pub(super) fn stores(
    reader: &Reader,
    request: &Request,
    ports: &Ports<'_>,
    report: &mut Report,
) -> Result<(), Failure> {
    for root in folders(reader, request, ports) {
        let store = DirStore::open(&root)?;
        blobs(&store, ports, report)?;
        for extra in store.leftovers()? {
            report.findings.push(format!("left over from an interrupted run: {}", safe(extra)));
        }
        manifest_copies(&store, report)?;
        let versions = store.trust().map_err(StoreError::at("read the trust of", store.place()))?;
        versions.iter().for_each(|version| trust(version, reader, report));
    }
    Ok(())
}

fn folders(reader: &Reader, request: &Request, ports: &Ports<'_>) -> Vec<PathBuf> {
    let named = request.place.stores.iter().map(|path| ports.environment.current_dir.join(path));
    let paths: Vec<PathBuf> = match &reader.kit {
        Some(kit) if request.place.stores.is_empty() => kit.config.stores(),
        _ => named.collect(),
    };
    paths.into_iter().filter(|path| path.is_dir()).collect()
}

/// Every blob's name is the digest of its bytes.
fn blobs(store: &DirStore, ports: &Ports<'_>, report: &mut Report) -> Result<(), Failure> {
    let known: BTreeSet<String> =
        store.known_blobs().map_err(StoreError::at("read", store.place()))?;
    for name in store.blob_names()? {
        ports.cancel.check()?;
        let Ok(digest) = name.parse::<Digest>() else {
            report.findings.push(format!("not a blob: {}", safe(&name)));
            continue;
        };
        let read = store.part(&digest).and_then(|part| part.map(hash_reader).transpose());
        match read {
            Ok(Some((found, _))) if found == digest => {}
            Ok(_) => report.problems.push(format!("blob {name} is damaged")),
            Err(error) => report.problems.push(format!("blob {name} cannot be read: {error}")),
        }
        if !known.contains(&name) {
            report.findings.push(format!("blob {name} belongs to no snapshot here"));
        }
    }
    Ok(())
}

/// The manifest is there twice, as a blob for OCI tools and in the snapshot's folder.
fn manifest_copies(store: &DirStore, report: &mut Report) -> Result<(), Failure> {
    let read = StoreError::at("list", store.place());
    for seq in store.snapshots().map_err(read)? {
        let raw = store.snapshot(seq).map_err(BundleError::at("read", store.place()))?;
        let Some(raw) = raw else { continue };
        let digest = Digest::of(&raw.manifest);
        if !store.part(&digest).is_ok_and(|part| part.is_some()) {
            report.findings.push(format!(
                "snapshot {seq}: its manifest is missing among the blobs, for OCI tools only"
            ));
        }
    }
    Ok(())
}

/// A trust file in a store is one that the trust in force descends from or leads to, whole.
fn trust(version: &TrustVersion, reader: &Reader, report: &mut Report) {
    let name = format!("trust file version {}", version.version);
    let known = reader.versions.iter().find(|known| known.version == version.version);
    let problem = match TrustFile::parse(&version.file) {
        Err(error) => Some(format!("{name} is damaged: {error}")),
        Ok(_) if known.is_some_and(|known| known.file != version.file) => {
            Some(format!("{name} differs from the one known here"))
        }
        Ok(file) => {
            let good = signed_by(&file, &version.file, &version.signatures).len();
            let roots_of_before = version.signatures.len() > good && version.version > 1;
            (good < version.signatures.len() && !roots_of_before)
                .then(|| format!("{name}: a signature does not hold"))
        }
    };
    report.problems.extend(problem);
}
