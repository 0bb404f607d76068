//! Proof of connectivity: that everything a tip needs is there.
//!
//! Two proofs. [`dangling`] looks at one new pack and asks that every link of every object in it is
//! there; a store that only ever grew by packs which passed it is closed under links, so that any
//! object in it is whole. [`Bare::missing`] trusts nothing: it asks whether the packs together are
//! closed (`closed`), and where they are not, it walks from the tips to see whether they lack what is
//! missing.

use std::collections::BinaryHeap;
use std::path::Path;

use crate::model::cancel::Cancel;
use crate::model::git::Oid;

use super::bare::Bare;
use super::error::RepoError;
use super::kinds::Kinds;
use super::lint::{Finding, lint};
use super::objects::{self, Kind};
use super::oid_set::OidSet;
use super::store::Store;

/// More holes than this are not listed.
const LISTED: usize = 100;
/// Commit times lie by less than this, or an old tip counts as rewritten without need.
const CLOCK_SLACK: i64 = 7 * 24 * 3600;

impl Bare {
    /// Returns objects that `tips` need and that are not there, at most a hundred. `proven` tips
    /// are taken to be whole, and so is everything they reach.
    pub fn missing(
        &self,
        tips: &[Oid],
        proven: &[Oid],
        cancel: &Cancel,
    ) -> Result<Vec<Oid>, RepoError> {
        if proven.is_empty() && self.is_closed(tips, cancel)? {
            return Ok(Vec::new());
        }
        let store = self.store()?;
        let mut walk = Walk { store: &store, seen: OidSet::default(), missing: Vec::new(), cancel };
        walk.mark(proven)?;
        walk.run(tips)?;
        Ok(walk.missing)
    }

    /// Returns whether `old` can be reached from `from`, so that moving a ref from `old` to `from`
    /// forgets nothing. An old tip far from where its date would put it counts as not reached.
    pub fn reaches(&self, from: Oid, old: Oid) -> Result<bool, RepoError> {
        reaches(&self.store()?, from, old)
    }
}

/// The same over an open store.
pub(crate) fn reaches(store: &Store, from: Oid, old: Oid) -> Result<bool, RepoError> {
    let mut buffer = Vec::new();
    if from == old {
        return Ok(true);
    }
    let Some((Kind::Commit, data)) = store.find(old, &mut buffer)? else { return Ok(false) };
    let floor = objects::commit(data).map_or(i64::MIN, |old| old.time.saturating_sub(CLOCK_SLACK));
    let mut seen = OidSet::from_iter([from]);
    let mut queue = BinaryHeap::from([(i64::MAX, from)]);
    while let Some((_, oid)) = queue.pop() {
        let Some((Kind::Commit, data)) = store.find(oid, &mut buffer)? else { continue };
        let Some(commit) = objects::commit(data) else { continue };
        if commit.parents.contains(&old) {
            return Ok(true);
        }
        if commit.time >= floor {
            let new = commit.parents.into_iter().filter(|parent| seen.insert(*parent));
            queue.extend(new.map(|parent| (commit.time, parent)));
        }
    }
    Ok(false)
}

/// Returns the objects that `wants` reach and `haves` do not. What is missing is an error.
pub(super) fn between(
    store: &Store,
    wants: &[Oid],
    haves: &[Oid],
    cancel: &Cancel,
) -> Result<Vec<Oid>, RepoError> {
    let mut walk = Walk { store, seen: OidSet::default(), missing: Vec::new(), cancel };
    walk.mark(haves)?;
    let before = walk.seen.clone();
    walk.run(wants)?;
    match walk.missing.first() {
        Some(oid) => Err(RepoError::Missing { oid: *oid }),
        None => Ok(walk.seen.difference(&before).copied().collect()),
    }
}

/// A walk over objects, each visited once, without recursion.
struct Walk<'a> {
    store: &'a Store,
    seen: OidSet,
    missing: Vec<Oid>,
    cancel: &'a Cancel,
}

