//! What the same costs anybody: the calls themselves over eight connections, without a limit.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::blocking::Client;
use serde_json::Value;

const CONNECTIONS: usize = 8;

/// Eight clients, a connection each.
pub struct Raw {
    clients: Vec<Client>,
    server: String,
}

/// Splits off what others need: namespaces and definitions.
pub fn split(objects: Vec<Value>) -> (Vec<Value>, Vec<Value>) {
    let first = |object: &Value| {
        ["Namespace", "CustomResourceDefinition"].contains(&object["kind"].as_str().unwrap())
    };
    objects.into_iter().partition(first)
}

impl Raw {
    /// Reads where the server is and who we are.
    pub fn of(kubeconfig: &Path) -> Self {
        let config: Value = serde_json::from_slice(&std::fs::read(kubeconfig).unwrap()).unwrap();
        let decoded = |value: &Value| STANDARD.decode(value.as_str().unwrap()).unwrap();
        let cluster = &config["clusters"][0]["cluster"];
        let user = &config["users"][0]["user"];
        let ca = decoded(&cluster["certificate-authority-data"]);
        let mut identity = decoded(&user["client-certificate-data"]);
        identity.extend(decoded(&user["client-key-data"]));
        let client = || {
            Client::builder()
                .tls_certs_only([reqwest::Certificate::from_pem(&ca).unwrap()])
                .identity(reqwest::Identity::from_pem(&identity).unwrap())
                .http1_only()
                .build()
                .unwrap()
        };
        let clients = (0..CONNECTIONS).map(|_| client()).collect();
        Self { clients, server: cluster["server"].as_str().unwrap().to_owned() }
    }

    /// Applies everything: first what others need, then the rest.
    pub fn apply(&self, objects: Vec<Value>, query: &str) {
        let (first, rest) = split(objects);
        self.patch_all(&first, query);
        for object in first.iter().filter(|object| object["kind"] != "Namespace") {
            self.until_served(object);
        }
        self.patch_all(&rest, query);
    }

    fn until_served(&self, definition: &Value) {
        let spec = &definition["spec"];
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let (group, plural) = (text(&spec["group"]), text(&spec["names"]["plural"]));
        let url = format!("{}/apis/{group}/v1/{plural}", self.server);
        while !self.clients[0].get(&url).send().unwrap().status().is_success() {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }

    /// Patches everything on the server's side.
    pub fn patch_all(&self, objects: &[Value], query: &str) {
        self.each(objects, |client, object| {
            let name = object["metadata"]["name"].as_str().unwrap();
            let url = format!("{}{}/{name}?{query}", self.server, collection(object));
            let request = client.patch(url).body(object.to_string());
            let request = request.header("content-type", "application/apply-patch+yaml");
            let answer = request.send().unwrap();
            let status = answer.status();
            let text = answer.text().unwrap();
            // In a dry run to be told of a conflict is an answer like any other.
            let told = query.contains("dryRun") && status.as_u16() == 409;
            assert!(status.is_success() || told, "{status} {text}");
        });
    }

    /// Lists every kind once, in all namespaces.
    pub fn list_all(&self, objects: &[Value]) {
        let whole = |object: &Value| {
            let path = collection(object);
            match (path.find("/namespaces/"), path.rsplit_once('/')) {
                (Some(at), Some((_, plural))) => format!("{}/{plural}", &path[..at]),
                _ => path,
            }
        };
        let kinds: BTreeSet<String> = objects.iter().map(whole).collect();
        let kinds: Vec<String> = kinds.into_iter().collect();
        self.each(&kinds, |client, path| {
            let answer = client.get(format!("{}{path}?limit=500", self.server)).send().unwrap();
            assert!(answer.status().is_success(), "{path}");
            let _: Value = serde_json::from_slice(&answer.bytes().unwrap()).unwrap();
        });
    }

    fn each<T: Sync>(&self, all: &[T], work: impl Fn(&Client, &T) + Sync) {
        let next = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for client in &self.clients {
                let (next, work) = (&next, &work);
                scope.spawn(move || {
                    while let Some(one) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
                        work(client, one);
                    }
                });
            }
        });
    }
}

/// The path of the collection that an object is in.
fn collection(object: &Value) -> String {
    let api = object["apiVersion"].as_str().unwrap();
    let base = if api.contains('/') { format!("/apis/{api}") } else { format!("/api/{api}") };
    let kind = object["kind"].as_str().unwrap().to_lowercase();
    let plural = match kind.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None if kind.ends_with('s') => format!("{kind}es"),
        None => format!("{kind}s"),
    };
    match object["metadata"]["namespace"].as_str() {
        Some(space) => format!("{base}/namespaces/{space}/{plural}"),
        None => format!("{base}/{plural}"),
    }
}
