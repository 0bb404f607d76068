//! The targets: who answers, whether it lives, and whether what we knew there is still there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::hosts::Blame;
use crate::app::Ports;
use crate::app::known::Known;
use crate::app::runs::Summary;
use crate::app::target::targets;
use crate::cluster::{Access, Cluster as Api, ClusterError, Connect, Kinds};
use crate::mirror::{self, Step};
use crate::model::safe::safe;
use crate::object::{ObjectRef, Status, status_of};
use crate::target::{Class, Engine, Opened, Reach, TargetError, Targets, is_first_day};

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(4);
/// So many names of what is not ready are told.
const NAMED: usize = 3;
/// Less than this share of what we knew there is no cluster that merely changed.
const EMPTIED_BELOW: f64 = 0.5;
const WORKLOADS: [&str; 3] = ["Deployment", "StatefulSet", "DaemonSet"];

/// How a cluster is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Life {
    /// It answers, and what runs there is ready.
    Healthy,
    /// It answers, and some of it is not ready.
    Impaired,
    /// It answers, holds what we knew, and nothing can run there.
    Idle,
    /// It answers, and there is nothing that anybody brought.
    Empty,
    /// It answers, and most of what we knew there is gone.
    Emptied,
    /// Another cluster answers at its address.
    Another,
    /// It gives no answer.
    Silent,
    /// It answers and does not let us in, or not look.
    Closed,
    /// Its card cannot be used.
    Unknown,
}

/// One target.
#[derive(Clone, Debug, Serialize)]
pub struct Cluster {
    /// Its name.
    pub name: String,
    /// How much care it needs; none where the card is damaged.
    pub class: Option<Class>,
    /// Its address.
    pub server: String,
    /// The UID on its card.
    pub uid: String,
    /// How it is.
    pub life: Life,
    /// The first step that failed: name, TCP, key (TLS), HTTP, login.
    pub failed: Option<Step>,
    /// Who has to mend that.
    pub blame: Option<Blame>,
    /// What was said, fit to be shown.
    pub why: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// How many nodes it has, and how many are ready.
    pub nodes: usize,
    /// How many of them are ready.
    pub nodes_ready: usize,
    /// How many workloads it has.
    pub workloads: usize,
    /// How many of them are ready.
    pub workloads_ready: usize,
    /// The first workloads that are not, and why.
    pub unready: Vec<String>,
    /// How many objects the last plans and replays knew there.
    pub known: usize,
    /// How many of them are there now.
    pub present: usize,
    /// The engines that live there.
    pub engines: Vec<Engine>,
    /// The last run onto it from here, where that is complete.
    pub rebuilt: Option<String>,
}

/// Asks every target, all at once. One that is still silent at the end is left behind.
pub(super) fn ask(within: Duration, ports: &Ports<'_>) -> Vec<Cluster> {
    let Ok(targets) = targets(ports) else { return Vec::new() };
    let names = targets.names().unwrap_or_default();
    let asking: Vec<_> = names
        .into_iter()
        .map(|name| {
            let known = Known::read(ports.environment, &name);
            let (answer, answered) = mpsc::channel();
            let (all, asked) = (targets.clone(), name.clone());
            // Not scoped: the program that gives a credential knows no limit of time.
            std::thread::spawn(move || {
                let _ = answer.send(ask_one(&all, &asked, &known, within));
            });
            (name, answered)
        })
        .collect();
    let begun = ports.clock.elapsed();
    let wait = |(name, answered): (String, mpsc::Receiver<Cluster>)| {
        // A little more than each call may take, so that the better message comes first.
        let spent = ports.clock.elapsed().saturating_sub(begun);
        let left = (within + Duration::from_secs(1)).saturating_sub(spent);
        answered.recv_timeout(left).unwrap_or_else(|_| late(&targets, &name, within))
    };
    asking.into_iter().map(wait).collect()
}

fn blank(targets: &Targets, name: &str) -> Result<Cluster, TargetError> {
    let card = targets.load(name)?;
    Ok(Cluster {
        name: name.to_owned(),
        class: Some(card.class),
        server: safe(&card.identity.server),
        uid: safe(&card.identity.uid),
        ..damaged(name, None)
    })
}

