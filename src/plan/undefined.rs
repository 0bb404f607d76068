//! Kinds that neither the target serves nor anything in the plan defines: what is of them is waited
//! for in vain, and what needs that is held. So it is told before it happens, with the way out.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::error::UNKNOWN_KIND;
use super::notes::Notes;
use super::value::{Item, Note, Plan, Wave};
use crate::model::safe::safe;
use crate::object::ObjectRef;

/// So many names are told.
const NAMED: usize = 4;

/// A kind that nobody defines.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Undefined {
    /// Its API group.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// The kind.
    pub kind: String,
}

impl Undefined {
    pub(super) fn of(object: &ObjectRef) -> Self {
        Self { group: object.group.clone(), kind: object.kind.clone() }
    }

    /// Returns whether an object is of this kind.
    pub fn is_of(&self, object: &ObjectRef) -> bool {
        (&self.group, &self.kind) == (&object.group, &object.kind)
    }

    /// Returns it as `--skip` takes it: `KIND.GROUP`.
    pub fn name(&self) -> String {
        let Self { group, kind } = self;
        if group.is_empty() { kind.clone() } else { format!("{kind}.{group}") }
    }
}

impl Note {
    /// Returns whether it tells of a kind that nobody defines.
    pub fn is_undefined(&self) -> bool {
        self.code == UNKNOWN_KIND.code
    }
}

impl Plan {
    /// Returns the objects of a kind that nobody defines.
    pub fn of_kind<'p>(&'p self, kind: &'p Undefined) -> impl Iterator<Item = &'p Item> {
        self.items().filter(|item| kind.is_of(&item.object))
    }
}

/// Tells of each kind: how many objects are of it, and how many others they hold up.
pub(super) fn check(kinds: &BTreeSet<Undefined>, waves: &[Wave], notes: &mut Notes) {
    if kinds.is_empty() {
        return;
    }
    let items: Vec<&Item> = waves.iter().flat_map(|wave| &wave.objects).collect();
    let behind = behind(&items);
    for kind in kinds {
        let of: Vec<&Item> =
            items.iter().copied().filter(|item| kind.is_of(&item.object)).collect();
        // Its objects may all be left out of the plan for another reason.
        if of.is_empty() {
            continue;
        }
        let objects: Vec<_> = of.iter().map(|item| &item.object).collect();
        notes.warn(&UNKNOWN_KIND, text(kind, &of, &held_up(&objects, &behind)));
    }
}

fn text(kind: &Undefined, of: &[&Item], held: &[&ObjectRef]) -> String {
    // Another version of it may be served or defined.
    let versions: BTreeSet<&str> = of.iter().map(|item| item.version.as_str()).collect();
    let versions = versions.into_iter().collect::<Vec<_>>().join(", ");
    let named = match kind.group.as_str() {
        "" => format!("{} ({versions})", kind.kind),
        group => format!("{} ({group}/{versions})", kind.kind),
    };
    let names: Vec<_> = of.iter().take(NAMED).map(|item| item.object.name.as_str()).collect();
    let more = of.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let (one, it) = (of.len() == 1, if of.len() == 1 { "it" } else { "them" });
    let (objects, are, fail) = match of.len() {
        1 => ("1 object".to_owned(), "is", "fails"),
        count => (format!("{count} objects"), "are", "fail"),
    };
    // Many are not named: their number says more.
    let who = match held.len() {
        1..=NAMED => {
            let names: Vec<_> = held.iter().map(ToString::to_string).collect();
            format!(" ({})", names.join(", "))
        }
        _ => String::new(),
    };
    let held = match (held.len(), one) {
        (0, _) => String::new(),
        (1, true) => format!(", and 1 that needs it is held{who}"),
        (1, false) => format!(", and 1 that needs them is held{who}"),
        (held, _) => format!(", and {held} that need {it} are held{who}"),
    };
    safe(format!(
        "the target does not serve {named} and nothing in the plan defines it: {objects} \
         ({}{more}) {are} waited for, 2 min unless --patience says otherwise, then {fail}{held}. \
         Leave {it} out: blackstart replay --skip {} --reason TEXT",
        names.join(", "),
        kind.name()
    ))
}

