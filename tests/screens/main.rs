//! The screens without a terminal: every key on every screen, looks as they were approved, hostile
//! names, the size of a repaint, and each action against its command.
//!
//! Looks are files in this folder. The suite never writes them; whoever changed a screen on purpose
//! writes them anew with `BLACKSTART_WRITE_SCREENS=1 cargo test --test screens looks` and reads the
//! difference.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::too_many_lines,
    unreachable_pub,
    reason = "tests"
)]

mod budget;
mod desk;
mod fields;
mod fixture;
mod hostile;
mod journey;
mod keys;
mod looks;
mod stopping;
#[path = "../support/mod.rs"]
mod support;
mod twins;
mod watching;
mod ways_back;
