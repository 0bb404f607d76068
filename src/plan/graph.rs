//! The graph of a plan: who needs whom, contradictions dropped, cycles named.
//!
//! Nodes are numbers, in the order that kinds suggest. What somebody wrote down comes first: those
//! edges alone must not run in a circle. Each inferred edge is then added to a topological order
//! that is kept up to date (Pearce and Kelly, 2006); one that would close a circle is dropped, and
//! the circle says whether it contradicts what was written, or whether there is no order at all.
//! Both take time only where an edge disagrees with the order so far.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};

use super::value::Until;

/// Where an edge comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Origin {
    /// Somebody wrote it down.
    Explicit,
    /// It follows from what the objects are.
    Inferred,
    /// It is better so; nothing depends on it.
    Hint,
}

/// One object needs another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Edge {
    /// The one that needs.
    pub(super) item: usize,
    /// The one that is needed.
    pub(super) needs: usize,
    pub(super) until: Until,
    pub(super) why: &'static str,
    pub(super) origin: Origin,
}

/// An edge that could not be kept, with the circle that it would close: each needs the next, and
/// the last the first. Empty where there are very many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Dropped {
    pub(super) edge: Edge,
    pub(super) circle: Vec<usize>,
    /// Whether an edge that somebody wrote down is part of the circle.
    pub(super) against_explicit: bool,
}

/// Edges without a circle.
#[derive(Debug, Default)]
pub(super) struct Ordered {
    pub(super) edges: Vec<Edge>,
    pub(super) dropped: Vec<Dropped>,
    /// All nodes, each after what it needs.
    pub(super) order: Vec<usize>,
}

/// Orders `nodes` nodes by their edges.
pub(super) fn ordered(nodes: usize, edges: Vec<Edge>) -> Ordered {
    let edges = merged(edges);
    let (explicit, others): (Vec<_>, Vec<_>) =
        edges.into_iter().partition(|edge| edge.origin == Origin::Explicit);
    let mut work = Work::new(nodes);
    for (edge, circle) in work.without_circles(explicit) {
        work.result.dropped.push(Dropped { edge, circle, against_explicit: true });
    }
    work.sort();
    for edge in others {
        work.insert(edge);
    }
    work.result.order = work.order;
    work.result
}

/// One edge for each pair: the most binding, until the furthest. By origin, then by node, so that
/// the result depends on nothing else.
fn merged(mut edges: Vec<Edge>) -> Vec<Edge> {
    edges.retain(|edge| edge.item != edge.needs);
    edges.sort_by_key(|edge| (edge.item, edge.needs, edge.origin, Reverse(edge.until)));
    edges.dedup_by(|later, kept| {
        let same = (later.item, later.needs) == (kept.item, kept.needs);
        if same && later.origin != Origin::Hint {
            kept.until = kept.until.max(later.until);
        }
        same
    });
    edges.sort_by_key(|edge| (edge.origin, edge.item, edge.needs));
    edges
}

/// An order under way.
struct Work {
    /// Node → who needs it, and whether that edge is explicit.
    needed_by: Vec<Vec<(usize, bool)>>,
    /// Node → what it needs.
    needs: Vec<Vec<usize>>,
    order: Vec<usize>,
    /// Node → its place in the order.
    place: Vec<usize>,
    result: Ordered,
}

impl Work {
    fn new(nodes: usize) -> Self {
        Self {
            needed_by: vec![Vec::new(); nodes],
            needs: vec![Vec::new(); nodes],
            order: Vec::new(),
            place: vec![0; nodes],
            result: Ordered::default(),
        }
    }

    fn keep(&mut self, edge: Edge) {
        self.needs[edge.item].push(edge.needs);
        self.needed_by[edge.needs].push((edge.item, edge.origin == Origin::Explicit));
        self.result.edges.push(edge);
    }

    /// Keeps the explicit edges but those that close a circle, which are returned with it.
    fn without_circles(&mut self, edges: Vec<Edge>) -> Vec<(Edge, Vec<usize>)> {
        let mut below: Vec<Vec<usize>> = vec![Vec::new(); self.needs.len()];
        for edge in &edges {
            below[edge.item].push(edge.needs);
        }
        let mut circles = circles(&below);
        let mut dropped = Vec::new();
        for edge in edges {
            match circles.remove(&(edge.item, edge.needs)) {
                Some(circle) => dropped.push((edge, circle)),
                None => self.keep(edge),
            }
        }
        dropped
    }

