//! What each signature on a snapshot is worth, and whether together they suffice.
//!
//! Judging reads no part of the snapshot: it runs before anything is parsed. Time only warns, since
//! an expiry that blocks a recovery is an outage of its own. A revocation stops.

use std::collections::BTreeSet;

use crate::keys::namespace;
use crate::keys::signature;
use crate::model::clock::Timestamp;
use crate::model::id::{Role, Seq};

use super::chain::Trusted;
use super::file::{SignerLine, TrustFile};

/// What a signature is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// It holds, by a key that is trusted for this role.
    Good,
    /// It holds; the key's time is over. Warns.
    Expired,
    /// It holds; the key's time has not come, or a clock is wrong. Warns.
    NotYet,
    /// It holds; the key was revoked from this snapshot or an earlier one on. Stops.
    Revoked,
    /// It holds; the key was revoked from a later snapshot on. Counts only where a chain of `prev`
    /// leads here from a snapshot that is accepted.
    RevokedLater,
    /// It does not hold over these bytes.
    Bad,
    /// Nobody knows its key in this role. It says nothing, not even that something is wrong.
    Unknown,
}

impl Status {
    /// Returns the word for machines.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Expired => "expired",
            Self::NotYet => "not-yet",
            Self::Revoked => "revoked",
            Self::RevokedLater => "revoked-later",
            Self::Bad => "bad",
            Self::Unknown => "unknown",
        }
    }

    /// Returns whether the signature counts on its own.
    pub const fn counts(self) -> bool {
        matches!(self, Self::Good | Self::Expired | Self::NotYet)
    }
}

/// A verdict on one signature file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureVerdict {
    /// The role in its file name.
    pub role: Role,
    /// The key's fingerprint where the key is known, else the 16 hex digits of the file name.
    pub key: String,
    /// What it is worth.
    pub status: Status,
    /// For a hardware key: whether somebody touched it.
    pub touch: Option<bool>,
}

impl Trusted {
    /// Judges signature files, given as role and key of their names and their content, over the
    /// exact bytes `message` of snapshot `seq`. `created` is what the snapshot says of itself, once
    /// it may be parsed.
    pub fn judge(
        &self,
        signatures: &[(Role, String, Vec<u8>)],
        message: &[u8],
        seq: Seq,
        created: Option<Timestamp>,
        now: Timestamp,
    ) -> Vec<SignatureVerdict> {
        let judge_one = |(role, key16, pem): &(Role, String, Vec<u8>)| {
            let line = find(self.file(), role, key16);
            let verdict =
                |key, status, touch| SignatureVerdict { role: role.clone(), key, status, touch };
            let Some(line) = line else {
                return verdict(key16.clone(), Status::Unknown, None);
            };
            let fingerprint = line.key.fingerprint();
            match signature::verify(&line.key, namespace::SNAPSHOT, message, pem) {
                Err(_) => verdict(fingerprint, Status::Bad, None),
                Ok(held) => {
                    let status = worth(self.file(), line, &fingerprint, seq, created, now);
                    verdict(fingerprint, status, held.touch)
                }
            }
        };
        signatures.iter().map(judge_one).collect()
    }

    /// Returns whether the verdicts meet the policy: every role asked for, by keys of its own.
    pub fn policy_met(&self, verdicts: &[SignatureVerdict]) -> bool {
        policy_met(&self.file().accept, verdicts, false)
    }

    /// The same for a snapshot to which a chain of `prev` leads from one that is accepted: there,
    /// keys that were revoked later count as well.
    pub fn policy_met_in_chain(&self, verdicts: &[SignatureVerdict]) -> bool {
        policy_met(&self.file().accept, verdicts, true)
    }
}

/// Returns whether a trusted signature holds, so that the snapshot may be parsed at all.
pub fn may_parse(verdicts: &[SignatureVerdict]) -> bool {
    verdicts.iter().any(|one| one.status.counts() || one.status == Status::RevokedLater)
}

fn find<'a>(file: &'a TrustFile, role: &Role, key16: &str) -> Option<&'a SignerLine> {
    file.signers_of(role).find(|line| {
        line.key.short() == key16 && line.namespaces.iter().any(|name| name == namespace::SNAPSHOT)
    })
}

fn worth(
    file: &TrustFile,
    line: &SignerLine,
    fingerprint: &str,
    seq: Seq,
    created: Option<Timestamp>,
    now: Timestamp,
) -> Status {
    if let Some(revoked) = file.revocation(fingerprint) {
        return if seq >= revoked.from { Status::Revoked } else { Status::RevokedLater };
    }
    let times = [Some(now), created];
    // As ssh-keygen has it, both ends belong to the window.
    let early = |at: &Timestamp| line.after.is_some_and(|after| *at < after.at());
    let late = |at: &Timestamp| line.before.is_some_and(|before| *at > before.at());
    if times.iter().flatten().any(late) {
        Status::Expired
    } else if times.iter().flatten().any(early) {
        Status::NotYet
    } else {
        Status::Good
    }
}

/// Returns whether each role of `accept` can be given a key of its own. One key that signs in two
/// roles is still one key.
pub fn policy_met(accept: &[Role], verdicts: &[SignatureVerdict], in_chain: bool) -> bool {
    let candidates: Vec<BTreeSet<&str>> = accept
        .iter()
        .map(|role| {
            verdicts
                .iter()
                .filter(|one| one.role == *role)
                .filter(|one| one.status.counts() || in_chain && one.status == Status::RevokedLater)
                .map(|one| one.key.as_str())
                .collect()
        })
        .collect();
    !accept.is_empty() && choose(&candidates, &mut BTreeSet::new())
}

/// Finds distinct keys for the roles in turn. Roles are few, so trying is enough.
fn choose<'a>(candidates: &[BTreeSet<&'a str>], taken: &mut BTreeSet<&'a str>) -> bool {
    let Some((first, rest)) = candidates.split_first() else { return true };
    first.iter().any(|key| {
        taken.insert(key) && {
            let found = choose(rest, taken);
            taken.remove(key);
            found
        }
    })
}
