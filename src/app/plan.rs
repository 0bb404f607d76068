//! `plan`: what a replay would do. Writes nothing but the plan file that was asked for.

use std::path::PathBuf;

use serde::{Serialize, Serializer};
use serde_json::json;

use super::desired::{Wanted, desired, sources};
use super::known::Known;
use super::target::targets;
use super::{Failure, Place, Ports, Reader};
use crate::bundle::verify::Accepted;
use crate::disk::atomic;
use crate::model::safe::safe;
use crate::object::ObjectRef;
use crate::plan::{Against, Planned, make};
use crate::target::{Opened, Reach, TargetError, open_directory};

pub use crate::object::Stage;
pub use crate::plan::{Action, Item, Note, Plan, Undefined, Wave};
pub use crate::target::Selector;

/// What to plan.
#[derive(Clone, Debug)]
pub struct Request {
    /// Where the bundle is.
    pub place: Place,
    /// Which bundle and what of it.
    pub wanted: Wanted,
    /// Onto what.
    pub target: Selector,
    /// Where to write the plan file.
    pub out: Option<PathBuf>,
}

/// The report. In JSON it is the plan.
#[derive(Clone, Debug)]
pub struct Report {
    /// The plan.
    pub plan: Plan,
    /// Where its file was written.
    pub out: Option<PathBuf>,
    /// Whether a file was there before.
    pub replaced: bool,
    /// What a person should know of the target and the bundle.
    pub remarks: Vec<String>,
    /// What of the kinds concerned is on the target only.
    pub extra: Vec<ObjectRef>,
    /// Whether that was asked for, so that JSON has it.
    pub lists_extra: bool,
}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut report = self.plan.report();
        if self.lists_extra {
            report["extra"] = json!(self.extra);
        }
        report.serialize(to)
    }
}

/// A plan with what it was made from.
pub(super) struct Prepared {
    pub(super) planned: Planned,
    pub(super) target: Opened,
    pub(super) reader: Reader,
    pub(super) accepted: Accepted,
    pub(super) remarks: Vec<String>,
}

/// Opens the bundle and the target, and compares them, if the target passes `check`.
pub(super) fn prepare(
    request: &Request,
    check: impl FnOnce(&Opened) -> Result<(), TargetError>,
    ports: &Ports<'_>,
) -> Result<Prepared, Failure> {
    // The target first: a wrong one should not cost the opening of a bundle.
    let target = open_target(&request.target, ports)?;
    check(&target)?;
    let reader = Reader::open(&request.place, ports)?;
    let (accepted, desired) = desired(&reader, &request.wanted, ports)?;
    let against = match &target.reach {
        Reach::Cluster(cluster) => Against::Cluster(cluster.as_ref()),
        Reach::Directory(directory) => Against::Directory(directory),
    };
    let planned = make(&desired, &target.binding, &against, ports.observer, ports.cancel)?;
    let mut planned = planned.made_from(sources(&reader, &request.wanted));
    if target.identity.is_some() && target.facts.runs_nothing() {
        planned = planned.without_nodes(target.facts.nodes);
    }
    let mut remarks = target.told.clone();
    remarks.extend(target.stopping.iter().map(|sign| format!("a replay is refused: {sign}")));
    remarks.extend(accepted.verified().remarks().map(str::to_owned));
    Ok(Prepared { planned, target, reader, accepted, remarks })
}

fn open_target(selector: &Selector, ports: &Ports<'_>) -> Result<Opened, Failure> {
    match selector {
        Selector::Directory(path) => Ok(open_directory(&ports.environment.current_dir.join(path))),
        Selector::Named(name) => {
            let targets = targets(ports)?;
            let card = targets.load(name)?;
            Ok(targets.open(&card)?)
        }
    }
}

/// Makes a plan.
pub fn run(request: &Request, ports: &Ports<'_>) -> Result<Report, Failure> {
    // Looking is allowed at whatever the target is.
    let prepared = prepare(request, |_| Ok(()), ports)?;
    let plan = prepared.planned.plan().clone();
    let extra = prepared.planned.extra().to_vec();
    let out = request.out.as_ref().map(|path| ports.environment.current_dir.join(path));
    let replaced = out.as_ref().is_some_and(|path| path.exists());
    if let Some(path) = &out {
        atomic::write(path, &plan.to_file(), 0o600)?;
    }
    let there = plan.items().filter(|item| item.action != Action::New);
    let there = there.map(|item| item.object.clone());
    Known::remember(ports.environment, &plan.target, there, false);
    prepared.reader.remember(prepared.accepted.verified(), ports)?;
    let remarks = prepared.remarks.iter().map(safe).collect();
    Ok(Report { plan, out, replaced, remarks, extra, lists_extra: false })
}
