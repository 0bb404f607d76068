//! Events as lines for people, shared by both shells.

use std::time::Duration;

use super::{CommandLine, text};
use crate::model::event::Event;
use crate::replay::Pattern;

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
        Event::Holding { after: Some(wave) } => format!("no wave after {wave} is begun, as asked"),
        Event::Holding { after: None } => "the hold was taken back: the run goes on".to_owned(),
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

/// Returns what waits beside the one thing that is waited for; none when nothing does.
pub fn beside(others: usize, behind: usize) -> Option<String> {
    let verb = |count, one, more| if count == 1 { one } else { more };
    let behind = (behind > 0).then(|| {
        let needs = verb(behind, "needs", "need");
        format!("{} {needs} it and cannot begin", text::count(behind, "object"))
    });
    let others = (others > 0).then(|| {
        let wait = verb(others, "waits", "wait");
        format!("{} {wait} for something, too", text::count(others, "other object"))
    });
    let parts: Vec<String> = behind.into_iter().chain(others).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// Returns the command that goes on with a run without an object; none where the object has no name
/// that a command line could give it.
pub fn without(run: &str, object: &str) -> Option<String> {
    let named = object.replacen(' ', "/", 1);
    let known = object.starts_with(char::is_uppercase) && named.parse::<Pattern>().is_ok();
    let line = || CommandLine::new("resume").word(run).word("--identity").word("KEY");
    known.then(|| line().word("--skip").word(&named).word("--reason").word("TEXT").line())
}

fn amount(number: u64, unit: &str) -> String {
    if unit == "bytes" { text::size(number) } else { number.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_beside_is_told_for_what_it_is() {
        assert_eq!(beside(0, 0), None);
        assert_eq!(beside(0, 1).unwrap(), "1 object needs it and cannot begin");
        let both = "6 objects need it and cannot begin; 1 other object waits for something, too";
        assert_eq!(beside(1, 6).unwrap(), both);
    }

    #[test]
    fn the_way_out_names_an_object_and_never_the_server() {
        let line = without("r-1", "ClusterPolicy verify").unwrap();
        assert_eq!(
            line,
            "blackstart resume r-1 --identity KEY --skip ClusterPolicy/verify --reason TEXT"
        );
        let line = without("r-1", "Deployment pay/api").unwrap();
        assert_eq!(
            line,
            "blackstart resume r-1 --identity KEY --skip Deployment/pay/api --reason TEXT"
        );
        assert_eq!(without("r-1", "the API server"), None);
    }
}
