//! From a version that is trusted on paper to the newest that follows from it by signatures.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use crate::keys::error::KeysError;
use crate::keys::namespace;
use crate::keys::signature;
use crate::model::clock::Timestamp;
use crate::model::digest::{BadDigest, Digest};

use super::file::{RootKey, TrustFile};

/// What a person brings: a trust file, or the digest of one.
#[derive(Clone, PartialEq, Eq)]
pub enum TrustRoot {
    /// The bytes of a trust file, trusted because the person handed them in.
    File(Vec<u8>),
    /// The SHA-256 of the bytes of some version, which must bear its own threshold of signatures.
    Fingerprint(Digest),
}

impl fmt::Debug for TrustRoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(bytes) => write!(f, "TrustRoot(file {})", Digest::of(bytes)),
            Self::Fingerprint(digest) => write!(f, "TrustRoot({digest})"),
        }
    }
}

impl FromStr for TrustRoot {
    type Err = BadDigest;

    /// Reads a fingerprint: 64 hex digits, with or without `sha256:` before them.
    fn from_str(text: &str) -> Result<Self, BadDigest> {
        text.strip_prefix("sha256:").unwrap_or(text).parse().map(Self::Fingerprint)
    }
}

/// A version of the trust file as it lies in a store or a kit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustVersion {
    /// The number of its folder.
    pub version: u64,
    /// The bytes of `allowed_signers`.
    pub file: Vec<u8>,
    /// Its signatures: the root key's name, from the file name, and the PEM.
    pub signatures: Vec<(String, Vec<u8>)>,
}

/// A trust file that counts. Only [`establish`] makes one.
#[derive(Clone, Debug)]
pub struct Trusted {
    file: TrustFile,
    bytes: Vec<u8>,
    digest: Digest,
    pending: Option<u64>,
}

impl Trusted {
    /// Returns the newest version that counts.
    pub fn file(&self) -> &TrustFile {
        &self.file
    }

    /// Returns its exact bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the digest of its bytes.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Returns a next version that lies there and has too few signatures yet.
    pub fn pending(&self) -> Option<u64> {
        self.pending
    }

    /// Returns whether a new version should exist by now. Only warns.
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.file.expires.is_some_and(|day| now >= day.begins())
    }

    /// Checks that enough root keys signed `message` for `namespace`; counts keys, not files.
    pub fn check_roots(
        &self,
        namespace: &str,
        message: &[u8],
        pems: &[Vec<u8>],
    ) -> Result<(), KeysError> {
        let count = count(&self.file.roots, namespace, message, pems.iter().map(Vec::as_slice));
        if count.keys.len() >= self.file.root_threshold {
            return Ok(());
        }
        Err(KeysError::BadSignature {
            why: if count.bad.is_empty() {
                "too few root keys signed it"
            } else {
                "a root key's signature is not over these bytes"
            },
        })
    }
}

/// Begins at the trust root and follows versions, each signed by enough root keys of the one before
/// it and of its own, as far as they go.
///
/// A next version that is missing or has too few signatures ends the walk. One that bears a wrong
/// signature of a known root key is an error: what it says may be a revocation.
pub fn establish(root: &TrustRoot, versions: &[TrustVersion]) -> Result<Trusted, KeysError> {
    let mut current = begin(root, versions)?;
    loop {
        let next = current.file.version + 1;
        let mut step = None;
        let mut fault = None;
        for version in versions.iter().filter(|version| version.version == next) {
            match follow(&current, version) {
                Ok(Some(trusted)) => step = step.or(Some(trusted)),
                Ok(None) => current.pending = Some(next),
                Err(error) => fault = fault.or(Some(error)),
            }
        }
        match (step, fault) {
            // Of several copies one good one is enough.
            (Some(trusted), _) => current = trusted,
            (None, Some(error)) => return Err(error),
            (None, None) => return Ok(current),
        }
    }
}

