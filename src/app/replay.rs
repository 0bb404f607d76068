//! `replay`: a plan made, bound to what a person has confirmed, and carried out.

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use super::known::Known;
use super::plan::{self, Prepared};
use super::runs::{
    Halt, drop_card, holder, keep_card, new_name, operator, options, resume_command, runs,
};
use super::{FORMAT_VERSION, Failure, Kit, Ports, Reader, TOOL};
use crate::bundle::verify::Accepted;
use crate::disk::limit;
use crate::model::event::Event;
use crate::model::safe::safe;
use crate::plan::{Approved, Bound, Confirmation, Plan, PlanError};
use crate::replay::{Around, Consent, Folder, Journal, Kept, Opening, Past, check, replay};
use crate::target::{Class, Opened, Selector};

pub use crate::replay::{Choices, Options, Outcome, Pattern, Pending, Skip, Verdict, Wait};

/// A plan of thousands of objects is a few megabytes.
const LARGEST_PLAN: u64 = 256 << 20;
/// So many digits of a digest name a plan: as many as are shown.
const ENOUGH_DIGITS: usize = 16;
const ALL_DIGITS: usize = 64;

/// What to replay.
#[derive(Clone, Debug)]
pub struct Request {
    /// The plan to make.
    pub plan: plan::Request,
    /// The target's name as it was typed.
    pub confirm: Option<String>,
    /// The plan that was approved: its file, or its digest.
    pub approved: Option<String>,
    /// How to carry it out.
    pub options: Options,
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
    /// The run's name, where one was opened.
    pub run: Option<String>,
    /// Where its journal is.
    pub journal: Option<PathBuf>,
    /// How it ended.
    pub verdict: Verdict,
    /// Object by object where it matters.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// The command that goes on, unless everything is there.
    pub next: Option<String>,
    /// How long it took, planning included.
    pub seconds: f64,
    /// What a person should know of the target and the bundle.
    pub remarks: Vec<String>,
}

/// Replays. `show` shows a plan to whoever must confirm it.
pub fn run(request: &Request, show: &dyn Fn(&Plan), ports: &Ports<'_>) -> Result<Report, Failure> {
    let begun = ports.clock.elapsed();
    // A slip in a name should not cost the opening of a bundle.
    let named = request.approved.as_deref().map(|named| Named::read(named, ports)).transpose()?;
    let mut wanted = request.plan.clone();
    if let Some(named) = &named {
        named.complete(&mut wanted);
    }
    let prepared = plan::prepare(&wanted, Opened::admitted, ports)?;
    let Prepared { planned, target, reader, accepted, mut remarks } = prepared;
    // Onto a folder nobody need have seen the plan before.
    if planned.plan().target.class == Class::Directory {
        remarks.extend(planned.plan().warnings.iter().map(|note| note.text.clone()));
    } else {
        // At the end "complete" would else be taken for all that the lost cluster ran.
        remarks.extend(planned.plan().elsewhere().map(|note| note.text.clone()));
    }
    let planning = ports.clock.elapsed().saturating_sub(begun);
    let confirmation = confirmation(request, named.as_ref(), planned.plan(), show, ports)?;
    // A person who reads the plan and types the name is no time of the tool.
    let begun = ports.clock.elapsed().saturating_sub(planning);
    let approved = planned.approve(&confirmation)?;
    check(&approved, &request.options.choices)?;
    let seq = accepted.verified().manifest().seq;
    let place = options(&wanted.place, &wanted.wanted.identities, ports);
    let signs = target.accepted.iter();
    let signs = signs.map(|one| format!("{}: {}: {}", one.sign, one.found, one.reason));
    let opening = Opening {
        format_version: Opening::current_version(),
        run: new_name(ports.clock.now()),
        tool: TOOL.to_owned(),
        operator: operator(ports).0,
        bundle: approved.plan().bundle,
        seq: seq.get(),
        plan: approved.plan().digest(),
        objects: approved.plan().items().count(),
        target: approved.plan().target.clone(),
        accepted: signs.collect(),
        consent: consent(&confirmation),
        choices: request.options.choices.clone(),
        place: place.clone(),
    };
    let opened = open_run(request, opening, approved.plan(), reader.kit.as_ref(), ports)?;
    let (run, folder, journal) = opened.map_or((None, None, None), |(run, folder, journal)| {
        (Some(run), Some(folder), Some(journal))
    });
    let next = run.as_ref().map_or_else(String::new, |run| resume_command(run, &place));
    let carried = Carried {
        approved,
        target,
        options: request.options.clone(),
        folder: folder.as_ref(),
        journal: journal.as_ref(),
        past: None,
        next,
        run,
        remarks,
        begun,
    };
    carry_out(carried, &reader, &accepted, ports)
}

