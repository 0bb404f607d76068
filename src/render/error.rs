//! What can go wrong between a folder and its objects.

use crate::disk::DiskError;
use crate::model::cancel::{CANCELLED, Cancelled};
use crate::model::explain::{About, Explain, Kind};
use crate::object::ObjectError;
use crate::tools::ToolsError;

/// A folder that does not become objects.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RenderError {
    /// The folder is not in the repository.
    #[error("{repo} has no folder {path:?}")]
    NoFolder {
        /// The repository's name.
        repo: String,
        /// The folder.
        path: String,
    },
    /// A kustomization, and no kustomize.
    #[error("{path} is a kustomization, and neither kustomize nor kubectl is on this machine")]
    NoKustomize {
        /// The folder, with its repository.
        path: String,
    },
    /// kustomize refused.
    #[error("kustomize cannot build {path}: {source}")]
    Kustomize {
        /// The folder, with its repository.
        path: String,
        /// What it said.
        source: ToolsError,
    },
    /// More files or levels than any real repository has.
    #[error("{path} holds more than {limit} {unit}")]
    TooMuch {
        /// The folder, with its repository.
        path: String,
        /// The limit.
        limit: usize,
        /// `files` or `levels`.
        unit: &'static str,
    },
    /// A file is no manifest; the error names it.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// A file cannot be read; the error names it.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// Someone asked to stop.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

static NO_FOLDER: About = About {
    code: "B1301",
    kind: Kind::Usage,
    meaning: "The folder named is not in that repository at that revision.",
    next: "look at what is there: blackstart extract --worktree REV",
};
static NO_KUSTOMIZE: About = About {
    code: "B1302",
    kind: Kind::Failed,
    meaning: "The folder is built by kustomize, or by the kustomize in kubectl, and this machine has \
              neither. blackstart runs the real one, because an imitation could build something else.",
    next: "put kustomize or kubectl (one file each) beside blackstart or into PATH, then run again",
};
static KUSTOMIZE: About = About {
    code: "B1303",
    kind: Kind::Failed,
    meaning: "kustomize refused the folder. It runs without network, so what it would fetch is \
              missing; files outside its own folder are refused as kustomize does by default.",
    next: "read what it said; vendor remote bases into the repository",
};
static TOO_MUCH: About = About {
    code: "B1304",
    kind: Kind::Failed,
    meaning: "The folder is larger or deeper than a folder of manifests can be.",
    next: "name a folder that holds manifests only",
};

/// The codes of this module.
pub static CODES: &[&About] = &[&NO_FOLDER, &NO_KUSTOMIZE, &KUSTOMIZE, &TOO_MUCH];

impl Explain for RenderError {
    fn about(&self) -> &'static About {
        match self {
            Self::NoFolder { .. } => &NO_FOLDER,
            Self::NoKustomize { .. } => &NO_KUSTOMIZE,
            Self::Kustomize { .. } => &KUSTOMIZE,
            Self::TooMuch { .. } => &TOO_MUCH,
            Self::Object(error) => error.about(),
            Self::Disk(error) => error.about(),
            Self::Cancelled(_) => &CANCELLED,
        }
    }
}
