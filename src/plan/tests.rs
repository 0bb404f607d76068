use serde_json::{Value, json};

use super::*;
use crate::cluster::{ApplyOptions, Cluster, Directory, MemoryCluster};
use crate::model::cancel::Cancel;
use crate::model::digest::Digest;
use crate::model::event::Quiet;
use crate::model::explain::{Explain, Kind};
use crate::object::{Object, Stage};
use crate::render::{self, Provenance};
use crate::target::{Binding, Class};

fn object(kind: &str, namespace: Option<&str>, name: &str) -> Object {
    let api = match kind {
        "CustomResourceDefinition" => "apiextensions.k8s.io/v1",
        "Deployment" => "apps/v1",
        "ClusterRole" | "RoleBinding" => "rbac.authorization.k8s.io/v1",
        "Widget" => "example.com/v1",
        _ => "v1",
    };
    let mut value = json!({"apiVersion": api, "kind": kind, "metadata": {"name": name}});
    if let Some(namespace) = namespace {
        value["metadata"]["namespace"] = namespace.into();
    }
    Object::from_value(value).unwrap()
}

fn with(object: Object, field: &str, value: Value) -> Object {
    let mut whole = object.into_value();
    whole[field] = value;
    Object::from_value(whole).unwrap()
}

fn definition() -> Object {
    with(
        object("CustomResourceDefinition", None, "widgets.example.com"),
        "spec",
        json!({"group": "example.com", "scope": "Namespaced",
               "names": {"kind": "Widget", "plural": "widgets"},
               "versions": [{"name": "v1", "served": true}]}),
    )
}

fn desired(objects: &[Object]) -> Desired {
    let items = objects.iter().map(|object| render::Item {
        object: object.clone(),
        provenance: Provenance {
            repo: "apps".into(),
            revision: "c0ffee".into(),
            path: "prod".into(),
        },
    });
    Desired {
        bundle: Digest::of(b"bundle"),
        items: items.collect(),
        findings: Vec::new(),
        choices: Vec::new(),
        beyond: Vec::new(),
    }
}

fn binding(class: Class) -> Binding {
    Binding { name: "lab".into(), class, uid: Some("u-1".into()), ca: None }
}

fn plan_on(cluster: &dyn Cluster, objects: &[Object]) -> Planned {
    let target = binding(Class::Disposable);
    let against = Against::Cluster(cluster);
    make(&desired(objects), &target, &against, &Quiet, &Cancel::new()).unwrap()
}

fn codes(notes: &[Note]) -> Vec<&str> {
    notes.iter().map(|note| note.code.as_str()).collect()
}

#[test]
fn definitions_come_first_and_bindings_after_roles() {
    let objects = [
        object("Widget", Some("shop"), "w"),
        object("RoleBinding", Some("shop"), "b"),
        object("ClusterRole", None, "r"),
        object("Deployment", Some("shop"), "d"),
        object("Namespace", None, "shop"),
        definition(),
    ];
    let planned = plan_on(&MemoryCluster::new("u-1"), &objects);
    let waves: Vec<_> = planned
        .plan()
        .waves
        .iter()
        .map(|wave| {
            let kinds: Vec<_> = wave.objects.iter().map(|i| i.object.kind.as_str()).collect();
            (wave.stage, kinds.join(" "))
        })
        .collect();
    let expected = [
        (Stage::Definitions, "CustomResourceDefinition Namespace ClusterRole"),
        (Stage::Foundations, "RoleBinding"),
        (Stage::Custom, "Widget"),
        (Stage::Apps, "Deployment"),
    ];
    assert_eq!(waves, expected.map(|(stage, kinds)| (stage, kinds.to_owned())));
    assert_eq!(planned.plan().counts, Counts { new: 6, ..Counts::default() });
}

