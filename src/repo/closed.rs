//! Whether packs are closed under links: each object is read once, in the order of its pack.

use crate::model::cancel::Cancel;
use crate::model::git::Oid;

use super::bare::Bare;
use super::error::RepoError;
use super::kinds::{Kinds, Reading};
use super::objects::{self, Kind};
use super::oid_set::OidMap;
use super::trees::Trees;

impl Bare {
    /// Returns whether the packs hold `tips` and every object that any object in them links to, of
    /// the kind that the link says. What cannot be told counts as no.
    pub(super) fn is_closed(&self, tips: &[Oid], cancel: &Cancel) -> Result<bool, RepoError> {
        let packs = self.packs()?;
        let tables = packs.iter().map(|pack| Kinds::read(&pack.index, self.format()));
        let Ok(tables) = tables.collect::<Result<Vec<_>, _>>() else { return Ok(false) };
        let kinds = kinds(&tables);
        if !tips.iter().all(|tip| kinds.contains_key(tip)) {
            return Ok(false);
        }
        let mut trees = Trees::new(self.format());
        for table in &tables {
            let mut reading = Reading::default();
            for (count, (offset, kind)) in table.places().enumerate() {
                if count.is_multiple_of(1024) {
                    cancel.check()?;
                }
                if kind == Some(Kind::Blob) {
                    continue;
                }
                let Some((found, data)) = table.object(offset, &mut reading) else {
                    return Ok(false);
                };
                let mut whole = kind == Some(found);
                let look = |link: Oid, expected: Kind| {
                    whole = whole && kinds.get(&link) == Some(&expected);
                };
                let parsed = match found {
                    Kind::Tree => trees.visit(data, look),
                    _ => objects::links(found, data, self.format(), look),
                };
                if !(parsed && whole) {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }
}

/// The kind of every object of all packs, where it is told.
fn kinds(tables: &[Kinds]) -> OidMap<Kind> {
    let mut kinds = OidMap::default();
    kinds.reserve(tables.iter().map(Kinds::count).sum());
    for (oid, kind) in tables.iter().flat_map(Kinds::in_order) {
        if let Some(kind) = kind {
            kinds.entry(oid).or_insert(kind);
        }
    }
    kinds
}