    /// Orders by the explicit edges, and by number where they say nothing.
    fn sort(&mut self) {
        let mut open: Vec<usize> = self.needs.iter().map(Vec::len).collect();
        let free = open.iter().enumerate().filter(|(_, open)| **open == 0);
        let mut free: BinaryHeap<_> = free.map(|(node, _)| Reverse(node)).collect();
        while let Some(Reverse(node)) = free.pop() {
            self.place[node] = self.order.len();
            self.order.push(node);
            for (item, _) in &self.needed_by[node] {
                open[*item] -= 1;
                if open[*item] == 0 {
                    free.push(Reverse(*item));
                }
            }
        }
    }

    /// Adds an edge, unless it closes a circle.
    fn insert(&mut self, edge: Edge) {
        let (from, to) = (self.place[edge.needs], self.place[edge.item]);
        if from > to {
            match self.after(edge.item, edge.needs) {
                Ok(after) => {
                    let before = self.before(edge.needs, to);
                    self.move_behind(before, after);
                }
                Err((circle, against_explicit)) => {
                    self.result.dropped.push(Dropped { edge, circle, against_explicit });
                    return;
                }
            }
        }
        self.keep(edge);
    }

    /// Returns what comes after `start` by its edges and not behind `end`; or, where `end` is
    /// reached, the circle that an edge between the two would close.
    fn after(&self, start: usize, end: usize) -> Result<Vec<usize>, (Vec<usize>, bool)> {
        let mut seen: Vec<(usize, usize, bool)> = vec![(start, 0, false)];
        let mut known = HashSet::from([start]);
        let mut next = 0;
        while let Some((node, ..)) = seen.get(next).copied() {
            for (item, explicit) in &self.needed_by[node] {
                if *item == end {
                    seen.push((end, next, *explicit));
                    return Err(trail(&seen));
                }
                if self.place[*item] < self.place[end] && known.insert(*item) {
                    seen.push((*item, next, *explicit));
                }
            }
            next += 1;
        }
        Ok(seen.into_iter().map(|(node, ..)| node).collect())
    }

    /// Returns what `start` needs, directly or not, down to a place in the order.
    fn before(&self, start: usize, down_to: usize) -> Vec<usize> {
        let mut seen = vec![start];
        let mut known = HashSet::from([start]);
        let mut next = 0;
        while let Some(node) = seen.get(next).copied() {
            for need in &self.needs[node] {
                if self.place[*need] > down_to && known.insert(*need) {
                    seen.push(*need);
                }
            }
            next += 1;
        }
        seen
    }

    /// Gives the places of both groups to the first, then to the second.
    fn move_behind(&mut self, mut before: Vec<usize>, mut after: Vec<usize>) {
        before.sort_unstable_by_key(|node| self.place[*node]);
        after.sort_unstable_by_key(|node| self.place[*node]);
        before.extend(after);
        let mut places: Vec<_> = before.iter().map(|node| self.place[*node]).collect();
        places.sort_unstable();
        for (node, place) in before.into_iter().zip(places) {
            self.place[node] = place;
            self.order[place] = node;
        }
    }
}

/// The way from the first that was seen to the last, each with the one it was seen from, as a
/// circle: the last needs what it was seen from.
fn trail(seen: &[(usize, usize, bool)]) -> (Vec<usize>, bool) {
    let (mut circle, mut explicit) = (Vec::new(), false);
    let mut at = seen.len() - 1;
    loop {
        let (node, from, by_explicit) = seen[at];
        circle.push(node);
        explicit |= by_explicit;
        if at == 0 {
            return (circle, explicit);
        }
        at = from;
    }
}

/// So many circles are kept whole; of more, only the edge that closes it.
const WHOLE: usize = 100;

/// Finds circles by the edge that closes each, so many that nothing runs in one once these edges
/// are gone.
fn circles(below: &[Vec<usize>]) -> HashMap<(usize, usize), Vec<usize>> {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Done,
    }
    let mut marks = vec![Mark::New; below.len()];
    let mut found = HashMap::new();
    for start in 0..below.len() {
        let mut path: Vec<(usize, usize)> = Vec::new();
        if marks[start] == Mark::New {
            marks[start] = Mark::Open;
            path.push((start, 0));
        }
        while let Some((node, next)) = path.last_mut() {
            let Some(need) = below[*node].get(*next).copied() else {
                marks[*node] = Mark::Done;
                path.pop();
                continue;
            };
            *next += 1;
            match marks[need] {
                Mark::New => {
                    marks[need] = Mark::Open;
                    path.push((need, 0));
                }
                Mark::Open => {
                    let node = *node;
                    let whole = path.iter().map(|(node, _)| *node);
                    let circle = whole.skip_while(|node| *node != need);
                    let kept = if found.len() < WHOLE { usize::MAX } else { 0 };
                    found.insert((node, need), circle.take(kept).collect());
                }
                Mark::Done => {}
            }
        }
    }
    found
}

#[cfg(test)]
mod tests;
