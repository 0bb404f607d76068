//! Unpacking one part into the quarantine, and putting refs of several parts in order.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::path::Path;

use super::error::BundleError;
use super::fetch::Copy;
use super::index::RepoEntry;
use super::manifest::PartRef;
use super::part;
use crate::disk::{DiskError, folder, scratch};
use crate::keys::epoch::EpochKey;
use crate::model::digest::{Digest, Hashing};
use crate::model::safe::safe;

/// No `HEAD` or `packed-refs` is larger, in bytes: 200 bytes for each of five million refs.
const LARGEST_REFS: u64 = 1 << 30;

/// What came out of parts: every file by path with its digest, refs by path and order.
#[derive(Debug, Default)]
pub(super) struct Unpacked {
    packs: BTreeMap<String, Digest>,
    refs: BTreeMap<String, BTreeMap<usize, Digest>>,
}

impl Unpacked {
    /// Takes in what came out of another part.
    pub(super) fn append(&mut self, other: Self) {
        self.packs.extend(other.packs);
        for (path, orders) in other.refs {
            self.refs.entry(path).or_default().extend(orders);
        }
    }

    /// Returns the folders of all repositories seen.
    pub(super) fn folders(&self) -> BTreeSet<String> {
        let folder = |path: &String| path.split('/').nth(1).map(str::to_owned);
        self.refs.keys().filter_map(folder).collect()
    }

    /// Compares what came out with what the index promises.
    pub(super) fn compare(&self, entry: &RepoEntry) -> Result<(), String> {
        let at = |file: &str| format!("repos/{}/{file}", entry.folder);
        let last =
            |file: &str| self.refs.get(&at(file)).and_then(|orders| orders.values().next_back());
        for (file, expected) in
            [("HEAD", entry.head_sha256), ("packed-refs", entry.packed_refs_sha256)]
        {
            match last(file) {
                Some(found) if *found == expected => {}
                Some(_) => return Err(format!("its {file} is not at this snapshot's state")),
                None => return Err(format!("its {file} is missing")),
            }
        }
        for pack in &entry.packs {
            match self.packs.get(&at(&format!("objects/pack/{}", pack.file))) {
                Some(found) if *found == pack.sha256 => {}
                Some(_) => return Err(format!("{} is not what the index promises", pack.file)),
                None => return Err(format!("{} is missing", pack.file)),
            }
        }
        Ok(())
    }
}

/// Unpacks a checked copy of `part` below `into`. `order` is its position among base and deltas.
pub(super) fn unpack(
    copy: Copy,
    part: &PartRef,
    order: usize,
    key: &EpochKey,
    most: u64,
    into: &Path,
) -> Result<Unpacked, BundleError> {
    let mut unpacked = Unpacked::default();
    let mut full: Option<io::Error> = None;
    let mut buffer = vec![0; 1 << 17];
    let mut made = BTreeSet::new();
    let outcome = part::open(copy, &part.kind, key.identity(), most, |path, size, from| {
        let is_refs = path.ends_with("/HEAD") || path.ends_with("/packed-refs");
        let stored = if is_refs { format!("{path}.{order}") } else { path.to_owned() };
        let stored = into.join(stored);
        if let Some(parent) = stored.parent()
            && made.insert(parent.to_owned())
            && let Err(error) = scratch::folder(parent)
        {
            full = Some(io::Error::other(error.to_string()));
            return Err(io::Error::other("the workspace cannot be written"));
        }
        let digest = match store(&stored, from, &mut buffer) {
            Ok(digest) => digest,
            Err(Stored::Here(error)) => {
                full = Some(error);
                return Err(io::Error::other("the workspace cannot be written"));
            }
            Err(Stored::There(error)) => return Err(error),
        };
        if is_refs && size > LARGEST_REFS {
            return Err(io::Error::other("refs of more than a gigabyte"));
        }
        if is_refs {
            unpacked.refs.entry(path.to_owned()).or_default().insert(order, digest);
        } else {
            unpacked.packs.insert(path.to_owned(), digest);
        }
        Ok(())
    });
    match (outcome, full) {
        (Ok(()), _) => Ok(unpacked),
        (Err(_), Some(source)) => {
            Err(BundleError::Io { doing: "write in", place: into.display().to_string(), source })
        }
        (Err(error), None) => Err(BundleError::Part {
            digest: part.digest.to_string(),
            kind: part.kind.word(),
            what: format!("not acceptable: {}", safe(error.to_string())),
        }),
    }
}

/// Whether writing here failed, or reading there.
enum Stored {
    Here(io::Error),
    There(io::Error),
}

fn store(path: &Path, from: &mut dyn Read, buffer: &mut [u8]) -> Result<Digest, Stored> {
    let here = |error: DiskError| Stored::Here(io::Error::other(error.to_string()));
    let mut from = Hashing::new(from);
    let mut file = scratch::create(path, 0o444).map_err(here)?;
    loop {
        let count = from.read(buffer).map_err(Stored::There)?;
        if count == 0 {
            break;
        }
        io::Write::write_all(&mut file, &buffer[..count]).map_err(Stored::Here)?;
    }
    Ok(from.finish().1)
}

/// Gives each repository the `HEAD` and `packed-refs` of the last part that has them.
pub(super) fn settle_refs(root: &Path, unpacked: &Unpacked) -> Result<(), BundleError> {
    for (path, orders) in &unpacked.refs {
        let Some(last) = orders.keys().next_back() else { continue };
        let of = |order: &usize| root.join(format!("{path}.{order}"));
        for order in orders.keys().filter(|order| *order != last) {
            folder::remove_file(&of(order))?;
        }
        scratch::rename(&of(last), &root.join(path))?;
    }
    Ok(())
}
