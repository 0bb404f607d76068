//! The edge to Kubernetes: one blocking port, a real adapter, a fake, and a folder.
//!
//! | file | holds |
//! |---|---|
//! | `port` | the port [`Cluster`] and the words it speaks |
//! | `kinds` | what a cluster serves, read from its discovery |
//! | `kubeconfig` | an explicit kubeconfig, flattened to one context |
//! | `kube` | the adapter over `kube`'s client; async stays inside |
//! | `status` | what the API server's refusals mean |
//! | `memory` | a fake with scripted faults |
//! | `directory` | manifests in order, to carry to another host |
//!
//! `KUBECONFIG` and `~/.kube/config` are never consulted, and nothing here deletes.

mod directory;
mod error;
mod kinds;
mod kube;
mod kubeconfig;
mod memory;
mod port;
mod status;

pub use directory::{Directory, Entry, Held, Leftover};
pub use error::{CODES, Class, ClusterError, FieldConflict};
pub use kinds::{Kinds, ServedKind};
pub use kube::{Connect, KubeCluster};
pub use kubeconfig::Access;
pub use memory::{Fault, MemoryCluster};
pub use port::{Applied, ApplyOptions, Cluster, Identity, MANAGER, OWN_NAMESPACE};
