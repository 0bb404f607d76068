//! From a webhook that does not answer to the workload that should.

use serde_json::Value;

use crate::cluster::{Cluster, Kinds};
use crate::model::safe::safe;
use crate::object::{Rules, Status, status};

const CONFIGURATIONS: [&str; 2] =
    ["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"];
const WORKLOADS: [&str; 3] = ["Deployment", "StatefulSet", "DaemonSet"];

/// Says who stands behind a webhook and how that is, as far as the target can be asked.
pub(super) fn behind(name: &str, cluster: &dyn Cluster, kinds: &Kinds) -> Option<String> {
    let (namespace, service) = service(name, cluster, kinds)?;
    let place = safe(format!("{namespace}/{service}"));
    let Some(selector) = selector(&namespace, &service, cluster, kinds) else {
        return Some(format!("its Service {place} is not there"));
    };
    let Some(workload) = workload(&namespace, &selector, cluster, kinds) else {
        return Some(format!("nothing runs behind its Service {place}"));
    };
    let kind = safe(workload["kind"].as_str().unwrap_or_default());
    let named = safe(workload["metadata"]["name"].as_str().unwrap_or_default());
    let reached = match status(&workload, Rules::default()) {
        Status::Current => "runs; its certificate or its port may be wrong".to_owned(),
        other => format!("is not ready: {other}"),
    };
    Some(format!("behind its Service {place}, {kind} {named} {reached}"))
}

fn service(name: &str, cluster: &dyn Cluster, kinds: &Kinds) -> Option<(String, String)> {
    for kind in CONFIGURATIONS {
        let Some(served) = kinds.find("admissionregistration.k8s.io", "v1", kind) else { continue };
        let Ok(list) = cluster.list(served) else { continue };
        let hooks = list.iter().flat_map(|one| one["webhooks"].as_array().into_iter().flatten());
        let found = hooks.into_iter().find(|hook| hook["name"] == name);
        if let Some(hook) = found {
            let text = |field: &str| hook["clientConfig"]["service"][field].as_str();
            return Some((text("namespace")?.to_owned(), text("name")?.to_owned()));
        }
    }
    None
}

fn selector(
    namespace: &str,
    service: &str,
    cluster: &dyn Cluster,
    kinds: &Kinds,
) -> Option<serde_json::Map<String, Value>> {
    let served = kinds.find("", "v1", "Service")?;
    let live = cluster.get(served, Some(namespace), service).ok()??;
    Some(live["spec"]["selector"].as_object().cloned().unwrap_or_default())
}

fn workload(
    namespace: &str,
    selector: &serde_json::Map<String, Value>,
    cluster: &dyn Cluster,
    kinds: &Kinds,
) -> Option<Value> {
    if selector.is_empty() {
        return None;
    }
    for kind in WORKLOADS {
        let Some(served) = kinds.find("apps", "v1", kind) else { continue };
        let Ok(list) = cluster.list(served) else { continue };
        let fits = |one: &Value| {
            let labels = &one["spec"]["template"]["metadata"]["labels"];
            one["metadata"]["namespace"] == namespace
                && selector.iter().all(|(key, value)| labels.get(key) == Some(value))
        };
        if let Some(found) = list.into_iter().find(fits) {
            return Some(found);
        }
    }
    None
}
