//! `replay`: a plan made, bound to what a person has confirmed, and carried out.

use std::path::Path;

use serde::Serialize;

use super::plan::{self, Prepared};
use super::{FORMAT_VERSION, Failure, Ports};
use crate::disk::limit;
use crate::model::safe::safe;
use crate::plan::{Bound, Confirmation, Plan, PlanError};
use crate::replay::{Around, Options, replay};
use crate::target::Class;

pub use crate::replay::{Outcome, Verdict, Wait};

/// A plan of thousands of objects is a few megabytes.
const LARGEST_PLAN: u64 = 256 << 20;
/// So many digits of a digest name a plan: as many as are shown.
const ENOUGH_DIGITS: usize = 16;

/// What to replay.
#[derive(Clone, Debug)]
pub struct Request {
    /// The plan to make.
    pub plan: plan::Request,
    /// The target's name as it was typed.
    pub confirm: Option<String>,
    /// The plan that was approved: its file, or its digest.
    pub approved: Option<String>,
    /// Whether to wait until objects are ready.
    pub wait: Wait,
}

/// The report.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The version of this shape.
    pub format_version: u32,
    /// The plan's digest.
    pub plan: String,
    /// The target's name.
    pub target: String,
    /// How it ended.
    pub verdict: Verdict,
    /// Object by object where it matters.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// How long it took, planning included.
    pub seconds: f64,
    /// What a person should know of the target and the bundle.
    pub remarks: Vec<String>,
}

/// Replays. `show` shows a plan to whoever must confirm it.
pub fn run(request: &Request, show: &dyn Fn(&Plan), ports: &Ports<'_>) -> Result<Report, Failure> {
    let begun = ports.clock.elapsed();
    let Prepared { planned, target, reader, accepted, remarks } =
        plan::prepare(&request.plan, ports)?;
    let confirmation = confirmation(request, planned.plan(), show, ports)?;
    let digest = planned.plan().digest();
    let approved = planned.approve(&confirmation)?;
    let around = Around { clock: ports.clock, observer: ports.observer, cancel: ports.cancel };
    let options = Options { wait: request.wait, ..Options::default() };
    let outcome = replay(approved, &target.reach, &options, around)?;
    if outcome.verdict() == Verdict::Complete {
        reader.remember(accepted.verified(), ports)?;
    }
    Ok(Report {
        format_version: FORMAT_VERSION,
        plan: digest.oci(),
        target: target.binding.name,
        verdict: outcome.verdict(),
        outcome,
        seconds: ports.clock.elapsed().saturating_sub(begun).as_secs_f64(),
        remarks: remarks.iter().map(safe).collect(),
    })
}

/// Finds out what a person has confirmed, by the command line or by asking.
fn confirmation(
    request: &Request,
    plan: &Plan,
    show: &dyn Fn(&Plan),
    ports: &Ports<'_>,
) -> Result<Confirmation, Failure> {
    let target = request.confirm.clone();
    if let Some(named) = &request.approved {
        return Ok(Confirmation { target, bound: named_plan(named, plan, ports)? });
    }
    let in_one_go = plan.target.class == Class::Directory
        || (plan.target.class == Class::Disposable && target.is_some());
    if !plan.blockers.is_empty() {
        show(plan);
    } else if !in_one_go {
        return Ok(ask(target, plan, show, ports));
    }
    Ok(Confirmation { target, bound: Bound::Nothing })
}

/// Shows the plan and lets the target's name be typed. Nobody there: nothing is bound.
fn ask(
    target: Option<String>,
    plan: &Plan,
    show: &dyn Fn(&Plan),
    ports: &Ports<'_>,
) -> Confirmation {
    let wrong = target.as_ref().is_some_and(|name| *name != plan.target.name);
    if wrong {
        return Confirmation { target, bound: Bound::Nothing };
    }
    show(plan);
    let question = format!(
        "To replay this onto {} ({}), type the target's name",
        plan.target.name, plan.target.class
    );
    match ports.prompt.answer(&question) {
        Some(typed) => Confirmation { target: Some(typed), bound: Bound::Terminal },
        None => Confirmation { target, bound: Bound::Nothing },
    }
}

/// Reads which plan was approved: a file that holds it, or its digest.
fn named_plan(named: &str, plan: &Plan, ports: &Ports<'_>) -> Result<Bound, Failure> {
    let path = ports.environment.current_dir.join(named);
    if path.is_file() {
        return file_plan(&path, plan);
    }
    let digits = named.strip_prefix("sha256:").unwrap_or(named);
    let now = plan.digest();
    if digits.len() >= ENOUGH_DIGITS && now.to_string().starts_with(digits) {
        return Ok(Bound::Plan(now));
    }
    let (seen, now) = (safe(digits), now.short());
    Err(PlanError::Changed { seen, now }.into())
}

fn file_plan(path: &Path, plan: &Plan) -> Result<Bound, Failure> {
    let bytes = limit::read(path, LARGEST_PLAN)?;
    let seen = Plan::read(&bytes, &safe(path.display().to_string()))?;
    let other = |what, expected: String, found: String| PlanError::Other { what, expected, found };
    if seen.target != plan.target {
        let text = |plan: &Plan| {
            let uid = plan.target.uid.as_deref().unwrap_or("no cluster");
            safe(format!("{} ({uid})", plan.target.name))
        };
        return Err(other("target", text(&seen), text(plan)).into());
    }
    if seen.bundle != plan.bundle {
        return Err(other("bundle", seen.bundle.short(), plan.bundle.short()).into());
    }
    Ok(Bound::Plan(seen.digest()))
}
