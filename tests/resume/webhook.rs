//! Admission webhooks that do not answer: one that comes up, and one that never does.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use blackstart::cluster::{ApplyOptions, Cluster, Identity};
use blackstart::model::cancel::Cancel;
use blackstart::model::digest::Digest;
use blackstart::model::event::{Event, Quiet, Recording};
use blackstart::object::Object;
use blackstart::plan::{Against, Bound, Confirmation, Desired, make};
use blackstart::render::{Item, Provenance};
use blackstart::replay::{Around, Options, Outcome, Verdict, onto_cluster};
use blackstart::target::{Binding, Class};
use rcgen::{CertificateParams, CertifiedIssuer, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};

use crate::support::cluster::{Lab, WallClock};

/// A webhook over HTTPS that allows everything.
struct Webhook {
    config: Arc<ServerConfig>,
    authority: String,
    address: SocketAddr,
}

impl Webhook {
    /// Makes its certificate and finds it a port; nothing listens there yet.
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        let leaf = leaf.signed_by(&key, &issuer).unwrap();
        let secret = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], secret)
            .unwrap();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        Self { config: Arc::new(config), authority: issuer.pem(), address }
    }

    /// Answers from now on, as long as the test runs.
    fn listen(&self) {
        let listener = TcpListener::bind(self.address).unwrap();
        let config = self.config.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().filter_map(Result::ok) {
                let config = config.clone();
                std::thread::spawn(move || answer(stream, config));
            }
        });
    }
}

/// Answers the reviews of one connection.
fn answer(stream: TcpStream, config: Arc<ServerConfig>) -> Option<()> {
    let mut stream = StreamOwned::new(ServerConnection::new(config).ok()?, stream);
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).ok()?;
            head.push(byte[0]);
        }
        let head = String::from_utf8_lossy(&head).to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "))?;
        let mut body = vec![0; length.trim().parse().ok()?];
        stream.read_exact(&mut body).ok()?;
        let review: Value = serde_json::from_slice(&body).ok()?;
        let said = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
            "response": {"uid": review["request"]["uid"], "allowed": true}})
        .to_string();
        let length = said.len();
        write!(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{said}"
        )
        .ok()?;
        stream.flush().ok()?;
    }
}

fn object(value: Value) -> Object {
    Object::from_value(value).unwrap()
}

fn config(namespace: &str, name: &str) -> Object {
    object(json!({"apiVersion": "v1", "kind": "ConfigMap",
                  "metadata": {"name": name, "namespace": namespace}}))
}

fn namespace(name: &str) -> Object {
    object(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}))
}

/// A webhook that must be asked about ConfigMaps in one namespace.
fn gate(name: &str, namespace: &str, client: &Value) -> Object {
    object(json!({"apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration", "metadata": {"name": name},
        "webhooks": [{"name": format!("{name}.example.com"), "clientConfig": client,
            "failurePolicy": "Fail", "sideEffects": "None", "timeoutSeconds": 2,
            "admissionReviewVersions": ["v1"],
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
            "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["*"],
                       "resources": ["configmaps"]}]}]}))
}

/// Puts objects there as another would.
fn put(cluster: &dyn Cluster, objects: &[Object]) {
    let other = ApplyOptions { manager: "helm", ..ApplyOptions::REAL };
    for object in objects {
        let kinds = cluster.kinds().unwrap();
        let reference = object.reference();
        let kind = kinds.find(&reference.group, object.version(), &reference.kind).unwrap();
        cluster.apply(kind, object, &other).unwrap();
    }
}

