//! The kind of every object of a pack, read off its entries: nothing is inflated, and a chain of
//! deltas is followed once instead of for each of its members.

use std::path::Path;

use crate::model::git::{ObjectFormat, Oid};
use crate::model::safe::safe;

use super::error::RepoError;
use super::objects::Kind;
use super::store::{from_gix, hash, kind_of, to_gix};

/// The objects of one pack, in the order of the pack and by id.
pub(super) struct Kinds {
    index: gix_pack::index::File,
    /// Offset in the pack and place in the index, ascending.
    order: Vec<(u64, u32)>,
    /// By place in the index; `None` where the entry alone does not tell.
    by_place: Vec<Option<Kind>>,
}

impl Kinds {
    /// Reads a pack by its index, beside which it lies.
    pub(super) fn read(index: &Path, format: ObjectFormat) -> Result<Self, RepoError> {
        let broken = |error: &dyn std::fmt::Display| RepoError::Objects {
            path: index.to_owned(),
            why: safe(error.to_string()),
        };
        let file = gix_pack::index::File::at(index, hash(format)).map_err(|e| broken(&e))?;
        let pack = gix_pack::data::File::at(index.with_extension("pack"), hash(format))
            .map_err(|e| broken(&e))?;
        let mut order: Vec<(u64, u32)> =
            (0..file.num_objects()).map(|at| (file.pack_offset_at_index(at), at)).collect();
        order.sort_unstable();
        let mut kinds = vec![None; order.len()];
        for (offset, at) in &order {
            let entry = pack.entry(*offset).map_err(|e| broken(&e))?;
            kinds[*at as usize] = match entry.header {
                gix_pack::data::entry::Header::OfsDelta { base_distance } => {
                    let base = entry.checked_base_pack_offset(base_distance);
                    // A base comes before what builds on it, so its kind is known by now.
                    base.and_then(|base| order.binary_search_by_key(&base, |(at, _)| *at).ok())
                        .and_then(|found| kinds[order[found].1 as usize])
                }
                gix_pack::data::entry::Header::RefDelta { base_id } => {
                    file.lookup(base_id).and_then(|base| kinds[base as usize])
                }
                whole => whole.as_kind().map(kind_of),
            };
        }
        Ok(Self { index: file, order, by_place: kinds })
    }

    /// Goes through the objects in the order of the pack, in which the base of a delta was read not
    /// long before it.
    pub(super) fn in_order(&self) -> impl Iterator<Item = (Oid, Option<Kind>)> {
        self.order.iter().filter_map(|(_, at)| {
            Some((from_gix(self.index.oid_at_index(*at))?, self.by_place[*at as usize]))
        })
    }

    /// Returns the kind of an object of this pack, `None` where it is not here or not told.
    pub(super) fn of(&self, oid: Oid) -> Option<Kind> {
        self.by_place[self.index.lookup(to_gix(oid))? as usize]
    }
}
