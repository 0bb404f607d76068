//! A bundle file: a tar of a store that holds one bundle, in one file or in pieces for FAT media.
//!
//! The file is scanned once for headers; parts are then read where they lie. A damaged header costs
//! the file behind it: the scan goes on at the next one that holds.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::dir::{LARGEST_HISTORY, MOST_SIGNATURES, signature_name, too_much_history};
use super::error::StoreError;
use crate::bundle::manifest;
use crate::bundle::port::{Parts, RawSnapshot, Signature};
use crate::bundle::trust_files::{TrustVersion, signature_root};
use crate::model::digest::Digest;
use crate::model::id::Seq;

/// The unit of tar, in bytes.
const BLOCK: usize = 512;

/// No small file inside (signature, trust file) is larger, in bytes.
const LARGEST_SMALL: u64 = 1 << 20;

/// More files than this are not remembered: a bundle has some hundred.
const MOST_FILES: usize = 100_000;

/// A bundle file that was scanned.
#[derive(Debug)]
pub struct FileStore {
    path: PathBuf,
    pieces: Arc<Pieces>,
    entries: BTreeMap<String, (u64, u64)>,
}

/// Files that are read as if they were one.
#[derive(Debug)]
struct Pieces(Vec<(File, u64)>);

/// Returns the name of a split file's first piece.
pub(super) fn first_piece(path: &Path) -> PathBuf {
    piece(path, 1)
}

/// Returns the name of piece `number`: `<file>.001` …
pub(super) fn piece(path: &Path, number: usize) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number:03}"));
    name.into()
}

impl FileStore {
    /// Opens the file at `path`, or its pieces `path.001` …
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        // The first piece may be named as well as the file.
        let whole = if path.extension().is_some_and(|last| last == "001") {
            path.with_extension("")
        } else {
            path.to_owned()
        };
        let pieces =
            Pieces::open(&whole).map_err(StoreError::at("open", path.display().to_string()))?;
        let entries = pieces.scan().map_err(StoreError::at("read", path.display().to_string()))?;
        if entries.is_empty() {
            let why = "the file holds no bundle";
            return Err(StoreError::NotFound { path: path.to_owned(), why });
        }
        Ok(Self { path: path.to_owned(), pieces: Arc::new(pieces), entries })
    }

    fn small(&self, name: &str, most: u64) -> io::Result<Option<Vec<u8>>> {
        let Some(&(at, size)) = self.entries.get(name) else { return Ok(None) };
        // What is too large is handed on cut: nobody's signature holds over it.
        let left = size.min(most + 1);
        let mut bytes = Vec::new();
        Span { pieces: self.pieces.clone(), at, left }.read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }

    /// The names below `folder`, without it.
    fn names<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a str> {
        self.entries.keys().filter_map(move |name| name.strip_prefix(folder))
    }
}

impl Pieces {
    fn open(path: &Path) -> io::Result<Self> {
        let open = |path: &Path| -> io::Result<(File, u64)> {
            let file = File::open(path)?;
            let size = file.metadata()?.len();
            Ok((file, size))
        };
        if path.is_file() {
            return Ok(Self(vec![open(path)?]));
        }
        let numbered = (1..).map(|number| piece(path, number)).take_while(|path| path.is_file());
        let pieces: Vec<_> = numbered.map(|path| open(&path)).collect::<Result<_, _>>()?;
        let missing = pieces.len() + 1;
        if (missing + 1..missing + 1000).any(|number| piece(path, number).is_file()) {
            let name = piece(path, missing);
            let why = format!("{} is missing, and later pieces are here", name.display());
            return Err(io::Error::new(io::ErrorKind::NotFound, why));
        }
        if pieces.is_empty() { Err(io::ErrorKind::NotFound.into()) } else { Ok(Self(pieces)) }
    }

    fn len(&self) -> u64 {
        self.0.iter().map(|(_, size)| size).sum()
    }

    /// Reads some bytes at `at`, fewer at the end of a piece.
    fn read_at(&self, buffer: &mut [u8], mut at: u64) -> io::Result<usize> {
        for (file, size) in &self.0 {
            if at < *size {
                return file.read_at(buffer, at);
            }
            at -= size;
        }
        Ok(0)
    }

    /// Finds all files by their headers.
    fn scan(&self) -> io::Result<BTreeMap<String, (u64, u64)>> {
        let (mut entries, mut at, end) = (BTreeMap::new(), 0_u64, self.len());
        while at < end {
            let mut block = [0; BLOCK];
            let mut span = SpanRef { pieces: self, at };
            if span.read_exact(&mut block).is_err() {
                break;
            }
            at += BLOCK as u64;
            if let Some((name, size)) = header(&block).filter(|(_, size)| *size <= end - at) {
                // The first wins, as with tar's own readers of a name that is asked for.
                entries.entry(name).or_insert((at, size));
                if entries.len() > MOST_FILES {
                    let why = "it holds more files than any bundle";
                    return Err(io::Error::new(io::ErrorKind::InvalidData, why));
                }
                at += size.next_multiple_of(BLOCK as u64);
            }
        }
        Ok(entries)
    }
}

