//! One repository on disk: made, adopted, opened, and its refs published.
//!
//! Promise: refs appear all at once (`packed-refs` is replaced, then `HEAD`), durably, and a
//! repository of ours never has loose refs, hooks or a configuration that came from outside.

use std::path::{Path, PathBuf};

use crate::disk::{atomic, folder, limit, scratch};
use crate::model::git::{Head, ObjectFormat, RefName, Refs};
use crate::model::safe::safe;

use super::error::RepoError;
use super::refs;
use super::store::Store;

/// A configuration file larger than this is not one.
const CONFIG_LIMIT: u64 = 1 << 20;
/// A HEAD is one line.
const HEAD_LIMIT: u64 = 8192;

/// A repository on disk. Cheap to clone; holds no open files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bare {
    path: PathBuf,
    format: ObjectFormat,
}

/// One pack and its index.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pack {
    /// `pack-<hex>`, the name without its extension.
    pub stem: String,
    /// The pack file.
    pub pack: PathBuf,
    /// Its index.
    pub index: PathBuf,
}

impl Bare {
    /// Makes an empty repository whose HEAD points to the unborn branch `main`.
    pub fn create(path: &Path, format: ObjectFormat) -> Result<Self, RepoError> {
        let bare = Self::skeleton(path, format)?;
        bare.publish(&unborn())?;
        Ok(bare)
    }

    /// Makes a repository of a folder that holds only `HEAD`, `packed-refs` and `objects/pack`,
    /// which is what a bundle gives. Refs and packs stay as they are, and are not looked at.
    pub fn adopt(path: &Path, format: ObjectFormat) -> Result<Self, RepoError> {
        Self::skeleton(path, format)
    }

    /// Writes what every repository needs beside refs and packs. Without refs it is none yet, and
    /// nothing of this is durable.
    pub(crate) fn skeleton(path: &Path, format: ObjectFormat) -> Result<Self, RepoError> {
        scratch::open_folder(&path.join("objects/pack"))?;
        scratch::open_folder(&path.join("refs/heads"))?;
        scratch::write(&path.join("config"), config_text(format).as_bytes(), 0o644)?;
        Ok(Self { path: path.to_owned(), format })
    }

    /// Opens a repository, bare or with a worktree. Only its own `config` is read, and of that
    /// only what says how it is stored.
    pub fn open(path: &Path) -> Result<Self, RepoError> {
        let path = git_dir(path).ok_or_else(|| RepoError::NotARepository {
            path: path.to_owned(),
            why: "it has no HEAD and objects".to_owned(),
        })?;
        let format = storage(&path)?;
        Ok(Self { path, format })
    }

    /// Returns whether a repository, bare or with a worktree, is at `path`.
    pub fn is_at(path: &Path) -> bool {
        git_dir(path).is_some()
    }

    /// Returns the folder that holds `HEAD`.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the hash its objects are named by.
    pub fn format(&self) -> ObjectFormat {
        self.format
    }

    /// Reads every ref, loose ones included, and HEAD.
    pub fn refs(&self) -> Result<Refs, RepoError> {
        refs::read(&self.path, self.format, || self.store())
    }

    /// Makes `refs` the refs of this repository: `packed-refs` first, then `HEAD`, each whole.
    pub fn publish(&self, refs: &Refs) -> Result<(), RepoError> {
        atomic::write(&self.path.join("packed-refs"), &refs.packed_refs_file(), 0o644)?;
        let (head, path) = (refs.head_file(), self.path.join("HEAD"));
        if limit::read_if_there(&path, HEAD_LIMIT)?.as_ref() != Some(&head) {
            atomic::write(&path, &head, 0o644)?;
        }
        Ok(())
    }

    /// Like [`Bare::publish`] for a repository that counts for nothing yet: whoever makes it count
    /// makes everything durable first.
    pub(crate) fn prepare(&self, refs: &Refs) -> Result<(), RepoError> {
        scratch::write(&self.path.join("packed-refs"), &refs.packed_refs_file(), 0o644)?;
        scratch::write(&self.path.join("HEAD"), &refs.head_file(), 0o644)?;
        Ok(())
    }