#[test]
fn each_object_is_compared_with_what_is_there() {
    let cluster = MemoryCluster::new("u-1");
    let settings = |value: &str| {
        with(object("ConfigMap", Some("default"), value), "data", json!({"k": value}))
    };
    let live = |name: &str, value: &str| {
        let object = with(object("ConfigMap", Some("default"), name), "data", json!({"k": value}));
        cluster.put(&object);
        object
    };
    live("same", "same");
    live("other", "before");
    let held = live("held", "before");
    cluster.hold(held.reference(), "/data/k", "helm");
    let objects = [settings("same"), settings("other"), settings("held"), settings("fresh")];
    let planned = plan_on(&cluster, &objects);
    let actions: Vec<_> =
        planned.plan().items().map(|item| (item.object.name.as_str(), item.action)).collect();
    assert_eq!(
        actions,
        [
            ("fresh", Action::New),
            ("held", Action::Conflicting),
            ("other", Action::Changed),
            ("same", Action::Unchanged)
        ]
    );
    let fields: Vec<_> = planned.plan().items().flat_map(|item| &item.fields).collect();
    assert_eq!(fields, [".data.k"]);
    assert_eq!(codes(&planned.plan().warnings), ["B1429"]);
    assert!(planned.plan().warnings[0].text.contains("helm holds .data.k"));
    assert!(cluster.applied().is_empty(), "a plan writes nothing");
}

#[test]
fn what_cannot_work_blocks() {
    let secret = with(object("Secret", Some("default"), "s"), "sops", json!({"mac": "x"}));
    let objects = [
        object("ConfigMap", Some("nowhere"), "a"),
        object("Service", Some("default"), "twice"),
        object("Service", Some("default"), "twice"),
        secret,
    ];
    let planned = plan_on(&MemoryCluster::new("u-1"), &objects);
    assert_eq!(codes(&planned.plan().blockers), ["B1420", "B1421", "B1422"]);
    let confirmation = Confirmation { target: Some("lab".into()), bound: Bound::Terminal };
    let error = planned.approve(&confirmation).unwrap_err();
    assert_eq!((error.about().code, error.about().kind), ("B1401", Kind::Refused));
}

#[test]
fn what_is_odd_is_told() {
    let generated = json!({"apiVersion": "v1", "kind": "ConfigMap",
                           "metadata": {"generateName": "x-", "namespace": "default"}});
    let objects = [
        Object::from_value(generated).unwrap(),
        object("ConfigMap", None, "homeless"),
        object("ClusterRole", Some("default"), "placed"),
        object("Widget", Some("default"), "unknown"),
    ];
    let cluster = MemoryCluster::new("u-1");
    cluster.lose_group("metrics.k8s.io");
    let planned = plan_on(&cluster, &objects);
    assert_eq!(codes(&planned.plan().warnings), ["B1423", "B1424", "B1425", "B1426", "B1428"]);
    let texts: Vec<_> = planned.plan().items().map(|item| item.object.to_string()).collect();
    assert_eq!(
        texts,
        [
            "ClusterRole placed",
            "ConfigMap default/homeless",
            "ConfigMap default/x-*",
            "Widget default/unknown"
        ]
    );
}

#[test]
fn automation_that_somebody_else_holds_is_told() {
    let cluster = MemoryCluster::new("u-1");
    let whole = object("CustomResourceDefinition", None, "applications.argoproj.io");
    let spec = json!({"group": "argoproj.io", "scope": "Namespaced",
                      "names": {"kind": "Application", "plural": "applications"},
                      "versions": [{"name": "v1alpha1", "served": true}]});
    let kinds = cluster.kinds().unwrap();
    let definitions = kinds.find("apiextensions.k8s.io", "v1", &whole.reference().kind).unwrap();
    cluster.apply(definitions, &with(whole, "spec", spec), &ApplyOptions::REAL).unwrap();
    let application = |policy: Value| {
        let spec = json!({"project": "shop", "syncPolicy": policy});
        Object::from_value(json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
            "metadata": {"name": "shop", "namespace": "default"}, "spec": spec}))
        .unwrap()
    };
    let automated = application(json!({"automated": {"prune": true}}));
    let told = |cluster: &MemoryCluster| {
        let plan = plan_on(cluster, std::slice::from_ref(&automated));
        codes(&plan.plan().warnings).contains(&"B1444")
    };
    assert!(!told(&cluster), "nothing is there that could go on");
    cluster.put(&application(json!({})));
    assert!(!told(&cluster), "it waits");
    cluster.put(&automated);
    assert!(told(&cluster));
}

