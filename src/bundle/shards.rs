//! Which parts a snapshot must write, as a value: base shards to rewrite, repositories for a delta.
//!
//! An unchanged repository costs nothing, a changed one a delta. Before the deltas grow too many or
//! too large, every shard they touch is written anew and the list of deltas is emptied: a delta left
//! behind would roll refs back.

use std::collections::{BTreeMap, BTreeSet};

use super::manifest::MOST_DELTAS;
use super::part::Written;
use super::writer::WriterState;
use crate::model::digest::Digest;

/// How many base shards a stream has at most.
pub(super) const SHARDS: u8 = 64;

/// Deltas may always grow to this, however small the base is, in bytes.
const SMALL_DELTAS: u64 = 16 << 20;

/// What the layout needs to know of a repository.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// Its id.
    pub id: String,
    /// The digest of its refs.
    pub content: Digest,
    /// The bytes of packs that no listed part holds yet.
    pub new_bytes: u64,
}

/// What to write.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Layout {
    /// Base shards to write anew; the parts of all others stay.
    pub rewrite: BTreeSet<u8>,
    /// Whether the listed deltas are dropped.
    pub drop_deltas: bool,
    /// The ids of the repositories in a new delta.
    pub delta: BTreeSet<String>,
}

/// Returns what to write for `items`, given what was sealed before and which parts are still held.
pub(super) fn lay_out(
    items: &[Item],
    state: &WriterState,
    held: impl Fn(&Written) -> bool,
) -> Layout {
    let changed: BTreeSet<&Item> = items.iter().filter(|item| is_changed(item, state)).collect();
    let shard_of = |id: &str| state.shard(id);
    let lost_base = state.base.iter().filter(|base| !base.parts.iter().all(&held));
    let lost: BTreeSet<u8> = lost_base.map(|base| base.shard).collect();
    let lost_delta = state.deltas.iter().any(|delta| !delta.parts.iter().all(&held));
    let nothing_sealed = state.base.is_empty();

    let fits = !nothing_sealed && lost.is_empty() && !lost_delta && delta_fits(&changed, state);
    if fits {
        let delta = changed.iter().map(|item| item.id.clone()).collect();
        return Layout { delta, ..Layout::default() };
    }
    let in_deltas = state.deltas.iter().flat_map(|delta| delta.repos.iter().map(|id| shard_of(id)));
    let of_changed = changed.iter().map(|item| shard_of(&item.id));
    let mut rewrite: BTreeSet<u8> = in_deltas.chain(of_changed).chain(lost).collect();
    if nothing_sealed {
        rewrite.extend(items.iter().map(|item| shard_of(&item.id)));
    }
    Layout { rewrite, drop_deltas: true, delta: BTreeSet::new() }
}

fn is_changed(item: &Item, state: &WriterState) -> bool {
    state.repos.get(&item.id).is_none_or(|sealed| sealed.content != item.content)
}

/// Whether what changed can be one more delta.
fn delta_fits(changed: &BTreeSet<&Item>, state: &WriterState) -> bool {
    let size = |parts: &[Written]| parts.iter().map(|part| part.size).sum::<u64>();
    let base: u64 = state.base.iter().map(|base| size(&base.parts)).sum();
    let deltas: u64 = state.deltas.iter().map(|delta| size(&delta.parts)).sum();
    let new: u64 = changed.iter().map(|item| item.new_bytes).sum();
    let count: usize = state.deltas.iter().map(|delta| delta.parts.len()).sum();
    changed.is_empty()
        || count < MOST_DELTAS && deltas.saturating_add(new) <= (base / 4).max(SMALL_DELTAS)
}

impl PartialEq for Item {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Item {}

impl PartialOrd for Item {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Item {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.id.cmp(&other.id)
    }
}

/// Splits what one shard or delta holds into parts of at most `limit` bytes, larger only where one
/// piece is. Returns the positions of the pieces in each part.
pub(super) fn cut(sizes: &[u64], limit: u64) -> Vec<Vec<usize>> {
    let mut parts: Vec<Vec<usize>> = Vec::new();
    let mut filled = 0_u64;
    for (position, size) in sizes.iter().enumerate() {
        match parts.last_mut() {
            Some(part) if filled.saturating_add(*size) <= limit => {
                part.push(position);
                filled += size;
            }
            _ => {
                parts.push(vec![position]);
                filled = *size;
            }
        }
    }
    parts
}

/// Groups the ids of `items` by shard, for those shards that are rewritten.
pub(super) fn by_shard(
    items: &[Item],
    state: &WriterState,
    layout: &Layout,
) -> BTreeMap<u8, BTreeSet<String>> {
    let mut shards: BTreeMap<u8, BTreeSet<String>> = BTreeMap::new();
    for item in items {
        let shard = state.shard(&item.id);
        if layout.rewrite.contains(&shard) {
            shards.entry(shard).or_default().insert(item.id.clone());
        }
    }
    shards
}

#[cfg(test)]
mod tests {
    use super::super::writer::{BaseShard, Delta, SealedRepo};
    use super::*;
    use proptest::prelude::*;

    fn item(id: &str, content: u8) -> Item {
        Item { id: id.into(), content: Digest::of(&[content]), new_bytes: 1000 }
    }

    fn written(seed: &str) -> Written {
        Written { digest: Digest::of(seed.as_bytes()), size: 65_000, plain: 1 }
    }