/// How the plan was seen and the target named.
fn consent(confirmation: &Confirmation) -> Consent {
    let seen = match confirmation.bound {
        Bound::Nothing => "nothing",
        Bound::Terminal => "terminal",
        Bound::Plan(_) => "plan",
    };
    Consent { typed: confirmation.target.clone(), seen: seen.to_owned() }
}

/// Opens a journal before anything is written to a cluster. Where nothing is to be written there
/// is nothing to go on with.
fn open_run(
    request: &Request,
    opening: Opening,
    plan: &Plan,
    kit: Option<&Kit>,
    ports: &Ports<'_>,
) -> Result<Option<(String, Folder, Journal)>, Failure> {
    let Selector::Named(card) = &request.plan.target else { return Ok(None) };
    if plan.is_empty() {
        return Ok(None);
    }
    let run = opening.run.clone();
    let (folder, journal) = runs(kit, ports)?.create(opening, plan, ports.clock.now())?;
    if let Some(config) = &ports.environment.config_dir {
        keep_card(&config.join("targets").join(card), &folder, card)?;
    }
    ports.observer.event(&Event::RunOpened {
        run: run.clone(),
        journal: folder.path().display().to_string(),
        resumed: false,
    });
    Ok(Some((run, folder, journal)))
}

/// A run that is about to be carried out, or to go on.
pub(super) struct Carried<'a> {
    pub(super) approved: Approved,
    pub(super) target: Opened,
    pub(super) options: Options,
    pub(super) folder: Option<&'a Folder>,
    pub(super) journal: Option<&'a Journal>,
    pub(super) past: Option<&'a Past>,
    pub(super) next: String,
    pub(super) run: Option<String>,
    pub(super) remarks: Vec<String>,
    pub(super) begun: Duration,
}

/// Carries it out and reports.
pub(super) fn carry_out(
    carried: Carried<'_>,
    reader: &Reader,
    accepted: &Accepted,
    ports: &Ports<'_>,
) -> Result<Report, Failure> {
    let Carried { approved, target, options, folder, journal, past, next, run, remarks, begun } =
        carried;
    let digest = approved.plan().digest();
    let objects: Vec<_> = approved.plan().items().map(|item| item.object.clone()).collect();
    let around = Around { clock: ports.clock, observer: ports.observer, cancel: ports.cancel };
    let holder = run.as_deref().zip(folder).map(|(run, folder)| holder(run, folder, ports));
    let kept = journal.zip(holder.as_ref()).map(|(journal, holder)| Kept { journal, past, holder });
    let outcome = replay(approved, &target.reach, &options, kept, around)
        .map_err(|error| Halt::failure(error, next.clone()))?;
    let complete = outcome.verdict() == Verdict::Complete;
    if complete {
        // What a person left out is not there, and no loss later.
        let left_out: Vec<_> = outcome.left_out.iter().map(|one| one.object.clone()).collect();
        let there = objects.into_iter().filter(|object| !left_out.contains(&object.to_string()));
        Known::remember(ports.environment, &target.binding, there, left_out.is_empty());
        reader.remember(accepted.verified(), ports)?;
        folder.map(drop_card).transpose()?;
    }
    Ok(Report {
        format_version: FORMAT_VERSION,
        plan: digest.oci(),
        target: target.binding.name,
        journal: folder.map(|folder| folder.path().to_owned()),
        next: (!complete && run.is_some()).then_some(next),
        run,
        verdict: outcome.verdict(),
        outcome,
        seconds: ports.clock.elapsed().saturating_sub(begun).as_secs_f64(),
        remarks: remarks.iter().map(safe).collect(),
    })
}

