//! `keys`: who can open, made and changed in ceremonies, proven in drills.

pub mod list;
pub mod new;
pub mod prove;
pub mod seal;
pub mod unwrap;

pub use super::ceremony::OpenersRequest;
pub use crate::keys::seal::OpenPolicy;
