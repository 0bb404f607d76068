//! From untrusted bytes to a manifest that somebody trusted vouches for.
//!
//! The order is the format's (`bundles/README.md`, verification): signature first, parsing after,
//! then place, chain and freshness. An existing [`Verified`] proves that a good signature of a
//! trusted key stands over exactly these bytes and that they belong where they were found. Time
//! never refuses anything: age, expiry and a wrong clock are remarks.

use std::time::Duration;

use super::error::BundleError;
use super::manifest::Manifest;
use super::port::RawSnapshot;
use crate::keys::trust::{SignatureVerdict, Status, Trusted};
use crate::model::clock::Timestamp;
use crate::model::digest::Digest;
use crate::model::id::Seq;

/// A jump of the sequence by more than this needs a person: else one bad number ends a stream.
const LARGEST_JUMP: u64 = 1000;

/// A snapshot from further in the future than this means that a clock is wrong.
const CLOCK_TOLERANCE: Duration = Duration::from_mins(5);

/// The newest snapshot that this machine has fully verified before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its number.
    pub seq: Seq,
    /// The digest of its manifest.
    pub manifest: Digest,
}

/// Against what a snapshot is judged.
pub struct Terms<'a> {
    /// The trust in force.
    pub trusted: &'a Trusted,
    /// The time.
    pub now: Timestamp,
    /// The newest seen before.
    pub seen: Option<Seen>,
    /// Whether an accepted later manifest leads here by `prev`: only then may a key vouch that was
    /// revoked later.
    pub chained: bool,
    /// Whether a newer snapshot is known: then this one is not late.
    pub superseded: bool,
}

/// How much a snapshot can be relied on. Red is an error, not a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Policy met, fresh, complete.
    Green,
    /// Authentic, with remarks.
    Amber,
}

impl Level {
    /// Returns the word for people and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Green => "green",
            Self::Amber => "amber",
        }
    }
}

/// A manifest that a trusted key vouches for.
#[derive(Clone, Debug)]
pub struct Verified {
    manifest: Manifest,
    digest: Digest,
    signatures: Vec<SignatureVerdict>,
    policy_met: bool,
    remarks: Vec<String>,
    objections: Vec<String>,
}

impl Verified {
    /// Returns the manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }
    /// Returns the digest of its bytes.
    pub fn digest(&self) -> Digest {
        self.digest
    }
    /// Returns what became of every signature.
    pub fn signatures(&self) -> &[SignatureVerdict] {
        &self.signatures
    }
    /// Returns whether every required role signed.
    pub fn policy_met(&self) -> bool {
        self.policy_met
    }
    /// Returns what a person should know: late, partial, expired …
    pub fn remarks(&self) -> impl Iterator<Item = &str> {
        self.objections.iter().chain(&self.remarks).map(String::as_str)
    }
    /// Returns the level.
    pub fn level(&self) -> Level {
        if self.remarks().next().is_none() { Level::Green } else { Level::Amber }
    }

    /// Like [`Verified::accept`] for verifying alone: an unmet policy is a remark there, an older
    /// snapshot than one already seen is not.
    pub fn accept_order(self, typed: Option<Seq>) -> Result<Accepted, BundleError> {
        let needs_order = self.objections.iter().any(|why| !why.starts_with("the policy"));
        if needs_order { self.accept(typed) } else { Ok(Accepted(self)) }
    }

    /// Returns the bundle for use, or refuses while something needs a person's decision and the
    /// number was not typed.
    pub fn accept(self, typed: Option<Seq>) -> Result<Accepted, BundleError> {
        let seq = self.manifest.seq;
        if self.objections.is_empty() || typed == Some(seq) {
            return Ok(Accepted(self));
        }
        Err(BundleError::NeedsAcceptance { seq, why: self.objections.join("; ") })
    }
}

/// A verified bundle that may be used: the policy is met, or a person typed its number.
#[derive(Clone, Debug)]
pub struct Accepted(Verified);

impl Accepted {
    /// Returns what was verified.
    pub fn verified(&self) -> &Verified {
        &self.0
    }
}

/// Verifies what a snapshot's folder holds.
pub fn verify(raw: &RawSnapshot, terms: &Terms<'_>) -> Result<Verified, BundleError> {
    // The folder's number stands for the sequence until the manifest may be parsed.
    may_be_parsed(raw, terms)?;
    let manifest = Manifest::parse(&raw.manifest)?;
    let digest = Digest::of(&raw.manifest);
    check_place(&manifest, digest, raw, terms)?;
    let signatures = judge(raw, terms, Some(manifest.created));
    let policy_met = if terms.chained {
        terms.trusted.policy_met_in_chain(&signatures)
    } else {
        terms.trusted.policy_met(&signatures)
    };
    let objections = objections(&manifest, policy_met, terms);
    let remarks = remarks(&manifest, &signatures, terms);
    Ok(Verified { manifest, digest, signatures, policy_met, remarks, objections })
}

