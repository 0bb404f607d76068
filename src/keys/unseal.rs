//! Taking the epoch key out of its seals.

use std::io::Read;

use age::armor::ArmoredReader;
use zeroize::Zeroizing;

use super::epoch::EpochKey;
use super::error::{KeysError, plain};
use super::header;
use super::identity::Identities;
use super::seal::{MAX_SEAL, Seal, SealName, SealedTo};
use crate::disk::limit::Bounded;
use crate::model::safe::safe;

/// What was under one layer.
pub enum Peeled {
    /// The epoch key: the text of its identity file.
    Key(Zeroizing<String>),
    /// Another layer, for the next person.
    Inner(Vec<u8>),
}

impl std::fmt::Debug for Peeled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Key(_) => f.write_str("Key(…)"),
            Self::Inner(bytes) => write!(f, "Inner({} bytes)", bytes.len()),
        }
    }
}

/// Opens the first seal of `epoch` that the identities open, through all its layers. Other files
/// are passed over.
pub fn unseal(seals: &[Seal], epoch: u32, identities: &Identities) -> Result<EpochKey, KeysError> {
    let mut nearly = None;
    let mut tried: Vec<&Seal> = Vec::new();
    for seal in seals {
        let name = SealName::parse(&seal.name).filter(|name| name.epoch == epoch);
        // The same seal from the kit and from a bundle would ask for a second touch of a key.
        let Some(name) = name.filter(|_| !tried.contains(&seal)) else { continue };
        tried.push(seal);
        match open_layers(seal, &name, identities) {
            Ok(key) => return Ok(key),
            Err(KeysError::NoIdentityFits { .. }) => {}
            // Another copy or another set of people may still work; this says more if none does.
            Err(error) => nearly = nearly.or(Some(error)),
        }
    }
    Err(nearly
        .unwrap_or(KeysError::NoIdentityFits { identities: identities.len(), seals: tried.len() }))
}

fn open_layers(
    seal: &Seal,
    name: &SealName,
    identities: &Identities,
) -> Result<EpochKey, KeysError> {
    let mut layer = seal.bytes.clone();
    let layers = match &name.who {
        SealedTo::Together(numbers) => numbers.as_slice(),
        SealedTo::Any | SealedTo::Solo(_) => &[0],
    };
    for (index, number) in layers.iter().enumerate() {
        match peel_named(&seal.name, &layer, identities) {
            Ok(Peeled::Key(text)) => return EpochKey::from_identity_file(name.epoch, &text),
            Ok(Peeled::Inner(inner)) => layer = inner,
            Err(KeysError::NoIdentityFits { .. }) if index > 0 => {
                return Err(KeysError::OneMorePerson { seal: seal.name.clone(), next: *number });
            }
            Err(error) => return Err(error),
        }
    }
    Err(KeysError::BadAgeFile {
        what: safe(&seal.name),
        why: "it has more layers than its name says".to_owned(),
    })
}

/// Takes off one layer: of a seal, or of what an earlier person left.
pub fn peel(layer: &[u8], identities: &Identities) -> Result<Peeled, KeysError> {
    peel_named("the seal", layer, identities)
}

fn peel_named(name: &str, layer: &[u8], identities: &Identities) -> Result<Peeled, KeysError> {
    let bad = |why: String| KeysError::BadAgeFile { what: safe(name), why };
    if layer.len() as u64 > MAX_SEAL {
        return Err(bad(format!("it is larger than {MAX_SEAL} bytes")));
    }
    let capped = header::capped(ArmoredReader::new(layer)).map_err(|error| bad(plain(&error)))?;
    let decryptor = age::Decryptor::new_buffered(capped).map_err(|error| bad(plain(&error)))?;
    let reader = decryptor.decrypt(identities.iter()).map_err(|error| match error {
        age::DecryptError::NoMatchingKeys | age::DecryptError::KeyDecryptionFailed => {
            KeysError::NoIdentityFits { identities: identities.len(), seals: 1 }
        }
        age::DecryptError::Plugin(_) | age::DecryptError::PluginResolve(_) => {
            KeysError::Plugin { what: safe(name), why: plain(&error) }
        }
        other => bad(plain(&other)),
    })?;
    let mut text = Zeroizing::new(Vec::new());
    Bounded::new(reader, MAX_SEAL).read_to_end(&mut text).map_err(|error| bad(plain(&error)))?;
    if text.starts_with(b"age-encryption.org/") || text.starts_with(b"-----BEGIN AGE ENCRYPTED") {
        return Ok(Peeled::Inner(text.to_vec()));
    }
    let text = std::str::from_utf8(&text).map_err(|_| bad("it holds no key".to_owned()))?;
    Ok(Peeled::Key(Zeroizing::new(text.to_owned())))
}

#[cfg(test)]
mod tests;
