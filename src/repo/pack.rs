//! Packs made and checked: a pack of what some tips have and others lack, and an index rebuilt.
//!
//! Deltas that exist are copied; none are searched for. Packs are never thin.

use std::fs::File;
use std::io::BufReader;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::disk::quarantine::Quarantine;
use crate::disk::{DiskError, atomic, folder, link_or_copy};
use crate::model::cancel::Cancel;
use crate::model::digest::{Digest, hash_reader};
use crate::model::git::Oid;
use crate::model::safe::safe;

use super::bare::{Bare, Pack};
use super::error::RepoError;
use super::prove;
use super::store::{OBJECT_LIMIT, hash, to_gix};

/// A pack that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackWritten {
    /// The pack with its index.
    pub pack: Pack,
    /// How many objects it holds.
    pub objects: u64,
}

impl Bare {
    /// Writes to the folder `dest` one pack with what `wants` reach and `haves` do not; `None` when
    /// that is nothing. An object that is missing fails the whole: no pack is left.
    pub fn write_pack(
        &self,
        wants: &[Oid],
        haves: &[Oid],
        dest: &Path,
        cancel: &Cancel,
    ) -> Result<Option<PackWritten>, RepoError> {
        let store = self.store()?;
        let ids = prove::between(&store, wants, haves, cancel)?;
        if ids.is_empty() {
            return Ok(None);
        }
        let within = Quarantine::new(dest, "pack")?;
        let raw = within.path().join("raw");
        let mut file = atomic::NewFile::create(&raw, 0o600)?;
        self.generate(ids, &mut file)?;
        file.commit()?;
        // Indexing reads every byte back: a pack that was not written well does not pass.
        let mut from = open(&raw)?;
        let indexed =
            index_pack(&mut from, within.path(), None, hash(self.format()), OBJECT_LIMIT, cancel)
                .map_err(|error| self.broken(&error))?;
        let Some(indexed) = indexed else { return Ok(None) };
        let objects = gix_pack::index::File::at(&indexed.1, hash(self.format()))
            .map_err(|error| self.broken(&error))?
            .num_objects();
        let pack = enter(&indexed, dest, true)?;
        Ok(Some(PackWritten { pack, objects: u64::from(objects) }))
    }

    /// Replaces all packs by one with what `tips` reach. The new pack is in place before an old one
    /// goes, so at every moment everything is there; on any failure the old packs stay.
    pub fn consolidate(&self, tips: &[Oid], cancel: &Cancel) -> Result<(), RepoError> {
        let within = self.path().join("objects/pack");
        let old = self.packs()?;
        let Some(new) = self.write_pack(tips, &[], &within, cancel)? else { return Ok(()) };
        for pack in old.iter().filter(|pack| pack.stem != new.pack.stem) {
            // The index first: a pack alone is nothing to Git, an index alone is broken.
            folder::remove_file(&pack.index)?;
            folder::remove_file(&pack.pack)?;
        }
        Ok(folder::sync(&within)?)
    }

    /// Generates a pack of exactly these objects. One handle counts and writes: pack ids differ
    /// between handles.
    fn generate(&self, ids: Vec<Oid>, to: &mut dyn std::io::Write) -> Result<(), RepoError> {
        use gix_pack::data::output::{Count, bytes, count::PackLocation, entry};
        let broken = |error: gix::Error| self.broken(&error);
        let mut odb = self.store()?.into_odb();
        odb.prevent_pack_unload();
        odb.ignore_replacements = true;
        let counts: Vec<Count> = ids
            .into_iter()
            .map(|oid| Count { id: to_gix(oid), entry_pack_location: PackLocation::NotLookedUp })
            .collect();
        let number = u32::try_from(counts.len()).unwrap_or(u32::MAX);
        let options = entry::iter_from_counts::Options {
            thread_limit: Some(1),
            allow_thin_pack: false,
            ..Default::default()
        };
        let progress = Box::new(gix::progress::Discard);
        let mut entries =
            entry::iter_from_counts(counts, odb, progress, options).map_err(broken)?;
        let chunks = entries.by_ref().map(|chunk| chunk.map(|(_, entries)| entries));
        let version = gix_pack::data::Version::V2;
        let written = bytes::FromEntriesIter::new(chunks, to, number, version, hash(self.format()));
        for chunk in written {
            chunk.map_err(broken)?;
        }
        Ok(())
    }

    fn broken(&self, error: &gix::Error) -> RepoError {
        RepoError::Objects { path: self.path().to_owned(), why: safe(error.to_string()) }
    }

    /// Builds the index of `pack` anew, in a private folder beside it, and returns the digest of
    /// what it should be. Every object is inflated and hashed on the way.
    pub fn rebuilt_index(&self, pack: &Pack, cancel: &Cancel) -> Result<Digest, RepoError> {
        let within = Quarantine::new(pack.pack.parent().unwrap_or(self.path()), "index")?;
        let mut from = open(&pack.pack)?;
        let written =
            index_pack(&mut from, within.path(), None, hash(self.format()), OBJECT_LIMIT, cancel)
                .map_err(|error| self.broken(&error))?;
        let (_, index) = written.ok_or_else(|| RepoError::Objects {
            path: pack.pack.clone(),
            why: "it holds no objects".to_owned(),
        })?;
        let (digest, _) = hash_reader(open(&index)?).map_err(DiskError::at("read", &index))?;
        Ok(digest)
    }
}

fn open(path: &Path) -> Result<BufReader<File>, RepoError> {
    let file = File::open(path).map_err(DiskError::at("open", path))?;
    Ok(BufReader::with_capacity(1 << 16, file))
}

/// Streams a pack into `folder`, completing a thin one from `bases`, and writes its index.
/// No object may be larger than `object_limit`, because each is inflated in memory once.
/// Returns pack and index, `None` for a pack without objects.
pub(crate) fn index_pack(
    from: &mut dyn std::io::BufRead,
    folder: &Path,
    bases: Option<gix::odb::Handle>,
    hash: gix::hash::Kind,
    object_limit: usize,
    cancel: &Cancel,
) -> Result<Option<(PathBuf, PathBuf)>, gix::Error> {
    let options = gix_pack::bundle::write::Options {
        thread_limit: Some(1),
        alloc_limit_bytes: Some(object_limit),
        ..Default::default()
    };
    let written = gix_pack::Bundle::write_to_directory(
        from,
        Some(folder),
        &mut gix::progress::Discard,
        cancel.flag(),
        bases,
        hash,
        options,
    )?;
    Ok(written.data_path.zip(written.index_path))
}

/// Moves a pack and its index into a folder of packs: readable, their bytes synced, the index last,
/// because Git looks for indexes. Their names are synced where they are to be `durable`.
pub(crate) fn enter(
    indexed: &(PathBuf, PathBuf),
    dest: &Path,
    durable: bool,
) -> Result<Pack, RepoError> {
    let (pack, index) = indexed;
    let stem = pack.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let to = Pack {
        pack: dest.join(format!("{stem}.pack")),
        index: dest.join(format!("{stem}.idx")),
        stem,
    };
    for (from, to) in [(pack, &to.pack), (index, &to.index)] {
        settle(from).map_err(DiskError::at("sync", from))?;
        match link_or_copy(from, to, 0o444) {
            // The name is the hash of the content, so what is there is the same.
            Ok(()) | Err(DiskError::Exists { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        if durable {
            folder::sync(dest)?;
        }
    }
    Ok(to)
}

/// gix leaves its files unsynced and readable by their owner only.
fn settle(file: &Path) -> std::io::Result<()> {
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o444))?;
    File::open(file)?.sync_all()
}
