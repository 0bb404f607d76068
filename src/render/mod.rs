//! From a folder of sources to Kubernetes objects.
//!
//! A folder with a kustomization file is built by the real kustomize, run hermetically; any other
//! folder is plain manifests, and a folder below it that has a kustomization file is built and not
//! entered, as Flux has it. kustomize is never re-implemented here.

mod error;
mod kustomize;
mod plain;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::model::cancel::Cancel;
use crate::object::Object;
use crate::tools::Tools;

pub use error::{CODES, RenderError};
pub use kustomize::builds_with;

/// Where an object comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Provenance {
    /// The repository's name.
    pub repo: String,
    /// The commit.
    pub revision: String,
    /// The file, or the folder that kustomize built.
    pub path: String,
}

/// What to render: a folder of an exported revision.
#[derive(Clone, Debug)]
pub struct Root {
    /// The repository's name.
    pub repo: String,
    /// The commit.
    pub revision: String,
    /// Where the whole revision was exported to; a kustomization may refer to its neighbours.
    pub folder: PathBuf,
    /// The folder inside it; empty for the top.
    pub path: String,
}

/// One object with its origin.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// The object.
    pub object: Object,
    /// Where it comes from.
    pub provenance: Provenance,
}

/// What a root gives.
#[derive(Clone, Debug, Default)]
pub struct Rendered {
    /// The objects, in order of their files.
    pub items: Vec<Item>,
    /// What a person should know, fit to be shown.
    pub findings: Vec<String>,
}

/// Renders a root.
pub fn render(root: &Root, tools: &Tools, cancel: &Cancel) -> Result<Rendered, RenderError> {
    let mut work = Work { root, tools, cancel, rendered: Rendered::default() };
    work.root()?;
    Ok(work.rendered)
}

/// One rendering under way.
struct Work<'a> {
    root: &'a Root,
    tools: &'a Tools,
    cancel: &'a Cancel,
    rendered: Rendered,
}

impl Work<'_> {
    fn root(&mut self) -> Result<(), RenderError> {
        let path = self.root.path.trim_matches('/').to_owned();
        let escapes = path.split('/').any(|part| part == "..");
        let folder = self.root.folder.join(&path);
        if escapes || !folder.is_dir() {
            return Err(RenderError::NoFolder { repo: self.root.repo.clone(), path });
        }
        self.folder(&folder, &path, 0)
    }

    fn provenance(&self, path: &str) -> Provenance {
        Provenance {
            repo: self.root.repo.clone(),
            revision: self.root.revision.clone(),
            path: path.to_owned(),
        }
    }

    /// Takes in the objects of one text.
    fn take(&mut self, bytes: &[u8], path: &str) -> Result<(), RenderError> {
        let origin = format!("{}:{}", self.root.repo, if path.is_empty() { "." } else { path });
        let origin = crate::model::safe::safe(origin);
        let read = crate::object::read(bytes, &origin, &crate::object::Limits::default())?;
        let provenance = self.provenance(path);
        let items = read.objects.into_iter();
        let items = items.map(|object| Item { object, provenance: provenance.clone() });
        self.rendered.items.extend(items);
        let found = read.findings.iter();
        let found = found.map(|found| format!("{origin}, line {}: {}", found.line, found.text));
        self.rendered.findings.extend(found);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
