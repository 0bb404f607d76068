//! A platform as teams have it, generated: always the same for the same size.
//!
//! Namespaces with workloads, accounts and rights; definitions with objects of their kinds; webhooks
//! and an aggregated API behind Services; jobs, schedules, scalers. Written as block YAML, a file a
//! namespace, in an order that no cluster would accept.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Map, Value, json};

/// How large it is.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Namespaces, each with eleven objects or so.
    pub namespaces: usize,
    /// Definitions, each with two objects.
    pub definitions: usize,
    /// Objects in all; what the rest does not give is filled up with ConfigMaps.
    pub objects: usize,
    /// Whether Services stand behind webhooks and an aggregated API, which nothing answers for.
    pub dangling: bool,
}

impl Size {
    /// A platform of one company.
    pub const USUAL: Self = Self { namespaces: 40, definitions: 20, objects: 600, dangling: false };
    /// The largest that is promised.
    pub const LARGE: Self =
        Self { namespaces: 300, definitions: 300, objects: 5000, dangling: false };
}

const GROUP: &str = "estate.example.com";

/// Returns every object, in the order of files.
pub fn objects(size: Size) -> Vec<Value> {
    let mut all: Vec<Vec<Value>> = (0..size.namespaces).map(namespace).collect();
    let mut whole = Vec::new();
    for number in 0..size.definitions {
        // Objects come before their definition, and both before the namespace.
        for copy in 0..2 {
            let space = (number * 2 + copy) % size.namespaces.max(1);
            all[space].insert(0, custom(number, copy, space));
        }
        whole.push(definition(number));
    }
    whole.extend(cluster_wide(size.dangling));
    let have = all.iter().map(Vec::len).sum::<usize>() + whole.len();
    for number in 0..size.objects.saturating_sub(have) {
        let space = number % size.namespaces.max(1);
        all[space].push(settings(space, &format!("more-{number}")));
    }
    all.push(whole);
    all.into_iter().flatten().collect()
}

/// Writes the objects below `at`, a file for each namespace and one for the rest.
pub fn write(size: Size, at: &Path) {
    let mut files: Map<String, Value> = Map::new();
    for object in objects(size) {
        let space = object["metadata"]["namespace"].as_str();
        let own = (object["kind"] == "Namespace").then(|| object["metadata"]["name"].as_str());
        let file = space.or(own.flatten()).unwrap_or("zz-cluster").to_owned();
        let list = files.entry(file).or_insert_with(|| json!([]));
        list.as_array_mut().unwrap().push(object);
    }
    std::fs::create_dir_all(at).unwrap();
    for (name, list) in files {
        let texts: Vec<_> = list.as_array().unwrap().iter().map(yaml).collect();
        std::fs::write(at.join(format!("{name}.yaml")), texts.join("---\n")).unwrap();
    }
}

/// Writes a value as block YAML.
pub fn yaml(value: &Value) -> String {
    let mut text = String::new();
    block(value, 0, &mut text);
    text
}

fn block(value: &Value, depth: usize, text: &mut String) {
    let indent = "  ".repeat(depth);
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (key, value) in members {
                let plain = key.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_./".contains(&b));
                let key = if plain { key.clone() } else { Value::from(key.as_str()).to_string() };
                let _ = write!(text, "{indent}{key}:");
                nested(value, depth + 1, text);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                let mut inner = String::new();
                block(item, depth + 1, &mut inner);
                let _ = write!(text, "{indent}- {}", inner.trim_start_matches(' '));
            }
        }
        scalar => {
            let _ = writeln!(text, "{indent}{scalar}");
        }
    }
}

fn nested(value: &Value, depth: usize, text: &mut String) {
    let full = value.as_object().is_some_and(|members| !members.is_empty())
        || value.as_array().is_some_and(|items| !items.is_empty());
    if full {
        text.push('\n');
        block(value, depth, text);
    } else {
        let _ = writeln!(text, " {value}");
    }
}

