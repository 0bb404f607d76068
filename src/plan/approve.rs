//! The confirmation that turns a plan into an order.

use super::error::PlanError;
use super::value::{Item, Plan, Planned};
use crate::model::digest::Digest;
use crate::object::Object;
use crate::target::Class;

/// How a person has seen the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// Not at all: plan and replay in one go.
    Nothing,
    /// It was shown at a terminal and confirmed there.
    Terminal,
    /// They named its digest, or the file that holds it.
    Plan(Digest),
}

/// What a person has confirmed.
#[derive(Clone, Debug)]
pub struct Confirmation {
    /// The target's name as it was typed.
    pub target: Option<String>,
    /// How the plan was seen.
    pub bound: Bound,
}

/// A plan that may run. Only [`Planned::approve`] makes one; only a replay takes it.
#[derive(Debug)]
pub struct Approved {
    planned: Planned,
}

impl Planned {
    /// Approves the plan, or says what is missing.
    pub fn approve(self, confirmation: &Confirmation) -> Result<Approved, PlanError> {
        let plan = &self.plan;
        if let Some(first) = plan.blockers.first() {
            let others = plan.blockers.len() - 1;
            return Err(PlanError::Blocked { first: first.text.clone(), others });
        }
        if let Bound::Plan(seen) = confirmation.bound
            && seen != plan.digest()
        {
            let now = plan.digest().short();
            return Err(PlanError::Changed { seen: seen.short(), now });
        }
        check_target(plan, confirmation)?;
        Ok(Approved { planned: self })
    }
}

fn check_target(plan: &Plan, confirmation: &Confirmation) -> Result<(), PlanError> {
    let (target, class) = (plan.target.name.clone(), plan.target.class);
    match &confirmation.target {
        // A folder is no cluster: nothing runs because of it.
        None if class == Class::Directory => return Ok(()),
        None => return Err(PlanError::NotConfirmed { target, class: class.to_string() }),
        Some(typed) if *typed != target => {
            let typed = crate::model::safe::safe(typed);
            return Err(PlanError::WrongName { typed, target });
        }
        Some(_) => {}
    }
    let in_one_go = matches!(class, Class::Disposable | Class::Directory);
    if !in_one_go && confirmation.bound == Bound::Nothing {
        return Err(PlanError::NotSeen { target, class: class.to_string() });
    }
    Ok(())
}

impl Approved {
    /// Returns the plan.
    pub fn plan(&self) -> &Plan {
        self.planned.plan()
    }

    /// Returns the object of an item.
    pub fn object(&self, item: &Item) -> Option<&Object> {
        self.planned.object(item)
    }
}
