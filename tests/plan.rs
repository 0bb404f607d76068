//! What a plan finds on a real API server, and what it asks to find it.

#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "tests")]

mod support;

use blackstart::cluster::{ApplyOptions, Cluster, KubeCluster};
use blackstart::model::cancel::Cancel;
use blackstart::model::digest::Digest;
use blackstart::model::event::Quiet;
use blackstart::object::Object;
use blackstart::plan::{Action, Against, Desired, Plan, Planned, Until, make};
use blackstart::render::{Item, Provenance};
use blackstart::target::{Binding, Class};
use serde_json::{Value, json};
use support::cluster::Lab;

fn object(value: Value) -> Object {
    Object::from_value(value).unwrap()
}

fn of(api_version: &str, kind: &str, name: &str, rest: Value) -> Object {
    let mut value = rest;
    value["apiVersion"] = api_version.into();
    value["kind"] = kind.into();
    value["metadata"]["name"] = name.into();
    if !["Namespace", "CustomResourceDefinition", "ClusterRole"].contains(&kind) {
        value["metadata"]["namespace"] = "shop".into();
    }
    object(value)
}

fn definition() -> Object {
    let schema = json!({"openAPIV3Schema": {"type": "object", "properties": {"spec": {
        "type": "object", "properties": {"size": {"type": "integer"}, "tags": {
            "type": "array", "items": {"type": "string"}}}}}}});
    let version = json!({"name": "v1", "served": true, "storage": true, "schema": schema});
    of(
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        "widgets.example.com",
        json!({"metadata": {"creationTimestamp": null}, "spec": {
            "group": "example.com", "scope": "Namespaced", "versions": [version],
            "names": {"kind": "Widget", "plural": "widgets", "singular": "widget",
                      "listKind": "WidgetList"}}}),
    )
}

