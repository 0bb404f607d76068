//! The objects of a plan arranged: edges found, contradictions told, waves cut.

use std::collections::BTreeMap;

use super::error::{CIRCLE, CONTRADICTION};
use super::graph::{Dropped, Ordered, Origin, ordered};
use super::index::{Index, Node};
use super::notes::Notes;
use super::stages::levels;
use super::value::{Action, Held, Item, Need, Wave};
use super::{explicit, inferred, lockout};
use crate::object::{Object, ObjectRef, Stage, rank};
use crate::render::Provenance;

/// So many objects of a circle are named.
const NAMED: usize = 8;

/// An object with what would happen to it.
pub(super) struct Found {
    pub(super) object: Object,
    pub(super) provenance: Provenance,
    pub(super) action: Action,
    pub(super) fields: Vec<String>,
    pub(super) conflicts: Vec<Held>,
}

/// Arranges the objects in waves, each with what it needs.
pub(super) fn arranged(mut found: Vec<Found>, notes: &mut Notes) -> Vec<Wave> {
    found.sort_by_cached_key(|item| sort_key(&item.object));
    let nodes: Vec<_> = found
        .iter()
        .map(|item| Node { object: &item.object, provenance: &item.provenance })
        .collect();
    let index = Index::new(&nodes);
    let mut edges = explicit::edges(&index, notes);
    edges.extend(inferred::edges(&index));
    lockout::check(&index, notes);
    let ordered = ordered(nodes.len(), edges);
    tell(&ordered.dropped, &index, notes);
    let belongs: Vec<_> = nodes.iter().map(|node| rank(node.object).0).collect();
    let levels = levels(&ordered, &belongs);
    let needs = needs(&ordered, &nodes);
    cut(found, &levels, needs)
}

fn needs(ordered: &Ordered, nodes: &[Node<'_>]) -> Vec<Vec<Need>> {
    let mut needs: Vec<Vec<Need>> = vec![Vec::new(); nodes.len()];
    for edge in ordered.edges.iter().filter(|edge| edge.origin != Origin::Hint) {
        let object = nodes[edge.needs].object.reference().clone();
        needs[edge.item].push(Need { object, until: edge.until, why: edge.why.to_owned() });
    }
    for needs in &mut needs {
        needs.sort();
    }
    needs
}

fn cut(found: Vec<Found>, levels: &[(Stage, usize)], needs: Vec<Vec<Need>>) -> Vec<Wave> {
    let mut waves: BTreeMap<(Stage, usize), Vec<Item>> = BTreeMap::new();
    for ((item, level), needs) in found.into_iter().zip(levels).zip(needs) {
        let hash = item.object.hash();
        waves.entry(*level).or_default().push(Item {
            object: item.object.reference().clone(),
            version: item.object.version().to_owned(),
            action: item.action,
            hash,
            provenance: item.provenance,
            fields: item.fields,
            conflicts: item.conflicts,
            needs,
        });
    }
    let waves = waves.into_iter().enumerate();
    waves.map(|(at, ((stage, _), objects))| Wave { wave: at + 1, stage, objects }).collect()
}

type SortKey = (Stage, usize, ObjectRef);

fn sort_key(object: &Object) -> SortKey {
    let (stage, place) = rank(object);
    (stage, place, object.reference().clone())
}

/// Tells of the edges that were dropped: once for each object that they lead to.
fn tell(dropped: &[Dropped], index: &Index<'_>, notes: &mut Notes) {
    let named = |node: usize| index.nodes[node].object.reference();
    let mut contradictions: BTreeMap<usize, Vec<&Dropped>> = BTreeMap::new();
    for one in dropped {
        match one.edge.origin {
            Origin::Hint => {}
            Origin::Inferred if one.against_explicit => {
                contradictions.entry(one.edge.needs).or_default().push(one);
            }
            Origin::Explicit | Origin::Inferred => {
                let circle: Vec<_> =
                    one.circle.iter().take(NAMED).map(|node| named(*node).to_string()).collect();
                let more = one.circle.len().saturating_sub(NAMED);
                let more = if more > 0 { format!(" > {more} more") } else { String::new() };
                let first = circle.first().cloned().unwrap_or_default();
                let text = format!("a circle: {}{more} > {first}", circle.join(" > "));
                notes.block(&CIRCLE, text);
            }
        }
    }
    for (needed, all) in contradictions {
        let Some(first) = all.first() else { continue };
        let others = match all.len() - 1 {
            0 => String::new(),
            others => format!(" and {others} more"),
        };
        let text = format!(
            "{}{others} would need {} first ({}); what is written says otherwise and holds",
            named(first.edge.item),
            named(needed),
            first.edge.why,
        );
        notes.warn(&CONTRADICTION, text);
    }
}

#[cfg(test)]
mod tests;
