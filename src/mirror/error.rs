//! What can go wrong with mirroring as a whole. What goes wrong with one repository is no error
//! but its outcome: see [`super::Fault`].

use crate::disk::DiskError;
use crate::model::explain::{About, Explain, Kind};

/// Mirroring that cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum MirrorError {
    /// The folder of mirrors cannot be used.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// Two sources go by one name.
    #[error("two sources go by the name {name:?}")]
    SameName {
        /// The name, safe to show.
        name: String,
    },
}

static SAME_NAME: About = About {
    code: "B0611",
    kind: Kind::Usage,
    meaning: "Every repository needs a name of its own, because mirrors and bundles go by it. \
              Nothing was fetched.",
    next: "give one of the two sources another name in blackstart.toml",
};

static FAULT: About = About {
    code: "B0612",
    kind: Kind::Incomplete,
    meaning: "A repository could not be brought up to date. Its last proven copy, if there is one, \
              is kept and used. Whose fault it is is said: theirs (the host failed), yours (a \
              credential or the configuration), or here (this machine).",
    next: "run blackstart snapshot again once it is mended",
};

/// Every code of this module.
pub static CODES: &[&About] = &[&SAME_NAME, &FAULT];

impl Explain for MirrorError {
    fn about(&self) -> &'static About {
        match self {
            Self::Disk(error) => error.about(),
            Self::SameName { .. } => &SAME_NAME,
        }
    }
}
