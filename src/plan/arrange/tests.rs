//! Each rule of order by an example: which edges a few objects give.

#![expect(clippy::needless_pass_by_value, reason = "values are written where they are used")]

use serde_json::{Value, json};

use super::*;
use crate::plan::value::Until;

/// An object from `group/version Kind namespace/name` and the rest of it.
fn object(words: &str, rest: Value) -> Object {
    let words: Vec<_> = words.split(' ').collect();
    let [api_version, kind, place] = words.as_slice() else { panic!("{words:?}") };
    let (namespace, name) = match place.split_once('/') {
        Some((namespace, name)) => (Some(namespace), name),
        None => (None, *place),
    };
    let mut value = json!({"apiVersion": api_version, "kind": kind});
    for (key, member) in rest.as_object().unwrap() {
        value[key] = member.clone();
    }
    value["metadata"]["name"] = name.into();
    if let Some(namespace) = namespace {
        value["metadata"]["namespace"] = namespace.into();
    }
    Object::from_value(value).unwrap()
}

fn annotated(words: &str, annotations: Value) -> Object {
    object(words, json!({"metadata": {"annotations": annotations}}))
}

fn config(name: &str, annotations: Value) -> Object {
    annotated(&format!("v1 ConfigMap shop/{name}"), annotations)
}

fn with_pods(words: &str, labels: Value, spec: Value) -> Object {
    let template = json!({"metadata": {"labels": labels}, "spec": spec});
    object(words, json!({"spec": {"template": template}}))
}