fn begin(root: &TrustRoot, versions: &[TrustVersion]) -> Result<Trusted, KeysError> {
    match root {
        TrustRoot::File(bytes) => Ok(trusted(TrustFile::parse(bytes)?, bytes)),
        TrustRoot::Fingerprint(digest) => {
            let copies: Vec<_> =
                versions.iter().filter(|version| Digest::of(&version.file) == *digest).collect();
            let first = copies.first().ok_or(KeysError::RootMissing { root: *digest })?;
            let file = TrustFile::parse(&first.file)?;
            // The same bytes may lie in several places with different signatures beside them.
            let pems = copies.iter().flat_map(|copy| &copy.signatures);
            let pems = pems.map(|(_, pem)| pem.as_slice());
            let signed = count(&file.roots, namespace::TRUST, &first.file, pems).keys.len();
            if signed < file.root_threshold {
                let (version, needed) = (file.version, file.root_threshold);
                return Err(KeysError::Undersigned { version, signed, needed });
            }
            Ok(trusted(file, &first.file))
        }
    }
}

fn trusted(file: TrustFile, bytes: &[u8]) -> Trusted {
    Trusted { file, bytes: bytes.to_vec(), digest: Digest::of(bytes), pending: None }
}

/// Checks one candidate for the next version. Nothing of it is parsed before enough root keys of
/// the current version signed it. `None`: too few signatures yet.
fn follow(current: &Trusted, next: &TrustVersion) -> Result<Option<Trusted>, KeysError> {
    let bad = |why: &str| KeysError::BadlySigned { version: next.version, why: why.to_owned() };
    let pems = || next.signatures.iter().map(|(_, pem)| pem.as_slice());
    let old = count(&current.file.roots, namespace::TRUST, &next.file, pems());
    if old.keys.len() < current.file.root_threshold {
        return match old.bad.first() {
            Some(name) => Err(bad(&format!("the signature of {name} is not over these bytes"))),
            None => Ok(None),
        };
    }
    let file = TrustFile::parse(&next.file)?;
    if file.version != next.version {
        return Err(bad("its own number is another one"));
    }
    if file.stream != current.file.stream {
        return Err(bad("it is about another stream"));
    }
    let new = count(&file.roots, namespace::TRUST, &next.file, pems());
    if new.keys.len() < file.root_threshold {
        return match new.bad.first() {
            Some(name) => Err(bad(&format!("the signature of {name} is not over these bytes"))),
            None => Ok(None),
        };
    }
    Ok(Some(trusted(file, &next.file)))
}

struct Count {
    /// The fingerprints of the root keys whose signature holds. A file under another name is no
    /// second key.
    keys: BTreeSet<String>,
    /// The names of root keys of which there is a signature that does not hold, and none that does.
    bad: Vec<String>,
}

fn count<'a>(
    roots: &[RootKey],
    namespace: &str,
    message: &[u8],
    pems: impl Iterator<Item = &'a [u8]>,
) -> Count {
    let claims: Vec<_> =
        pems.filter_map(|pem| Some((signature::claimed_key(pem).ok()?, pem))).collect();
    let mut count = Count { keys: BTreeSet::new(), bad: Vec::new() };
    for root in roots {
        let mut of_root = claims.iter().filter(|(key, _)| *key == root.key).peekable();
        if of_root.peek().is_none() {
            continue;
        }
        if of_root.any(|(_, pem)| signature::verify(&root.key, namespace, message, pem).is_ok()) {
            count.keys.insert(root.key.fingerprint());
        } else {
            count.bad.push(root.name.clone());
        }
    }
    count
}

/// Returns the names of the root keys of `file` that signed `bytes`, for ceremonies.
pub fn signed_by(file: &TrustFile, bytes: &[u8], signatures: &[(String, Vec<u8>)]) -> Vec<String> {
    let pems = signatures.iter().map(|(_, pem)| pem.as_slice());
    let keys = count(&file.roots, namespace::TRUST, bytes, pems).keys;
    let signed = file.roots.iter().filter(|root| keys.contains(&root.key.fingerprint()));
    signed.map(|root| root.name.clone()).collect()
}
