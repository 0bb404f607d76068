//! Making SSHSIG signatures with a private key in a file.
//!
//! ed25519 and ecdsa keys sign here. RSA, hardware and agent keys sign through `ssh-keygen`
//! ([`super::tool_signer`]): the library at hand signs RSA wrongly, and the others need a person.

use std::fmt;
use std::path::{Path, PathBuf};

use ssh_key::private::{Ed25519Keypair, KeypairData};
use ssh_key::{HashAlg, LineEnding, PrivateKey};
use zeroize::Zeroizing;

use super::error::{KeysError, plain};
use super::prompt::Prompt;
use super::public_key::PublicKey;
use crate::disk::limit;
use crate::model::safe::safe;

/// The largest private key file that is read.
const MAX_FILE: u64 = 64 << 10;

/// Signs, whatever the key is and wherever it lies.
pub trait Signer: Send + Sync {
    /// Returns the public half.
    fn public(&self) -> &PublicKey;
    /// Signs `message` for `namespace`; returns the signature's PEM.
    fn sign(&self, namespace: &str, message: &[u8]) -> Result<Vec<u8>, KeysError>;
}

/// A private key in memory.
pub struct FileSigner {
    path: PathBuf,
    key: PrivateKey,
    public: PublicKey,
}

impl FileSigner {
    /// Loads an OpenSSH private key; asks for its passphrase where it has one.
    pub fn load(path: &Path, prompt: &dyn Prompt) -> Result<Self, KeysError> {
        let text = Zeroizing::new(limit::read(path, MAX_FILE)?);
        Self::read(path, &text, prompt)
    }

    /// Takes a private key from the text of its file, such as a new one before it is written.
    pub fn from_text(text: &str, prompt: &dyn Prompt) -> Result<Self, KeysError> {
        Self::read(Path::new(""), text.as_bytes(), prompt)
    }

    fn read(path: &Path, text: &[u8], prompt: &dyn Prompt) -> Result<Self, KeysError> {
        let bad = |why: String| KeysError::BadSigner { path: path.to_owned(), why };
        let key = PrivateKey::from_openssh(text)
            .map_err(|_| bad("not an OpenSSH private key".to_owned()))?;
        let key = if key.is_encrypted() { unlock(path, &key, prompt)? } else { key };
        let public = PublicKey::from_data(key.public_key().key_data())
            .map_err(|error| bad(error.to_string()))?;
        if !matches!(key.key_data(), KeypairData::Ed25519(_) | KeypairData::Ecdsa(_)) {
            return Err(bad("keys of this type sign through ssh-keygen".to_owned()));
        }
        Ok(Self { path: path.to_owned(), key, public })
    }

    /// Makes a new ed25519 key and returns the text of its file, which `ssh-keygen` reads.
    pub fn generate(comment: &str) -> Result<Zeroizing<String>, KeysError> {
        let bad = |why: String| KeysError::BadSigner { path: PathBuf::new(), why };
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *seed).map_err(|error| bad(error.to_string()))?;
        let pair = KeypairData::Ed25519(Ed25519Keypair::from_seed(&seed));
        let key = PrivateKey::new(pair, comment).map_err(|error| bad(plain(&error)))?;
        key.to_openssh(LineEnding::LF).map_err(|error| bad(plain(&error)))
    }
}

fn unlock(path: &Path, key: &PrivateKey, prompt: &dyn Prompt) -> Result<PrivateKey, KeysError> {
    let what = safe(path.as_os_str().as_encoded_bytes());
    let words =
        prompt.passphrase(&what).ok_or_else(|| KeysError::NoPassphrase { what: what.clone() })?;
    key.decrypt(words.expose()).map_err(|_| KeysError::WrongPassphrase { what })
}

/// Returns the public half of a private key's text.
pub fn public_of(private: &str) -> Result<PublicKey, KeysError> {
    let key = PrivateKey::from_openssh(private)
        .map_err(|_| KeysError::BadPublicKey { why: "not an OpenSSH private key" })?;
    PublicKey::from_data(key.public_key().key_data())
}

impl Signer for FileSigner {
    fn public(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, namespace: &str, message: &[u8]) -> Result<Vec<u8>, KeysError> {
        let signed = self.key.sign(namespace, HashAlg::Sha512, message);
        let pem = signed.and_then(|signature| signature.to_pem(LineEnding::LF));
        let mut pem = pem.map_err(|error| KeysError::BadSigner {
            path: self.path.clone(),
            why: plain(&error),
        })?;
        // ssh-keygen ends its files with a line feed; so do we.
        if !pem.ends_with('\n') {
            pem.push('\n');
        }
        Ok(pem.into_bytes())
    }
}

impl fmt::Debug for FileSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileSigner({})", self.public.fingerprint())
    }
}
