//! An explicit kubeconfig, flattened to one context.
//!
//! The result stands alone: files it named are inside it, other contexts are not. Nothing is read
//! but the bytes that were handed in and the files they name.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kube::config::Kubeconfig;
use serde_json::{Value, json};

use super::error::ClusterError;
use crate::disk::limit;
use crate::model::digest::{Digest, Hasher};
use crate::model::safe::safe;

/// Nothing in a kubeconfig is larger.
const MAX_FILE: u64 = 1 << 20;

/// How to reach one cluster as one user. `Debug` shows no secret.
#[derive(Clone)]
pub struct Access {
    flat: Value,
    /// The context that was chosen.
    pub context: String,
    /// What the file calls the cluster.
    pub cluster: String,
    /// The server's address.
    pub server: String,
    /// The digest of the certificate authority, where the file holds one.
    pub ca: Option<Digest>,
    /// The program that the file runs to get credentials, where it does.
    pub runs: Option<String>,
}

impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Access")
            .field("context", &self.context)
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}

impl Access {
    /// Reads a kubeconfig. Relative files in it are relative to `folder`. Where it has several
    /// contexts one must be named: its `current-context` is whatever somebody used last.
    pub fn read(bytes: &[u8], folder: &Path, context: Option<&str>) -> Result<Self, ClusterError> {
        let text = std::str::from_utf8(bytes).map_err(|_| bad("not UTF-8"))?;
        let config = Kubeconfig::from_yaml(text).map_err(|error| bad(&error.to_string()))?;
        let whole = serde_json::to_value(&config).map_err(|error| bad(&error.to_string()))?;
        let name = match context {
            Some(name) => name,
            None => only_context(&whole["contexts"])?,
        };
        let chosen = named(&whole["contexts"], name, "context")?["context"].clone();
        let cluster_name = chosen["cluster"].as_str().unwrap_or_default();
        let mut cluster = named(&whole["clusters"], cluster_name, "cluster")?["cluster"].clone();
        let user_name = chosen["user"].as_str().unwrap_or_default();
        let mut user = named(&whole["users"], user_name, "user")?["user"].clone();
        if cluster["insecure-skip-tls-verify"] == true {
            return Err(bad("it does not check the server's certificate; add the authority"));
        }
        inline(&mut cluster, "certificate-authority", folder)?;
        inline(&mut user, "client-certificate", folder)?;
        inline(&mut user, "client-key", folder)?;
        inline_token(&mut user, folder)?;
        Self::of((name, cluster_name), &chosen, &cluster, &user)
    }

    fn of(
        (name, cluster_name): (&str, &str),
        chosen: &Value,
        cluster: &Value,
        user: &Value,
    ) -> Result<Self, ClusterError> {
        let server = cluster["server"].as_str().ok_or_else(|| bad("no server address"))?.to_owned();
        let ca = cluster["certificate-authority-data"].as_str().map(authority).transpose()?;
        let older = user["auth-provider"]["name"].as_str();
        let runs = user["exec"]["command"].as_str().or(older).map(safe);
        let flat = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": name,
            "contexts": [{"name": name, "context": {
                "cluster": cluster_name, "user": "target", "namespace": chosen["namespace"]}}],
            "clusters": [{"name": cluster_name, "cluster": cluster}],
            "users": [{"name": "target", "user": user}],
        });
        let (context, cluster) = (safe(name), safe(cluster_name));
        Ok(Self { flat, context, cluster, server: safe(&server), ca, runs })
    }

    /// Returns where a connection goes: the host and a port. None where something else is asked,
    /// such as a proxy.
    pub fn address(&self) -> Option<(String, u16)> {
        if self.flat["clusters"][0]["cluster"]["proxy-url"].is_string() {
            return None;
        }
        let uri = self.server.parse::<http::Uri>().ok()?;
        let host = uri.host()?.trim_matches(['[', ']']).to_owned();
        Some((host, uri.port_u16().unwrap_or(443)))
    }

    /// Returns whether the server is on this machine.
    pub fn is_loopback(&self) -> bool {
        self.address().is_some_and(|(host, _)| {
            let address = host.parse::<std::net::IpAddr>();
            host == "localhost" || address.is_ok_and(|address| address.is_loopback())
        })
    }

    /// Returns the flattened file, to be stored with mode 0600.
    pub fn flattened(&self) -> Vec<u8> {
        let mut text = format!("{:#}", self.flat).into_bytes();
        text.push(b'\n');
        text
    }

    pub(super) fn kubeconfig(&self) -> Result<Kubeconfig, ClusterError> {
        serde_json::from_value(self.flat.clone()).map_err(|error| bad(&error.to_string()))
    }
}

fn bad(why: &str) -> ClusterError {
    ClusterError::Kubeconfig { why: safe(why) }
}

fn named<'a>(list: &'a Value, name: &str, what: &str) -> Result<&'a Value, ClusterError> {
    let mut entries = list.as_array().into_iter().flatten();
    entries
        .find(|entry| entry["name"] == name)
        .ok_or_else(|| bad(&format!("it has no {what} named {name:?}")))
}

/// The one context of a file that has one.
fn only_context(contexts: &Value) -> Result<&str, ClusterError> {
    let contexts = contexts.as_array().map(Vec::as_slice).unwrap_or_default();
    let names: Vec<_> = contexts.iter().filter_map(|entry| entry["name"].as_str()).collect();
    match names[..] {
        [] => Err(bad("it has no context")),
        [name] => Ok(name),
        _ => Err(bad(&format!("name one of its contexts: {}", names.join(", ")))),
    }
}

