//! From mirrors to a snapshot: what is listed is what each mirror's refs were proven to hold.

use super::view::{Excluded, Flags, PackFile, Pinned, RepoView, Snapshot};
use crate::disk::DiskError;
use crate::mirror::{Class, Mirrored};
use crate::model::clock::Timestamp;
use crate::repo::{Bare, Pack, RepoError};

/// Freezes what an update of the mirrors left. Packs are write-once, so listing them is enough.
pub fn freeze(mirrored: &[Mirrored], taken: Timestamp) -> Result<Snapshot, RepoError> {
    let (mut repos, mut excluded) = (Vec::new(), Vec::new());
    for mirror in mirrored {
        match &mirror.path {
            None => excluded.push(missing(mirror)),
            Some(path) => repos.push(view(mirror, pack_files(&Bare::open(path)?)?)),
        }
    }
    repos.sort_by(|one, other| one.name.cmp(&other.name));
    excluded.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(Snapshot { taken, repos, excluded })
}

fn missing(mirror: &Mirrored) -> Excluded {
    Excluded {
        name: mirror.name.clone(),
        url: mirror.url.clone(),
        required: mirror.class == Class::Required,
        state: mirror.state.word().to_owned(),
        reason: mirror.fault.as_ref().map_or_else(String::new, ToString::to_string),
    }
}

fn view(mirror: &Mirrored, packs: Vec<PackFile>) -> RepoView {
    let pinned = |pin: &crate::mirror::Pin| Pinned { name: pin.name.clone(), oid: pin.oid };
    RepoView {
        name: mirror.name.clone(),
        url: mirror.url.clone(),
        required: mirror.class == Class::Required,
        format: mirror.format,
        refs: mirror.refs.clone(),
        packs,
        pins: mirror.pins.iter().map(pinned).collect(),
        state: mirror.state.word(),
        current: mirror.state.is_current(),
        fault: mirror.fault.as_ref().map(ToString::to_string),
        findings: mirror.findings.clone(),
        flags: Flags {
            empty: mirror.refs.tips.is_empty(),
            lfs: mirror.flags.lfs,
            submodules: mirror.flags.submodules,
            shallow: mirror.flags.shallow,
            archived: false,
        },
        proven: mirror.proven_at,
    }
}

fn pack_files(repo: &Bare) -> Result<Vec<PackFile>, RepoError> {
    let mut files = Vec::new();
    for Pack { stem, pack, index } in repo.packs()? {
        for (path, extension) in [(index, "idx"), (pack, "pack")] {
            let size = path.metadata().map_err(DiskError::at("read", &path))?.len();
            files.push(PackFile { file: format!("{stem}.{extension}"), path, size });
        }
    }
    files.sort_by(|one, other| one.file.cmp(&other.file));
    Ok(files)
}
