//! Which other objects an object names, so that they must be there before it works.
//!
//! What is marked as optional is left out: its absence keeps nothing from running.

use serde_json::Value;

use super::pod::{containers, pods};
use super::reference::Object;

/// One object that another names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Use<'a> {
    /// Its group.
    pub group: &'a str,
    /// Its kind.
    pub kind: &'a str,
    /// Its namespace; none for kinds of the whole cluster.
    pub namespace: Option<&'a str>,
    /// Its name.
    pub name: &'a str,
}

/// Returns what an object names, each once.
pub fn uses(object: &Object) -> Vec<Use<'_>> {
    let namespace = object.reference().namespace.as_deref();
    let mut found = Found { namespace, uses: Vec::new() };
    if let Some(template) = pods(object) {
        found.pod(&template["spec"]);
    }
    found.object(object);
    found.uses.sort_unstable();
    found.uses.dedup();
    found.uses
}

struct Found<'a> {
    namespace: Option<&'a str>,
    uses: Vec<Use<'a>>,
}

impl<'a> Found<'a> {
    /// Something in the object's own namespace.
    fn near(&mut self, group: &'a str, kind: &'a str, name: &'a Value) {
        self.at(self.namespace, group, kind, name);
    }

    /// Something of the whole cluster.
    fn wide(&mut self, group: &'a str, kind: &'a str, name: &'a Value) {
        self.at(None, group, kind, name);
    }

    fn at(&mut self, namespace: Option<&'a str>, group: &'a str, kind: &'a str, name: &'a Value) {
        if let Some(name) = name.as_str().filter(|name| !name.is_empty()) {
            self.uses.push(Use { group, kind, namespace, name });
        }
    }

    fn pod(&mut self, spec: &'a Value) {
        let account = &spec["serviceAccountName"];
        let older = &spec["serviceAccount"];
        self.near("", "ServiceAccount", if account.is_string() { account } else { older });
        self.wide("scheduling.k8s.io", "PriorityClass", &spec["priorityClassName"]);
        self.wide("node.k8s.io", "RuntimeClass", &spec["runtimeClassName"]);
        for secret in items(&spec["imagePullSecrets"]) {
            self.near("", "Secret", &secret["name"]);
        }
        for volume in items(&spec["volumes"]) {
            self.volume(volume);
        }
        for container in containers(spec) {
            for variable in items(&container["env"]) {
                let from = &variable["valueFrom"];
                self.unless_optional("ConfigMap", &from["configMapKeyRef"], "name");
                self.unless_optional("Secret", &from["secretKeyRef"], "name");
            }
            for from in items(&container["envFrom"]) {
                self.unless_optional("ConfigMap", &from["configMapRef"], "name");
                self.unless_optional("Secret", &from["secretRef"], "name");
            }
        }
    }

    fn volume(&mut self, volume: &'a Value) {
        self.unless_optional("ConfigMap", &volume["configMap"], "name");
        self.unless_optional("Secret", &volume["secret"], "secretName");
        let claim = &volume["persistentVolumeClaim"]["claimName"];
        self.near("", "PersistentVolumeClaim", claim);
        self.claim(&volume["ephemeral"]["volumeClaimTemplate"]["spec"]);
        for source in items(&volume["projected"]["sources"]) {
            self.unless_optional("ConfigMap", &source["configMap"], "name");
            self.unless_optional("Secret", &source["secret"], "name");
        }
    }

    fn unless_optional(&mut self, kind: &'a str, source: &'a Value, name: &str) {
        if source["optional"] != true {
            self.near("", kind, &source[name]);
        }
    }

    fn claim(&mut self, spec: &'a Value) {
        self.wide("storage.k8s.io", "StorageClass", &spec["storageClassName"]);
        self.wide("", "PersistentVolume", &spec["volumeName"]);
        let class = &spec["volumeAttributesClassName"];
        self.wide("storage.k8s.io", "VolumeAttributesClass", class);
        let from = if spec["dataSourceRef"].is_object() { "dataSourceRef" } else { "dataSource" };
        let from = &spec[from];
        if let Some(kind) = from["kind"].as_str() {
            self.near(from["apiGroup"].as_str().unwrap_or_default(), kind, &from["name"]);
        }
    }

    /// Something named with its `kind` and its `apiVersion` or `apiGroup`.
    fn named(&mut self, reference: &'a Value, default_group: &'a str, default_kind: &'a str) {
        let group = match (reference["apiVersion"].as_str(), reference["apiGroup"].as_str()) {
            (Some(version), _) => version.split_once('/').map_or("", |(group, _)| group),
            (None, Some(group)) => group,
            (None, None) => reference["group"].as_str().unwrap_or(default_group),
        };
        let kind = reference["kind"].as_str().unwrap_or(default_kind);
        let namespace = reference["namespace"].as_str().or(self.namespace);
        let namespace = namespace.filter(|_| !kind.starts_with("Cluster"));
        self.at(namespace, group, kind, &reference["name"]);
    }

