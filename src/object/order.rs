//! What goes first: stages, and the order of kinds inside one.
//!
//! Stages follow what breaks when they are mixed: nothing can be made of a kind that is not
//! defined, nor in a namespace that is not there; a webhook that is registered before its workload
//! runs blocks everything; what sends traffic or changes workloads comes when these are there.
//! Inside a stage the order of kinds is that of Helm's `kind_sorter.go` and Flux's `sort.go`, where
//! these two agree.
//!
//! A stage is where an object belongs by what it is. What another needs earlier goes earlier: the
//! plan sees to that.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::pod::{containers, pods};
use super::reference::Object;

/// A stage of a replay. Stage 0 is the plan with its guards, stage 9 the report; they hold no
/// objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Definitions of kinds, namespaces, classes, cluster roles.
    Definitions,
    /// What nodes and the cluster itself need: network, storage, names.
    Platform,
    /// Accounts, roles, quotas, secrets, configuration.
    Foundations,
    /// Webhooks and aggregated APIs, which can block everything else, with what answers for them.
    Gates,
    /// Objects of kinds that the cluster itself does not know, with their operators.
    Custom,
    /// Services, volumes and workloads.
    Apps,
    /// What sends traffic to workloads, changes them while they run, or starts by the clock.
    Edge,
    /// The engines that reconcile from Git, and their objects, suspended.
    Engines,
}

impl Stage {
    /// All stages in order.
    pub const ALL: [Self; 8] = [
        Self::Definitions,
        Self::Platform,
        Self::Foundations,
        Self::Gates,
        Self::Custom,
        Self::Apps,
        Self::Edge,
        Self::Engines,
    ];

    /// Returns the name that people see.
    pub fn name(self) -> &'static str {
        match self {
            Self::Definitions => "definitions",
            Self::Platform => "platform",
            Self::Foundations => "foundations",
            Self::Gates => "gates",
            Self::Custom => "custom",
            Self::Apps => "apps",
            Self::Edge => "edge",
            Self::Engines => "engines",
        }
    }

    /// Returns its number, from 1 to 8.
    pub fn number(self) -> usize {
        self as usize + 1
    }
}

/// Kinds the cluster knows, in order of application, with their stage.
const KINDS: &[(Stage, &[(&str, &str)])] = &[
    (
        Stage::Definitions,
        &[
            ("apiextensions.k8s.io", "CustomResourceDefinition"),
            ("", "Namespace"),
            ("scheduling.k8s.io", "PriorityClass"),
            ("node.k8s.io", "RuntimeClass"),
            ("storage.k8s.io", "StorageClass"),
            ("storage.k8s.io", "VolumeAttributesClass"),
            ("networking.k8s.io", "IngressClass"),
            ("resource.k8s.io", "DeviceClass"),
            ("storage.k8s.io", "CSIDriver"),
            ("rbac.authorization.k8s.io", "ClusterRole"),
        ],
    ),
    (
        Stage::Foundations,
        &[
            ("", "ResourceQuota"),
            ("", "LimitRange"),
            ("", "ServiceAccount"),
            ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
            ("rbac.authorization.k8s.io", "Role"),
            ("rbac.authorization.k8s.io", "RoleBinding"),
            ("networking.k8s.io", "NetworkPolicy"),
            ("", "Secret"),
            ("", "ConfigMap"),
            ("", "PersistentVolume"),
        ],
    ),
    (
        Stage::Apps,
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
            ("gateway.networking.k8s.io", "Gateway"),
            ("gateway.networking.k8s.io", "HTTPRoute"),
            ("gateway.networking.k8s.io", "GRPCRoute"),
            ("gateway.networking.k8s.io", "TLSRoute"),
            ("gateway.networking.k8s.io", "TCPRoute"),
            ("gateway.networking.k8s.io", "UDPRoute"),
            ("autoscaling.k8s.io", "VerticalPodAutoscaler"),
            ("keda.sh", "ScaledObject"),
            ("keda.sh", "ScaledJob"),
        ],
    ),
    (
        Stage::Gates,
        &[
            ("apiregistration.k8s.io", "APIService"),
            ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"),
            ("flowcontrol.apiserver.k8s.io", "FlowSchema"),
            ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
            ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"),
            ("admissionregistration.k8s.io", "MutatingAdmissionPolicy"),
            ("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding"),
            ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"),
            ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
        ],
    ),
    (Stage::Engines, &[("argoproj.io", "AppProject")]),
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
    let listed = KINDS.iter().find_map(|(stage, kinds)| {
        let place = kinds.iter().position(|kind| *kind == here)?;
        Some((*stage, place))
    });
    let (stage, place) = listed.unwrap_or_else(|| (stage_of_unlisted(object), usize::MAX));
    (special(object, stage).unwrap_or(stage), place)
}

