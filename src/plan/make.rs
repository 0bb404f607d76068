//! The plan made: scopes settled, waves cut, each object compared with the target.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use super::compare::{differing, missing};
use super::desired::Desired;
use super::error::{
    DEFAULTED, DUPLICATE, ENCRYPTED, FINDING, GENERATED, GROUP_DOWN, HELD, NO_NAMESPACE, NO_SCOPE,
    PlanError, SAID, TWO_VERSIONS, UNKNOWN_KIND,
};
use super::parallel::each;
use super::scope::{Known, Scope};
use super::value::{Action, Held, Item, Note, Plan, Planned, Wave};
use crate::cluster::{ApplyOptions, Class, Cluster, ClusterError, Directory, Kinds, ServedKind};
use crate::model::cancel::Cancel;
use crate::model::event::{Event, Observer};
use crate::model::explain::{About, Explain};
use crate::object::{Object, ObjectRef, rank};
use crate::render::{self, Provenance};
use crate::target::Binding;

/// Calls to the API server at a time.
const AT_ONCE: usize = 8;

/// What a plan is compared with.
pub enum Against<'a> {
    /// A live cluster.
    Cluster(&'a dyn Cluster),
    /// A folder.
    Directory(&'a Directory),
}

/// Makes a plan. Writes nothing.
pub fn make(
    desired: &Desired,
    target: &Binding,
    against: &Against<'_>,
    observer: &dyn Observer,
    cancel: &Cancel,
) -> Result<Planned, PlanError> {
    observer.event(&Event::PhaseStarted { phase: "plan" });
    let mut notes = Notes::default();
    for finding in &desired.findings {
        notes.warn(&FINDING, finding.clone());
    }
    let found = match against {
        Against::Cluster(cluster) => compare_cluster(desired, *cluster, &mut notes, cancel)?,
        Against::Directory(directory) => compare_directory(desired, directory, &mut notes)?,
    };
    let objects = found.iter().map(|item| (item.object.hash(), item.object.clone())).collect();
    let waves = waves(found);
    let plan = Plan::new(desired.bundle, target.clone(), waves, notes.warnings, notes.blockers);
    let writes = plan.counts.new + plan.counts.changed;
    observer.event(&Event::Planned { digest: plan.digest(), writes });
    Ok(Planned { plan, objects })
}

/// Warnings and blockers as they come.
#[derive(Default)]
struct Notes {
    warnings: Vec<Note>,
    blockers: Vec<Note>,
}

impl Notes {
    fn warn(&mut self, about: &About, text: String) {
        self.warnings.push(Note { code: about.code.to_owned(), text });
    }

    fn block(&mut self, about: &About, text: String) {
        self.blockers.push(Note { code: about.code.to_owned(), text });
    }
}

/// An object on its way into the plan.
struct Wanted {
    object: Object,
    provenance: Provenance,
    known: Known,
}

/// An object with what would happen to it.
struct Found {
    object: Object,
    provenance: Provenance,
    action: Action,
    fields: Vec<String>,
    conflicts: Vec<Held>,
}

fn compare_cluster(
    desired: &Desired,
    cluster: &dyn Cluster,
    notes: &mut Notes,
    cancel: &Cancel,
) -> Result<Vec<Found>, PlanError> {
    let scope = Scope::new(cluster.kinds()?, desired.items.iter().map(|item| &item.object));
    for group in scope.kinds().unknown() {
        notes.warn(&GROUP_DOWN, format!("the API group {group} does not answer"));
    }
    let wanted = settle(desired, &scope, notes);
    let live = live_objects(&wanted, scope.kinds(), cluster, cancel)?;
    check_namespaces(&wanted, &live, notes);
    let results = each(&wanted, AT_ONCE, |item| {
        cancel.check()?;
        compare_one(item, &live, cluster)
    });
    let mut found = Vec::new();
    for (item, result) in wanted.into_iter().zip(results) {
        let compared = result?;
        compared.say(&item.object, notes);
        found.push(Found {
            object: item.object,
            provenance: item.provenance,
            action: compared.action,
            fields: compared.fields,
            conflicts: compared.conflicts,
        });
    }
    Ok(found)
}

/// Settles which namespace each object goes to, and leaves out what cannot be planned.
fn settle(desired: &Desired, scope: &Scope, notes: &mut Notes) -> Vec<Wanted> {
    let mut wanted = Vec::new();
    for render::Item { object, provenance } in without_unfit(desired, notes) {
        let known = scope.of(&object);
        let namespaced = match &known {
            Known::Served(served) => Some(served.namespaced),
            Known::Defined { namespaced } => Some(*namespaced),
            Known::OtherVersion(other) => {
                let text = format!("{} is served as {other}", object.reference());
                notes.warn(&TWO_VERSIONS, text);
                None
            }
            Known::Unknown => {
                let text = format!("{} is of an unknown kind", object.reference());
                notes.warn(&UNKNOWN_KIND, text);
                None
            }
        };
        let text = object.reference().to_string();
        let object = match (namespaced, &object.reference().namespace) {
            (Some(true), None) => {
                notes.warn(&DEFAULTED, format!("{text} goes to the namespace default"));
                object.in_namespace(Some("default"))
            }
            (Some(false), Some(_)) => {
                notes.warn(&NO_SCOPE, format!("{text} belongs to no namespace"));
                object.in_namespace(None)
            }
            _ => object,
        };
        wanted.push(Wanted { object, provenance, known });
    }
    check_duplicates(&wanted, notes);
    wanted
}

/// The objects that can be planned at all.
fn without_unfit<'a>(
    desired: &'a Desired,
    notes: &mut Notes,
) -> impl Iterator<Item = render::Item> + use<'a> {
    let mut fit = Vec::new();
    for item in &desired.items {
        let place = format!(
            "{} ({}:{})",
            item.object.reference(),
            item.provenance.repo,
            item.provenance.path
        );
        let place = crate::model::safe::safe(place);
        if item.object.generates_name() {
            notes.warn(&GENERATED, format!("{place} has no name of its own and is left out"));
        } else {
            if item.object.value()["sops"].is_object() {
                notes.block(&ENCRYPTED, format!("{place} is encrypted"));
            }
            fit.push(item.clone());
        }
    }
    fit.into_iter()
}

