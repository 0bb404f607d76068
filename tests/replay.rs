//! From folders of sources onto a real API server: rendered, planned, approved, replayed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::similar_names,
    reason = "tests"
)]

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use blackstart::cluster::{ApplyOptions, Cluster, Kinds};
use blackstart::model::cancel::Cancel;
use blackstart::model::digest::Digest;
use blackstart::model::event::{Event, Quiet, Recording};
use blackstart::model::explain::{Explain, Kind};
use blackstart::object::Object;
use blackstart::plan::{
    Action, Against, Approved, Bound, Confirmation, Desired, Plan, Planned, make,
};
use blackstart::render::{Root, render};
use blackstart::replay::{Around, Options, Outcome, Verdict, Wait, replay};
use blackstart::target::{Class, New, Opened, Reach, Targets, open_directory};
use blackstart::tools::Tools;
use serde_json::{Value, json};
use support::cluster::{Lab, WallClock, tools};

/// Writes an estate as a repository would hold it: plain definitions, and a kustomize overlay.
fn write_estate(at: &Path) {
    for kind in ["Widget", "Gadget", "Gizmo"] {
        let plural = format!("{}s", kind.to_lowercase());
        let text = json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": format!("{plural}.example.com")},
            "spec": {"group": "example.com", "scope": "Namespaced",
                "names": {"kind": kind, "plural": plural, "singular": kind.to_lowercase()},
                "versions": [{"name": "v1", "served": true, "storage": true, "schema": {
                    "openAPIV3Schema": {"type": "object",
                        "x-kubernetes-preserve-unknown-fields": true}}}]},
        });
        write(at, &format!("infrastructure/crds/{plural}.json"), &text.to_string());
        let resource = format!(
            "apiVersion: example.com/v1\nkind: {kind}\nmetadata:\n  name: first\n  namespace: shop\n\
             spec:\n  size: 0755\n  \"on\": yes\n"
        );
        write(at, &format!("infrastructure/{plural}.yaml"), &resource);
    }
    write(
        at,
        "infrastructure/namespaces.yaml",
        "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n---\n\
         apiVersion: v1\nkind: Namespace\nmetadata:\n  name: tools\n",
    );
    write(at, "apps/base/kustomization.yaml", "resources: [web.yaml]\n");
    write(at, "apps/base/web.yaml", WEB);
    write(
        at,
        "apps/prod/kustomization.yaml",
        "namespace: shop\nnamePrefix: prod-\nresources: [../base]\n\
         configMapGenerator:\n- name: settings\n  literals: [colour=blue]\n",
    );
}

const WEB: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 2
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      serviceAccountName: web
      containers:
      - name: web
        image: web:1
        ports: [{containerPort: 80}]
