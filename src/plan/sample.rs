//! Plans as a test wants them.

use super::value::{Action, Item, Need, Plan, Planned, Wave};
use crate::model::digest::Digest;
use crate::object::{Object, Stage};
use crate::render::Provenance;
use crate::target::Binding;

/// An object with its place and what it needs.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) object: Object,
    pub(crate) stage: Stage,
    pub(crate) needs: Vec<Need>,
}

impl Planned {
    /// Returns a plan that makes all of it: one wave for each stage.
    pub(crate) fn sample(target: Binding, samples: &[Sample]) -> Self {
        let mut waves: Vec<Wave> = Vec::new();
        for stage in Stage::ALL {
            let here = samples.iter().filter(|sample| sample.stage == stage);
            let objects: Vec<Item> = here.map(item).collect();
            if !objects.is_empty() {
                waves.push(Wave { wave: waves.len() + 1, stage, objects });
            }
        }
        let plan = Plan::new(Digest::of(b"bundle"), target, waves, Vec::new(), Vec::new());
        let objects = samples.iter().map(|sample| sample.object.clone());
        let objects = objects.map(|object| (object.hash(), object)).collect();
        Self { plan, objects, extra: Vec::new() }
    }
}

fn item(sample: &Sample) -> Item {
    Item {
        object: sample.object.reference().clone(),
        version: sample.object.version().to_owned(),
        action: Action::New,
        hash: sample.object.hash(),
        provenance: Provenance { repo: "r".into(), revision: "c".into(), path: "p".into() },
        fields: Vec::new(),
        conflicts: Vec::new(),
        needs: sample.needs.clone(),
    }
}