/// An object with the path it comes from.
type From = (Object, &'static str);

fn arrange(objects: Vec<From>) -> (Vec<Wave>, Notes) {
    let found = objects.into_iter().map(|(object, path)| Found {
        object,
        provenance: Provenance {
            repo: "apps".into(),
            revision: "c0ffee".into(),
            path: path.into(),
        },
        action: Action::New,
        fields: Vec::new(),
        conflicts: Vec::new(),
    });
    let mut notes = Notes::default();
    let waves = arranged(found.collect(), &mut notes);
    (waves, notes)
}

/// The edges as `a > b until why`.
fn edges(objects: Vec<Object>) -> Vec<String> {
    edges_of(objects.into_iter().map(|object| (object, "prod/all.yaml")).collect())
}

fn edges_of(objects: Vec<From>) -> Vec<String> {
    let (waves, notes) = arrange(objects);
    assert!(notes.warnings.is_empty() && notes.blockers.is_empty(), "{:?}", notes.warnings);
    let mut place = BTreeMap::new();
    for wave in &waves {
        for item in &wave.objects {
            place.insert(item.object.clone(), wave.wave);
        }
    }
    let mut found = Vec::new();
    for item in waves.iter().flat_map(|wave| &wave.objects) {
        for need in &item.needs {
            assert!(place[&need.object] < place[&item.object], "{} {}", item.object, need.object);
            let until = match need.until {
                Until::Applied => "applied",
                Until::Served => "served",
                Until::Ready => "ready",
            };
            let (one, other) = (&item.object.name, &need.object.name);
            found.push(format!("{one} > {other} {until} {}", need.why));
        }
    }
    found.sort();
    found
}

fn definition() -> Object {
    object(
        "apiextensions.k8s.io/v1 CustomResourceDefinition widgets.example.com",
        json!({"spec": {"group": "example.com", "names": {"kind": "Widget", "plural": "widgets"}}}),
    )
}

fn service(words: &str, app: &str) -> Object {
    object(words, json!({"spec": {"selector": {"app": app}}}))
}

const WEBHOOKS: &str = "admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration";

fn webhook() -> Object {
    let client = json!({"service": {"namespace": "ops", "name": "hook"}});
    object(&format!("{WEBHOOKS} guard"), json!({"webhooks": [{"clientConfig": client}]}))
}

#[test]
fn an_object_needs_its_kind_and_its_namespace() {
    let objects = vec![
        object("example.com/v1 Widget shop/w", json!({})),
        object("v1 Namespace shop", json!({})),
        definition(),
    ];
    assert_eq!(
        edges(objects),
        ["w > shop applied namespace", "w > widgets.example.com served kind"]
    );
}

#[test]
fn an_object_of_an_aggregated_api_needs_it_served_and_that_its_workload() {
    let api = object(
        "apiregistration.k8s.io/v1 APIService v1.agg.example.com",
        json!({"spec": {"service": {"namespace": "ops", "name": "agg"}}}),
    );
    let objects = vec![
        object("agg.example.com/v1 Thing shop/t", json!({})),
        api,
        service("v1 Service ops/agg", "agg"),
        with_pods("apps/v1 Deployment ops/server", json!({"app": "agg"}), json!({})),
    ];
    let expected = [
        "t > v1.agg.example.com served kind",
        "v1.agg.example.com > agg applied api",
        "v1.agg.example.com > server ready api",
    ];
    assert_eq!(edges(objects), expected);
}

#[test]
fn a_workload_needs_what_it_names_and_the_rights_of_its_account() {
    let spec = json!({"serviceAccountName": "robot", "containers": [
        {"envFrom": [{"configMapRef": {"name": "settings"}}, {"secretRef": {"name": "token"}}]}]});
    let rbac = "rbac.authorization.k8s.io/v1";
    let role = json!({"kind": "ClusterRole", "name": "reader"});
    let subjects = json!([{"kind": "ServiceAccount", "namespace": "shop", "name": "robot"}]);
    let objects = vec![
        with_pods("apps/v1 Deployment shop/web", json!({}), spec),
        object("v1 ServiceAccount shop/robot", json!({})),
        object("v1 ConfigMap shop/settings", json!({})),
        object("v1 ConfigMap other/token", json!({})),
        object(&format!("{rbac} ClusterRole reader"), json!({})),
        object(
            &format!("{rbac} ClusterRoleBinding bound"),
            json!({"roleRef": role, "subjects": subjects}),
        ),
        // A certificate whose secret the workload reads, and its issuer.
        object(
            "cert-manager.io/v1 Certificate shop/c",
            json!({"spec": {"secretName": "token", "issuerRef": {"name": "ca"}}}),
        ),
        object("cert-manager.io/v1 Issuer shop/ca", json!({})),
    ];
    let expected = [
        "bound > reader applied reference",
        "c > ca applied reference",
        "web > bound applied rights",
        "web > c applied secret",
        "web > robot applied reference",
        "web > settings applied reference",
    ];
    assert_eq!(edges(objects), expected);
}

#[test]
fn a_webhook_needs_its_service_and_the_workload_behind_it() {
    let objects = vec![
        webhook(),
        service("v1 Service ops/hook", "hook"),
        with_pods("apps/v1 Deployment ops/yes", json!({"app": "hook"}), json!({})),
        with_pods("apps/v1 Deployment ops/no", json!({"app": "else"}), json!({})),
        with_pods("apps/v1 Deployment shop/far", json!({"app": "hook"}), json!({})),
        with_pods("batch/v1 Job ops/ends", json!({"app": "hook"}), json!({})),
    ];
    assert_eq!(edges(objects), ["guard > hook applied webhook", "guard > yes ready webhook"]);
}

#[test]
fn objects_of_a_kind_that_a_webhook_converts_need_its_workload() {
    let mut crd = definition().into_value();
    crd["spec"]["conversion"] = json!({"strategy": "Webhook", "webhook":
        {"clientConfig": {"service": {"namespace": "ops", "name": "hook"}}}});
    let objects = vec![
        Object::from_value(crd).unwrap(),
        object("example.com/v1 Widget shop/w", json!({})),
        service("v1 Service ops/hook", "hook"),
        with_pods("apps/v1 Deployment ops/yes", json!({"app": "hook"}), json!({})),
    ];
    let expected = [
        "w > hook applied conversion",
        "w > widgets.example.com served kind",
        "w > yes ready conversion",
    ];
    assert_eq!(edges(objects), expected);
}

#[test]
fn an_operator_comes_before_its_objects_but_nothing_depends_on_it() {
    let rbac = "rbac.authorization.k8s.io/v1";
    let rules = json!([{"apiGroups": ["example.com"], "resources": ["widgets/status"],
                        "verbs": ["update"]}]);
    let subjects = json!([{"kind": "ServiceAccount", "name": "op"}]);
    let objects = vec![
        (definition(), "a"),
        (object("example.com/v1 Widget shop/w", json!({})), "a"),
        (
            with_pods(
                "apps/v1 Deployment ops/operator",
                json!({}),
                json!({"serviceAccountName": "op"}),
            ),
            "a",
        ),
        (object(&format!("{rbac} ClusterRole op"), json!({"rules": rules})), "a"),
        (
            object(
                &format!("{rbac} RoleBinding ops/op"),
                json!({"roleRef": {"kind": "ClusterRole", "name": "op"}, "subjects": subjects}),
            ),
            "a",
        ),
    ];
    let (waves, _) = arrange(objects);
    let last = waves.last().unwrap();
    assert_eq!((last.stage, last.objects[0].object.name.as_str()), (Stage::Custom, "w"));
    let needs: Vec<_> = last.objects[0].needs.iter().map(|need| need.why.as_str()).collect();
    assert_eq!(needs, ["kind"]);
    let before = &waves[waves.len() - 2];
    assert_eq!((before.stage, before.objects[0].object.name.as_str()), (Stage::Custom, "operator"));
}

#[test]
fn depends_on_is_followed() {
    let named = "/namespaces/shop/ConfigMap/a, apps/namespaces/shop/Deployment/b,/Namespace/shop";
    let objects = vec![
        config("x", json!({"config.kubernetes.io/depends-on": named})),
        config("a", json!({})),
        object("apps/v1 Deployment shop/b", json!({})),
        object("v1 Namespace shop", json!({})),
    ];
    let expected = [
        "a > shop applied namespace",
        "b > shop applied namespace",
        "x > a ready depends-on",
        "x > b ready depends-on",
        "x > shop ready depends-on",
    ];
    assert_eq!(edges(objects), expected);
}

#[test]
fn change_rules_order_groups() {
    let group = json!({"kapp.k14s.io/change-group": "db",
                       "kapp.k14s.io/change-group.2": "data"});
    let objects = vec![
        config("db", group),
        config("after", json!({"kapp.k14s.io/change-rule": "upsert after upserting db"})),
        config("before", json!({"kapp.k14s.io/change-rule.x": "upsert before upserting data"})),
        config("gone", json!({"kapp.k14s.io/change-rule": "delete before deleting db"})),
    ];
    assert_eq!(edges(objects), ["after > db ready change-rule", "db > before ready change-rule"]);
}

#[test]
fn phases_and_waves_order_one_application() {
    let wave = "argocd.argoproj.io/sync-wave";
    let hook = "argocd.argoproj.io/hook";
    let objects = vec![
        (config("plain", json!({})), "prod/a.yaml"),
        (config("late", json!({wave: "5"})), "prod/b.yaml"),
        (config("early", json!({wave: "-1"})), "prod/b.yaml"),
        (config("pre", json!({hook: "PreSync", wave: "9"})), "prod/b.yaml"),
        (config("post", json!({hook: "PostSync"})), "prod/b.yaml"),
        (config("apart", json!({wave: "7"})), "test/b.yaml"),
    ];
    let expected = [
        "early > pre ready hook",
        "late > plain ready wave",
        "plain > early ready wave",
        "post > late ready hook",
    ];
    assert_eq!(edges_of(objects), expected);
}

#[test]
fn an_application_reaches_as_far_as_its_path() {
    let wave = "argocd.argoproj.io/sync-wave";
    let app = object(
        "argoproj.io/v1alpha1 Application argocd/shop",
        json!({"spec": {"source": {"repoURL": "https://git.example.com/apps.git",
                                   "path": "prod"}}}),
    );
    let objects = vec![
        (app, "argo/shop.yaml"),
        (config("one", json!({})), "prod/x/a.yaml"),
        (config("two", json!({wave: "1"})), "prod/y/b.yaml"),
    ];
    assert_eq!(edges_of(objects), ["two > one ready wave"]);
}

#[test]
fn helm_hooks_go_by_phase_and_weight() {
    let hook =
        |kind: &str, weight: &str| json!({"helm.sh/hook": kind, "helm.sh/hook-weight": weight});
    let objects = vec![
        config("main", json!({})),
        config("first", hook("pre-install,pre-upgrade", "-5")),
        config("second", hook("pre-install", "5")),
        config("last", hook("post-install", "0")),
    ];
    let expected =
        ["last > main ready hook", "main > second ready hook", "second > first ready wave"];
    assert_eq!(edges(objects), expected);
}

#[test]
fn one_kustomization_after_another_takes_their_objects_along() {
    let kustomization = |name: &str, path: &str, rest: Value| {
        let mut spec = json!({"path": path});
        for (key, value) in rest.as_object().unwrap() {
            spec[key] = value.clone();
        }
        let words = format!("kustomize.toolkit.fluxcd.io/v1 Kustomization flux/{name}");
        (object(&words, json!({"spec": spec})), "clusters/prod/all.yaml")
    };
    let release = object("helm.toolkit.fluxcd.io/v2 HelmRelease infra/r", json!({}));
    let objects = vec![
        kustomization("infra", "./infra", json!({"wait": true})),
        kustomization("apps", "./apps/prod", json!({"dependsOn": [{"name": "infra"}]})),
        kustomization("more", "./more", json!({"dependsOn": [{"name": "apps"}]})),
        (config("i", json!({})), "infra/a.yaml"),
        (release, "infra/b.yaml"),
        (config("a", json!({})), "apps/prod"),
        (config("m", json!({})), "more"),
    ];
    let expected = [
        // And not after the release, which is suspended.
        "a > i ready dependsOn",
        "apps > infra applied dependsOn",
        "m > a applied dependsOn",
        "more > apps applied dependsOn",
    ];
    assert_eq!(edges_of(objects), expected);
}

#[test]
fn large_groups_wait_for_one_of_their_own() {
    let wave = |n: usize| json!({"argocd.argoproj.io/sync-wave": n.to_string()});
    let objects: Vec<_> = (0..400).map(|n| config(&format!("c{n:03}"), wave(n / 200))).collect();
    let found = edges(objects);
    assert_eq!(found.len(), 199 + 200);
    assert!(found.contains(&"c399 > c199 ready wave".to_owned()));
    assert!(found.contains(&"c199 > c000 ready wave".to_owned()));
}

#[test]
fn what_is_written_outweighs_what_seems_to_be_needed() {
    let written = json!({"config.kubernetes.io/depends-on": "/namespaces/shop/ConfigMap/a"});
    let namespace = annotated("v1 Namespace shop", written);
    let (waves, notes) = arrange(vec![
        (namespace, "a"),
        (config("a", json!({})), "a"),
        (config("b", json!({})), "a"),
    ]);
    let [note] = notes.warnings.as_slice() else { panic!("{:?}", notes.warnings) };
    assert_eq!(note.code, "B1434");
    assert!(note.text.starts_with("ConfigMap shop/a would need Namespace shop first (namespace)"));
    let order: Vec<_> =
        waves.iter().flat_map(|wave| &wave.objects).map(|i| i.object.name.as_str()).collect();
    assert_eq!(order, ["a", "shop", "b"]);
    assert!(notes.blockers.is_empty());
}

#[test]
fn a_circle_is_named_and_blocks() {
    let on = |name: &str| json!({"config.kubernetes.io/depends-on": format!("/namespaces/shop/ConfigMap/{name}")});
    let (_, notes) = arrange(vec![
        (config("a", on("b")), "a"),
        (config("b", on("c")), "a"),
        (config("c", on("a")), "a"),
    ]);
    let [note] = notes.blockers.as_slice() else { panic!("{:?}", notes.blockers) };
    assert_eq!(note.code, "B1435");
    assert_eq!(
        note.text,
        "a circle: ConfigMap shop/a > ConfigMap shop/b > ConfigMap shop/c > ConfigMap shop/a"
    );
}

#[test]
fn an_order_that_cannot_be_read_is_told() {
    let cases = [
        ("config.kubernetes.io/depends-on", "ConfigMap/a"),
        ("config.kubernetes.io/depends-on", "/namespaces/shop/ConfigMap/none"),
        ("argocd.argoproj.io/sync-wave", "soon"),
        ("kapp.k14s.io/change-rule", "after db"),
    ];
    for (key, value) in cases {
        let (waves, notes) = arrange(vec![(config("a", json!({key: value})), "a")]);
        let codes: Vec<_> = notes.warnings.iter().map(|note| note.code.as_str()).collect();
        assert_eq!((codes, waves.len()), (vec!["B1436"], 1), "{key}: {value}");
    }
    let depends = json!({"spec": {"dependsOn": [{"name": "infra", "namespace": "other"}]}});
    let apps = object("kustomize.toolkit.fluxcd.io/v1 Kustomization flux/apps", depends);
    let (_, notes) = arrange(vec![(apps, "a")]);
    let told: Vec<_> = notes.warnings.iter().map(|note| (&note.code[..], &note.text[..])).collect();
    let text = "Kustomization flux/apps has dependsOn something not in the plan: other/infra";
    assert_eq!(told, [("B1436", text)]);
}
