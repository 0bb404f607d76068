//! Writing parts, several at once.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::manifest::PartKind;
use super::part::{self, PartPacker, Written};
use super::port::PartSink;
use super::workers::side_by_side;
use crate::model::cancel::Cancel;
use crate::model::digest::{Digest, Hashing};
use crate::model::event::{Event, Observer};
use crate::model::git::ObjectFormat;
use crate::repo::Trailer;
use crate::snapshot::PackFile;

/// A part to write.
pub(super) struct Job {
    /// Base or delta.
    pub kind: PartKind,
    /// The shard of a base part.
    pub shard: Option<u8>,
    /// What goes into it.
    pub pieces: Vec<Piece>,
}

/// What cannot be split between parts: the refs of a repository, or one pack file.
pub(super) struct Piece {
    /// The repository's id.
    pub repo: String,
    /// The path of a pack, or the folder of the refs.
    pub path: String,
    content: Content,
}

enum Content {
    Refs { head: Vec<u8>, packed: Vec<u8> },
    Pack { from: PathBuf, size: u64, file: String, format: ObjectFormat },
}

impl Piece {
    /// Returns the refs of a repository whose folder is `at`.
    pub(super) fn refs(repo: &str, at: &str, head: Vec<u8>, packed: Vec<u8>) -> Self {
        Self { repo: repo.to_owned(), path: at.to_owned(), content: Content::Refs { head, packed } }
    }

    /// Returns one pack file of a repository whose folder is `at`.
    pub(super) fn pack(repo: &str, at: &str, pack: &PackFile, format: ObjectFormat) -> Self {
        let (from, file) = (pack.path.clone(), pack.file.clone());
        let content = Content::Pack { from, size: pack.size, file, format };
        Self { repo: repo.to_owned(), path: format!("{at}/objects/pack/{}", pack.file), content }
    }

    /// Returns its size in bytes.
    pub(super) fn size(&self) -> u64 {
        match &self.content {
            Content::Refs { head, packed } => (head.len() + packed.len()) as u64,
            Content::Pack { size, .. } => *size,
        }
    }

    /// Returns the name of the pack file, `None` for refs.
    pub(super) fn pack_file(&self) -> Option<&str> {
        match &self.content {
            Content::Refs { .. } => None,
            Content::Pack { file, .. } => Some(file),
        }
    }

    /// Returns the files it becomes: path, size and where the bytes are.
    fn files(&self) -> Vec<(String, u64, Bytes<'_>)> {
        let own = |name: &str, bytes| (format!("{}/{name}", self.path), bytes);
        match &self.content {
            Content::Refs { head, packed } => [own("HEAD", head), own("packed-refs", packed)]
                .into_iter()
                .map(|(path, bytes): (String, &Vec<u8>)| {
                    (path, bytes.len() as u64, Bytes::Here(bytes))
                })
                .collect(),
            Content::Pack { from, size, format, .. } => {
                let bytes = Bytes::There { path: from, format: *format, repo: &self.repo };
                vec![(self.path.clone(), *size, bytes)]
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Bytes<'a> {
    Here(&'a [u8]),
    There { path: &'a Path, format: ObjectFormat, repo: &'a str },
}

/// A pack in a mirror that is not what it was when it was written. Sealing it would pass the damage
/// on as good.
#[derive(Debug, thiserror::Error)]
#[error("{} is damaged: {why}", path.display())]
pub(super) struct DamagedPack {
    /// The repository's id.
    pub repo: String,
    /// The file.
    pub path: PathBuf,
    why: String,
}

/// A part that was written, and the digest and size of every file in it.
#[derive(Debug)]
pub(super) struct PackedPart {
    /// The part.
    pub written: Written,
    /// Its files.
    pub files: BTreeMap<String, (Digest, u64)>,
}

/// Writes all parts, in the order of `jobs`.
pub(super) fn pack_all(
    jobs: &[Job],
    recipient: &age::x25519::Recipient,
    sink: &dyn PartSink,
    observer: &dyn Observer,
    cancel: &Cancel,
) -> io::Result<Vec<PackedPart>> {
    side_by_side(jobs, |job| {
        cancel.check().map_err(io::Error::other)?;
        let part = pack(job, recipient, sink)?;
        let (kind, digest, bytes) = (job.kind.word(), part.written.digest, part.written.size);
        observer.event(&Event::Part { kind, digest, bytes, reused: false });
        Ok(part)
    })
}

fn pack(
    job: &Job,
    recipient: &age::x25519::Recipient,
    sink: &dyn PartSink,
) -> io::Result<PackedPart> {
    let mut files = BTreeMap::new();
    let mut content: Vec<_> = job.pieces.iter().flat_map(Piece::files).collect();
    content.sort_by(|one, other| one.0.cmp(&other.0));
    let written = part::seal(sink, recipient, |packer| {
        content.iter().try_for_each(|(path, size, bytes)| {
            let digest = append(packer, path, *size, *bytes)?;
            files.insert(path.clone(), (digest, *size));
            Ok(())
        })
    })?;
    Ok(PackedPart { written, files })
}

fn append(
    packer: &mut PartPacker<'_>,
    path: &str,
    size: u64,
    bytes: Bytes<'_>,
) -> io::Result<Digest> {
    let (from, format, repo) = match bytes {
        Bytes::Here(bytes) => {
            packer.file(path, size, bytes)?;
            return Ok(Digest::of(bytes));
        }
        Bytes::There { path, format, repo } => (path, format, repo),
    };
    let damaged = |why: String| {
        let (repo, path) = (repo.to_owned(), from.to_owned());
        io::Error::other(DamagedPack { repo, path, why })
    };
    let file = File::open(from).map_err(|error| damaged(error.to_string()))?;
    let file = io::BufReader::with_capacity(1 << 18, file);
    let mut checked = Checked { from: Hashing::new(file), trailer: Trailer::new(format) };
    match packer.file(path, size, &mut checked) {
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            return Err(damaged(error.to_string()));
        }
        outcome => outcome?,
    }
    if !checked.trailer.holds() {
        return Err(damaged("its own checksum does not hold".to_owned()));
    }
    Ok(checked.from.finish().1)
}

/// Hashes what passes, and checks the trailer of a pack or index.
struct Checked<R> {
    from: Hashing<R>,
    trailer: Trailer,
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(buffer)?;
        self.trailer.update(&buffer[..count]);
        Ok(count)
    }
}
