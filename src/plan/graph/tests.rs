use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

fn edge(item: usize, needs: usize, origin: Origin) -> Edge {
    Edge { item, needs, until: Until::Applied, why: "test", origin }
}

fn explicit(item: usize, needs: usize) -> Edge {
    edge(item, needs, Origin::Explicit)
}

fn inferred(item: usize, needs: usize) -> Edge {
    edge(item, needs, Origin::Inferred)
}

#[test]
fn without_edges_the_numbers_are_the_order() {
    assert_eq!(ordered(4, Vec::new()).order, [0, 1, 2, 3]);
}

#[test]
fn what_is_needed_comes_first() {
    let found = ordered(4, vec![explicit(0, 3), inferred(1, 2), inferred(3, 1)]);
    assert_eq!(found.order, [2, 1, 3, 0]);
    assert!(found.dropped.is_empty());
}

#[test]
fn what_was_written_outweighs_what_was_inferred() {
    let found = ordered(3, vec![inferred(0, 2), explicit(1, 0), explicit(2, 1)]);
    assert_eq!(found.order, [0, 1, 2]);
    let [dropped] = found.dropped.as_slice() else { panic!("{:?}", found.dropped) };
    assert_eq!((&dropped.edge, dropped.against_explicit), (&inferred(0, 2), true));
    assert_eq!(dropped.circle, [2, 1, 0]);
}

#[test]
fn a_circle_of_inferred_edges_is_named_as_one() {
    let found = ordered(3, vec![inferred(0, 1), inferred(1, 2), inferred(2, 0)]);
    let [dropped] = found.dropped.as_slice() else { panic!("{:?}", found.dropped) };
    assert!(!dropped.against_explicit);
    let mut circle = dropped.circle.clone();
    circle.sort_unstable();
    assert_eq!(circle, [0, 1, 2]);
}

#[test]
fn a_circle_of_written_edges_is_named_whole() {
    let edges = vec![explicit(0, 1), explicit(1, 2), explicit(2, 1), explicit(3, 0)];
    let found = ordered(4, edges);
    let [dropped] = found.dropped.as_slice() else { panic!("{:?}", found.dropped) };
    assert_eq!((dropped.edge.origin, dropped.circle.as_slice()), (Origin::Explicit, &[1, 2][..]));
    assert_eq!(found.order.len(), 4);
}

#[test]
fn a_hint_gives_way_to_everything() {
    let found = ordered(2, vec![edge(1, 0, Origin::Hint), inferred(0, 1)]);
    assert_eq!(found.order, [1, 0]);
    assert_eq!(found.dropped.len(), 1);
    assert_eq!(found.dropped[0].edge.origin, Origin::Hint);
}

#[test]
fn of_two_edges_between_the_same_the_stronger_stays_and_waits_longer() {
    let ready = Edge { until: Until::Ready, ..inferred(1, 0) };
    let found = ordered(2, vec![ready, explicit(1, 0), explicit(1, 1)]);
    let kept = Edge { until: Until::Ready, ..explicit(1, 0) };
    assert_eq!(found.edges, [kept]);
}

#[test]
fn thousands_of_edges_against_one_written_order_take_no_time() {
    let many = 20_000;
    let mut edges: Vec<_> = (1..many).map(|node| inferred(node, 0)).collect();
    edges.extend((1..many).map(|node| explicit(0, node)));
    let found = ordered(many, edges);
    assert_eq!(found.dropped.len(), many - 1);
    assert_eq!(found.order.last(), Some(&0));
}

fn graphs() -> impl Strategy<Value = (usize, Vec<Edge>)> {
    (1_usize..40).prop_flat_map(|nodes| {
        let origin =
            prop_oneof![Just(Origin::Explicit), Just(Origin::Inferred), Just(Origin::Hint)];
        let one = (0..nodes, 0..nodes, origin);
        let edges = prop::collection::vec(one, 0..120);
        edges.prop_map(move |edges| {
            let edges = edges.into_iter().map(|(item, needs, origin)| edge(item, needs, origin));
            (nodes, edges.collect())
        })
    })
}

proptest! {
    #[test]
    fn the_order_respects_every_edge_that_is_kept((nodes, edges) in graphs()) {
        let found = ordered(nodes, edges.clone());
        let mut place = vec![usize::MAX; nodes];
        for (index, node) in found.order.iter().enumerate() {
            place[*node] = index;
        }
        prop_assert!(place.iter().all(|place| *place != usize::MAX), "every node once");
        for edge in &found.edges {
            prop_assert!(place[edge.needs] < place[edge.item], "{:?}", edge);
        }
        // Every edge that was given is kept or dropped for a circle.
        let given: HashSet<_> = edges.iter().filter(|e| e.item != e.needs).map(ends).collect();
        let mut left: HashSet<_> = found.edges.iter().map(ends).collect();
        left.extend(found.dropped.iter().map(|dropped| ends(&dropped.edge)));
        prop_assert_eq!(given, left);
    }

    #[test]
    fn a_circle_that_is_named_is_one((nodes, edges) in graphs()) {
        let found = ordered(nodes, edges.clone());
        let given: HashSet<_> = edges.iter().map(ends).collect();
        let written: HashSet<_> =
            edges.iter().filter(|e| e.origin == Origin::Explicit).map(ends).collect();
        for dropped in &found.dropped {
            let circle = &dropped.circle;
            prop_assert!(!circle.is_empty());
            let around = circle.iter().zip(circle.iter().cycle().skip(1));
            let pairs: Vec<_> = around.map(|(one, next)| (*one, *next)).collect();
            for pair in &pairs {
                prop_assert!(given.contains(pair), "{:?} in {:?}", pair, dropped);
            }
            prop_assert!(pairs.contains(&ends(&dropped.edge)));
            let any = pairs.iter().any(|pair| written.contains(pair));
            prop_assert!(!dropped.against_explicit || any);
            if dropped.edge.origin == Origin::Explicit {
                prop_assert!(pairs.iter().all(|pair| written.contains(pair)));
            }
        }
    }
}

fn ends(edge: &Edge) -> (usize, usize) {
    (edge.item, edge.needs)
}
