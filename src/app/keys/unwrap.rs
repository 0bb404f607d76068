//! `keys unwrap`: one layer off a seal. What is left goes to the next person, so that two private
//! keys need never meet on one machine.

use std::path::PathBuf;

use serde::Serialize;

use super::seal::absolute;
use crate::app::ceremony::{CeremonyError, EpochFolder};
use crate::app::{FORMAT_VERSION, Failure, Ports};
use crate::disk::{atomic, limit};
use crate::keys::epoch::EpochKey;
use crate::keys::identity::Identities;
use crate::keys::seal::{MAX_SEAL, Peeled, peel, unseal};
use crate::keys::trust::TrustFile;

/// What to take apart.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// A seal, or what the person before left.
    pub seal: PathBuf,
    /// Whose layer it is.
    pub identities: Vec<PathBuf>,
    /// Where to write what is left; nothing may be there.
    pub to: PathBuf,
}

/// The report.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The version of this shape.
    pub format_version: u32,
    /// What was written: `layer` for the next person, or `key`, the epoch key itself.
    pub left: &'static str,
    /// Where it is.
    pub to: PathBuf,
    /// What a person should know.
    pub remarks: Vec<String>,
}

/// Takes off one layer.
pub fn run(request: &Request, ports: &Ports<'_>) -> Result<Report, Failure> {
    let here = &ports.environment.current_dir;
    let to = here.join(&request.to);
    let layer = limit::read(&here.join(&request.seal), MAX_SEAL)?;
    let identities = Identities::load(&absolute(&request.identities, ports), ports.prompt)?;
    let (left, remark) = match peel(&layer, &identities)? {
        Peeled::Inner(inner) => {
            atomic::write_new(&to, &inner, 0o644)?;
            ("layer", "send it to the next person; it opens nothing without that person's key")
        }
        Peeled::Key(text) => {
            atomic::write_new(&to, text.as_bytes(), 0o600)?;
            (
                "key",
                "this is the epoch key: it opens every bundle of its epoch; give it as --identity, \
                 then destroy it, and make a new epoch afterwards (blackstart keys new)",
            )
        }
    };
    let remarks = vec![remark.to_owned()];
    Ok(Report { format_version: FORMAT_VERSION, left, to, remarks })
}

/// Opens an epoch's seals in the kit, and proves that it is the key that the trust file names.
pub(super) fn open_epoch(
    folder: &EpochFolder,
    trust: &TrustFile,
    identities: &Identities,
) -> Result<EpochKey, Failure> {
    let key = unseal(&folder.seals()?, folder.number, identities)?;
    if trust.epoch_recipient(folder.number) != Some(key.recipient().as_str()) {
        return Err(CeremonyError::WrongEpochKey { number: folder.number }.into());
    }
    Ok(key)
}
