//! The port to Kubernetes against a real API server.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::similar_names,
    reason = "tests"
)]

mod support;

use std::path::Path;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use blackstart::cluster::{
    Access, ApplyOptions, Cluster, ClusterError, Connect, Kinds, KubeCluster, MemoryCluster,
    ServedKind,
};
use blackstart::object::{Object, ObjectRef};
use serde_json::{Value, json};
use support::cluster::Lab;
use support::https::Https;

fn object(value: Value) -> Object {
    Object::from_value(value).unwrap()
}

#[expect(clippy::needless_pass_by_value, reason = "a literal")]
fn settings(name: &str, data: Value) -> Object {
    object(json!({"apiVersion": "v1", "kind": "ConfigMap",
                  "metadata": {"name": name, "namespace": "default"}, "data": data}))
}

fn kind(kinds: &Kinds, object: &Object) -> ServedKind {
    let ObjectRef { group, kind, .. } = object.reference();
    kinds.find(group, object.version(), kind).unwrap().clone()
}

/// One control plane for all of it: a start costs seconds.
#[test]
fn a_real_api_server_is_understood() {
    let lab = Lab::without_controllers();
    let cluster = lab.cluster();
    let identity = cluster.identity().unwrap();
    assert_eq!(identity.uid.len(), 36);
    assert!(identity.ca.is_some() && identity.version.starts_with("v1."), "{identity:?}");
    assert_eq!(cluster.identity().unwrap(), identity);

    let kinds = cluster.kinds().unwrap();
    objects_are_applied_read_and_listed(&cluster, &kinds);
    conflicts_name_field_and_manager(&cluster, &kinds);
    refusals_are_told_apart(&cluster, &kinds);
    warnings_are_shown(&cluster, &kinds);
    a_name_is_given_once_and_only_the_last_version_is_replaced(&cluster, &kinds);
    a_dead_aggregated_api_holds_nothing_up(&cluster, &kinds);

    let audit = lab.our_audit();
    assert!(audit.len() > 10, "the user agent is in the audit log");
}

/// A server that takes every question and answers none, over TLS or not even that.
#[test]
fn a_server_that_says_nothing_costs_its_limit_and_no_more() {
    let mute = Https::new("127.0.0.1");
    mute.listen(|_| {
        loop {
            std::thread::park();
        }
    });
    let deaf = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let brief = Duration::from_millis(300);
    let limits = Connect { connect: brief, call: brief, discovery: brief, retries: 0 };
    for address in [mute.address, deaf.local_addr().unwrap()] {
        let cluster = json!({"server": format!("https://{address}"),
                             "certificate-authority-data": mute.ca_bundle()});
        let config = json!({"apiVersion": "v1", "kind": "Config",
            "clusters": [{"name": "c", "cluster": cluster}],
            "users": [{"name": "u", "user": {"token": "t"}}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}]});
        let access = Access::read(config.to_string().as_bytes(), Path::new("/"), None).unwrap();
        let cluster = KubeCluster::connect(&access, limits).unwrap();
        let kinds = cluster.kinds().map(|_| ());
        for result in [cluster.identity().map(|_| ()), kinds] {
            let error = result.unwrap_err();
            assert!(matches!(error, ClusterError::Unreachable { .. }), "{address}: {error:?}");
        }
    }
}

/// Each lab ends with this proof; so it must be seen failing.
#[test]
fn a_lab_does_not_end_in_peace_where_we_deleted_something() {
    let lab = Lab::without_controllers();
    let config = std::fs::read_to_string(lab.plane.kubeconfig()).unwrap();
    let config: Value = serde_json::from_str(&config).unwrap();
    let write = |name: &str, at: &Value, key: &str| {
        let path = lab.folder.path().join(name);
        let bytes = STANDARD.decode(at[key].as_str().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let (cluster, user) = (&config["clusters"][0]["cluster"], &config["users"][0]["user"]);
    let ca = write("seen-ca.pem", cluster, "certificate-authority-data");
    let certificate = write("seen.crt", user, "client-certificate-data");
    let key = write("seen.key", user, "client-key-data");
    let mut curl = std::process::Command::new(support::component::find("curl"));
    let server = cluster["server"].as_str().unwrap();
    curl.arg("--cacert").arg(ca).arg("--cert").arg(certificate).arg("--key").arg(key);
    curl.args(["--fail", "--silent", "--request", "DELETE", "--user-agent", "blackstart/0"]);
    curl.arg(format!("{server}/api/v1/namespaces/default/configmaps?labelSelector=a=b"));
    support::sandbox::finish(&mut curl).ok();
    let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(lab)));
    let why = ended.unwrap_err().downcast::<String>().unwrap();
    assert!(why.contains("our binary deleted something"), "{why}");
}

