//! Target cards: which cluster a name stands for.
//!
//! A card is a folder `<config>/targets/<name>` with `card.json` and the flattened kubeconfig, mode
//! 0600. It is written once. Opening a target reads the identity from the cluster itself.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::error::TargetError;
use crate::cluster::{Access, Cluster, Connect, Directory, Identity, KubeCluster};
use crate::disk::quarantine::Quarantine;
use crate::disk::{atomic, folder, limit};
use crate::model::clock::{Clock, Timestamp};
use crate::model::digest::Digest;
use crate::model::safe::safe;

const MAX_FILE: u64 = 4 << 20;

/// How much care a target needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// Made for practice; may be planned and written in one go.
    Disposable,
    /// Stands by to take over.
    Standby,
    /// People depend on it.
    Production,
    /// Not a cluster: a folder of manifests.
    Directory,
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Disposable => "disposable",
            Self::Standby => "standby",
            Self::Production => "production",
            Self::Directory => "directory",
        })
    }
}

impl FromStr for Class {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "disposable" => Ok(Self::Disposable),
            "standby" => Ok(Self::Standby),
            "production" => Ok(Self::Production),
            _ => Err("expected disposable, standby or production".to_owned()),
        }
    }
}

/// What a plan is bound to: a name and the identity that stands behind it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// The target's name; `dir:PATH` for a folder.
    pub name: String,
    /// How much care it needs.
    pub class: Class,
    /// The UID of its `kube-system` namespace; none for a folder.
    pub uid: Option<String>,
    /// The digest of its certificate authority, where the kubeconfig has one.
    pub ca: Option<Digest>,
}

/// A card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Card {
    format_version: u32,
    /// The target's name.
    pub name: String,
    /// How much care it needs.
    pub class: Class,
    /// The context that was chosen when it was added.
    pub context: String,
    /// Who the cluster was when it was added.
    pub identity: Identity,
    /// When that was.
    pub added: Timestamp,
    /// The program that its kubeconfig runs to get credentials, where it does.
    pub runs: Option<String>,
}

impl Card {
    /// Returns what plans are bound to.
    pub fn binding(&self) -> Binding {
        Binding {
            name: self.name.clone(),
            class: self.class,
            uid: Some(self.identity.uid.clone()),
            ca: self.identity.ca,
        }
    }
}

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
    /// What a person should know: changed addresses, programs that were run.
    pub told: Vec<String>,
}

