//! A plan that was approved earlier, joined again with the objects it speaks of.

use super::desired::Desired;
use super::error::PlanError;
use super::notes::Notes;
use super::scope::Scope;
use super::settle::settle;
use super::value::{Plan, Planned};
use crate::cluster::Cluster;

/// Finds the objects of `plan` in what the bundle gives, settled as they were for the plan. Compares
/// nothing: what was approved is what runs.
pub fn rejoin(plan: Plan, desired: &Desired, cluster: &dyn Cluster) -> Result<Planned, PlanError> {
    let scope = Scope::new(cluster.kinds()?, desired.items.iter().map(|item| &item.object));
    // One by one, so that of two origins both are there: the plan says by its hash which one counts.
    let objects = desired.items.iter().flat_map(|item| {
        let one = Desired {
            bundle: desired.bundle,
            items: vec![item.clone()],
            findings: Vec::new(),
            choices: Vec::new(),
            beyond: Vec::new(),
        };
        settle(&one, &scope, &mut Notes::default())
    });
    Planned::join(plan, objects.map(|item| item.object))
}