#[test]
fn what_is_made_once_is_not_made_again() {
    let generated = json!({"apiVersion": "v1", "kind": "ConfigMap",
                           "metadata": {"generateName": "x-", "namespace": "default"}});
    let generated = Object::from_value(generated).unwrap();
    let mut hook = object("ConfigMap", Some("default"), "hook").into_value();
    hook["metadata"]["annotations"] = json!({"helm.sh/hook": "pre-install"});
    let hook = Object::from_value(hook).unwrap();
    let cluster = MemoryCluster::new("u-1");
    let objects = [generated.clone(), hook.clone()];
    let first = plan_on(&cluster, &objects);
    assert_eq!(first.plan().counts.new, 2);
    assert_eq!(codes(&first.plan().warnings), ["B1426"]);
    cluster.put(&generated.named());
    // Whatever it looks like by now.
    cluster.put(&with(hook, "data", json!({"k": "v"})));
    let second = plan_on(&cluster, &objects);
    assert!(second.plan().is_empty());
    assert_eq!(second.extra(), []);
}

#[test]
fn a_kind_of_a_group_that_does_not_answer_is_not_called_missing() {
    let cluster = MemoryCluster::new("u-1");
    cluster.lose_group("example.com");
    let planned = plan_on(&cluster, &[object("Widget", Some("default"), "w")]);
    assert_eq!(codes(&planned.plan().warnings), ["B1428"]);
    assert_eq!(planned.plan().counts.new, 1);
}

#[test]
fn of_two_origins_the_one_that_is_chosen_counts() {
    let settings =
        |value: &str| with(object("ConfigMap", Some("default"), "a"), "data", json!({"k": value}));
    let mut both = desired(&[settings("one"), settings("two")]);
    both.items[1].provenance.path = "test/all.yaml".into();
    let cluster = MemoryCluster::new("u-1");
    let plan = |desired: &Desired| {
        let target = binding(Class::Disposable);
        let against = Against::Cluster(&cluster);
        make(desired, &target, &against, &Quiet, &Cancel::new()).unwrap()
    };
    let planned = plan(&both);
    let [blocker] = planned.plan().blockers.as_slice() else { panic!() };
    assert_eq!(blocker.code, "B1420");
    assert!(blocker.text.ends_with("--choose ConfigMap/default/a=apps:prod"), "{}", blocker.text);
    for (choice, taken) in [
        ("ConfigMap/default/a=apps:prod", "one"),
        ("ConfigMap/default/a=apps:test/all.yaml", "two"),
        ("apps:test", "two"),
    ] {
        both.choices = vec![choice.parse().unwrap()];
        let planned = plan(&both);
        assert_eq!(codes(&planned.plan().blockers), [""; 0], "{choice}");
        assert_eq!(codes(&planned.plan().warnings), ["B1438"]);
        let item = planned.plan().items().next().unwrap();
        assert_eq!(planned.object(item).unwrap().value()["data"]["k"], taken);
        assert_eq!(planned.plan().counts.new, 1);
    }
    // A choice that decides nothing is told, and the objects still block.
    both.choices = vec!["ConfigMap/default/b=apps:prod".parse().unwrap()];
    let planned = plan(&both);
    assert_eq!(codes(&planned.plan().blockers), ["B1420"]);
    assert_eq!(codes(&planned.plan().warnings), ["B1439"]);
}

