//! The newest snapshot that this machine has fully verified, so that an older one is noticed.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Failure;
use crate::bundle::verify::{Seen, Verified};
use crate::config::Environment;
use crate::disk::{atomic, folder, limit};
use crate::model::clock::Timestamp;
use crate::model::digest::Digest;
use crate::model::id::{Seq, StreamId};

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Device {
    format_version: u32,
    seq: Seq,
    manifest: Digest,
    trust_version: u64,
    time: Timestamp,
}

/// Returns the folder that holds what this machine remembers of a stream.
pub(super) fn stream_folder(
    configured: Option<PathBuf>,
    environment: &Environment,
    stream: &StreamId,
) -> Option<PathBuf> {
    configured.or_else(|| environment.state_dir.clone()).map(|state| state.join(stream.as_str()))
}

/// Reads the newest seen. A record that cannot be read counts as none: it only warns.
pub(super) fn seen(folder: &Path) -> Option<Seen> {
    let bytes = limit::read(&folder.join("device.json"), 4096).ok()?;
    let device: Device = serde_json::from_slice(&bytes).ok()?;
    Some(Seen { seq: device.seq, manifest: device.manifest })
}

/// Remembers a snapshot after full success; an older one changes nothing.
pub(super) fn remember(
    folder: &Path,
    verified: &Verified,
    trust_version: u64,
    now: Timestamp,
) -> Result<(), Failure> {
    let seq = verified.manifest().seq;
    if seen(folder).is_some_and(|seen| seen.seq >= seq) {
        return Ok(());
    }
    let device =
        Device { format_version: 1, seq, manifest: verified.digest(), trust_version, time: now };
    let mut bytes = serde_json::to_vec_pretty(&device).unwrap_or_default();
    bytes.push(b'\n');
    folder::create(folder, 0o700)?;
    Ok(atomic::write(&folder.join("device.json"), &bytes, 0o600)?)
}
