//! The certificates of a local control plane.
//!
//! Two authorities: the one for the front proxy must differ, else every client could claim to be
//! any user. They live as long as the control plane; nobody else ever trusts them.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, PKCS_RSA_SHA256, RsaKeySize,
};
use serde_json::json;

use super::error::TargetError;
use crate::disk::atomic;

/// Where everything lies.
pub(super) struct Keys {
    folder: PathBuf,
    authority: String,
    admin: (String, String),
}

impl Keys {
    /// Makes all keys and certificates and writes them to `folder`.
    pub(super) fn make(folder: &Path) -> Result<Self, TargetError> {
        let authority = issuer("blackstart control plane")?;
        let front = issuer("blackstart front proxy")?;
        let write = |name: &str, text: &str| {
            atomic::write(&folder.join(name), text.as_bytes(), 0o600).map_err(TargetError::from)
        };
        write("ca.crt", &authority.pem())?;
        write("front-proxy-ca.crt", &front.pem())?;
        let names = ["127.0.0.1", "localhost", "kubernetes.default.svc"];
        let server = leaf(&authority, "kube-apiserver", None, &names)?;
        write("server.crt", &server.0)?;
        write("server.key", &server.1)?;
        let proxy = leaf(&front, "front-proxy", None, &[])?;
        write("front-proxy.crt", &proxy.0)?;
        write("front-proxy.key", &proxy.1)?;
        // kube-apiserver signs service account tokens with RSA and refuses an EC key here.
        let accounts =
            KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).map_err(failed)?;
        write("sa.key", &accounts.serialize_pem())?;
        write("sa.pub", &accounts.public_key_pem())?;
        let admin = leaf(&authority, "blackstart-admin", Some("system:masters"), &[])?;
        Ok(Self { folder: folder.to_owned(), authority: authority.pem(), admin })
    }

    /// Returns the path of one file, for an argument.
    pub(super) fn file(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    /// Returns the kubeconfig of an administrator.
    pub(super) fn kubeconfig(&self, server: &str) -> String {
        let data = |pem: &str| STANDARD.encode(pem);
        let file = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "local",
            "contexts": [{"name": "local", "context": {"cluster": "local", "user": "admin"}}],
            "clusters": [{"name": "local", "cluster": {
                "server": server, "certificate-authority-data": data(&self.authority)}}],
            "users": [{"name": "admin", "user": {
                "client-certificate-data": data(&self.admin.0),
                "client-key-data": data(&self.admin.1)}}],
        });
        format!("{file:#}\n")
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn failed(error: rcgen::Error) -> TargetError {
    TargetError::Certificate { why: error.to_string() }
}

fn issuer(name: &str) -> Result<CertifiedIssuer<'static, KeyPair>, TargetError> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
    let key = KeyPair::generate().map_err(failed)?;
    CertifiedIssuer::self_signed(params, key).map_err(failed)
}

/// A certificate and its key, as PEM.
fn leaf(
    issuer: &CertifiedIssuer<'static, KeyPair>,
    name: &str,
    organisation: Option<&str>,
    names: &[&str],
) -> Result<(String, String), TargetError> {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let usage = if names.is_empty() {
        ExtendedKeyUsagePurpose::ClientAuth
    } else {
        ExtendedKeyUsagePurpose::ServerAuth
    };
    let mut params = CertificateParams::new(names).map_err(failed)?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    if let Some(organisation) = organisation {
        params.distinguished_name.push(DnType::OrganizationName, organisation);
    }
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
    params.extended_key_usages = vec![usage];
    let key = KeyPair::generate().map_err(failed)?;
    let certificate = params.signed_by(&key, issuer).map_err(failed)?;
    Ok((certificate.pem(), key.serialize_pem()))
}
