//! The plan made: scopes settled, waves cut, each object compared with the target.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::arrange::{Found, arranged};
use super::choice::chosen;
use super::compare::{differing, missing};
use super::dangling;
use super::desired::Desired;
use super::elsewhere;
use super::error::{AUTOMATED, FINDING, GROUP_DOWN, HELD, LEFTOVER, PlanError, RELISTED, SAID};
use super::live::{Live, check_namespaces, live_objects};
use super::notes::Notes;
use super::parallel::each;
use super::proof::is_unchanged;
use super::runners;
use super::scope::{Known, Scope};
use super::settle::{Wanted, settle, without_unfit};
use super::suspend::stays_automated;
use super::undefined::{self, Undefined};
use super::value::{Action, Held as HeldField, Plan, Planned};
use crate::cluster::{
    Applied, ApplyOptions, Class, Cluster, ClusterError, Directory, Held, Leftover, ServedKind,
};
use crate::model::cancel::Cancel;
use crate::model::event::{Event, Observer};
use crate::model::explain::Explain;
use crate::model::safe::safe;
use crate::object::{Object, ObjectRef};
use crate::target::Binding;

/// Calls to the API server at a time.
pub(super) const AT_ONCE: usize = 8;

/// How often an object is looked at again that somebody else is writing.
const LOOKS: usize = 3;

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
    elsewhere::check(desired, &mut notes);
    let Comparison { found, extra, undefined } = match against {
        Against::Cluster(cluster) => compare_cluster(desired, *cluster, &mut notes, cancel)?,
        Against::Directory(directory) => {
            let found = compare_directory(desired, directory, &mut notes)?;
            Comparison { found, extra: Vec::new(), undefined: BTreeSet::new() }
        }
    };
    let objects = found.iter().map(|item| (item.object.hash(), item.object.clone())).collect();
    let waves = arranged(found, &mut notes);
    undefined::check(&undefined, &waves, &mut notes);
    let mut plan = Plan::new(desired.bundle, target.clone(), waves, notes.warnings, notes.blockers);
    plan.beyond.clone_from(&desired.beyond);
    plan.undefined = undefined.into_iter().collect();
    let writes = plan.counts.new + plan.counts.changed;
    observer.event(&Event::Planned { digest: plan.digest(), writes });
    Ok(Planned { plan, objects, extra })
}

/// What comparing all objects gave.
struct Comparison {
    found: Vec<Found>,
    /// What of the kinds concerned is on the target only.
    extra: Vec<ObjectRef>,
    /// Kinds that nobody defines.
    undefined: BTreeSet<Undefined>,
}

fn compare_cluster(
    desired: &Desired,
    cluster: &dyn Cluster,
    notes: &mut Notes,
    cancel: &Cancel,
) -> Result<Comparison, PlanError> {
    let scope = Scope::new(cluster.kinds()?, desired.items.iter().map(|item| &item.object));
    for group in scope.kinds().unknown() {
        notes.warn(&GROUP_DOWN, format!("the API group {group} does not answer"));
    }
    let wanted = settle(desired, &scope, notes);
    // A group that does not answer is told of by itself.
    let undefined = wanted
        .iter()
        .filter(|item| item.known == Known::Unknown && !scope.is_aggregated(&item.object));
    let undefined = undefined.map(|item| Undefined::of(item.object.reference())).collect();
    let live = live_objects(&wanted, scope.kinds(), cluster, cancel)?;
    check_namespaces(&wanted, &live, notes);
    dangling::check(&wanted, &live.extra, scope.kinds(), cluster, notes);
    runners::check(&wanted, &live.extra, scope.kinds(), cluster, notes);
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
    Ok(Comparison { found, extra: live.extra, undefined })
}

/// What comparing one object gave.
struct Compared {
    action: Action,
    fields: Vec<String>,
    conflicts: Vec<HeldField>,
    warnings: Vec<String>,
    refused: Option<ClusterError>,
    /// Whether an engine goes on with it although the plan says that it should wait.
    automated: bool,
}

impl Compared {
    fn of(action: Action) -> Self {
        let (fields, conflicts, warnings) = (Vec::new(), Vec::new(), Vec::new());
        Self { action, fields, conflicts, warnings, refused: None, automated: false }
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
        if self.automated {
            let text = format!("{reference} stays automated: another manager set that");
            notes.warn(&AUTOMATED, text);
        }
        if let Some(error) = &self.refused {
            notes.warn(error.about(), format!("{reference}: {error}"));
        }
    }
}