---
apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  selector: {app: web}
  ports: [{port: 80}]
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: web
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: reader
rules:
- {apiGroups: [''], resources: [configmaps], verbs: [get]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: reader
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects:
- {kind: ServiceAccount, name: web}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: web
spec:
  minAvailable: 1
  selector:
    matchLabels: {app: web}
---
apiVersion: v1
kind: Secret
metadata:
  name: web
stringData:
  password: hunter2
";

fn write(at: &Path, name: &str, text: &str) {
    let path = at.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn desired(at: &Path) -> Desired {
    let mut items = Vec::new();
    let mut findings = Vec::new();
    for path in ["apps/prod", "infrastructure"] {
        let root = Root {
            repo: "estate".into(),
            revision: "c0ffee".into(),
            folder: at.to_owned(),
            path: path.into(),
        };
        let rendered = render(&root, &tools(), &Cancel::new()).unwrap();
        items.extend(rendered.items);
        findings.extend(rendered.findings);
    }
    Desired {
        bundle: Digest::of(b"bundle"),
        items,
        findings,
        choices: Vec::new(),
        beyond: Vec::new(),
    }
}

fn plan(desired: &Desired, opened: &Opened) -> Planned {
    let against = match &opened.reach {
        Reach::Cluster(cluster) => Against::Cluster(cluster.as_ref()),
        Reach::Directory(directory) => Against::Directory(directory),
    };
    make(desired, &opened.binding, &against, &Quiet, &Cancel::new()).unwrap()
}

fn approve(planned: Planned) -> Approved {
    let target = Some(planned.plan().target.name.clone());
    let bound = Bound::Plan(planned.plan().digest());
    planned.approve(&Confirmation { target, bound }).unwrap()
}

fn run(approved: Approved, opened: &Opened, seen: &Recording) -> Outcome {
    let (clock, cancel) = (WallClock::new(), Cancel::new());
    let around = Around { clock: &clock, observer: seen, cancel: &cancel };
    let options = Options { patience: Duration::from_secs(20), ..Options::default() };
    replay(approved, &opened.reach, &options, None, around).unwrap()
}

fn get(cluster: &dyn Cluster, kinds: &Kinds, object: &Object) -> Option<Value> {
    let reference = object.reference();
    let kind = kinds.find(&reference.group, object.version(), &reference.kind)?;
    cluster.get(kind, reference.namespace.as_deref(), &reference.name).unwrap()
}

#[test]
fn kubectl_builds_a_kustomization_where_kustomize_is_missing() {
    let home = tempfile::tempdir().unwrap();
    write(home.path(), "kustomization.yaml", "namePrefix: my-\nresources: [a.yaml]\n");
    let settings = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n";
    write(home.path(), "a.yaml", settings);
    let root = Root {
        repo: "apps".into(),
        revision: "1".into(),
        folder: home.path().to_owned(),
        path: String::new(),
    };
    let built = |tools: &Tools| render(&root, tools, &Cancel::new());
    let programs = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(
        support::component::find("kubectl"),
        programs.path().join("kubectl"),
    )
    .unwrap();
    let by_kubectl = built(&Tools::new(vec![programs.path().to_owned()])).unwrap();
    assert_eq!(by_kubectl.items[0].object.reference().to_string(), "ConfigMap my-a");
    assert_eq!(by_kubectl.items, built(&tools()).unwrap().items);
    let neither = built(&Tools::default()).unwrap_err();
    assert_eq!(neither.about().code, "B1302");
}

#[test]
fn an_estate_comes_up_on_an_empty_control_plane() {
    let sources = tempfile::tempdir().unwrap();
    write_estate(sources.path());
    let desired = desired(sources.path());
    let lab = Lab::start();
    let config = tempfile::tempdir().unwrap();
    let targets = Targets::new(config.path());
    let kubeconfig = lab.plane.kubeconfig();
    let card =
        targets.add(&New::of("lab", kubeconfig, Class::Production), &WallClock::new()).unwrap();
    assert_eq!(targets.list().unwrap(), std::slice::from_ref(&card));
    assert_eq!(targets.load("lab").unwrap(), card);
    let opened = targets.open(&card).unwrap();
    assert_eq!(opened.told, [] as [&str; 0]);

    let planned = plan(&desired, &opened);
    let total = desired.items.len();
    assert_eq!(total, 16, "{:?}", desired.items);
    assert_eq!(planned.plan().counts.new, total);
    assert_eq!(planned.plan().blockers, []);
    assert_eq!(planned.plan().warnings, []);
    assert!(lab.our_audit().iter().all(|(verb, uri)| verb != "patch" || uri.contains("dryRun")));
    a_plan_file_gives_the_same_order(&planned);

    let seen = Recording::default();
    let outcome = run(approve(planned), &opened, &seen);
    assert_eq!(outcome.failed, []);
    assert_eq!((outcome.verdict(), outcome.created), (Verdict::Complete, total));
    // Controllers, but no node: what needs Pods is not waited for, and that is said.
    assert_eq!(outcome.not_waited.len(), 1, "{outcome:?}");
    assert_eq!(outcome.not_waited[0].object, "Deployment shop/prod-web");
    assert!(outcome.not_waited[0].why.contains("no nodes"));

    everything_is_there_under_our_name(&desired, &opened);
    let again = plan(&desired, &opened);
    let different: Vec<_> =
        again.plan().items().filter(|item| item.action != Action::Unchanged).collect();
    assert_eq!(different, [] as [&_; 0], "a second plan is empty");
    assert!(again.plan().is_empty());

    a_folder_and_its_script_give_the_same(&desired, &lab, &opened);
    another_cluster_under_the_same_name_is_refused(&desired, &opened, config.path());
    conflicts_and_changes_are_found(&opened, sources.path());

    let audit = lab.our_audit();
    let writes = audit.iter().filter(|(verb, uri)| verb == "patch" && !uri.contains("dryRun"));
    assert!(writes.count() >= total);
    assert!(audit.iter().all(|(_, uri)| !uri.contains("force=true")), "nothing is forced");
}

fn a_plan_file_gives_the_same_order(planned: &Planned) {
    let read = Plan::read(&planned.plan().to_file(), "plan.json").unwrap();
    assert_eq!(read.digest(), planned.plan().digest());
}

fn everything_is_there_under_our_name(desired: &Desired, opened: &Opened) {
    let Reach::Cluster(cluster) = &opened.reach else { panic!("not a cluster") };
    let kinds = cluster.kinds().unwrap();
    for item in &desired.items {
        let live = get(cluster.as_ref(), &kinds, &item.object);
        let live = live.unwrap_or_else(|| panic!("{} is missing", item.object.reference()));
        // The server keeps no manager of an object that sets no field beyond its identity.
        if bare(&item.object) {
            continue;
        }
        let managers = live["metadata"]["managedFields"].as_array().unwrap();
        let ours = managers
            .iter()
            .any(|entry| entry["manager"] == "blackstart" && entry["operation"] == "Apply");
        assert!(ours, "{}: {managers:?}", item.object.reference());
    }
    let widget = desired.items.iter().find(|item| item.object.reference().kind == "Widget");
    let live = get(cluster.as_ref(), &kinds, &widget.unwrap().object).unwrap();
    assert_eq!(live["spec"], json!({"size": 493, "on": true}), "YAML as kubectl reads it");
}

fn bare(object: &Object) -> bool {
    let members = object.value().as_object().unwrap();
    let metadata = members["metadata"].as_object().unwrap();
    members.len() == 3 && metadata.keys().all(|key| key == "name" || key == "namespace")
}

/// The folder's own script, run with the real kubectl, changes nothing that is there already.
fn a_folder_and_its_script_give_the_same(desired: &Desired, lab: &Lab, cluster: &Opened) {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("for the jump host");
    let opened = open_directory(&out);
    let planned = plan(desired, &opened);
    let planned = planned.approve(&Confirmation { target: None, bound: Bound::Nothing }).unwrap();
    let outcome = run(planned, &opened, &Recording::default());
    assert_eq!((outcome.verdict(), outcome.created), (Verdict::Complete, desired.items.len()));
    assert!(plan(desired, &opened).plan().is_empty());

    run_script(&out, lab);
    assert!(plan(desired, cluster).plan().is_empty());
}

/// Runs the script of a folder with nothing but a shell and kubectl.
fn run_script(folder: &Path, lab: &Lab) {
    let kubectl = tools().find("kubectl");
    let kubectl = kubectl.expect("no kubectl: run tests/setup, which builds it");
    let home = tempfile::tempdir().unwrap();
    let output = Command::new("sh")
        .arg(folder.join("apply.sh"))
        .arg("--kubeconfig")
        .arg(lab.plane.kubeconfig())
        .env_clear()
        .env("HOME", home.path())
        .env("PATH", format!("{}:/usr/bin:/bin", kubectl.parent().unwrap().display()))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stdout));
}

