//! What can go wrong in a ceremony beyond keys, disk and configuration.

use std::path::PathBuf;

use crate::model::explain::{About, Explain, Kind};

/// A ceremony that was asked for something it must not or cannot do.
#[derive(Debug, thiserror::Error)]
pub enum CeremonyError {
    /// `init` would have to replace something.
    #[error("{} exists already; init never overwrites", path.display())]
    WouldOverwrite {
        /// What is there.
        path: PathBuf,
    },
    /// Nobody could open.
    #[error("no opener: somebody must be able to open the bundles")]
    NoOpener,
    /// The two passphrases typed differ, or are empty.
    #[error("the passphrases {0}")]
    Passphrase(&'static str),
    /// A file of ours in the kit that cannot be read back.
    #[error("{}: {why}", path.display())]
    BadKitFile {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The kit has no such epoch.
    #[error("the kit has no epoch {number}")]
    NoEpoch {
        /// The number asked for; 0 stands for any.
        number: u32,
    },
    /// A key that is no root key here.
    #[error("{fingerprint} is no root key of this trust file")]
    NotARoot {
        /// The key.
        fingerprint: String,
    },
    /// A signature is needed and no root key is at hand.
    #[error("no root key at hand to sign with")]
    NoRootKey,
    /// There is nothing to sign.
    #[error("nothing waits for the signature of {fingerprint}")]
    NothingToSign {
        /// The key.
        fingerprint: String,
    },
    /// A change that would make the trust file contradict itself.
    #[error("the trust file would not hold together: {why}")]
    BadChange {
        /// Why not.
        why: String,
    },
    /// An opener's key did not give the epoch key that the trust file names.
    #[error("the key of epoch {number} is not the one that the trust file names")]
    WrongEpochKey {
        /// The epoch.
        number: u32,
    },
}

macro_rules! about {
    ($($name:ident = $code:literal, $kind:ident, $meaning:literal, $next:literal;)*) => {
        $(static $name: About =
            About { code: $code, kind: Kind::$kind, meaning: $meaning, next: $next };)*
        /// Every code of this module.
        pub static CODES: &[&About] = &[$(&$name),*];
    };
}

about! {
    WOULD_OVERWRITE = "B1740", Refused,
        "A kit holds keys that exist only once, so init writes into places where nothing is and \
         replaces nothing. Nothing was written.",
        "choose another folder, or move the file away yourself";
    NO_OPENER = "B1741", Usage,
        "Bundles are encrypted to people. Without an opener nobody could ever open them, this \
         machine included.",
        "name at least one: --opener age1… or --opener FILE.pub, or --opener-passphrase FILE";
    PASSPHRASE = "B1742", Usage,
        "A new passphrase is asked for twice, since a mistyped one could not be found out later.",
        "run the same command again";
    BAD_KIT_FILE = "B1743", Failed,
        "A file that the keys commands keep in the kit cannot be read back. The bundles do not \
         depend on it.",
        "restore the file from the kit's Git history; where it says who opens, keys seal and keys new can do \
         without it when all is named: --opener for each, --open-policy, --solo";
    NO_EPOCH = "B1744", Usage,
        "An epoch is the life of one encryption key; its seals lie below keys/ in the kit.",
        "list them: blackstart keys list";
    NOT_A_ROOT = "B1745", Refused,
        "Only the root keys that the trust file names sign its next version and the seals.",
        "list them: blackstart trust show";
    NO_ROOT_KEY = "B1746", Refused,
        "This change counts only once enough root keys signed it, and none is at hand: keys/root is \
         not in the kit, which is as it should be, and no other was named.",
        "bring the root key and name it: --key FILE";
    NOTHING_TO_SIGN = "B1747", Usage,
        "This key has signed everything that is prepared in the kit.",
        "see what is in force: blackstart trust show";
    BAD_CHANGE = "B1748", Usage,
        "The change would break a rule of the trust file, so it was not written.",
        "see what is in force: blackstart trust show";
    WRONG_EPOCH_KEY = "B1749", Integrity,
        "The seals in the kit hold another key than the trust file names for this epoch. Bundles of \
         this epoch would not open with it.",
        "restore keys/ from the kit's Git history or from a bundle's keys part";
}

impl Explain for CeremonyError {
    fn about(&self) -> &'static About {
        match self {
            Self::WouldOverwrite { .. } => &WOULD_OVERWRITE,
            Self::NoOpener => &NO_OPENER,
            Self::Passphrase(_) => &PASSPHRASE,
            Self::BadKitFile { .. } => &BAD_KIT_FILE,
            Self::NoEpoch { .. } => &NO_EPOCH,
            Self::NotARoot { .. } => &NOT_A_ROOT,
            Self::NoRootKey => &NO_ROOT_KEY,
            Self::NothingToSign { .. } => &NOTHING_TO_SIGN,
            Self::BadChange { .. } => &BAD_CHANGE,
            Self::WrongEpochKey { .. } => &WRONG_EPOCH_KEY,
        }
    }
}
