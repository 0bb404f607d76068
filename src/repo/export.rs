//! Writing the files of a revision where people and tools can read them, safely.
//!
//! Promise: nothing is run, nothing is written outside the folder, limits are met before the first
//! file is written, and what is left out is told. The list is made first, from names and sizes
//! alone, so that a tree that expands to a hundred million files costs no more than the limit.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use crate::disk::{DiskError, folder, scratch};
use crate::model::cancel::Cancel;
use crate::model::git::Oid;
use crate::model::safe::safe;

use super::bare::Bare;
use super::error::RepoError;
use super::lookup::{entry_at, read_blob};
use super::names::{link_stays_inside, unsafe_component};
use super::objects::{self, EntryKind, Kind};
use super::store::Store;

/// A symbolic link longer than this is not one.
const LINK_LIMIT: u64 = 4096;
/// A path longer than this, in bytes, is left out: systems take 4096 with the folder before it.
const LONGEST_PATH: usize = 3500;
/// All paths together may take this much memory, in bytes: twenty folders of long names around
/// every file would fill it before the number of files is large.
const ALL_PATHS: u64 = 64 << 20;
/// More omissions than this are counted, not listed.
const SKIPPED_LIMIT: usize = 1000;

/// How much a revision may hold.
#[derive(Clone, Copy, Debug)]
pub struct ExportLimits {
    /// Files, links and folders together.
    pub entries: u64,
    /// Bytes of all files.
    pub bytes: u64,
    /// Bytes of one file; a larger one is left out and told.
    pub file_bytes: u64,
    /// Folders within folders.
    pub depth: usize,
}

impl Default for ExportLimits {
    fn default() -> Self {
        Self { entries: 200_000, bytes: 4 << 30, file_bytes: 512 << 20, depth: 100 }
    }
}

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    /// Files and links.
    pub files: u64,
    /// Bytes of the files.
    pub bytes: u64,
    /// What was left out.
    pub skipped: Vec<Skipped>,
}

/// Something in the tree that was not written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Its path, safe to show.
    pub path: String,
    /// Why.
    pub why: String,
}

/// One thing to write.
struct Item {
    path: PathBuf,
    depth: usize,
    kind: EntryKind,
    oid: Oid,
}

impl Bare {
    /// Writes the files of `commit` below `folder` (empty for all) to `dest`, which must not exist.
    ///
    /// The files are not synced: after a crash they are exported again.
    /// Line endings, `ident` and every other filter are left alone: the bytes are those in Git.
    pub fn export(
        &self,
        commit: Oid,
        folder: &str,
        dest: &Path,
        limits: &ExportLimits,
        cancel: &Cancel,
    ) -> Result<Exported, RepoError> {
        let store = self.store()?;
        let no_path = || RepoError::NoPath { commit, path: safe(folder) };
        let (kind, root) = entry_at(&store, commit, folder)?.ok_or_else(no_path)?;
        if kind != EntryKind::Tree {
            return Err(no_path());
        }
        let mut list = List {
            store: &store,
            limits,
            cancel,
            entries: 0,
            paths: 0,
            items: Vec::new(),
            done: Exported::default(),
        };
        list.fill(root)?;
        let List { items, mut done, .. } = list;
        folder::create_new(dest, 0o755)?;
        write_all(&store, dest, items, limits, &mut done, cancel)?;
        Ok(done)
    }
}

/// The walk that decides what will be written.
struct List<'a> {
    store: &'a Store,
    limits: &'a ExportLimits,
    cancel: &'a Cancel,
    entries: u64,
    /// The length of all their paths.
    paths: u64,
    items: Vec<Item>,
    done: Exported,
}