#[test]
fn of_a_folder_and_one_below_it_the_one_that_is_named_counts() {
    let settings = |name: &str, value: &str| {
        with(object("ConfigMap", Some("default"), name), "data", json!({"k": value}))
    };
    let mut all = desired(&["a", "b"].map(|name| settings(name, "outer")));
    let mut inner = desired(&["a", "b"].map(|name| settings(name, "inner"))).items;
    inner.iter_mut().for_each(|item| item.provenance.path = "prod/eu".into());
    all.items.extend(inner);
    let cluster = MemoryCluster::new("u-1");
    let plan = |choices: &[&str]| {
        let choices = choices.iter().map(|text| text.parse().unwrap()).collect();
        let wanted = Desired { choices, ..all.clone() };
        let target = binding(Class::Disposable);
        make(&wanted, &target, &Against::Cluster(&cluster), &Quiet, &Cancel::new()).unwrap()
    };
    for (choice, path) in [("apps:prod", "prod"), ("apps:prod/eu", "prod/eu")] {
        let planned = plan(&[choice]);
        assert!(planned.plan().items().all(|item| item.provenance.path == path), "{choice}");
        let [note] = &planned.plan().warnings[..] else { panic!("{:?}", planned.plan().warnings) };
        assert!(note.text.starts_with("ConfigMap default/a, ConfigMap default/b: "), "{note:?}");
    }
    let planned = plan(&["apps:prod", "ConfigMap/default/b=apps:prod/eu"]);
    let paths = |planned: &Planned| -> Vec<String> {
        planned.plan().items().map(|item| item.provenance.path.clone()).collect()
    };
    assert_eq!(paths(&planned), ["prod", "prod/eu"], "what is said of one outweighs");
    // Many with the same origins are one question.
    let planned = plan(&[]);
    let [note] = &planned.plan().blockers[..] else { panic!("{:?}", planned.plan().blockers) };
    let text = "ConfigMap default/a, ConfigMap default/b come from apps:prod and from \
                apps:prod/eu; choose one, as --choose apps:prod";
    assert_eq!((&note.code[..], &note.text[..]), ("B1420", text));
}

#[test]
fn what_is_on_the_target_only_is_listed_but_for_what_the_cluster_makes() {
    let cluster = MemoryCluster::new("u-1");
    let owned = json!([{"kind": "Widget", "name": "w"}]);
    let mut child = object("ConfigMap", Some("default"), "child").into_value();
    child["metadata"]["ownerReferences"] = owned;
    let there = [
        object("ConfigMap", Some("default"), "theirs"),
        object("ConfigMap", Some("default"), "kube-root-ca.crt"),
        object("ConfigMap", Some("kube-system"), "settings"),
        object("Secret", Some("default"), "of a kind that is not planned"),
        Object::from_value(child).unwrap(),
    ];
    there.iter().for_each(|object| cluster.put(object));
    let planned = plan_on(&cluster, &[object("ConfigMap", Some("default"), "ours")]);
    let extra: Vec<_> = planned.extra().iter().map(ToString::to_string).collect();
    assert_eq!(extra, ["ConfigMap default/theirs"]);
}

#[test]
fn the_digest_binds_bundle_target_and_objects() {
    let cluster = MemoryCluster::new("u-1");
    let objects = [object("ConfigMap", Some("default"), "a")];
    let digest = |bundle: &[u8], target: &Binding, objects: &[Object]| {
        let desired = Desired { bundle: Digest::of(bundle), ..desired(objects) };
        let against = Against::Cluster(&cluster);
        let planned = make(&desired, target, &against, &Quiet, &Cancel::new()).unwrap();
        planned.plan().digest()
    };
    let lab = binding(Class::Disposable);
    let first = digest(b"a", &lab, &objects);
    assert_eq!(digest(b"a", &lab, &objects), first);
    assert_ne!(digest(b"b", &lab, &objects), first);
    let other = Binding { uid: Some("u-2".into()), ..lab.clone() };
    assert_ne!(digest(b"a", &other, &objects), first);
    assert_ne!(digest(b"a", &lab, &[object("ConfigMap", Some("default"), "b")]), first);
}

