//! One replay at a time on a cluster: the Lease `blackstart-system/replay-lease`.
//!
//! Written with a precondition on its resource version, renewed while the run goes on, given back
//! by emptying its holder. It is never deleted. Clocks of two machines may differ, so an expired
//! lease is watched before it is taken over, and what counts then is that nobody renews it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

use super::Around;
use super::error::{ReplayError, TAKEN_OVER};
use super::journal::{Journal, Record};
use crate::cluster::{Class, Cluster, ClusterError, OWN_NAMESPACE, ServedKind};
use crate::model::clock::Timestamp;
use crate::model::event::Event;
use crate::model::safe::safe;
use crate::object::Object;

const NAME: &str = "replay-lease";
/// How long it lasts without being renewed, and how often that is done.
const LASTS: Duration = Duration::from_secs(30);
const RENEW: Duration = Duration::from_secs(10);
/// How long an expired lease is watched: longer than between two renewals.
const WATCH: Duration = Duration::from_secs(12);
const TICK: Duration = Duration::from_millis(500);
/// How often a race with another writer is run again.
const RACES: usize = 5;

/// Who wants it: the run, and the folder and machine in which it goes on.
#[derive(Clone, Debug)]
pub struct Holder {
    /// The run.
    pub run: String,
    /// Who and where, for people.
    pub operator: String,
    /// The folder and machine.
    pub seat: String,
}

impl Holder {
    fn text(&self) -> String {
        format!("{} {} {}", self.run, self.seat, safe(&self.operator))
    }
}

/// A lease that is held.
pub(super) struct Keeper<'a> {
    cluster: &'a dyn Cluster,
    kind: ServedKind,
    holder: String,
    held: Mutex<Held>,
}

struct Held {
    live: Value,
    /// When it is to be renewed.
    due: Duration,
}

/// What the lease says.
struct Said {
    holder: String,
    renewed: Option<Timestamp>,
    version: String,
}

impl Said {
    fn read(live: &Value) -> Self {
        let spec = &live["spec"];
        let renewed = spec["renewTime"].as_str().and_then(instant);
        let holder = spec["holderIdentity"].as_str().map(safe).unwrap_or_default();
        let version = live["metadata"]["resourceVersion"].as_str().unwrap_or_default().to_owned();
        Self { holder, renewed, version }
    }

    fn run(&self) -> &str {
        self.holder.split(' ').next().unwrap_or_default()
    }

    /// Whether by our clock it is still good.
    fn is_fresh(&self, now: Timestamp) -> bool {
        self.renewed.is_some_and(|at| now < at.plus(LASTS))
    }

    fn held(self) -> ReplayError {
        let renewed =
            self.renewed.map_or_else(|| "at no known time".to_owned(), |at| at.to_string());
        ReplayError::LeaseHeld { holder: self.holder, renewed }
    }
}

/// `2026-11-26T12:59:00.000000Z`, of which the fraction does not matter here.
fn instant(text: &str) -> Option<Timestamp> {
    let whole = text.split(['.', 'Z']).next()?;
    format!("{whole}Z").parse().ok()
}

fn micro(at: Timestamp) -> String {
    at.to_string().replace('Z', ".000000Z")
}

