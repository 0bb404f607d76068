//! How a failure is said on stderr: as lines, or as JSON.

use serde::Serialize;

use super::args::Global;
use super::shell::say;
use crate::app::Failure;
use crate::app::event_log::Failed;
use crate::model::safe::safe_json;

#[derive(Serialize)]
struct Json {
    format_version: u32,
    #[serde(flatten)]
    failed: Failed,
}

/// Says what went wrong, on stderr.
pub(super) fn print(failure: &Failure, global: &Global) {
    if global.json {
        let json = Json { format_version: 1, failed: failure.into() };
        say(&safe_json(&serde_json::to_string(&json).unwrap_or_default()));
        return;
    }
    failure.told().lines().iter().for_each(|line| say(line));
}
