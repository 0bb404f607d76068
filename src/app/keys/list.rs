//! `keys list`: the epochs of a kit, who opens each, and who proved it last. Needs no key.

use std::path::Path;

use serde::Serialize;

use super::prove::{self, Proof};
use crate::app::ceremony::EpochFolder;
use crate::app::{FORMAT_VERSION, Failure, Kit, Ports, kit_files};
use crate::keys::recipient::RecipientKind;
use crate::model::clock::Timestamp;

/// The report.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The version of this shape.
    pub format_version: u32,
    /// Ascending; the last is the one that snapshots are encrypted to.
    pub epochs: Vec<EpochReport>,
}

/// One epoch.
#[derive(Clone, Debug, Serialize)]
pub struct EpochReport {
    /// Its number.
    pub epoch: u32,
    /// The public half of its key.
    pub recipient: String,
    /// How often it was sealed.
    pub serial: u32,
    /// How many openers it takes.
    pub policy: String,
    /// Who they are.
    pub openers: Vec<OpenerReport>,
    /// The machines that open alone.
    pub solo: Vec<String>,
    /// The seals' file names.
    pub seals: Vec<String>,
    /// `good`, or why the roots do not vouch for the seals.
    pub signed: String,
}

/// One opener.
#[derive(Clone, Debug, Serialize)]
pub struct OpenerReport {
    /// The number that stands in file names.
    pub number: u8,
    /// `age`, `ssh` or `plugin`.
    pub kind: &'static str,
    /// The public key.
    pub recipient: String,
    /// When this opener last proved the key.
    pub proven: Option<Timestamp>,
}

/// Lists the kit's epochs.
pub fn run(config: Option<&Path>, ports: &Ports<'_>) -> Result<Report, Failure> {
    let kit = Kit::find(config, ports.environment)?;
    let proofs = prove::proofs(&kit)?;
    let folders = EpochFolder::all(kit.folder())?;
    let epochs = folders.iter().map(|epoch| describe(&kit, epoch, &proofs));
    Ok(Report { format_version: FORMAT_VERSION, epochs: epochs.collect::<Result<_, _>>()? })
}

fn describe(kit: &Kit, epoch: &EpochFolder, proofs: &[Proof]) -> Result<EpochReport, Failure> {
    let (_, list) = epoch.list()?;
    let openers = epoch.openers()?;
    let people = openers.people.iter().map(|one| OpenerReport {
        number: one.number,
        kind: match one.recipient.kind() {
            RecipientKind::X25519 => "age",
            RecipientKind::Ssh => "ssh",
            RecipientKind::Plugin => "plugin",
        },
        recipient: one.recipient.to_string(),
        proven: last_proof(proofs, epoch.number, one.number, &one.recipient.to_string()),
    });
    Ok(EpochReport {
        epoch: epoch.number,
        recipient: list.recipient.clone(),
        serial: list.serial,
        policy: openers.policy.to_string(),
        openers: people.collect(),
        solo: openers.solo.iter().map(|(role, key)| format!("{role} {key}")).collect(),
        seals: epoch.seals()?.into_iter().map(|seal| seal.name).collect(),
        signed: signed(kit, epoch),
    })
}

fn last_proof(proofs: &[Proof], epoch: u32, number: u8, recipient: &str) -> Option<Timestamp> {
    let by = |proof: &&Proof| {
        proof.epoch == epoch
            && proof.openers.iter().any(|one| one.number == number && one.recipient == recipient)
    };
    proofs.iter().rfind(by).map(|proof| proof.time)
}

/// Says whether the roots vouch for the seals, as a reader of a bundle would see it.
fn signed(kit: &Kit, epoch: &EpochFolder) -> String {
    let check = || -> Result<(), Failure> {
        let files = kit_files(epoch.path(), "keys")?;
        kit.trusted()?.check_seals(&files, epoch.number)?;
        Ok(())
    };
    check().map_or_else(|failure| failure.to_string(), |()| "good".to_owned())
}
