//! What a replay may write to: named clusters, bound by identity, and folders.
//!
//! A target card says which cluster a name stands for: the UID of its `kube-system` namespace and
//! its certificate authority. Addresses may change and are told; another identity is refused. A
//! context name is never identity.
//!
//! A cluster that does not look like its class is refused, by `target add` as by a replay, until a
//! person accepts the sign by its word and gives a reason.
//!
//! | file | holds |
//! |---|---|
//! | `class` | how much care a target needs; what a plan is bound to |
//! | `card` | the card of one cluster |
//! | `meeting` | a cluster without a name: who it is, what it shows, what of that is accepted |
//! | `targets` | all cards: added, replaced, accepted, removed, opened |
//! | `open` | an opened target, and the proof that it is the right one |
//! | `facts` | what a cluster shows of the life it leads |
//! | `suspicion` | which signs do not fit which class |
//! | `rights` | what the credentials allow |
//! | `selector` | `NAME` or `dir:PATH` |
//! | `local` | how a cluster was made that was made here |
//! | `create` | a cluster made here, with its card; and taken away again |
//! | `kind` | the command lines of kind |
//! | `k3s` | the command line of k3s |
//! | `launch` | programs started together, and the record of those that go on |
//! | `control_plane` | etcd and kube-apiserver on loopback, for drills and demos |
//! | `authority` | the certificates of such a control plane |
//! | `process` | the children it runs, stopped as a group |

mod authority;
mod card;
mod class;
mod control_plane;
mod create;
mod error;
mod facts;
mod k3s;
mod kind;
mod launch;
mod local;
mod meeting;
mod open;
mod process;
mod rights;
mod selector;
mod suspicion;
mod targets;

pub use card::{Card, Former};
pub use class::{Binding, Class};
pub use control_plane::{Assets, ControlPlane};
pub use create::{Kitchen, Make};
pub use error::{CODES, TargetError};
pub use facts::{Engine, Facts, is_first_day};
pub use local::Local;
pub use meeting::New;
pub use open::{Opened, Reach, open_directory, verify};
pub use selector::Selector;
pub use suspicion::{Accepted, Finding, Sign};
pub use targets::Targets;
