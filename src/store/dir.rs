//! A store in a folder, on a disk or a stick.

use std::collections::BTreeSet;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::error::StoreError;
use super::oci;
use crate::bundle::manifest;
use crate::bundle::port::{PartSink, Parts, PendingPart, RawSnapshot, Signature};
use crate::bundle::trust_files::{TrustVersion, signature_files, signature_root};
use crate::disk::atomic::{self, NewFile};
use crate::disk::{DiskError, folder, held, limit};
use crate::model::clock::Timestamp;
use crate::model::digest::{Digest, hash_reader};
use crate::model::id::{Role, Seq};

/// No signature file is larger, in bytes.
const LARGEST_SIGNATURE: u64 = 16 << 10;

/// No trust file is larger, in bytes.
const LARGEST_TRUST: u64 = 1 << 20;

/// All trust file versions and their signatures together are no larger, in bytes.
pub(super) const LARGEST_HISTORY: usize = 64 << 20;

/// More signature files than this in one folder are not looked at.
pub(super) const MOST_SIGNATURES: usize = 64;

/// A store whose root is a folder.
#[derive(Clone, Debug)]
pub struct DirStore {
    root: PathBuf,
}

impl DirStore {
    /// Makes an empty store at `root`, or completes one.
    pub fn create(root: &Path) -> Result<Self, StoreError> {
        for part in ["blobs/sha256", "snapshots", "trust"] {
            folder::create(&root.join(part), 0o755)?;
        }
        let store = Self { root: root.to_owned() };
        store.write_if_changed("oci-layout", oci::LAYOUT.as_bytes())?;
        Ok(store)
    }