impl<'a> Keeper<'a> {
    /// Takes the lease, or says who has it.
    pub(super) fn take(
        cluster: &'a dyn Cluster,
        holder: &Holder,
        journal: Option<&Journal>,
        around: Around<'_>,
    ) -> Result<Self, ReplayError> {
        let kinds = cluster.kinds()?;
        let served = |group: &str, kind: &str| {
            let missing = || ClusterError::NotServed { kind: format!("{group}/v1 {kind}") };
            kinds.find(group, "v1", kind).cloned().ok_or_else(missing)
        };
        let kind = served("coordination.k8s.io", "Lease")?;
        make_namespace(cluster, &served("", "Namespace")?)?;
        let text = holder.text();
        for _ in 0..RACES {
            around.cancel.check()?;
            let (live, before) = match cluster.get(&kind, Some(OWN_NAMESPACE), NAME)? {
                None => (fresh(&text, around.clock.now()), None),
                Some(live) => {
                    let said = Said::read(&live);
                    let before = (!said.holder.is_empty() && said.holder != text)
                        .then(|| said.holder.clone());
                    if before.is_some() {
                        outlast(cluster, &kind, said, &holder.run, around)?;
                    }
                    (taken(live, &text, around.clock.now()), before)
                }
            };
            let Ok(object) = Object::from_value(live.clone()) else { break };
            let written = if live["metadata"]["resourceVersion"].is_null() {
                cluster.create(&kind, &object)
            } else {
                cluster.replace(&kind, &object)
            };
            match written {
                Ok(applied) => {
                    told(before.as_deref(), &text, journal, around)?;
                    let due = around.clock.elapsed() + RENEW;
                    let held = Mutex::new(Held { live: applied.live, due });
                    return Ok(Self { cluster, kind, holder: text, held });
                }
                Err(ClusterError::Taken { .. } | ClusterError::Overtaken { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let renewed = around.clock.now().to_string();
        Err(ReplayError::LeaseHeld {
            holder: "somebody who takes it at this moment".into(),
            renewed,
        })
    }

    /// Renews it when that is due. An error that passes is tried again soon.
    pub(super) fn renew(&self, around: Around<'_>) -> Result<(), ReplayError> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let now = around.clock.elapsed();
        if now < held.due {
            return Ok(());
        }
        held.due = now + RENEW / 5;
        let mut live = held.live.clone();
        live["spec"]["renewTime"] = micro(around.clock.now()).into();
        let Ok(object) = Object::from_value(live) else { return Ok(()) };
        match self.cluster.replace(&self.kind, &object) {
            Ok(applied) => *held = Held { live: applied.live, due: now + RENEW },
            Err(ClusterError::Overtaken { .. }) => {
                // Only its holder matters: anybody may have put a label on it.
                let Some(live) = self.read()? else { return Ok(()) };
                let said = Said::read(&live);
                if said.holder != self.holder {
                    return Err(ReplayError::LeaseLost { holder: said.holder });
                }
                *held = Held { live, due: now };
            }
            Err(error) if error.class() == Class::Fatal => return Err(error.into()),
            Err(_) => {}
        }
        Ok(())
    }

    fn read(&self) -> Result<Option<Value>, ReplayError> {
        Ok(self.cluster.get(&self.kind, Some(OWN_NAMESPACE), NAME)?)
    }

    /// Gives it back. What fails here ends by itself.
    pub(super) fn release(&self) {
        let mut live = self.held.lock().unwrap_or_else(PoisonError::into_inner).live.clone();
        live["spec"]["holderIdentity"] = "".into();
        if let Ok(object) = Object::from_value(live) {
            let _ = self.cluster.replace(&self.kind, &object);
        }
    }
}

fn make_namespace(cluster: &dyn Cluster, kind: &ServedKind) -> Result<(), ReplayError> {
    if cluster.get(kind, None, OWN_NAMESPACE)?.is_some() {
        return Ok(());
    }
    let value =
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": OWN_NAMESPACE}});
    let Ok(object) = Object::from_value(value) else { return Ok(()) };
    match cluster.create(kind, &object) {
        Ok(_) | Err(ClusterError::Taken { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn fresh(holder: &str, now: Timestamp) -> Value {
    let live = json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
                      "metadata": {"name": NAME, "namespace": OWN_NAMESPACE},
                      "spec": {"leaseTransitions": 0}});
    taken(live, holder, now)
}

fn taken(mut live: Value, holder: &str, now: Timestamp) -> Value {
    let spec = &mut live["spec"];
    if spec["holderIdentity"] != holder {
        let changes = spec["leaseTransitions"].as_i64().unwrap_or(0);
        spec["leaseTransitions"] = (changes + 1).into();
        spec["acquireTime"] = micro(now).into();
    }
    spec["holderIdentity"] = holder.into();
    spec["leaseDurationSeconds"] = LASTS.as_secs().into();
    spec["renewTime"] = micro(now).into();
    live
}

/// Waits until nobody renews a lease any more. One that is held by another run and fresh is
/// refused at once; one of the same run elsewhere, whose process may be gone, is waited for.
fn outlast(
    cluster: &dyn Cluster,
    kind: &ServedKind,
    said: Said,
    run: &str,
    around: Around<'_>,
) -> Result<(), ReplayError> {
    let fresh = said.is_fresh(around.clock.now());
    if fresh && said.run() != run {
        return Err(said.held());
    }
    let limit = if fresh { LASTS } else { WATCH };
    let text = format!(
        "the lease on this cluster is held by {}; it is taken over in {} s unless it is renewed",
        said.holder,
        limit.as_secs()
    );
    around.observer.event(&Event::Notice { code: TAKEN_OVER.code, text });
    let begun = around.clock.elapsed();
    while around.clock.elapsed().saturating_sub(begun) < limit {
        around.cancel.check()?;
        around.clock.sleep(TICK);
        let Some(live) = cluster.get(kind, Some(OWN_NAMESPACE), NAME)? else { return Ok(()) };
        let now = Said::read(&live);
        if now.holder.is_empty() {
            return Ok(());
        }
        if now.version != said.version {
            return Err(now.held());
        }
    }
    Ok(())
}

fn told(
    before: Option<&str>,
    holder: &str,
    journal: Option<&Journal>,
    around: Around<'_>,
) -> Result<(), ReplayError> {
    let what = if before.is_some() { "taken-over" } else { "taken" };
    if let Some(before) = before {
        let text = format!("the lease on this cluster was taken over from {before}");
        around.observer.event(&Event::Notice { code: TAKEN_OVER.code, text });
    }
    let Some(journal) = journal else { return Ok(()) };
    let holder = before.unwrap_or(holder).to_owned();
    journal.note(Record::Lease { what: what.to_owned(), holder }, around.clock.now())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::MemoryCluster;
    use crate::model::clock::Clock as _;
    use crate::model::explain::{Explain as _, Kind};
    use crate::object::ObjectRef;
    use crate::replay::tests::Bench;

    fn holder(run: &str) -> Holder {
        Holder { run: run.into(), operator: "ann@laptop".into(), seat: "00".into() }
    }

    fn around(bench: &Bench) -> Around<'_> {
        Around { clock: &bench.clock, observer: &bench.seen, cancel: &bench.cancel }
    }

    fn spec(cluster: &MemoryCluster) -> Value {
        let lease = ObjectRef {
            group: "coordination.k8s.io".into(),
            kind: "Lease".into(),
            namespace: Some(OWN_NAMESPACE.into()),
            name: NAME.into(),
        };
        cluster.content()[&lease]["spec"].clone()
    }

    #[test]
    fn one_has_it_until_it_is_given_back_or_nobody_renews_it() {
        let bench = Bench::new();
        let take = |run| Keeper::take(&bench.cluster, &holder(run), None, around(&bench));
        let first = take("a").unwrap_or_else(|error| panic!("{error}"));
        let refused = take("b").err().unwrap();
        assert_eq!((refused.about().code, refused.about().kind), ("B1506", Kind::LeaseHeld));
        bench.clock.sleep(RENEW);
        first.renew(around(&bench)).unwrap();
        first.release();
        assert_eq!(spec(&bench.cluster)["holderIdentity"], "");

        let second = take("b").unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(spec(&bench.cluster)["leaseTransitions"], 2);
        bench.clock.sleep(LASTS);
        let _third = take("c").unwrap_or_else(|error| panic!("{error}"));
        let lost = second.renew(around(&bench)).unwrap_err();
        assert_eq!(lost.about().code, "B1507");
        assert!(lost.to_string().contains("c 00 ann@laptop"), "{lost}");
        second.release();
        let left = spec(&bench.cluster);
        assert_eq!(left["holderIdentity"], "c 00 ann@laptop", "only its own is given back");
        let told = bench.seen.events().iter().any(|event| {
            matches!(event, Event::Notice { text, .. } if text.contains("was taken over from b 00"))
        });
        assert!(told);
    }

    #[test]
    fn the_same_run_elsewhere_waits_for_the_lease_to_end() {
        let bench = Bench::new();
        let take = |seat: &str| {
            let holder = Holder { seat: seat.into(), ..holder("a") };
            Keeper::take(&bench.cluster, &holder, None, around(&bench)).map(drop)
        };
        take("here").unwrap();
        take("here").unwrap();
        let before = bench.clock.elapsed();
        take("there").unwrap();
        assert!(bench.clock.elapsed().saturating_sub(before) >= LASTS);
    }
}
