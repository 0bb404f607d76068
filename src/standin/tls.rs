//! HTTPS for the stand-in: a private certificate authority, and certificates from anywhere else.
//!
//! Nothing here expires while it may be needed: an outage tool that a calendar can stop is none.

use std::fmt;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use zeroize::Zeroizing;

use crate::model::safe::safe;

use super::error::StandinError;

/// A private certificate authority that lives as long as this value, or as its key is kept.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    /// Makes a new authority; `name` is what people see in a certificate viewer.
    pub fn new(name: &str) -> Result<Self, StandinError> {
        let fault = |error: rcgen::Error| certificate(name, &error);
        let key = KeyPair::generate().map_err(fault)?;
        let mut params = named(name, Vec::new()).map_err(fault)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let issuer = CertifiedIssuer::self_signed(params, key).map_err(fault)?;
        Ok(Self { issuer })
    }

    /// Returns the authority's certificate, which clients must be told to trust.
    pub fn certificate_pem(&self) -> String {
        self.issuer.pem()
    }

    /// Makes a server certificate for these host names and addresses, with a fresh key.
    pub fn issue(&self, names: &[&str]) -> Result<Tls, StandinError> {
        let name = names.first().copied().unwrap_or_default();
        let fault = |error: rcgen::Error| certificate(name, &error);
        let key = KeyPair::generate().map_err(fault)?;
        let alternatives = names.iter().map(|&name| name.to_owned()).collect();
        let mut params = named(name, alternatives).map_err(fault)?;
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let server = params.signed_by(&key, &self.issuer).map_err(fault)?;
        let private = Zeroizing::new(key.serialize_pem());
        Tls::from_pem(name, server.pem().as_bytes(), private.as_bytes())
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authority(…)")
    }
}

/// What a server needs to speak HTTPS.
#[derive(Clone)]
pub struct Tls(Arc<ServerConfig>);

impl Tls {
    /// Takes a certificate chain, the server's own first, and its private key, both PEM. `name` is
    /// for messages.
    pub fn from_pem(name: &str, chain: &[u8], key: &[u8]) -> Result<Self, StandinError> {
        let chain = CertificateDer::pem_slice_iter(chain)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| certificate(name, &error))?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| certificate(name, &error))?;
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .map_err(|error| certificate(name, &error))?;
        Ok(Self(Arc::new(config)))
    }

    pub(super) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.0)
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls(…)")
    }
}

fn named(name: &str, alternatives: Vec<String>) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(alternatives)?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    Ok(params)
}

fn certificate(name: &str, error: &dyn fmt::Display) -> StandinError {
    StandinError::Certificate { name: safe(name), why: safe(error.to_string()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_issues_for_names_and_addresses() {
        let authority = Authority::new("blackstart test").unwrap();
        assert!(authority.certificate_pem().starts_with("-----BEGIN CERTIFICATE-----"));
        authority.issue(&["127.0.0.1", "localhost", "git.example.com"]).unwrap();
    }

    #[test]
    fn what_is_no_certificate_is_refused_with_its_name() {
        let error = Tls::from_pem("git.example.com", b"nonsense", b"").unwrap_err();
        assert!(error.to_string().contains("git.example.com"), "{error}");
        let authority = Authority::new("a").unwrap();
        assert!(authority.issue(&["größe.example"]).is_err());
    }
}
