//! What engines would bring that a plan does not: folders that no object of it comes from, charts.
//!
//! Whoever replays the objects of an engine and not what they point to has half of a cluster, and
//! engines are applied suspended. So it is told, in the plan and at its end.

use std::collections::BTreeSet;

use serde_json::Value;

use super::desired::Desired;
use super::error::{CLOCKS, ELSEWHERE, ENGINES};
use super::notes::Notes;
use super::source::Source;
use super::value::{Note, Plan};
use crate::model::safe::safe;
use crate::object::Object;
use crate::render::Item;

/// So many names are told.
const NAMED: usize = 4;

/// Returns the folders that engines' objects follow and that no item comes from, each as if it were
/// in the repository of the object that follows it: where else cannot always be known.
pub fn followed(items: &[Item]) -> Vec<Source> {
    let mut folders = BTreeSet::new();
    for item in items {
        for source in follows(&item.object) {
            if let Followed::Folder(path) = source
                && !is_held(&path, items)
            {
                folders.insert((item.provenance.repo.clone(), path));
            }
        }
    }
    let source = |(repo, path)| Source { repo, path, revision: None };
    folders.into_iter().map(source).collect()
}

/// Notes what is not in the plan although something in it points there.
pub(super) fn check(desired: &Desired, notes: &mut Notes) {
    let items = &desired.items;
    let is_there = |folder: &Source| {
        desired.beyond.iter().any(|one| (&one.repo, &one.path) == (&folder.repo, &folder.path))
    };
    let (held, lost): (Vec<_>, Vec<_>) = followed(items).into_iter().partition(is_there);
    let names = |folders: &[Source]| listed(folders.iter().map(ToString::to_string));
    if !held.is_empty() {
        let text =
            format!("engines follow what the bundle holds and the plan lacks: {}", names(&held));
        notes.warn(&ELSEWHERE, text);
    }
    if !lost.is_empty() {
        let by = |folder: &Source| {
            let follower = items.iter().find(|item| {
                let is_it =
                    |one: &Followed| matches!(one, Followed::Folder(at) if *at == folder.path);
                follows(&item.object).iter().any(is_it)
            });
            let follower =
                follower.map_or_else(String::new, |item| item.object.reference().to_string());
            format!("./{} ({follower})", folder.path)
        };
        let names = listed(lost.iter().map(by));
        notes.warn(
            &ELSEWHERE,
            format!("engines follow what neither plan nor bundle holds: {names}"),
        );
    }
    let charts = items.iter().filter(|item| {
        follows(&item.object).iter().any(|source| matches!(source, Followed::Chart))
    });
    let charts: BTreeSet<_> = charts.map(|item| item.object.reference().to_string()).collect();
    if !charts.is_empty() {
        let names = listed(charts.into_iter());
        notes.warn(&ELSEWHERE, format!("the plan lacks the charts that these install: {names}"));
    }
}

impl Note {
    /// Returns whether it tells of what the plan lacks.
    pub fn is_elsewhere(&self) -> bool {
        self.code == ELSEWHERE.code
    }

    /// Returns whether it tells of what is applied so that it waits.
    pub fn is_asleep(&self) -> bool {
        [ENGINES.code, CLOCKS.code].contains(&self.code.as_str())
    }
}

impl Plan {
    /// Says of a plan that does nothing what it does not speak of: that is missing all the same.
    pub fn only_beyond(&self) -> Option<String> {
        let there = match self.items().count() {
            1 => "This 1 object is there as it should be".to_owned(),
            count => format!("These {count} objects are there as they should be"),
        };
        let beyond = match self.beyond.len() {
            0 => return None,
            1 => "1 folder is NOT in this plan".to_owned(),
            count => format!("{count} folders are NOT in this plan"),
        };
        self.is_empty().then(|| format!("{there}; {beyond}"))
    }

    /// Returns what is still so when the plan was carried out: what was applied so that it waits,
    /// and what the plan does not hold.
    pub fn lasting(&self) -> impl Iterator<Item = &Note> {
        self.warnings.iter().filter(|note| note.is_elsewhere() || note.is_asleep())
    }
}

fn listed(names: impl ExactSizeIterator<Item = String>) -> String {
    let more = names.len().saturating_sub(NAMED);
    let first: Vec<_> = names.take(NAMED).map(safe).collect();
    match more {
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

fn follows(object: &Object) -> Vec<Followed> {
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

/// Without `./` and slashes at its ends. What would leave the repository is cut there.
fn folder(path: &Value) -> Followed {
    let parts = path.as_str().unwrap_or_default().split('/');
    let parts = parts.filter(|part| !matches!(*part, "" | ".")).take_while(|part| *part != "..");
    Followed::Folder(parts.collect::<Vec<_>>().join("/"))
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
    use crate::model::digest::Digest;
    use crate::render::Provenance;

    #[expect(clippy::needless_pass_by_value, reason = "written where it is used")]
    fn item(path: &str, api: &str, kind: &str, name: &str, spec: Value) -> Item {
        let value = json!({"apiVersion": api, "kind": kind, "spec": spec,
                           "metadata": {"name": name, "namespace": "flux-system"}});
        let provenance =
            Provenance { repo: "fleet".into(), revision: "1".into(), path: path.into() };
        Item { object: Object::from_value(value).unwrap(), provenance }
    }

    fn told_with(items: &[Item], beyond: &[Source]) -> Vec<String> {
        let mut notes = Notes::default();
        let desired = Desired {
            bundle: Digest::ZERO,
            items: items.to_vec(),
            findings: Vec::new(),
            choices: Vec::new(),
            beyond: beyond.to_vec(),
        };
        check(&desired, &mut notes);
        notes.warnings.into_iter().map(|note| note.text).collect()
    }

    fn told(items: &[Item]) -> Vec<String> {
        told_with(items, &[])
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
            ["engines follow what neither plan nor bundle holds: ./app (Kustomization \
              flux-system/near), ./tenants/prod (Kustomization flux-system/tenants)"]
        );
        let held = Source { repo: "fleet".into(), path: "tenants/prod".into(), revision: None };
        assert_eq!(
            told_with(&items, &[held]),
            [
                "engines follow what the bundle holds and the plan lacks: fleet:tenants/prod",
                "engines follow what neither plan nor bundle holds: ./app (Kustomization \
                 flux-system/near)",
            ]
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
                "engines follow what neither plan nor bundle holds: ./apps/one (Application \
                 flux-system/one)",
                "the plan lacks the charts that these install: \
                 Application flux-system/two, HelmRelease flux-system/podinfo",
            ]
        );
        let many: Vec<_> = (0..6)
            .map(|n| {
                item("a", FLUX, "Kustomization", &n.to_string(), json!({"path": format!("p{n}")}))
            })
            .collect();
        assert!(told(&many)[0].ends_with("and 2 more"), "{:?}", told(&many));
    }

    #[test]
    fn who_points_to_what_is_there_is_not_told() {
        assert_eq!(told(&[item("x", "v1", "ConfigMap", "a", json!({"path": "y"}))]), [""; 0]);
    }
}
