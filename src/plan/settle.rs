//! Which objects a plan is about, and where each belongs.

use super::choice::chosen;
use super::desired::Desired;
use super::error::{DEFAULTED, ENCRYPTED, HOOK, NO_SCOPE, TWO_VERSIONS};
use super::explicit::left_out;
use super::notes::Notes;
use super::scope::{Known, Scope};
use super::suspend::{Told, suspended};
use crate::model::safe::safe;
use crate::object::Object;
use crate::render::{self, Provenance};

/// An object on its way into the plan.
pub(super) struct Wanted {
    pub(super) object: Object,
    pub(super) provenance: Provenance,
    pub(super) known: Known,
}

/// Settles which namespace each object goes to, and leaves out what cannot be planned.
pub(super) fn settle(desired: &Desired, scope: &Scope, notes: &mut Notes) -> Vec<Wanted> {
    let mut wanted = Vec::new();
    for render::Item { object, provenance } in without_unfit(desired, notes) {
        let known = scope.of(&object);
        let object = match &known {
            Known::Served(served) => placed(object, served.namespaced, notes),
            Known::Defined { namespaced } => placed(object, *namespaced, notes),
            Known::OtherVersion(other) => {
                let at = object.reference();
                let text = format!(
                    "{at} is of version {}, which the target serves as {other} only: it is waited \
                     for and then fails, unless --skip leaves it out",
                    safe(object.version())
                );
                notes.warn(&TWO_VERSIONS, text);
                object
            }
            Known::Unknown => object,
        };
        wanted.push(Wanted { object, provenance, known });
    }
    chosen(wanted, &desired.choices, notes)
}

/// Puts an object where its kind belongs.
fn placed(object: Object, namespaced: bool, notes: &mut Notes) -> Object {
    let text = object.reference().to_string();
    match (namespaced, &object.reference().namespace) {
        (true, None) => {
            notes.warn(&DEFAULTED, format!("{text} goes to the namespace default"));
            object.in_namespace(Some("default"))
        }
        (false, Some(_)) => {
            notes.warn(&NO_SCOPE, format!("{text} belongs to no namespace"));
            object.in_namespace(None)
        }
        _ => object,
    }
}

/// The objects that can be planned at all.
pub(super) fn without_unfit<'a>(
    desired: &'a Desired,
    notes: &mut Notes,
) -> impl Iterator<Item = render::Item> + use<'a> {
    let mut fit = Vec::new();
    let mut told = Told::default();
    for item in &desired.items {
        let place = format!(
            "{} ({}:{})",
            item.object.reference(),
            item.provenance.repo,
            item.provenance.path
        );
        let place = safe(place);
        if let Some(why) = left_out(&item.object) {
            notes.warn(&HOOK, format!("{place} is left out: {why}"));
        } else {
            if item.object.is_made_once() {
                told.once(&item.object);
            }
            if item.object.value()["sops"].is_object() {
                notes.block(&ENCRYPTED, format!("{place} is encrypted"));
            }
            let render::Item { object, provenance } = item.clone();
            fit.push(render::Item { object: suspended(object, &mut told), provenance });
        }
    }
    told.note(notes);
    fit.into_iter()
}
