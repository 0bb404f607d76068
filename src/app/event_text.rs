//! Events as lines for people, shared by both shells.

use std::time::Duration;

use super::text;
use crate::model::event::Event;

/// Returns the line of an event; none for those that say nothing new to a person.
pub fn line(event: &Event) -> Option<String> {
    Some(match event {
        Event::PhaseStarted { phase } => format!("{phase} …"),
        Event::Progress { phase, done, total, unit } => {
            let of = total.map_or_else(String::new, |total| format!(" of {}", amount(total, unit)));
            format!(
                "{phase}: {}{of} {}",
                amount(*done, unit),
                if *unit == "bytes" { "" } else { unit }
            )
        }
        Event::StillWorking { phase, seconds } => {
            format!("{phase} … still at it after {}", text::span(Duration::from_secs(*seconds)))
        }
        Event::Notice { code, text } => format!("note: {text} ({code})"),
        Event::RepoFinished { repo, state, fault: Some(fault), .. } => {
            format!("{state}  {repo}: {fault}")
        }
        Event::RepoFinished { state: "unchanged", .. }
        | Event::Part { .. }
        | Event::Checked { verdict: "good", .. } => {
            return None;
        }
        Event::RepoFinished { repo, state, refs, received_bytes, .. } => {
            format!(
                "{state}  {repo}  {}, {} received",
                text::count(*refs, "ref"),
                text::size(*received_bytes)
            )
        }
        Event::RefRewritten { repo, name, old, new } => match new {
            Some(new) => format!("rewritten  {repo} {name}: {old} → {new}; the old tip is kept"),
            None => format!("rewritten  {repo} {name}: deleted; the old tip {old} is kept"),
        },
        Event::Sealed { seq, state, .. } => format!("sealed snapshot {seq}, {state}"),
        Event::Checked { what, verdict, detail } => format!("{verdict}  {what}: {detail}"),
        Event::Planned { digest, writes } => {
            format!("plan {} writes {}", digest.short(), text::count(*writes, "object"))
        }
        Event::RunOpened { run, resumed: false, .. } => format!("run {run}; its journal is open"),
        Event::RunOpened { run, .. } => format!("run {run} goes on"),
        Event::WaveStarted { wave, stage, objects } => {
            format!("wave {wave}, {stage}: {}", text::count(*objects, "object"))
        }
        Event::WaveFinished { wave, open: 0, .. } => format!("wave {wave} is done"),
        Event::WaveFinished { wave, open, .. } => format!("wave {wave} is done but for {open}"),
        Event::RunHeld { wave } => format!("holding after wave {wave}, as asked"),
        Event::Applied { object, action, warnings } => {
            let warned: String =
                warnings.iter().map(|warning| format!("\n  server warns: {warning}")).collect();
            format!("{action}  {object}{warned}")
        }
        Event::Ready { object } => format!("ready  {object}"),
        Event::Waiting { object, why, seconds, limit, .. } => {
            format!("waiting for {object}: {why} ({seconds}s of at most {limit}s)")
        }
        Event::ObjectHeld { object, needs } => format!("held  {object}: it needs {needs}"),
        Event::ObjectLeftOut { object, reason } => format!("left out  {object}: {reason}"),
        Event::ObjectFailed { object, code, why } => format!("failed  {object}: {why} ({code})"),
    })
}

fn amount(number: u64, unit: &str) -> String {
    if unit == "bytes" { text::size(number) } else { number.to_string() }
}
