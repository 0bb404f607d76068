//! The snapshot job: what it holds beside its mirrors, how it asks its sources, what stops it.

mod error;
mod options;
mod run;

pub(super) use error::CODES;
pub(super) use options::{agent_environment, mirror_options};
pub(super) use run::{Job, Published};
