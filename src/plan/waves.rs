//! Waves: one for each stage, cut once more where bindings need the roles they name.

use super::value::{Action, Held, Item, Wave};
use crate::object::{Object, ObjectRef, Stage, rank};
use crate::render::Provenance;

/// An object with what would happen to it.
pub(super) struct Found {
    pub(super) object: Object,
    pub(super) provenance: Provenance,
    pub(super) action: Action,
    pub(super) fields: Vec<String>,
    pub(super) conflicts: Vec<Held>,
}

/// Cuts the objects into waves: one for each stage, bindings after the roles they name.
pub(super) fn waves(mut found: Vec<Found>) -> Vec<Wave> {
    found.sort_by_cached_key(|item| sort_key(&item.object));
    let mut waves: Vec<Wave> = Vec::new();
    let mut last = None;
    for item in found {
        let (stage, late, ..) = sort_key(&item.object);
        if last != Some((stage, late)) {
            waves.push(Wave { wave: waves.len() + 1, stage, objects: Vec::new() });
            last = Some((stage, late));
        }
        let hash = item.object.hash();
        let entry = Item {
            object: item.object.reference().clone(),
            version: item.object.version().to_owned(),
            action: item.action,
            hash,
            provenance: item.provenance,
            fields: item.fields,
            conflicts: item.conflicts,
            needs: Vec::new(),
        };
        if let Some(wave) = waves.last_mut() {
            wave.objects.push(entry);
        }
    }
    waves
}

pub(super) type SortKey = (Stage, bool, usize, ObjectRef);

pub(super) fn sort_key(object: &Object) -> SortKey {
    let (stage, place) = rank(object);
    let late = object.reference().kind.ends_with("Binding");
    (stage, late, place, object.reference().clone())
}
