//! Whether each `[[root]]` is in the mirrors: a folder that is not there would else come out when it is
//! needed, with two people and their keys already at the table.

use std::path::Path;

use super::{Failure, Kit, Ports};
use crate::config::RootBlock;
use crate::mirror;
use crate::model::event::Event;
use crate::model::git::Oid;
use crate::model::safe::safe;
use crate::render::RenderError;
use crate::repo::Bare;

/// Returns each root by name with the commit that holds its folder; none while it is not mirrored.
pub(super) fn look(kit: &Kit, state: &Path) -> Vec<(String, Result<Option<Oid>, Failure>)> {
    let name = |root: &RootBlock| safe(format!("{}:{}", root.repo, root.path));
    kit.config.file.root.iter().map(|root| (name(root), find(root, state))).collect()
}

fn find(root: &RootBlock, state: &Path) -> Result<Option<Oid>, Failure> {
    let mirror = state.join("mirrors").join(mirror::folder_name(&root.repo));
    if !Bare::is_at(&mirror) {
        return Ok(None);
    }
    let bare = Bare::open(&mirror)?;
    let commit = bare.resolve(root.revision.as_deref().unwrap_or("HEAD"))?;
    if bare.has_folder(commit, &root.path)? {
        return Ok(Some(commit));
    }
    Err(RenderError::NoFolder { repo: root.repo.clone(), path: root.path.clone() }.into())
}

/// Tells of roots that a plan would not find. A snapshot is no worse for it.
pub(super) fn warn(kit: &Kit, state: &Path, ports: &Ports<'_>) {
    for (name, found) in look(kit, state) {
        if let Err(failure) = found {
            let text = format!("[[root]] {name}: {failure}; nothing could be planned from it");
            ports.observer.event(&Event::Notice { code: failure.about().code, text });
        }
    }
}
