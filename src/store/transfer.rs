//! Copying a verified snapshot into a store, part by part, the first good copy of each.

use std::io::{self, Write as _};

use super::dir::DirStore;
use super::error::StoreError;
use super::export::Cargo;
use crate::bundle::fetch;
use crate::bundle::port::{PartSink as _, Parts as _};

/// What a copy did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Parts that were copied.
    pub parts: usize,
    /// Their size in bytes.
    pub bytes: u64,
    /// Parts that were there already.
    pub reused: usize,
}

/// Copies everything into `to` and publishes it there. A snapshot that is there stays; signatures
/// that it lacks are added.
pub fn import(cargo: &Cargo<'_>, to: &DirStore) -> Result<Imported, StoreError> {
    let mut imported = Imported::default();
    for part in cargo.verified.manifest().parts() {
        let there: [&dyn crate::bundle::port::Parts; 1] = [to];
        if to.holds(&part.digest, part.size) && fetch::copy(part, &there, cargo.workspace).is_ok() {
            imported.reused += 1;
            continue;
        }
        let mut copy = fetch::copy(part, cargo.sources, cargo.workspace)?;
        let writing = || StoreError::at("write a part into", to.place());
        let mut pending = to.begin().map_err(writing())?;
        io::copy(&mut copy, &mut pending).map_err(writing())?;
        pending.flush().map_err(writing())?;
        pending.commit(&part.digest).map_err(writing())?;
        imported.parts += 1;
        imported.bytes += part.size;
    }
    for version in cargo.trust {
        to.put_trust(version)?;
    }
    publish(cargo, to)?;
    Ok(imported)
}

fn publish(cargo: &Cargo<'_>, to: &DirStore) -> Result<(), StoreError> {
    let raw = cargo.raw;
    if to.publish(raw.seq, &raw.manifest, &raw.signatures)? {
        return Ok(());
    }
    let there = to.snapshot(raw.seq).map_err(StoreError::at("read", to.place()))?;
    if there.is_none_or(|there| there.manifest != raw.manifest) {
        return Err(StoreError::Differs { what: format!("snapshot {}", raw.seq) });
    }
    raw.signatures.iter().try_for_each(|signature| to.add_signature(raw.seq, signature))
}
