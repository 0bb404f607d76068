//! A user's kit: configuration, trust, seals and where things lie.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Failure, device};
use crate::bundle::port::Parts as _;
use crate::config::{self, Config, Environment};
use crate::disk::{folder, limit};
use crate::keys::trust::{TrustRoot, TrustVersion, Trusted, establish};
use crate::store::DirStore;

/// No seal or public key is larger, in bytes.
const LARGEST: u64 = 1 << 20;

/// A kit that was found and read.
#[derive(Clone, Debug)]
pub struct Kit {
    /// Its configuration.
    pub config: Config,
}

impl Kit {
    /// Finds the kit: the file named, else here, else the user's, else the one this program lies in.
    pub fn find(named: Option<&Path>, environment: &Environment) -> Result<Self, Failure> {
        let path = config::find(named, environment)?;
        Ok(Self { config: config::load(&path)? })
    }

    /// Returns the folder of the kit.
    pub fn folder(&self) -> &Path {
        &self.config.kit
    }

    /// Returns the folder that holds what the job and this machine remember of the stream.
    pub fn state_folder(&self, environment: &Environment) -> PathBuf {
        let configured = self.config.file.state_dir.as_ref().map(|path| self.config.at(path));
        let stream = &self.config.file.stream;
        device::stream_folder(configured, environment, stream)
            .unwrap_or_else(|| self.folder().join(".state").join(stream.as_str()))
    }

    /// Returns the trust file versions in the kit.
    pub fn trust_versions(&self) -> Result<Vec<TrustVersion>, Failure> {
        // A kit's trust folder has the shape of a store's.
        let shaped = DirStore::at(self.folder());
        shaped.trust().map_err(|source| {
            let place = self.folder().join("trust").display().to_string();
            crate::store::StoreError::Io { doing: "read", place, source }.into()
        })
    }

    /// Returns the trust in force, from the pinned fingerprint up.
    pub fn trusted(&self) -> Result<Trusted, Failure> {
        let root = TrustRoot::Fingerprint(self.trust_root()?);
        Ok(establish(&root, &self.trust_versions()?)?)
    }

    /// Returns the pinned fingerprint.
    pub fn trust_root(&self) -> Result<crate::model::digest::Digest, Failure> {
        let text = &self.config.file.trust_root;
        text.parse().map_err(|_| {
            let problem =
                "trust-root: expected the sha256 of a trust file, 64 hex digits".to_owned();
            config::ConfigError::Invalid { path: self.config.path.clone(), problem }.into()
        })
    }

    /// Returns the seals of an epoch and their signed list, as the keys part holds them.
    pub fn seals(&self, epoch: u32) -> Result<BTreeMap<String, Vec<u8>>, Failure> {
        kit_files(&self.folder().join(format!("keys/epoch-{epoch:04}")), "keys")
    }
}

/// Reads the plain files of a folder, by name below `prefix`. A missing folder holds none.
pub fn kit_files(at: &Path, prefix: &str) -> Result<BTreeMap<String, Vec<u8>>, Failure> {
    if !at.is_dir() {
        return Ok(BTreeMap::new());
    }
    let mut files = BTreeMap::new();
    for entry in folder::list(at)?.iter().filter(|entry| !entry.is_dir) {
        let name = entry.name.to_string_lossy();
        files.insert(format!("{prefix}/{name}"), limit::read(&at.join(&entry.name), LARGEST)?);
    }
    Ok(files)
}
