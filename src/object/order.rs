//! What goes first: stages, and the order of kinds inside one.
//!
//! Stages follow what breaks when they are mixed: nothing can be made of a kind that is not
//! defined, nor in a namespace that is not there, and a webhook that is registered before its
//! workload runs blocks everything. Inside a stage the order of kinds is that of Helm's
//! `kind_sorter.go` and Flux's `sort.go`, where these two agree.

use serde::{Deserialize, Serialize};

use super::reference::Object;

/// A stage of a replay. The next one begins only when this one is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Definitions of kinds, and namespaces.
    Definitions,
    /// Classes, roles, accounts, quotas.
    Foundations,
    /// Configuration and secrets that workloads read.
    Configuration,
    /// Services, volumes and workloads.
    Workloads,
    /// Objects of kinds that the cluster itself does not know.
    Custom,
    /// What sends traffic to workloads or changes them while they run.
    Edge,
    /// Webhooks and aggregated APIs, which can block everything else.
    Gates,
}

impl Stage {
    /// All stages in order.
    pub const ALL: [Self; 7] = [
        Self::Definitions,
        Self::Foundations,
        Self::Configuration,
        Self::Workloads,
        Self::Custom,
        Self::Edge,
        Self::Gates,
    ];

    /// Returns the name that people see.
    pub fn name(self) -> &'static str {
        match self {
            Self::Definitions => "definitions",
            Self::Foundations => "foundations",
            Self::Configuration => "configuration",
            Self::Workloads => "workloads",
            Self::Custom => "custom",
            Self::Edge => "edge",
            Self::Gates => "gates",
        }
    }
}

/// Kinds the cluster knows, in order of application, with their stage.
const KINDS: &[(Stage, &[(&str, &str)])] = &[
    (
        Stage::Definitions,
        &[("apiextensions.k8s.io", "CustomResourceDefinition"), ("", "Namespace")],
    ),
    (
        Stage::Foundations,
        &[
            ("scheduling.k8s.io", "PriorityClass"),
            ("node.k8s.io", "RuntimeClass"),
            ("storage.k8s.io", "StorageClass"),
            ("storage.k8s.io", "VolumeAttributesClass"),
            ("networking.k8s.io", "IngressClass"),
            ("resource.k8s.io", "DeviceClass"),
            ("storage.k8s.io", "CSIDriver"),
            ("", "ResourceQuota"),
            ("", "LimitRange"),
            ("", "ServiceAccount"),
            ("rbac.authorization.k8s.io", "ClusterRole"),
            ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
            ("rbac.authorization.k8s.io", "Role"),
            ("rbac.authorization.k8s.io", "RoleBinding"),
            ("networking.k8s.io", "NetworkPolicy"),
        ],
    ),
    (Stage::Configuration, &[("", "Secret"), ("", "ConfigMap"), ("", "PersistentVolume")]),
    (
        Stage::Workloads,
        &[
            ("", "PersistentVolumeClaim"),
            ("", "Service"),
            ("discovery.k8s.io", "EndpointSlice"),
            ("", "Endpoints"),
            ("", "PodTemplate"),
            ("apps", "DaemonSet"),
            ("", "Pod"),
            ("", "ReplicationController"),
            ("apps", "ReplicaSet"),
            ("apps", "Deployment"),
            ("apps", "StatefulSet"),
            ("batch", "Job"),
        ],
    ),
    (
        Stage::Edge,
        &[
            ("networking.k8s.io", "Ingress"),
            ("autoscaling", "HorizontalPodAutoscaler"),
            ("policy", "PodDisruptionBudget"),
            ("batch", "CronJob"),
        ],
    ),
    (
        Stage::Gates,
        &[
            ("apiregistration.k8s.io", "APIService"),
            ("flowcontrol.apiserver.k8s.io", "FlowSchema"),
            ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
            ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"),
            ("admissionregistration.k8s.io", "MutatingAdmissionPolicy"),
            ("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding"),
            ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"),
            ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
        ],
    ),
];

/// Returns the stage of an object.
pub fn stage(object: &Object) -> Stage {
    rank(object).0
}

/// Returns what to sort objects by: their stage, then the place of their kind inside it. Kinds
/// that the list does not name come after those it does.
pub fn rank(object: &Object) -> (Stage, usize) {
    let reference = object.reference();
    let here = (reference.group.as_str(), reference.kind.as_str());
    for (stage, kinds) in KINDS {
        if let Some(place) = kinds.iter().position(|kind| *kind == here) {
            return (*stage, place);
        }
    }
    (stage_of_unlisted(here.0, here.1), usize::MAX)
}

/// Other kinds: classes are foundations wherever they come from, as Flux holds it; groups with a
/// dot outside `k8s.io` are somebody's own.
fn stage_of_unlisted(group: &str, kind: &str) -> Stage {
    let builtin = !group.contains('.') || group.ends_with(".k8s.io");
    match (builtin, kind.ends_with("Class")) {
        (_, true) => Stage::Foundations,
        (true, false) if !group.contains("gateway") && !group.contains("snapshot") => {
            Stage::Workloads
        }
        _ => Stage::Custom,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(api_version: &str, kind: &str) -> Object {
        Object::from_value(
            json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "x"}}),
        )
        .unwrap()
    }

    #[test]
    fn what_others_need_comes_before_them() {
        let ordered = [
            object("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
            object("v1", "Namespace"),
            object("storage.k8s.io/v1", "StorageClass"),
            object("v1", "ServiceAccount"),
            object("rbac.authorization.k8s.io/v1", "RoleBinding"),
            object("v1", "Secret"),
            object("v1", "ConfigMap"),
            object("v1", "Service"),
            object("apps/v1", "Deployment"),
            object("example.com/v1", "Widget"),
            object("networking.k8s.io/v1", "Ingress"),
            object("batch/v1", "CronJob"),
            object("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"),
        ];
        assert!(ordered.is_sorted_by_key(rank));
    }

    #[test]
    fn somebodys_own_kinds_are_custom_and_their_classes_foundations() {
        assert_eq!(stage(&object("gateway.networking.k8s.io/v1", "Gateway")), Stage::Custom);
        assert_eq!(
            stage(&object("gateway.networking.k8s.io/v1", "GatewayClass")),
            Stage::Foundations
        );
        assert_eq!(stage(&object("cert-manager.io/v1", "Certificate")), Stage::Custom);
        // The same kind in somebody's own group is not the cluster's kind.
        assert_eq!(stage(&object("serving.knative.dev/v1", "Service")), Stage::Custom);
    }
}