fn another_cluster_under_the_same_name_is_refused(
    desired: &Desired,
    opened: &Opened,
    config: &Path,
) {
    let planned = plan(desired, opened);
    let other = Lab::without_controllers();
    // The kubeconfig is swapped between plan and run.
    let stored = config.join("targets/lab/kubeconfig");
    let ours = fs::read(&stored).unwrap();
    fs::copy(other.plane.kubeconfig(), &stored).unwrap();
    let targets = Targets::new(config);
    let card = targets.load("lab").unwrap();
    let error = targets.open(&card).err().expect("another cluster");
    assert_eq!((error.about().code, error.about().kind), ("B1205", Kind::Refused));
    // And in the very moment between opening and running.
    let swapped = Reach::Cluster(Box::new(other.cluster()));
    let (clock, cancel) = (WallClock::new(), Cancel::new());
    let around = Around { clock: &clock, observer: &Quiet, cancel: &cancel };
    let error = replay(approve(planned), &swapped, &Options::default(), None, around).unwrap_err();
    assert_eq!(error.about().kind.exit_code(), 5);
    assert!(other.our_audit().iter().all(|(verb, _)| verb == "get"), "nothing was written");
    fs::write(&stored, ours).unwrap();
    assert!(targets.open(&card).is_ok());
}

