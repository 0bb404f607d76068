//! The root keys at hand: one that was named, or the one that still lies in the kit.

use std::path::Path;

use super::CeremonyError;
use crate::app::job::agent_environment;
use crate::app::{Failure, Ports};
use crate::keys::signature;
use crate::keys::signer::Signer;
use crate::keys::tool_signer;
use crate::keys::trust::TrustFile;

/// A root key that can sign.
pub struct RootSigner {
    signer: Box<dyn Signer>,
}

/// Loads a signing key as a person names it: a private key file, or the public key of a key that
/// the agent holds.
pub fn load_signer(path: &Path, ports: &Ports<'_>) -> Result<Box<dyn Signer>, Failure> {
    let agent = agent_environment(ports.environment);
    let path = ports.environment.current_dir.join(path);
    Ok(tool_signer::load(&path, ports.tools, &agent, ports.prompt, ports.cancel)?)
}

impl RootSigner {
    /// Loads the key that was named, else `keys/root` of the kit, else returns `None`.
    pub fn find(
        named: Option<&Path>,
        kit: &Path,
        ports: &Ports<'_>,
    ) -> Result<Option<Self>, Failure> {
        let resting = kit.join("keys/root");
        let path = match named {
            Some(path) => path,
            None if resting.is_file() => &resting,
            None => return Ok(None),
        };
        Ok(Some(Self { signer: load_signer(path, ports)? }))
    }

    /// Takes a signer that is at hand.
    pub fn of(signer: Box<dyn Signer>) -> Self {
        Self { signer }
    }

    /// Returns the key's fingerprint.
    pub fn fingerprint(&self) -> String {
        self.signer.public().fingerprint()
    }

    /// Returns the first 16 hex digits of its digest, for file names.
    pub fn short(&self) -> String {
        self.signer.public().short()
    }

    /// Returns what the key is called in one of these files; the first that knows it wins.
    pub fn name(&self, files: &[&TrustFile]) -> Result<String, Failure> {
        let mut roots = files.iter().flat_map(|file| &file.roots);
        match roots.find(|root| root.key == *self.signer.public()) {
            Some(root) => Ok(root.name.clone()),
            None => Err(CeremonyError::NotARoot { fingerprint: self.fingerprint() }.into()),
        }
    }

    /// Returns whether a signature is this key's and holds.
    pub fn made(&self, namespace: &str, message: &[u8], pem: &[u8]) -> bool {
        signature::verify(self.signer.public(), namespace, message, pem).is_ok()
    }

    /// Signs.
    pub fn sign(&self, namespace: &str, message: &[u8]) -> Result<Vec<u8>, Failure> {
        Ok(self.signer.sign(namespace, message)?)
    }
}