    /// Returns the packs that have an index, sorted by name.
    pub fn packs(&self) -> Result<Vec<Pack>, RepoError> {
        let within = self.path.join("objects/pack");
        let mut packs = Vec::new();
        for entry in folder::list(&within)? {
            let Some(stem) = entry.name.to_str().and_then(|name| name.strip_suffix(".idx")) else {
                continue;
            };
            let pack = within.join(format!("{stem}.pack"));
            if stem.starts_with("pack-") && pack.is_file() {
                let index = within.join(&entry.name);
                packs.push(Pack { stem: stem.to_owned(), pack, index });
            }
        }
        Ok(packs)
    }

    /// Opens the objects.
    pub(crate) fn store(&self) -> Result<Store, RepoError> {
        Store::open(&self.path.join("objects"), self.format)
    }
}

/// Returns the refs of a repository without commits: HEAD points to the branch `main` to come.
pub fn unborn() -> Refs {
    let Ok(main) = RefName::new("refs/heads/main") else {
        unreachable!("refs/heads/main is a valid name")
    };
    Refs { head: Head::Symbolic(main), tips: Vec::new() }
}

/// The configuration of a repository of ours; git and gix both take it.
fn config_text(format: ObjectFormat) -> String {
    match format {
        ObjectFormat::Sha1 => "[core]\n\trepositoryformatversion = 0\n\tbare = true\n".to_owned(),
        ObjectFormat::Sha256 => "[core]\n\trepositoryformatversion = 1\n\tbare = true\n\
                                 [extensions]\n\tobjectformat = sha256\n"
            .to_owned(),
    }
}

/// Finds the folder that holds `HEAD`: the path itself, its `.git`, or where a `.git` file points.
fn git_dir(path: &Path) -> Option<PathBuf> {
    let is_repository = |path: &Path| path.join("HEAD").exists() && path.join("objects").is_dir();
    if is_repository(path) {
        return Some(path.to_owned());
    }
    let inner = path.join(".git");
    if is_repository(&inner) {
        return Some(inner);
    }
    let file = limit::read(&inner, 4096).ok()?;
    let target = std::str::from_utf8(&file).ok()?.strip_prefix("gitdir: ")?.trim_end();
    let target = path.join(target);
    is_repository(&target).then_some(target)
}

/// Reads how a repository is stored, and refuses what cannot be read faithfully.
fn storage(path: &Path) -> Result<ObjectFormat, RepoError> {
    let unsupported =
        |extension: String| RepoError::Unsupported { path: path.to_owned(), extension };
    let Some(text) = limit::read_if_there(&path.join("config"), CONFIG_LIMIT)? else {
        return Ok(ObjectFormat::Sha1);
    };
    let meta = gix::config::file::Metadata::api();
    let config = gix::config::File::from_bytes_no_includes(
        &text,
        meta,
        gix::config::file::init::Options::default(),
    )
    .map_err(|error| RepoError::NotARepository {
        path: path.to_owned(),
        why: format!("its config cannot be read: {}", safe(error.to_string())),
    })?;
    let value = |key: &str| config.string(key).map(|value| value.to_string().to_lowercase());
    if let Some(storage) = value("extensions.refstorage").filter(|storage| storage != "files") {
        return Err(unsupported(format!("refs stored as {}", safe(storage))));
    }
    if value("extensions.partialclone").is_some() {
        return Err(unsupported("a partial clone".to_owned()));
    }
    match value("extensions.objectformat").as_deref() {
        None | Some("sha1") => Ok(ObjectFormat::Sha1),
        Some("sha256") => Ok(ObjectFormat::Sha256),
        Some(other) => Err(unsupported(format!("objects named by {}", safe(other)))),
    }
}
