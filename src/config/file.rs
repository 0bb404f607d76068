//! The file's shape, key by key.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::span::Span;
use crate::model::id::StreamId;

/// The whole file.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct File {
    /// The version of this shape, 1.
    pub format: u32,
    /// The stream the kit belongs to.
    pub stream: StreamId,
    /// The sha256 of the trust file version that readers start from.
    pub trust_root: String,
    /// Stores; the first numbers the snapshots.
    #[serde(default = "default_store")]
    pub store: Vec<PathBuf>,
    /// Where mirrors and the job's memory live.
    pub state_dir: Option<PathBuf>,
    /// The job's signing key.
    #[serde(default = "default_signer")]
    pub signer: PathBuf,
    /// How snapshots are taken.
    #[serde(default)]
    pub snapshot: SnapshotBlock,
    /// What to mirror.
    #[serde(default)]
    pub source: Vec<SourceBlock>,
    /// What a replay applies.
    #[serde(default)]
    pub root: Vec<RootBlock>,
}

fn default_store() -> Vec<PathBuf> {
    vec!["bundles".into()]
}

fn default_signer() -> PathBuf {
    "keys/job".into()
}

/// `[snapshot]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct SnapshotBlock {
    /// The schedule the job runs on.
    pub every: Span,
    /// How long fetching may take in all.
    pub deadline: Span,
    /// Fetches at once.
    pub concurrency: usize,
    /// Of them at one host.
    pub per_host: usize,
    /// How long a connection may be silent.
    pub stall: Span,
    /// The largest share of its repositories that a folder may lose between two snapshots.
    pub max_shrink: f64,
    /// Where the newest witness line is also written.
    pub witness: Option<PathBuf>,
}

impl Default for SnapshotBlock {
    fn default() -> Self {
        let minutes = |n: u64| Span(Duration::from_secs(n * 60));
        Self {
            every: minutes(60),
            deadline: minutes(25),
            concurrency: 8,
            per_host: 4,
            stall: Span(Duration::from_secs(30)),
            max_shrink: 0.05,
            witness: None,
        }
    }
}

/// `[[source]]`. One flat block, so that a mistake is reported at its own line.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SourceBlock {
    /// What kind of source it is.
    pub kind: SourceKind,
    /// The name in bundles; only with `url`.
    pub name: Option<String>,
    /// For `git`: one URL …
    pub url: Option<String>,
    /// … or several.
    #[serde(default)]
    pub urls: Vec<String>,
    /// For `dir`: the folder.
    pub path: Option<PathBuf>,
    /// How to log in.
    pub credential: Option<CredentialBlock>,
    /// A private CA.
    pub ca_file: Option<PathBuf>,
    /// `required` or `normal`.
    #[serde(default)]
    pub class: ClassBlock,
}

/// `kind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SourceKind {
    /// One or several repositories by URL.
    Git,
    /// Every repository below a folder.
    Dir,
}

/// `class`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClassBlock {
    /// A recovery needs it.
    #[default]
    Required,
    /// Good to have.
    Normal,
}

/// `credential`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum CredentialBlock {
    /// A file that holds the token.
    TokenFile(PathBuf),
    /// A program that prints the token.
    TokenCommand(Vec<String>),
}

/// `[[root]]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RootBlock {
    /// The repository's name.
    pub repo: String,
    /// The folder in it.
    #[serde(default)]
    pub path: String,
    /// The revision; HEAD when absent.
    pub revision: Option<String>,
}