    /// What a seal would leave behind, without the bytes.
    fn apply(state: &mut WriterState, items: &[Item], layout: &Layout, round: usize) {
        if layout.drop_deltas {
            state.deltas.clear();
        }
        state.base.retain(|base| !layout.rewrite.contains(&base.shard));
        for (shard, _) in by_shard(items, state, layout) {
            let parts = vec![written(&format!("base {shard} {round}"))];
            state.base.push(BaseShard { shard, parts });
        }
        if !layout.delta.is_empty() {
            let parts = vec![written(&format!("delta {round}"))];
            state.deltas.push(Delta { parts, repos: layout.delta.iter().cloned().collect() });
        }
        for item in items {
            let shard = state.shard(&item.id);
            if layout.delta.contains(&item.id) || layout.rewrite.contains(&shard) {
                let sealed = SealedRepo { content: item.content, ..SealedRepo::default() };
                state.repos.insert(item.id.clone(), sealed);
            }
        }
    }

    #[test]
    fn the_first_snapshot_writes_every_shard() {
        let state = WriterState::new([7; 32]);
        let items = [item("a", 1), item("b", 1)];
        let layout = lay_out(&items, &state, |_| true);
        assert_eq!(layout.rewrite, items.iter().map(|i| state.shard(&i.id)).collect());
        assert!(layout.delta.is_empty());
    }

    #[test]
    fn nothing_changed_writes_nothing_and_a_change_one_delta() {
        let mut state = WriterState::new([7; 32]);
        let items = [item("a", 1), item("b", 1)];
        let first = lay_out(&items, &state, |_| true);
        apply(&mut state, &items, &first, 0);
        assert_eq!(lay_out(&items, &state, |_| true), Layout::default());
        let moved = [item("a", 2), item("b", 1)];
        let layout = lay_out(&moved, &state, |_| true);
        assert_eq!((layout.delta, layout.drop_deltas), (BTreeSet::from(["a".to_owned()]), false));
    }

    #[test]
    fn the_25th_delta_becomes_a_rebase_of_every_shard_that_deltas_touch() {
        let mut state = WriterState::new([7; 32]);
        let ids: Vec<String> = (0..30).map(|n| format!("repo{n}")).collect();
        let items: Vec<Item> = ids.iter().map(|id| item(id, 0)).collect();
        let first = lay_out(&items, &state, |_| true);
        apply(&mut state, &items, &first, 0);
        let mut items = items;
        for round in 1..=MOST_DELTAS {
            items[round].content = Digest::of(&round.to_le_bytes());
            let layout = lay_out(&items, &state, |_| true);
            assert!(!layout.drop_deltas, "round {round}");
            apply(&mut state, &items, &layout, round);
        }
        items[0].content = Digest::of(b"last");
        let layout = lay_out(&items, &state, |_| true);
        assert!(layout.drop_deltas && layout.delta.is_empty());
        let touched: BTreeSet<u8> = (0..=MOST_DELTAS).map(|n| state.shard(&items[n].id)).collect();
        assert_eq!(layout.rewrite, touched);
    }

    #[test]
    fn a_lost_part_is_written_again_with_all_that_deltas_touch() {
        let mut state = WriterState::new([7; 32]);
        let items = [item("a", 1), item("b", 1), item("c", 1)];
        let first = lay_out(&items, &state, |_| true);
        apply(&mut state, &items, &first, 0);
        let moved = [item("a", 2), item("b", 1), item("c", 1)];
        let layout = lay_out(&moved, &state, |_| true);
        apply(&mut state, &moved, &layout, 1);
        let gone = state.base.iter().find(|base| base.shard == state.shard("b")).unwrap().parts[0];
        let layout = lay_out(&moved, &state, |part| *part != gone);
        assert!(layout.drop_deltas);
        assert_eq!(layout.rewrite, BTreeSet::from([state.shard("a"), state.shard("b")]));
    }

    #[test]
    fn parts_are_cut_at_the_limit_and_no_piece_is_split() {
        assert_eq!(cut(&[4, 4, 4, 20, 1], 10), vec![vec![0, 1], vec![2], vec![3], vec![4]]);
        assert!(cut(&[], 10).is_empty());
    }

    proptest! {
        /// The reader takes base shards, then deltas in order, each overwriting. Whatever happened
        /// before, the last word on every repository must be its newest content.
        #[test]
        fn no_sequence_of_changes_rolls_a_ref_back(changes in proptest::collection::vec((0..12_usize, any::<bool>()), 1..120)) {
            let mut state = WriterState::new([9; 32]);
            let mut versions = [0_u32; 12];
            let mut bases: BTreeMap<u8, [u32; 12]> = BTreeMap::new();
            let mut deltas: Vec<BTreeMap<usize, u32>> = Vec::new();
            for (round, (which, lose)) in changes.into_iter().enumerate() {
                versions[which] += 1;
                let items: Vec<Item> = (0..12).map(|n| Item {
                    id: format!("r{n}"), content: Digest::of(&versions[n].to_le_bytes()), new_bytes: 1,
                }).collect();
                let victim = state.base.first().map(|base| base.parts[0]);
                let layout = lay_out(&items, &state, |part| !(lose && round % 7 == 3) || Some(*part) != victim);
                if layout.drop_deltas { deltas.clear(); }
                for shard in by_shard(&items, &state, &layout).keys() { bases.insert(*shard, versions); }
                if !layout.delta.is_empty() {
                    deltas.push(layout.delta.iter().map(|id| { let n: usize = id[1..].parse().unwrap(); (n, versions[n]) }).collect());
                }
                apply(&mut state, &items, &layout, round);
                for n in 0..12 {
                    let mut read = bases[&state.shard(&format!("r{n}"))][n];
                    for delta in &deltas { if let Some(version) = delta.get(&n) { read = *version; } }
                    prop_assert_eq!(read, versions[n], "repository {} after round {}", n, round);
                }
            }
        }
    }
}
