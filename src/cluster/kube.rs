//! The real adapter: the API server, spoken to with `kube`'s client.
//!
//! The client gives connections, TLS, credentials and exec plugins. Requests are our own, because
//! three things it does by default are wrong here: it retries discovery for minutes, it drops
//! `Warning` headers, and it sends no `User-Agent`, which is what an audit log is read by.
//!
//! One runtime of one thread; callers' threads drive it while they wait, so nothing async leaves
//! this file.

use std::time::Duration;

use http::header::{ACCEPT, CONTENT_TYPE, USER_AGENT, WARNING};
use http::{HeaderValue, Method, Request};
use kube::client::{Body, Client, ClientBuilder};
use kube::config::{Config, KubeConfigOptions};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};
use tokio::time::{sleep, timeout};

use super::error::{Class, ClusterError};
use super::kinds::{Kinds, ServedKind};
use super::kubeconfig::Access;
use super::port::{Applied, ApplyOptions, Cluster, Identity, MANAGER};
use super::status::refusal;
use crate::model::digest::Digest;
use crate::model::safe::safe;
use crate::object::{Object, canonical};

const AGENT: &str = concat!("blackstart/", env!("CARGO_PKG_VERSION"));
/// `application/json` as well, for servers that know no aggregated discovery.
const DISCOVERY: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
                         application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,\
                         application/json";
const JSON: &str = "application/json";
const APPLY: &str = "application/apply-patch+yaml";
const PAGE: usize = 500;
/// No answer of an API server is larger: etcd holds 1.5 MiB an object.
const MAX_ANSWER: u64 = 1 << 30;

/// Limits of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Connect {
    /// To make a connection.
    pub connect: Duration,
    /// For one call, from sending it to the end of its answer.
    pub call: Duration,
    /// For one call of discovery, which may have to ask an aggregated API that is down.
    pub discovery: Duration,
    /// How often a call is tried again when the server is busy or unreachable.
    pub retries: u32,
}

impl Default for Connect {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            call: Duration::from_secs(30),
            discovery: Duration::from_secs(5),
            retries: 4,
        }
    }
}

/// A cluster behind a kubeconfig.
pub struct KubeCluster {
    runtime: Runtime,
    client: Client,
    limits: Connect,
    server: String,
    ca: Option<Digest>,
}

/// One call, so that it can be sent again.
#[derive(Clone)]
struct Call {
    method: Method,
    uri: String,
    accept: &'static str,
    content: &'static str,
    body: Option<String>,
    limit: Duration,
}

struct Answer {
    code: u16,
    warnings: Vec<String>,
    body: Vec<u8>,
}