#[test]
fn a_plan_file_is_read_back_or_refused() {
    let objects = [object("ConfigMap", Some("default"), "a")];
    let planned = plan_on(&MemoryCluster::new("u-1"), &objects);
    let bytes = planned.plan().to_file();
    let read = Plan::read(&bytes, "plan.json").unwrap();
    assert_eq!(&read, planned.plan());
    assert!(Planned::join(read.clone(), objects).is_ok());
    let error = Planned::join(read, [object("ConfigMap", Some("default"), "b")]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the bundle does not give ConfigMap default/a as the plan has it"
    );
    let text = String::from_utf8(bytes).unwrap().replace("\"u-1\"", "\"u-2\"");
    let error = Plan::read(text.as_bytes(), "plan.json").unwrap_err();
    assert_eq!(error.about().kind, Kind::Integrity);
}

#[test]
fn the_report_has_exactly_the_promised_fields() {
    let planned = plan_on(&MemoryCluster::new("u-1"), &[object("Namespace", None, "a")]);
    let report = planned.plan().report();
    let mut keys: Vec<_> = report.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    assert_eq!(
        keys,
        ["blockers", "counts", "digest", "format_version", "target", "warnings", "waves"]
    );
    assert_eq!(report["target"], json!({"name": "lab", "class": "disposable", "uid": "u-1"}));
    assert_eq!(
        report["counts"],
        json!({"new": 1, "changed": 0, "unchanged": 0, "conflicting": 0, "immutable": 0})
    );
    assert!(report["digest"].as_str().unwrap().starts_with("sha256:"));
}

#[test]
fn approval_needs_the_name_and_for_real_targets_a_plan_that_was_seen() {
    let approve = |class: Class, name: Option<&str>, bound: Bound| {
        let cluster = MemoryCluster::new("u-1");
        let against = Against::Cluster(&cluster);
        let target = binding(class);
        let planned = make(&desired(&[]), &target, &against, &Quiet, &Cancel::new()).unwrap();
        let bound = match bound {
            Bound::Plan(Digest::ZERO) => Bound::Plan(planned.plan().digest()),
            bound => bound,
        };
        let confirmation = Confirmation { target: name.map(str::to_owned), bound };
        planned.approve(&confirmation).map(drop).map_err(|error| error.about().code)
    };
    let (nothing, terminal, plan) = (Bound::Nothing, Bound::Terminal, Bound::Plan(Digest::ZERO));
    assert_eq!(approve(Class::Disposable, Some("lab"), nothing), Ok(()));
    assert_eq!(approve(Class::Disposable, None, nothing), Err("B1402"));
    assert_eq!(approve(Class::Disposable, None, plan), Err("B1402"));
    assert_eq!(approve(Class::Disposable, Some("prod"), plan), Err("B1403"));
    for class in [Class::Standby, Class::Production] {
        assert_eq!(approve(class, Some("lab"), nothing), Err("B1404"));
        assert_eq!(approve(class, Some("lab"), terminal), Ok(()));
        assert_eq!(approve(class, Some("lab"), plan), Ok(()));
        let other = Bound::Plan(Digest::of(b"other"));
        assert_eq!(approve(class, Some("lab"), other), Err("B1405"));
    }
    assert_eq!(approve(Class::Directory, None, nothing), Ok(()));
    assert_eq!(approve(Class::Directory, Some("lab"), nothing), Ok(()));
    assert_eq!(approve(Class::Directory, Some("other"), nothing), Err("B1403"));
}