    /// Opens the store at `root`.
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        let missing = |why| StoreError::NotFound { path: root.to_owned(), why };
        if !root.is_dir() {
            return Err(missing("there is no such folder"));
        }
        if !root.join("blobs/sha256").is_dir() || !root.join("snapshots").is_dir() {
            return Err(missing("it holds no blobs/sha256 and snapshots"));
        }
        Ok(Self { root: root.to_owned() })
    }

    /// Returns the store that would be at `root`, without looking.
    pub fn at(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Returns where it is.
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn blob_path(&self, digest: &Digest) -> PathBuf {
        self.root.join("blobs/sha256").join(digest.to_string())
    }

    fn snapshot_path(&self, seq: Seq) -> PathBuf {
        self.root.join("snapshots").join(seq.folder())
    }

    /// Makes a snapshot visible: blob of the manifest, then a folder that appears whole. Returns
    /// whether the number was free.
    pub fn publish(
        &self,
        seq: Seq,
        manifest: &[u8],
        signatures: &[Signature],
    ) -> Result<bool, StoreError> {
        self.put_blob(manifest)?;
        let temp = self.root.join("snapshots").join(format!(
            ".tmp-{}-{}",
            seq.folder(),
            Digest::of(manifest).short()
        ));
        folder::remove_all(&temp)?;
        folder::create_new(&temp, 0o755)?;
        for signature in signatures {
            let name = format!("{}.{}.sig", signature.role, signature.key);
            atomic::write_new(&temp.join(name), &signature.pem, 0o644)?;
        }
        atomic::write_new(&temp.join("manifest.json"), manifest, 0o644)?;
        match folder::rename_new(&temp, &self.snapshot_path(seq)) {
            Ok(()) => Ok(true),
            Err(error) => {
                folder::remove_all(&temp)?;
                match error {
                    DiskError::Exists { .. } => Ok(false),
                    other => Err(other.into()),
                }
            }
        }
    }

    /// Adds a signature to a snapshot that is there. The same one again is fine.
    pub fn add_signature(&self, seq: Seq, signature: &Signature) -> Result<(), StoreError> {
        let name = format!("{}.{}.sig", signature.role, signature.key);
        let path = self.snapshot_path(seq).join(&name);
        match atomic::write_new(&path, &signature.pem, 0o644) {
            Err(DiskError::Exists { .. })
                if limit::read(&path, LARGEST_SIGNATURE)? == signature.pem =>
            {
                Ok(())
            }
            Err(DiskError::Exists { .. }) => Err(StoreError::Differs { what: name }),
            other => Ok(other?),
        }
    }

    /// Adds a version of the trust file, or further signatures to one that is there.
    pub fn put_trust(&self, version: &TrustVersion) -> Result<(), StoreError> {
        let at = self.root.join("trust").join(format!("{:010}", version.version));
        folder::create(&at, 0o755)?;
        let file = ("allowed_signers".to_owned(), version.file.clone());
        for (name, bytes) in std::iter::once(file).chain(signature_files(version)?) {
            let path = at.join(&name);
            if limit::read_if_there(&path, LARGEST_TRUST)?.as_ref() == Some(&bytes) {
                continue;
            }
            match atomic::write_new(&path, &bytes, 0o644) {
                Err(DiskError::Exists { path }) if limit::read(&path, LARGEST_TRUST)? == bytes => {}
                Err(DiskError::Exists { .. }) => {
                    return Err(StoreError::Differs {
                        what: format!("trust/{:010}/{name}", version.version),
                    });
                }
                other => other?,
            }
        }
        Ok(())
    }

    /// Rewrites what is only for convenience: `index.json` for OCI tools, `OPEN-ME.txt` for people.
    pub fn refresh(&self, card: &str) -> Result<(), StoreError> {
        let snapshots = self.snapshots().map_err(StoreError::at("list", self.place()))?;
        let newest = snapshots.iter().rev().take(oci::NEWEST);
        let mut entries = Vec::new();
        for seq in newest {
            let Some(raw) = self.snapshot(*seq).map_err(StoreError::at("read", self.place()))?
            else {
                continue;
            };
            entries.push(oci::snapshot_entry(&raw));
            for signature in &raw.signatures {
                let artifact = oci::signature_artifact(&raw, signature);
                for blob in artifact.blobs() {
                    self.put_blob(blob)?;
                }
                entries.push(artifact.entry());
            }
        }
        self.write_if_changed("index.json", &oci::index(&entries))?;
        self.write_if_changed("OPEN-ME.txt", card.as_bytes())
    }

    fn write_if_changed(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let path = self.root.join(name);
        if limit::read_if_there(&path, 16 << 20)?.as_deref() != Some(bytes) {
            atomic::write(&path, bytes, 0o644)?;
        }
        Ok(())
    }

    fn put_blob(&self, bytes: &[u8]) -> Result<(), StoreError> {
        crate::bundle::part::plain(self, bytes)
            .map(drop)
            .map_err(StoreError::at("write a blob into", self.place()))
    }

    /// Returns the names of all blobs that something here refers to.
    pub fn known_blobs(&self) -> io::Result<BTreeSet<String>> {
        let mut known = BTreeSet::new();
        for seq in self.snapshots()? {
            known.extend(self.blobs_of(seq, false)?.unwrap_or_default());
            known.extend(self.blobs_of(seq, true)?.unwrap_or_default());
        }
        Ok(known)
    }

    /// Returns the names of the blobs of one snapshot: its manifest and signatures, and where
    /// `parts` says so its parts. `None` when the manifest cannot be read as one.
    pub fn blobs_of(&self, seq: Seq, parts: bool) -> io::Result<Option<BTreeSet<String>>> {
        let Some(raw) = self.snapshot(seq)? else { return Ok(None) };
        let mut blobs = BTreeSet::from([Digest::of(&raw.manifest).to_string()]);
        for signature in &raw.signatures {
            let artifact = oci::signature_artifact(&raw, signature);
            blobs.extend(artifact.blobs().map(|blob| Digest::of(blob).to_string()));
        }
        if parts {
            let Ok(manifest) = manifest::Manifest::parse(&raw.manifest) else { return Ok(None) };
            blobs.extend(manifest.parts().map(|part| part.digest.to_string()));
        }
        Ok(Some(blobs))
    }

    /// Returns the size of a blob and when it was written or used last.
    pub fn last_use(&self, digest: &Digest) -> Result<Option<(u64, Timestamp)>, StoreError> {
        let path = self.blob_path(digest);
        let size = path.symlink_metadata().map_or(0, |facts| facts.len());
        Ok(held::last_use(&path)?.map(|at| (size, at)))
    }

    /// Removes a blob that nobody used since `limit`. Returns whether it did.
    pub fn remove_unused(&self, digest: &Digest, limit: Timestamp) -> Result<bool, StoreError> {
        Ok(held::remove_unused(&self.blob_path(digest), limit)?)
    }

    /// Returns the temporary files and folders that an interrupted run left.
    pub fn leftovers(&self) -> Result<Vec<String>, StoreError> {
        let mut found = Vec::new();
        for part in ["blobs/sha256", "snapshots", "trust", "."] {
            let entries = folder::list(&self.root.join(part))?;
            let names = entries.iter().map(|entry| entry.name.to_string_lossy().into_owned());
            found.extend(
                names
                    .filter(|name| name.starts_with(atomic::TEMP_PREFIX))
                    .map(|name| format!("{part}/{name}")),
            );
        }
        Ok(found)
    }

    /// Returns the names of all blobs below `blobs/sha256`; what is unfinished is not one.
    pub fn blob_names(&self) -> Result<Vec<String>, StoreError> {
        let entries = folder::list(&self.root.join("blobs/sha256"))?;
        let names = entries.into_iter().map(|entry| entry.name.to_string_lossy().into_owned());
        Ok(names.filter(|name| !name.starts_with(atomic::TEMP_PREFIX)).collect())
    }
}

