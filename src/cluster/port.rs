//! The port: what the rest of the program may ask of a cluster.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::ClusterError;
use super::kinds::{Kinds, ServedKind};
use crate::model::digest::Digest;
use crate::object::Object;

/// The field manager under which everything is applied.
pub const MANAGER: &str = "blackstart";

/// The namespace of what blackstart keeps on a cluster for itself.
pub const OWN_NAMESPACE: &str = "blackstart-system";

/// What makes a cluster this cluster. Its addresses and serving keys may change; the identifier of
/// its first namespace and its certificate authority do not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Identity {
    /// The UID of the namespace `kube-system`.
    pub uid: String,
    /// The digest of the certificate authority that the connection was checked against; none where
    /// the kubeconfig leaves that to the operating system.
    pub ca: Option<Digest>,
    /// The address that was asked.
    pub server: String,
    /// The server's version, such as `v1.35.4`.
    pub version: String,
}

/// How to apply.
#[derive(Clone, Copy, Debug)]
pub struct ApplyOptions {
    /// The field manager.
    pub manager: &'static str,
    /// Take over fields that another manager holds. Never a default.
    pub force: bool,
    /// Ask what would happen and store nothing.
    pub dry_run: bool,
}

impl ApplyOptions {
    /// Applies for real, without taking over anything.
    pub const REAL: Self = Self { manager: MANAGER, force: false, dry_run: false };
    /// Asks what would happen.
    pub const DRY: Self = Self { manager: MANAGER, force: false, dry_run: true };
}

/// What applying gave.
#[derive(Clone, Debug)]
pub struct Applied {
    /// The object as the server now has it, or would have it.
    pub live: Value,
    /// Whether it was not there before.
    pub created: bool,
    /// The server's `Warning` headers, fit to be shown.
    pub warnings: Vec<String>,
}

/// A cluster. Methods block, may be called from several threads, and end within the adapter's time
/// limits. None deletes.
pub trait Cluster: Send + Sync {
    /// Reads who the cluster is, from the cluster.
    fn identity(&self) -> Result<Identity, ClusterError>;

    /// Reads what the cluster serves now.
    fn kinds(&self) -> Result<Kinds, ClusterError>;

    /// Reads one object; `None` when it is not there.
    fn get(
        &self,
        kind: &ServedKind,
        namespace: Option<&str>,
        name: &str,
    ) -> Result<Option<Value>, ClusterError>;

    /// Reads all objects of a kind.
    fn list(&self, kind: &ServedKind) -> Result<Vec<Value>, ClusterError>;

    /// Applies one object on the server's side.
    fn apply(
        &self,
        kind: &ServedKind,
        object: &Object,
        options: &ApplyOptions,
    ) -> Result<Applied, ClusterError>;

    /// Asks whether these credentials may do `verb` with objects of a kind, anywhere. Stores
    /// nothing.
    fn may(&self, verb: &str, kind: &ServedKind) -> Result<bool, ClusterError>;

    /// Creates one object, whose name must be free: [`ClusterError::Taken`] else.
    fn create(&self, kind: &ServedKind, object: &Object) -> Result<Applied, ClusterError>;

    /// Replaces one object that is still at the resource version which `object` carries:
    /// [`ClusterError::Overtaken`] else.
    fn replace(&self, kind: &ServedKind, object: &Object) -> Result<Applied, ClusterError>;
}
