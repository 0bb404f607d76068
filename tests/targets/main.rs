//! Targets: who a name stands for, what does not fit, clusters of this machine, and `assess`, all
//! through the binary and on real control planes.

#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "tests")]

#[path = "../support/mod.rs"]
mod support;

mod assess;
mod cards;
mod local;
