//! How much care a target needs, and what a plan is bound to.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::model::digest::Digest;

/// How much care a target needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// Made for practice; may be planned and written in one go.
    Disposable,
    /// Stands by to take over.
    Standby,
    /// People depend on it.
    Production,
    /// Not a cluster: a folder of manifests.
    Directory,
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Disposable => "disposable",
            Self::Standby => "standby",
            Self::Production => "production",
            Self::Directory => "directory",
        })
    }
}

impl FromStr for Class {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "disposable" => Ok(Self::Disposable),
            "standby" => Ok(Self::Standby),
            "production" => Ok(Self::Production),
            _ => Err("expected disposable, standby or production".to_owned()),
        }
    }
}

/// What a plan is bound to: a name and the identity that stands behind it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// The target's name; `dir:PATH` for a folder.
    pub name: String,
    /// How much care it needs.
    pub class: Class,
    /// The UID of its `kube-system` namespace; none for a folder.
    pub uid: Option<String>,
    /// The digest of its certificate authority, where the kubeconfig has one.
    pub ca: Option<Digest>,
}
