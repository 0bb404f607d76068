//! `trust show`: what is in force, what is prepared, and who has signed it.

use std::path::Path;

use serde::Serialize;

use crate::app::{FORMAT_VERSION, Failure, Kit, Ports};
use crate::keys::trust::{TrustFile, Trusted, signed_by};
use crate::model::digest::Digest;
use crate::model::id::{Role, Seq, StreamId};

/// The report.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The version of this shape.
    pub format_version: u32,
    /// The stream.
    pub stream: StreamId,
    /// What this kit starts from; it is on paper.
    pub trust_root: Digest,
    /// The version in force.
    pub version: u64,
    /// Its digest.
    pub digest: Digest,
    /// When a new version should exist.
    pub expires: Option<String>,
    /// The roles that must sign every snapshot.
    pub accept: Vec<Role>,
    /// How many root keys must sign.
    pub root_threshold: usize,
    /// The root keys.
    pub roots: Vec<RootReport>,
    /// Who may sign snapshots.
    pub signers: Vec<SignerReport>,
    /// The epochs.
    pub epochs: Vec<EpochReport>,
    /// The roles whose machines open alone.
    pub solo_openers: Vec<Role>,
    /// The next version, where one is prepared.
    pub pending: Option<PendingReport>,
    /// What a person should know.
    pub remarks: Vec<String>,
}

/// A root key.
#[derive(Clone, Debug, Serialize)]
pub struct RootReport {
    /// What it is called.
    pub name: String,
    /// Its fingerprint.
    pub fingerprint: String,
}

/// Who may sign.
#[derive(Clone, Debug, Serialize)]
pub struct SignerReport {
    /// In what capacity.
    pub role: Role,
    /// The key's fingerprint.
    pub fingerprint: String,
    /// From when on.
    pub valid_after: Option<String>,
    /// Until when.
    pub valid_before: Option<String>,
    /// The first snapshot for which it means nothing.
    pub revoked_from: Option<Seq>,
}

/// An epoch.
#[derive(Clone, Debug, Serialize)]
pub struct EpochReport {
    /// Its number.
    pub epoch: u32,
    /// The public half of its key.
    pub recipient: String,
}

/// A version that does not count yet.
#[derive(Clone, Debug, Serialize)]
pub struct PendingReport {
    /// Its number.
    pub version: u64,
    /// The root keys that signed it.
    pub signed_by: Vec<String>,
    /// How many root keys in force must sign it.
    pub needed: usize,
    /// The lines it adds.
    pub added: Vec<String>,
    /// The lines it takes away.
    pub removed: Vec<String>,
}

/// Shows the kit's trust.
pub fn run(config: Option<&Path>, ports: &Ports<'_>) -> Result<Report, Failure> {
    let kit = Kit::find(config, ports.environment)?;
    let trusted = kit.trusted()?;
    let pending = pending(&kit, &trusted)?;
    let mut remarks = Vec::new();
    if trusted.is_overdue(ports.clock.now()) {
        remarks.push("a new version should exist by now; the old one goes on counting".to_owned());
    }
    if kit.folder().join("keys/root").is_file() {
        remarks.push("the root key keys/root still lies in the kit: move it offline".to_owned());
    }
    Ok(describe(kit.trust_root()?, &trusted, pending, remarks))
}

fn describe(
    trust_root: Digest,
    trusted: &Trusted,
    pending: Option<PendingReport>,
    remarks: Vec<String>,
) -> Report {
    let file = trusted.file();
    let roots = file
        .roots
        .iter()
        .map(|root| RootReport { name: root.name.clone(), fingerprint: root.key.fingerprint() });
    let epochs = file
        .epochs
        .iter()
        .map(|epoch| EpochReport { epoch: epoch.number, recipient: epoch.recipient.clone() });
    Report {
        format_version: FORMAT_VERSION,
        stream: file.stream.clone(),
        trust_root,
        version: file.version,
        digest: trusted.digest(),
        expires: file.expires.map(|day| day.to_string()),
        accept: file.accept.clone(),
        root_threshold: file.root_threshold,
        roots: roots.collect(),
        signers: signers(file),
        epochs: epochs.collect(),
        solo_openers: file.solo_openers.clone(),
        pending,
        remarks,
    }
}

fn signers(file: &TrustFile) -> Vec<SignerReport> {
    let describe = |line: &crate::keys::trust::SignerLine| {
        let fingerprint = line.key.fingerprint();
        SignerReport {
            role: line.role.clone(),
            valid_after: line.after.map(|moment| moment.to_string()),
            valid_before: line.before.map(|moment| moment.to_string()),
            revoked_from: file.revocation(&fingerprint).map(|revoked| revoked.from),
            fingerprint,
        }
    };
    file.signers.iter().map(describe).collect()
}

fn pending(kit: &Kit, trusted: &Trusted) -> Result<Option<PendingReport>, Failure> {
    let Some(number) = trusted.pending() else { return Ok(None) };
    let versions = kit.trust_versions()?;
    let Some(version) = versions.iter().find(|version| version.version == number) else {
        return Ok(None);
    };
    let next = TrustFile::parse(&version.file)?;
    let (old, new) = (trusted.file().render(), next.render());
    let without = |from: &str, other: &str| -> Vec<String> {
        let others: Vec<&str> = other.lines().collect();
        from.lines().filter(|line| !others.contains(line)).map(str::to_owned).collect()
    };
    let mut signed = signed_by(trusted.file(), &version.file, &version.signatures);
    for name in signed_by(&next, &version.file, &version.signatures) {
        if !signed.contains(&name) {
            signed.push(name);
        }
    }
    Ok(Some(PendingReport {
        version: number,
        signed_by: signed,
        needed: trusted.file().root_threshold,
        added: without(&new, &old),
        removed: without(&old, &new),
    }))
}
