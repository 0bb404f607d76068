//! What engines would bring that a plan does not: folders that no object of it comes from, charts.
//!
//! Whoever replays the objects of an engine and not what they point to has half of a cluster, and
//! engines are applied suspended. So it is told, in the plan and at its end.

use std::collections::BTreeSet;

use serde_json::Value;

use super::dangling::named;
use super::desired::Desired;
use super::error::ELSEWHERE;
use super::notes::Notes;
use super::source::Source;
use super::units::repo_of;
use super::value::Plan;
use crate::model::safe::safe;
use crate::object::{Object, ObjectRef};
use crate::render::Item;

/// So many names are told.
const NAMED: usize = 4;
/// Stands between what is not held and when it comes, which a sentence for others leaves out.
pub(super) const LATER: &str = ": nothing to do tonight, ";

/// Returns the folders that engines' objects follow and that no item comes from: each in the
/// repository of those in the bundle that its address ends with, else as if it were in the repository
/// of the object that follows it. Where else cannot always be known.
pub fn followed(items: &[Item], repos: &BTreeSet<&str>) -> Vec<Source> {
    let mut folders = BTreeSet::new();
    for item in items {
        for source in follows(&item.object, items) {
            if let What::Folder(path) = source.what
                && !is_held(&path, items)
            {
                let url = source.url.map(without_secrets);
                let named = url.as_deref().and_then(|url| repo_of(url, repos));
                let repo = named.unwrap_or(&item.provenance.repo);
                folders.insert((repo.to_owned(), path));
            }
        }
    }
    let source = |(repo, path)| Source { repo, path, revision: None };
    folders.into_iter().map(source).collect()
}

/// Notes what is not in the plan although something in it points there.
pub(super) fn check(desired: &Desired, notes: &mut Notes) {
    let items = &desired.items;
    if !desired.beyond.is_empty() {
        let names = listed(desired.beyond.iter().map(ToString::to_string));
        let by = beyond_by(desired);
        let text = format!("engines follow what the bundle holds and the plan lacks: {names}{by}");
        notes.warn(&ELSEWHERE, text);
    }
    let (mut lost, mut charts) = (BTreeSet::new(), BTreeSet::new());
    for item in items {
        let by = item.object.reference();
        for source in follows(&item.object, items) {
            let of = source.from.map_or_else(String::new, |from| format!(" of {from}"));
            match source.what {
                What::Chart(name) => drop(charts.insert(format!("{by} installs {name}{of}"))),
                What::Folder(path) => {
                    let there = desired.beyond.iter().any(|folder| folder.path == path);
                    if !there && !is_held(&path, items) {
                        lost.insert(format!("{by} follows ./{path}{of}"));
                    }
                }
            }
        }
    }
    if !lost.is_empty() {
        let later = match lost.len() {
            1 => "it comes when that host answers",
            _ => "they come when their hosts answer",
        };
        let names = listed(lost.into_iter());
        let text = format!("{names}, which neither plan nor bundle holds{LATER}{later}");
        notes.warn(&ELSEWHERE, text);
    }
    if !charts.is_empty() {
        let names = listed(charts.into_iter());
        notes.warn(&ELSEWHERE, format!("{names}, which the plan does not hold"));
    }
}

/// Who follows the folders that the bundle holds and the plan lacks, in words.
fn beyond_by(desired: &Desired) -> String {
    let is_beyond = |source: &Followed<'_>| match &source.what {
        What::Folder(path) => desired.beyond.iter().any(|folder| folder.path == *path),
        What::Chart(_) => false,
    };
    let items = &desired.items;
    let by = items.iter().filter(|item| follows(&item.object, items).iter().any(is_beyond));
    let by: BTreeSet<_> = by.map(|item| item.object.reference().to_string()).collect();
    let (more, them) =
        (by.len().saturating_sub(1), if desired.beyond.len() == 1 { "it" } else { "them" });
    let Some(first) = by.first().map(safe) else { return String::new() };
    match more {
        0 => format!(" ({first} follows {them})"),
        more => format!(" ({first} and {more} more follow {them})"),
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

    /// Says what a replay keeps on a cluster beside the objects of the plan.
    pub fn besides(&self) -> Option<&'static str> {
        const WORDS: &str =
            "a replay also keeps its lease and journal copy in namespace blackstart-system";
        (self.target.uid.is_some() && !self.is_empty()).then_some(WORDS)
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
enum What {
    /// A folder of a repository, without `./` and slashes at its ends.
    Folder(String),
    /// A chart, in words.
    Chart(String),
}

/// Something that an engine fetches.
struct Followed<'a> {
    what: What,
    /// The address of what it is in, where that is known.
    url: Option<&'a str>,
    /// What it is in, in words.
    from: Option<String>,
}