fn compare_one(item: &Wanted, live: &Live, cluster: &dyn Cluster) -> Result<Compared, PlanError> {
    // Without a name of its own it is compared under the one that it is made with.
    let named = item.object.generates_name().then(|| item.object.named());
    let object = named.as_ref().unwrap_or(&item.object);
    let reference = object.reference();
    let before = live.find(object);
    let once = object.is_made_once() || named.is_some();
    if let Some(before) = before.filter(|before| once || is_unchanged(before, object)) {
        let automated = stays_automated(object, before);
        return Ok(Compared { automated, ..Compared::of(Action::Unchanged) });
    }
    let Known::Served(kind) = &item.known else { return Ok(Compared::of(Action::New)) };
    // Nothing can be asked about a place that the plan has yet to make.
    let homeless = reference.namespace.as_ref().is_some_and(|n| !live.namespaces.contains(n));
    if homeless {
        return Ok(Compared::of(Action::New));
    }
    match cluster.apply(kind, object, &ApplyOptions::DRY) {
        Ok(dry) => {
            let (before, dry) = settled(kind, object, before, dry, cluster)?;
            let fields = before.map(|before| differing(&before, &dry.live));
            let action = match &fields {
                None => Action::New,
                Some(fields) if fields.is_empty() => Action::Unchanged,
                Some(_) => Action::Changed,
            };
            let fields = fields.unwrap_or_default();
            let automated = stays_automated(object, &dry.live);
            Ok(Compared { fields, warnings: dry.warnings, automated, ..Compared::of(action) })
        }
        Err(ClusterError::Conflict { fields }) => {
            let conflicts = fields.into_iter().map(HeldField::from).collect();
            Ok(Compared { conflicts, ..Compared::of(Action::Conflicting) })
        }
        Err(error @ (ClusterError::Unreachable { .. } | ClusterError::Unauthorized { .. })) => {
            Err(error.into())
        }
        Err(error @ ClusterError::Immutable { .. }) => {
            let fields = before.map(|before| missing(before, object.value()));
            let (fields, refused) = (fields.unwrap_or_default(), Some(error));
            Ok(Compared { fields, refused, ..Compared::of(Action::Immutable) })
        }
        Err(error) => {
            let compared = Compared::by_eye(before, object);
            let waits = error.class() == Class::Wait;
            Ok(Compared { refused: (!waits).then_some(error), ..compared })
        }
    }
}

/// Returns the live object and the dry run of the same moment: where a controller wrote between the
/// listing and the dry run, both are asked for again. A few times, since some never rest.
fn settled<'a>(
    kind: &ServedKind,
    object: &Object,
    before: Option<&'a Value>,
    mut dry: Applied,
    cluster: &dyn Cluster,
) -> Result<(Option<Cow<'a, Value>>, Applied), PlanError> {
    let version = |object: &Value| object["metadata"]["resourceVersion"].clone();
    let mut before = before.map(Cow::Borrowed);
    for _ in 0..LOOKS {
        match &before {
            Some(object) if version(object) != version(&dry.live) => {}
            _ => break,
        }
        let at = object.reference();
        before = cluster.get(kind, at.namespace.as_deref(), &at.name)?.map(Cow::Owned);
        dry = cluster.apply(kind, object, &ApplyOptions::DRY)?;
    }
    Ok((before, dry))
}

fn compare_directory(
    desired: &Desired,
    directory: &Directory,
    notes: &mut Notes,
) -> Result<Vec<Found>, PlanError> {
    let held = directory.held()?;
    let there: HashMap<&ObjectRef, &Object> =
        held.objects().map(|object| (object.reference(), object)).collect();
    let wanted: Vec<Wanted> = without_unfit(desired, notes)
        .map(|item| Wanted {
            // kubectl cannot apply what has no name.
            object: item.object.named(),
            provenance: item.provenance,
            known: Known::Unknown,
        })
        .collect();
    let wanted = chosen(wanted, &desired.choices, notes);
    check_leftover(&held, &wanted, notes);
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

/// Tells of manifests in a folder that the plan does not need. They are never deleted.
fn check_leftover(held: &Held, wanted: &[Wanted], notes: &mut Notes) {
    let objects: Vec<_> = wanted.iter().map(|item| &item.object).collect();
    let Leftover { applied, idle } = held.leftover(&objects);
    let of = |files: &[&str]| match files {
        [one] => safe(one),
        [first, rest @ ..] => format!("{} and {} more", safe(first), rest.len()),
        [] => String::new(),
    };
    if !applied.is_empty() {
        notes.warn(&RELISTED, format!("apply.sh will no longer apply {}", of(&applied)));
    }
    if !idle.is_empty() {
        notes.warn(&LEFTOVER, format!("of an earlier run, not applied: {}", of(&idle)));
    }
}
