//! The kinds whose status is arithmetic over numbers of Pods.

use serde_json::Value;

use super::{Condition, Status, condition, progress};
use crate::model::safe::safe;

fn count(live: &Value, field: &str) -> i64 {
    live["status"][field].as_i64().unwrap_or(0)
}

fn wanted(live: &Value) -> i64 {
    live["spec"]["replicas"].as_i64().unwrap_or(1)
}

/// The first comparison that does not hold yet, as `have of want what`.
fn short(checks: &[(i64, i64, &str)]) -> Option<Status> {
    let (have, want, what) = checks.iter().find(|(have, want, _)| have < want)?;
    Some(progress(&format!("{have} of {want} {what}")))
}

fn too_many(have: i64, want: i64) -> Option<Status> {
    (have > want).then(|| progress(&format!("{} old replicas still to end", have - want)))
}

pub(super) fn deployment(live: &Value) -> Status {
    let progressing = condition(live, "Progressing");
    if let Some(late) = progressing.as_ref().filter(|p| p.reason == "ProgressDeadlineExceeded") {
        return Status::Failed(late.text());
    }
    let want = wanted(live);
    let (replicas, updated) = (count(live, "replicas"), count(live, "updatedReplicas"));
    let (available, ready) = (count(live, "availableReplicas"), count(live, "readyReplicas"));
    let short_of = short(&[(replicas, want, "replicas made"), (updated, want, "replicas updated")])
        .or_else(|| too_many(replicas, want))
        .or_else(|| short(&[(available, updated, "available"), (ready, want, "ready")]));
    if let Some(status) = short_of {
        return status;
    }
    // Without a deadline the controller never says that a rollout is complete.
    let deadline = live["spec"]["progressDeadlineSeconds"].as_i64();
    let unlimited = deadline.is_none_or(|seconds| seconds == i64::from(i32::MAX));
    let rolled_out =
        progressing.is_some_and(|p| p.is_true() && p.reason == "NewReplicaSetAvailable");
    if !unlimited && !rolled_out {
        return progress("the rollout is not complete");
    }
    match condition(live, "Available") {
        Some(available) if available.is_true() => Status::Current,
        Some(available) => Status::InProgress(available.text()),
        None => progress("not available yet"),
    }
}

pub(super) fn stateful_set(live: &Value) -> Status {
    if live["spec"]["updateStrategy"]["type"] == "OnDelete" {
        return Status::Current;
    }
    let want = wanted(live);
    let (replicas, ready) = (count(live, "replicas"), count(live, "readyReplicas"));
    let first = short(&[(replicas, want, "replicas made"), (ready, want, "ready")])
        .or_else(|| too_many(replicas, want));
    if let Some(status) = first {
        return status;
    }
    let partition = &live["spec"]["updateStrategy"]["rollingUpdate"]["partition"];
    if let Some(partition) = partition.as_i64().filter(|partition| *partition != 0) {
        let updated = count(live, "updatedReplicas");
        return short(&[(updated, want - partition, "updated")]).unwrap_or(Status::Current);
    }
    if let Some(status) = short(&[(count(live, "currentReplicas"), want, "current")]) {
        return status;
    }
    if live["status"]["currentRevision"] != live["status"]["updateRevision"] {
        return progress("the new revision is not everywhere yet");
    }
    Status::Current
}

pub(super) fn daemon_set(live: &Value) -> Status {
    let known = [
        &live["metadata"]["generation"],
        &live["status"]["observedGeneration"],
        &live["status"]["desiredNumberScheduled"],
    ];
    if known.iter().any(|field| field.is_null()) {
        return progress("its controller has not seen it yet");
    }
    let want = count(live, "desiredNumberScheduled");
    short(&[
        (count(live, "currentNumberScheduled"), want, "scheduled"),
        (count(live, "updatedNumberScheduled"), want, "updated"),
        (count(live, "numberAvailable"), want, "available"),
        (count(live, "numberReady"), want, "ready"),
    ])
    .unwrap_or(Status::Current)
}

pub(super) fn replica_set(live: &Value) -> Status {
    if let Some(failure) = condition(live, "ReplicaFailure").filter(Condition::is_true) {
        return Status::InProgress(failure.text());
    }
    let want = wanted(live);
    short(&[
        (count(live, "fullyLabeledReplicas"), want, "labelled"),
        (count(live, "availableReplicas"), want, "available"),
        (count(live, "readyReplicas"), want, "ready"),
    ])
    .or_else(|| too_many(count(live, "replicas"), want))
    .unwrap_or(Status::Current)
}

/// kstatus calls a failed Pod current; we do not. How long it has been unschedulable is the
/// caller's to measure, who has a clock and a limit.
pub(super) fn pod(live: &Value) -> Status {
    let ready = condition(live, "Ready");
    match live["status"]["phase"].as_str() {
        Some("Succeeded") => Status::Current,
        Some("Failed") => {
            let why = live["status"]["message"].as_str().unwrap_or("the Pod failed");
            Status::Failed(safe(why))
        }
        Some("Running") if ready.as_ref().is_some_and(Condition::is_true) => Status::Current,
        Some("Running") => crashing(live)
            .unwrap_or_else(|| progress(&ready.map_or("not ready".to_owned(), |r| r.text()))),
        _ => match condition(live, "PodScheduled").filter(Condition::is_false) {
            Some(unscheduled) => Status::InProgress(unscheduled.text()),
            None => progress("not running yet"),
        },
    }
}

fn crashing(live: &Value) -> Option<Status> {
    let containers = live["status"]["containerStatuses"].as_array()?;
    let crashing = containers
        .iter()
        .find(|container| container["state"]["waiting"]["reason"] == "CrashLoopBackOff")?;
    let name = crashing["name"].as_str().unwrap_or_default();
    Some(Status::Failed(format!("container {} crashes again and again", safe(name))))
}

pub(super) fn job(live: &Value, must_complete: bool) -> Status {
    let holds = |kind| condition(live, kind).filter(Condition::is_true);
    if holds("Complete").is_some() {
        return Status::Current;
    }
    if let Some(failed) = holds("Failed") {
        return Status::Failed(failed.text());
    }
    if holds("Suspended").is_some() {
        return Status::Current;
    }
    if live["status"]["startTime"].is_null() {
        return progress("not started yet");
    }
    if must_complete {
        return progress(&format!("running, {} Pods succeeded", count(live, "succeeded")));
    }
    Status::Current
}