fn follows<'a>(object: &'a Object, items: &'a [Item]) -> Vec<Followed<'a>> {
    let at = object.reference();
    let spec = &object.value()["spec"];
    let of_flux = |what, reference: &Value| {
        let (from, url) = source_of(reference, at, items);
        vec![Followed { what, url, from }]
    };
    match (at.group.as_str(), at.kind.as_str()) {
        ("kustomize.toolkit.fluxcd.io", "Kustomization") => {
            of_flux(What::Folder(folder(&spec["path"])), &spec["sourceRef"])
        }
        ("helm.toolkit.fluxcd.io", "HelmRelease") if spec["chartRef"].is_object() => {
            of_flux(What::Chart("the chart".to_owned()), &spec["chartRef"])
        }
        ("helm.toolkit.fluxcd.io", "HelmRelease") => {
            let chart = &spec["chart"]["spec"];
            of_flux(What::Chart(chart_name(&chart["chart"])), &chart["sourceRef"])
        }
        ("argoproj.io", "Application") => {
            let several = spec["sources"].as_array().into_iter().flatten();
            let sources = several.chain(spec.get("source"));
            sources.filter_map(of_argo).collect()
        }
        _ => Vec::new(),
    }
}

/// A source that is only there to be referred to has neither.
fn of_argo(source: &Value) -> Option<Followed<'_>> {
    let what = if source["chart"].is_string() {
        What::Chart(chart_name(&source["chart"]))
    } else if source["path"].is_string() {
        What::Folder(folder(&source["path"]))
    } else {
        return None;
    };
    let url = source["repoURL"].as_str();
    Some(Followed { what, url, from: url.map(without_secrets) })
}

fn chart_name(name: &Value) -> String {
    name.as_str().map_or_else(|| "a chart".to_owned(), |name| format!("chart {name}"))
}

/// Returns the source that an object of Flux refers to, in words, and its address where the plan
/// has it.
fn source_of<'a>(
    reference: &Value,
    by: &ObjectRef,
    items: &'a [Item],
) -> (Option<String>, Option<&'a str>) {
    let Some(object) = named(reference, by) else { return (None, None) };
    let found = items.iter().find(|item| *item.object.reference() == object);
    let url = found.and_then(|item| item.object.value()["spec"]["url"].as_str());
    let address = url.map_or_else(String::new, |url| format!(" ({})", without_secrets(url)));
    (Some(format!("{object}{address}")), url)
}

/// An address without what lets somebody in: what stands before the host, and what is asked for.
fn without_secrets(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let Some((scheme, rest)) = url.split_once("://") else {
        // As ssh writes it: whoever is before the host is a name, unless a colon comes first.
        return match url.split_once('@') {
            Some((who, host)) if who.contains(':') => host.to_owned(),
            _ => url.to_owned(),
        };
    };
    let (host, path) = rest.split_once('/').map_or((rest, None), |(host, path)| (host, Some(path)));
    let host = host.rsplit('@').next().unwrap_or_default();
    path.map_or_else(|| format!("{scheme}://{host}"), |path| format!("{scheme}://{host}/{path}"))
}

