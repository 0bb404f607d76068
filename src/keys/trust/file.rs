//! The trust file as a value, and how it is written. There is one way to write each value, so the
//! bytes that were signed are the bytes that are rendered.
//!
//! ```text
//! # blackstart.trust v1
//! # version 3
//! # stream acme-prod
//! # expires 2027-06-30
//! # accept snapshot: job + verifier
//! # root: 2 of root1,root2,root3
//! # root-key root1 ssh-ed25519 AAAA…
//! # epoch 7 age1…
//! # solo-opener verifier
//! # revoked SHA256:… from 120
//! # tool kustomize 5.8.1 sha256:…
//! job@acme-prod namespaces="blackstart.snapshot.v1",valid-after="20261101Z" ssh-ed25519 AAAA…
//! ```

use std::fmt;

use crate::keys::error::KeysError;
use crate::keys::public_key::PublicKey;
use crate::model::digest::Digest;
use crate::model::id::{Role, Seq, StreamId};

use super::moment::{Day, Moment};

/// One version of the trust file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustFile {
    /// Counts from 1, in steps of exactly 1.
    pub version: u64,
    /// The stream it is about. Never changes.
    pub stream: StreamId,
    /// When a new version should exist. Only warns.
    pub expires: Option<Day>,
    /// The roles that must all have signed a snapshot, each with a key of its own.
    pub accept: Vec<Role>,
    /// How many root keys must sign a version.
    pub root_threshold: usize,
    /// The root keys, with distinct names and distinct keys.
    pub roots: Vec<RootKey>,
    /// The epochs and the public halves of their keys, ascending.
    pub epochs: Vec<Epoch>,
    /// The roles whose machines open alone and unattended.
    pub solo_openers: Vec<Role>,
    /// Keys that no longer count.
    pub revoked: Vec<Revocation>,
    /// Programs in bundles that may be run.
    pub tools: Vec<PinnedTool>,
    /// Who may sign what. A line is closed with `valid-before` and never removed.
    pub signers: Vec<SignerLine>,
}

/// A key that signs versions of the trust file, and seals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootKey {
    /// What people call it; part of the name of its signature files.
    pub name: String,
    /// The key.
    pub key: PublicKey,
}

/// The life of one encryption key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Epoch {
    /// From 1.
    pub number: u32,
    /// `age1…`.
    pub recipient: String,
}

/// A key that stopped counting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// `SHA256:…`.
    pub fingerprint: String,
    /// The first snapshot for which its signature means nothing.
    pub from: Seq,
}

/// A program, by what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinnedTool {
    /// Such as `kustomize`.
    pub name: String,
    /// Such as `5.8.1`.
    pub version: String,
    /// Of the program file.
    pub digest: Digest,
}

/// A line as ssh-keygen reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignerLine {
    /// In what capacity.
    pub role: Role,
    /// For what; never empty, since ssh-keygen takes a line without namespaces for all of them.
    pub namespaces: Vec<String>,
    /// From when on.
    pub after: Option<Moment>,
    /// Until when.
    pub before: Option<Moment>,
    /// The key.
    pub key: PublicKey,
}

impl TrustFile {
    /// Reads a file strictly: what it returns renders to the same bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, KeysError> {
        super::parse::parse(bytes)
    }

    /// Writes the file.
    pub fn render(&self) -> String {
        self.to_string()
    }

    /// Returns the public half of an epoch's key.
    pub fn epoch_recipient(&self, number: u32) -> Option<&str> {
        let epoch = self.epochs.iter().find(|epoch| epoch.number == number)?;
        Some(&epoch.recipient)
    }

    /// Returns the newest epoch: the one snapshots are encrypted to.
    pub fn newest_epoch(&self) -> Option<&Epoch> {
        self.epochs.last()
    }

    /// Returns the revocation of the key with this fingerprint.
    pub fn revocation(&self, fingerprint: &str) -> Option<&Revocation> {
        self.revoked.iter().find(|revoked| revoked.fingerprint == fingerprint)
    }

    /// Returns the lines of a role, which may be closed or revoked.
    pub fn signers_of(&self, role: &Role) -> impl Iterator<Item = &SignerLine> {
        self.signers.iter().filter(move |line| line.role == *role)
    }

    /// Returns whether a program may be run.
    pub fn pins_tool(&self, name: &str, digest: Digest) -> bool {
        self.tools.iter().any(|tool| tool.name == name && tool.digest == digest)
    }
}

impl fmt::Display for TrustFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "# blackstart.trust v1")?;
        writeln!(f, "# version {}", self.version)?;
        writeln!(f, "# stream {}", self.stream)?;
        if let Some(day) = self.expires {
            writeln!(f, "# expires {day}")?;
        }
        writeln!(f, "# accept snapshot: {}", join(&self.accept, " + "))?;
        let names: Vec<_> = self.roots.iter().map(|root| &root.name).collect();
        writeln!(f, "# root: {} of {}", self.root_threshold, join(&names, ","))?;
        for root in &self.roots {
            writeln!(f, "# root-key {} {}", root.name, root.key)?;
        }
        for epoch in &self.epochs {
            writeln!(f, "# epoch {} {}", epoch.number, epoch.recipient)?;
        }
        for role in &self.solo_openers {
            writeln!(f, "# solo-opener {role}")?;
        }
        for revoked in &self.revoked {
            writeln!(f, "# revoked {} from {}", revoked.fingerprint, revoked.from)?;
        }
        for tool in &self.tools {
            writeln!(f, "# tool {} {} {}", tool.name, tool.version, tool.digest.oci())?;
        }
        for line in &self.signers {
            writeln!(f, "{}", line.on(&self.stream))?;
        }
        Ok(())
    }
}

impl SignerLine {
    /// Returns the line as it stands in the file of `stream`.
    pub fn on(&self, stream: &StreamId) -> String {
        let window = [("valid-after", self.after), ("valid-before", self.before)];
        let window: Vec<_> = window
            .iter()
            .filter_map(|(name, moment)| Some(format!(",{name}=\"{}\"", (*moment)?)))
            .collect();
        format!(
            "{}@{stream} namespaces=\"{}\"{} {}",
            self.role,
            self.namespaces.join(","),
            window.concat(),
            self.key
        )
    }
}

fn join<T: fmt::Display>(items: &[T], with: &str) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(with)
}
