//! A cluster that has no name yet: who it is, what it shows, and what of that a person accepts.

use std::path::Path;

use super::class::Class;
use super::error::TargetError;
use super::facts::{self, Facts};
use super::local::Local;
use super::suspicion::{self, Accepted, Finding, Sign};
use crate::cluster::{Access, Cluster, Connect, Identity, KubeCluster};
use crate::disk::limit;
use crate::model::clock::Timestamp;
use crate::model::safe::safe;

pub(super) const MAX_FILE: u64 = 4 << 20;

/// A cluster that is to get a name.
#[derive(Clone, Copy, Debug)]
pub struct New<'a> {
    /// The name.
    pub name: &'a str,
    /// The kubeconfig to copy.
    pub kubeconfig: &'a Path,
    /// How much care it needs.
    pub class: Class,
    /// Which context of the file; needed where it has several.
    pub context: Option<&'a str>,
    /// Signs that a person accepts, and why.
    pub accept: &'a [Sign],
    /// Their reason.
    pub reason: Option<&'a str>,
    /// The kubeconfig that every tool uses, which is no good place to take one from.
    pub usual: Option<&'a Path>,
    /// How the cluster was made, if here.
    pub local: Option<&'a Local>,
}

impl<'a> New<'a> {
    /// Returns a cluster about which nothing is said but its name and class.
    pub fn of(name: &'a str, kubeconfig: &'a Path, class: Class) -> Self {
        let (accept, reason): (&[Sign], _) = (&[], None);
        Self { name, kubeconfig, class, context: None, accept, reason, usual: None, local: None }
    }

    pub(super) fn read(&self) -> Result<Access, TargetError> {
        let bytes = limit::read(self.kubeconfig, MAX_FILE)?;
        let beside = self.kubeconfig.parent().unwrap_or(Path::new("."));
        Ok(Access::read(&bytes, beside, self.context)?)
    }

    pub(super) fn is_usual(&self) -> bool {
        let real = |path: &Path| path.canonicalize().ok();
        self.usual.and_then(real).is_some_and(|usual| real(self.kubeconfig) == Some(usual))
    }

    pub(super) fn accepted(
        &self,
        found: &[Finding],
        now: Timestamp,
    ) -> Result<Vec<Accepted>, TargetError> {
        accepted(self.accept, self.reason, found, now)
    }
}

/// Says that credentials come from a program.
pub(super) fn runs(program: &str) -> String {
    format!("credentials come from running {program}")
}

/// Asks a cluster that has no name yet who it is and what it shows.
pub(super) fn meet(
    access: &Access,
    new: &New<'_>,
    now: Timestamp,
) -> Result<(Identity, Vec<Finding>), TargetError> {
    let cluster = KubeCluster::connect(access, Connect::default())?;
    let identity = cluster.identity()?;
    let mut found = of_cluster(access, &facts::look(&cluster), now);
    if new.is_usual() {
        let text = "the file is the one that every tool uses, and changes under you".to_owned();
        found.push(Finding { sign: Sign::DefaultKubeconfig, text });
    }
    Ok((identity, found))
}

/// What a cluster and the way to it show.
pub(super) fn of_cluster(access: &Access, facts: &Facts, named: Timestamp) -> Vec<Finding> {
    let mut found = suspicion::of_facts(facts, named);
    let mut see = |sign, text: String| found.push(Finding { sign, text });
    if let Some(program) = &access.runs {
        see(Sign::RunsProgram, runs(program));
    }
    if !access.is_loopback() {
        see(Sign::NotLoopback, format!("{} is not on this machine", access.server));
    }
    let names = [&access.context, &access.cluster];
    if let Some(name) = names.into_iter().find(|name| suspicion::is_like_production(name)) {
        see(Sign::ProdName, format!("the kubeconfig calls it {name}"));
    }
    found
}

/// Refuses where signs are left that do not fit.
pub(super) fn refuse(name: &str, class: Class, findings: Vec<Finding>) -> Result<(), TargetError> {
    if findings.is_empty() {
        return Ok(());
    }
    Err(TargetError::DoesNotFit { name: name.to_owned(), class, findings, known: false })
}

/// Turns accepted words into records. Each needs a reason, and a sign that really shows.
pub(super) fn accepted(
    signs: &[Sign],
    reason: Option<&str>,
    found: &[Finding],
    at: Timestamp,
) -> Result<Vec<Accepted>, TargetError> {
    if signs.is_empty() {
        return Ok(Vec::new());
    }
    let reason = reason.map(str::trim).filter(|reason| !reason.is_empty());
    let reason = safe(reason.ok_or(TargetError::NoReason)?);
    let record = |sign: &Sign| {
        let mut seen = found.iter().filter(|finding| finding.sign == *sign).peekable();
        if seen.peek().is_none() {
            return Err(TargetError::NothingToAccept { sign: *sign });
        }
        let found: Vec<_> = seen.map(|finding| finding.text.as_str()).collect();
        Ok(Accepted { sign: *sign, found: found.join("; "), reason: reason.clone(), at })
    };
    signs.iter().map(record).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_accepted_in_advance_or_without_a_reason() {
        let found = [Finding { sign: Sign::Old, text: "it is old".into() }];
        let at = Timestamp::from_unix(0);
        let take = |signs: &[Sign], reason| accepted(signs, reason, &found, at);
        assert!(matches!(take(&[Sign::Old], None), Err(TargetError::NoReason)));
        assert!(matches!(take(&[Sign::Old], Some("  ")), Err(TargetError::NoReason)));
        let other = take(&[Sign::ManyNodes], Some("x"));
        assert!(matches!(other, Err(TargetError::NothingToAccept { .. })));
        let taken = take(&[Sign::Old], Some("the lab\u{1b} of the year")).unwrap();
        assert_eq!(taken[0].reason, "the lab\\u{1b} of the year");
        assert_eq!(take(&[], None).unwrap(), []);
    }
}
