//! Where an object holds the Pods that it makes.

use serde_json::Value;

use super::reference::Object;

/// The metadata and the specification of the Pods that an object makes; of a Pod itself, its own.
pub fn pods(object: &Object) -> Option<&Value> {
    let at = &object.reference();
    let pointer = match (at.group.as_str(), at.kind.as_str()) {
        ("", "Pod") => "",
        ("", "PodTemplate") => "/template",
        ("", "ReplicationController")
        | ("apps", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet")
        | ("batch", "Job") => "/spec/template",
        ("batch", "CronJob") => "/spec/jobTemplate/spec/template",
        _ => return None,
    };
    object.value().pointer(pointer)
}

/// Every container of a Pod's specification, those that begin before it included.
pub fn containers(spec: &Value) -> impl Iterator<Item = &Value> {
    let lists = ["initContainers", "containers", "ephemeralContainers"];
    lists.into_iter().flat_map(|list| spec[list].as_array().into_iter().flatten())
}
