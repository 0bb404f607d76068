//! What a person chose beside the plan: which objects, whose fields, how to wait. A resumed run
//! keeps to it.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use globset::{Glob, GlobMatcher};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::object::ObjectRef;

/// Objects, named as `KIND/NAMESPACE/NAME`, `KIND/NAME` outside of namespaces, or `KIND`.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: String,
    parts: Vec<GlobMatcher>,
}

impl Pattern {
    /// Returns whether it names an object.
    pub fn matches(&self, object: &ObjectRef) -> bool {
        let full = format!("{}.{}", object.kind, object.group);
        let kind = |part: &GlobMatcher| {
            part.is_match(object.kind.to_lowercase()) || part.is_match(full.to_lowercase())
        };
        match self.parts.as_slice() {
            [one] => kind(one),
            [one, name] => kind(one) && object.namespace.is_none() && name.is_match(&object.name),
            [one, namespace, name] => {
                let inside = object.namespace.as_ref();
                kind(one)
                    && inside.is_some_and(|n| namespace.is_match(n))
                    && name.is_match(&object.name)
            }
            _ => false,
        }
    }

    /// Returns whether it can name more than one object of a kind.
    pub fn is_broad(&self) -> bool {
        self.parts.len() < 2 || self.is_open()
    }

    /// Returns whether it is one kind, spelt out.
    pub fn is_kind(&self) -> bool {
        self.parts.len() == 1 && !self.is_open()
    }

    /// Whether parts of it stand for any text.
    fn is_open(&self) -> bool {
        self.text.contains(['*', '?', '[', '{'])
    }
}

impl FromStr for Pattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || "expected KIND/NAMESPACE/NAME, KIND/NAME or KIND; * stands for any".to_owned();
        let parts: Vec<&str> = text.split('/').collect();
        if parts.len() > 3 || parts.iter().any(|part| part.is_empty()) {
            return Err(bad());
        }
        let lower = |(index, part): (usize, &&str)| {
            let part = if index == 0 { part.to_lowercase() } else { (*part).to_owned() };
            Ok(Glob::new(&part).map_err(|_| bad())?.compile_matcher())
        };
        let parts = parts.iter().enumerate().map(lower).collect::<Result<_, String>>()?;
        Ok(Self { text: text.to_owned(), parts })
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Pattern {}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

/// An object that is left out, or all objects of one kind, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skip {
    /// Which one.
    pub object: Pattern,
    /// The reason that was given.
    pub reason: String,
}

/// What a person chose.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Choices {
    /// Only these objects, when there are any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<Pattern>,
    /// Not these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<Pattern>,
    /// Not these, for a reason.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub skip: Vec<Skip>,
    /// These take over fields that another manager holds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub force_conflicts: Vec<Pattern>,
    /// A Job must be complete, not only running.
    pub jobs_complete: bool,
}

impl Choices {
    /// Returns why an object is left out, if it is.
    pub fn left_out(&self, object: &ObjectRef) -> Option<String> {
        if let Some(skip) = self.skip.iter().find(|skip| skip.object.matches(object)) {
            return Some(skip.reason.clone());
        }
        if let Some(pattern) = self.exclude.iter().find(|pattern| pattern.matches(object)) {
            return Some(format!("--exclude {pattern}"));
        }
        let wanted = self.only.is_empty() || self.only.iter().any(|only| only.matches(object));
        (!wanted).then(|| "it is not among --only".to_owned())
    }

    /// Returns whether an object may take over fields of others.
    pub fn takes_over(&self, object: &ObjectRef) -> bool {
        self.force_conflicts.iter().any(|pattern| pattern.matches(object))
    }

    /// Adds what is chosen on resuming.
    pub fn add(&mut self, more: Self) {
        self.only.extend(more.only);
        self.exclude.extend(more.exclude);
        self.skip.extend(more.skip);
        self.force_conflicts.extend(more.force_conflicts);
        self.jobs_complete |= more.jobs_complete;
    }

    /// Returns how many objects each kind stands for that is left out as a whole.
    pub(super) fn kinds_left_out(&self, objects: &[&ObjectRef]) -> Vec<(&Pattern, usize)> {
        let kinds = self.skip.iter().map(|skip| &skip.object).filter(|object| object.is_kind());
        let count = |kind: &Pattern| objects.iter().filter(|object| kind.matches(object)).count();
        kinds.map(|kind| (kind, count(kind))).collect()
    }

