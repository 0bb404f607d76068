//! Getting parts out of stores: checked in place, or copied while they are hashed.
//!
//! Several stores may be given; the first good copy of each part wins. What is used is always the
//! private copy whose digest was checked, never the medium, which may answer differently the second
//! time.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::error::BundleError;
use super::manifest::{Manifest, PartRef};
use super::port::Parts;
use super::workers::side_by_side;
use crate::disk::scratch;
use crate::model::cancel::Cancel;
use crate::model::digest::{Hashing, hash_reader};
use crate::model::event::{Event, Observer};

/// Parts up to this size are held in memory while they are opened, in bytes.
const IN_MEMORY: u64 = 8 << 20;

/// What became of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PartState {
    /// A good copy is in this place.
    Good(String),
    /// No place has it.
    Missing,
    /// Every copy is damaged; where the first one is.
    Damaged(String),
}

/// Hashes every part of `manifest` where it lies. Nothing is used.
pub fn check(
    manifest: &Manifest,
    sources: &[&dyn Parts],
    observer: &dyn Observer,
    cancel: &Cancel,
) -> Result<Vec<(PartRef, PartState)>, BundleError> {
    let parts: Vec<&PartRef> = manifest.parts().collect();
    let total: u64 = parts.iter().map(|part| part.size).sum();
    let states = side_by_side(&parts, |part| {
        cancel.check()?;
        let state = check_one(part, sources);
        Ok::<_, BundleError>(((*part).clone(), state))
    })?;
    observer.event(&Event::Progress {
        phase: "verify",
        done: total,
        total: Some(total),
        unit: "bytes",
    });
    Ok(states)
}

fn check_one(part: &PartRef, sources: &[&dyn Parts]) -> PartState {
    let mut state = PartState::Missing;
    for source in sources {
        let place = source.place();
        let found = match source.part(&part.digest) {
            Ok(Some(from)) => hash_reader(from.take(part.size.saturating_add(1))),
            Ok(None) => continue,
            Err(error) => Err(error),
        };
        match found {
            Ok((digest, size)) if digest == part.digest && size == part.size => {
                return PartState::Good(place);
            }
            // A medium that cannot be read here may be readable elsewhere.
            Ok(_) | Err(_) if state == PartState::Missing => state = PartState::Damaged(place),
            Ok(_) | Err(_) => {}
        }
    }
    state
}

/// A checked private copy of a part.
pub enum Copy {
    /// A small one.
    Memory(io::Cursor<Vec<u8>>),
    /// A large one, in a file without a name.
    File(std::fs::File),
}

impl Read for Copy {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Memory(bytes) => bytes.read(buffer),
            Self::File(file) => file.read(buffer),
        }
    }
}

/// Copies a part out of the first source that has it whole.
pub fn copy(part: &PartRef, sources: &[&dyn Parts], workspace: &Path) -> Result<Copy, BundleError> {
    let mut what = "missing".to_owned();
    for source in sources {
        let from = match source.part(&part.digest) {
            Ok(Some(from)) => from,
            Ok(None) => continue,
            Err(error) => {
                what = format!("unreadable in {}: {error}", source.place());
                continue;
            }
        };
        let mut from = Hashing::new(from.take(part.size.saturating_add(1)));
        let copied = if part.size <= IN_MEMORY {
            to_memory(&mut from, part.size)
        } else {
            to_file(&mut from, workspace)?
        };
        let (_, digest, size) = from.finish();
        match copied {
            Ok(copied) if digest == part.digest && size == part.size => return Ok(copied),
            Ok(_) => what = format!("damaged in {}", source.place()),
            Err(error) => what = format!("unreadable in {}: {error}", source.place()),
        }
    }
    Err(BundleError::Part { digest: part.digest.to_string(), kind: part.kind.word(), what })
}

fn to_memory(from: &mut impl Read, size: u64) -> io::Result<Copy> {
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0) + 1);
    from.read_to_end(&mut bytes)?;
    Ok(Copy::Memory(io::Cursor::new(bytes)))
}

fn to_file(from: &mut impl Read, workspace: &Path) -> Result<io::Result<Copy>, BundleError> {
    let mut file = scratch::file(workspace)?;
    let mut buffer = vec![0; 1 << 18];
    loop {
        let count = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) => return Ok(Err(error)),
        };
        // A workspace that is full is our failure; a medium that cannot be read is not.
        file.write_all(&buffer[..count])
            .map_err(BundleError::at("write in", workspace.display().to_string()))?;
    }
    let rewound = file.seek(SeekFrom::Start(0));
    rewound.map_err(BundleError::at("read in", workspace.display().to_string()))?;
    Ok(Ok(Copy::File(file)))
}
