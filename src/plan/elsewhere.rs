//! What engines would bring that a plan does not: folders that no object of it comes from, charts.
//!
//! Whoever replays the objects of an engine and not what they point to has half of a cluster, and
//! engines are applied suspended. So it is told, in the plan and at its end.

use std::collections::BTreeSet;

use serde_json::Value;

use super::error::ELSEWHERE;
use super::notes::Notes;
use super::value::{Note, Plan};
use crate::model::safe::safe;
use crate::object::Object;
use crate::render::Item;

/// So many names are told.
const NAMED: usize = 4;

/// Notes what is not in the plan although something in it points there.
pub(super) fn check(items: &[Item], notes: &mut Notes) {
    let (mut folders, mut charts) = (BTreeSet::new(), BTreeSet::new());
    for item in items {
        for source in followed(&item.object) {
            match source {
                Followed::Folder(path) if !is_held(&path, items) => {
                    folders.insert(path);
                }
                Followed::Folder(_) => {}
                Followed::Chart => {
                    charts.insert(item.object.reference().to_string());
                }
            }
        }
    }
    if !folders.is_empty() {
        let text = format!("not in the plan, but followed by engines in it: {}", listed(&folders));
        notes.warn(&ELSEWHERE, text);
    }
    if !charts.is_empty() {
        let text =
            format!("the charts are not in the plan that are installed by {}", listed(&charts));
        notes.warn(&ELSEWHERE, text);
    }
}

impl Plan {
    /// Returns what is told of things that engines follow and the plan does not hold.
    pub fn elsewhere(&self) -> impl Iterator<Item = &Note> {
        self.warnings.iter().filter(|note| note.code == ELSEWHERE.code)
    }
}

fn listed(names: &BTreeSet<String>) -> String {
    let first: Vec<_> = names.iter().take(NAMED).map(safe).collect();
    match names.len().saturating_sub(NAMED) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

/// What an object of an engine has it reconcile.
enum Followed {
    /// A folder of a repository, without `./` and slashes at its ends.
    Folder(String),
    /// A chart.
    Chart,
}

fn followed(object: &Object) -> Vec<Followed> {
    let at = object.reference();
    let spec = &object.value()["spec"];
    match (at.group.as_str(), at.kind.as_str()) {
        ("kustomize.toolkit.fluxcd.io", "Kustomization") => vec![folder(&spec["path"])],
        ("helm.toolkit.fluxcd.io", "HelmRelease") => vec![Followed::Chart],
        ("argoproj.io", "Application") => {
            let several = spec["sources"].as_array().into_iter().flatten();
            let sources = several.chain(spec.get("source"));
            sources.filter_map(of_argo).collect()
        }
        _ => Vec::new(),
    }
}

/// A source that is only there to be referred to has neither.
fn of_argo(source: &Value) -> Option<Followed> {
    if source["chart"].is_string() {
        return Some(Followed::Chart);
    }
    source["path"].is_string().then(|| folder(&source["path"]))
}

fn folder(path: &Value) -> Followed {
    let parts = path.as_str().unwrap_or_default().split('/');
    let parts: Vec<_> = parts.filter(|part| !matches!(*part, "" | ".")).collect();
    Followed::Folder(parts.join("/"))
}

/// Whether anything comes from the folder, in whatever repository: which one is meant cannot always
/// be known.
fn is_held(path: &str, items: &[Item]) -> bool {
    items.iter().any(|item| {
        let rest = item.provenance.path.strip_prefix(path);
        path.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::render::Provenance;

    #[expect(clippy::needless_pass_by_value, reason = "written where it is used")]
    fn item(path: &str, api: &str, kind: &str, name: &str, spec: Value) -> Item {
        let value = json!({"apiVersion": api, "kind": kind, "spec": spec,
                           "metadata": {"name": name, "namespace": "flux-system"}});
        let provenance =
            Provenance { repo: "fleet".into(), revision: "1".into(), path: path.into() };
        Item { object: Object::from_value(value).unwrap(), provenance }
    }

    fn told(items: &[Item]) -> Vec<String> {
        let mut notes = Notes::default();
        check(items, &mut notes);
        notes.warnings.into_iter().map(|note| note.text).collect()
    }

    const FLUX: &str = "kustomize.toolkit.fluxcd.io/v1";

    #[test]
    fn folders_that_nothing_comes_from_are_named() {
        let points = |name: &str, path: &str| {
            item("clusters/prod", FLUX, "Kustomization", name, json!({"path": path}))
        };
        let settings = item("apps/base", "v1", "ConfigMap", "a", json!({}));
        let items = [
            points("self", "./clusters/prod/"),
            points("top", ""),
            points("apps", "./apps"),
            points("tenants", "./tenants/prod"),
            points("near", "./app"),
            settings,
        ];
        assert_eq!(
            told(&items),
            ["not in the plan, but followed by engines in it: app, tenants/prod"]
        );
        assert_eq!(told(&items[..3]).len(), 1, "nothing comes from apps now");
    }

    #[test]
    fn charts_are_told_and_many_are_counted() {
        let argo = |name: &str, spec| item("a", "argoproj.io/v1alpha1", "Application", name, spec);
        let items = [
            argo("one", json!({"source": {"path": "apps/one", "repoURL": "x"}})),
            argo("two", json!({"sources": [{"chart": "redis"}, {"ref": "values"}]})),
            item("a", "helm.toolkit.fluxcd.io/v2", "HelmRelease", "podinfo", json!({})),
        ];
        assert_eq!(
            told(&items),
            [
                "not in the plan, but followed by engines in it: apps/one",
                "the charts are not in the plan that are installed by \
                 Application flux-system/two, HelmRelease flux-system/podinfo",
            ]
        );
        let many: Vec<_> = (0..6)
            .map(|n| {
                item("a", FLUX, "Kustomization", &n.to_string(), json!({"path": format!("p{n}")}))
            })
            .collect();
        assert!(told(&many)[0].ends_with("p0, p1, p2, p3 and 2 more"), "{:?}", told(&many));
    }

    #[test]
    fn who_points_to_what_is_there_is_not_told() {
        assert_eq!(told(&[item("x", "v1", "ConfigMap", "a", json!({"path": "y"}))]), [""; 0]);
    }
}
