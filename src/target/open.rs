//! A target that answered, and is the one it should be.

use std::path::Path;

use super::class::{Binding, Class};
use super::error::TargetError;
use super::facts::Facts;
use super::rights;
use super::suspicion::{Accepted, Finding};
use crate::cluster::{Cluster, Directory, Identity};
use crate::model::digest::Digest;
use crate::model::safe::safe;

/// How to reach an opened target.
pub enum Reach {
    /// A cluster that answered with the identity on its card.
    Cluster(Box<dyn Cluster>),
    /// A folder.
    Directory(Directory),
}

/// A target that may be planned against.
pub struct Opened {
    /// What a plan binds.
    pub binding: Binding,
    /// How to reach it.
    pub reach: Reach,
    /// What a person should know: changed addresses, programs that were run, signs that fit.
    pub told: Vec<String>,
    /// Who the cluster is now; none for a folder.
    pub identity: Option<Identity>,
    /// What the cluster shows of the life it leads.
    pub facts: Facts,
    /// What does not fit its class and nobody has accepted: nothing may be written.
    pub stopping: Vec<Finding>,
    /// What does not fit and was accepted, for the journal of whoever writes.
    pub accepted: Vec<Accepted>,
}

impl Opened {
    /// Passes a target that is what it is called. Whoever writes asks this first.
    pub fn admitted(&self) -> Result<(), TargetError> {
        if self.stopping.is_empty() {
            return Ok(());
        }
        Err(TargetError::DoesNotFit {
            name: self.binding.name.clone(),
            class: self.binding.class,
            findings: self.stopping.clone(),
            known: true,
        })
    }

    /// Asks what a replay needs and the credentials do not allow, as `verb plural`.
    pub fn missing_rights(&self) -> Result<Vec<String>, TargetError> {
        match &self.reach {
            Reach::Cluster(cluster) => Ok(rights::missing(&**cluster)?),
            Reach::Directory(_) => Ok(Vec::new()),
        }
    }
}

/// Opens a folder as a target.
pub fn open_directory(path: &Path) -> Opened {
    let name = format!("dir:{}", safe(path.display().to_string()));
    let binding = Binding { name, class: Class::Directory, uid: None, ca: None };
    Opened {
        binding,
        reach: Reach::Directory(Directory::new(path)),
        told: Vec::new(),
        identity: None,
        facts: Facts::default(),
        stopping: Vec::new(),
        accepted: Vec::new(),
    }
}

/// Checks that `cluster` is the one that `binding` names, by what it says now.
pub fn verify(binding: &Binding, cluster: &dyn Cluster) -> Result<Identity, TargetError> {
    let found = cluster.identity()?;
    let wrong = |what, expected, found| TargetError::WrongCluster {
        name: binding.name.clone(),
        what,
        expected,
        found,
    };
    let uid = binding.uid.clone().unwrap_or_default();
    if found.uid != uid {
        return Err(wrong("UID", uid, found.uid));
    }
    if found.ca != binding.ca {
        let text = |ca: Option<Digest>| ca.map_or_else(|| "none".to_owned(), |ca| ca.short());
        return Err(wrong("certificate authority", text(binding.ca), text(found.ca)));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::MemoryCluster;
    use crate::model::explain::{Explain, Kind};
    use crate::target::Sign;

    fn binding(uid: &str) -> Binding {
        Binding { name: "lab".into(), class: Class::Standby, uid: Some(uid.into()), ca: None }
    }

    #[test]
    fn another_uid_or_authority_is_refused() {
        let cluster = MemoryCluster::new("u-1");
        assert!(verify(&binding("u-1"), &cluster).is_ok());
        let error = verify(&binding("u-2"), &cluster).unwrap_err();
        assert_eq!(error.about().kind, Kind::Refused);
        assert_eq!(
            error.to_string(),
            "target lab answers with another UID: expected u-2, found u-1"
        );
        let other = Binding { ca: Some(Digest::of(b"x")), ..binding("u-1") };
        assert_eq!(verify(&other, &cluster).unwrap_err().about().kind, Kind::Refused);
        // A folder's binding fits no cluster.
        let folder = Binding { uid: None, ..binding("") };
        assert!(verify(&folder, &cluster).is_err());
    }

    #[test]
    fn what_does_not_fit_stops_and_says_how_to_go_on() {
        let mut opened = open_directory(Path::new("/tmp/x"));
        assert!(opened.admitted().is_ok());
        opened.binding = binding("u-1");
        opened.stopping =
            vec![Finding { sign: Sign::BoundVolumes, text: "9 volumes are bound".into() }];
        let error = opened.admitted().unwrap_err();
        assert_eq!(error.about().kind, Kind::Refused);
        assert_eq!(
            error.to_string(),
            "lab is called standby, but does not look it: 9 volumes are bound (bound-volumes)"
        );
        let next = error.next();
        assert!(next.contains("blackstart target accept lab bound-volumes --reason"), "{next}");
    }
}
