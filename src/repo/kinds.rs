//! The kind of every object of a pack, read off its entries: nothing is inflated, and a chain of
//! deltas is followed once instead of for each of its members. The objects can be read as well, each
//! at its place and without a search.

use std::path::Path;

use gix_pack::cache::lru::MemoryCappedHashmap;
use gix_pack::data::decode::entry::ResolvedBase;

use crate::model::git::{ObjectFormat, Oid};
use crate::model::safe::safe;

use super::error::RepoError;
use super::objects::Kind;
use super::store::{CACHE, OBJECT_LIMIT, from_gix, hash, kind_of};

/// The objects of one pack, in its order.
pub(super) struct Kinds {
    index: gix_pack::index::File,
    pack: gix_pack::data::File,
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
        let pack = index.with_extension("pack");
        let pack = gix_pack::data::File::at(pack, hash(format)).map_err(|e| broken(&e))?;
        let pack = pack.with_alloc_limit_bytes(Some(OBJECT_LIMIT));
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
        Ok(Self { index: file, pack, order, by_place: kinds })
    }

    /// Returns how many objects there are.
    pub(super) fn count(&self) -> usize {
        self.order.len()
    }

    /// Goes through the objects in the order of the pack, in which the base of a delta was read not
    /// long before it.
    pub(super) fn in_order(&self) -> impl Iterator<Item = (Oid, Option<Kind>)> {
        self.order.iter().filter_map(|(_, at)| {
            Some((from_gix(self.index.oid_at_index(*at))?, self.by_place[*at as usize]))
        })
    }

    /// Like [`Kinds::in_order`], with the place of each object in the pack instead of its id.
    pub(super) fn places(&self) -> impl Iterator<Item = (u64, Option<Kind>)> {
        self.order.iter().map(|(offset, at)| (*offset, self.by_place[*at as usize]))
    }

    /// Reads the object at a place of this pack; `None` where it is damaged.
    pub(super) fn object<'a>(
        &self,
        offset: u64,
        reading: &'a mut Reading,
    ) -> Option<(Kind, &'a [u8])> {
        let base = |id: &gix::oid, _: &mut Vec<u8>| {
            let Some(at) = self.index.lookup(id) else { return Ok(None) };
            let entry = self.pack.entry(self.index.pack_offset_at_index(at))?;
            Ok(Some(ResolvedBase::InPack(entry)))
        };
        let entry = self.pack.entry(offset).ok()?;
        let Reading { buffer, inflate, bases } = reading;
        let decoded = self.pack.decode_entry(entry, buffer, inflate, &base, bases).ok()?;
        Some((kind_of(decoded.kind), buffer))
    }
}

/// What reading one object after another of one pack needs.
pub(super) struct Reading {
    buffer: Vec<u8>,
    inflate: gix::zlib::Inflate,
    bases: MemoryCappedHashmap,
}

impl Default for Reading {
    fn default() -> Self {
        let (buffer, inflate) = (Vec::new(), gix::zlib::Inflate::default());
        Self { buffer, inflate, bases: MemoryCappedHashmap::new(CACHE) }
    }
}
