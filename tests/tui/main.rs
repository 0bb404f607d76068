//! The screens and the lines as people meet them: in a terminal emulator, and through pipes, on real
//! bundles and a real API server.

#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "tests")]
#![allow(unreachable_pub, reason = "tests")]

mod closing;
mod emergency;
mod help;
mod kit;
mod lines;
mod many;
mod panics;
mod passphrase;
mod pipe;
mod slow;
#[path = "../support/mod.rs"]
mod support;
mod terminals;
mod tmux;