/// Without `./` and slashes at its ends. What would leave the repository is cut there.
fn folder(path: &Value) -> String {
    let parts = path.as_str().unwrap_or_default().split('/');
    let parts = parts.filter(|part| !matches!(*part, "" | ".")).take_while(|part| *part != "..");
    parts.collect::<Vec<_>>().join("/")
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
    const HELM: &str = "helm.toolkit.fluxcd.io/v2";
    const SOURCES: &str = "source.toolkit.fluxcd.io/v1";

    #[test]
    fn folders_that_nothing_comes_from_are_named_with_who_follows_what_of_where() {
        let points = |name: &str, path: &str| {
            item("clusters/prod", FLUX, "Kustomization", name, json!({"path": path}))
        };
        let settings = item("apps/base", "v1", "ConfigMap", "a", json!({}));
        let from = json!({"kind": "GitRepository", "name": "dev", "namespace": "tenants"});
        let source = |name: &str, url: &str| {
            let mut object =
                item("clusters/prod", SOURCES, "GitRepository", name, json!({"url": url}));
            let mut value = object.object.into_value();
            value["metadata"]["namespace"] = "tenants".into();
            object.object = Object::from_value(value).unwrap();
            object
        };
        let dev = "https://u:secret@git.example.com/dev/app.git?token=secret";
        let tenant = json!({"path": "./tenants/prod", "sourceRef": from});
        let items = [
            points("self", "./clusters/prod/"),
            points("top", ""),
            points("apps", "./apps"),
            item("clusters/prod", FLUX, "Kustomization", "tenants", tenant),
            source("dev", dev),
            settings,
        ];
        assert_eq!(
            told(&items),
            ["Kustomization flux-system/tenants follows ./tenants/prod of GitRepository \
              tenants/dev (https://git.example.com/dev/app.git), which neither plan nor bundle \
              holds: nothing to do tonight, it comes when that host answers"]
        );
        let held = Source { repo: "fleet".into(), path: "tenants/prod".into(), revision: None };
        assert_eq!(
            told_with(&items, &[held]),
            ["engines follow what the bundle holds and the plan lacks: fleet:tenants/prod \
              (Kustomization flux-system/tenants follows it)"]
        );
        assert_eq!(told(&items[..3]).len(), 1, "nothing comes from apps now");
        let of = |repos: &[&str]| followed(&items, &repos.iter().copied().collect());
        let source = |repo: &str| {
            [Source { repo: repo.into(), path: "tenants/prod".into(), revision: None }]
        };
        assert_eq!(of(&["fleet"]), source("fleet"));
        assert_eq!(of(&["fleet", "dev/app"]), source("dev/app"), "its address says where");
    }

    #[test]
    fn an_address_is_shown_without_what_lets_somebody_in() {
        for (url, shown) in [
            ("https://git.example.com/a.git", "https://git.example.com/a.git"),
            ("https://me:s3@git.example.com/a?t=s3#x", "https://git.example.com/a"),
            ("https://s3@git.example.com", "https://git.example.com"),
            ("ssh://git@git.example.com/a@b", "ssh://git.example.com/a@b"),
            ("git@git.example.com:a/b", "git@git.example.com:a/b"),
            ("me:s3@git.example.com:a/b", "git.example.com:a/b"),
        ] {
            assert_eq!(without_secrets(url), shown);
        }
    }

    #[test]
    fn charts_are_told_and_many_are_counted() {
        let argo = |name: &str, spec| item("a", "argoproj.io/v1alpha1", "Application", name, spec);
        let helm = |name: &str, spec| item("a", HELM, "HelmRelease", name, spec);
        let repository = json!({"kind": "HelmRepository", "name": "charts"});
        let items = [
            argo("one", json!({"source": {"path": "apps/one", "repoURL": "https://x/y"}})),
            argo(
                "two",
                json!({"sources": [{"chart": "redis", "repoURL": "https://x"}, {"ref": "v"}]}),
            ),
            helm("info", json!({"chart": {"spec": {"chart": "podinfo", "sourceRef": repository}}})),
            helm("oci", json!({"chartRef": {"kind": "OCIRepository", "name": "app"}})),
        ];
        assert_eq!(
            told(&items),
            [
                "Application flux-system/one follows ./apps/one of https://x/y, which neither plan \
                 nor bundle holds: nothing to do tonight, it comes when that host answers",
                "Application flux-system/two installs chart redis of https://x, \
                 HelmRelease flux-system/info installs chart podinfo of HelmRepository \
                 flux-system/charts, HelmRelease flux-system/oci installs the chart of \
                 OCIRepository flux-system/app, which the plan does not hold",
            ]
        );
        let many: Vec<_> = (0..6)
            .map(|n| {
                item("a", FLUX, "Kustomization", &n.to_string(), json!({"path": format!("p{n}")}))
            })
            .collect();
        let text = told(&many).remove(0);
        assert!(
            text.contains("./p3 and 2 more, which") && text.ends_with("hosts answer"),
            "{text}"
        );
    }

    #[test]
    fn who_points_to_what_is_there_is_not_told() {
        assert_eq!(told(&[item("x", "v1", "ConfigMap", "a", json!({"path": "y"}))]), [""; 0]);
    }
}
