//! How a trust file version and its signatures are named in stores and in the trust part.

use super::error::BundleError;
use crate::keys::signature::claimed_key;

pub use crate::keys::trust::TrustVersion;

/// Reads `<root name>.<16 hex>.sig` and returns the root's name.
pub fn signature_root(name: &str) -> Option<&str> {
    let (root, key) = name.strip_suffix(".sig")?.rsplit_once('.')?;
    let hex = key.len() == 16 && key.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    hex.then_some(root)
}

/// Returns the signature files of a trust file version: their names and bytes.
pub fn signature_files(version: &TrustVersion) -> Result<Vec<(String, Vec<u8>)>, BundleError> {
    let named = |(root, pem): &(String, Vec<u8>)| {
        let key = claimed_key(pem)?;
        Ok((format!("{root}.{}.sig", key.short()), pem.clone()))
    };
    let mut files: Vec<_> =
        version.signatures.iter().map(named).collect::<Result<_, BundleError>>()?;
    files.sort();
    files.dedup();
    Ok(files)
}
