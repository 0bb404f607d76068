//! Going through many trees, each entry once.
//!
//! A commit changes one file, and so of each folder above it one entry: a tree mostly repeats, byte
//! for byte, the tree of the same folder before it. What stands in both at the beginning and at the
//! end was visited with the former, so that only what lies between is.

use crate::model::git::{ObjectFormat, Oid};

use super::objects::{Kind, tree_entry};

/// How many trees are remembered.
const REMEMBERED: usize = 256;
/// A larger tree is not remembered, in bytes.
const LARGEST: usize = 32 << 10;
/// Bytes that are compared at once.
const BLOCK: usize = 16;

/// Trees that were visited, one for each place that a folder may fall into.
pub(super) struct Trees {
    format: ObjectFormat,
    visited: Vec<Visited>,
    /// Where entries begin that were looked at just now.
    fresh: Vec<usize>,
}

/// One tree and where its entries begin.
#[derive(Default)]
struct Visited {
    data: Vec<u8>,
    starts: Vec<usize>,
}

impl Trees {
    pub(super) fn new(format: ObjectFormat) -> Self {
        let visited = std::iter::repeat_with(Visited::default).take(REMEMBERED).collect();
        Self { format, visited, fresh: Vec::new() }
    }

    /// Calls `visit` with what a tree links to, but for links that it was called with before.
    /// Returns whether the tree could be parsed.
    pub(super) fn visit(&mut self, data: &[u8], visit: impl FnMut(Oid, Kind)) -> bool {
        let before = &mut self.visited[place(data)];
        let parsed = before.go_on(data, self.format, &mut self.fresh, visit);
        if !parsed || data.len() > LARGEST {
            *before = Visited::default();
        }
        parsed
    }
}

/// Trees of the same folder mostly have the same first name and much the same length.
fn place(data: &[u8]) -> usize {
    let name = data.iter().take(64).take_while(|byte| **byte != 0).copied();
    let length = data.len().checked_ilog2().and_then(|length| u8::try_from(length).ok());
    // FNV-1a: short, and names that differ in a digit fall far apart.
    let hash = name.chain(length).fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    usize::try_from(hash % REMEMBERED as u64).unwrap_or(0)
}

impl Visited {
    /// Becomes the tree `data`, visiting what differs.
    fn go_on(
        &mut self,
        data: &[u8],
        format: ObjectFormat,
        fresh: &mut Vec<usize>,
        mut visit: impl FnMut(Oid, Kind),
    ) -> bool {
        let same = alike(data.chunks(BLOCK).zip(self.data.chunks(BLOCK)), |one, other| {
            one.iter().zip(other).take_while(|(one, other)| one == other).count()
        });
        // The entry in which they part, or which ends where they do, is looked at anew.
        let kept = self.starts.partition_point(|start| *start <= same).saturating_sub(1);
        let begin = self.starts.get(kept).copied().unwrap_or(0);
        let (new, old) = (&data[begin..], &self.data[begin..]);
        let tail = alike(new.rchunks(BLOCK).zip(old.rchunks(BLOCK)), |one, other| {
            one.iter().rev().zip(other.iter().rev()).take_while(|(one, other)| one == other).count()
        });
        // Entries of the former from here on end the new one as well, so much later or earlier.
        let mut again = self.starts.partition_point(|start| self.data.len() - start > tail);
        let before = self.data.len();
        let moved = |start: usize| start + data.len() - before;

        fresh.clear();
        let mut rest = new;
        while !rest.is_empty() {
            let at = data.len() - rest.len();
            while self.starts.get(again).is_some_and(|start| moved(*start) < at) {
                again += 1;
            }
            if self.starts.get(again).is_some_and(|start| moved(*start) == at) {
                break;
            }
            let Some(entry) = tree_entry(&mut rest, format) else { return false };
            if let Some(kind) = entry.link() {
                visit(entry.oid, kind);
            }
            fresh.push(at);
        }
        if rest.is_empty() {
            again = self.starts.len();
        }
        if data.len() != before {
            self.starts[again..].iter_mut().for_each(|start| *start = moved(*start));
        }
        self.starts.splice(kept..again, fresh.drain(..));
        self.data.clear();
        self.data.extend_from_slice(data);
        true
    }
}

/// Returns how many bytes are the same in pairs of blocks; `within` counts those of the first pair
/// that differs.
fn alike<'a>(
    pairs: impl Iterator<Item = (&'a [u8], &'a [u8])>,
    within: impl Fn(&[u8], &[u8]) -> usize,
) -> usize {
    let mut same = 0;
    for (one, other) in pairs {
        if one != other {
            return same + within(one, other);
        }
        same += one.len();
    }
    same
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repo::objects::links;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    /// The bytes of a tree with an entry for each name and first byte of an id.
    fn tree(entries: &[(String, u8)]) -> Vec<u8> {
        let entry = |(name, id): &(String, u8)| {
            let mode = if id % 3 == 0 { "40000" } else { "100644" };
            [format!("{mode} {name}\0").as_bytes(), &[*id; 20]].concat()
        };
        entries.iter().flat_map(entry).collect()
    }

    proptest! {
        /// Whatever trees follow each other, all links of all of them are visited, and none else.
        #[test]
        fn nothing_is_left_out(
            trees in prop::collection::vec(
                prop::collection::vec(("[ab]{1,40}", 0_u8..4), 0..12), 1..12),
            cut in any::<prop::sample::Index>(),
        ) {
            let mut visited = BTreeSet::new();
            let mut expected = BTreeSet::new();
            let mut seen = Trees::new(ObjectFormat::Sha1);
            for (number, entries) in trees.iter().enumerate() {
                let mut data = tree(entries);
                if number + 1 == trees.len() {
                    data.truncate(cut.index(data.len() + 1));
                }
                let whole = links(Kind::Tree, &data, ObjectFormat::Sha1, |oid, kind| {
                    expected.insert((oid, kind));
                });
                let parsed = seen.visit(&data, |oid, kind| {
                    visited.insert((oid, kind));
                });
                prop_assert_eq!(parsed, whole);
            }
            prop_assert_eq!(visited, expected);
        }
    }

    #[test]
    fn what_is_repeated_is_not_visited_again() {
        let names: Vec<_> = (0..100).map(|number| (format!("file-{number:03}"), number)).collect();
        let mut changed = names.clone();
        changed[50].1 = 200;
        changed.remove(20);
        let mut seen = Trees::new(ObjectFormat::Sha1);
        let mut count = |entries: &[_]| {
            let mut visits = 0;
            assert!(seen.visit(&tree(entries), |_, _| visits += 1));
            visits
        };
        assert_eq!(count(&names), 100);
        assert_eq!(count(&names), 0);
        assert_eq!(count(&changed), 30, "all between what both ends share");
        assert_eq!(count(&changed[..90]), 0);
    }
}