/// Other kinds: classes are foundations wherever they come from, as Flux holds it; groups with a
/// dot outside `k8s.io` are somebody's own.
fn stage_of_unlisted(object: &Object) -> Stage {
    let (group, kind) = (&object.reference().group, &object.reference().kind);
    let builtin = !group.contains('.') || group.ends_with(".k8s.io");
    match (builtin, kind.ends_with("Class")) {
        _ if is_engine_object(object) => Stage::Engines,
        (_, true) => Stage::Foundations,
        (true, false) if !group.contains("gateway") && !group.contains("snapshot") => Stage::Apps,
        _ => Stage::Custom,
    }
}

/// Where what an object says outweighs its kind.
fn special(object: &Object, stage: Stage) -> Option<Stage> {
    if stage != Stage::Apps {
        return None;
    }
    let kind = object.reference().kind.as_str();
    if kind == "Service" {
        return is_load_balancer(object).then_some(Stage::Edge);
    }
    let spec = &pods(object)?["spec"];
    if is_engine_workload(object) {
        return Some(Stage::Engines);
    }
    if is_external_dns(object) {
        return Some(Stage::Edge);
    }
    let class = spec["priorityClassName"].as_str().unwrap_or_default();
    let critical = matches!(class, "system-node-critical" | "system-cluster-critical");
    let on_nodes = kind == "DaemonSet" && spec["hostNetwork"] == true;
    let lasting = matches!(kind, "DaemonSet" | "Deployment" | "StatefulSet");
    (lasting && (critical || on_nodes)).then_some(Stage::Platform)
}

/// What tells Argo CD what to reconcile; its group has other kinds too.
const ARGO: [&str; 3] = ["AppProject", "Application", "ApplicationSet"];

/// Returns whether an object tells an engine what to reconcile: Flux's, or Argo CD's.
pub fn is_engine_object(object: &Object) -> bool {
    let (group, kind) = (object.reference().group.as_str(), object.reference().kind.as_str());
    group.ends_with(".fluxcd.io")
        || group == "fluxcd.controlplane.io"
        || (group == "argoproj.io" && ARGO.contains(&kind))
}

/// The engines' own manifests carry this label.
fn is_engine_workload(object: &Object) -> bool {
    let part = &object.value()["metadata"]["labels"]["app.kubernetes.io/part-of"];
    part == "flux" || part == "argocd"
}

/// Returns whether a Service asks the cloud for a load balancer.
pub fn is_load_balancer(object: &Object) -> bool {
    let at = object.reference();
    at.group.is_empty() && at.kind == "Service" && object.value()["spec"]["type"] == "LoadBalancer"
}

/// Returns whether a workload writes DNS records outside of the cluster.
pub fn is_external_dns(object: &Object) -> bool {
    runs(object, &["external-dns"])
}

/// Returns whether a workload orders machines, disks or networks from a cloud.
pub fn is_cloud_controller(object: &Object) -> bool {
    runs(object, &["cloud-controller-manager", "cluster-autoscaler", "karpenter"])
        || runs(object, &["aws-load-balancer-controller", "crossplane"])
}

/// Whether a container's image has one of these names; a cloud's own stands before some.
fn runs(object: &Object, names: &[&str]) -> bool {
    let Some(template) = pods(object) else { return false };
    let named = |image: &Value| {
        let image = image.as_str().unwrap_or_default();
        let last = image.rsplit('/').next().unwrap_or_default();
        let name = last.split(['@', ':']).next().unwrap_or_default();
        names.iter().any(|known| name.starts_with(known) || name.ends_with(known))
    };
    containers(&template["spec"]).any(|container| named(&container["image"]))
}

/// Returns whether an issuer orders certificates from an authority on the network.
pub fn is_acme_issuer(object: &Object) -> bool {
    let at = object.reference();
    at.group == "cert-manager.io"
        && ["Issuer", "ClusterIssuer"].contains(&at.kind.as_str())
        && object.value()["spec"]["acme"].is_object()
}

