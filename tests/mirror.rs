//! Mirrors of real repositories: by path, over http and https, over ssh, and of hosts that
//! misbehave.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "tests"
)]

mod support;

#[path = "mirror/estate.rs"]
mod estate;
#[path = "mirror/guards.rs"]
mod guards;
#[path = "mirror/hostile.rs"]
mod hostile;
#[path = "mirror/hosts.rs"]
mod hosts;
#[path = "mirror/paths.rs"]
mod paths;
#[path = "mirror/running.rs"]
mod running;
#[path = "mirror/web.rs"]
mod web;
