//! Finding a commit by a name that people use, and one file in it.

use crate::model::git::{Oid, RefName, Refs};

use super::bare::Bare;
use super::error::RepoError;
use super::objects::{self, EntryKind, Kind};
use super::store::Store;

/// Longer paths are not looked for.
const PATH_DEPTH: usize = 256;
/// `.gitattributes` and `.gitmodules` larger than this are not read.
const SPECIAL_FILE_LIMIT: u64 = 1 << 20;

/// What a mirror does not hold although the repository mentions it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// `.gitattributes` at HEAD's root sends files through LFS; only pointers are held.
    pub lfs: bool,
    /// `.gitmodules` stands at HEAD's root; only the commit ids are held.
    pub submodules: bool,
    /// History ends before its beginning.
    pub shallow: bool,
}

impl Bare {
    /// Returns the commit that `rev` names: `HEAD`, a whole id, a full ref name, a branch, a tag.
    pub fn resolve(&self, rev: &str) -> Result<Oid, RepoError> {
        let no_revision = || RepoError::NoRevision { rev: crate::model::safe::safe(rev) };
        let store = self.store()?;
        let oid = match rev.parse::<Oid>() {
            Ok(oid) if store.has(oid) => Some(oid),
            _ => named(&self.refs()?, rev),
        };
        let oid = oid.ok_or_else(no_revision)?;
        let commit = store.peel_tag(oid)?.unwrap_or(oid);
        match store.header(commit)? {
            Some((Kind::Commit, _)) => Ok(commit),
            Some(_) => Err(no_revision()),
            None => Err(RepoError::Missing { oid: commit }),
        }
    }

    /// Reads one file of a commit, at most `max` bytes of it; `path` is separated by slashes.
    /// Symbolic links are not followed. Every object on the way is hashed again.
    pub fn read_file(&self, commit: Oid, path: &str, max: u64) -> Result<Vec<u8>, RepoError> {
        let store = self.store()?;
        let no_path = || RepoError::NoPath { commit, path: crate::model::safe::safe(path) };
        let (kind, oid) = entry_at(&store, commit, path)?.ok_or_else(no_path)?;
        if !matches!(kind, EntryKind::File | EntryKind::Executable) {
            return Err(no_path());
        }
        read_blob(&store, oid, path, max)
    }

    /// Returns whether `path` is a folder of a commit; the empty path is its root.
    pub fn has_folder(&self, commit: Oid, path: &str) -> Result<bool, RepoError> {
        let found = entry_at(&self.store()?, commit, path)?;
        Ok(found.is_some_and(|(kind, _)| kind == EntryKind::Tree))
    }

    /// Looks at the root of HEAD's tree for what a mirror cannot hold.
    pub(crate) fn flags(&self, head: Option<Oid>) -> Result<Flags, RepoError> {
        let mut flags = Flags::default();
        let Some(head) = head else { return Ok(flags) };
        let store = self.store()?;
        if !matches!(store.header(head)?, Some((Kind::Commit, _))) {
            return Ok(flags);
        }
        flags.submodules = entry_at(&store, head, ".gitmodules")?.is_some();
        if let Some((EntryKind::File, oid)) = entry_at(&store, head, ".gitattributes")? {
            let text = read_blob(&store, oid, ".gitattributes", SPECIAL_FILE_LIMIT);
            flags.lfs = text.is_ok_and(|text| text.windows(10).any(|word| word == b"filter=lfs"));
        }
        Ok(flags)
    }
}

/// Returns the object behind a name, in the order git tries them.
fn named(refs: &Refs, rev: &str) -> Option<Oid> {
    if rev == "HEAD" {
        return refs.head_oid();
    }
    ["", "refs/", "refs/tags/", "refs/heads/"].iter().find_map(|prefix| {
        let name = RefName::new(format!("{prefix}{rev}")).ok()?;
        refs.get(&name).map(|tip| tip.oid)
    })
}

/// Returns the entry at `path` in the tree of `commit`; the empty path is the root.
pub(super) fn entry_at(
    store: &Store,
    commit: Oid,
    path: &str,
) -> Result<Option<(EntryKind, Oid)>, RepoError> {
    let mut buffer = Vec::new();
    let (kind, data) = store.checked(commit, &mut buffer)?;
    let parsed = (kind == Kind::Commit).then(|| objects::commit(data)).flatten();
    let tree = parsed.ok_or(RepoError::Damaged { oid: commit, why: "it is not a commit" })?.tree;
    let mut at = (EntryKind::Tree, tree);
    for name in path.split('/').filter(|name| !name.is_empty() && *name != ".").take(PATH_DEPTH) {
        if at.0 != EntryKind::Tree {
            return Ok(None);
        }
        let (Kind::Tree, data) = store.checked(at.1, &mut buffer)? else { return Ok(None) };
        let found = objects::tree(data, store.format())
            .flatten()
            .find(|entry| entry.name == name.as_bytes())
            .map(|entry| (entry.kind(), entry.oid));
        match found {
            Some(entry) => at = entry,
            None => return Ok(None),
        }
    }
    Ok(Some(at))
}

/// Reads a blob whose header says it is small enough.
pub(super) fn read_blob(
    store: &Store,
    oid: Oid,
    what: &str,
    max: u64,
) -> Result<Vec<u8>, RepoError> {
    match store.header(oid)? {
        Some((Kind::Blob, size)) if size <= max => {}
        Some((Kind::Blob, _)) => {
            return Err(RepoError::TooLarge { what: crate::model::safe::safe(what), limit: max });
        }
        Some(_) => return Err(RepoError::Damaged { oid, why: "it is not a file" }),
        None => return Err(RepoError::Missing { oid }),
    }
    let mut buffer = Vec::new();
    store.checked(oid, &mut buffer)?;
    Ok(buffer)
}