fn check_duplicates(wanted: &[Wanted], notes: &mut Notes) {
    let mut seen: HashMap<&ObjectRef, &Provenance> = HashMap::new();
    for item in wanted {
        if let Some(first) = seen.insert(item.object.reference(), &item.provenance) {
            let text = format!(
                "{} comes from {}:{} and from {}:{}",
                item.object.reference(),
                first.repo,
                first.path,
                item.provenance.repo,
                item.provenance.path
            );
            notes.block(&DUPLICATE, crate::model::safe::safe(text));
        }
    }
}

/// Everything of the kinds concerned that is on the target.
struct Live {
    objects: HashMap<ObjectRef, Value>,
    namespaces: BTreeSet<String>,
}

fn live_objects(
    wanted: &[Wanted],
    kinds: &Kinds,
    cluster: &dyn Cluster,
    cancel: &Cancel,
) -> Result<Live, PlanError> {
    let mut needed: BTreeMap<String, ServedKind> = BTreeMap::new();
    let namespaces = kinds.find("", "v1", "Namespace").cloned();
    let served = wanted.iter().filter_map(|item| match &item.known {
        Known::Served(served) if served.storable => Some(served.clone()),
        _ => None,
    });
    for kind in served.chain(namespaces) {
        needed.entry(kind.text()).or_insert(kind);
    }
    let needed: Vec<ServedKind> = needed.into_values().collect();
    let lists = each(&needed, AT_ONCE, |kind| {
        cancel.check()?;
        cluster.list(kind).map_err(PlanError::from)
    });
    let mut live = Live { objects: HashMap::new(), namespaces: BTreeSet::new() };
    for list in lists {
        for value in list? {
            let Ok(object) = Object::from_value(value) else { continue };
            let reference = object.reference().clone();
            if reference.kind == "Namespace" && reference.group.is_empty() {
                live.namespaces.insert(reference.name.clone());
            }
            live.objects.insert(reference, object.into_value());
        }
    }
    Ok(live)
}

fn check_namespaces(wanted: &[Wanted], live: &Live, notes: &mut Notes) {
    let planned: BTreeSet<&str> = wanted
        .iter()
        .map(|item| item.object.reference())
        .filter(|reference| reference.kind == "Namespace" && reference.group.is_empty())
        .map(|reference| reference.name.as_str())
        .collect();
    let mut missing: BTreeMap<&str, (usize, String)> = BTreeMap::new();
    for item in wanted {
        let Some(namespace) = item.object.reference().namespace.as_deref() else { continue };
        if !live.namespaces.contains(namespace) && !planned.contains(namespace) {
            let first = || (0, item.object.reference().to_string());
            missing.entry(namespace).or_insert_with(first).0 += 1;
        }
    }
    for (namespace, (count, first)) in missing {
        let namespace = crate::model::safe::safe(namespace);
        let text = format!("namespace {namespace} is missing; {count} objects need it, as {first}");
        notes.block(&NO_NAMESPACE, text);
    }
}