fn judge(
    raw: &RawSnapshot,
    terms: &Terms<'_>,
    created: Option<Timestamp>,
) -> Vec<SignatureVerdict> {
    let claims: Vec<_> = raw
        .signatures
        .iter()
        .map(|signature| (signature.role.clone(), signature.key.clone(), signature.pem.clone()))
        .collect();
    terms.trusted.judge(&claims, &raw.manifest, raw.seq, created, terms.now)
}

/// One good signature of a trusted key permits parsing; nothing else does.
fn may_be_parsed(raw: &RawSnapshot, terms: &Terms<'_>) -> Result<(), BundleError> {
    let verdicts = judge(raw, terms, None);
    // A key that was revoked later permits reading; use needs a chain, or the number typed.
    let good = |verdict: &SignatureVerdict| {
        verdict.status.counts() || verdict.status == Status::RevokedLater
    };
    if verdicts.iter().any(good) {
        return Ok(());
    }
    let revoked = |verdict: &&SignatureVerdict| verdict.status == Status::Revoked;
    Err(match verdicts.iter().find(revoked) {
        Some(verdict) => BundleError::Revoked { seq: raw.seq, key: verdict.key.clone() },
        None => BundleError::NoSignature { seq: raw.seq, found: found(&verdicts) },
    })
}

fn found(verdicts: &[SignatureVerdict]) -> String {
    match verdicts.len() {
        0 => "there is no signature".to_owned(),
        1 => "the one signature is not good".to_owned(),
        count => format!("none of the {count} signatures is good"),
    }
}

/// The manifest must belong to this stream, this number, this epoch and this chain.
fn check_place(
    manifest: &Manifest,
    digest: Digest,
    raw: &RawSnapshot,
    terms: &Terms<'_>,
) -> Result<(), BundleError> {
    let trust = terms.trusted.file();
    let misplaced = |why: String| BundleError::Misplaced { seq: raw.seq, why };
    if manifest.stream != trust.stream {
        let (expected, found) = (trust.stream.clone(), manifest.stream.clone());
        return Err(BundleError::Stream { expected, found });
    }
    if manifest.seq != raw.seq {
        return Err(misplaced(format!("the manifest inside is number {}", manifest.seq)));
    }
    if terms.seen.is_some_and(|seen| seen.seq == manifest.seq && seen.manifest != digest) {
        return Err(misplaced("another manifest with this number was seen before".to_owned()));
    }
    match trust.epoch_recipient(manifest.epoch) {
        Some(recipient) if recipient == manifest.epoch_recipient => Ok(()),
        Some(_) => Err(misplaced(format!("epoch {} has another recipient", manifest.epoch))),
        None => Err(misplaced(format!("epoch {} is not in the trust file", manifest.epoch))),
    }
}

/// What refuses use until the number is typed.
fn objections(manifest: &Manifest, policy_met: bool, terms: &Terms<'_>) -> Vec<String> {
    let mut objections = Vec::new();
    if !policy_met {
        let wanted: Vec<&str> =
            terms.trusted.file().accept.iter().map(super::super::model::id::Role::as_str).collect();
        objections.push(format!("the policy asks for signatures of {}", wanted.join(" and ")));
    }
    if let Some(seen) = terms.seen {
        let (now, before) = (manifest.seq.get(), seen.seq.get());
        if now < before {
            objections.push(format!("snapshot {before} was already seen on this machine"));
        }
        if now > before.saturating_add(LARGEST_JUMP) {
            objections.push(format!("the number jumps from {before}"));
        }
    }
    objections
}

fn remarks(manifest: &Manifest, signatures: &[SignatureVerdict], terms: &Terms<'_>) -> Vec<String> {
    let mut remarks = Vec::new();
    if manifest.created > terms.now.plus(CLOCK_TOLERANCE) {
        remarks.push(format!(
            "it is dated {}, in the future: one of the clocks is wrong",
            manifest.created
        ));
    } else if manifest.next_by < terms.now && !terms.superseded {
        remarks.push(format!("a newer snapshot should exist since {}", manifest.next_by));
    }
    if !manifest.complete {
        remarks.push(
            "it is partial: at least one required repository is not current (show --identity KEY \
             names it)"
                .to_owned(),
        );
    }
    let (version, known) = (manifest.trust.0, terms.trusted.file().version);
    if version > known {
        remarks.push(format!(
            "it was made under trust file version {version}; only {known} is known here"
        ));
    }
    for verdict in signatures {
        let what = match verdict.status {
            Status::Good => continue,
            Status::Expired => "is of an expired key",
            Status::NotYet => "is of a key that is not valid yet",
            Status::RevokedLater => "is of a key that was revoked later",
            Status::Revoked => "is of a revoked key and does not count",
            Status::Bad => "is not good and does not count",
            Status::Unknown => "is of a key nobody knows and does not count",
        };
        remarks.push(format!("the {} signature {} {what}", verdict.role, verdict.key));
    }
    remarks
}