/// Finds out what a person has confirmed, by the command line or by asking.
fn confirmation(
    request: &Request,
    named: Option<&Named>,
    plan: &Plan,
    show: &dyn Fn(&Plan),
    ports: &Ports<'_>,
) -> Result<Confirmation, Failure> {
    let target = confirmed_name(request, plan, ports);
    if let Some(named) = named {
        return Ok(Confirmation { target, bound: named.bound(plan)? });
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

/// Returns the name that was typed. A folder may be spelt as it was given, with or without `dir:`.
fn confirmed_name(request: &Request, plan: &Plan, ports: &Ports<'_>) -> Option<String> {
    let typed = request.confirm.as_ref()?;
    let Selector::Directory(folder) = &request.plan.target else { return Some(typed.clone()) };
    let here = &ports.environment.current_dir;
    let path = typed.strip_prefix("dir:").unwrap_or(typed);
    let same = here.join(path) == here.join(folder);
    Some(if same { plan.target.name.clone() } else { typed.clone() })
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

/// How a plan was named that was approved.
#[derive(Clone, Debug)]
enum Named {
    /// By the file that holds it, which says the folders too.
    File(Box<Plan>),
    /// By at least the first digits of its digest.
    Digits(String),
}

impl Named {
    /// Reads which plan was approved. Whatever is neither a file nor a digest is a slip.
    fn read(named: &str, ports: &Ports<'_>) -> Result<Self, Failure> {
        let path = ports.environment.current_dir.join(named);
        if path.is_file() {
            let bytes = limit::read(&path, LARGEST_PLAN)?;
            let plan = Plan::read(&bytes, &safe(path.display().to_string()))?;
            return Ok(Self::File(Box::new(plan)));
        }
        let digits = named.strip_prefix("sha256:").unwrap_or(named).to_ascii_lowercase();
        let hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        if !hex || !(ENOUGH_DIGITS..=ALL_DIGITS).contains(&digits.len()) {
            return Err(PlanError::NoPlan { named: safe(named) }.into());
        }
        Ok(Self::Digits(digits))
    }

    /// Adds what it says of the folders to a request that names none.
    fn complete(&self, request: &mut plan::Request) {
        match self {
            Self::File(plan) if request.wanted.sources.is_empty() => {
                request.wanted.sources.clone_from(&plan.sources);
            }
            Self::File(_) => {}
            Self::Digits(_) => request.wanted.by_digest = true,
        }
    }

    /// Compares it with the plan that would run.
    fn bound(&self, now: &Plan) -> Result<Bound, Failure> {
        match self {
            Self::File(seen) => same_subject(seen, now),
            Self::Digits(digits) if now.digest().to_string().starts_with(digits) => {
                Ok(Bound::Plan(now.digest()))
            }
            Self::Digits(digits) => {
                let (seen, now) = (digits[..ENOUGH_DIGITS].to_owned(), now.digest().short());
                Err(PlanError::Changed { seen, now }.into())
            }
        }
    }
}

fn same_subject(seen: &Plan, plan: &Plan) -> Result<Bound, Failure> {
    let other = |what, expected: String, found: String| PlanError::Other { what, expected, found };
    if seen.target != plan.target {
        let text = |plan: &Plan| {
            let uid = plan.target.uid.as_deref().unwrap_or("no cluster");
            safe(format!("{} ({uid})", plan.target.name))
        };
        return Err(other("target", text(seen), text(plan)).into());
    }
    if seen.bundle != plan.bundle {
        return Err(other("bundle", seen.bundle.short(), plan.bundle.short()).into());
    }
    Ok(Bound::Plan(seen.digest()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::cluster::{Identity, MemoryCluster};
    use crate::config::Environment;
    use crate::keys::prompt::{Passphrase, Prompt};
    use crate::keys::unlocked::Unlocked;
    use crate::model::cancel::Cancel;
    use crate::model::clock::{FixedClock, Timestamp};
    use crate::model::digest::Digest;
    use crate::model::event::Quiet;
    use crate::plan::{Against, Desired, Planned, make};
    use crate::target::Binding;
    use crate::tools::Tools;

    /// Types the same answer to every question.
    struct Typist(Option<&'static str>);

    impl Prompt for Typist {
        fn passphrase(&self, _what: &str) -> Option<Passphrase> {
            None
        }
        fn answer(&self, _question: &str) -> Option<String> {
            self.0.map(str::to_owned)
        }
        fn confirm(&self, _question: &str, _yes: &str, _no: Option<&str>) -> Option<bool> {
            self.0.map(|_| true)
        }
        fn message(&self, _text: &str) {}
        fn handle(&self) -> Arc<dyn Prompt> {
            Arc::new(Self(self.0))
        }
    }

    fn planned(class: Class) -> Planned {
        let cluster = MemoryCluster::new("u-1");
        let Identity { uid, ca, .. } = crate::cluster::Cluster::identity(&cluster).unwrap();
        let target = Binding { name: "lab".into(), class, uid: Some(uid), ca };
        let desired = Desired {
            bundle: Digest::of(b"b"),
            items: Vec::new(),
            findings: Vec::new(),
            choices: Vec::new(),
        };
        make(&desired, &target, &Against::Cluster(&cluster), &Quiet, &Cancel::new()).unwrap()
    }

    /// Returns the code that approval ends with, and how often the plan was shown.
    fn outcome(
        class: Class,
        typed: Option<&'static str>,
        confirm: Option<&str>,
        approved: Option<&str>,
    ) -> (Result<(), &'static str>, usize) {
        let environment = Environment::default();
        let ports = Ports {
            clock: &FixedClock(Timestamp::from_unix(0)),
            observer: &Quiet,
            cancel: &Cancel::new(),
            prompt: &Typist(typed),
            unlocked: &Unlocked::default(),
            tools: &Tools::default(),
            environment: &environment,
        };
        let request = Request {
            plan: plan::Request {
                place: crate::app::Place::default(),
                wanted: crate::app::Wanted::default(),
                target: Selector::Named("lab".into()),
                out: None,
            },
            confirm: confirm.map(str::to_owned),
            approved: approved.map(str::to_owned),
            options: Options::default(),
        };
        let planned = planned(class);
        let shown = AtomicUsize::new(0);
        let show = |_: &Plan| {
            shown.fetch_add(1, Ordering::Relaxed);
        };
        let named = approved.map(|named| Named::read(named, &ports)).transpose();
        let confirmation = named.and_then(|named| {
            confirmation(&request, named.as_ref(), planned.plan(), &show, &ports)
        });
        let approved = confirmation.and_then(|given| Ok(planned.approve(&given)?));
        let code = approved.map(drop).map_err(|failure| failure.about().code);
        (code, shown.into_inner())
    }

    #[test]
    fn at_a_terminal_the_plan_is_shown_and_the_name_typed() {
        for class in [Class::Disposable, Class::Standby, Class::Production] {
            assert_eq!(outcome(class, Some("lab"), None, None), (Ok(()), 1));
            assert_eq!(outcome(class, Some("yes"), None, None), (Err("B1403"), 1));
            assert_eq!(outcome(class, None, None, None), (Err("B1402"), 1));
        }
        assert_eq!(outcome(Class::Production, Some("lab"), Some("lab"), None), (Ok(()), 1));
        // A wrong name on the command line is not asked about.
        assert_eq!(outcome(Class::Production, Some("lab"), Some("prod"), None), (Err("B1403"), 0));
    }

    #[test]
    fn without_a_terminal_a_disposable_target_or_a_seen_plan_is_needed() {
        assert_eq!(outcome(Class::Disposable, None, Some("lab"), None), (Ok(()), 0));
        assert_eq!(outcome(Class::Standby, None, Some("lab"), None), (Err("B1404"), 1));
        let digest = planned(Class::Standby).plan().digest();
        for named in [digest.short(), digest.to_string(), digest.oci()] {
            assert_eq!(outcome(Class::Standby, None, Some("lab"), Some(&named)), (Ok(()), 0));
            assert_eq!(outcome(Class::Standby, None, None, Some(&named)).0, Err("B1402"));
        }
        let other = outcome(Class::Standby, None, Some("lab"), Some(&"0".repeat(64))).0;
        assert_eq!(other, Err("B1405"));
        let short = &digest.to_string()[..15];
        for slip in ["", "1", short, &"0".repeat(65), "p.json", "sha256:p.json"] {
            let found = outcome(Class::Standby, None, Some("lab"), Some(slip)).0;
            assert_eq!(found, Err("B1409"), "{slip}");
        }
    }
}
