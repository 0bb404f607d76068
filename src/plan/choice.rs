//! Which of two origins of one object counts: `[KIND/[NAMESPACE/]NAME=]REPO:PATH`.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::str::FromStr;

use super::error::{CHOSEN, DUPLICATE, UNCHOSEN};
use super::notes::Notes;
use super::settle::Wanted;
use crate::model::safe::safe;
use crate::object::ObjectRef;
use crate::render::Provenance;

/// So many objects with the same origins are named.
const NAMED: usize = 6;

/// A choice: this origin, for one object or for all that have several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Kind, namespace and name; none means every object.
    object: Option<(String, Option<String>, String)>,
    repo: String,
    /// A file, or a folder that it is in.
    path: String,
}

impl FromStr for Choice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "expected KIND/NAMESPACE/NAME=REPO:PATH, KIND/NAME=REPO:PATH or REPO:PATH";
        let (object, origin) = match text.split_once('=') {
            Some((object, origin)) => (Some(object), origin),
            None => (None, text),
        };
        let object = match object.map(|text| text.split('/').collect::<Vec<_>>()).as_deref() {
            None => None,
            Some([kind, name]) => Some(((*kind).to_owned(), None, (*name).to_owned())),
            Some([kind, namespace, name]) => {
                Some(((*kind).to_owned(), Some((*namespace).to_owned()), (*name).to_owned()))
            }
            Some(_) => return Err(wrong().to_owned()),
        };
        let (repo, path) = origin.split_once(':').ok_or_else(wrong)?;
        let empty = object.as_ref().is_some_and(|(kind, space, name)| {
            kind.is_empty() || name.is_empty() || space.as_deref() == Some("")
        });
        if repo.is_empty() || empty {
            return Err(wrong().to_owned());
        }
        Ok(Self { object, repo: repo.to_owned(), path: path.trim_matches('/').to_owned() })
    }
}

impl fmt::Display for Choice {
    /// Writes what can be typed again.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.object {
            Some((kind, Some(namespace), name)) => write!(f, "{kind}/{namespace}/{name}=")?,
            Some((kind, None, name)) => write!(f, "{kind}/{name}=")?,
            None => {}
        }
        write!(f, "{}:{}", self.repo, self.path)
    }
}

impl Choice {
    /// The choice of one origin for one object.
    fn of(object: &ObjectRef, from: &Provenance) -> Self {
        let ObjectRef { kind, namespace, name, .. } = object.clone();
        let object = Some((kind, namespace, name));
        Self { object, repo: from.repo.clone(), path: from.path.clone() }
    }

    /// The choice of one origin for whatever has several.
    fn of_all(from: &Provenance) -> Self {
        Self { object: None, repo: from.repo.clone(), path: from.path.clone() }
    }

    fn concerns(&self, object: &ObjectRef) -> bool {
        self.object.as_ref().is_none_or(|(kind, namespace, name)| {
            (kind, namespace, name) == (&object.kind, &object.namespace, &object.name)
        })
    }

    /// Whether it names exactly this origin, not only a folder above it.
    fn names(&self, from: &Provenance) -> bool {
        self.repo == from.repo && self.path == from.path
    }

