//! Sets and maps of object ids. An id is a hash already; a secret key is mixed in, so that nobody
//! can choose ids that all fall into one place.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, Hasher, RandomState};

use crate::model::git::Oid;

/// A map by object id.
pub(super) type OidMap<T> = HashMap<Oid, T, Keyed>;
/// A set of object ids.
pub(super) type OidSet = HashSet<Oid, Keyed>;

/// Makes hashers with one key of its own.
#[derive(Clone)]
pub(super) struct Keyed(u64);

impl Default for Keyed {
    fn default() -> Self {
        Self(RandomState::new().hash_one(0_u8))
    }
}

impl BuildHasher for Keyed {
    type Hasher = Folded;

    fn build_hasher(&self) -> Folded {
        Folded(self.0)
    }
}

/// Folds the first eight bytes of an id and the key into a number.
pub(super) struct Folded(u64);

impl Hasher for Folded {
    fn write(&mut self, bytes: &[u8]) {
        // The golden ratio, as it is usual: odd, and half of its bits are set.
        const MULTIPLIER: u128 = 0x9e37_79b9_7f4a_7c15;
        if let Some(head) = bytes.first_chunk() {
            let product = u128::from(self.0 ^ u64::from_le_bytes(*head)) * MULTIPLIER;
            let halves = product.to_le_bytes();
            let half =
                |at: usize| halves[at..].first_chunk().map_or(0, |half| u64::from_le_bytes(*half));
            self.0 = half(0) ^ half(8);
        }
    }

    // Which kind of id and how long it is are the same for all in one repository.
    fn write_isize(&mut self, _: isize) {}
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u32) -> Oid {
        let digest = crate::model::digest::Digest::of(&number.to_le_bytes());
        Oid::from_bytes(&digest.as_bytes()[..20]).unwrap()
    }

    #[test]
    fn ids_spread_and_are_found_again() {
        let mut set = OidSet::default();
        assert!((0..10_000).all(|number| set.insert(id(number))));
        assert!((0..10_000).all(|number| set.contains(&id(number))) && !set.contains(&id(10_000)));
        let keyed = Keyed::default();
        let mut low: Vec<u64> = (0..1000).map(|number| keyed.hash_one(id(number)) % 1024).collect();
        low.sort_unstable();
        low.dedup();
        // Of a thousand balls in 1024 boxes some 640 lie in a box that is theirs first.
        assert!(low.len() > 500, "{} of 1000", low.len());
        assert_ne!(keyed.hash_one(id(1)), Keyed(keyed.0 ^ 1).hash_one(id(1)));
    }
}
