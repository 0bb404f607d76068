//! What the job remembers from one snapshot to the next: which part holds what.
//!
//! The job cannot open its own bundles, so it keeps this beside the mirrors. Losing it costs a new
//! base and nothing else.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::BundleError;
use super::index::PackEntry;
use super::manifest::pretty;
use super::part::Written;
use super::shards::SHARDS;
use crate::disk::{atomic, limit};
use crate::model::digest::{Digest, keyed};
use crate::model::id::Seq;

/// No such file is larger, in bytes.
const LARGEST: u64 = 400 << 20;

/// The whole memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct WriterState {
    /// The version of this shape, 1.
    pub format_version: u32,
    /// The epoch whose key all listed parts are encrypted to.
    pub epoch: u32,
    /// Which repository falls into which shard is nobody else's business.
    secret: Digest,
    /// The base.
    pub base: Vec<BaseShard>,
    /// What came after it, oldest first.
    pub deltas: Vec<Delta>,
    /// What is sealed of each repository, by id.
    pub repos: BTreeMap<String, SealedRepo>,
    /// The snapshot that first pinned an old tip, by repository id and `<oid> <ref>`.
    pub pins: BTreeMap<String, BTreeMap<String, Seq>>,
}

/// The parts of one shard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BaseShard {
    /// Its number.
    pub shard: u8,
    /// Its parts.
    pub parts: Vec<Written>,
}

/// The parts of one delta.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delta {
    /// Its parts.
    pub parts: Vec<Written>,
    /// The ids of the repositories in it.
    pub repos: Vec<String>,
}

/// What is sealed of one repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SealedRepo {
    /// The digest of HEAD and all refs.
    pub content: Digest,
    /// The part that holds them.
    pub refs_part: Digest,
    /// Its packs, and where they are.
    pub packs: Vec<PackEntry>,
}

impl Default for SealedRepo {
    fn default() -> Self {
        Self { content: Digest::ZERO, refs_part: Digest::ZERO, packs: Vec::new() }
    }
}

impl WriterState {
    /// Returns the memory of a job that has sealed nothing. `random` decides the shards.
    pub fn new(random: [u8; 32]) -> Self {
        Self {
            format_version: 1,
            epoch: 0,
            secret: Digest::of(&random),
            base: Vec::new(),
            deltas: Vec::new(),
            repos: BTreeMap::new(),
            pins: BTreeMap::new(),
        }
    }

    /// Returns the same memory with nothing sealed, for a new epoch: a new key needs a new base.
    #[must_use]
    pub fn without_parts(&self, epoch: u32) -> Self {
        let (secret, pins) = (self.secret, self.pins.clone());
        Self { epoch, secret, pins, ..Self::new([0; 32]) }
    }

    /// Returns the shard that a repository falls into.
    pub fn shard(&self, id: &str) -> u8 {
        keyed(self.secret.as_bytes(), id.as_bytes()).as_bytes()[0] % SHARDS
    }

    /// Reads the memory, or `None` where there is none. One that cannot be read counts as lost.
    pub fn load(path: &Path) -> Result<Option<Self>, BundleError> {
        let Some(bytes) = limit::read_if_there(path, LARGEST)? else { return Ok(None) };
        Ok(serde_json::from_slice(&bytes).ok().filter(|state: &Self| state.format_version == 1))
    }

    /// Writes the memory durably.
    pub fn save(&self, path: &Path) -> Result<(), BundleError> {
        Ok(atomic::write(path, &pretty(self), 0o600)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn survives_a_round_trip_and_counts_damage_as_loss() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("writer.json");
        assert_eq!(WriterState::load(&path).unwrap(), None);
        let state = WriterState::new([1; 32]);
        state.save(&path).unwrap();
        assert_eq!(WriterState::load(&path).unwrap(), Some(state));
        std::fs::write(&path, b"{\"format-version\": 1").unwrap();
        assert_eq!(WriterState::load(&path).unwrap(), None);
    }

    #[test]
    fn shards_depend_on_the_secret() {
        let ids: Vec<String> = (0..64).map(|n| n.to_string()).collect();
        let spread = |state: &WriterState| ids.iter().map(|id| state.shard(id)).collect::<Vec<_>>();
        let (one, two) = (WriterState::new([1; 32]), WriterState::new([2; 32]));
        assert_ne!(spread(&one), spread(&two));
        assert!(spread(&one).iter().all(|shard| *shard < SHARDS));
        assert_eq!(spread(&one), spread(&one.without_parts(2)));
    }
}
