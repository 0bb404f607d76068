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

/// Reads the record. One that cannot be read counts as none: it only warns.
fn read(folder: &Path) -> Option<Device> {
    let bytes = limit::read(&folder.join("device.json"), 4096).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// Returns the newest snapshot seen.
pub(super) fn seen(folder: &Path) -> Option<Seen> {
    read(folder).map(|device| Seen { seq: device.seq, manifest: device.manifest })
}

/// Returns the highest version of the trust file that was ever in force here.
pub(super) fn trust_version(folder: &Path) -> Option<u64> {
    read(folder).map(|device| device.trust_version)
}

/// Remembers a snapshot and the trust in force after full success; what is older changes nothing.
pub(super) fn remember(
    folder: &Path,
    verified: &Verified,
    trust_version: u64,
    now: Timestamp,
) -> Result<(), Failure> {
    let (seq, manifest) = (verified.manifest().seq, verified.digest());
    let mut device = Device { format_version: 1, seq, manifest, trust_version, time: now };
    if let Some(before) = read(folder) {
        if before.seq >= seq && before.trust_version >= trust_version {
            return Ok(());
        }
        if before.seq >= seq {
            (device.seq, device.manifest) = (before.seq, before.manifest);
        }
        device.trust_version = before.trust_version.max(trust_version);
    }
    let mut bytes = serde_json::to_vec_pretty(&device).unwrap_or_default();
    bytes.push(b'\n');
    folder::create(folder, 0o700)?;
    Ok(atomic::write(&folder.join("device.json"), &bytes, 0o600)?)
}
