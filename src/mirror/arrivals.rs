//! What a run remembers of many mirrors at once, because a durable write for each would cost more
//! than everything else: first copies that begin to count, and times.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::disk::atomic::{self, NewFile};
use crate::disk::{DiskError, limit};
use crate::model::clock::Timestamp;
use crate::source::Spec;

use super::record::folder_name;

/// So many first copies are made durable together. A run that is cut off fetches at most so many
/// again.
const TOGETHER: usize = 16;
const TIMES: &str = "proven.json";
const LIMIT: u64 = 64 << 20;

/// First copies that are complete, and count once everything of theirs is durable.
pub(super) struct Arrivals {
    root: PathBuf,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    records: Vec<NewFile>,
    failed: Option<DiskError>,
}

impl Arrivals {
    pub(super) fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), state: Mutex::default() }
    }

    /// Takes the record of a copy, whose name makes it count.
    pub(super) fn add(&self, record: NewFile) {
        let full = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.records.push(record);
            (state.records.len() >= TOGETHER).then(|| std::mem::take(&mut state.records))
        };
        if let Some(records) = full {
            self.settle(records);
        }
    }

    /// Makes the last ones count; fails when any could not be made durable.
    pub(super) fn end(&self) -> Result<(), DiskError> {
        let last = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut state.records)
        };
        if !last.is_empty() {
            self.settle(last);
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.failed.take().map_or(Ok(()), Err)
    }

    fn settle(&self, records: Vec<NewFile>) {
        if let Err(error) = atomic::commit_all(records, &self.root) {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.failed.get_or_insert(error);
        }
    }
}

/// When mirrors that did not change were last found equal to their sources, by folder.
pub(super) struct Times {
    before: BTreeMap<String, Timestamp>,
    now: Mutex<BTreeMap<String, Timestamp>>,
}

#[derive(Serialize, Deserialize)]
struct File {
    format_version: u32,
    proven_at: BTreeMap<String, Timestamp>,
}

impl Times {
    /// Reads what earlier runs left. A file that cannot be read only makes mirrors look older.
    pub(super) fn read(root: &Path) -> Self {
        let bytes = limit::read(&root.join(TIMES), LIMIT).unwrap_or_default();
        let before = serde_json::from_slice(&bytes).map(|file: File| file.proven_at);
        Self { before: before.unwrap_or_default(), now: Mutex::default() }
    }

    /// Returns the last time of a mirror's folder.
    pub(super) fn of(&self, mirror: &Path) -> Option<Timestamp> {
        self.before.get(&*mirror.file_name()?.to_string_lossy()).copied()
    }

    pub(super) fn note(&self, mirror: &Path, at: Timestamp) {
        let name = mirror.file_name().unwrap_or_default().to_string_lossy().into_owned();
        self.now.lock().unwrap_or_else(PoisonError::into_inner).insert(name, at);
    }

    /// Writes the times of all mirrors that are still configured, if there is a new one.
    pub(super) fn write(self, root: &Path, specs: &[Spec]) -> Result<(), DiskError> {
        let now = self.now.into_inner().unwrap_or_else(PoisonError::into_inner);
        if now.is_empty() {
            return Ok(());
        }
        let known: BTreeSet<String> = specs.iter().map(|spec| folder_name(&spec.name)).collect();
        let mut proven_at = self.before;
        proven_at.extend(now);
        proven_at.retain(|folder, _| known.contains(folder));
        let file = File { format_version: 1, proven_at };
        let bytes = serde_json::to_vec(&file).unwrap_or_default();
        atomic::write(&root.join(TIMES), &bytes, 0o600)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Location;

    fn spec(name: &str) -> Spec {
        let location: Location = format!("/srv/{name}.git").parse().unwrap();
        Spec { name: name.to_owned(), ..Spec::new(location) }
    }

    #[test]
    fn times_survive_and_those_of_repositories_that_went_do_not() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(folder_name(name));
        let times = Times::read(root.path());
        times.note(&at("a"), Timestamp::from_unix(10));
        times.note(&at("b"), Timestamp::from_unix(20));
        times.write(root.path(), &[spec("a"), spec("b")]).unwrap();
        let times = Times::read(root.path());
        assert_eq!(times.of(&at("a")), Some(Timestamp::from_unix(10)));
        times.note(&at("b"), Timestamp::from_unix(30));
        times.write(root.path(), &[spec("b")]).unwrap();
        let times = Times::read(root.path());
        assert_eq!(
            (times.of(&at("a")), times.of(&at("b"))),
            (None, Some(Timestamp::from_unix(30)))
        );
        std::fs::write(root.path().join(TIMES), b"{").unwrap();
        assert_eq!(Times::read(root.path()).of(&at("b")), None);
    }

    #[test]
    fn first_copies_count_in_groups_and_at_the_end() {
        let root = tempfile::tempdir().unwrap();
        let arrivals = Arrivals::new(root.path());
        let begin =
            |number: usize| NewFile::create(&root.path().join(format!("{number}")), 0o600).unwrap();
        let counted = || {
            let names = std::fs::read_dir(root.path()).unwrap().flatten();
            names.filter(|entry| !entry.file_name().to_string_lossy().starts_with(".tmp")).count()
        };
        for number in 0..=TOGETHER {
            arrivals.add(begin(number));
            assert_eq!(counted(), if number + 1 < TOGETHER { 0 } else { TOGETHER });
        }
        arrivals.end().unwrap();
        assert_eq!(counted(), TOGETHER + 1);
    }
}