fn objects_are_applied_read_and_listed(cluster: &dyn Cluster, kinds: &Kinds) {
    let wanted = settings("one", json!({"a": "1"}));
    let kind = kind(kinds, &wanted);
    let get = || cluster.get(&kind, Some("default"), "one").unwrap();
    let dry = cluster.apply(&kind, &wanted, &ApplyOptions::DRY).unwrap();
    assert!(dry.created && get().is_none(), "a dry run stores nothing");
    let real = cluster.apply(&kind, &wanted, &ApplyOptions::REAL).unwrap();
    assert!(real.created);
    let manager = &real.live["metadata"]["managedFields"][0];
    assert_eq!(
        (&manager["manager"], &manager["operation"]),
        (&json!("blackstart"), &json!("Apply"))
    );
    assert!(!cluster.apply(&kind, &wanted, &ApplyOptions::REAL).unwrap().created);
    assert_eq!(get().unwrap()["data"], json!({"a": "1"}));
    let listed = cluster.list(&kind).unwrap();
    let found = listed.iter().find(|item| item["metadata"]["name"] == "one").unwrap();
    assert_eq!((&found["kind"], &found["apiVersion"]), (&json!("ConfigMap"), &json!("v1")));
}

fn conflicts_name_field_and_manager(cluster: &dyn Cluster, kinds: &Kinds) {
    let theirs = settings("shared", json!({"a": "theirs"}));
    let kind = kind(kinds, &theirs);
    let helm = ApplyOptions { manager: "helm", ..ApplyOptions::REAL };
    cluster.apply(&kind, &theirs, &helm).unwrap();
    let ours = settings("shared", json!({"a": "ours"}));
    let error = cluster.apply(&kind, &ours, &ApplyOptions::REAL).unwrap_err();
    let ClusterError::Conflict { fields } = &error else { panic!("{error}") };
    assert_eq!((fields[0].field.as_str(), fields[0].manager.as_str()), (".data.a", "helm"));
    let live = cluster.get(&kind, Some("default"), "shared").unwrap().unwrap();
    assert_eq!(live["data"]["a"], "theirs");
}

fn refusals_are_told_apart(cluster: &dyn Cluster, kinds: &Kinds) {
    let nowhere = settings("x", json!({})).in_namespace(Some("nowhere"));
    let error = cluster.apply(&kind(kinds, &nowhere), &nowhere, &ApplyOptions::REAL).unwrap_err();
    assert_eq!(error, ClusterError::NamespaceMissing { namespace: "nowhere".into() });

    let wrong = settings("Not A Name", json!({}));
    let error = cluster.apply(&kind(kinds, &wrong), &wrong, &ApplyOptions::REAL).unwrap_err();
    assert!(matches!(error, ClusterError::Invalid { .. }), "{error}");

    let deployment = |app: &str| {
        object(json!({"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "fixed", "namespace": "default"},
            "spec": {"selector": {"matchLabels": {"app": app}}, "template": {
                "metadata": {"labels": {"app": app}},
                "spec": {"containers": [{"name": "c", "image": "c"}]}}}}))
    };
    let first = deployment("a");
    let deployments = kind(kinds, &first);
    cluster.apply(&deployments, &first, &ApplyOptions::REAL).unwrap();
    let error = cluster.apply(&deployments, &deployment("b"), &ApplyOptions::REAL).unwrap_err();
    assert!(matches!(error, ClusterError::Immutable { .. }), "{error}");

    let unknown = ServedKind {
        group: "example.com".into(),
        version: "v1".into(),
        kind: "Nothing".into(),
        plural: "nothings".into(),
        namespaced: false,
        storable: true,
    };
    let error = cluster.list(&unknown).unwrap_err();
    assert_eq!(error, ClusterError::NotServed { kind: "example.com/v1 Nothing".into() });
}