#[test]
fn a_folder_is_compared_with_what_it_holds() {
    let home = tempfile::tempdir().unwrap();
    let directory = Directory::new(home.path().join("out"));
    let target = crate::target::open_directory(directory.path()).binding;
    let objects = [object("ConfigMap", Some("nowhere"), "a"), object("Widget", None, "b")];
    let plan = || {
        let against = Against::Directory(&directory);
        make(&desired(&objects), &target, &against, &Quiet, &Cancel::new()).unwrap()
    };
    assert_eq!(plan().plan().counts.new, 2);
    let entries: Vec<_> =
        objects.iter().map(|object| crate::cluster::Entry { wave: 1, object }).collect();
    directory.write(&entries).unwrap();
    assert!(plan().plan().is_empty());
    assert_eq!(plan().plan().report()["target"]["uid"], Value::Null);

    // A smaller plan: each object is there, but the script must be written anew.
    let smaller = || {
        let against = Against::Directory(&directory);
        make(&desired(&objects[1..]), &target, &against, &Quiet, &Cancel::new()).unwrap()
    };
    assert_eq!(codes(&smaller().plan().warnings), ["B1432"]);
    assert!(!smaller().plan().is_empty());
    directory.write(&entries[1..]).unwrap();
    assert_eq!(codes(&smaller().plan().warnings), ["B1433"]);
    assert!(smaller().plan().is_empty());
}

#[test]
fn a_plan_file_spells_its_digest_as_all_else_does_and_says_its_folders() {
    let cluster = MemoryCluster::new("u-1");
    let sources = vec!["apps:prod@v1".parse().unwrap()];
    let planned = plan_on(&cluster, &[]).made_from(sources);
    let file = String::from_utf8(planned.plan().to_file()).unwrap();
    let digest = planned.plan().digest();
    assert!(file.contains(&format!("\"digest\": \"{}\"", digest.oci())), "{file}");
    assert_eq!(Plan::read(file.as_bytes(), "f").unwrap(), *planned.plan());
    let bare = file.replace(&digest.oci(), &digest.to_string());
    assert_eq!(Plan::read(bare.as_bytes(), "f").unwrap(), *planned.plan());
}

/// What Flux is told, and nobody to act on it.
fn flux() -> Object {
    let object = json!({"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
                        "metadata": {"name": "apps", "namespace": "default"},
                        "spec": {"path": "./prod"}});
    Object::from_value(object).unwrap()
}

fn warned(planned: &Planned, code: &str) -> Vec<String> {
    let notes = planned.plan().warnings.iter().filter(|note| note.code == code);
    notes.map(|note| note.text.clone()).collect()
}

#[test]
fn engines_whose_controllers_are_nowhere_are_told_once() {
    let cluster = MemoryCluster::new("u-1");
    let told = |objects: &[Object]| warned(&plan_on(&cluster, objects), "B1447");
    let alone = told(&[flux()]);
    assert_eq!(alone.len(), 1, "{alone:?}");
    assert!(alone[0].starts_with("Flux is not installed; its objects wait anyway"), "{alone:?}");
    // In the plan, under whatever name a chart gives it.
    let controller = object("Deployment", Some("default"), "flux2-kustomize-controller");
    assert_eq!(told(&[flux(), controller]), [""; 0]);
    assert_eq!(told(&[object("ConfigMap", Some("default"), "a")]), [""; 0], "nothing of Flux");
    // On the target, where it usually lives.
    let kinds = cluster.kinds().unwrap();
    let there = object("Deployment", Some("flux-system"), "kustomize-controller");
    for object in [object("Namespace", None, "flux-system"), there] {
        let at = object.reference();
        let kind = kinds.find(&at.group, "v1", &at.kind).unwrap();
        cluster.apply(kind, &object, &ApplyOptions::REAL).unwrap();
    }
    assert_eq!(told(&[flux()]), [""; 0]);
}

