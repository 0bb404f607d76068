//! What a replay may write to: named clusters, bound by identity, and folders.
//!
//! A target card says which cluster a name stands for: the UID of its `kube-system` namespace and
//! its certificate authority. Addresses may change and are told; another identity is refused. A
//! context name is never identity.
//!
//! | file | holds |
//! |---|---|
//! | `card` | cards: added, listed, loaded, opened and verified |
//! | `selector` | `NAME` or `dir:PATH` |
//! | `control_plane` | etcd and kube-apiserver on loopback, for drills and demos |
//! | `authority` | the certificates of such a control plane |
//! | `process` | the children it runs, stopped as a group |

mod authority;
mod card;
mod control_plane;
mod error;
mod process;
mod selector;

pub use card::{Binding, Card, Class, Opened, Reach, Targets, open_directory, verify};
pub use control_plane::{Assets, ControlPlane};
pub use error::{CODES, TargetError};
pub use selector::Selector;
