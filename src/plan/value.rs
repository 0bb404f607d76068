//! The plan itself.
//!
//! Its digest covers what will be done: bundle, target, and each object with its action in order.
//! Resource versions and times are not in it, so that the same plan made twice has one digest.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::error::{NO_NODES, PlanError, RELISTED};
use super::lasting::SO;
use super::source::Source;
use super::undefined::Undefined;
use crate::cluster::FieldConflict;
use crate::model::digest::Digest;
use crate::model::safe::safe;
use crate::object::{Object, ObjectRef, Stage, canonical, is_engine_object};
use crate::render::Provenance;
use crate::target::Binding;

/// What would happen to one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It is not there yet.
    New,
    /// It is there and differs.
    Changed,
    /// It is there as it should be.
    Unchanged,
    /// It is there, differs, and another manager holds what differs.
    Conflicting,
    /// It is there and differs in a field that cannot change.
    Immutable,
}

/// One object of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Which object.
    #[serde(flatten)]
    pub object: ObjectRef,
    /// Its API version without the group.
    pub version: String,
    /// What would happen to it.
    pub action: Action,
    /// The digest of its canonical JSON.
    pub hash: Digest,
    /// Where it comes from.
    #[serde(flatten)]
    pub provenance: Provenance,
    /// The fields that would change, at most twenty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
    /// The fields that another manager holds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<Held>,
    /// The objects of this plan that must come before it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<Need>,
}

impl Item {
    /// What of it counts as what will be done.
    fn done(&self) -> Value {
        json!([self.object, self.hash, self.action, self.needs])
    }
}

/// An edge of the plan: what must be true of another object of the plan before this one is tried.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Need {
    /// The object that comes before.
    #[serde(flatten)]
    pub object: ObjectRef,
    /// How far it must have come.
    pub until: Until,
    /// Why, in a few words: `namespace`, `kind`, `depends-on`, `wave` …
    pub why: String,
}

/// How far an object must have come before those that need it are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Until {
    /// The target has taken it.
    Applied,
    /// Its kind is established and served; for definitions and aggregated APIs.
    Served,
    /// It is ready by kstatus.
    Ready,
}

/// A field that another manager holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The field's path.
    pub field: String,
    /// Who holds it.
    pub manager: String,
}

impl From<FieldConflict> for Held {
    fn from(conflict: FieldConflict) -> Self {
        Self { field: conflict.field, manager: conflict.manager }
    }
}

/// Objects that can be applied at the same time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wave {
    /// Counted from 1.
    pub wave: usize,
    /// The stage it belongs to.
    pub stage: Stage,
    /// The objects, in order.
    pub objects: Vec<Item>,
}

/// A warning or a blocker.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Note {
    /// The code that `explain` knows.
    pub code: String,
    /// One sentence, fit to be shown.
    pub text: String,
}

/// How many objects of each action there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Not there yet.
    pub new: usize,
    /// There and different.
    pub changed: usize,
    /// There as they should be.
    pub unchanged: usize,
    /// There, different, and held by another manager.
    pub conflicting: usize,
    /// There, and different in a field that cannot change.
    pub immutable: usize,
}

/// A plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    format_version: u32,
    #[serde(with = "spelling")]
    digest: Digest,
    /// The folders it was made from, so that the file says all that a replay needs. They are not
    /// in the digest: what they give is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<Source>,
    /// Folders that the bundle holds and engines in the plan follow, of which nothing is in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beyond: Vec<Source>,
    /// Kinds that neither the target serves nor the plan defines. Their objects are in the digest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undefined: Vec<Undefined>,
    /// The bundle's digest.
    pub bundle: Digest,
    /// The target.
    pub target: Binding,
    /// How many objects of each action there are.
    pub counts: Counts,
    /// The waves in order.
    pub waves: Vec<Wave>,
    /// What a person should know.
    pub warnings: Vec<Note>,
    /// What keeps the plan from running.
    pub blockers: Vec<Note>,
}

impl Plan {
    pub(super) fn new(
        bundle: Digest,
        target: Binding,
        waves: Vec<Wave>,
        mut warnings: Vec<Note>,
        mut blockers: Vec<Note>,
    ) -> Self {
        for notes in [&mut warnings, &mut blockers] {
            notes.sort();
            notes.dedup();
        }
        let counts = count(&waves);
        let digest = Digest::ZERO;
        let (format_version, sources, beyond, undefined) = (1, Vec::new(), Vec::new(), Vec::new());
        let plan = Self {
            format_version,
            digest,
            sources,
            beyond,
            undefined,
            bundle,
            target,
            counts,
            waves,
            warnings,
            blockers,
        };
        Self { digest: plan.computed(), ..plan }
    }