/// Reads a header whose checksum holds: the name and size of a plain file.
fn header(block: &[u8; BLOCK]) -> Option<(String, u64)> {
    let header = tar::Header::from_byte_slice(block);
    let sum: u32 = block[..148].iter().chain(&block[156..]).map(|byte| u32::from(*byte)).sum();
    let holds = header.as_ustar().is_some() && header.cksum().ok()? == sum + 8 * u32::from(b' ');
    let plain = holds && header.entry_type() == tar::EntryType::Regular;
    let name = String::from_utf8(header.path_bytes().into_owned()).ok()?;
    plain.then_some((name, header.size().ok()?))
}

struct SpanRef<'a> {
    pieces: &'a Pieces,
    at: u64,
}

impl Read for SpanRef<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.pieces.read_at(buffer, self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}

struct Span {
    pieces: Arc<Pieces>,
    at: u64,
    left: u64,
}

impl Read for Span {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let count = self.pieces.read_at(&mut buffer[..most], self.at)?;
        self.at += count as u64;
        self.left -= count as u64;
        Ok(count)
    }
}

impl Parts for FileStore {
    fn place(&self) -> String {
        self.path.display().to_string()
    }

    fn part(&self, digest: &Digest) -> io::Result<Option<Box<dyn Read + Send>>> {
        let found = self.entries.get(&format!("blobs/sha256/{digest}"));
        Ok(found
            .map(|&(at, left)| Box::new(Span { pieces: self.pieces.clone(), at, left }) as Box<_>))
    }

    fn snapshots(&self) -> io::Result<Vec<Seq>> {
        let folders =
            self.names("snapshots/").filter_map(|name| name.strip_suffix("/manifest.json"));
        Ok(folders.filter_map(Seq::from_folder).collect())
    }

    fn snapshot(&self, seq: Seq) -> io::Result<Option<RawSnapshot>> {
        let at = format!("snapshots/{}/", seq.folder());
        let manifest = self.small(&format!("{at}manifest.json"), manifest::LARGEST)?;
        let Some(manifest) = manifest else { return Ok(None) };
        let mut signatures = Vec::new();
        for name in self.names(&at).take(MOST_SIGNATURES) {
            let Some((role, key)) = signature_name(name) else { continue };
            let pem = self.small(&format!("{at}{name}"), 16 << 10)?.unwrap_or_default();
            signatures.push(Signature { role, key, pem });
        }
        Ok(Some(RawSnapshot { seq, manifest, signatures }))
    }

    fn trust(&self) -> io::Result<Vec<TrustVersion>> {
        let mut versions: BTreeMap<u64, TrustVersion> = BTreeMap::new();
        let mut total = 0;
        for name in self.names("trust/") {
            let Some((number, file)) = name.split_once('/') else { continue };
            let Ok(version) = number.parse() else { continue };
            let bytes = self.small(&format!("trust/{name}"), LARGEST_SMALL)?.unwrap_or_default();
            total += bytes.len();
            if total > LARGEST_HISTORY {
                return Err(too_much_history());
            }
            let entry = versions.entry(version).or_insert_with(|| TrustVersion {
                version,
                file: Vec::new(),
                signatures: Vec::new(),
            });
            match signature_root(file) {
                Some(root) => entry.signatures.push((root.to_owned(), bytes)),
                None if file == "allowed_signers" => entry.file = bytes,
                None => {}
            }
        }
        Ok(versions.into_values().filter(|version| !version.file.is_empty()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::tarball::Packer;

    fn opened(
        files: usize,
        name: impl Fn(usize) -> String,
        size: usize,
    ) -> Result<FileStore, StoreError> {
        let folder = tempfile::tempdir().unwrap();
        let mut packer = Packer::new(Vec::new());
        let content = vec![0; size];
        for number in 1..=files {
            packer.file(&name(number), size as u64, content.as_slice()).unwrap();
        }
        let path = folder.path().join("x.bundle");
        std::fs::write(&path, packer.finish().unwrap()).unwrap();
        FileStore::open(&path)
    }

    #[test]
    fn a_flood_of_files_is_refused() {
        let error = opened(MOST_FILES + 1, |number| format!("{number:07}"), 0).unwrap_err();
        assert!(error.to_string().contains("any bundle"), "{error}");
    }

    #[test]
    fn a_flood_of_trust_files_or_signatures_is_bounded() {
        let store =
            opened(65, |number| format!("trust/{number:010}/allowed_signers"), 1 << 20).unwrap();
        assert!(store.trust().unwrap_err().to_string().contains("any history"));
        let snapshot = |number| match number {
            1..=200 => format!("snapshots/0000000001/job.{number:016x}.sig"),
            _ => "snapshots/0000000001/manifest.json".to_owned(),
        };
        let raw = opened(201, snapshot, 1).unwrap().snapshot(Seq::new(1).unwrap());
        assert!(raw.unwrap().unwrap().signatures.len() <= MOST_SIGNATURES);
    }
}
