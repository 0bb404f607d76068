//! From the seals of a bundle and somebody's identity to the epoch key, or a refusal.

use std::collections::BTreeMap;
use std::path::Path;

use super::error::BundleError;
use super::fetch;
use super::manifest::{Manifest, PartKind};
use super::open::Terms;
use super::part;
use super::port::Parts;
use crate::keys::epoch::EpochKey;
use crate::keys::seal::{Seal, unseal};
use crate::keys::trust::Trusted;
use crate::model::event::Event;
use crate::model::explain::Explain as _;

/// No keys part is larger, in bytes.
const LARGEST: u64 = 4 << 20;

/// Seals and their list, by path: `keys/epoch-0001.any.age`, `keys/SEALS` …
pub type SealFiles = BTreeMap<String, Vec<u8>>;

/// Unseals the epoch key of `manifest` and proves that it is the one named there.
pub fn epoch_key(
    manifest: &Manifest,
    sources: &[&dyn Parts],
    terms: &Terms<'_>,
) -> Result<EpochKey, BundleError> {
    // Two people on two machines take the key out layer by layer; what is left is the key itself.
    if let Some(key) = terms.identities.epoch_key(manifest.epoch, &manifest.epoch_recipient) {
        return Ok(key);
    }
    let prefix = format!("keys/epoch-{:04}.", manifest.epoch);
    let own = seal_files(manifest, sources, terms.trusted, terms.workspace);
    let others = terms.other_seals.iter().filter(|(path, _)| path.starts_with(&prefix));
    let of_bundle =
        own.as_ref().into_iter().flatten().filter(|(path, _)| path.starts_with(&prefix));
    if let Err(error) = &own {
        let text = format!("the seals of the bundle are not used: {error}");
        terms.observer.event(&Event::Notice { code: error.about().code, text });
    }
    let seals: Vec<Seal> = of_bundle
        .chain(others)
        .map(|(path, bytes)| Seal {
            name: path.trim_start_matches("keys/").to_owned(),
            bytes: bytes.clone(),
        })
        .collect();
    if seals.is_empty() {
        return Err(own.err().unwrap_or_else(|| no_seal(manifest)));
    }
    let key = unseal(&seals, manifest.epoch, terms.identities)?;
    if key.recipient() != manifest.epoch_recipient {
        let why = "its recipient differs from the manifest's".to_owned();
        return Err(BundleError::WrongEpochKey { epoch: manifest.epoch, why });
    }
    terms.identities.keep(&key);
    Ok(key)
}

fn no_seal(manifest: &Manifest) -> BundleError {
    let why = "the keys part holds no seal for it".to_owned();
    BundleError::WrongEpochKey { epoch: manifest.epoch, why }
}

/// Reads the keys part, and refuses seals that the roots did not list. It takes no key.
pub fn seal_files(
    manifest: &Manifest,
    sources: &[&dyn Parts],
    trusted: &Trusted,
    workspace: &Path,
) -> Result<SealFiles, BundleError> {
    let listed = manifest.of_kind(&PartKind::Keys).find(|part| part.size <= LARGEST);
    let listed = listed.ok_or_else(|| no_seal(manifest))?;
    let mut copy = fetch::copy(listed, sources, workspace)?;
    let mut files = SealFiles::new();
    let unpacked = part::unpack(&mut copy, &PartKind::Keys, |path, _, from| {
        let mut bytes = Vec::new();
        from.read_to_end(&mut bytes)?;
        files.insert(path.to_owned(), bytes);
        Ok(())
    });
    unpacked.map_err(|error| BundleError::Part {
        digest: listed.digest.to_string(),
        kind: "keys",
        what: format!("not acceptable: {}", crate::model::safe::safe(error.to_string())),
    })?;
    trusted.check_seals(&files, manifest.epoch)?;
    Ok(files)
}