/// Returns whether an object says whom to alert.
pub fn is_alert_receiver(object: &Object) -> bool {
    let at = object.reference();
    at.group == "monitoring.coreos.com"
        && ["Alertmanager", "AlertmanagerConfig"].contains(&&*at.kind)
        || runs(object, &["alertmanager"])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(api_version: &str, kind: &str) -> Object {
        saying(api_version, kind, json!({}))
    }

    #[expect(clippy::needless_pass_by_value, reason = "written where it is used")]
    fn saying(api_version: &str, kind: &str, spec: Value) -> Object {
        Object::from_value(json!({"apiVersion": api_version, "kind": kind,
                                  "metadata": {"name": "x"}, "spec": spec}))
        .unwrap()
    }

    #[test]
    fn what_others_need_comes_before_them() {
        let ordered = [
            object("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
            object("v1", "Namespace"),
            object("storage.k8s.io/v1", "StorageClass"),
            object("rbac.authorization.k8s.io/v1", "ClusterRole"),
            object("v1", "ServiceAccount"),
            object("rbac.authorization.k8s.io/v1", "RoleBinding"),
            object("v1", "Secret"),
            object("v1", "ConfigMap"),
            object("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"),
            object("example.com/v1", "Widget"),
            object("v1", "Service"),
            object("apps/v1", "Deployment"),
            object("networking.k8s.io/v1", "Ingress"),
            object("batch/v1", "CronJob"),
            object("kustomize.toolkit.fluxcd.io/v1", "Kustomization"),
        ];
        assert!(ordered.is_sorted_by_key(rank));
    }

    #[test]
    fn stages_are_numbered_in_order() {
        let numbers: Vec<_> = Stage::ALL.iter().map(|stage| stage.number()).collect();
        assert_eq!(numbers, (1..=8).collect::<Vec<_>>());
        assert!(Stage::ALL.is_sorted());
    }

    #[test]
    fn somebodys_own_kinds_are_custom_and_their_classes_foundations() {
        let gateway = "gateway.networking.k8s.io/v1";
        assert_eq!(stage(&object(gateway, "Gateway")), Stage::Edge);
        assert_eq!(stage(&object(gateway, "GatewayClass")), Stage::Foundations);
        assert_eq!(stage(&object(gateway, "ReferenceGrant")), Stage::Custom);
        assert_eq!(stage(&object("cert-manager.io/v1", "Certificate")), Stage::Custom);
        // The same kind in somebody's own group is not the cluster's kind.
        assert_eq!(stage(&object("serving.knative.dev/v1", "Service")), Stage::Custom);
        // Argo's other kinds are not its engine's.
        assert_eq!(stage(&object("argoproj.io/v1alpha1", "Rollout")), Stage::Custom);
        assert_eq!(stage(&object("argoproj.io/v1alpha1", "Application")), Stage::Engines);
    }

    #[test]
    fn what_an_object_says_can_outweigh_its_kind() {
        let pods = |spec: Value| json!({"template": {"spec": spec}});
        let critical = pods(json!({"priorityClassName": "system-cluster-critical"}));
        let network = pods(json!({"hostNetwork": true}));
        let dns = pods(json!({"containers": [{"image": "r.example.com/external-dns:v1"}]}));
        let cases = [
            (saying("apps/v1", "Deployment", critical.clone()), Stage::Platform),
            (saying("batch/v1", "Job", critical), Stage::Apps),
            (saying("apps/v1", "DaemonSet", network.clone()), Stage::Platform),
            (saying("apps/v1", "Deployment", network), Stage::Apps),
            (saying("apps/v1", "Deployment", dns), Stage::Edge),
            (saying("v1", "Service", json!({"type": "LoadBalancer"})), Stage::Edge),
            (saying("v1", "Service", json!({"type": "ClusterIP"})), Stage::Apps),
        ];
        for (object, expected) in cases {
            assert_eq!(stage(&object), expected, "{}", object.value());
        }
        let mut flux = saying("apps/v1", "Deployment", pods(json!({}))).into_value();
        flux["metadata"]["labels"] = json!({"app.kubernetes.io/part-of": "flux"});
        assert_eq!(stage(&Object::from_value(flux).unwrap()), Stage::Engines);
    }
}