impl List<'_> {
    fn fill(&mut self, root: Oid) -> Result<(), RepoError> {
        let mut buffer = Vec::new();
        let mut queue = vec![(PathBuf::new(), 0, root)];
        while let Some((path, depth, tree)) = queue.pop() {
            self.cancel.check()?;
            let (Kind::Tree, data) = self.store.checked(tree, &mut buffer)? else {
                return Err(RepoError::Damaged { oid: tree, why: "it is not a tree" });
            };
            let mut seen = HashSet::new();
            for entry in objects::tree(data, self.store.format()) {
                let Some(entry) = entry else {
                    return Err(RepoError::Damaged { oid: tree, why: "it cannot be parsed" });
                };
                let at = path.join(OsStr::from_bytes(entry.name));
                self.count(&at)?;
                if let Some(why) = unsafe_component(entry.name) {
                    let shown = [path.as_os_str().as_bytes(), b"/", entry.name].concat();
                    self.done.skip(shown.trim_ascii_start(), why);
                } else if at.as_os_str().len() > LONGEST_PATH {
                    self.done.skip(at.as_os_str().as_bytes(), "a path longer than systems allow");
                } else if !seen.insert(entry.name.to_vec()) {
                    self.done.skip(at.as_os_str().as_bytes(), "the same name a second time");
                } else {
                    match entry.kind() {
                        EntryKind::Tree if depth >= self.limits.depth => {
                            let (what, limit) = ("the depth of folders", self.limits.depth as u64);
                            return Err(RepoError::TooLarge { what: what.to_owned(), limit });
                        }
                        EntryKind::Tree => queue.push((at, depth + 1, entry.oid)),
                        kind => self.add(at, depth, kind, entry.oid)?,
                    }
                }
            }
        }
        Ok(())
    }

    fn count(&mut self, path: &Path) -> Result<(), RepoError> {
        self.paths += path.as_os_str().len() as u64;
        if self.paths > ALL_PATHS {
            let what = "the length of all paths".to_owned();
            return Err(RepoError::TooLarge { what, limit: ALL_PATHS });
        }
        self.entries += 1;
        if self.entries > self.limits.entries {
            let what = "the number of files and folders".to_owned();
            return Err(RepoError::TooLarge { what, limit: self.limits.entries });
        }
        Ok(())
    }

    fn add(
        &mut self,
        path: PathBuf,
        depth: usize,
        kind: EntryKind,
        oid: Oid,
    ) -> Result<(), RepoError> {
        let shown = path.as_os_str().as_bytes();
        if kind == EntryKind::Gitlink {
            self.done.skip(shown, "a submodule, which lives elsewhere");
            return Ok(());
        }
        let size = match self.store.header(oid)? {
            Some((Kind::Blob, size)) => size,
            Some(_) => return Err(RepoError::Damaged { oid, why: "it is not a file" }),
            None => return Err(RepoError::Missing { oid }),
        };
        let limit = if kind == EntryKind::Symlink { LINK_LIMIT } else { self.limits.file_bytes };
        if size > limit {
            self.done.skip(shown, &format!("{size} bytes, more than the limit of {limit}"));
            return Ok(());
        }
        self.done.bytes += size;
        if self.done.bytes > self.limits.bytes {
            let what = "the size of all files".to_owned();
            return Err(RepoError::TooLarge { what, limit: self.limits.bytes });
        }
        self.items.push(Item { path, depth, kind, oid });
        Ok(())
    }
}

impl Exported {
    fn skip(&mut self, path: &[u8], why: &str) {
        if self.skipped.len() < SKIPPED_LIMIT {
            self.skipped.push(Skipped { path: safe(path), why: why.to_owned() });
        }
    }
}

/// Writes files, then links: no link exists while files are written, so none can be followed.
fn write_all(
    store: &Store,
    dest: &Path,
    items: Vec<Item>,
    limits: &ExportLimits,
    done: &mut Exported,
    cancel: &Cancel,
) -> Result<(), RepoError> {
    let (links, files): (Vec<Item>, Vec<Item>) =
        items.into_iter().partition(|item| item.kind == EntryKind::Symlink);
    for item in files {
        cancel.check()?;
        let at = dest.join(&item.path);
        make_parent(&at)?;
        let bytes = read_blob(store, item.oid, &item.path.to_string_lossy(), limits.file_bytes)?;
        let mode = if item.kind == EntryKind::Executable { 0o755 } else { 0o644 };
        let written = scratch::create(&at, mode)?.write_all(&bytes);
        written.map_err(DiskError::at("write", &at))?;
        done.files += 1;
    }
    for item in links {
        let target = read_blob(store, item.oid, "a symbolic link", LINK_LIMIT)?;
        if !link_stays_inside(&target, item.depth) {
            let why = format!("a symbolic link that leads outside: {}", safe(&target));
            done.skip(item.path.as_os_str().as_bytes(), &why);
            continue;
        }
        let at = dest.join(&item.path);
        make_parent(&at)?;
        std::os::unix::fs::symlink(OsStr::from_bytes(&target), &at)
            .map_err(DiskError::at("link", &at))?;
        done.files += 1;
    }
    Ok(())
}

fn make_parent(path: &Path) -> Result<(), RepoError> {
    match path.parent() {
        Some(parent) if !parent.is_dir() => Ok(scratch::folder(parent)?),
        _ => Ok(()),
    }
}
