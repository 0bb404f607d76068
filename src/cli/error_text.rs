//! How a failure is said on stderr: as lines, or as JSON.

use serde::Serialize;

use super::args::Global;
use super::shell::say;
use crate::app::Failure;
use crate::model::safe::safe_json;

#[derive(Serialize)]
struct Json<'a> {
    format_version: u32,
    error: Error<'a>,
}

#[derive(Serialize)]
struct Error<'a> {
    code: &'static str,
    what: String,
    done: Option<&'a str>,
    next: String,
    exit: u8,
}

/// Says what went wrong, on stderr.
pub(super) fn print(failure: &Failure, global: &Global) {
    let about = failure.about();
    if global.json {
        let error = Error {
            code: about.code,
            what: failure.to_string(),
            done: failure.done(),
            next: failure.next(),
            exit: about.kind.exit_code(),
        };
        say(&safe_json(
            &serde_json::to_string(&Json { format_version: 1, error }).unwrap_or_default(),
        ));
        return;
    }
    failure.told().lines().iter().for_each(|line| say(line));
}
