//! What the tests that run real programs share: a hermetic environment for the binary, Git
//! repositories of every kind, servers of every temper, and the components of the set-up.

#![allow(dead_code, reason = "each test binary uses its part")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::missing_panics_doc,
    unreachable_pub,
    reason = "tests"
)]

pub mod cluster;
pub mod component;
pub mod estate;
pub mod git;
pub mod https;
pub mod kit;
pub mod proxy;
pub mod sandbox;
pub mod second_reader;
pub mod server;
pub mod zoo;
