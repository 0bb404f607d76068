//! The card: who a cluster was when it got its name, and what was said about it since.

use serde::{Deserialize, Serialize};

use super::class::{Binding, Class};
use super::local::Local;
use super::suspicion::Accepted;
use crate::cluster::Identity;
use crate::model::clock::Timestamp;

/// A card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Card {
    pub(super) format_version: u32,
    /// The target's name.
    pub name: String,
    /// How much care it needs.
    pub class: Class,
    /// The context that was chosen when it was added.
    pub context: String,
    /// Who the cluster was when it was added.
    pub identity: Identity,
    /// When that was.
    pub added: Timestamp,
    /// The program that its kubeconfig runs to get credentials, where it does.
    pub runs: Option<String>,
    /// Signs that do not fit the class and that a person accepted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accepted: Vec<Accepted>,
    /// Clusters that had this name before, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former: Vec<Former>,
    /// How it was made, for a cluster that was made here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local: Option<Local>,
}

/// A cluster that had the name before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Former {
    /// Who it was.
    pub identity: Identity,
    /// When it got the name.
    pub added: Timestamp,
    /// When it lost it.
    pub replaced: Timestamp,
}

impl Card {
    /// Returns what plans are bound to.
    pub fn binding(&self) -> Binding {
        Binding {
            name: self.name.clone(),
            class: self.class,
            uid: Some(self.identity.uid.clone()),
            ca: self.identity.ca,
        }
    }
}
