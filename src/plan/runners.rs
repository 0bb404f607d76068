//! Whether anything runs what engines' objects tell: without a controller they are data, which surprises
//! whoever lets them go on.

use super::error::NO_ENGINE;
use super::lasting::SO;
use super::notes::Notes;
use super::settle::Wanted;
use crate::cluster::{Cluster, Kinds};
use crate::object::{ObjectRef, is_engine_object};

/// A controller: its engine, the group it acts on, its kind and name, where it usually lives.
struct Runner {
    engine: &'static str,
    group: &'static str,
    kind: &'static str,
    name: &'static str,
    namespace: &'static str,
}

const fn flux(group: &'static str, name: &'static str) -> Runner {
    Runner { engine: "Flux", group, kind: "Deployment", name, namespace: "flux-system" }
}

const RUNNERS: [Runner; 4] = [
    flux("kustomize.toolkit.fluxcd.io", "kustomize-controller"),
    flux("helm.toolkit.fluxcd.io", "helm-controller"),
    flux("source.toolkit.fluxcd.io", "source-controller"),
    Runner {
        engine: "Argo CD",
        group: "argoproj.io",
        kind: "StatefulSet",
        name: "argocd-application-controller",
        namespace: "argocd",
    },
];

impl Runner {
    /// Whether an object is it, wherever it lives and whatever a chart puts before its name.
    fn is(&self, object: &ObjectRef) -> bool {
        let workload = ["Deployment", "StatefulSet"].contains(&object.kind.as_str());
        workload && object.group == "apps" && object.name.ends_with(self.name)
    }

    /// Whether the target has it where it usually lives; none where that cannot be asked.
    fn is_on(&self, cluster: &dyn Cluster, kinds: &Kinds) -> Option<bool> {
        let kind = kinds.find("apps", "v1", self.kind)?;
        let found = cluster.get(kind, Some(self.namespace), self.name).ok()?;
        Some(found.is_some())
    }
}

/// Tells of engines whose objects are in the plan, and none of whose controllers is anywhere. What is
/// on the target only is looked through; elsewhere each is asked for by its usual name.
pub(super) fn check(
    wanted: &[Wanted],
    extra: &[ObjectRef],
    kinds: &Kinds,
    cluster: &dyn Cluster,
    notes: &mut Notes,
) {
    let objects = || wanted.iter().map(|item| item.object.reference());
    for engine in ["Flux", "Argo CD"] {
        let acts_on = |runner: &&Runner| {
            runner.engine == engine
                && wanted.iter().any(|item| {
                    item.object.reference().group == runner.group && is_engine_object(&item.object)
                })
        };
        let runners: Vec<_> = RUNNERS.iter().filter(acts_on).collect();
        let named = |runner: &&Runner| objects().chain(extra).any(|object| runner.is(object));
        if runners.is_empty() || runners.iter().any(named) {
            continue;
        }
        let there: Vec<_> = runners.iter().map(|runner| runner.is_on(cluster, kinds)).collect();
        if there.contains(&Some(true)) {
            continue;
        }
        let missing = if there.contains(&None) { "in this plan" } else { "installed" };
        let text = format!(
            "{engine} is not {missing}{SO}its objects wait anyway, and stay data until somebody \
             installs it"
        );
        notes.warn(&NO_ENGINE, text);
    }
}
