//! blackstart brings a GitOps platform back when its Git host is gone.
//!
//! The crate is built in floors. Each may import only what stands below it and what the table in
//! `tests/architecture.rs` allows; that test reads the sources and fails on any other edge.
//!
//! ```text
//! 7  main.rs → cli │ tui                       thin shells; never import each other
//! 6  app                                       one file per verb; wires things together
//! 5  plan → replay   drill   standin   handback   runbook   evidence
//! 4  store                                     where bundles live
//! 3  bundle                                    format, seal, open
//! 2  source → mirror → snapshot    render  closure  knowngood    target
//! 1  config  keys  disk  cluster  forge  tools  repo   edges: one outside thing each
//! 0  model   object   gitops                   words and pure rules: no I/O, no clock, no async
//! ```
//!
//! Floors that no issue has built yet are named above and absent below.

// Tests may write files as they like; `disk` is for what must survive.
#![cfg_attr(test, allow(clippy::disallowed_methods))]

pub mod app;
pub mod bundle;
pub mod cli;
pub mod cluster;
pub mod config;
pub mod disk;
pub mod keys;
pub mod mirror;
pub mod model;
pub mod object;
pub mod plan;
pub mod render;
pub mod replay;
pub mod repo;
pub mod snapshot;
pub mod source;
pub mod standin;
pub mod store;
pub mod target;
pub mod tools;
pub mod tui;
