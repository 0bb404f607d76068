//! What can be wrong with a source as it is written down.

use crate::disk::DiskError;
use crate::model::explain::{About, Explain, Kind};

/// A source that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The file system failed.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The location is not one we understand.
    #[error("{text:?} is not a location of a repository: {why}")]
    BadLocation {
        /// What was written, without any password, safe to show.
        text: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The location carries a user or a password.
    #[error("the URL of {host} carries a user or password")]
    SecretInUrl {
        /// The host.
        host: String,
    },
}

static BAD_LOCATION: About = About {
    code: "B0601",
    kind: Kind::Usage,
    meaning: "A source's location must be an https, http or ssh URL, the short form \
              user@host:path, or a path. Nothing was fetched.",
    next: "correct the url of the source in blackstart.toml",
};

static SECRET_IN_URL: About = About {
    code: "B0602",
    kind: Kind::Usage,
    meaning: "URLs are kept in configuration, bundles and logs, so they must not hold passwords \
              or tokens. Nothing was fetched.",
    next: "remove user and password from the url and write credential = { token-file = \"…\" }",
};

/// Every code of this module.
pub static CODES: &[&About] = &[&BAD_LOCATION, &SECRET_IN_URL];

impl Explain for SourceError {
    fn about(&self) -> &'static About {
        match self {
            Self::Disk(error) => error.about(),
            Self::BadLocation { .. } => &BAD_LOCATION,
            Self::SecretInUrl { .. } => &SECRET_IN_URL,
        }
    }
}
