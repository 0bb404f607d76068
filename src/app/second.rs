//! Signatures that a snapshot could have and lacks, though nobody asks for them: a verifier that has
//! stopped would else be noticed by nobody.

use serde::Serialize;

use super::{Failure, Ports, Reader};
use crate::bundle::verify::Verified;
use crate::model::id::{Role, Seq};

/// A role that has a key, has not signed, and need not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Lacking {
    /// The role.
    pub role: Role,
    /// The newest snapshot that it signed.
    pub last: Option<Seq>,
}

impl Lacking {
    /// Returns it in words.
    pub fn words(&self) -> String {
        match self.last {
            Some(seq) => format!("{}: not yet; last on snapshot {seq}", self.role),
            None => format!("{}: none, on no snapshot here", self.role),
        }
    }
}

/// Returns the roles that have a key and not signed `newest`, and what each signed last.
pub(super) fn lacking(
    reader: &Reader,
    newest: &Verified,
    ports: &Ports<'_>,
) -> Result<Vec<Lacking>, Failure> {
    let file = reader.trusted.file();
    let counts = |line: &&crate::keys::trust::SignerLine| {
        file.revocation(&line.key.fingerprint()).is_none() && !file.accept.contains(&line.role)
    };
    let mut roles: Vec<&Role> = file.signers.iter().filter(counts).map(|line| &line.role).collect();
    roles.dedup();
    roles.retain(|role| !has_signed(newest, role));
    if roles.is_empty() {
        return Ok(Vec::new());
    }
    let (seqs, at) = (reader.seqs()?, newest.manifest().seq);
    let last = |role: &Role| {
        let mut before = seqs.iter().rev().filter(|seq| **seq < at);
        before.find(|seq| {
            let verified = reader.verify_listed(**seq, at, ports);
            verified.is_ok_and(|verified| has_signed(&verified, role))
        })
    };
    let lacking = |role: &Role| Lacking { role: role.clone(), last: last(role).copied() };
    Ok(roles.into_iter().map(lacking).collect())
}

fn has_signed(verified: &Verified, role: &Role) -> bool {
    verified.signatures().iter().any(|one| one.role == *role && one.status.counts())
}
