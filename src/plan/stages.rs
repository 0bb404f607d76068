//! Stages and waves: the graph cut into what can go at the same time.
//!
//! An object goes in the stage that its kind belongs to. It goes later where it is written that it
//! comes after something later, and earlier where what it is makes something earlier need it: the
//! workload behind a webhook comes with the webhook. Inside a stage a wave
//! holds what needs nothing but earlier waves, so that no two of one wave need each other.

use super::graph::{Ordered, Origin};
use crate::object::Stage;

/// Returns the stage of each node, and its level inside the stage, from 0.
pub(super) fn levels(ordered: &Ordered, belongs: &[Stage]) -> Vec<(Stage, usize)> {
    let mut needs: Vec<Vec<usize>> = vec![Vec::new(); belongs.len()];
    let mut written: Vec<Vec<usize>> = vec![Vec::new(); belongs.len()];
    for edge in &ordered.edges {
        needs[edge.item].push(edge.needs);
        if edge.origin == Origin::Explicit {
            written[edge.item].push(edge.needs);
        }
    }
    let mut stages = belongs.to_vec();
    for node in &ordered.order {
        let later = needs[*node].iter().filter(|need| stages[**need] > belongs[**need]);
        let after = written[*node].iter().chain(later).map(|need| stages[*need]).max();
        stages[*node] = stages[*node].max(after.unwrap_or(stages[*node]));
    }
    for node in ordered.order.iter().rev() {
        for need in &needs[*node] {
            stages[*need] = stages[*need].min(stages[*node]);
        }
    }
    let mut levels = vec![0; belongs.len()];
    for node in &ordered.order {
        let same = needs[*node].iter().filter(|need| stages[**need] == stages[*node]);
        levels[*node] = same.map(|need| levels[*need] + 1).max().unwrap_or(0);
    }
    stages.into_iter().zip(levels).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::plan::graph::{Edge, Origin, ordered};
    use crate::plan::value::Until;

    fn edge(item: usize, needs: usize) -> Edge {
        Edge { item, needs, until: Until::Ready, why: "test", origin: Origin::Inferred }
    }

    #[test]
    fn what_an_earlier_stage_needs_comes_with_it() {
        // A webhook needs a service and a workload, which needs an account.
        let belongs = [Stage::Foundations, Stage::Gates, Stage::Apps, Stage::Apps, Stage::Apps];
        let found = ordered(5, vec![edge(1, 2), edge(1, 3), edge(3, 0)]);
        let expected = [
            (Stage::Foundations, 0),
            (Stage::Gates, 1),
            (Stage::Gates, 0),
            (Stage::Gates, 0),
            (Stage::Apps, 0),
        ];
        assert_eq!(levels(&found, &belongs), expected);
    }

    #[test]
    fn what_is_written_to_come_later_goes_to_a_later_stage() {
        // A namespace after a workload, a definition after that, and an object of its kind.
        let belongs = [Stage::Definitions, Stage::Definitions, Stage::Custom, Stage::Apps];
        let written = |item, needs| Edge { origin: Origin::Explicit, ..edge(item, needs) };
        let found = ordered(4, vec![written(0, 3), written(1, 0), edge(2, 1)]);
        let expected = [(Stage::Apps, 1), (Stage::Apps, 2), (Stage::Apps, 3), (Stage::Apps, 0)];
        assert_eq!(levels(&found, &belongs), expected);
    }

    proptest! {
        #[test]
        fn nothing_needs_its_own_wave_or_a_later_one(
            stages in prop::collection::vec(0_usize..8, 1..40),
            pairs in prop::collection::vec((0_usize..40, 0_usize..40, any::<bool>()), 0..120),
        ) {
            let belongs: Vec<_> = stages.iter().map(|stage| Stage::ALL[*stage]).collect();
            let pairs = pairs.into_iter().filter(|(a, b, _)| (*a).max(*b) < belongs.len());
            let edges = pairs.map(|(a, b, written)| {
                let origin = if written { Origin::Explicit } else { Origin::Inferred };
                Edge { origin, ..edge(a, b) }
            });
            let found = ordered(belongs.len(), edges.collect());
            let levels = levels(&found, &belongs);
            for edge in &found.edges {
                prop_assert!(levels[edge.needs] < levels[edge.item], "{:?}", edge);
            }
            for (node, (stage, level)) in levels.iter().enumerate() {
                // No wave is later than it must be.
                let before = found.edges.iter().filter(|edge| edge.item == node);
                let holds = before.map(|edge| levels[edge.needs]);
                prop_assert!(*level == 0 || holds.into_iter().any(|l| l == (*stage, level - 1)));
            }
        }
    }
}
