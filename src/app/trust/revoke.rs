//! `trust revoke`: a key stops counting from a snapshot on.

use std::path::PathBuf;

use super::{Change, finish};
use crate::app::ceremony::{CeremonyError, Draft, RootSigner};
use crate::app::{Failure, Kit, Ports};
use crate::keys::trust::Revocation;
use crate::model::id::Seq;

/// What to revoke.
#[derive(Clone, Debug)]
pub struct Request {
    /// The configuration file.
    pub config: Option<PathBuf>,
    /// The key's fingerprint, `SHA256:…`.
    pub fingerprint: String,
    /// The first snapshot for which its signature means nothing.
    pub from: Seq,
    /// A root key that signs the change; `keys/root` of the kit when absent.
    pub key: Option<PathBuf>,
}

/// Prepares the change.
pub fn run(request: &Request, ports: &Ports<'_>) -> Result<Change, Failure> {
    let kit = Kit::find(request.config.as_deref(), ports.environment)?;
    let root = RootSigner::find(request.key.as_deref(), kit.folder(), ports)?;
    let mut draft = Draft::begin(&kit)?;
    let known = |fingerprint: &String| {
        draft.file.signers.iter().any(|line| line.key.fingerprint() == *fingerprint)
    };
    if !known(&request.fingerprint) {
        // A mistyped fingerprint would leave the key in force and look as if it were not.
        let fingerprint = crate::model::safe::safe(&request.fingerprint);
        let why = format!("no signer has the fingerprint {fingerprint}");
        return Err(CeremonyError::BadChange { why }.into());
    }
    match draft.file.revoked.iter_mut().find(|one| one.fingerprint == request.fingerprint) {
        // The same again, while it is prepared only, completes a run that was interrupted.
        Some(one) if one.from == request.from && !draft.trusted.file().revoked.contains(one) => {}
        // A revocation may be moved to an earlier snapshot, never to a later one.
        Some(one) if one.from <= request.from => {
            let why = format!("it is revoked from {} on already", one.from);
            return Err(CeremonyError::BadChange { why }.into());
        }
        Some(one) => one.from = request.from,
        None => draft
            .file
            .revoked
            .push(Revocation { fingerprint: request.fingerprint.clone(), from: request.from }),
    }
    finish(&kit, &draft, root.as_ref(), ports)
}
