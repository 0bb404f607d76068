//! Journeys: what people do with blackstart, through the binary, with real components.
//!
//! Each file is one promise and reads as a story. They are numbered in the order in which a new
//! user meets them.

#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "tests")]

#[path = "../support/mod.rs"]
mod support;

#[path = "13_a_bad_night.rs"]
mod bad_night;
#[path = "06_bundle_file.rs"]
mod bundle_file;
#[path = "10_demo.rs"]
mod demo;
#[path = "02_every_transport.rs"]
mod every_transport;
#[path = "01_first_snapshot.rs"]
mod first_snapshot;
#[path = "04_hour_after_hour.rs"]
mod hour_after_hour;
#[path = "14_a_log.rs"]
mod log;
#[path = "03_partial_truth.rs"]
mod partial_truth;
#[path = "12_a_platform.rs"]
mod platform;
#[path = "15_real_repositories.rs"]
mod real_repositories;
#[path = "08_replay.rs"]
mod replay;
#[path = "07_through_a_registry.rs"]
mod through_a_registry;
#[path = "09_two_people.rs"]
mod two_people;
#[path = "11_words_on_paper.rs"]
mod words_on_paper;
#[path = "05_wrong_things.rs"]
mod wrong_things;