type Behind<'i> = HashMap<&'i ObjectRef, Vec<&'i ObjectRef>>;

/// Who needs whom, the other way round.
fn behind<'i>(items: &[&'i Item]) -> Behind<'i> {
    let mut behind = Behind::new();
    for item in items {
        for need in &item.needs {
            behind.entry(&need.object).or_default().push(&item.object);
        }
    }
    behind
}

/// Returns the other objects that come after these, in the order of their names.
fn held_up<'i>(of: &[&'i ObjectRef], behind: &Behind<'i>) -> Vec<&'i ObjectRef> {
    let mut seen: HashSet<&ObjectRef> = of.iter().copied().collect();
    let mut open: Vec<&ObjectRef> = of.to_vec();
    while let Some(object) = open.pop() {
        for next in behind.get(object).into_iter().flatten() {
            if seen.insert(next) {
                open.push(next);
            }
        }
    }
    let mut held: Vec<_> = seen.into_iter().filter(|object| !of.contains(object)).collect();
    held.sort();
    held
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Need, Until};

    fn object(kind: &str, group: &str, name: &str) -> ObjectRef {
        ObjectRef { group: group.into(), kind: kind.into(), namespace: None, name: name.into() }
    }

    fn item(object: &ObjectRef, needs: &[&ObjectRef]) -> Item {
        let need = |object: &&ObjectRef| Need {
            object: (*object).clone(),
            until: Until::Ready,
            why: "depends-on".into(),
        };
        let value = serde_json::json!({"group": object.group, "kind": object.kind,
            "name": object.name, "version": "v1", "action": "new",
            "hash": crate::model::digest::Digest::ZERO, "repo": "r", "revision": "c", "path": "p"});
        let item: Item = serde_json::from_value(value).unwrap();
        Item { needs: needs.iter().map(need).collect(), ..item }
    }

    fn told(items: Vec<Item>, kinds: &[&ObjectRef]) -> Vec<String> {
        let wave = Wave { wave: 1, stage: crate::object::Stage::Custom, objects: items };
        let mut notes = Notes::default();
        let kinds = kinds.iter().map(|object| Undefined::of(object)).collect();
        check(&kinds, &[wave], &mut notes);
        notes.warnings.into_iter().map(|note| note.text).collect()
    }

    #[test]
    fn who_is_of_such_a_kind_and_who_waits_behind_is_counted() {
        let policy = |name| object("ClusterPolicy", "kyverno.io", name);
        let (a, b, app) = (policy("a"), policy("b"), object("Namespace", "", "apps"));
        let items = vec![
            item(&a, &[]),
            item(&b, &[&a]),
            item(&app, &[&a, &b]),
            item(&object("Role", "rbac", "x"), &[&app]),
            item(&object("Role", "rbac", "y"), &[]),
        ];
        assert_eq!(
            told(items, &[&a]),
            ["the target does not serve ClusterPolicy (kyverno.io/v1) and nothing in the plan \
              defines it: 2 objects (a, b) are waited for, 2 min unless --patience says otherwise, then \
              fail, and 2 that need them are held (Namespace apps, Role x). Leave them out: \
              blackstart replay --skip ClusterPolicy.kyverno.io --reason TEXT"]
        );
    }

    #[test]
    fn one_alone_is_told_as_one() {
        let one = object("Thing", "", "x");
        let text = told(vec![item(&one, &[])], &[&one]).concat();
        assert!(
            text.contains("serve Thing (v1) and") && text.contains("1 object (x) is waited"),
            "{text}"
        );
        assert!(
            text.contains("then fails. Leave it out: blackstart replay --skip Thing "),
            "{text}"
        );
        assert_eq!(told(Vec::new(), &[&one]), [""; 0]);
    }
}
