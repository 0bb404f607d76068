//! One bundle with all its parts, written as a folder or as a bundle file.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::dir::DirStore;
use super::error::StoreError;
use super::file::piece;
use super::oci;
use super::transfer;
use crate::bundle::fetch;
use crate::bundle::manifest::PartRef;
use crate::bundle::port::{Parts, RawSnapshot};
use crate::bundle::tarball::Packer;
use crate::bundle::trust_files::{TrustVersion, signature_files};
use crate::bundle::verify::Verified;
use crate::disk::atomic::NewFile;
use crate::model::digest::Digest;

/// What is exported: a verified snapshot and where its bytes are.
pub struct Cargo<'a> {
    /// Proof that it is authentic.
    pub verified: &'a Verified,
    /// Its folder.
    pub raw: &'a RawSnapshot,
    /// Where its parts are.
    pub sources: &'a [&'a dyn Parts],
    /// The trust file versions to take along.
    pub trust: &'a [TrustVersion],
    /// The text of `OPEN-ME.txt`.
    pub card: &'a str,
    /// For copies of parts on their way.
    pub workspace: &'a Path,
}

/// Writes the bundle as a store in the folder `to`, which may hold others already.
pub fn export_folder(cargo: &Cargo<'_>, to: &Path) -> Result<u64, StoreError> {
    let store = DirStore::create(to)?;
    let imported = transfer::import(cargo, &store)?;
    store.refresh(cargo.card)?;
    Ok(imported.bytes)
}

/// Writes the bundle as one file, or as pieces of at most `split` bytes. Returns its size in bytes.
pub fn export_file(cargo: &Cargo<'_>, to: &Path, split: Option<u64>) -> Result<u64, StoreError> {
    let small = small_files(cargo)?;
    let parts: BTreeMap<String, &PartRef> = cargo
        .verified
        .manifest()
        .parts()
        .map(|part| (format!("blobs/sha256/{}", part.digest), part))
        .collect();
    let mut names: Vec<&String> = small.keys().chain(parts.keys()).collect();
    names.sort();
    let writing = || StoreError::at("write", to.display().to_string());
    let mut packer = Packer::new(Split::begin(to, split)?);
    for name in names {
        match (small.get(name), parts.get(name)) {
            (Some(bytes), _) => {
                packer.file(name, bytes.len() as u64, bytes.as_slice()).map_err(writing())?;
            }
            (None, Some(part)) => {
                let copy = fetch::copy(part, cargo.sources, cargo.workspace)?;
                packer.file(name, part.size, copy).map_err(writing())?;
            }
            (None, None) => {}
        }
    }
    packer.finish().map_err(writing())?.commit()
}

/// Everything but the parts: manifest, signatures, trust, what OCI tools need, the card.
fn small_files(cargo: &Cargo<'_>) -> Result<BTreeMap<String, Vec<u8>>, StoreError> {
    let at = format!("snapshots/{}", cargo.raw.seq.folder());
    let blob = |bytes: &[u8]| (format!("blobs/sha256/{}", Digest::of(bytes)), bytes.to_vec());
    let mut files = BTreeMap::from([
        ("oci-layout".to_owned(), oci::LAYOUT.as_bytes().to_vec()),
        ("OPEN-ME.txt".to_owned(), cargo.card.as_bytes().to_vec()),
        (format!("{at}/manifest.json"), cargo.raw.manifest.clone()),
        blob(&cargo.raw.manifest),
    ]);
    let mut entries = vec![oci::snapshot_entry(cargo.raw)];
    for signature in &cargo.raw.signatures {
        files.insert(
            format!("{at}/{}.{}.sig", signature.role, signature.key),
            signature.pem.clone(),
        );
        let artifact = oci::signature_artifact(cargo.raw, signature);
        files.extend(artifact.blobs().map(blob));
        entries.push(artifact.entry());
    }
    files.insert("index.json".to_owned(), oci::index(&entries));
    for version in cargo.trust {
        let at = format!("trust/{:010}", version.version);
        files.insert(format!("{at}/allowed_signers"), version.file.clone());
        for (name, pem) in signature_files(version)? {
            files.insert(format!("{at}/{name}"), pem);
        }
    }
    Ok(files)
}

/// A file that goes on in another when it is full.
struct Split {
    path: PathBuf,
    limit: Option<u64>,
    full: Vec<NewFile>,
    current: NewFile,
    filled: u64,
    total: u64,
}

impl Split {
    fn begin(path: &Path, limit: Option<u64>) -> Result<Self, StoreError> {
        let first = if limit.is_some() { piece(path, 1) } else { path.to_owned() };
        let current = NewFile::create(&first, 0o644)?;
        Ok(Self { path: path.to_owned(), limit, full: Vec::new(), current, filled: 0, total: 0 })
    }

    /// Gives every piece its name, the first one last: a reader finds all or nothing.
    fn commit(self) -> Result<u64, StoreError> {
        let mut pieces = self.full;
        pieces.push(self.current);
        while let Some(piece) = pieces.pop() {
            piece.commit_new()?;
        }
        Ok(self.total)
    }
}

impl Write for Split {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = self.limit.map_or(u64::MAX, |limit| limit - self.filled);
        if room == 0 {
            let next = NewFile::create(&piece(&self.path, self.full.len() + 2), 0o644)
                .map_err(io::Error::other)?;
            self.full.push(std::mem::replace(&mut self.current, next));
            self.filled = 0;
            return self.write(bytes);
        }
        let most = usize::try_from(room).unwrap_or(usize::MAX).min(bytes.len());
        let count = self.current.write(&bytes[..most])?;
        self.filled += count as u64;
        self.total += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.current.flush()
    }
}
