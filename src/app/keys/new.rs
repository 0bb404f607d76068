//! `keys new`: a new epoch. From its first snapshot on, everything is encrypted to a new key.
//!
//! The key and its seals are made here; the trust file's next version names its public half. Both
//! count once the root keys signed them.

use std::path::PathBuf;

use serde::Serialize;

use super::seal::before;
use crate::app::ceremony::{
    CARD, Draft, EpochFolder, OpenersRequest, RootSigner, SealedEpoch, card,
};
use crate::app::{FORMAT_VERSION, Failure, Kit, Ports};
use crate::disk::atomic;
use crate::keys::epoch::EpochKey;
use crate::keys::trust::Epoch;

/// What to make.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The configuration file.
    pub config: Option<PathBuf>,
    /// Who opens; what is not named stays as before.
    pub openers: OpenersRequest,
    /// A root key; `keys/root` of the kit when absent.
    pub key: Option<PathBuf>,
}

/// The report of everything that seals.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The version of this shape.
    pub format_version: u32,
    /// The epoch.
    pub epoch: u32,
    /// How often it was sealed.
    pub serial: u32,
    /// The public half of its key.
    pub recipient: String,
    /// How many openers it takes.
    pub policy: String,
    /// The seals' file names.
    pub seals: Vec<String>,
    /// The version of the trust file that names it.
    pub trust_version: u64,
    /// Whether root keys signed enough for it to count.
    pub in_force: bool,
    /// What a person should know.
    pub remarks: Vec<String>,
}

/// Makes an epoch.
pub fn run(request: &Request, ports: &Ports<'_>) -> Result<Report, Failure> {
    let kit = Kit::find(request.config.as_deref(), ports.environment)?;
    let root = RootSigner::find(request.key.as_deref(), kit.folder(), ports)?;
    let mut draft = Draft::begin(&kit)?;
    let last = EpochFolder::all(kit.folder())?.into_iter().map(|epoch| epoch.number).max();
    let named = draft.file.epochs.iter().map(|epoch| epoch.number).max();
    let number = last.max(named).unwrap_or(0) + 1;
    let old = before(&EpochFolder::pick(kit.folder(), None)?, &request.openers)?;
    let (openers, identity) = request.openers.change(&old, ports)?;
    let mut remarks = openers.changes(&old);
    remarks.extend(draft.remarks());

    let key = EpochKey::generate(number);
    let epoch = SealedEpoch::make(&kit.config.file.stream, &key, 1, openers)?;
    draft.file.epochs.push(Epoch { number, recipient: key.recipient() });
    for (role, _) in &epoch.openers.solo {
        if !draft.file.solo_openers.contains(role) {
            draft.file.solo_openers.push(role.clone());
        }
    }
    if let Some(identity) = &identity {
        identity.write()?;
    }
    epoch.write(kit.folder(), root.as_ref(), &draft.file)?;
    draft.write(kit.folder(), root.as_ref())?;
    finish(&kit, &epoch, draft.file.version, remarks)
}

/// Prints the card anew where the change is in force, and reports.
pub(super) fn finish(
    kit: &Kit,
    epoch: &SealedEpoch,
    trust_version: u64,
    mut remarks: Vec<String>,
) -> Result<Report, Failure> {
    let trusted = kit.trusted()?;
    let place = EpochFolder::at(kit.folder(), epoch.list.epoch);
    let files = crate::app::kit_files(place.path(), "keys")?;
    let in_force = trusted.check_seals(&files, epoch.list.epoch).is_ok();
    if in_force {
        let text = card(&trusted, epoch.list.epoch, &epoch.openers);
        atomic::write(&kit.folder().join(CARD), text.as_bytes(), 0o644)?;
        remarks.push(format!("{CARD} was made anew: print it and destroy the old one"));
    } else {
        remarks.push(
            "it counts once the root keys signed: blackstart trust sign --key ROOTKEY".to_owned(),
        );
    }
    Ok(Report {
        format_version: FORMAT_VERSION,
        epoch: epoch.list.epoch,
        serial: epoch.list.serial,
        recipient: epoch.list.recipient.clone(),
        policy: epoch.openers.policy.to_string(),
        seals: epoch.seals.iter().map(|seal| seal.name.clone()).collect(),
        trust_version,
        in_force,
        remarks,
    })
}