fn conflicts_and_changes_are_found(opened: &Opened, sources: &Path) {
    let Reach::Cluster(cluster) = &opened.reach else { panic!("not a cluster") };
    let kinds = cluster.kinds().unwrap();
    let services = kinds.find("", "v1", "Service").unwrap();
    let theirs = Object::from_value(json!({"apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "prod-web", "namespace": "shop"},
        "spec": {"sessionAffinity": "ClientIP"}}))
    .unwrap();
    let helm = ApplyOptions { manager: "helm", ..ApplyOptions::REAL };
    cluster.apply(services, &theirs, &helm).unwrap();
    let changed = WEB
        .replace(
            "  selector: {app: web}\n  ports",
            "  sessionAffinity: None\n  selector: {app: web}\n  ports",
        )
        .replace("replicas: 2", "replicas: 3");
    write(sources, "apps/base/web.yaml", &changed);
    let planned = plan(&desired(sources), opened);
    let of = |kind: &str| planned.plan().items().find(|item| item.object.kind == kind).unwrap();
    assert_eq!(of("Deployment").action, Action::Changed);
    assert_eq!(of("Deployment").fields, [".spec.replicas"]);
    assert_eq!(of("Service").action, Action::Conflicting);
    let held = &of("Service").conflicts[0];
    assert_eq!((held.field.as_str(), held.manager.as_str()), (".spec.sessionAffinity", "helm"));

    let seen = Recording::default();
    let outcome = run(approve(planned), opened, &seen);
    assert_eq!((outcome.verdict(), outcome.configured), (Verdict::Incomplete, 1));
    assert_eq!(outcome.failed[0].code, "B1108");
    let failed = |event: &Event| matches!(event, Event::ObjectFailed { .. });
    assert_eq!(seen.events().iter().filter(|event| failed(event)).count(), 1);
    let live = cluster.get(services, Some("shop"), "prod-web").unwrap().unwrap();
    assert_eq!(live["spec"]["sessionAffinity"], "ClientIP", "never by force");
}

#[test]
fn without_waiting_it_says_what_it_did_not_wait_for() {
    let sources = tempfile::tempdir().unwrap();
    write_estate(sources.path());
    let lab = Lab::without_controllers();
    let config = tempfile::tempdir().unwrap();
    let targets = Targets::new(config.path());
    let kubeconfig = lab.plane.kubeconfig();
    let card =
        targets.add(&New::of("lab", kubeconfig, Class::Disposable), &WallClock::new()).unwrap();
    let opened = targets.open(&card).unwrap();
    let approved = approve(plan(&desired(sources.path()), &opened));
    let (clock, cancel) = (WallClock::new(), Cancel::new());
    let around = Around { clock: &clock, observer: &Quiet, cancel: &cancel };
    let options = Options { wait: Wait::Applied, ..Options::default() };
    let outcome = replay(approved, &opened.reach, &options, None, around).unwrap();
    assert_eq!(outcome.verdict(), Verdict::Complete, "{outcome:?}");
    assert_eq!(outcome.not_waited.len(), 1);
    assert!(outcome.not_waited[0].why.contains("not asked"));
}

#[test]
fn a_jump_host_needs_a_shell_and_kubectl_only() {
    let sources = tempfile::tempdir().unwrap();
    write_estate(sources.path());
    let desired = desired(sources.path());
    let out = sources.path().join("out");
    let folder = open_directory(&out);
    let approved = approve(plan(&desired, &folder));
    run(approved, &folder, &Recording::default());

    let lab = Lab::without_controllers();
    run_script(&out, &lab);
    let config = tempfile::tempdir().unwrap();
    let targets = Targets::new(config.path());
    let kubeconfig = lab.plane.kubeconfig();
    let card =
        targets.add(&New::of("lab", kubeconfig, Class::Disposable), &WallClock::new()).unwrap();
    let opened = targets.open(&card).unwrap();
    let planned = plan(&desired, &opened);
    assert!(planned.plan().is_empty(), "{:?}", planned.plan().counts);
}
