//! What was told at the end of a run, kept in its folder: who comes later sees the same.
//!
//! It is written before the journal says that the run has ended, and it counts only when the journal
//! says the same: the same end, of the same part of the run. A run that goes on, or was cut off later,
//! has none; nor has one whose report is damaged.

use std::path::Path;

use serde_json::Value;

use super::FORMAT_VERSION;
use super::replay::Report;
use crate::model::safe::safe;
use crate::replay::{Folder, Past, ReplayError, kept_report};

/// Keeps a report.
pub(super) fn keep(folder: &Folder, report: &Report) -> Result<(), ReplayError> {
    let mut bytes = serde_json::to_vec_pretty(report)
        .map_err(|error| ReplayError::Journal { why: error.to_string() })?;
    bytes.push(b'\n');
    folder.keep_report(&bytes)
}

/// Returns the report of a run that has ended.
pub(super) fn of(path: &Path, past: &Past) -> Option<Report> {
    let ended = past.finished?;
    let value: Value = serde_json::from_slice(&kept_report(path)?).ok()?;
    let report: Report = serde_json::from_value(made_safe(value)).ok()?;
    let same = report.format_version == FORMAT_VERSION
        && report.run.as_ref() == Some(&past.opening.run)
        && (report.verdict, report.outcome.verdict()) == (ended, ended)
        && report.resumed == past.resumed;
    same.then_some(report)
}

/// A folder may have come from anywhere.
fn made_safe(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(safe(text)),
        Value::Array(all) => all.into_iter().map(made_safe).collect(),
        Value::Object(fields) => {
            fields.into_iter().map(|(name, value)| (name, made_safe(value))).collect()
        }
        other => other,
    }
}