/// What leases and objects that are made once stand on.
fn a_name_is_given_once_and_only_the_last_version_is_replaced(
    cluster: &dyn Cluster,
    kinds: &Kinds,
) {
    let lease = |holder: &str| {
        object(json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
                      "metadata": {"name": "once", "namespace": "default"},
                      "spec": {"holderIdentity": holder}}))
    };
    let leases = kind(kinds, &lease("a"));
    let first = cluster.create(&leases, &lease("a")).unwrap();
    assert!(first.created);
    let taken = cluster.create(&leases, &lease("b")).unwrap_err();
    assert!(matches!(taken, ClusterError::Taken { .. }), "{taken}");
    let held = |mut live: Value, holder: &str| {
        live["spec"]["holderIdentity"] = holder.into();
        object(live)
    };
    let second = cluster.replace(&leases, &held(first.live.clone(), "c")).unwrap();
    assert_eq!(second.live["spec"]["holderIdentity"], "c");
    let late = cluster.replace(&leases, &held(first.live, "d")).unwrap_err();
    assert!(matches!(late, ClusterError::Overtaken { .. }), "{late}");
    let live = cluster.get(&leases, Some("default"), "once").unwrap().unwrap();
    assert_eq!(live["spec"]["holderIdentity"], "c");
}

#[test]
fn the_fake_keeps_the_same_contract() {
    let cluster = MemoryCluster::new("u-1");
    let kinds = cluster.kinds().unwrap();
    a_name_is_given_once_and_only_the_last_version_is_replaced(&cluster, &kinds);
    let nowhere = settings("x", json!({})).in_namespace(Some("nowhere"));
    let error = cluster.apply(&kind(&kinds, &nowhere), &nowhere, &ApplyOptions::REAL).unwrap_err();
    assert_eq!(error, ClusterError::NamespaceMissing { namespace: "nowhere".into() });
    let wanted = settings("one", json!({"a": "1"}));
    let applied = cluster.apply(&kind(&kinds, &wanted), &wanted, &ApplyOptions::DRY).unwrap();
    assert!(applied.created && cluster.applied().len() == 2, "a dry run stores nothing");
}

fn warnings_are_shown(cluster: &dyn Cluster, kinds: &Kinds) {
    let dated = object(json!({"apiVersion": "apps/v1", "kind": "DaemonSet",
        "metadata": {"name": "dated", "namespace": "default"},
        "spec": {"selector": {"matchLabels": {"app": "a"}}, "template": {
            "metadata": {"labels": {"app": "a"}},
            "spec": {"nodeSelector": {"beta.kubernetes.io/os": "linux"},
                     "containers": [{"name": "c", "image": "c"}]}}}}));
    let applied = cluster.apply(&kind(kinds, &dated), &dated, &ApplyOptions::DRY).unwrap();
    assert!(applied.warnings.iter().any(|text| text.contains("deprecated")), "{applied:?}");
}

fn a_dead_aggregated_api_holds_nothing_up(cluster: &dyn Cluster, kinds: &Kinds) {
    let before = kinds.len();
    let service = object(json!({"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
        "metadata": {"name": "v1beta1.metrics.k8s.io"},
        "spec": {"group": "metrics.k8s.io", "version": "v1beta1", "groupPriorityMinimum": 100,
                 "versionPriority": 100, "insecureSkipTLSVerify": true,
                 "service": {"name": "metrics-server", "namespace": "kube-system"}}}));
    cluster.apply(&kind(kinds, &service), &service, &ApplyOptions::REAL).unwrap();
    let deadline = Instant::now() + Duration::from_mins(1);
    loop {
        let kinds = cluster.kinds().unwrap();
        assert!(kinds.len() >= before);
        if kinds.is_unknown("metrics.k8s.io") {
            break;
        }
        assert!(Instant::now() < deadline, "the dead group never showed");
        std::thread::sleep(Duration::from_millis(200));
    }
    // A dead API that is asked costs its time-out every time; a busy machine only now and then.
    let took = (0..5).map(|_| {
        let begun = Instant::now();
        cluster.kinds().unwrap();
        begun.elapsed()
    });
    let fastest = took.min().unwrap();
    assert!(fastest < Duration::from_secs(1), "{fastest:?}");
}