fn replay(
    cluster: &dyn Cluster,
    objects: &[Object],
    options: &Options,
    seen: &Recording,
) -> Outcome {
    let Identity { uid, ca, .. } = cluster.identity().unwrap();
    let target = Binding { name: "lab".into(), class: Class::Disposable, uid: Some(uid), ca };
    let provenance = Provenance { repo: "r".into(), revision: "c".into(), path: "p".into() };
    let items = objects
        .iter()
        .map(|object| Item { object: object.clone(), provenance: provenance.clone() });
    let desired = Desired {
        bundle: Digest::of(b"bundle"),
        items: items.collect(),
        findings: Vec::new(),
        choices: Vec::new(),
    };
    let cancel = Cancel::new();
    let planned = make(&desired, &target, &Against::Cluster(cluster), &Quiet, &cancel).unwrap();
    let confirmation = Confirmation { target: Some("lab".into()), bound: Bound::Nothing };
    let approved = planned.approve(&confirmation).unwrap();
    let clock = WallClock::new();
    let around = Around { clock: &clock, observer: seen, cancel: &cancel };
    onto_cluster(approved, cluster, options, None, around).unwrap()
}

#[test]
fn what_is_behind_a_webhook_waits_for_it_and_others_go_on() {
    let lab = Lab::without_controllers();
    let cluster = lab.cluster();
    let webhook = Webhook::new();
    let client = json!({"url": format!("https://{}/review", webhook.address),
                        "caBundle": STANDARD.encode(&webhook.authority)});
    put(&cluster, &[namespace("shop"), namespace("free"), gate("late", "shop", &client)]);

    // Nothing listens: the rest is done first. Once that is seen, the webhook comes up.
    let seen = Recording::default();
    let objects = [config("shop", "a"), config("shop", "b"), config("free", "c")];
    let options = Options { patience: Duration::from_mins(2), ..Options::default() };
    let outcome = std::thread::scope(|scope| {
        let run = scope.spawn(|| replay(&cluster, &objects, &options, &seen));
        crate::place::until("a wait for the webhook", || {
            let events = seen.events();
            let waits = |event: &Event| {
                matches!(event, Event::Waiting { why, .. }
                if why.contains("late.example.com"))
            };
            let free = |event: &Event| {
                matches!(event, Event::Applied { object, .. }
                if object == "ConfigMap free/c")
            };
            events.iter().any(waits) && events.iter().any(free)
        });
        webhook.listen();
        run.join().unwrap()
    });
    assert_eq!((outcome.verdict(), outcome.created), (Verdict::Complete, 3), "{outcome:?}");

    // One whose Service has a workload that never becomes ready.
    let labels = json!({"app": "gate"});
    let workload = object(json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "gate", "namespace": "free"},
        "spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels},
            "spec": {"containers": [{"name": "c", "image": "c"}]}}}}));
    let service = object(json!({"apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "gate", "namespace": "free"},
        "spec": {"selector": labels, "ports": [{"port": 443}]}}));
    let client = json!({"service": {"namespace": "free", "name": "gate"},
                        "caBundle": STANDARD.encode(&webhook.authority)});
    put(&cluster, &[namespace("dead"), workload, service, gate("never", "dead", &client)]);
    let seen = Recording::default();
    let objects = [config("dead", "a"), config("free", "d")];
    let options = Options { patience: Duration::from_secs(6), ..Options::default() };
    let outcome = replay(&cluster, &objects, &options, &seen);
    assert_eq!((outcome.verdict(), outcome.created), (Verdict::Incomplete, 1), "{outcome:?}");
    assert_eq!(
        (outcome.failed[0].object.as_str(), outcome.failed[0].code),
        ("ConfigMap dead/a", "B1111")
    );
    let told = seen.events().into_iter().find_map(|event| match event {
        Event::Waiting { why, cause, next, .. } => Some((why, cause, next)),
        _ => None,
    });
    let (why, cause, next) = told.unwrap();
    assert!(why.contains("behind its Service free/gate, Deployment gate is not ready"), "{why}");
    assert!(cause.contains("workload") && next.starts_with("kubectl get"), "{cause} {next}");
    let audit = lab.our_audit();
    assert!(audit.iter().all(|(verb, _)| !verb.starts_with("delete")), "{audit:?}");
    lab.plane.stop();
}