impl Walk<'_> {
    /// Marks as seen what `proven` tips reach: all their history, and the trees of the tips
    /// themselves. Older trees are simply walked again where a new commit shares them.
    fn mark(&mut self, proven: &[Oid]) -> Result<(), RepoError> {
        let mut buffer = Vec::new();
        let mut trees = Vec::new();
        let tips: OidSet = proven.iter().copied().collect();
        let mut queue = proven.to_vec();
        while let Some(oid) = queue.pop() {
            if !self.seen.insert(oid) {
                continue;
            }
            self.cancel.check()?;
            match self.store.find(oid, &mut buffer)? {
                Some((Kind::Commit, data)) => {
                    let Some(commit) = objects::commit(data) else { continue };
                    if tips.contains(&oid) {
                        trees.push(commit.tree);
                    }
                    queue.extend(commit.parents);
                }
                Some((Kind::Tag, data)) => {
                    queue.extend(objects::tag_target(data).map(|(target, _)| target));
                }
                Some((Kind::Tree, _)) => {
                    self.seen.remove(&oid);
                    trees.push(oid);
                }
                _ => {}
            }
        }
        let found = std::mem::take(&mut self.missing);
        self.run(&trees)?;
        self.missing = found;
        Ok(())
    }

    fn run(&mut self, tips: &[Oid]) -> Result<(), RepoError> {
        let mut buffer = Vec::new();
        let mut queue: Vec<(Oid, Option<Kind>)> = tips.iter().map(|tip| (*tip, None)).collect();
        let mut visited = 0_u64;
        while let Some((oid, expected)) = queue.pop() {
            if !self.seen.insert(oid) {
                continue;
            }
            visited += 1;
            if visited.is_multiple_of(1024) {
                self.cancel.check()?;
            }
            if !self.visit(oid, expected, &mut buffer, &mut queue)? {
                self.missing.push(oid);
                if self.missing.len() >= LISTED {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Returns whether the object is there, is of the expected kind, and parses.
    fn visit(
        &self,
        oid: Oid,
        expected: Option<Kind>,
        buffer: &mut Vec<u8>,
        queue: &mut Vec<(Oid, Option<Kind>)>,
    ) -> Result<bool, RepoError> {
        if expected == Some(Kind::Blob) {
            return Ok(self.store.has(oid));
        }
        let Some((kind, _)) = self.store.header(oid)? else { return Ok(false) };
        if expected.is_some_and(|expected| expected != kind) {
            return Ok(false);
        }
        if kind == Kind::Blob {
            return Ok(true);
        }
        let Some((kind, data)) = self.store.find(oid, buffer)? else { return Ok(false) };
        let format = self.store.format();
        Ok(objects::links(kind, data, format, |oid, kind| queue.push((oid, Some(kind)))))
    }
}

/// What looking at every object of a pack showed.
#[derive(Debug, Default)]
pub(crate) struct Proof {
    /// What objects of the pack link to and nobody holds, at most a hundred.
    pub(crate) holes: Vec<Oid>,
    /// What a strict reader would object to, at most a hundred.
    pub(crate) findings: Vec<Finding>,
}

/// Looks at every link of every object of the pack with this `index`. `over` holds the pack itself
/// and everything it may build on.
pub(crate) fn dangling(index: &Path, over: &Store, cancel: &Cancel) -> Result<Proof, RepoError> {
    let kinds = Kinds::read(index, over.format())?;
    let mut known = OidSet::default();
    let mut proof = Proof::default();
    let mut buffer = Vec::new();
    for (count, (oid, kind)) in kinds.in_order().enumerate() {
        if count.is_multiple_of(1024) {
            cancel.check()?;
        }
        let kind = match kind {
            Some(kind) => Some(kind),
            None => over.header(oid)?.map(|(kind, _)| kind),
        };
        if kind == Some(Kind::Blob) {
            continue;
        }
        let (kind, data) = over.find(oid, &mut buffer)?.ok_or(RepoError::Missing { oid })?;
        if !objects::links(kind, data, over.format(), |link, _| {
            proof.look(link, over, &mut known);
        }) {
            return Err(RepoError::Damaged { oid, why: "it cannot be parsed" });
        }
        if proof.findings.len() < LISTED {
            let found = lint(kind, data, over.format());
            proof.findings.extend(found.into_iter().map(|what| Finding { oid, what }));
        }
    }
    Ok(proof)
}

impl Proof {
    fn look(&mut self, link: Oid, over: &Store, known: &mut OidSet) {
        if known.contains(&link) {
            return;
        }
        if over.has(link) {
            known.insert(link);
        } else if self.holes.len() < LISTED && !self.holes.contains(&link) {
            self.holes.push(link);
        }
    }
}

/// Returns a commit and its first parents, at most `limit`; nothing for other objects.
pub(crate) fn first_parents(store: &Store, from: Oid, limit: usize) -> Result<Vec<Oid>, RepoError> {
    let mut found = Vec::new();
    let mut buffer = Vec::new();
    let mut at = Some(from);
    while let Some(oid) = at.filter(|_| found.len() < limit) {
        let Some((Kind::Commit, data)) = store.find(oid, &mut buffer)? else { break };
        found.push(oid);
        at = objects::commit(data).and_then(|commit| commit.parents.first().copied());
    }
    Ok(found)
}