    fn object(&mut self, object: &'a Object) {
        let (value, at) = (object.value(), object.reference());
        let spec = &value["spec"];
        match (at.group.as_str(), at.kind.as_str()) {
            ("apps", "StatefulSet") => {
                self.near("", "Service", &spec["serviceName"]);
                for claim in items(&spec["volumeClaimTemplates"]) {
                    self.claim(&claim["spec"]);
                }
            }
            ("", "PersistentVolumeClaim") => self.claim(spec),
            ("", "PersistentVolume") => {
                self.wide("storage.k8s.io", "StorageClass", &spec["storageClassName"]);
            }
            ("", "ServiceAccount") => {
                for secret in items(&value["imagePullSecrets"]) {
                    self.near("", "Secret", &secret["name"]);
                }
            }
            // Without its account the controller takes such a Secret away again.
            ("", "Secret") if value["type"] == "kubernetes.io/service-account-token" => {
                let account = &value["metadata"]["annotations"];
                self.near("", "ServiceAccount", &account["kubernetes.io/service-account.name"]);
            }
            ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => {
                self.named(&value["roleRef"], "rbac.authorization.k8s.io", "");
            }
            ("networking.k8s.io", "Ingress") => self.ingress(spec),
            ("autoscaling", "HorizontalPodAutoscaler") => {
                self.named(&spec["scaleTargetRef"], "", "");
            }
            ("discovery.k8s.io", "EndpointSlice") => {
                let service = &value["metadata"]["labels"]["kubernetes.io/service-name"];
                self.near("", "Service", service);
            }
            (
                group @ "admissionregistration.k8s.io",
                "ValidatingAdmissionPolicyBinding" | "MutatingAdmissionPolicyBinding",
            ) => {
                let policy = at.kind.strip_suffix("Binding").unwrap_or_default();
                self.wide(group, policy, &spec["policyName"]);
            }
            ("flowcontrol.apiserver.k8s.io", "FlowSchema") => {
                let level = &spec["priorityLevelConfiguration"]["name"];
                self.wide(&at.group, "PriorityLevelConfiguration", level);
            }
            ("cert-manager.io", "Certificate" | "CertificateRequest") => {
                self.named(&spec["issuerRef"], "cert-manager.io", "Issuer");
            }
            ("gateway.networking.k8s.io", _) => self.gateway(spec, &at.group),
            _ => {}
        }
    }

    fn ingress(&mut self, spec: &'a Value) {
        self.wide("networking.k8s.io", "IngressClass", &spec["ingressClassName"]);
        for tls in items(&spec["tls"]) {
            self.near("", "Secret", &tls["secretName"]);
        }
        let rules = items(&spec["rules"]);
        let paths = rules.flat_map(|rule| items(&rule["http"]["paths"]));
        let backends = paths.map(|path| &path["backend"]);
        for backend in std::iter::once(&spec["defaultBackend"]).chain(backends) {
            self.near("", "Service", &backend["service"]["name"]);
        }
    }