fn damaged(name: &str, why: Option<String>) -> Cluster {
    Cluster {
        name: name.to_owned(),
        class: None,
        server: String::new(),
        uid: String::new(),
        life: Life::Unknown,
        failed: None,
        blame: None,
        why,
        version: None,
        nodes: 0,
        nodes_ready: 0,
        workloads: 0,
        workloads_ready: 0,
        unready: Vec::new(),
        known: 0,
        present: 0,
        engines: Vec::new(),
        rebuilt: None,
    }
}

/// Takes note of clusters on which the last run from here is complete. One that lost what was there,
/// or is another, is none.
pub(super) fn mark_rebuilt(clusters: &mut [Cluster], runs: &[Summary]) {
    for cluster in clusters {
        let Some(class) = cluster.class else { continue };
        let target = format!("{} ({class})", cluster.name);
        let there = matches!(cluster.life, Life::Healthy | Life::Impaired | Life::Idle);
        let last = runs.iter().find(|run| run.target == target);
        let complete = last.filter(|run| there && run.state == "complete");
        cluster.rebuilt = complete.map(|run| run.run.clone());
    }
}

fn late(targets: &Targets, name: &str, within: Duration) -> Cluster {
    let why = format!("no answer within {} s", within.as_secs());
    let blank = blank(targets, name).unwrap_or_else(|error| damaged(name, Some(error.to_string())));
    Cluster {
        life: Life::Silent,
        failed: Some(Step::Http),
        blame: Some(Blame::Them),
        why: Some(why),
        ..blank
    }
}

fn ask_one(targets: &Targets, name: &str, known: &Known, within: Duration) -> Cluster {
    let mut found = match blank(targets, name) {
        Ok(blank) => blank,
        Err(error) => return damaged(name, Some(error.to_string())),
    };
    let card = targets.load(name).and_then(|card| Ok((targets.access(&card)?, card)));
    let (access, card) = match card {
        Ok(both) => both,
        Err(error) => return Cluster { why: Some(error.to_string()), ..found },
    };
    let connect = CONNECT.min(within);
    if let Err((step, why)) = reach(&access, connect) {
        let (failed, blame) = (Some(step), Some(Blame::Them));
        return Cluster { life: Life::Silent, failed, blame, why: Some(why), ..found };
    }
    let limits = Connect { connect, call: within, discovery: connect, retries: 0 };
    match targets.open_within(&card, limits) {
        Ok(opened) => look(&opened, known, &mut found),
        Err(error) => refused(&error, &mut found),
    }
    found
}

fn reach(access: &Access, limit: Duration) -> Result<(), (Step, String)> {
    match access.address() {
        Some((host, port)) => mirror::reach(&host, port, limit),
        None => Ok(()),
    }
}

fn refused(error: &TargetError, found: &mut Cluster) {
    let (life, failed, blame) = match error {
        TargetError::WrongCluster { .. } => (Life::Another, None, None),
        TargetError::Cluster(
            ClusterError::Unauthorized { .. } | ClusterError::Forbidden { .. },
        ) => (Life::Closed, Some(Step::Login), Some(Blame::You)),
        TargetError::Cluster(ClusterError::Kubeconfig { .. }) => {
            (Life::Unknown, Some(Step::Login), Some(Blame::You))
        }
        TargetError::Cluster(ClusterError::Unreachable { why, .. }) => {
            let tls = ["certificate", "tls", "handshake"];
            let lower = why.to_lowercase();
            let key = tls.iter().any(|word| lower.contains(word));
            (Life::Silent, Some(if key { Step::Key } else { Step::Http }), Some(Blame::Them))
        }
        TargetError::Cluster(_) => (Life::Closed, Some(Step::Http), Some(Blame::Them)),
        _ => (Life::Unknown, None, Some(Blame::Here)),
    };
    found.life = life;
    (found.failed, found.blame) = (failed, blame);
    found.why = Some(error.to_string());
}