/// Opens a folder as a target.
pub fn open_directory(path: &Path) -> Opened {
    let name = format!("dir:{}", safe(path.display().to_string()));
    let binding = Binding { name, class: Class::Directory, uid: None, ca: None };
    Opened { binding, reach: Reach::Directory(Directory::new(path)), told: Vec::new() }
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

/// All cards of a configuration folder.
#[derive(Clone, Debug)]
pub struct Targets {
    folder: PathBuf,
}

impl Targets {
    /// Looks after the cards in `<config>/targets`.
    pub fn new(config: &Path) -> Self {
        Self { folder: config.join("targets") }
    }

    /// Connects to the cluster, records who it is, and writes the card.
    pub fn add(
        &self,
        name: &str,
        kubeconfig: &Path,
        class: Class,
        context: Option<&str>,
        clock: &dyn Clock,
    ) -> Result<Card, TargetError> {
        check_name(name)?;
        if self.folder.join(name).exists() {
            return Err(TargetError::Exists { name: name.to_owned() });
        }
        let bytes = limit::read(kubeconfig, MAX_FILE)?;
        let beside = kubeconfig.parent().unwrap_or(Path::new("."));
        let access = Access::read(&bytes, beside, context)?;
        let identity = KubeCluster::connect(&access, Connect::default())?.identity()?;
        let card = Card {
            format_version: 1,
            name: name.to_owned(),
            class,
            context: access.context.clone(),
            identity,
            added: clock.now(),
            runs: access.runs.clone(),
        };
        self.write(&card, &access)?;
        Ok(card)
    }

    fn write(&self, card: &Card, access: &Access) -> Result<(), TargetError> {
        folder::create(&self.folder, 0o700)?;
        let draft = Quarantine::new(&self.folder, "target")?;
        atomic::write(&draft.path().join("kubeconfig"), &access.flattened(), 0o600)?;
        let mut json = serde_json::to_vec_pretty(card).map_err(|error| TargetError::Card {
            name: card.name.clone(),
            why: error.to_string(),
        })?;
        json.push(b'\n');
        atomic::write(&draft.path().join("card.json"), &json, 0o600)?;
        match draft.keep_as(&self.folder.join(&card.name)) {
            Err(crate::disk::DiskError::Exists { .. }) => {
                Err(TargetError::Exists { name: card.name.clone() })
            }
            other => Ok(other?),
        }
    }

    /// Returns all cards, sorted by name.
    pub fn list(&self) -> Result<Vec<Card>, TargetError> {
        let entries = match folder::list(&self.folder) {
            Err(error) if error.is_missing() => Vec::new(),
            entries => entries?,
        };
        let names = entries.iter().filter(|entry| entry.is_dir).filter_map(|e| e.name.to_str());
        names.filter(|name| check_name(name).is_ok()).map(|name| self.load(name)).collect()
    }

    /// Reads one card.
    pub fn load(&self, name: &str) -> Result<Card, TargetError> {
        check_name(name)?;
        let path = self.folder.join(name).join("card.json");
        let Some(bytes) = limit::read_if_there(&path, MAX_FILE)? else {
            return Err(TargetError::Unknown { name: name.to_owned() });
        };
        let damaged = |why: String| TargetError::Card { name: name.to_owned(), why: safe(why) };
        let card: Card = serde_json::from_slice(&bytes).map_err(|e| damaged(e.to_string()))?;
        if card.format_version != 1 || card.name != name {
            return Err(damaged("it is the card of something else".to_owned()));
        }
        Ok(card)
    }

    /// Connects to a target and checks that it is the cluster on the card.
    pub fn open(&self, card: &Card) -> Result<Opened, TargetError> {
        let path = self.folder.join(&card.name);
        let bytes = limit::read(&path.join("kubeconfig"), MAX_FILE)?;
        let access = Access::read(&bytes, &path, None)?;
        let cluster = KubeCluster::connect(&access, Connect::default())?;
        let binding = card.binding();
        let found = verify(&binding, &cluster)?;
        let mut told = Vec::new();
        if found.server != card.identity.server {
            let text = format!("the address changed: {} to {}", card.identity.server, found.server);
            told.push(text);
        }
        if found.version != card.identity.version {
            told.push(format!("the version changed to {}", found.version));
        }
        told.extend(access.runs.map(|program| format!("credentials come from running {program}")));
        Ok(Opened { binding, reach: Reach::Cluster(Box::new(cluster)), told })
    }
}

fn check_name(name: &str) -> Result<(), TargetError> {
    let good = (1..=63).contains(&name.len())
        && !name.starts_with('-')
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if good { Ok(()) } else { Err(TargetError::BadName { name: safe(name) }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::MemoryCluster;
    use crate::model::explain::{Explain, Kind};

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
    fn names_cannot_leave_the_folder() {
        for name in ["", "..", "a/b", "A", "-a", "dir:x", &"a".repeat(64)] {
            assert!(check_name(name).is_err(), "{name}");
        }
        assert!(check_name("lab-2").is_ok());
    }

    #[test]
    fn unknown_and_damaged_cards_are_told_apart() {
        let home = tempfile::tempdir().unwrap();
        let targets = Targets::new(home.path());
        assert_eq!(targets.list().unwrap(), []);
        assert!(matches!(targets.load("lab"), Err(TargetError::Unknown { .. })));
        let path = home.path().join("targets/lab");
        std::fs::create_dir_all(&path).unwrap();
        std::fs::write(path.join("card.json"), "{}").unwrap();
        assert!(matches!(targets.load("lab"), Err(TargetError::Card { .. })));
    }
}