    /// Returns the first name that fits nothing, or that must name one object, or one kind, and does
    /// not. Whoever leaves something out says what it is; a pattern says what it happens to fit.
    pub(super) fn slip(&self, objects: &[&ObjectRef]) -> Option<String> {
        let skipped = self.skip.iter().map(|skip| &skip.object);
        let exact = skipped.clone().filter(|one| !one.is_kind()).chain(&self.force_conflicts);
        if let Some(broad) = exact.clone().find(|pattern| pattern.is_broad()) {
            return Some(format!("{broad} must name one object, as KIND/NAMESPACE/NAME"));
        }
        if let Some(vague) = skipped.clone().find_map(|kind| several_groups(kind, objects)) {
            return Some(vague);
        }
        let mut all = skipped.chain(&self.force_conflicts).chain(&self.only).chain(&self.exclude);
        let idle = all.find(|pattern| !objects.iter().any(|object| pattern.matches(object)));
        idle.map(|pattern| format!("no object of the plan is named {pattern}"))
    }
}

/// Says of a kind that it is there in several API groups: which is meant cannot be known.
fn several_groups(kind: &Pattern, objects: &[&ObjectRef]) -> Option<String> {
    let of = objects.iter().filter(|object| kind.is_kind() && kind.matches(object));
    let groups: BTreeSet<&str> = of.map(|object| object.group.as_str()).collect();
    let named = groups.iter().map(|group| if group.is_empty() { "core" } else { group });
    (groups.len() > 1).then(|| {
        let groups = named.collect::<Vec<_>>().join(", ");
        format!("{kind} is a kind of several groups ({groups}); name it as KIND.GROUP")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(group: &str, kind: &str, namespace: Option<&str>, name: &str) -> ObjectRef {
        let namespace = namespace.map(str::to_owned);
        ObjectRef { group: group.into(), kind: kind.into(), namespace, name: name.into() }
    }

    fn pattern(text: &str) -> Pattern {
        text.parse().unwrap()
    }

    #[test]
    fn objects_are_named_by_kind_namespace_and_name() {
        let web = object("apps", "Deployment", Some("shop"), "web");
        for good in ["Deployment/shop/web", "deployment", "deployment.apps/*/web", "*/shop/*"] {
            assert!(pattern(good).matches(&web), "{good}");
        }
        for other in ["Deployment/web", "Deploy/shop/web", "Deployment/shop/we", "*/*"] {
            assert!(!pattern(other).matches(&web), "{other}");
        }
        assert!(pattern("Namespace/shop").matches(&object("", "Namespace", None, "shop")));
        for bad in ["", "a/", "a/b/c/d", "a/[/b"] {
            assert!(bad.parse::<Pattern>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_slip_is_found() {
        let objects = [object("", "Secret", Some("a"), "x")];
        let slip = |choices: Choices| choices.slip(&objects.iter().collect::<Vec<_>>());
        let force = |text| Choices { force_conflicts: vec![pattern(text)], ..Choices::default() };
        assert_eq!(slip(force("Secret/a/x")), None);
        assert!(slip(force("Secret/a/*")).unwrap().contains("must name one object"));
        assert!(slip(force("Secret/a/y")).unwrap().contains("no object of the plan"));
        assert_eq!(slip(Choices { only: vec![pattern("Secret")], ..Choices::default() }), None);
    }

    #[test]
    fn a_whole_kind_is_left_out_only_when_it_is_spelt_out() {
        let objects = [
            object("kyverno.io", "ClusterPolicy", None, "a"),
            object("kyverno.io", "ClusterPolicy", None, "b"),
            object("a.example", "Route", Some("x"), "r"),
            object("b.example", "Route", Some("x"), "r"),
        ];
        let objects: Vec<_> = objects.iter().collect();
        let skip = |text: &str| {
            let skip = Skip { object: pattern(text), reason: "no Kyverno here".into() };
            Choices { skip: vec![skip], ..Choices::default() }
        };
        for good in ["ClusterPolicy.kyverno.io", "clusterpolicy", "Route.b.example"] {
            assert_eq!(skip(good).slip(&objects), None, "{good}");
        }
        for bad in ["ClusterPol*", "*", "ClusterPolicy/*", "ClusterPolicy.*"] {
            assert!(skip(bad).slip(&objects).unwrap().contains("must name one object"), "{bad}");
        }
        let vague = skip("Route").slip(&objects).unwrap();
        assert!(vague.contains("several groups (a.example, b.example)"), "{vague}");
        assert!(skip("Policy").slip(&objects).unwrap().contains("no object of the plan"));
        let kind = skip("ClusterPolicy.kyverno.io");
        assert_eq!(kind.left_out(objects[1]).as_deref(), Some("no Kyverno here"));
        assert_eq!(kind.left_out(objects[2]), None);
        assert_eq!(kind.kinds_left_out(&objects)[0].1, 2);
        let force = Choices { force_conflicts: vec![pattern("Route")], ..Choices::default() };
        assert!(force.slip(&objects).unwrap().contains("must name one object"), "only for --skip");
    }
}