/// Replaces `KEY: path` by `KEY-data: base64`.
fn inline(entry: &mut Value, key: &str, folder: &Path) -> Result<(), ClusterError> {
    let data_key = format!("{key}-data");
    let Value::Object(members) = entry else { return Ok(()) };
    let path = members.remove(key);
    if members.get(&data_key).is_some_and(|data| data.as_str().is_some_and(|d| !d.is_empty())) {
        return Ok(());
    }
    if let Some(path) = path.as_ref().and_then(Value::as_str).filter(|path| !path.is_empty()) {
        let bytes = limit::read(&folder.join(path), MAX_FILE).map_err(|e| bad(&e.to_string()))?;
        members.insert(data_key, STANDARD.encode(bytes).into());
    }
    Ok(())
}

fn inline_token(user: &mut Value, folder: &Path) -> Result<(), ClusterError> {
    let Value::Object(members) = user else { return Ok(()) };
    let Some(Value::String(path)) = members.remove("tokenFile") else { return Ok(()) };
    if members.get("token").and_then(Value::as_str).is_none_or(str::is_empty) {
        let bytes = limit::read(&folder.join(path), MAX_FILE).map_err(|e| bad(&e.to_string()))?;
        let token = String::from_utf8(bytes).map_err(|_| bad("the token is not UTF-8"))?;
        members.insert("token".to_owned(), token.trim().into());
    }
    Ok(())
}

/// The digest of the certificates' DER, in sorted order: writing the same authorities differently
/// does not make another cluster.
fn authority(data: &str) -> Result<Digest, ClusterError> {
    let wrong = || bad("certificate-authority-data is not a PEM certificate in base64");
    let pem = STANDARD.decode(data.trim()).map_err(|_| wrong())?;
    let pem = String::from_utf8(pem).map_err(|_| wrong())?;
    let mut certificates = Vec::new();
    for block in pem.split("-----BEGIN CERTIFICATE-----").skip(1) {
        let (body, _) = block.split_once("-----END CERTIFICATE-----").ok_or_else(wrong)?;
        let dense: String = body.split_whitespace().collect();
        certificates.push(STANDARD.decode(dense).map_err(|_| wrong())?);
    }
    if certificates.is_empty() {
        return Err(wrong());
    }
    certificates.sort();
    certificates.dedup();
    let mut hasher = Hasher::new();
    for der in &certificates {
        hasher.update(der);
    }
    Ok(hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(cluster: &str) -> String {
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: a\n\
             contexts:\n- name: a\n  context: {{cluster: c, user: u}}\n\
             - name: b\n  context: {{cluster: gone, user: u}}\n\
             clusters:\n- name: c\n  cluster: {cluster}\n\
             users:\n- name: u\n  user: {{tokenFile: token}}\n"
        )
    }

    fn read(cluster: &str, context: Option<&str>) -> Result<Access, ClusterError> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("token"), "s3cret\n").unwrap();
        let pem = "-----BEGIN CERTIFICATE-----\naGVs\nbG8=\n-----END CERTIFICATE-----\n";
        std::fs::write(folder.path().join("ca.crt"), pem).unwrap();
        Access::read(file(cluster).as_bytes(), folder.path(), context)
    }

    #[test]
    fn the_context_that_was_used_last_is_not_asked() {
        let error = read("{server: \"https://x\"}", None).unwrap_err().to_string();
        assert!(error.contains("name one of its contexts: a, b"), "{error}");
    }

    #[test]
    fn loopback_is_told_by_the_host_alone() {
        let is = |server: &str| {
            read(&format!("{{server: \"{server}\"}}"), Some("a")).unwrap().is_loopback()
        };
        assert!(
            is("https://127.0.0.1:6443") && is("https://[::1]:6443") && is("https://localhost")
        );
        assert!(!is("https://10.0.0.5:6443") && !is("https://127.0.0.1.example.com"));
    }

    #[test]
    fn the_file_is_flattened_and_needs_nothing_beside_it() {
        let access =
            read("{server: \"https://x:6443\", certificate-authority: ca.crt}", Some("a")).unwrap();
        assert_eq!((access.context.as_str(), access.server.as_str()), ("a", "https://x:6443"));
        assert_eq!(access.ca, Some(Digest::of(b"hello")));
        let flat = String::from_utf8(access.flattened()).unwrap();
        assert!(flat.contains("s3cret") && !flat.contains("ca.crt") && !flat.contains("gone"));
        assert!(access.kubeconfig().is_ok());
        assert!(!format!("{access:?}").contains("s3cret"));
        // Reading it again gives the same.
        let again = Access::read(flat.as_bytes(), Path::new("/nowhere"), None).unwrap();
        assert_eq!((again.ca, again.flattened()), (access.ca, access.flattened()));
    }

    #[test]
    fn what_is_missing_is_named() {
        let good = "{server: \"https://x\"}";
        let error = |cluster, context| read(cluster, context).unwrap_err().to_string();
        assert!(error(good, Some("nope")).contains("no context named \"nope\""));
        assert!(error(good, Some("b")).contains("no cluster named \"gone\""));
        assert!(error("{}", Some("a")).contains("no server address"));
        assert!(
            error("{server: \"https://x\", insecure-skip-tls-verify: true}", Some("a"))
                .contains("does not check")
        );
    }
}
