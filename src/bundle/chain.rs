//! Following `prev` from an accepted manifest down to an older one.
//!
//! A key that was revoked from some number on may still vouch for older snapshots, but only for
//! those that an accepted manifest leads to: whoever stole the key could else invent a past.

use std::collections::BTreeMap;

use super::error::BundleError;
use super::manifest::Manifest;
use super::port::Parts;
use super::verify::{Terms, Verified, verify};
use crate::keys::trust::{SignatureVerdict, Status};
use crate::model::digest::Digest;
use crate::model::id::Seq;

/// Verifies snapshot `seq` of `parts`, looking for a chain where one is needed.
pub fn verify_at(parts: &dyn Parts, seq: Seq, terms: &Terms<'_>) -> Result<Verified, BundleError> {
    let raw = parts.snapshot(seq).map_err(BundleError::at("read", parts.place()))?;
    let raw = raw
        .ok_or_else(|| BundleError::NoSnapshot { wanted: seq.to_string(), place: parts.place() })?;
    let verified = verify(&raw, terms)?;
    let later = |verdict: &SignatureVerdict| verdict.status == Status::RevokedLater;
    if !terms.chained && verified.signatures().iter().any(later) && leads_to(parts, seq, terms)? {
        return verify(&raw, &Terms { chained: true, ..*terms });
    }
    Ok(verified)
}

/// Returns whether some accepted manifest above `target` leads down to it.
fn leads_to(parts: &dyn Parts, target: Seq, terms: &Terms<'_>) -> Result<bool, BundleError> {
    let read = |seq: Seq| parts.snapshot(seq).map_err(BundleError::at("read", parts.place()));
    let seqs = parts.snapshots().map_err(BundleError::at("list", parts.place()))?;
    let mut by_digest: BTreeMap<Digest, (Seq, Vec<u8>)> = BTreeMap::new();
    let mut accepted = Vec::new();
    for seq in seqs.into_iter().filter(|seq| *seq >= target) {
        let Some(raw) = read(seq)? else { continue };
        let digest = Digest::of(&raw.manifest);
        // What this machine accepted before the revocation is as good a beginning.
        let seen = terms.seen.is_some_and(|seen| seen.manifest == digest);
        let good = verify(&raw, terms).is_ok_and(|verified| verified.policy_met());
        if seen || seq > target && good {
            accepted.push(digest);
        }
        by_digest.insert(Digest::of(&raw.manifest), (seq, raw.manifest));
    }
    Ok(accepted.into_iter().any(|from| walks_down(from, target, &by_digest)))
}

fn walks_down(from: Digest, target: Seq, known: &BTreeMap<Digest, (Seq, Vec<u8>)>) -> bool {
    let mut at = from;
    // Every step names its predecessor by digest, so these bytes are as authentic as the first.
    while let Some((seq, manifest)) = known.get(&at) {
        if *seq == target {
            return true;
        }
        match Manifest::parse(manifest) {
            Ok(manifest) if manifest.seq == *seq && manifest.prev != at => at = manifest.prev,
            _ => return false,
        }
    }
    false
}
