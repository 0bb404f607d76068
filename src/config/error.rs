//! What can be wrong with a configuration.

use std::path::{Path, PathBuf};

use crate::disk::DiskError;
use crate::model::explain::{About, Explain, Kind};
use crate::model::safe::{Safe, safe};

/// A configuration that cannot be used. Nothing was touched.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// No file where one was looked for.
    #[error("{}no configuration found: looked for {}", bundle(*.is_bundle), .looked.join(", "))]
    Missing {
        /// The places, in order.
        looked: Vec<String>,
        /// Whether the current folder holds bundles, and so is no kit.
        is_bundle: bool,
    },
    /// The file cannot be read.
    #[error("the configuration cannot be read: {0}")]
    Unreadable(#[source] DiskError),
    /// Not TOML, or a key that is unknown, missing or of the wrong kind.
    #[error("{}: {}", shown(.path), Safe(.problem).to_string().replace("\\u{a}", "\n"))]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Line, column and what is allowed there.
        problem: String,
    },
    /// Well-formed, but it contradicts itself.
    #[error("{}: {}", shown(.path), Safe(.problem))]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what is allowed.
        problem: String,
    },
}

fn bundle(is_bundle: bool) -> &'static str {
    if is_bundle { "this folder holds bundles, but no kit: " } else { "" }
}

fn shown(path: &Path) -> String {
    safe(path.as_os_str().as_encoded_bytes())
}

static MISSING: About = About {
    code: "B0110",
    kind: Kind::Usage,
    meaning: "blackstart works in a kit: a folder with blackstart.toml. It takes --config FILE, else \
              ./blackstart.toml, else the one in the user's configuration folder, else the one beside \
              the program itself.",
    next: "cd into the kit, or pass --config FILE; to read a store without a kit pass --store DIR \
           --trust-root FILE|FINGERPRINT; to make a kit: blackstart init DIR --opener RECIPIENT",
};
static UNREADABLE: About = About {
    code: "B0111",
    kind: Kind::Usage,
    meaning: "The configuration file exists but could not be read.",
    next: "check the path and its permissions",
};
static MALFORMED: About = About {
    code: "B0112",
    kind: Kind::Usage,
    meaning: "The configuration file is not what blackstart understands. Unknown keys are refused, so \
              that a mistyped one is not silently ignored. Nothing was touched.",
    next: "correct the line that is named; blackstart init writes a file with every key explained",
};
static INVALID: About = About {
    code: "B0113",
    kind: Kind::Usage,
    meaning: "The configuration file is well-formed but contradicts itself. Nothing was touched.",
    next: "correct the block that is named",
};

/// Every code of this module.
pub static CODES: &[&About] = &[&MISSING, &UNREADABLE, &MALFORMED, &INVALID];

impl Explain for ConfigError {
    fn about(&self) -> &'static About {
        match self {
            Self::Missing { .. } => &MISSING,
            Self::Unreadable(_) => &UNREADABLE,
            Self::Malformed { .. } => &MALFORMED,
            Self::Invalid { .. } => &INVALID,
        }
    }

    fn next(&self) -> String {
        match self {
            Self::Missing { is_bundle: true, .. } => {
                "say it again with --store . --trust-root FINGERPRINT, the 64 digits on the printed card"
                    .to_owned()
            }
            other => other.about().next.to_owned(),
        }
    }
}
