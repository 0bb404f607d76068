//! Mirrors against the real git: by path, over http, over ssh, and against hosts that misbehave.

#[path = "mirror/paths.rs"]
mod paths;
#[path = "mirror/zoo.rs"]
mod zoo;
