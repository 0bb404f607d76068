//! `trust sign`: a root key signs what is prepared in the kit: versions of the trust file, and seals.

use std::path::PathBuf;

use super::{Change, report};
use crate::app::ceremony::{self, CeremonyError, EpochFolder, RootSigner};
use crate::app::{Failure, Kit, Ports};
use crate::keys::trust::{TrustFile, TrustRoot, TrustVersion, establish};
use crate::model::explain::Explain as _;

/// Who signs.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The configuration file.
    pub config: Option<PathBuf>,
    /// The root key; `keys/root` of the kit when absent.
    pub key: Option<PathBuf>,
}

/// Signs everything that waits for this key.
pub fn run(request: &Request, ports: &Ports<'_>) -> Result<Change, Failure> {
    let kit = Kit::find(request.config.as_deref(), ports.environment)?;
    let root = RootSigner::find(request.key.as_deref(), kit.folder(), ports)?
        .ok_or(CeremonyError::NoRootKey)?;
    let versions = kit.trust_versions()?;
    let mut signed = Vec::new();

    let waiting = waiting(&kit, &versions)?;
    if let Some((version, names)) = &waiting {
        let names: Vec<&TrustFile> = names.iter().collect();
        if ceremony::sign(kit.folder(), version, &root, &names)? {
            signed.push(format!("version {} of the trust file", version.version));
        }
    }
    let number = waiting.as_ref().map(|(version, _)| version.version);
    // Seals may wait for a version that only now, or not yet, is in force.
    let newest = waiting.and_then(|(_, names)| names.into_iter().next_back());
    let file = newest.map_or_else(|| kit.trusted().map(|trusted| trusted.file().clone()), Ok)?;
    for epoch in EpochFolder::all(kit.folder())? {
        // A root key that the newest version no longer names signs versions only.
        if root.name(&[&file]).is_ok() && epoch.sign(&root, &file)? {
            signed.push(format!("the seals of epoch {}", epoch.number));
        }
    }
    if signed.is_empty() {
        let fingerprint = root.fingerprint();
        return Err(CeremonyError::NothingToSign { fingerprint }.into());
    }
    let version = number.unwrap_or(file.version);
    report(&kit, version, signed, Vec::new())
}

/// Returns the version that waits for signatures, and the files that name its root keys.
fn waiting(
    kit: &Kit,
    versions: &[TrustVersion],
) -> Result<Option<(TrustVersion, Vec<TrustFile>)>, Failure> {
    let find = |number: u64| versions.iter().find(|version| version.version == number);
    match kit.trusted() {
        Ok(trusted) => {
            let Some(version) = find(trusted.file().version + 1) else { return Ok(None) };
            let next = TrustFile::parse(&version.file)?;
            Ok(Some((version.clone(), vec![trusted.file().clone(), next])))
        }
        // A kit whose first version was never signed, because its root key was elsewhere.
        Err(failure) if is_undersigned(&failure) => {
            let root = kit.trust_root()?;
            let of_root =
                |version: &&TrustVersion| crate::model::digest::Digest::of(&version.file) == root;
            let Some(version) = versions.iter().find(of_root) else { return Err(failure) };
            let trusted = establish(&TrustRoot::File(version.file.clone()), &[])?;
            Ok(Some((version.clone(), vec![trusted.file().clone()])))
        }
        Err(failure) => Err(failure),
    }
}

fn is_undersigned(failure: &Failure) -> bool {
    let undersigned = crate::keys::KeysError::Undersigned { version: 0, signed: 0, needed: 0 };
    failure.about() == undersigned.about()
}
