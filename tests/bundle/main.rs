//! Bundles as others see them: the printed card, damaged media, every format ever released.

#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "tests")]

#[path = "../support/mod.rs"]
mod support;

mod card;
mod compromised;
mod flips;
mod forged;
mod golden;
mod honesty;
mod insider;
mod tamper;
mod terminals;
mod verifier;
