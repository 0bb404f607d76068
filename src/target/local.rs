//! How a cluster was made that was made here.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// What `target create` made, so that `target delete` takes away exactly that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case", deny_unknown_fields)]
pub enum Local {
    /// etcd and kube-apiserver, with everything in this folder.
    ControlPlane {
        /// The folder.
        folder: PathBuf,
    },
    /// A cluster of kind.
    Kind {
        /// Its name in kind.
        cluster: String,
        /// The folder of its kubeconfig.
        folder: PathBuf,
    },
    /// A k3s server, with everything in this folder.
    K3s {
        /// The folder.
        folder: PathBuf,
    },
}

impl fmt::Display for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ControlPlane { folder } => write!(f, "control plane in {}", folder.display()),
            Self::Kind { cluster, .. } => write!(f, "kind cluster {cluster}"),
            Self::K3s { folder } => write!(f, "k3s in {}", folder.display()),
        }
    }
}

impl Local {
    /// Returns the folder that holds everything of it.
    pub fn folder(&self) -> &Path {
        match self {
            Self::ControlPlane { folder } | Self::Kind { folder, .. } | Self::K3s { folder } => {
                folder
            }
        }
    }
}