/// What comparing one object gave.
struct Compared {
    action: Action,
    fields: Vec<String>,
    conflicts: Vec<Held>,
    warnings: Vec<String>,
    refused: Option<ClusterError>,
}

impl Compared {
    fn of(action: Action) -> Self {
        let (fields, conflicts, warnings) = (Vec::new(), Vec::new(), Vec::new());
        Self { action, fields, conflicts, warnings, refused: None }
    }

    /// Compares without the server's help.
    fn by_eye(live: Option<&Value>, wanted: &Object) -> Self {
        let Some(live) = live else { return Self::of(Action::New) };
        let fields = missing(live, wanted.value());
        let action = if fields.is_empty() { Action::Unchanged } else { Action::Changed };
        Self { fields, ..Self::of(action) }
    }

    fn say(&self, object: &Object, notes: &mut Notes) {
        let reference = object.reference();
        for warning in &self.warnings {
            notes.warn(&SAID, format!("{reference}: {warning}"));
        }
        for held in &self.conflicts {
            let text = format!("{reference}: {} holds {}", held.manager, held.field);
            notes.warn(&HELD, text);
        }
        if let Some(error) = &self.refused {
            notes.warn(error.about(), format!("{reference}: {error}"));
        }
    }
}

fn compare_one(item: &Wanted, live: &Live, cluster: &dyn Cluster) -> Result<Compared, PlanError> {
    let reference = item.object.reference();
    let before = live.objects.get(reference);
    let Known::Served(kind) = &item.known else { return Ok(Compared::of(Action::New)) };
    // Nothing can be asked about a place that the plan has yet to make.
    let homeless = reference.namespace.as_ref().is_some_and(|n| !live.namespaces.contains(n));
    if homeless {
        return Ok(Compared::of(Action::New));
    }
    match cluster.apply(kind, &item.object, &ApplyOptions::DRY) {
        Ok(dry) => {
            let fields = before.map(|before| differing(before, &dry.live));
            let action = match &fields {
                None => Action::New,
                Some(fields) if fields.is_empty() => Action::Unchanged,
                Some(_) => Action::Changed,
            };
            let fields = fields.unwrap_or_default();
            Ok(Compared { fields, warnings: dry.warnings, ..Compared::of(action) })
        }
        Err(ClusterError::Conflict { fields }) => {
            let conflicts = fields.into_iter().map(Held::from).collect();
            Ok(Compared { conflicts, ..Compared::of(Action::Conflicting) })
        }
        Err(error @ (ClusterError::Unreachable { .. } | ClusterError::Unauthorized { .. })) => {
            Err(error.into())
        }
        Err(error) => {
            let compared = Compared::by_eye(before, &item.object);
            let waits = error.class() == Class::Wait;
            Ok(Compared { refused: (!waits).then_some(error), ..compared })
        }
    }
}

fn compare_directory(
    desired: &Desired,
    directory: &Directory,
    notes: &mut Notes,
) -> Result<Vec<Found>, PlanError> {
    let there = directory.objects()?;
    let there: HashMap<&ObjectRef, &Object> =
        there.iter().map(|object| (object.reference(), object)).collect();
    let wanted: Vec<Wanted> = without_unfit(desired, notes)
        .map(|item| Wanted {
            object: item.object,
            provenance: item.provenance,
            known: Known::Unknown,
        })
        .collect();
    check_duplicates(&wanted, notes);
    let found = wanted.into_iter().map(|item| {
        let action = match there.get(item.object.reference()) {
            None => Action::New,
            Some(before) if before.hash() == item.object.hash() => Action::Unchanged,
            Some(_) => Action::Changed,
        };
        Found {
            object: item.object,
            provenance: item.provenance,
            action,
            fields: Vec::new(),
            conflicts: Vec::new(),
        }
    });
    Ok(found.collect())
}

/// Cuts the objects into waves: one for each stage, bindings after the roles they name.
fn waves(mut found: Vec<Found>) -> Vec<Wave> {
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
        };
        if let Some(wave) = waves.last_mut() {
            wave.objects.push(entry);
        }
    }
    waves
}

type SortKey = (crate::object::Stage, bool, usize, ObjectRef);

fn sort_key(object: &Object) -> SortKey {
    let (stage, place) = rank(object);
    let late = object.reference().kind.ends_with("Binding");
    (stage, late, place, object.reference().clone())
}