fn look(opened: &Opened, known: &Known, found: &mut Cluster) {
    let Reach::Cluster(cluster) = &opened.reach else { return };
    found.version = opened.identity.as_ref().map(|identity| safe(&identity.version));
    (found.nodes, found.nodes_ready) = (opened.facts.nodes, opened.facts.ready);
    found.engines.clone_from(&opened.facts.engines);
    let kinds = match cluster.kinds() {
        Ok(kinds) => kinds,
        Err(error) => {
            found.life = Life::Closed;
            found.why = Some(error.to_string());
            return;
        }
    };
    let wanted = known.of(&opened.binding);
    let lists = lists(&**cluster, &kinds, wanted);
    let mut unread = opened.facts.unread.clone();
    let mut brought = !opened.facts.foreign.is_empty();
    for (kind, list) in &lists {
        let Some(objects) = list else {
            unread.push(safe(&kind.1));
            continue;
        };
        if kind.0 == "apps" && WORKLOADS.contains(&kind.1.as_str()) {
            count_workloads(objects, found);
            brought |= objects.iter().any(is_brought);
        }
    }
    let there: BTreeSet<_> = lists.values().flatten().flatten().filter_map(name_of).collect();
    found.known = wanted.len();
    found.present = wanted.iter().filter(|object| there.contains(&key(object))).count();
    found.life = life(found, brought);
    if !unread.is_empty() {
        unread.dedup();
        found.why = Some(format!("could not look at {}", unread.join(", ")));
        if found.life == Life::Healthy {
            found.life = Life::Closed;
        }
    }
}

fn life(found: &Cluster, brought: bool) -> Life {
    #[expect(clippy::cast_precision_loss, reason = "a share of objects that fit in memory")]
    let left = found.present as f64 / found.known.max(1) as f64;
    if found.known > 0 && left < EMPTIED_BELOW {
        Life::Emptied
    } else if found.known == 0 && !brought {
        Life::Empty
    } else if found.nodes == 0 {
        Life::Idle
    } else if found.nodes_ready < found.nodes || found.workloads_ready < found.workloads {
        Life::Impaired
    } else {
        Life::Healthy
    }
}

fn is_brought(workload: &Value) -> bool {
    !workload["metadata"]["namespace"].as_str().is_some_and(is_first_day)
}

fn count_workloads(objects: &[Value], found: &mut Cluster) {
    for object in objects {
        found.workloads += 1;
        match status_of(Some(object)) {
            Status::Current => found.workloads_ready += 1,
            other if found.unready.len() < NAMED => {
                let text = |field: &str| safe(object["metadata"][field].as_str().unwrap_or("?"));
                let (kind, space, name) = (&object["kind"], text("namespace"), text("name"));
                let kind = safe(kind.as_str().unwrap_or("?"));
                found.unready.push(format!("{kind} {space}/{name}: {other}"));
            }
            _ => {}
        }
    }
}

type Key = (String, String, Option<String>, String);

fn key(object: &ObjectRef) -> Key {
    (object.group.clone(), object.kind.clone(), object.namespace.clone(), object.name.clone())
}

fn name_of(object: &Value) -> Option<Key> {
    let group = object["apiVersion"].as_str()?;
    let group = group.split_once('/').map_or("", |(group, _)| group).to_owned();
    let metadata = &object["metadata"];
    let space = metadata["namespace"].as_str().map(str::to_owned);
    Some((group, object["kind"].as_str()?.to_owned(), space, metadata["name"].as_str()?.to_owned()))
}

/// All objects of the workloads' kinds and of every kind in `wanted`; `None` where they cannot be
/// read. A kind that is not served any more has none.
fn lists(
    cluster: &dyn Api,
    kinds: &Kinds,
    wanted: &[ObjectRef],
) -> BTreeMap<(String, String), Option<Vec<Value>>> {
    let workloads = WORKLOADS.map(|kind| ("apps".to_owned(), kind.to_owned()));
    let known = wanted.iter().map(|object| (object.group.clone(), object.kind.clone()));
    let asked: BTreeSet<_> = workloads.into_iter().chain(known).collect();
    std::thread::scope(|scope| {
        let list = |(group, kind): (String, String)| {
            let objects = match kinds.find(&group, "v1", &kind) {
                Some(served) => cluster.list(served).ok(),
                None if kinds.is_unknown(&group) => None,
                None => Some(Vec::new()),
            };
            ((group, kind), objects)
        };
        let asking: Vec<_> =
            asked.into_iter().map(|kind| scope.spawn(move || list(kind))).collect();
        asking.into_iter().filter_map(|thread| thread.join().ok()).collect()
    })
}