fn pods(image: &str, resources: &Value) -> Value {
    json!({"metadata": {"labels": {"app": "web"}}, "spec": {
        "serviceAccountName": "web",
        "containers": [
            {"name": "web", "image": image, "resources": resources,
             "env": [{"name": "A", "value": "1"}, {"name": "B", "valueFrom": {"configMapKeyRef":
                 {"name": "settings", "key": "k"}}}],
             "ports": [{"containerPort": 80}, {"containerPort": 443, "name": "tls"}],
             "readinessProbe": {"httpGet": {"path": "/", "port": 80}},
             "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}]},
            {"name": "side", "image": "side:1"}],
        "volumes": [{"name": "tmp", "emptyDir": {}}]}})
}

/// Objects of many kinds, each written as people write them: without what the server adds.
fn estate() -> Vec<Object> {
    let labels = json!({"matchLabels": {"app": "web"}});
    let plain = pods("web:1", &json!({"limits": {"memory": "64Mi", "cpu": "500m"}}));
    // The server writes this quantity another way.
    let odd = pods("web:1", &json!({"limits": {"cpu": "1000m"}}));
    let workload = |template: &Value| json!({"spec": {"selector": labels, "template": template}});
    let mut set = workload(&plain);
    set["spec"]["serviceName"] = "web".into();
    let mut job_pods = plain.clone();
    job_pods["spec"]["restartPolicy"] = "Never".into();
    let role = json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole",
                      "name": "reader"});
    let rbac = "rbac.authorization.k8s.io/v1";
    vec![
        of("v1", "Namespace", "shop", json!({"metadata": {"labels": {"team": "a"}}})),
        definition(),
        of(
            rbac,
            "ClusterRole",
            "reader",
            json!({"rules": [
            {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}]}),
        ),
        of(
            rbac,
            "RoleBinding",
            "reader",
            json!({"roleRef": role, "subjects": [
            {"kind": "ServiceAccount", "name": "web", "namespace": "shop"}]}),
        ),
        of("v1", "ServiceAccount", "web", json!({})),
        of("v1", "ConfigMap", "settings", json!({"data": {"k": "v"}})),
        of("v1", "Secret", "token", json!({"type": "Opaque", "data": {"k": "dg=="}})),
        of(
            "v1",
            "Service",
            "web",
            json!({"spec": {"selector": {"app": "web"}, "ports": [
            {"name": "http", "port": 80, "targetPort": 80}, {"name": "tls", "port": 443}]}}),
        ),
        of("apps/v1", "Deployment", "web", workload(&plain)),
        of("apps/v1", "Deployment", "odd", workload(&odd)),
        of("apps/v1", "StatefulSet", "db", set),
        of("batch/v1", "Job", "once", json!({"spec": {"template": job_pods}})),
        of(
            "batch/v1",
            "CronJob",
            "nightly",
            json!({"spec": {"schedule": "0 3 * * *",
            "jobTemplate": {"spec": {"template": job_pods}}}}),
        ),
        of(
            "networking.k8s.io/v1",
            "Ingress",
            "web",
            json!({"spec": {"rules": [
            {"host": "shop.example.com", "http": {"paths": [{"path": "/", "pathType": "Prefix",
             "backend": {"service": {"name": "web", "port": {"number": 80}}}}]}}]}}),
        ),
        of(
            "networking.k8s.io/v1",
            "NetworkPolicy",
            "web",
            json!({"spec": {"podSelector": labels,
            "ingress": [{"ports": [{"port": 80}]}]}}),
        ),
        of(
            "policy/v1",
            "PodDisruptionBudget",
            "web",
            json!({"spec": {"minAvailable": 1, "selector": labels}}),
        ),
        of(
            "autoscaling/v2",
            "HorizontalPodAutoscaler",
            "web",
            json!({"spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "minReplicas": 2, "maxReplicas": 4}}),
        ),
        of("example.com/v1", "Widget", "w", json!({"spec": {"size": 3, "tags": ["b", "a"]}})),
    ]
}

fn plan(objects: &[Object], cluster: &KubeCluster) -> Planned {
    let items = objects.iter().map(|object| Item {
        object: object.clone(),
        provenance: Provenance {
            repo: "apps".into(),
            revision: "c0ffee".into(),
            path: "prod/all.yaml".into(),
        },
    });
    let desired = Desired {
        bundle: Digest::of(b"bundle"),
        items: items.collect(),
        findings: Vec::new(),
        choices: Vec::new(),
        beyond: Vec::new(),
    };
    let uid = Some(cluster.identity().unwrap().uid);
    let target = Binding { name: "lab".into(), class: Class::Disposable, uid, ca: None };
    make(&desired, &target, &Against::Cluster(cluster), &Quiet, &Cancel::new()).unwrap()
}

/// Applies a plan by its waves, as any executor would.
fn apply(planned: &Planned, cluster: &KubeCluster, options: &ApplyOptions) {
    for item in planned.plan().items() {
        let object = planned.object(item).unwrap();
        let mut tries = 0;
        loop {
            let kinds = cluster.kinds().unwrap();
            let kind = kinds.find(&item.object.group, &item.version, &item.object.kind);
            let done = kind.map(|kind| cluster.apply(kind, object, options));
            match done {
                Some(Ok(_)) => break,
                // A definition is served some time after it was applied.
                _ if tries < 100 => tries += 1,
                other => panic!("{}: {other:?}", item.object),
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
    }
}

/// The objects that dry runs asked about since the audit log had so many lines.
fn asked(lab: &Lab, since: usize) -> Vec<String> {
    let audit = lab.our_audit();
    let calls = audit.iter().skip(since).filter(|(verb, _)| verb == "patch");
    let mut paths: Vec<_> = calls
        .map(|(_, uri)| {
            assert!(uri.contains("dryRun=All"), "a plan writes nothing: {uri}");
            let path = uri.split('?').next().unwrap_or_default();
            path.rsplitn(3, '/').take(2).collect::<Vec<_>>().join(" of ")
        })
        .collect();
    paths.sort();
    paths
}

fn actions(planned: &Planned) -> Vec<(String, Action)> {
    let items = planned.plan().items().filter(|item| item.action != Action::Unchanged);
    items.map(|item| (item.object.to_string(), item.action)).collect()
}

/// A plan file of format 1 as it was written. Never made anew: later versions must read it.
const FORMAT_1: &[u8] = include_bytes!("plans/format-1.json");

#[test]
fn a_plan_file_of_format_1_is_read_as_it_was_written() {
    let plan = Plan::read(FORMAT_1, "format-1.json").unwrap();
    assert_eq!(
        plan.digest().oci(),
        "sha256:d83a5e39e272689d90f85afa367a2411d555ac360cd17471c21750b7e3f6d3eb"
    );
    assert_eq!(plan.to_file(), FORMAT_1);
    let counts = plan.counts;
    assert_eq!((counts.new, counts.changed, counts.conflicting), (4, 1, 1));
    let item = plan.items().find(|item| item.object.name == "older").unwrap();
    let [need] = item.needs.as_slice() else { panic!("{:?}", item.needs) };
    assert_eq!((need.object.name.as_str(), need.until), ("held", Until::Ready));
    assert_eq!(need.why, "depends-on");

    // The digest covers what is done and in which order, so that no part of it can be changed.
    let text = String::from_utf8(FORMAT_1.to_vec()).unwrap();
    for (from, to) in [
        ("\"until\": \"ready\"", "\"until\": \"applied\""),
        ("\"name\": \"held\"", "\"name\": \"helm\""),
        ("\"stage\": \"edge\"", "\"stage\": \"apps\""),
        ("\"action\": \"conflicting\"", "\"action\": \"unchanged\""),
    ] {
        assert!(text.contains(from), "{from}");
        let changed = text.replacen(from, to, 1);
        assert!(Plan::read(changed.as_bytes(), "changed").is_err(), "{from}");
    }
}

#[test]
fn what_is_as_it_was_applied_is_known_without_asking() {
    let lab = Lab::without_controllers();
    let cluster = lab.cluster();
    let objects = estate();

    let first = plan(&objects, &cluster);
    assert_eq!(first.plan().counts.new, objects.len());
    assert_eq!(first.plan().blockers, []);
    let wide = [
        "reader of clusterroles",
        "shop of namespaces",
        "widgets.example.com of customresourcedefinitions",
    ];
    assert_eq!(asked(&lab, 0), wide, "of the rest nothing is there to ask about");
    apply(&first, &cluster, &ApplyOptions::REAL);

    let since = lab.our_audit().len();
    let second = plan(&objects, &cluster);
    assert_eq!(actions(&second), []);
    assert!(second.plan().is_empty());
    // A quantity that the server writes another way, and a list with a default inside.
    assert_eq!(asked(&lab, since), ["odd of deployments", "web of networkpolicies"]);
    let lists = lab.our_audit()[since..].iter().filter(|(verb, _)| verb == "list").count();
    let kinds: std::collections::BTreeSet<_> =
        objects.iter().map(|object| object.reference().kind.clone()).collect();
    assert_eq!(lists, kinds.len(), "one list a kind");
    assert_eq!(second.extra(), []);
}

#[test]
fn what_differs_is_told_with_field_and_holder() {
    let lab = Lab::without_controllers();
    let cluster = lab.cluster();
    let mut objects = estate();
    apply(&plan(&objects, &cluster), &cluster, &ApplyOptions::REAL);

    // Another takes a field over; one object is nobody's in the plan.
    let stolen = of("v1", "ConfigMap", "settings", json!({"data": {"k": "theirs"}}));
    let theirs = of("v1", "ConfigMap", "theirs", json!({"data": {"k": "v"}}));
    let other = ApplyOptions { manager: "other", force: true, dry_run: false };
    apply(&plan(&[stolen, theirs], &cluster), &cluster, &other);
    // The plan wants another image, and another template of a Job, which cannot change.
    for object in &mut objects {
        let (kind, name) = (object.reference().kind.clone(), object.reference().name.clone());
        let mut value = object.value().clone();
        match (kind.as_str(), name.as_str()) {
            ("Deployment", "web") | ("Job", _) => {
                value["spec"]["template"]["spec"]["containers"][0]["image"] = "web:2".into();
            }
            _ => continue,
        }
        *object = Object::from_value(value).unwrap();
    }

    let planned = plan(&objects, &cluster);
    let expected = [
        ("ConfigMap shop/settings".to_owned(), Action::Conflicting),
        ("Deployment shop/web".to_owned(), Action::Changed),
        ("Job shop/once".to_owned(), Action::Immutable),
    ];
    assert_eq!(actions(&planned), expected);
    let item = |kind: &str| planned.plan().items().find(|i| i.object.kind == kind).unwrap();
    let held = &item("ConfigMap").conflicts;
    assert_eq!((held[0].manager.as_str(), held[0].field.as_str()), ("other", ".data.k"));
    let changed = planned.plan().items().find(|item| item.action == Action::Changed).unwrap();
    assert_eq!(changed.fields, [".spec.template.spec.containers"]);
    assert_eq!(item("Job").fields, [".spec.template.spec.containers"]);
    let extra: Vec<_> = planned.extra().iter().map(ToString::to_string).collect();
    assert_eq!(extra, ["ConfigMap shop/theirs"]);
}