impl KubeCluster {
    /// Prepares a connection. Runs the kubeconfig's credential program, if it names one; talks to
    /// the cluster only when asked something.
    pub fn connect(access: &Access, limits: Connect) -> Result<Self, ClusterError> {
        let bad = |why: String| ClusterError::Kubeconfig { why: safe(why) };
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| bad(format!("no runtime: {error}")))?;
        let kubeconfig = access.kubeconfig()?;
        let client = runtime.block_on(async {
            let options = KubeConfigOptions::default();
            let mut config = Config::from_custom_kubeconfig(kubeconfig, &options)
                .await
                .map_err(|error| bad(error.to_string()))?;
            config.default_retry = false;
            config.connect_timeout = Some(limits.connect);
            config.read_timeout = Some(limits.call);
            config.write_timeout = Some(limits.call);
            config.reset_reader_on_write = true;
            config.headers.push((USER_AGENT, HeaderValue::from_static(AGENT)));
            let builder = ClientBuilder::try_from(config).map_err(|error| bad(chain(&error)))?;
            Ok(builder.build())
        })?;
        Ok(Self { runtime, client, limits, server: access.server.clone(), ca: access.ca })
    }

    /// Returns whether the server says that it is ready to serve.
    pub fn is_ready(&self) -> bool {
        self.call(&self.reading("/readyz".to_owned())).is_ok_and(|answer| answer.code == 200)
    }

    fn get_value(&self, uri: &str, kind: &str) -> Result<Value, ClusterError> {
        let answer = self.call(&self.reading(uri.to_owned()))?;
        self.expect(&answer, kind)
    }

    fn reading(&self, uri: String) -> Call {
        let limit = self.limits.call;
        let (accept, content) = (JSON, JSON);
        Call { method: Method::GET, uri, accept, content, body: None, limit }
    }

    fn expect(&self, answer: &Answer, kind: &str) -> Result<Value, ClusterError> {
        if !(200..300).contains(&answer.code) {
            return Err(refusal(answer.code, &answer.body, kind, &self.server));
        }
        serde_json::from_slice(&answer.body)
            .map_err(|error| ClusterError::Answer { why: safe(error.to_string()) })
    }

    fn write(&self, call: &Call, kind: &ServedKind) -> Result<Applied, ClusterError> {
        let answer = self.call(call)?;
        let live = self.expect(&answer, &kind.text())?;
        Ok(Applied { live, created: answer.code == 201, warnings: answer.warnings })
    }

    fn call(&self, call: &Call) -> Result<Answer, ClusterError> {
        self.runtime.block_on(self.patiently(call))
    }

    /// Sends a call again while the server is busy or does not answer, later each time.
    async fn patiently(&self, call: &Call) -> Result<Answer, ClusterError> {
        let mut pause = Duration::from_millis(100);
        let mut left = self.limits.retries;
        loop {
            let answer = self.once(call).await;
            let again = match &answer {
                Ok(answer) => matches!(answer.code, 429 | 503 | 504),
                Err(error) => error.class() == Class::Retry,
            };
            if !again || left == 0 {
                return answer;
            }
            left -= 1;
            sleep(pause).await;
            pause = (pause * 3).min(Duration::from_secs(3));
        }
    }

    async fn once(&self, call: &Call) -> Result<Answer, ClusterError> {
        let unreachable =
            |why: String| ClusterError::Unreachable { server: self.server.clone(), why: safe(why) };
        let mut request =
            Request::builder().method(&call.method).uri(&call.uri).header(ACCEPT, call.accept);
        if call.body.is_some() {
            request = request.header(CONTENT_TYPE, call.content);
        }
        let body = Body::from(call.body.clone().unwrap_or_default().into_bytes());
        let request =
            request.body(body).map_err(|error| ClusterError::Answer { why: error.to_string() })?;
        let exchange = async {
            let response =
                self.client.send(request).await.map_err(|error| unreachable(chain(&error)))?;
            let (parts, body) = response.into_parts();
            let length = parts.headers.get("content-length").and_then(|v| v.to_str().ok());
            if length.and_then(|v| v.parse().ok()).is_some_and(|v: u64| v > MAX_ANSWER) {
                return Err(ClusterError::Answer { why: "it is larger than 1 GiB".to_owned() });
            }
            let body = body.collect_bytes().await.map_err(|error| unreachable(chain(&error)))?;
            let headers = parts.headers.get_all(WARNING);
            let warnings = headers.iter().filter_map(|value| warning(value.as_bytes())).collect();
            Ok(Answer { code: parts.status.as_u16(), warnings, body: body.to_vec() })
        };
        match timeout(call.limit, exchange).await {
            Ok(answer) => answer,
            Err(_) => Err(unreachable(format!("no answer within {} s", call.limit.as_secs()))),
        }
    }

    /// Discovery as servers before 1.26 have it: a call for each group. A group that does not
    /// answer is unknown and holds nothing up.
    fn kinds_one_by_one(&self) -> Result<Kinds, ClusterError> {
        let mut kinds = Kinds::default();
        let core = self.get_value("/api/v1", "discovery")?;
        kinds.add_resource_list("", "v1", &core);
        let groups = self.get_value("/apis", "discovery")?;
        for group in groups["groups"].as_array().into_iter().flatten() {
            let name = group["name"].as_str().unwrap_or_default();
            for version in versions(group) {
                let uri = format!("/apis/{name}/{version}");
                let call = Call { limit: self.limits.discovery, ..self.reading(uri) };
                let answer = self.runtime.block_on(self.once(&call));
                match answer.and_then(|answer| self.expect(&answer, "discovery")) {
                    Ok(list) => kinds.add_resource_list(name, version, &list),
                    Err(_) => kinds.add_unknown(name),
                }
            }
        }
        Ok(kinds)
    }
}

/// The versions of a group, the preferred one first.
fn versions(group: &Value) -> Vec<&str> {
    let preferred = group["preferredVersion"]["version"].as_str();
    let all = group["versions"].as_array().into_iter().flatten();
    let others = all.filter_map(|entry| entry["version"].as_str());
    preferred.into_iter().chain(others.filter(|version| Some(*version) != preferred)).collect()
}

/// The text of a `Warning` header: `299 - "unknown field \"spec.x\""`.
fn warning(header: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(header).ok()?;
    let quoted = text.split_once('"')?.1;
    let inner = quoted.rsplit_once('"')?.0;
    Some(safe(inner.replace("\\\"", "\"").replace("\\\\", "\\")))
}

/// An error and everything beneath it, each part once.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut below = error.source();
    while let Some(error) = below {
        let part = error.to_string();
        if !text.contains(&part) {
            text.push_str(": ");
            text.push_str(&part);
        }
        below = error.source();
    }
    text
}

impl Cluster for KubeCluster {
    fn identity(&self) -> Result<Identity, ClusterError> {
        let namespace = self.get_value("/api/v1/namespaces/kube-system", "v1 Namespace")?;
        let uid = namespace["metadata"]["uid"].as_str().map(safe);
        let uid = uid.ok_or_else(|| ClusterError::Answer { why: "no UID".to_owned() })?;
        let version = self.get_value("/version", "version")?;
        let version = version["gitVersion"].as_str().map(safe).unwrap_or_default();
        Ok(Identity { uid, ca: self.ca, server: self.server.clone(), version })
    }