fn space(number: usize) -> String {
    format!("team-{number:03}")
}

fn named(api: &str, kind: &str, number: usize, name: &str) -> Value {
    json!({"apiVersion": api, "kind": kind,
        "metadata": {"name": name, "namespace": space(number), "labels": {"app": name}}})
}

fn with(mut object: Value, more: Value) -> Value {
    let Value::Object(more) = more else { return object };
    object.as_object_mut().unwrap().extend(more);
    object
}

fn settings(number: usize, name: &str) -> Value {
    let data = json!({"data": {"team": space(number), "mode": "fast", "limits": "a: 1\nb: 2\n"}});
    with(named("v1", "ConfigMap", number, name), data)
}

fn pods(name: &str, account: &str) -> Value {
    json!({"metadata": {"labels": {"app": name}}, "spec": {
        "serviceAccountName": account,
        "containers": [{"name": "main", "image": "registry.example.com/app:1.2.3",
            "ports": [{"name": "http", "containerPort": 8080}],
            "envFrom": [{"configMapRef": {"name": "settings"}}],
            "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}}}]}})
}

fn selector(name: &str) -> Value {
    json!({"matchLabels": {"app": name}})
}

/// What every namespace has, and what each fourth has besides; the namespace itself comes last.
fn namespace(number: usize) -> Vec<Value> {
    let name = space(number);
    let subject = json!([{"kind": "ServiceAccount", "name": "web", "namespace": name}]);
    let mut all = vec![
        with(
            named("apps/v1", "Deployment", number, "web"),
            json!({"spec": {"replicas": 2, "selector": selector("web"),
                "template": pods("web", "web")}}),
        ),
        with(
            named("v1", "Service", number, "web"),
            json!({"spec": {"selector": {"app": "web"},
                "ports": [{"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP"}]}}),
        ),
        with(
            named("rbac.authorization.k8s.io/v1", "RoleBinding", number, "web"),
            json!({"roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role",
                "name": "web"}, "subjects": subject}),
        ),
        with(
            named("rbac.authorization.k8s.io/v1", "Role", number, "web"),
            json!({"rules": [{"apiGroups": [""], "resources": ["configmaps"],
                "verbs": ["get", "list"]}]}),
        ),
        named("v1", "ServiceAccount", number, "web"),
        settings(number, "settings"),
        settings(number, "theme"),
        with(
            named("v1", "Secret", number, "token"),
            json!({"type": "Opaque", "stringData": {"token": format!("not-a-secret-{number}")}}),
        ),
    ];
    match number % 4 {
        0 => all.extend(database(number)),
        1 => all.extend(scaler(number)),
        2 => all.extend(jobs(number)),
        _ => all.extend(entrance(number)),
    }
    all.push(json!({"apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": name, "labels": {"team": name}}}));
    all
}

fn database(number: usize) -> [Value; 2] {
    [
        with(
            named("apps/v1", "StatefulSet", number, "db"),
            json!({"spec": {"serviceName": "db", "replicas": 2, "selector": selector("db"),
                "podManagementPolicy": "Parallel", "template": pods("db", "web")}}),
        ),
        with(
            named("v1", "Service", number, "db"),
            json!({"spec": {"clusterIP": "None", "selector": {"app": "db"},
                "ports": [{"name": "http", "port": 5432, "targetPort": 5432, "protocol": "TCP"}]}}),
        ),
    ]
}

fn scaler(number: usize) -> [Value; 2] {
    let target = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"});
    [
        with(
            named("autoscaling/v2", "HorizontalPodAutoscaler", number, "web"),
            json!({"spec": {"scaleTargetRef": target, "minReplicas": 2, "maxReplicas": 5,
                "metrics": [{"type": "Resource", "resource": {"name": "cpu",
                    "target": {"type": "Utilization", "averageUtilization": 80}}}]}}),
        ),
        with(
            named("policy/v1", "PodDisruptionBudget", number, "web"),
            json!({"spec": {"minAvailable": 1, "selector": selector("web")}}),
        ),
    ]
}

fn jobs(number: usize) -> [Value; 2] {
    let mut pod = pods("import", "web");
    pod["spec"]["restartPolicy"] = "Never".into();
    [
        with(
            named("batch/v1", "Job", number, "import"),
            json!({"spec": {"backoffLimit": 2, "template": pod}}),
        ),
        with(
            named("batch/v1", "CronJob", number, "nightly"),
            json!({"spec": {"schedule": "15 3 * * *",
                "jobTemplate": {"spec": {"template": pod}}}}),
        ),
    ]
}

fn entrance(number: usize) -> [Value; 2] {
    let backend = json!({"service": {"name": "web", "port": {"name": "http"}}});
    [
        with(
            named("networking.k8s.io/v1", "Ingress", number, "web"),
            json!({"spec": {"rules": [{"host": format!("{}.example.com", space(number)),
                "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}]}}),
        ),
        with(
            named("networking.k8s.io/v1", "NetworkPolicy", number, "web"),
            json!({"spec": {"podSelector": selector("web"), "policyTypes": ["Ingress"]}}),
        ),
    ]
}

fn kind(number: usize) -> String {
    format!("Thing{number:03}")
}

fn definition(number: usize) -> Value {
    let (kind, plural) = (kind(number), format!("thing{number:03}s"));
    json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.{GROUP}")},
        "spec": {"group": GROUP, "scope": "Namespaced",
            "names": {"kind": kind, "listKind": format!("{kind}List"), "plural": plural,
                "singular": plural.trim_end_matches('s')},
            "versions": [{"name": "v1", "served": true, "storage": true,
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {
                    "spec": {"type": "object", "properties": {
                        "size": {"type": "integer"}, "owner": {"type": "string"}}}}}}}]}})
}

fn custom(number: usize, copy: usize, space: usize) -> Value {
    let api = format!("{GROUP}/v1");
    with(
        named(&api, &kind(number), space, &format!("thing-{copy}")),
        json!({"spec": {"size": number, "owner": "platform"}}),
    )
}

fn cluster_wide(dangling: bool) -> Vec<Value> {
    let mut all = Vec::new();
    for name in ["reader", "writer"] {
        all.push(
            json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
            "metadata": {"name": format!("estate-{name}")},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole",
                "name": format!("estate-{name}")},
            "subjects": [{"kind": "ServiceAccount", "name": "web", "namespace": space(0)}]}),
        );
        all.push(json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
            "metadata": {"name": format!("estate-{name}")},
            "rules": [{"apiGroups": [GROUP], "resources": ["*"], "verbs": ["get", "list"]}]}));
    }
    all.push(json!({"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass",
        "metadata": {"name": "estate-important"}, "value": 1000,
        "description": "what must run first"}));
    // It asks about nothing that the estate holds, so nobody notices that nobody answers.
    all.push(json!({"apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration", "metadata": {"name": "estate-policy"},
        "webhooks": [{"name": "policy.estate.example.com", "sideEffects": "None",
            "admissionReviewVersions": ["v1"], "failurePolicy": "Fail", "timeoutSeconds": 2,
            "clientConfig": {"service": {"name": "web", "namespace": space(0), "path": "/check"}},
            "objectSelector": {"matchLabels": {"estate.example.com/checked": "yes"}},
            "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"],
                "resources": ["configmaps"]}]}]}));
    if dangling {
        all.push(json!({"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
            "metadata": {"name": "v1.metrics.estate.example.com"},
            "spec": {"group": "metrics.estate.example.com", "version": "v1",
                "groupPriorityMinimum": 100, "versionPriority": 100, "insecureSkipTLSVerify": true,
                "service": {"name": "web", "namespace": space(0), "port": 80}}}));
    }
    all
}
