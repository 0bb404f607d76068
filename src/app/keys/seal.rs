//! `keys seal`: the same epoch key, sealed to other openers. Parts stay as they are, and so does what is
//! not named: openers, machines, and how many openers it takes.
//!
//! Whoever opened before still can, with an old bundle: to shut somebody out of what comes next,
//! make a new epoch.

use std::path::PathBuf;

use super::new::{Report, finish};
use super::unwrap::open_epoch;
use crate::app::ceremony::{
    Draft, EpochFolder, OpenerList, OpenersRequest, RootSigner, SealedEpoch,
};
use crate::app::{Failure, Kit, Ports};
use crate::keys::identity::Identities;

/// What to seal.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The configuration file.
    pub config: Option<PathBuf>,
    /// The epoch; the newest when absent.
    pub epoch: Option<u32>,
    /// Who opens now.
    pub identities: Vec<PathBuf>,
    /// Who opens from now on; what is not named stays.
    pub openers: OpenersRequest,
    /// A root key; `keys/root` of the kit when absent.
    pub key: Option<PathBuf>,
}

/// Seals an epoch anew.
pub fn run(request: &Request, ports: &Ports<'_>) -> Result<Report, Failure> {
    let kit = Kit::find(request.config.as_deref(), ports.environment)?;
    let root = RootSigner::find(request.key.as_deref(), kit.folder(), ports)?;
    let folder = EpochFolder::pick(kit.folder(), request.epoch)?;
    let identities = Identities::load(&absolute(&request.identities, ports), ports.prompt)?;
    let mut draft = Draft::begin(&kit)?;
    let key = open_epoch(&folder, &draft.file, &identities)?;
    let known = before(&folder, &request.openers)?;
    let (openers, identity) = request.openers.change(&known, ports)?;
    let mut remarks = openers.changes(&known);

    let (_, old) = folder.list()?;
    let epoch = SealedEpoch::make(&old.stream, &key, old.serial + 1, openers)?;
    let mut trust_version = draft.trusted.file().version;
    let new_machines: Vec<_> = epoch
        .openers
        .solo
        .iter()
        .map(|(role, _)| role.clone())
        .filter(|role| !draft.file.solo_openers.contains(role))
        .collect();
    if let Some(identity) = &identity {
        identity.write()?;
    }
    epoch.write(kit.folder(), root.as_ref(), &draft.file)?;
    if !new_machines.is_empty() {
        draft.file.solo_openers.extend(new_machines);
        draft.write(kit.folder(), root.as_ref())?;
        trust_version = draft.file.version;
        remarks.extend(draft.remarks());
    }
    finish(&kit, &epoch, trust_version, remarks)
}

/// Returns who opens now, which what is not named is taken from.
pub(super) fn before(
    folder: &EpochFolder,
    request: &OpenersRequest,
) -> Result<OpenerList, Failure> {
    folder.openers_in_force().or_else(|failure| request.from_nothing().ok_or(failure))
}

/// Returns paths as seen from where the command was given.
pub(super) fn absolute(paths: &[PathBuf], ports: &Ports<'_>) -> Vec<PathBuf> {
    paths.iter().map(|path| ports.environment.current_dir.join(path)).collect()
}
