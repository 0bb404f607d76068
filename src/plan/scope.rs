//! Which kinds live in namespaces, and who defines them: the target, or the plan itself.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use crate::cluster::{Kinds, ServedKind};
use crate::object::Object;

/// What is known about an object's kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// The target serves it, in this version.
    Served(ServedKind),
    /// A definition in the plan will make it.
    Defined {
        /// Whether its objects live in namespaces.
        namespaced: bool,
    },
    /// The target serves it in other versions only.
    OtherVersion(String),
    /// Nobody knows it.
    Unknown,
}

/// The kinds of the target and of the plan.
pub(super) struct Scope {
    kinds: Kinds,
    /// Group and kind → whether namespaced, and the versions it will be served in.
    defined: HashMap<(String, String), (bool, Vec<String>)>,
    /// Groups and versions that an aggregated API of the plan will serve.
    aggregated: HashSet<(String, String)>,
}

impl Scope {
    pub(super) fn new<'a>(kinds: Kinds, objects: impl Iterator<Item = &'a Object>) -> Self {
        let (mut defined, mut brought) = (HashMap::new(), HashSet::new());
        for object in objects {
            defined.extend(definition(object));
            brought.extend(aggregated(object));
        }
        Self { kinds, defined, aggregated: brought }
    }

    /// Returns whether nobody can say more of an object's kind than which aggregated API serves it:
    /// one of the plan, or one of the target that does not answer.
    pub(super) fn is_aggregated(&self, object: &Object) -> bool {
        let group = &object.reference().group;
        let brought = || self.aggregated.contains(&(group.clone(), object.version().to_owned()));
        self.kinds.is_unknown(group) || brought()
    }

    /// Returns what is known about the kind of `object`.
    pub(super) fn of(&self, object: &Object) -> Known {
        let reference = object.reference();
        let (group, version, kind) = (&reference.group, object.version(), &reference.kind);
        let served = self.kinds.find(group, version, kind);
        if let Some(served) = served.filter(|served| served.version == version) {
            return Known::Served(served.clone());
        }
        match self.defined.get(&(group.clone(), kind.clone())) {
            Some((namespaced, versions)) if versions.iter().any(|known| known == version) => {
                Known::Defined { namespaced: *namespaced }
            }
            _ => match served {
                Some(other) => Known::OtherVersion(other.version.clone()),
                None => Known::Unknown,
            },
        }
    }

    /// Returns what the target serves.
    pub(super) fn kinds(&self) -> &Kinds {
        &self.kinds
    }
}

fn aggregated(object: &Object) -> Option<(String, String)> {
    if object.reference().kind != "APIService" {
        return None;
    }
    let spec = &object.value()["spec"];
    Some((spec["group"].as_str()?.to_owned(), spec["version"].as_str()?.to_owned()))
}

type Definition = ((String, String), (bool, Vec<String>));

fn definition(object: &Object) -> Option<Definition> {
    if object.reference().kind != "CustomResourceDefinition" {
        return None;
    }
    let spec = &object.value()["spec"];
    let group = spec["group"].as_str()?.to_owned();
    let kind = spec["names"]["kind"].as_str()?.to_owned();
    let versions = spec["versions"].as_array().into_iter().flatten();
    let versions = versions.filter(|version| version["served"] != false);
    let versions = versions.filter_map(|version: &Value| version["name"].as_str());
    let versions = versions.map(str::to_owned).collect();
    Some(((group, kind), (spec["scope"] == "Namespaced", versions)))
}