impl Parts for DirStore {
    fn place(&self) -> String {
        self.root.display().to_string()
    }

    fn part(&self, digest: &Digest) -> io::Result<Option<Box<dyn Read + Send>>> {
        match limit::open_plain(&self.blob_path(digest)) {
            Ok(file) => Ok(Some(Box::new(file))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn snapshots(&self) -> io::Result<Vec<Seq>> {
        let entries = folder::list(&self.root.join("snapshots")).map_err(other)?;
        let named =
            entries.iter().filter_map(|entry| entry.name.to_str().and_then(Seq::from_folder));
        // A folder without a manifest does not exist.
        Ok(named.filter(|seq| self.snapshot_path(*seq).join("manifest.json").is_file()).collect())
    }

    fn snapshot(&self, seq: Seq) -> io::Result<Option<RawSnapshot>> {
        let at = self.snapshot_path(seq);
        // What is too large is handed on cut: nobody's signature holds over it, and it must not make
        // the snapshots beside it unreadable.
        let start =
            |name: &Path, most: u64| limit::read_start(&at.join(name), most + 1).map_err(other);
        let manifest = start(Path::new("manifest.json"), manifest::LARGEST)?;
        let Some(manifest) = manifest else { return Ok(None) };
        let mut signatures = Vec::new();
        for entry in folder::list(&at).map_err(other)?.iter().take(MOST_SIGNATURES) {
            let Some((role, key)) = entry.name.to_str().and_then(signature_name) else { continue };
            if let Some(pem) = start(Path::new(&entry.name), LARGEST_SIGNATURE)? {
                signatures.push(Signature { role, key, pem });
            }
        }
        Ok(Some(RawSnapshot { seq, manifest, signatures }))
    }

    fn trust(&self) -> io::Result<Vec<TrustVersion>> {
        let root = self.root.join("trust");
        if !root.is_dir() {
            return Ok(Vec::new());
        }
        let folders = folder::list(&root).map_err(other)?;
        let (mut versions, mut size) = (Vec::new(), 0);
        for name in folders.iter().filter_map(|entry| entry.name.to_str()) {
            let Some(version) = read_trust(&root, name)? else { continue };
            size += version.file.len();
            size += version.signatures.iter().map(|(_, pem)| pem.len()).sum::<usize>();
            if size > LARGEST_HISTORY {
                return Err(too_much_history());
            }
            versions.push(version);
        }
        Ok(versions)
    }
}

pub(super) fn too_much_history() -> io::Error {
    let why = "its trust file versions are larger than any history can be";
    io::Error::new(io::ErrorKind::InvalidData, why)
}

fn read_trust(root: &Path, name: &str) -> io::Result<Option<TrustVersion>> {
    let digits = name.len() == 10 && name.bytes().all(|byte| byte.is_ascii_digit());
    let Some(version) = digits.then(|| name.parse().ok()).flatten() else { return Ok(None) };
    let at = root.join(name);
    let file = limit::read_start(&at.join("allowed_signers"), LARGEST_TRUST + 1).map_err(other)?;
    let Some(file) = file else { return Ok(None) };
    let mut signatures = Vec::new();
    for entry in folder::list(&at).map_err(other)?.iter().take(MOST_SIGNATURES) {
        if let Some(root) = entry.name.to_str().and_then(signature_root) {
            let pem = limit::read_start(&at.join(&entry.name), LARGEST_SIGNATURE + 1);
            signatures.extend(pem.map_err(other)?.map(|pem| (root.to_owned(), pem)));
        }
    }
    Ok(Some(TrustVersion { version, file, signatures }))
}

/// Reads `<role>.<16 hex>.sig`.
pub(super) fn signature_name(name: &str) -> Option<(Role, String)> {
    let (role, key) = name.strip_suffix(".sig")?.split_once('.')?;
    let hex = key.len() == 16 && key.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    Some((role.parse().ok()?, hex.then(|| key.to_owned())?))
}

fn other(error: DiskError) -> io::Error {
    match error {
        DiskError::Io { source, .. } => source,
        error => io::Error::new(io::ErrorKind::InvalidData, error.to_string()),
    }
}

impl PartSink for DirStore {
    fn begin(&self) -> io::Result<Box<dyn PendingPart>> {
        let folder = self.root.join("blobs/sha256");
        let file = NewFile::create(&folder.join("part"), 0o644).map_err(other)?;
        Ok(Box::new(Pending { file, folder }))
    }

    fn holds(&self, digest: &Digest, size: u64) -> bool {
        let path = self.blob_path(digest);
        path.metadata().is_ok_and(|found| found.is_file() && found.len() == size)
            && held::refresh(&path)
    }
}

struct Pending {
    file: NewFile,
    folder: PathBuf,
}

impl Write for Pending {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.file.write(buffer)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl PendingPart for Pending {
    fn commit(self: Box<Self>, digest: &Digest) -> io::Result<()> {
        let path = self.folder.join(digest.to_string());
        // The name is the content: a whole copy stays, a damaged one is healed.
        let there = limit::open_plain(&path).and_then(hash_reader);
        if there.is_ok_and(|(found, _)| found == *digest) && held::refresh(&path) {
            return Ok(());
        }
        self.file.commit_as(&path).map_err(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fifo(path: &Path) {
        let mode = rustix::fs::Mode::from(0o600);
        rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    }

    #[test]
    fn pipes_in_a_store_keep_nobody_waiting() {
        let folder = tempfile::tempdir().unwrap();
        let store = DirStore::create(folder.path()).unwrap();
        let digest = Digest::of(b"x");
        fifo(&store.blob_path(&digest));
        assert!(store.part(&digest).is_err());

        let snapshot = folder.path().join("snapshots/0000000001");
        std::fs::create_dir(&snapshot).unwrap();
        fifo(&snapshot.join("job.0123456789abcdef.sig"));
        std::fs::write(snapshot.join("manifest.json"), "{}").unwrap();
        // Nor does one stand in the way of what is beside it.
        let raw = store.snapshot(Seq::new(1).unwrap()).unwrap().unwrap();
        assert!(raw.signatures.is_empty());

        let trust = folder.path().join("trust/0000000001");
        std::fs::create_dir(&trust).unwrap();
        fifo(&trust.join("allowed_signers"));
        assert!(store.trust().unwrap().is_empty());
        // The writer puts the blob in the pipe's place.
        crate::bundle::part::plain(&store, b"x").unwrap();
        assert!(store.part(&digest).unwrap().is_some());
    }

    #[test]
    fn a_flood_of_trust_files_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let store = DirStore::create(folder.path()).unwrap();
        for version in 1..=65 {
            let at = folder.path().join(format!("trust/{version:010}"));
            std::fs::create_dir(&at).unwrap();
            std::fs::File::create(at.join("allowed_signers")).unwrap().set_len(1 << 20).unwrap();
        }
        assert!(store.trust().unwrap_err().to_string().contains("any history"));
    }
}
