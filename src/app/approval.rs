//! What a person has confirmed, and which plan was seen: by the command line, or by asking.

use super::replay::Request;
use super::{Failure, Ports, plan};
use crate::disk::limit;
use crate::model::safe::safe;
use crate::plan::{Bound, Confirmation, Plan, PlanError};
use crate::replay::Consent;
use crate::target::{Class, Selector};

/// A plan of thousands of objects is a few megabytes.
const LARGEST_PLAN: u64 = 256 << 20;
/// So many digits of a digest name a plan: as many as are shown.
const ENOUGH_DIGITS: usize = 16;
const ALL_DIGITS: usize = 64;

/// How the plan was seen and the target named.
pub(super) fn consent(confirmation: &Confirmation) -> Consent {
    let seen = match confirmation.bound {
        Bound::Nothing => "nothing",
        Bound::Terminal => "terminal",
        Bound::Plan(_) => "plan",
    };
    Consent { typed: confirmation.target.clone(), seen: seen.to_owned() }
}

/// Finds out what a person has confirmed, by the command line or by asking.
pub(super) fn confirmation(
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
pub(super) enum Named {
    /// By the file that holds it, which says the folders too.
    File(Box<Plan>),
    /// By at least the first digits of its digest.
    Digits(String),
}

impl Named {
    /// Reads which plan was approved. Whatever is neither a file nor a digest is a slip.
    pub(super) fn read(named: &str, ports: &Ports<'_>) -> Result<Self, Failure> {
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
    pub(super) fn complete(&self, request: &mut plan::Request) {
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
    use crate::app::replay::Options;
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
            beyond: Vec::new(),
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
