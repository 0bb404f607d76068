//! Faults from outside: kill -9 at every durable write, disks that are full or may not be written,
//! two writers at once, wrong clocks, and eyes on everything that could leak a secret.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "tests"
)]

#[path = "../support/mod.rs"]
mod support;

mod clocks;
mod disks;
mod kill;
mod prune;
mod secrets;
mod together;
mod tracer;