    /// Returns the digest.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Returns whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        // A script that applies too much has to be written anew, though each object is there.
        let relisted = self.warnings.iter().any(|note| note.code == RELISTED.code);
        let Counts { new, changed, unchanged: _, conflicting, immutable } = self.counts;
        new + changed + conflicting + immutable == 0 && !relisted
    }

    /// Returns all objects in order.
    pub fn items(&self) -> impl Iterator<Item = &Item> {
        self.waves.iter().flat_map(|wave| &wave.objects)
    }

    /// The digest over what will be done.
    fn computed(&self) -> Digest {
        let waves: Vec<Value> = self
            .waves
            .iter()
            .map(|wave| {
                let objects = wave.objects.iter();
                let objects: Vec<Value> = objects.map(Item::done).collect();
                json!([wave.stage, objects])
            })
            .collect();
        let done = json!({"format": "blackstart.plan.v1", "bundle": self.bundle,
                          "target": self.target, "waves": waves});
        Digest::of(canonical(&done).as_bytes())
    }

    /// Returns what `--json` shows.
    pub fn report(&self) -> Value {
        json!({
            "format_version": 1,
            "digest": self.digest.oci(),
            "target": {"name": self.target.name, "class": self.target.class,
                       "uid": self.target.uid},
            "counts": self.counts,
            "waves": self.waves,
            "warnings": self.warnings,
            "blockers": self.blockers,
        })
    }

    /// Returns the plan file: everything that [`Plan::read`] needs.
    pub fn to_file(&self) -> Vec<u8> {
        let mut text = format!("{:#}", json!(self)).into_bytes();
        text.push(b'\n');
        text
    }

    /// Reads a plan file and checks that its digest holds.
    pub fn read(bytes: &[u8], origin: &str) -> Result<Self, PlanError> {
        let wrong = |why: String| PlanError::File { origin: origin.to_owned(), why };
        // The parser repeats what it did not understand.
        let plan: Self =
            serde_json::from_slice(bytes).map_err(|error| wrong(safe(error.to_string())))?;
        if plan.format_version != 1 {
            return Err(wrong(format!("its format is {}, not 1", plan.format_version)));
        }
        if plan.computed() != plan.digest || count(&plan.waves) != plan.counts {
            return Err(wrong("its digest does not hold".to_owned()));
        }
        Ok(plan)
    }
}

/// The digest as it is spelt everywhere, `sha256:` and 64 digits; read also without the prefix.
mod spelling {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    use crate::model::digest::Digest;

    pub(super) fn serialize<S: Serializer>(digest: &Digest, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&digest.oci())
    }

    pub(super) fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<Digest, D::Error> {
        let text = String::deserialize(from)?;
        text.strip_prefix("sha256:").unwrap_or(&text).parse().map_err(D::Error::custom)
    }
}

fn count(waves: &[Wave]) -> Counts {
    let mut counts = Counts::default();
    for item in waves.iter().flat_map(|wave| &wave.objects) {
        *match item.action {
            Action::New => &mut counts.new,
            Action::Changed => &mut counts.changed,
            Action::Unchanged => &mut counts.unchanged,
            Action::Conflicting => &mut counts.conflicting,
            Action::Immutable => &mut counts.immutable,
        } += 1;
    }
    counts
}

/// Whether Pods come of an object.
fn runs_pods(object: &ObjectRef) -> bool {
    match object.group.as_str() {
        "" => ["Pod", "ReplicationController"].contains(&object.kind.as_str()),
        "apps" | "batch" => object.kind != "ControllerRevision",
        _ => false,
    }
}

/// A plan together with the objects it speaks of.
#[derive(Clone, Debug)]
pub struct Planned {
    pub(super) plan: Plan,
    pub(super) objects: BTreeMap<Digest, Object>,
    pub(super) extra: Vec<ObjectRef>,
}

impl Planned {
    /// Joins a plan that was read with the objects it needs.
    pub fn join(plan: Plan, objects: impl IntoIterator<Item = Object>) -> Result<Self, PlanError> {
        let objects: BTreeMap<_, _> =
            objects.into_iter().map(|object| (object.hash(), object)).collect();
        if let Some(item) = plan.items().find(|item| !objects.contains_key(&item.hash)) {
            return Err(PlanError::Missing { object: item.object.to_string() });
        }
        Ok(Self { plan, objects, extra: Vec::new() })
    }

    /// Says which folders it was made from.
    #[must_use]
    pub fn made_from(mut self, sources: Vec<Source>) -> Self {
        self.plan.sources = sources;
        self
    }

    /// Says that none of so many nodes of its cluster is ready: nothing of it runs there.
    #[must_use]
    pub fn without_nodes(self, all: usize) -> Self {
        let mut this = self.with_nodes();
        let runs = |object: &Object| runs_pods(object.reference()) || is_engine_object(object);
        if this.objects.values().any(runs) {
            let nodes = match all {
                0 => "the target has no nodes".to_owned(),
                all => format!("none of the {all} nodes of the target is ready"),
            };
            let text = format!(
                "{nodes}: nothing runs there yet{SO}what is applied waits until one is ready"
            );
            this.plan.warnings.push(Note { code: NO_NODES.code.to_owned(), text });
            this.plan.warnings.sort();
        }
        this
    }

    /// Says that a node of its cluster is ready, whatever was so when it was made.
    #[must_use]
    pub fn with_nodes(mut self) -> Self {
        self.plan.warnings.retain(|note| !note.is_nodeless());
        self
    }

    /// Returns the plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Returns what of the kinds concerned is on the target only, but for what the cluster makes
    /// itself. Nothing is done to it.
    pub fn extra(&self) -> &[ObjectRef] {
        &self.extra
    }

    /// Returns the object of an item.
    pub fn object(&self, item: &Item) -> Option<&Object> {
        self.objects.get(&item.hash)
    }
}
