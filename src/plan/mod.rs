//! What a replay would do, as a value.
//!
//! A plan compares what is desired with what is on the target and cuts it into waves. It is bound
//! to the bundle, the target's identity and the objects by its digest. It never deletes. Nothing
//! can be replayed but an [`Approved`], and only [`Planned::approve`] makes one.
//!
//! | file | holds |
//! |---|---|
//! | `index` | the objects of a plan, found by what others call them |
//! | `units` | which objects one engine's object reconciles |
//! | `explicit`, `inferred` | who needs whom: by what is written, by what they are |
//! | `graph` | contradictions dropped, circles named, an order |
//! | `stages` | the order, cut into what can go at the same time |
//! | `arrange` | all of that, as waves of items with what each needs |
//! | `desired` | the objects that should be there, with their origin |
//! | `source` | the folders of repositories that a plan begins with |
//! | `scope` | which kinds live in namespaces, who defines them |
//! | `undefined` | kinds that nobody defines, and what waits behind their objects |
//! | `settle` | the objects a plan is about, each where it belongs |
//! | `choice` | which of two origins of one object counts |
//! | `suspend` | engines and clocks held back |
//! | `elsewhere` | what engines in the plan point to, of which nothing is in it |
//! | `dangling` | sources that engines' objects refer to and that are nowhere |
//! | `lasting` | what of it is still so when it was carried out |
//! | `runners` | whether anything runs what engines' objects tell |
//! | `lockout` | webhooks that would lock themselves out |
//! | `live` | what is on the target already |
//! | `proof` | that nothing would change, without asking |
//! | `compare` | what differs between a dry run and what is live |
//! | `rejoin` | an approved plan joined with its objects once more |
//! | `make` | the plan made |
//! | `value` | the plan itself: waves, items, notes, digest, file |
//! | `approve` | the confirmation that turns a plan into an order |

mod approve;
mod arrange;
mod choice;
mod compare;
mod dangling;
mod desired;
mod elsewhere;
mod error;
mod explicit;
mod graph;
mod index;
mod inferred;
mod lasting;
mod live;
mod lockout;
mod make;
mod notes;
mod parallel;
mod proof;
mod rejoin;
mod runners;
#[cfg(test)]
pub(crate) mod sample;
mod scope;
mod settle;
mod source;
mod stages;
mod suspend;
mod undefined;
mod units;
mod value;

pub use approve::{Approved, Bound, Confirmation};
pub use choice::Choice;
pub use desired::Desired;
pub use elsewhere::followed;
pub use error::{CODES, PlanError};
pub use make::{Against, make};
pub use parallel::each;
pub use rejoin::rejoin;
pub use source::Source;
pub use undefined::Undefined;
pub use value::{Action, Counts, Item, Need, Note, Plan, Planned, Until, Wave};

#[cfg(test)]
mod tests;
