//! Edges that somebody wrote down.
//!
//! | where | what it says | until |
//! |---|---|---|
//! | Flux `spec.dependsOn` | the objects of one Kustomization after those of another; the engine's own objects likewise | ready where the other waits, else applied |
//! | `config.kubernetes.io/depends-on` | an object after another | ready |
//! | kapp `change-group`, `change-rule` | an object before or after a group | ready |
//! | Argo CD `sync-wave` and `hook`, Helm `hook` and `hook-weight` | within one application: by phase, then by number | ready |
//!
//! An application is what one engine's object names by its path; what none names belongs to the
//! folder it comes from.

use std::collections::{BTreeMap, HashMap};

use super::error::UNREAD;
use super::graph::{Edge, Origin};
use super::index::Index;
use super::notes::Notes;
use super::units::Units;
use super::value::Until;
use crate::model::safe::safe;
use crate::object::{Object, is_engine_object};

const DEPENDS_ON: &str = "config.kubernetes.io/depends-on";
const CHANGE_GROUP: &str = "kapp.k14s.io/change-group";
const CHANGE_RULE: &str = "kapp.k14s.io/change-rule";
const SYNC_WAVE: &str = "argocd.argoproj.io/sync-wave";
const SYNC_HOOK: &str = "argocd.argoproj.io/hook";
const HELM_HOOK: &str = "helm.sh/hook";
const HELM_WEIGHT: &str = "helm.sh/hook-weight";
/// Up to so many pairs of two groups are edges of their own. Beyond, the last of the earlier group
/// waits for the rest of it, and the later group for that one.
const PAIRS: usize = 1024;

/// Returns the explicit edges; what cannot be read is noted.
pub(super) fn edges(index: &Index<'_>, notes: &mut Notes) -> Vec<Edge> {
    let mut found = Found { index, edges: Vec::new(), notes };
    let units = Units::new(index);
    found.flux(&units);
    found.phases(&units);
    found.depends_on();
    found.change_rules();
    found.edges
}

/// Returns why a hook is not for bringing something up, and so no part of a plan.
pub(super) fn left_out(object: &Object) -> Option<&'static str> {
    phase(object).is_none().then_some("it is a hook for another occasion")
}

struct Found<'a, 'n> {
    index: &'a Index<'a>,
    edges: Vec<Edge>,
    notes: &'n mut Notes,
}

impl Found<'_, '_> {
    fn add(&mut self, item: usize, needs: usize, until: Until, why: &'static str) {
        // Engines' objects are suspended: they are never ready.
        let suspended = is_engine_object(self.index.nodes[needs].object);
        let until = if suspended { Until::Applied } else { until };
        self.edges.push(Edge { item, needs, until, why, origin: Origin::Explicit });
    }

    /// All of `later` after all of `earlier`, but for engines' objects: suspended, they do nothing
    /// that could be waited for.
    fn groups(&mut self, later: &[usize], earlier: &[usize], until: Until, why: &'static str) {
        let lasting = |item: &&usize| !is_engine_object(self.index.nodes[**item].object);
        let earlier: Vec<usize> = earlier.iter().filter(lasting).copied().collect();
        let few = later.len().saturating_mul(earlier.len()) <= PAIRS;
        let relay = earlier.iter().max().copied();
        if let (false, Some(relay)) = (few, relay) {
            for needs in &earlier {
                self.add(relay, *needs, until, why);
            }
            for item in later {
                self.add(*item, relay, until, why);
            }
            return;
        }
        for item in later {
            for needs in &earlier {
                self.add(*item, *needs, until, why);
            }
        }
    }

    fn flux(&mut self, units: &Units<'_>) {
        for (item, node) in self.index.nodes.iter().enumerate() {
            let (at, spec) = (node.object.reference(), &node.object.value()["spec"]);
            let flux = at.group.ends_with(".toolkit.fluxcd.io");
            let depends = spec["dependsOn"].as_array().filter(|_| flux);
            for other in depends.into_iter().flatten() {
                let name = other["name"].as_str().unwrap_or_default();
                let namespace = other["namespace"].as_str().or(at.namespace.as_deref());
                let needs = self.index.find(&at.group, &at.kind, namespace, name);
                let Some(needs) = needs else {
                    let other = format!("{}/{name}", namespace.unwrap_or_default());
                    self.unread(item, "dependsOn something not in the plan", &other);
                    continue;
                };
                self.add(item, needs, Until::Applied, "dependsOn");
                let spec = &self.index.nodes[needs].object.value()["spec"];
                let checks = spec["healthChecks"].as_array().is_some_and(|all| !all.is_empty());
                let waits = spec["wait"] == true || checks;
                let until = if waits { Until::Ready } else { Until::Applied };
                let (later, earlier) = (units.members(item), units.members(needs));
                self.groups(later, earlier, until, "dependsOn");
            }
        }
    }

