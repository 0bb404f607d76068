//! `trust`: who may vouch. Changes are prepared as the next version in the kit and count once
//! enough root keys of the version in force and of the next one signed it.

pub mod add;
pub mod require;
pub mod revoke;
pub mod show;
pub mod sign;

use serde::Serialize;

use super::ceremony::{CARD, Draft, EpochFolder, RootSigner, card};
use super::{FORMAT_VERSION, Failure, Kit, Ports};
use crate::disk::atomic;
pub use crate::keys::trust::Moment;
use crate::model::digest::Digest;

/// The report of everything that changes trust.
#[derive(Clone, Debug, Serialize)]
pub struct Change {
    /// The version of this shape.
    pub format_version: u32,
    /// The version that was prepared or signed.
    pub version: u64,
    /// The version in force now.
    pub in_force: u64,
    /// The digest of the version in force.
    pub digest: Digest,
    /// What was signed, in words.
    pub signed: Vec<String>,
    /// What a person should know.
    pub remarks: Vec<String>,
}

/// Writes a draft and says where that leaves us.
fn finish(
    kit: &Kit,
    draft: &Draft,
    root: Option<&RootSigner>,
    ports: &Ports<'_>,
) -> Result<Change, Failure> {
    draft.write(kit.folder(), root)?;
    let signed = root.map(|_| format!("version {} of the trust file", draft.file.version));
    let mut remarks = draft.remarks();
    remarks.extend(require::told(kit, draft, ports));
    report(kit, draft.file.version, signed.into_iter().collect(), remarks)
}

fn report(
    kit: &Kit,
    version: u64,
    signed: Vec<String>,
    mut remarks: Vec<String>,
) -> Result<Change, Failure> {
    let trusted = kit.trusted()?;
    let in_force = trusted.file().version;
    if in_force < version {
        remarks.push(format!(
            "version {version} counts once enough root keys signed it: blackstart trust sign --key \
             ROOTKEY"
        ));
    } else if let Some(epoch) = trusted.file().newest_epoch() {
        let folder = EpochFolder::at(kit.folder(), epoch.number);
        if let Ok(openers) = folder.openers() {
            let text = card(&trusted, epoch.number, &openers);
            atomic::write(&kit.folder().join(CARD), text.as_bytes(), 0o644)?;
            remarks.push(format!("{CARD} was made anew: print it and destroy the old one"));
        }
        remarks.push("the next snapshot carries it to the stores".to_owned());
    }
    Ok(Change {
        format_version: FORMAT_VERSION,
        version,
        in_force,
        digest: trusted.digest(),
        signed,
        remarks,
    })
}
