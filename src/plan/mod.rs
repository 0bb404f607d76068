//! What a replay would do, as a value.
//!
//! A plan compares what is desired with what is on the target and cuts it into waves. It is bound
//! to the bundle, the target's identity and the objects by its digest. It never deletes. Nothing
//! can be replayed but an [`Approved`], and only [`Planned::approve`] makes one.
//!
//! | file | holds |
//! |---|---|
//! | `desired` | the objects that should be there, with their origin |
//! | `source` | the folders of repositories that a plan begins with |
//! | `scope` | which kinds live in namespaces, who defines them |
//! | `settle` | the objects a plan is about, each where it belongs |
//! | `live` | what is on the target already |
//! | `compare` | what differs between a dry run and what is live |
//! | `waves` | the order, cut into what can go at the same time |
//! | `make` | the plan made |
//! | `value` | the plan itself: waves, items, notes, digest, file |
//! | `approve` | the confirmation that turns a plan into an order |

mod approve;
mod compare;
mod desired;
mod error;
mod live;
mod make;
mod notes;
mod parallel;
mod scope;
mod settle;
mod source;
mod value;
mod waves;

pub use approve::{Approved, Bound, Confirmation};
pub use desired::Desired;
pub use error::{CODES, PlanError};
pub use make::{Against, make};
pub use parallel::each;
pub use source::Source;
pub use value::{Action, Counts, Item, Need, Note, Plan, Planned, Until, Wave};

#[cfg(test)]
mod tests;
