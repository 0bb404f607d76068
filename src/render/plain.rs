//! Folders of plain manifests: every `*.yaml`, `*.yml` and `*.json` below, hidden ones left out.

use std::path::Path;

use super::error::RenderError;
use super::{Work, kustomize};
use crate::disk::{folder, limit};

const MAX_FILE: u64 = 32 << 20;
const MAX_OBJECTS: usize = 200_000;
const MAX_DEPTH: usize = 64;

impl Work<'_> {
    /// Renders `folder`, whose place in the repository is `path`.
    pub(super) fn folder(
        &mut self,
        folder: &Path,
        path: &str,
        depth: usize,
    ) -> Result<(), RenderError> {
        self.cancel.check()?;
        if depth > MAX_DEPTH {
            return Err(self.too_much(path, MAX_DEPTH, "levels"));
        }
        if kustomize::is_kustomization(folder) {
            return self.kustomize(folder, path);
        }
        for entry in folder::list(folder)? {
            let name = entry.name.to_string_lossy();
            if name.starts_with('.') {
                continue;
            }
            let below = if path.is_empty() { name.to_string() } else { format!("{path}/{name}") };
            if entry.is_dir {
                self.folder(&folder.join(&entry.name), &below, depth + 1)?;
            } else if is_manifest(&name) {
                let bytes = limit::read(&folder.join(&entry.name), MAX_FILE)?;
                self.take(&bytes, &below)?;
            }
            if self.rendered.items.len() > MAX_OBJECTS {
                return Err(self.too_much(path, MAX_OBJECTS, "objects"));
            }
        }
        Ok(())
    }

    fn too_much(&self, path: &str, limit: usize, unit: &'static str) -> RenderError {
        RenderError::TooMuch { path: self.place(path), limit, unit }
    }

    pub(super) fn place(&self, path: &str) -> String {
        let path = if path.is_empty() { "." } else { path };
        crate::model::safe::safe(format!("{}:{path}", self.root.repo))
    }
}

fn is_manifest(name: &str) -> bool {
    Path::new(name)
        .extension()
        .is_some_and(|extension| ["yaml", "yml", "json"].iter().any(|known| extension == *known))
}
