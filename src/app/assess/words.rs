//! Hosts and clusters in a line each, as both shells say it.

use std::fmt::Write as _;

use super::clusters::{Cluster, Life};
use super::hosts::{Blame, Host};

fn verdict(blame: Blame, step: &str) -> String {
    match blame {
        Blame::Them => "it is THEM".to_owned(),
        Blame::You => format!("it is YOU ({step})"),
        Blame::Here => "it is this machine".to_owned(),
    }
}

/// Returns how a Git host answered, step by step, and whose fault it is.
pub fn host(host: &Host) -> String {
    let passed: Vec<_> = host.passed.iter().map(|step| format!("{step} ok")).collect();
    let passed = passed.join(", ");
    let name = &host.name;
    match (host.failed, host.blame) {
        (Some(step), Some(blame)) => {
            let why = host.why.as_deref().unwrap_or("no reason given");
            let before = if passed.is_empty() { String::new() } else { format!("{passed}, ") };
            let verdict = verdict(blame, &step.to_string());
            format!("{name}  {before}{step}: {why} -> {verdict}")
        }
        _ => format!("{name}  {passed} ({} ms)", host.millis),
    }
}

fn life(life: Life) -> &'static str {
    match life {
        Life::Healthy => "healthy",
        Life::Impaired => "answers, not all of it is ready",
        Life::Idle => "answers, nothing runs there",
        Life::Empty => "EMPTY, nothing is rebuilt there yet",
        Life::Emptied => "EMPTIED",
        Life::Another => "ANOTHER CLUSTER ANSWERS",
        Life::Silent => "no answer",
        Life::Closed => "answers, but could not be looked at",
        Life::Unknown => "cannot be asked",
    }
}

/// Returns how a cluster is.
pub fn cluster(cluster: &Cluster) -> String {
    let class = cluster.class.map(|class| format!(" ({class})")).unwrap_or_default();
    let mut line = format!("{}{class}  ", cluster.name);
    if cluster.version.is_some() {
        let _ = write!(
            line,
            "API ok, {}/{} nodes, {}/{} workloads ready",
            cluster.nodes_ready, cluster.nodes, cluster.workloads_ready, cluster.workloads
        );
        if cluster.known > 0 {
            let _ = write!(line, ", {} of {} objects left", cluster.present, cluster.known);
        }
        line.push(' ');
    }
    let _ = write!(line, "-> {}", life(cluster.life));
    if let Some(why) = &cluster.why {
        let _ = write!(line, ": {why}");
    }
    if let Some(blame) = cluster.blame {
        let step = cluster.failed.map(|step| step.to_string()).unwrap_or_default();
        let _ = write!(line, " -> {}", verdict(blame, &step));
    }
    line
}

/// Returns the same of a host in a few words, what matters most first.
pub fn host_short(host: &Host) -> String {
    match (host.failed, host.blame) {
        (Some(step), Some(blame)) => {
            let why = host.why.as_deref().unwrap_or("no reason given");
            let verdict = verdict(blame, &step.to_string());
            format!("{}  {verdict}: {step}, {why}", host.name)
        }
        _ => format!("{}  answers ({} ms)", host.name, host.millis),
    }
}

/// Returns the same of a cluster in a few words, what matters most first.
pub fn cluster_short(cluster: &Cluster) -> String {
    let mut line = format!("{}  {}", cluster.name, life(cluster.life));
    if cluster.version.is_some() {
        let _ = write!(
            line,
            ": {}/{} nodes, {}/{} workloads",
            cluster.nodes_ready, cluster.nodes, cluster.workloads_ready, cluster.workloads
        );
        if cluster.known > 0 {
            let _ = write!(line, ", {} of {} objects", cluster.present, cluster.known);
        }
    }
    let why = cluster.why.iter().map(|why| format!(": {why}"));
    line.extend(why);
    line
}