    fn kinds(&self) -> Result<Kinds, ClusterError> {
        let mut kinds = Kinds::default();
        for uri in ["/api", "/apis"] {
            let call = Call { accept: DISCOVERY, ..self.reading(uri.to_owned()) };
            let answer = self.call(&call)?;
            let list = self.expect(&answer, "discovery")?;
            if list["kind"] != "APIGroupDiscoveryList" {
                return self.kinds_one_by_one();
            }
            kinds.add_aggregated(&list);
        }
        Ok(kinds)
    }

    fn get(
        &self,
        kind: &ServedKind,
        namespace: Option<&str>,
        name: &str,
    ) -> Result<Option<Value>, ClusterError> {
        let answer = self.call(&self.reading(kind.path(namespace, name)))?;
        if answer.code == 404 {
            let status: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            if status["details"]["name"].is_string() {
                return Ok(None);
            }
        }
        self.expect(&answer, &kind.text()).map(Some)
    }

    fn list(&self, kind: &ServedKind) -> Result<Vec<Value>, ClusterError> {
        let mut all = Vec::new();
        let mut next = String::new();
        loop {
            let uri = format!("{}?limit={PAGE}{next}", kind.collection(None));
            let mut page = self.get_value(&uri, &kind.text())?;
            if let Some(Value::Array(items)) = page.get_mut("items").map(Value::take) {
                all.extend(items.into_iter().map(|item| typed(item, kind)));
            }
            match page["metadata"]["continue"].as_str().filter(|token| !token.is_empty()) {
                Some(token) => next = format!("&continue={token}"),
                None => return Ok(all),
            }
        }
    }

    fn apply(
        &self,
        kind: &ServedKind,
        object: &Object,
        options: &ApplyOptions,
    ) -> Result<Applied, ClusterError> {
        let reference = object.reference();
        let path = kind.path(reference.namespace.as_deref(), &reference.name);
        let dry_run = if options.dry_run { "&dryRun=All" } else { "" };
        let uri = format!(
            "{path}?fieldManager={}&force={}&fieldValidation=Warn{dry_run}",
            options.manager, options.force
        );
        let body = Some(canonical(object.value()));
        let call = Call { method: Method::PATCH, content: APPLY, body, ..self.reading(uri) };
        self.write(&call, kind)
    }

    fn create(&self, kind: &ServedKind, object: &Object) -> Result<Applied, ClusterError> {
        let collection = kind.collection(object.reference().namespace.as_deref());
        let uri = format!("{collection}?fieldManager={MANAGER}&fieldValidation=Warn");
        let body = Some(canonical(object.value()));
        self.write(&Call { method: Method::POST, body, ..self.reading(uri) }, kind)
    }

    fn replace(&self, kind: &ServedKind, object: &Object) -> Result<Applied, ClusterError> {
        let reference = object.reference();
        let path = kind.path(reference.namespace.as_deref(), &reference.name);
        let uri = format!("{path}?fieldManager={MANAGER}&fieldValidation=Warn");
        let body = Some(canonical(object.value()));
        let call = Call { method: Method::PUT, body, ..self.reading(uri) };
        self.write(&call, kind).map_err(|error| match error {
            ClusterError::Busy { code: 409, why } => ClusterError::Overtaken { why },
            other => other,
        })
    }

    fn may(&self, verb: &str, kind: &ServedKind) -> Result<bool, ClusterError> {
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes":
                {"verb": verb, "group": kind.group, "resource": kind.plural}},
        });
        let uri = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews".to_owned();
        let body = Some(review.to_string());
        let answer = self.call(&Call { method: Method::POST, body, ..self.reading(uri) })?;
        let answer = self.expect(&answer, "SelfSubjectAccessReview")?;
        Ok(answer["status"]["allowed"] == true)
    }
}

/// Items of a typed list do not say what they are.
fn typed(mut item: Value, kind: &ServedKind) -> Value {
    if let Value::Object(members) = &mut item {
        let group = if kind.group.is_empty() { String::new() } else { format!("{}/", kind.group) };
        members.entry("apiVersion").or_insert_with(|| format!("{group}{}", kind.version).into());
        members.entry("kind").or_insert_with(|| kind.kind.clone().into());
    }
    item
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_are_taken_out_of_their_header() {
        assert_eq!(
            warning(br#"299 - "unknown field \"spec.foo\"""#).as_deref(),
            Some("unknown field \"spec.foo\"")
        );
        assert_eq!(warning(b"299 - nothing"), None);
    }

    #[test]
    fn the_preferred_version_comes_first_and_once() {
        let group = json!({"preferredVersion": {"version": "v2"},
            "versions": [{"version": "v1"}, {"version": "v2"}]});
        assert_eq!(versions(&group), ["v2", "v1"]);
    }
}