#[test]
fn sources_that_are_nowhere_are_told_with_who_follows_them() {
    let cluster = MemoryCluster::new("u-1");
    let told = |objects: &[Object]| warned(&plan_on(&cluster, objects), "B1448");
    let flux = |group: &str, kind: &str, name: &str, spec: Value| {
        let object = json!({"apiVersion": format!("{group}.toolkit.fluxcd.io/v1"), "kind": kind,
                            "metadata": {"name": name, "namespace": "flux-system"}, "spec": spec});
        Object::from_value(object).unwrap()
    };
    let from = |name: &str| json!({"kind": "GitRepository", "name": name});
    let follows = |name: &str, source: &str| {
        flux("kustomize", "Kustomization", name, json!({"path": "./a", "sourceRef": from(source)}))
    };
    let namespace = object("Namespace", None, "flux-system");
    let chart = json!({"chart": {"spec": {"chart": "c", "sourceRef": {"kind": "HelmRepository",
                       "name": "charts", "namespace": "apps"}}}});
    let release = flux("helm", "HelmRelease", "r", chart);
    let objects = [namespace, follows("a", "flux-system"), follows("b", "flux-system"), release];
    assert_eq!(
        told(&objects),
        [
            "HelmRelease flux-system/r follows HelmRepository apps/charts, which is neither in this \
             plan nor on the target: it does nothing until it is there",
            "Kustomization flux-system/a and 1 more follow GitRepository flux-system/flux-system, \
             which is neither in this plan nor on the target: they do nothing until it is there (flux \
             bootstrap makes it)",
        ]
    );
    let planned = plan_on(&cluster, &objects);
    let notes = planned.plan().lasting();
    let note = notes.iter().find(|note| note.code == "B1448").unwrap();
    assert!(note.in_short().ends_with("nor on the target: it does nothing until it is there"));
    let source = flux("source", "GitRepository", "flux-system", json!({"url": "https://a/b"}));
    let with = [&objects[..3], std::slice::from_ref(&source)].concat();
    assert_eq!(told(&with), [""; 0], "in the plan");
    let definition = json!({"apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "gitrepositories.source.toolkit.fluxcd.io"},
        "spec": {"group": "source.toolkit.fluxcd.io", "scope": "Namespaced",
                 "names": {"kind": "GitRepository", "plural": "gitrepositories"},
                 "versions": [{"name": "v1", "served": true}]}});
    let kinds = cluster.kinds().unwrap();
    let kind = kinds.find("apiextensions.k8s.io", "v1", "CustomResourceDefinition").unwrap();
    let definition = Object::from_value(definition).unwrap();
    cluster.apply(kind, &definition, &ApplyOptions::REAL).unwrap();
    assert_eq!(told(&objects[..3]).len(), 1, "the kind is served, and nothing of it there");
    cluster.put(&source);
    assert_eq!(told(&objects[..3]), [""; 0], "on the target");
}

#[test]
fn a_cluster_without_ready_nodes_is_told_where_something_should_run() {
    let cluster = MemoryCluster::new("u-1");
    let told =
        |object: Object, nodes| warned(&plan_on(&cluster, &[object]).without_nodes(nodes), "B1446");
    let web = || object("Deployment", Some("default"), "web");
    let text = "the target has no nodes: nothing runs there yet; what is applied waits until one is \
                ready";
    assert_eq!(told(web(), 0), [text]);
    assert!(told(web(), 3)[0].starts_with("none of the 3 nodes"));
    assert_eq!(told(flux(), 0).len(), 1, "what Flux would bring does not run either");
    let planned = plan_on(&cluster, &[flux()]).without_nodes(0);
    let lasting: Vec<_> = planned.plan().lasting().into_iter().map(|note| note.code).collect();
    assert_eq!(lasting, ["B1446", "B1447", "B1440"], "the most important first");
    assert_eq!(warned(&planned.clone().without_nodes(2), "B1446").len(), 1, "as it is now");
    assert_eq!(warned(&planned.with_nodes(), "B1446"), [""; 0]);
    assert_eq!(told(object("ConfigMap", Some("default"), "a"), 0), [""; 0]);
}
