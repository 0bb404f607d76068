//! `list`: every snapshot in the store and how much it can be relied on. Needs no key.

use serde::Serialize;

use super::reader::{SignatureReport, signatures};
use super::{FORMAT_VERSION, Failure, Place, Ports, Reader};
use crate::bundle::verify::Verified;
use crate::model::clock::Timestamp;
use crate::model::id::Seq;

/// The report.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The version of this shape.
    pub format_version: u32,
    /// The series.
    pub stream: String,
    /// Ascending by number.
    pub snapshots: Vec<Entry>,
}

/// One snapshot. What a signature does not vouch for is not shown.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// Its number.
    pub seq: Seq,
    /// When it was taken.
    pub created: Option<Timestamp>,
    /// When a newer one should exist.
    pub next_by: Option<Timestamp>,
    /// `complete` or `partial`.
    pub state: Option<&'static str>,
    /// The digest of its manifest.
    pub digest: Option<String>,
    /// How many parts.
    pub parts: usize,
    /// Their size in bytes.
    pub bytes: u64,
    /// What became of each signature.
    pub signatures: Vec<SignatureReport>,
    /// `met` or `unmet`.
    pub policy: &'static str,
    /// `green`, `amber`, `red`.
    pub level: &'static str,
    /// What a person should know.
    pub remarks: Vec<String>,
}

impl Report {
    /// Returns whether some snapshot is red.
    pub fn any_red(&self) -> bool {
        self.snapshots.iter().any(|entry| entry.level == "red")
    }
}

impl Entry {
    /// Returns what is known of a verified snapshot.
    pub fn of(verified: &Verified) -> Self {
        let manifest = verified.manifest();
        Self {
            seq: manifest.seq,
            created: Some(manifest.created),
            next_by: Some(manifest.next_by),
            state: Some(if manifest.complete { "complete" } else { "partial" }),
            digest: Some(verified.digest().oci()),
            parts: manifest.parts().count(),
            bytes: manifest.parts().map(|part| part.size).sum(),
            signatures: signatures(verified),
            policy: if verified.policy_met() { "met" } else { "unmet" },
            level: verified.level().word(),
            remarks: verified.remarks().map(str::to_owned).collect(),
        }
    }

    fn red(seq: Seq, failure: &Failure) -> Self {
        Self {
            seq,
            created: None,
            next_by: None,
            state: None,
            digest: None,
            parts: 0,
            bytes: 0,
            signatures: Vec::new(),
            policy: "unmet",
            level: "red",
            remarks: vec![format!("{failure} ({})", failure.about().code)],
        }
    }
}

/// Lists the store.
pub fn run(place: &Place, ports: &Ports<'_>) -> Result<Report, Failure> {
    let reader = Reader::open(place, ports)?;
    let seqs = reader.seqs()?;
    let newest = seqs.last().copied().unwrap_or(Seq::MAX);
    let entry = |seq: Seq| match reader.verify_listed(seq, newest, ports) {
        Ok(verified) => Entry::of(&verified),
        Err(failure) => Entry::red(seq, &failure),
    };
    let snapshots = seqs.into_iter().map(entry).collect();
    Ok(Report {
        format_version: FORMAT_VERSION,
        stream: reader.trusted.file().stream.to_string(),
        snapshots,
    })
}
