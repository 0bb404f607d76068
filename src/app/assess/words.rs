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

/// Where a host fails, why, and whose fault it is.
fn failure(host: &Host) -> Option<(String, &str, String)> {
    let (step, blame) = host.failed.zip(host.blame)?;
    let step = step.to_string();
    let verdict = verdict(blame, &step);
    Some((step, host.why.as_deref().unwrap_or("no reason given"), verdict))
}

/// Returns how a Git host answered, step by step, and whose fault it is.
pub fn host(host: &Host) -> String {
    let name = &host.name;
    let mut passed: Vec<_> = host.passed.iter().map(|step| format!("{step} ok")).collect();
    let Some((step, why, verdict)) = failure(host) else {
        return format!("{name}  {} ({} ms)", passed.join(", "), host.millis);
    };
    passed.push(format!("{step}: {why}"));
    format!("{name}  {} -> {verdict}", passed.join(", "))
}

/// Returns the same in a few words, what matters most first.
pub fn host_short(host: &Host) -> String {
    let name = &host.name;
    match failure(host) {
        Some((step, why, verdict)) => format!("{name}  {verdict}: {step}, {why}"),
        None => format!("{name}  answers ({} ms)", host.millis),
    }
}

fn life(life: Life) -> &'static str {
    match life {
        Life::Healthy => "healthy",
        Life::Impaired => "answers, not all of it is ready",
        Life::Idle => "no nodes, so nothing runs there",
        Life::Empty => "EMPTY, nothing is rebuilt there yet",
        Life::Emptied => "EMPTIED",
        Life::Another => "ANOTHER CLUSTER ANSWERS",
        Life::Silent => "no answer",
        Life::Closed => "answers, but could not be looked at",
        Life::Unknown => "cannot be asked",
    }
}

/// What is ready and left of a cluster that answers.
fn counts(cluster: &Cluster) -> Option<String> {
    cluster.version.as_ref()?;
    let Cluster { nodes_ready, nodes, workloads_ready, workloads, present, known, .. } = cluster;
    let mut text = format!("{nodes_ready}/{nodes} nodes, {workloads_ready}/{workloads} workloads");
    if *known > 0 {
        let _ = write!(text, ", {present} of {known} objects");
    }
    Some(text)
}

/// Returns how a cluster is.
pub fn cluster(cluster: &Cluster) -> String {
    let class = cluster.class.map(|class| format!(" ({class})")).unwrap_or_default();
    let mut line = format!("{}{class}  ", cluster.name);
    line.extend(counts(cluster).map(|counts| format!("API ok, {counts} ")));
    let _ = write!(line, "-> {}", life(cluster.life));
    line.extend(cluster.why.iter().map(|why| format!(": {why}")));
    if let Some(blame) = cluster.blame {
        let step = cluster.failed.map(|step| step.to_string()).unwrap_or_default();
        let _ = write!(line, " -> {}", verdict(blame, &step));
    }
    line
}

/// Returns the same in a few words, what matters most first.
pub fn cluster_short(cluster: &Cluster) -> String {
    if cluster.life == Life::Empty {
        return format!("{}  {}", cluster.name, life(cluster.life));
    }
    if cluster.life == Life::Idle {
        let rebuilt = if cluster.rebuilt.is_some() { "rebuilt, " } else { "" };
        let (present, known) = (cluster.present, cluster.known);
        let objects =
            if known > 0 { format!(": {present} of {known} objects") } else { String::new() };
        return format!("{}  {rebuilt}{}{objects}", cluster.name, life(cluster.life));
    }
    let mut line = format!("{}  {}", cluster.name, life(cluster.life));
    line.extend(counts(cluster).map(|counts| format!(": {counts}")));
    line.extend(cluster.why.iter().map(|why| format!(": {why}")));
    line
}