    fn takes(&self, from: &Provenance) -> bool {
        let below = || from.path.strip_prefix(self.path.as_str());
        self.repo == from.repo
            && (self.path.is_empty()
                || below().is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
    }
}

/// Leaves one of each object, where a choice says which. What nobody chose blocks.
pub(super) fn chosen(wanted: Vec<Wanted>, choices: &[Choice], notes: &mut Notes) -> Vec<Wanted> {
    let mut by_object: BTreeMap<&ObjectRef, Vec<usize>> = BTreeMap::new();
    for (place, item) in wanted.iter().enumerate() {
        // Each of those that have no name yet is an object of its own.
        if !item.object.generates_name() {
            by_object.entry(item.object.reference()).or_default().push(place);
        }
    }
    let (mut left_out, mut used) = (HashSet::new(), HashSet::new());
    let mut decided: BTreeMap<(String, String), Vec<&ObjectRef>> = BTreeMap::new();
    let mut open: BTreeMap<String, (Vec<&ObjectRef>, &Provenance)> = BTreeMap::new();
    for (object, places) in by_object.into_iter().filter(|(_, places)| places.len() > 1) {
        let all: Vec<&Provenance> = places.iter().map(|place| &wanted[*place].provenance).collect();
        let origins: Vec<_> = all.iter().map(|from| origin(from)).collect();
        let (taken, counted) = decide(object, &all, choices);
        used.extend(counted);
        if let Some(taken) = taken {
            left_out
                .extend(places.iter().enumerate().filter(|(n, _)| *n != taken).map(|(_, p)| *p));
            let key = (origins[taken].clone(), origins.join(", "));
            decided.entry(key).or_default().push(object);
        } else {
            let entry = open.entry(origins.join(" and from "));
            entry.or_insert_with(|| (Vec::new(), all[0])).0.push(object);
        }
    }
    for (origins, (objects, first)) in open {
        let (come, choice) = match objects.as_slice() {
            [one] => ("comes", Choice::of(one, first)),
            _ => ("come", Choice::of_all(first)),
        };
        let (names, choice) = (named(&objects), safe(choice.to_string()));
        let text = format!("{names} {come} from {origins}; choose one, as --choose {choice}");
        notes.block(&DUPLICATE, text);
    }
    for ((taken, all), objects) in decided {
        notes.warn(&CHOSEN, format!("{}: {taken} was chosen of {all}", named(&objects)));
    }
    let idle = choices.iter().enumerate().filter(|(at, _)| !used.contains(at));
    for (_, choice) in idle {
        notes.warn(&UNCHOSEN, format!("--choose {} decides nothing", safe(choice.to_string())));
    }
    let kept = wanted.into_iter().enumerate().filter(|(place, _)| !left_out.contains(place));
    kept.map(|(_, item)| item).collect()
}

/// Returns which of an object's origins counts, if the choices leave exactly one; and which choices
/// were looked at.
fn decide(
    object: &ObjectRef,
    origins: &[&Provenance],
    choices: &[Choice],
) -> (Option<usize>, Vec<usize>) {
    // What is said of this object outweighs what is said of all.
    let own = choices.iter().any(|choice| choice.object.is_some() && choice.concerns(object));
    let concerned = |choice: &Choice| choice.concerns(object) && choice.object.is_some() == own;
    let counted = choices.iter().enumerate().filter(|(_, choice)| concerned(choice));
    let fits = |from: &Provenance, exactly: bool| {
        let mut counted = counted.clone().map(|(_, choice)| choice);
        counted.any(|choice| if exactly { choice.names(from) } else { choice.takes(from) })
    };
    let used = counted.clone().filter(|(_, choice)| origins.iter().any(|from| choice.takes(from)));
    let used = used.map(|(at, _)| at).collect();
    // Of a folder and one below it, the one that is named is meant.
    for exactly in [false, true] {
        let mut taken = (0..origins.len()).filter(|at| fits(origins[*at], exactly));
        if let (Some(taken), None) = (taken.next(), taken.next()) {
            return (Some(taken), used);
        }
    }
    (None, used)
}

/// Names a few objects, and how many more there are.
fn named(objects: &[&ObjectRef]) -> String {
    let few: Vec<_> = objects.iter().take(NAMED).map(ToString::to_string).collect();
    match objects.len() - few.len() {
        0 => few.join(", "),
        more => format!("{} and {more} more", few.join(", ")),
    }
}

fn origin(from: &Provenance) -> String {
    safe(format!("{}:{}", from.repo, from.path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_read_and_can_be_typed_again() {
        for text in ["Service/shop/web=apps:prod/web.yaml", "Namespace/shop=apps:prod", "apps:"] {
            assert_eq!(text.parse::<Choice>().unwrap().to_string(), text);
        }
        for bad in ["", "apps", ":prod", "Service=apps:x", "a/b/c/d=apps:x", "/x=apps:y"] {
            assert!(bad.parse::<Choice>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_choice_takes_what_is_in_its_folder() {
        let from = |path: &str| Provenance {
            repo: "apps".into(),
            revision: "c0ffee".into(),
            path: path.into(),
        };
        let choice = |text: &str| text.parse::<Choice>().unwrap();
        assert!(choice("apps:prod").takes(&from("prod/web.yaml")));
        assert!(choice("apps:prod").takes(&from("prod")));
        assert!(choice("apps:").takes(&from("prod")));
        assert!(!choice("apps:prod").takes(&from("prod-2/web.yaml")));
        assert!(!choice("other:prod").takes(&from("prod")));
    }
}
