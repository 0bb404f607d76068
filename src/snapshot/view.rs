//! What a snapshot knows of each repository.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::model::clock::Timestamp;
use crate::model::digest::Digest;
use crate::model::git::{ObjectFormat, Oid, RefName, Refs};

/// All repositories at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// When it was frozen.
    pub taken: Timestamp,
    /// Those we hold a proven copy of, sorted by name.
    pub repos: Vec<RepoView>,
    /// Those we hold no copy of.
    pub excluded: Vec<Excluded>,
}

/// One repository.
#[derive(Clone, Debug)]
pub struct RepoView {
    /// Its unique name.
    pub name: String,
    /// Where it comes from, without credentials.
    pub url: String,
    /// Whether a recovery needs it.
    pub required: bool,
    /// The hash of its objects.
    pub format: ObjectFormat,
    /// HEAD and refs, as proven.
    pub refs: Refs,
    /// Its packs and their indexes, sorted by file name.
    pub packs: Vec<PackFile>,
    /// Old tips that no ref holds any more.
    pub pins: Vec<Pinned>,
    /// `fresh`, `unchanged`, `carried` …
    pub state: &'static str,
    /// Whether it is as current as the snapshot.
    pub current: bool,
    /// Why it is not.
    pub fault: Option<String>,
    /// What a check of its objects found.
    pub findings: Vec<String>,
    /// What else to know.
    pub flags: Flags,
    /// When its refs were last proven against the source.
    pub proven: Option<Timestamp>,
}

impl RepoView {
    /// Returns the id: 16 hex digits that depend on the name alone.
    pub fn id(&self) -> String {
        Digest::of(self.name.as_bytes()).short()
    }

    /// Returns the digest of HEAD and all refs: equal means nothing moved.
    pub fn content(&self) -> Digest {
        Digest::of(&[self.refs.head_file(), self.refs.packed_refs_file()].concat())
    }
}

/// A pack or an index in a mirror. Its bytes never change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackFile {
    /// `pack-<hex>.pack` or `.idx`.
    pub file: String,
    /// Where it lies.
    pub path: PathBuf,
    /// Its size in bytes.
    pub size: u64,
}

/// An old tip that is kept because a ref was rewritten or deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pinned {
    /// The ref that held it.
    pub name: RefName,
    /// The object.
    pub oid: Oid,
}

/// What a reader should know beside refs and objects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flags {
    /// It has no refs.
    pub empty: bool,
    /// Some files are in Git LFS, whose content is not here.
    pub lfs: bool,
    /// It has submodules, whose repositories may not be here.
    pub submodules: bool,
    /// Its source is shallow.
    pub shallow: bool,
    /// Its forge has archived it.
    pub archived: bool,
}

/// A repository we hold no copy of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Excluded {
    /// Its name.
    pub name: String,
    /// Where it should come from.
    pub url: String,
    /// Whether a recovery needs it.
    pub required: bool,
    /// `never` or `refused`.
    pub state: String,
    /// Why.
    pub reason: String,
}

impl Snapshot {
    /// Returns whether every required repository is here and current.
    pub fn complete(&self) -> bool {
        self.repos.iter().all(|repo| repo.current || !repo.required)
            && !self.excluded.iter().any(|repo| repo.required)
    }

    /// Leaves a repository out although a mirror is there, and says why.
    pub fn leave_out(&mut self, name: &str, reason: String) {
        let Some(at) = self.repos.iter().position(|repo| repo.name == name) else { return };
        let RepoView { name, url, required, .. } = self.repos.remove(at);
        self.excluded.push(Excluded { name, url, required, state: "never".to_owned(), reason });
        self.excluded.sort_by(|one, other| one.name.cmp(&other.name));
    }

    /// Returns whether at least one repository was proven against its source.
    pub fn any_current(&self) -> bool {
        self.repos.iter().any(|repo| repo.current)
    }
}
