//! Whether a live object has reached what its specification asks for.
//!
//! The rules of cli-utils' kstatus (`status/core.go`, `generic.go`), evaluated top to bottom, the
//! first that holds decides. Two of its holes are closed: a failed Pod is failed, and a caller that
//! wants Jobs to be complete asks [`Rules`] for it. The third (a custom resource without a status
//! counts as current) needs knowledge from outside and is a rule as well.

mod workload;

use std::fmt;

use serde_json::Value;

use crate::model::safe::safe;

/// How far a live object is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// It is what its specification asks for.
    Current,
    /// It is on its way; what is missing, fit to be shown.
    InProgress(String),
    /// It gave up; why, fit to be shown.
    Failed(String),
    /// It is being deleted.
    Terminating,
    /// It is not there.
    NotFound,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Current => f.write_str("ready"),
            Self::InProgress(why) | Self::Failed(why) => f.write_str(why),
            Self::Terminating => f.write_str("being deleted"),
            Self::NotFound => f.write_str("not there"),
        }
    }
}

/// What a caller expects beyond kstatus.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// A Job must be complete, not only running.
    pub jobs_complete: bool,
    /// An object of this kind is known to report a `Ready` condition: without one it is not ready.
    pub reports_ready: bool,
    /// It is applied so that its controller leaves it alone: what its status says is of no account.
    pub at_rest: bool,
    /// A claim whose storage class binds at first use waits for a Pod, not for us.
    pub binds_at_first_use: bool,
}

/// Returns the status of what a GET gave; `None` stands for a 404.
pub fn status_of(live: Option<&Value>) -> Status {
    live.map_or(Status::NotFound, |live| status(live, Rules::default()))
}

/// Returns whether a definition says that the objects of its kind report a `Ready` condition: a
/// column shows it.
pub fn reports_ready(definition: &Value) -> bool {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let versions = list(&definition["spec"]["versions"]);
    let columns = versions.iter().flat_map(|version| list(&version["additionalPrinterColumns"]));
    let mut paths = columns.filter_map(|column| column["jsonPath"].as_str().map(str::to_owned));
    paths.any(|path| {
        let path: String = path.chars().filter(|c| !c.is_whitespace() && *c != '\\').collect();
        let path = path.replace('\'', "\"");
        path.starts_with(".status.conditions[") && path.contains("type==\"Ready\"")
    })
}

/// Returns the status of a live object.
pub fn status(live: &Value, rules: Rules) -> Status {
    if !live["metadata"]["deletionTimestamp"].is_null() {
        return Status::Terminating;
    }
    if rules.at_rest {
        return Status::Current;
    }
    let seen = live["status"]["observedGeneration"].as_i64();
    let written = live["metadata"]["generation"].as_i64();
    if seen.is_some() && seen != written {
        return progress("its controller has not seen the last change yet");
    }
    if let Some(condition) = condition(live, "Reconciling").filter(Condition::is_true) {
        return Status::InProgress(condition.text());
    }
    if let Some(condition) = condition(live, "Stalled").filter(Condition::is_true) {
        return Status::Failed(condition.text());
    }
    by_kind(live, rules)
}

fn by_kind(live: &Value, rules: Rules) -> Status {
    let group = live["apiVersion"].as_str().unwrap_or_default();
    let group = group.split_once('/').map_or("", |(group, _)| group);
    match (group, live["kind"].as_str().unwrap_or_default()) {
        ("apps", "Deployment") => workload::deployment(live),
        ("apps", "StatefulSet") => workload::stateful_set(live),
        ("apps", "DaemonSet") => workload::daemon_set(live),
        ("apps", "ReplicaSet") => workload::replica_set(live),
        ("", "Pod") => workload::pod(live),
        ("batch", "Job") => workload::job(live, rules.jobs_complete),
        ("", "PersistentVolumeClaim") => claim(live, rules.binds_at_first_use),
        ("", "Service") => service(live),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => definition(live),
        ("policy", "PodDisruptionBudget") | ("", "ConfigMap" | "Secret") | ("batch", "CronJob") => {
            Status::Current
        }
        _ => by_ready(live, rules.reports_ready),
    }
}

fn claim(live: &Value, binds_at_first_use: bool) -> Status {
    match live["status"]["phase"].as_str() {
        Some("Bound") => Status::Current,
        Some("Lost") => Status::Failed("the volume is lost".to_owned()),
        _ if binds_at_first_use => Status::Current,
        phase => progress(&format!("not bound ({})", safe(phase.unwrap_or("no phase")))),
    }
}

fn service(live: &Value) -> Status {
    let spec = &live["spec"];
    if spec["type"] == "LoadBalancer" && spec["clusterIP"].as_str().unwrap_or_default().is_empty() {
        return progress("no cluster address yet");
    }
    Status::Current
}

fn definition(live: &Value) -> Status {
    if let Some(names) = condition(live, "NamesAccepted").filter(Condition::is_false) {
        return Status::Failed(names.text());
    }
    match condition(live, "Established") {
        Some(established) if established.is_true() => Status::Current,
        Some(established) if established.is_false() && established.reason != "Installing" => {
            Status::Failed(established.text())
        }
        _ => progress("not established yet"),
    }
}

fn by_ready(live: &Value, reports_ready: bool) -> Status {
    match condition(live, "Ready") {
        Some(ready) if ready.is_true() => Status::Current,
        Some(ready) => Status::InProgress(ready.text()),
        None if reports_ready => progress("its controller has not reported yet"),
        None => Status::Current,
    }
}

fn progress(why: &str) -> Status {
    Status::InProgress(why.to_owned())
}

/// One entry of `status.conditions`.
struct Condition<'a> {
    kind: &'a str,
    status: &'a str,
    reason: &'a str,
    message: &'a str,
}

impl Condition<'_> {
    fn is_true(&self) -> bool {
        self.status == "True"
    }

    fn is_false(&self) -> bool {
        self.status == "False"
    }

    fn text(&self) -> String {
        let head = format!("{} is {}", self.kind, self.status);
        let parts = [head.as_str(), self.reason, self.message];
        safe(parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(": "))
    }
}

fn condition<'a>(live: &'a Value, kind: &str) -> Option<Condition<'a>> {
    let conditions = live["status"]["conditions"].as_array()?;
    conditions.iter().find(|found| found["type"] == kind).map(|found| Condition {
        kind: found["type"].as_str().unwrap_or_default(),
        status: found["status"].as_str().unwrap_or_default(),
        reason: found["reason"].as_str().unwrap_or_default(),
        message: found["message"].as_str().unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests;
