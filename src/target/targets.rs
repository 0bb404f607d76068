//! All cards of a configuration folder: written, read, replaced, removed.
//!
//! A card is a folder `<config>/targets/<name>` with `card.json` and the flattened kubeconfig, mode
//! 0600. Between the two files of a card that is being replaced a crash leaves one that fits no
//! cluster, which is refused.

use std::path::{Path, PathBuf};

use super::card::{Card, Former};
use super::error::TargetError;
use super::facts;
use super::meeting::{MAX_FILE, New, accepted, meet, of_cluster, refuse, runs};
use super::open::{Opened, Reach, verify};
use super::suspicion::{self, Finding, Sign};
use crate::cluster::{Access, Cluster, Connect, Identity, KubeCluster};
use crate::disk::quarantine::Quarantine;
use crate::disk::{atomic, folder, limit};
use crate::model::clock::Clock;
use crate::model::safe::safe;

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

    /// Connects to the cluster, records who it is, and writes the card. A cluster that does not
    /// look like its class gets none, unless each sign of that is accepted.
    pub fn add(&self, new: &New<'_>, clock: &dyn Clock) -> Result<Card, TargetError> {
        check_name(new.name)?;
        if self.folder.join(new.name).exists() {
            return Err(TargetError::Exists { name: new.name.to_owned() });
        }
        let access = new.read()?;
        let (identity, found) = meet(&access, new, clock.now())?;
        let card = Self::draw(new, &access, identity, &found, clock)?;
        self.write(&card, &access)?;
        Ok(card)
    }

    fn draw(
        new: &New<'_>,
        access: &Access,
        identity: Identity,
        found: &[Finding],
        clock: &dyn Clock,
    ) -> Result<Card, TargetError> {
        let added = clock.now();
        let accepted = new.accepted(found, added)?;
        refuse(new.name, new.class, suspicion::stopping(found, new.class, &accepted))?;
        Ok(Card {
            format_version: 1,
            name: new.name.to_owned(),
            class: new.class,
            context: access.context.clone(),
            identity,
            added,
            runs: access.runs.clone(),
            accepted,
            former: Vec::new(),
            local: new.local.cloned(),
        })
    }

    /// Lets a name stand for the cluster that was built in place of the old one, or renews the
    /// credentials of the same one. The old cluster must not answer any more.
    pub fn replace(&self, new: &New<'_>, clock: &dyn Clock) -> Result<Card, TargetError> {
        let old = self.load(new.name)?;
        let access = new.read()?;
        let (identity, mut found) = meet(&access, new, clock.now())?;
        let same = identity.uid == old.identity.uid && identity.ca == old.identity.ca;
        if !same && self.still_answers(&old) {
            let text = format!(
                "the cluster that has this name now still answers at {}",
                old.identity.server
            );
            found.push(Finding { sign: Sign::OldClusterAnswers, text });
        }
        let mut card = Self::draw(new, &access, identity, &found, clock)?;
        card.former.clone_from(&old.former);
        if same {
            card.added = old.added;
            card.local = old.local;
            card.accepted.splice(0..0, old.accepted);
        } else {
            let replaced = clock.now();
            card.former.push(Former { identity: old.identity, added: old.added, replaced });
        }
        let at = self.folder.join(new.name);
        atomic::write(&at.join("kubeconfig"), &access.flattened(), 0o600)?;
        atomic::write(&at.join("card.json"), &json(&card)?, 0o600)?;
        Ok(card)
    }

    fn still_answers(&self, card: &Card) -> bool {
        let brief = Connect { retries: 0, call: BRIEF, connect: BRIEF, discovery: BRIEF };
        let found = self.connect(card, brief).and_then(|cluster| Ok(cluster.identity()?));
        found.is_ok_and(|found| found.uid == card.identity.uid)
    }

    /// Records that a person accepts signs, and why. Signs that do not show are refused: nothing is
    /// accepted in advance.
    pub fn accept(
        &self,
        name: &str,
        signs: &[Sign],
        reason: Option<&str>,
        clock: &dyn Clock,
    ) -> Result<Card, TargetError> {
        let mut card = self.load(name)?;
        let opened = self.open(&card)?;
        let now = accepted(signs, reason, &opened.stopping, clock.now())?;
        card.accepted.extend(now);
        atomic::write(&self.folder.join(name).join("card.json"), &json(&card)?, 0o600)?;
        Ok(card)
    }

    /// Forgets a name and its credentials. The cluster is not touched.
    pub fn remove(&self, name: &str) -> Result<Card, TargetError> {
        let card = self.load(name)?;
        if let Some(local) = &card.local {
            return Err(TargetError::MadeHere { name: name.to_owned(), what: local.to_string() });
        }
        self.forget(name)?;
        Ok(card)
    }

    /// Takes the card away, whatever it is of.
    pub(super) fn forget(&self, name: &str) -> Result<(), TargetError> {
        check_name(name)?;
        let leaving = Quarantine::new(&self.folder, "leaving")?;
        // Renamed first, so that half a card is never left under the name.
        folder::rename_new(&self.folder.join(name), &leaving.path().join("card"))?;
        Ok(())
    }

    fn write(&self, card: &Card, access: &Access) -> Result<(), TargetError> {
        folder::create(&self.folder, 0o700)?;
        let draft = Quarantine::new(&self.folder, "target")?;
        atomic::write(&draft.path().join("kubeconfig"), &access.flattened(), 0o600)?;
        atomic::write(&draft.path().join("card.json"), &json(card)?, 0o600)?;
        match draft.keep_as(&self.folder.join(&card.name)) {
            Err(crate::disk::DiskError::Exists { .. }) => {
                Err(TargetError::Exists { name: card.name.clone() })
            }
            other => Ok(other?),
        }
    }

    /// Returns all cards, sorted by name.
    pub fn list(&self) -> Result<Vec<Card>, TargetError> {
        self.names()?.iter().map(|name| self.load(name)).collect()
    }

    /// Returns the names of all cards, sorted.
    pub fn names(&self) -> Result<Vec<String>, TargetError> {
        let entries = match folder::list(&self.folder) {
            Err(error) if error.is_missing() => Vec::new(),
            entries => entries?,
        };
        let names = entries.iter().filter(|entry| entry.is_dir).filter_map(|e| e.name.to_str());
        Ok(names.filter(|name| check_name(name).is_ok()).map(str::to_owned).collect())
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

    /// Returns how the card's copy of the kubeconfig reaches its cluster.
    pub fn access(&self, card: &Card) -> Result<Access, TargetError> {
        let path = self.folder.join(&card.name);
        let bytes = limit::read(&path.join("kubeconfig"), MAX_FILE)?;
        Ok(Access::read(&bytes, &path, None)?)
    }

    /// Returns a connection. Who answers is not checked.
    pub fn connect(&self, card: &Card, limits: Connect) -> Result<KubeCluster, TargetError> {
        Ok(KubeCluster::connect(&self.access(card)?, limits)?)
    }

    /// Connects to a target and checks that it is the cluster on the card.
    pub fn open(&self, card: &Card) -> Result<Opened, TargetError> {
        self.open_within(card, Connect::default())
    }

    /// As [`Self::open`], with other limits of time.
    pub fn open_within(&self, card: &Card, limits: Connect) -> Result<Opened, TargetError> {
        let access = self.access(card)?;
        let cluster = KubeCluster::connect(&access, limits)?;
        let binding = card.binding();
        let identity = verify(&binding, &cluster)?;
        let mut told = Vec::new();
        if identity.server != card.identity.server {
            let (before, now) = (&card.identity.server, &identity.server);
            told.push(format!("the address changed: {before} to {now}"));
        }
        if identity.version != card.identity.version {
            told.push(format!("the version changed to {}", identity.version));
        }
        told.extend(access.runs.iter().map(|program| runs(program)));
        let facts = facts::look(&cluster);
        let found = of_cluster(&access, &facts, card.added);
        let stopping = suspicion::stopping(&found, card.class, &card.accepted);
        let fits = found.iter().filter(|f| f.sign == Sign::LiveEngine && f.sign.fits(card.class));
        told.extend(fits.map(|finding| finding.text.clone()));
        Ok(Opened {
            binding,
            reach: Reach::Cluster(Box::new(cluster)),
            told,
            identity: Some(identity),
            facts,
            stopping,
            accepted: card.accepted.clone(),
        })
    }
}

/// To find out whether a cluster that should be gone is gone.
const BRIEF: std::time::Duration = std::time::Duration::from_secs(5);

fn json(card: &Card) -> Result<Vec<u8>, TargetError> {
    let mut json = serde_json::to_vec_pretty(card)
        .map_err(|error| TargetError::Card { name: card.name.clone(), why: error.to_string() })?;
    json.push(b'\n');
    Ok(json)
}

pub(super) fn check_name(name: &str) -> Result<(), TargetError> {
    let good = (1..=63).contains(&name.len())
        && !name.starts_with('-')
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if good { Ok(()) } else { Err(TargetError::BadName { name: safe(name) }) }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert!(matches!(targets.remove("lab"), Err(TargetError::Unknown { .. })));
        let path = home.path().join("targets/lab");
        std::fs::create_dir_all(&path).unwrap();
        std::fs::write(path.join("card.json"), "{}").unwrap();
        assert!(matches!(targets.load("lab"), Err(TargetError::Card { .. })));
        assert_eq!(targets.names().unwrap(), ["lab"]);
    }
}