    fn gateway(&mut self, spec: &'a Value, group: &'a str) {
        self.wide(group, "GatewayClass", &spec["gatewayClassName"]);
        for parent in items(&spec["parentRefs"]) {
            self.named(parent, group, "Gateway");
        }
        for rule in items(&spec["rules"]) {
            for backend in items(&rule["backendRefs"]) {
                self.named(backend, "", "Service");
            }
        }
    }
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn names(value: Value) -> Vec<String> {
        let object = Object::from_value(value).unwrap();
        let text = |one: &Use<'_>| {
            let at = one.namespace.map_or_else(String::new, |namespace| format!("{namespace}/"));
            format!("{} {at}{}", one.kind, one.name)
        };
        uses(&object).iter().map(text).collect()
    }

    fn of(api_version: &str, kind: &str, rest: &Value) -> Value {
        let mut value = json!({"apiVersion": api_version, "kind": kind,
                               "metadata": {"name": "x", "namespace": "shop"}});
        for (key, member) in rest.as_object().unwrap() {
            value[key] = member.clone();
        }
        value
    }

    #[test]
    fn a_pod_names_all_that_it_cannot_start_without() {
        let spec = json!({
            "serviceAccountName": "web", "priorityClassName": "high", "runtimeClassName": "gvisor",
            "imagePullSecrets": [{"name": "pull"}],
            "initContainers": [{"envFrom": [{"secretRef": {"name": "init"}}]}],
            "containers": [{
                "env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "a", "key": "k"}}},
                        {"name": "B", "valueFrom": {"secretKeyRef":
                            {"name": "maybe", "key": "k", "optional": true}}}],
                "envFrom": [{"configMapRef": {"name": "b"}}]}],
            "volumes": [
                {"configMap": {"name": "c"}}, {"secret": {"secretName": "s"}},
                {"secret": {"secretName": "maybe", "optional": true}},
                {"persistentVolumeClaim": {"claimName": "data"}},
                {"projected": {"sources": [{"configMap": {"name": "p"}},
                                           {"secret": {"name": "q"}}]}},
                {"ephemeral": {"volumeClaimTemplate": {"spec": {"storageClassName": "fast"}}}}],
        });
        let expected = [
            "ConfigMap shop/a",
            "ConfigMap shop/b",
            "ConfigMap shop/c",
            "ConfigMap shop/p",
            "PersistentVolumeClaim shop/data",
            "Secret shop/init",
            "Secret shop/pull",
            "Secret shop/q",
            "Secret shop/s",
            "ServiceAccount shop/web",
            "RuntimeClass gvisor",
            "PriorityClass high",
            "StorageClass fast",
        ];
        assert_eq!(names(of("v1", "Pod", &json!({"spec": spec}))), expected);
        let template = json!({"template": {"spec": spec}});
        for (group, kind) in [("apps/v1", "Deployment"), ("batch/v1", "Job")] {
            assert_eq!(names(of(group, kind, &json!({"spec": template}))), expected, "{kind}");
        }
        let cron = json!({"spec": {"jobTemplate": {"spec": template}}});
        assert_eq!(names(of("batch/v1", "CronJob", &cron)), expected);
    }

    #[test]
    fn each_kind_names_what_it_refers_to() {
        let cases = [
            (
                of(
                    "v1",
                    "PersistentVolumeClaim",
                    &json!({"spec": {"storageClassName": "fast",
                   "volumeName": "v", "dataSourceRef":
                   {"apiGroup": "snapshot.storage.k8s.io", "kind": "VolumeSnapshot", "name": "s"}}}),
                ),
                vec!["PersistentVolume v", "VolumeSnapshot shop/s", "StorageClass fast"],
            ),
            (
                of(
                    "apps/v1",
                    "StatefulSet",
                    &json!({"spec": {"serviceName": "db",
                   "volumeClaimTemplates": [{"spec": {"storageClassName": "fast"}}]}}),
                ),
                vec!["Service shop/db", "StorageClass fast"],
            ),
            (
                of(
                    "rbac.authorization.k8s.io/v1",
                    "RoleBinding",
                    &json!({"roleRef":
                   {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"}}),
                ),
                vec!["Role shop/r"],
            ),
            (
                of(
                    "rbac.authorization.k8s.io/v1",
                    "RoleBinding",
                    &json!({"roleRef":
                   {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "r"}}),
                ),
                vec!["ClusterRole r"],
            ),
            (
                of(
                    "networking.k8s.io/v1",
                    "Ingress",
                    &json!({"spec": {"ingressClassName": "nginx",
                   "tls": [{"secretName": "t"}], "rules": [{"http": {"paths":
                   [{"backend": {"service": {"name": "web"}}}]}}]}}),
                ),
                vec!["Secret shop/t", "Service shop/web", "IngressClass nginx"],
            ),
            (
                of(
                    "autoscaling/v2",
                    "HorizontalPodAutoscaler",
                    &json!({"spec": {"scaleTargetRef":
                   {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}}}),
                ),
                vec!["Deployment shop/web"],
            ),
            (
                of(
                    "v1",
                    "Secret",
                    &json!({"type": "kubernetes.io/service-account-token",
                   "metadata": {"name": "x", "namespace": "shop", "annotations":
                   {"kubernetes.io/service-account.name": "robot"}}}),
                ),
                vec!["ServiceAccount shop/robot"],
            ),
            (
                of(
                    "cert-manager.io/v1",
                    "Certificate",
                    &json!({"spec": {"issuerRef":
                   {"kind": "ClusterIssuer", "name": "ca"}}}),
                ),
                vec!["ClusterIssuer ca"],
            ),
            (
                of(
                    "gateway.networking.k8s.io/v1",
                    "HTTPRoute",
                    &json!({"spec":
                   {"parentRefs": [{"name": "g", "namespace": "edge"}],
                    "rules": [{"backendRefs": [{"name": "web"}]}]}}),
                ),
                vec!["Service shop/web", "Gateway edge/g"],
            ),
        ];
        for (value, expected) in cases {
            let text = value["kind"].to_string();
            assert_eq!(names(value), expected, "{text}");
        }
    }
}