    /// Phases and waves within each application.
    fn phases(&mut self, units: &Units<'_>) {
        for members in units.all() {
            let mut groups: BTreeMap<(i8, i64), Vec<usize>> = BTreeMap::new();
            let lasting = |item: &&usize| !is_engine_object(self.index.nodes[**item].object);
            let members: Vec<_> = members.iter().filter(lasting).collect();
            for item in members {
                let object = self.index.nodes[*item].object;
                let (phase, weight) = (phase(object).unwrap_or_default(), weight(object));
                let weight = weight.unwrap_or_else(|text| {
                    self.unread(*item, "a wave that is no number", text);
                    0
                });
                groups.entry((phase, weight)).or_default().push(*item);
            }
            let groups: Vec<_> = groups.into_iter().collect();
            for pair in groups.windows(2) {
                let [((before, _), earlier), ((after, _), later)] = pair else { continue };
                let why = if before == after { "wave" } else { "hook" };
                self.groups(later, earlier, Until::Ready, why);
            }
        }
    }

    fn depends_on(&mut self) {
        for (item, node) in self.index.nodes.iter().enumerate() {
            let Some(list) = annotation(node.object, DEPENDS_ON) else { continue };
            for text in list.split(',').map(str::trim).filter(|text| !text.is_empty()) {
                let parts: Vec<_> = text.split('/').collect();
                let named = match parts.as_slice() {
                    [group, kind, name] => Some((*group, *kind, None, *name)),
                    [group, "namespaces", namespace, kind, name] => {
                        Some((*group, *kind, Some(*namespace), *name))
                    }
                    _ => None,
                };
                let Some((group, kind, namespace, name)) = named else {
                    self.unread(item, "depends-on", text);
                    continue;
                };
                match self.index.find(group, kind, namespace, name) {
                    Some(needs) => self.add(item, needs, Until::Ready, "depends-on"),
                    None => self.unread(item, "depends-on something not in the plan", text),
                }
            }
        }
    }

    fn change_rules(&mut self) {
        let mut groups: HashMap<&str, Vec<usize>> = HashMap::new();
        for (item, node) in self.index.nodes.iter().enumerate() {
            for group in annotations(node.object, CHANGE_GROUP) {
                groups.entry(group).or_default().push(item);
            }
        }
        // Those that say the same are one group: the rule of a thousand objects is one rule.
        let mut rules: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (item, node) in self.index.nodes.iter().enumerate() {
            for rule in annotations(node.object, CHANGE_RULE) {
                rules.entry(rule).or_default().push(item);
            }
        }
        for (rule, items) in rules {
            let words: Vec<_> = rule.split_whitespace().collect();
            match words.as_slice() {
                ["upsert", order @ ("after" | "before"), "upserting", group] => {
                    let Some(members) = groups.get(group) else { continue };
                    let apart = |item: &&usize| items.binary_search(item).is_err();
                    let members: Vec<_> = members.iter().filter(apart).copied().collect();
                    let (later, earlier) =
                        if *order == "after" { (&items, &members) } else { (&members, &items) };
                    self.groups(later, earlier, Until::Ready, "change-rule");
                }
                // Nothing is deleted here.
                [one, _, other, _] if *one == "delete" || *other == "deleting" => {}
                _ => self.unread(items[0], "change-rule", rule),
            }
        }
    }

    fn unread(&mut self, item: usize, what: &str, text: &str) {
        let object = self.index.nodes[item].object.reference();
        self.notes.warn(&UNREAD, format!("{object} has {what}: {}", safe(text)));
    }
}

fn annotation<'a>(object: &'a Object, name: &str) -> Option<&'a str> {
    object.value()["metadata"]["annotations"][name].as_str()
}

/// The values of an annotation that may be repeated with a suffix.
fn annotations<'a>(object: &'a Object, name: &'static str) -> impl Iterator<Item = &'a str> {
    let all = object.value()["metadata"]["annotations"].as_object().into_iter().flatten();
    let named = all.filter(move |(key, _)| {
        key.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    });
    named.filter_map(|(_, value)| value.as_str())
}

/// Before, with or after the other objects of an application; nothing where a hook is for another
/// occasion: a test, an upgrade, a removal.
fn phase(object: &Object) -> Option<i8> {
    let phases: &[(&str, i8)] = &[("PreSync", -1), ("Sync", 0), ("PostSync", 1)];
    let hooks: &[(&str, i8)] = &[("crd-install", -2), ("pre-install", -1), ("post-install", 1)];
    let (list, known) = match (annotation(object, SYNC_HOOK), annotation(object, HELM_HOOK)) {
        (Some(list), _) => (list, phases),
        (None, Some(list)) => (list, hooks),
        (None, None) => return Some(0),
    };
    let words = list.split(',').map(str::trim);
    let places = words.filter_map(|word| known.iter().find(|(name, _)| *name == word));
    places.map(|(_, place)| *place).min()
}

fn weight(object: &Object) -> Result<i64, &str> {
    let text = match annotation(object, SYNC_WAVE) {
        Some(text) => Some(text),
        None => annotation(object, HELM_HOOK).and_then(|_| annotation(object, HELM_WEIGHT)),
    };
    text.map_or(Ok(0), |text| text.trim().parse().map_err(|_| text))
}
