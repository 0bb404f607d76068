//! Replays that are cut off, refused, held up or disturbed, on real API servers.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::similar_names,
    reason = "tests"
)]

mod aggregated;
mod cut;
mod definitions;
mod direct;
mod ended;
mod guards;
mod lease;
mod once;
mod outage;
mod place;
#[path = "../support/mod.rs"]
mod support;
mod webhook;
