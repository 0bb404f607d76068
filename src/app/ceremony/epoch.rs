//! An epoch's folder in the kit: `keys/epoch-<n>/` with the seals, `SEALS` and its signatures, and
//! beside it `keys/epoch-<n>.openers`.

use std::path::{Path, PathBuf};

use super::{CeremonyError, OpenerList, RootSigner};
use crate::app::Failure;
use crate::disk::quarantine::Quarantine;
use crate::disk::{atomic, folder, limit};
use crate::keys::epoch::EpochKey;
use crate::keys::namespace;
use crate::keys::seal::{MAX_SEAL, OpenPolicy, Seal, SealName, SealedTo, seal_epoch};
use crate::keys::seals_file::{self, SealsFile};
use crate::keys::trust::TrustFile;
use crate::model::id::StreamId;

/// Seals that were just made.
pub struct SealedEpoch {
    /// The list to sign.
    pub list: SealsFile,
    /// The seals.
    pub seals: Vec<Seal>,
    /// Who opens.
    pub openers: OpenerList,
}

impl SealedEpoch {
    /// Seals a key to its openers.
    pub fn make(
        stream: &StreamId,
        key: &EpochKey,
        serial: u32,
        openers: OpenerList,
    ) -> Result<Self, Failure> {
        let seals = seal_epoch(key, &openers.people, openers.policy, &openers.solo)?;
        let list = SealsFile::of(stream.clone(), key.number, serial, key.recipient(), &seals);
        Ok(Self { list, seals, openers })
    }

    /// Returns the files of the folder, signed by `root` where it is at hand.
    pub fn files(
        &self,
        root: Option<&RootSigner>,
        trust: &TrustFile,
    ) -> Result<Vec<(String, Vec<u8>)>, Failure> {
        let list = self.list.to_string().into_bytes();
        let mut files: Vec<_> =
            self.seals.iter().map(|seal| (seal.name.clone(), seal.bytes.clone())).collect();
        if let Some(root) = root {
            let name = format!("SEALS.{}.sig", root.name(&[trust])?);
            files.push((name, root.sign(namespace::KEYS, &list)?));
        }
        files.push(("SEALS".to_owned(), list));
        Ok(files)
    }

    /// Puts the epoch into the kit; what the folder held before is replaced as a whole.
    pub fn write(
        &self,
        kit: &Path,
        root: Option<&RootSigner>,
        trust: &TrustFile,
    ) -> Result<(), Failure> {
        let place = EpochFolder::at(kit, self.list.epoch);
        let new = Quarantine::new(&kit.join("keys"), "epoch")?;
        for (name, bytes) in self.files(root, trust)? {
            atomic::write_new(&new.path().join(name), &bytes, 0o644)?;
        }
        atomic::write(&place.openers_path(), self.openers.to_string().as_bytes(), 0o644)?;
        Ok(folder::replace(new.path(), &place.path)?)
    }
}

/// An epoch's folder that is there.
#[derive(Clone, Debug)]
pub struct EpochFolder {
    /// The epoch.
    pub number: u32,
    path: PathBuf,
}

impl EpochFolder {
    /// Returns the place of an epoch, there or not.
    pub fn at(kit: &Path, number: u32) -> Self {
        Self { number, path: kit.join(format!("keys/epoch-{number:04}")) }
    }

    /// Returns the epochs of a kit, ascending.
    pub fn all(kit: &Path) -> Result<Vec<Self>, Failure> {
        let keys = kit.join("keys");
        if !keys.is_dir() {
            return Ok(Vec::new());
        }
        let number = |entry: &folder::Entry| {
            let digits = entry.name.to_str()?.strip_prefix("epoch-")?;
            let plain = entry.is_dir && digits.len() == 4;
            plain.then(|| digits.parse().ok())?
        };
        let entries = folder::list(&keys)?;
        Ok(entries.iter().filter_map(number).map(|number| Self::at(kit, number)).collect())
    }

    /// Returns the epoch asked for, else the newest.
    pub fn pick(kit: &Path, number: Option<u32>) -> Result<Self, Failure> {
        let mut all = Self::all(kit)?;
        match number {
            None => all.pop().ok_or_else(|| CeremonyError::NoEpoch { number: 0 }.into()),
            Some(number) => all
                .into_iter()
                .find(|epoch| epoch.number == number)
                .ok_or_else(|| CeremonyError::NoEpoch { number }.into()),
        }
    }

    fn openers_path(&self) -> PathBuf {
        self.path.with_extension("openers")
    }

    /// Returns where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns who opens it, as the kit remembers.
    pub fn openers(&self) -> Result<OpenerList, Failure> {
        OpenerList::load(&self.openers_path())
    }

    /// Returns who opens it, where the seals bear out the policy: the kit's own note is not signed, and
    /// must not weaken what comes next.
    pub fn openers_in_force(&self) -> Result<OpenerList, Failure> {
        let list = self.openers()?;
        let seals = self.seals()?;
        let people = seals.iter().filter_map(|seal| match SealName::parse(&seal.name)?.who {
            SealedTo::Any => Some(OpenPolicy::Any),
            SealedTo::Together(all) => {
                Some(OpenPolicy::NOf { need: u8::try_from(all.len()).ok()? })
            }
            SealedTo::Solo(_) => None,
        });
        if people.clone().count() == 0 || people.into_iter().any(|policy| policy != list.policy) {
            let why = format!("it says {}, and the seals are not made so", list.policy);
            return Err(CeremonyError::BadKitFile { path: self.openers_path(), why }.into());
        }
        Ok(list)
    }

    /// Returns the seals.
    pub fn seals(&self) -> Result<Vec<Seal>, Failure> {
        let mut seals = Vec::new();
        for entry in folder::list(&self.path)? {
            let Some(name) = entry.name.to_str().filter(|name| SealName::parse(name).is_some())
            else {
                continue;
            };
            let bytes = limit::read(&self.path.join(name), MAX_SEAL)?;
            seals.push(Seal { name: name.to_owned(), bytes });
        }
        Ok(seals)
    }

    /// Returns the list of seals: its bytes and what they say.
    pub fn list(&self) -> Result<(Vec<u8>, SealsFile), Failure> {
        let bytes = limit::read(&self.path.join("SEALS"), seals_file::MAX)?;
        let list = SealsFile::parse(&bytes)?;
        Ok((bytes, list))
    }

    /// Adds a root key's signature to the list. Returns whether it was not there yet: keys in
    /// hardware sign differently each time, so a signature that holds stays.
    pub fn sign(&self, root: &RootSigner, trust: &TrustFile) -> Result<bool, Failure> {
        let path = self.path.join(format!("SEALS.{}.sig", root.name(&[trust])?));
        let (bytes, _) = self.list()?;
        let known = limit::read_if_there(&path, 16 << 10)?;
        if known.is_some_and(|pem| root.made(namespace::KEYS, &bytes, &pem)) {
            return Ok(false);
        }
        atomic::write(&path, &root.sign(namespace::KEYS, &bytes)?, 0o644)?;
        Ok(true)
    }
}
