//! What stands beside a mirror's refs: `pins.json` and `mirror.json`, and the mirror's folder name.

use std::io::Write as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::disk::atomic::{self, NewFile};
use crate::disk::{DiskError, folder, limit};
use crate::model::clock::Timestamp;
use crate::model::digest::Digest;
use crate::repo::Flags;

use super::fault::Trouble;
use super::outcome::Pin;

const LIMIT: u64 = 256 << 20;
const PINS: &str = "pins.json";
const RECORD: &str = "mirror.json";

/// What is remembered about a mirror. It stands only beside a copy that was proven.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) format_version: u32,
    pub(super) name: String,
    pub(super) url: String,
    pub(super) proven_at: Timestamp,
    #[serde(default)]
    pub(super) lfs: bool,
    #[serde(default)]
    pub(super) submodules: bool,
    #[serde(default)]
    pub(super) findings: Vec<String>,
}

impl Record {
    pub(super) fn read(mirror: &Path) -> Result<Option<Self>, Trouble> {
        read_json(&mirror.join(RECORD))
    }

    pub(super) fn write(&self, mirror: &Path) -> Result<(), Trouble> {
        write_json(&mirror.join(RECORD), self)
    }

    /// Begins the file of a first copy, which counts once it has its name.
    pub(super) fn begin(&self, mirror: &Path) -> Result<NewFile, Trouble> {
        let path = mirror.join(RECORD);
        let mut file = NewFile::create(&path, 0o600)?;
        file.write_all(&json(&path, self)?).map_err(DiskError::at("write", &path))?;
        Ok(file)
    }

    pub(super) fn flags(&self) -> Flags {
        Flags { lfs: self.lfs, submodules: self.submodules, shallow: false }
    }
}

pub(super) fn read_pins(mirror: &Path) -> Result<Vec<Pin>, Trouble> {
    Ok(read_json(&mirror.join(PINS))?.unwrap_or_default())
}

pub(super) fn write_pins(mirror: &Path, pins: &[Pin]) -> Result<(), Trouble> {
    write_json(&mirror.join(PINS), &pins)
}

fn read_json<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<Option<T>, Trouble> {
    let Some(bytes) = limit::read_if_there(path, LIMIT)? else { return Ok(None) };
    serde_json::from_slice(&bytes)
        .map(Some)
        .map_err(|error| Trouble::here(format!("{}: {error}", path.display())))
}

fn write_json(path: &Path, value: &impl Serialize) -> Result<(), Trouble> {
    Ok(atomic::write(path, &json(path, value)?, 0o600)?)
}

fn json(path: &Path, value: &impl Serialize) -> Result<Vec<u8>, Trouble> {
    let mut bytes = serde_json::to_vec_pretty(value)
        .map_err(|error| Trouble::here(format!("{}: {error}", path.display())))?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Returns the name of a repository's folder: a slug for people, 8 hex digits for uniqueness.
pub fn folder_name(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '-' };
    let slug: String = name.to_lowercase().chars().map(plain).take(80).collect();
    let digest = Digest::of(name.as_bytes()).to_string();
    format!("{slug}-{}.git", &digest[..8])
}

/// Removes what a crash left in a mirror: everything whose name says that it is temporary. The
/// caller holds the mirror's lease.
pub fn sweep(mirror: &Path) -> Result<(), DiskError> {
    for within in [mirror.to_owned(), mirror.join("objects/pack")] {
        if !within.is_dir() {
            continue;
        }
        for entry in folder::list(&within)? {
            let name = entry.name.to_string_lossy();
            if name.starts_with(atomic::TEMP_PREFIX) || name.starts_with(".tmp") {
                let path = within.join(&entry.name);
                if entry.is_dir { folder::remove_all(&path)? } else { folder::remove_file(&path)? }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_plain_and_unique() {
        assert_eq!(
            folder_name("team/Apps"),
            format!("team-apps-{}.git", &Digest::of(b"team/Apps").to_string()[..8])
        );
        let long = folder_name(&"ä/".repeat(300));
        assert!(
            long.len() == 93
                && long.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b))
        );
        assert_ne!(folder_name("a/b"), folder_name("a-b"));
    }
}
