//! What can go wrong with keys, seals, signatures and trust.

use std::path::PathBuf;

use crate::disk::DiskError;
use crate::model::digest::Digest;
use crate::model::explain::{About, Explain, Kind};
use crate::model::safe::safe;
use crate::tools::ToolsError;

/// A key that does not fit, a signature that does not hold, a file that is not in its one form.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// Text that names nobody we can seal to.
    #[error("cannot seal to {text:?}: {why}")]
    BadRecipient {
        /// The text, safe to show.
        text: String,
        /// Why not.
        why: String,
    },
    /// A file that should hold an identity and does not.
    #[error("{} is no key file: {why}", path.display())]
    BadIdentity {
        /// The file.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// An identity file that is not there.
    #[error("there is no key file {}", safe(path.as_os_str().as_encoded_bytes()))]
    NoIdentityFile {
        /// The path that was given.
        path: PathBuf,
    },
    /// No passphrase could be asked for.
    #[error("{what} needs a passphrase and there is nobody to ask")]
    NoPassphrase {
        /// What is protected.
        what: String,
    },
    /// The passphrase is wrong.
    #[error("wrong passphrase for {what}")]
    WrongPassphrase {
        /// What is protected.
        what: String,
    },
    /// No identity at hand opens any seal.
    #[error("no key fits (tried {identities} of yours on {seals} of the seals)")]
    NoIdentityFits {
        /// How many identities were tried.
        identities: usize,
        /// How many seals there are.
        seals: usize,
    },
    /// One layer came off and the next needs another person.
    #[error("{seal} needs one more person: opener {next}")]
    OneMorePerson {
        /// The seal that opened partly.
        seal: String,
        /// The number of the opener whose turn it is.
        next: u8,
    },
    /// A plugin is missing or refused.
    #[error("the plugin for {what}: {why}")]
    Plugin {
        /// The plugin or the file that needs it.
        what: String,
        /// What went wrong, safe to show.
        why: String,
    },
    /// An age file that is not one, or is damaged, or costs too much to open.
    #[error("{what} cannot be opened: {why}")]
    BadAgeFile {
        /// What it is.
        what: String,
        /// Why not, safe to show.
        why: String,
    },
    /// Sealing failed.
    #[error("cannot seal: {why}")]
    CannotSeal {
        /// Why not, safe to show.
        why: String,
    },
    /// Text that is not a public key we take.
    #[error("not a usable public key: {why}")]
    BadPublicKey {
        /// Why not.
        why: &'static str,
    },
    /// A private key file that cannot sign.
    #[error("cannot sign with {}: {why}", path.display())]
    BadSigner {
        /// The file.
        path: PathBuf,
        /// Why not, safe to show.
        why: String,
    },
    /// A signature that is malformed or does not hold.
    #[error("the signature does not hold: {why}")]
    BadSignature {
        /// Why not.
        why: &'static str,
    },
    /// A file in our formats that breaks a rule.
    #[error("{file}, line {line}: {why}")]
    BadFile {
        /// `trust file` or `SEALS`.
        file: &'static str,
        /// The line, from 1; 0 stands for the file as a whole.
        line: usize,
        /// The rule.
        why: String,
    },
    /// The trust root names a version that is not here.
    #[error("no trust file here has the digest {root}")]
    RootMissing {
        /// What the trust root names.
        root: Digest,
    },
    /// A trust file that too few root keys signed.
    #[error("version {version} of the trust file is signed by {signed} of {needed} root keys")]
    Undersigned {
        /// The version.
        version: u64,
        /// How many distinct root keys signed it.
        signed: usize,
        /// How many must.
        needed: usize,
    },
    /// A trust file whose signatures contradict it.
    #[error("version {version} of the trust file is badly signed: {why}")]
    BadlySigned {
        /// The version.
        version: u64,
        /// What is wrong.
        why: String,
    },
    /// The file system.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// A child process.
    #[error(transparent)]
    Tools(#[from] ToolsError),
}

/// Shows the text of a library's error: age wraps its facts in bidi isolates, which mislead a
/// terminal and say nothing.
pub(super) fn plain(error: &dyn std::fmt::Display) -> String {
    let text: String =
        error.to_string().chars().filter(|c| !matches!(c, '\u{2066}'..='\u{2069}')).collect();
    safe(text.replace('\n', " "))
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
    BAD_RECIPIENT = "B0301", Usage,
        "This is not a key that something can be sealed to. age takes age1… recipients, ssh-ed25519 \
         and ssh-rsa public keys, and recipients of plugins whose program is installed. Other SSH \
         keys, hardware keys among them, can sign but not open.",
        "give an age1… recipient (age-keygen makes one) or an ssh-ed25519 public key";
    BAD_IDENTITY = "B0302", Usage,
        "The file holds no key that age knows: an age identity file, plain or protected by a \
         passphrase, an ed25519 or rsa SSH private key, or the identity of a plugin.",
        "give the private half of the key that the seal was made to";
    NO_IDENTITY_FILE = "B0319", Usage,
        "The key file that was named (--identity) is not there. Nothing was touched.",
        "check the path. Is the stick with your key mounted?";
    NO_PASSPHRASE = "B0303", Locked,
        "A key is protected by a passphrase, and there is no terminal to ask for it. Passphrases \
         are never taken from arguments or the environment.",
        "run the command on a terminal";
    WRONG_PASSPHRASE = "B0304", Locked,
        "The passphrase does not open the key. Nothing was changed; there is no limit to tries.",
        "try again, and mind the keyboard layout and Caps Lock";
    NO_FIT = "B0305", Locked,
        "None of the identities given opens any of the seals. The bundle is safe; it waits for the \
         right key. `blackstart keys list` tells to whom each seal was made.",
        "give another identity with --identity FILE; each opener holds one";
    ONE_MORE = "B0306", Locked,
        "The bundle opens with several people. One layer came off with what was given; the next \
         belongs to somebody else. `blackstart keys unwrap` takes off one layer and writes what is \
         left into a file, so that two private keys need never meet on one machine.",
        "give that person's identity as well, or run blackstart keys unwrap and hand on the result";
    PLUGIN = "B0307", Locked,
        "A key lives in a plugin, such as one for a hardware token, and the plugin is missing or \
         refused.",
        "install the plugin's program (age-plugin-NAME) into PATH, insert the token, try again";
    BAD_AGE = "B0308", Integrity,
        "An encrypted file is not in age's format, was damaged or cut, or was made to be costly to \
         open. Nothing of it was used.",
        "take another copy: seals lie in the kit, in every bundle, and on the printed card";
    CANNOT_SEAL = "B0309", Usage,
        "The epoch key could not be sealed to the openers. Nothing was written.",
        "name at least as many openers as the policy needs, nine at most, or another policy: \
         --open-policy any; for plugins, check that the program is installed";
    BAD_PUBLIC = "B0310", Usage,
        "This is not a public key that may sign here: ssh-ed25519, ecdsa on P-256 or P-384, their \
         hardware (sk) forms, or rsa of at least 3072 bits, on one line; no certificates.",
        "give the .pub file of such a key";
    BAD_SIGNER = "B0311", Failed,
        "A signature could not be made with this key. Nothing was written.",
        "check that the key is loaded in the agent, or that the hardware key is plugged in and touched";
    BAD_SIGNATURE = "B0312", Integrity,
        "A signature does not hold over these bytes for this key and purpose. Whatever it covers \
         must not be used.",
        "take another copy of the signed file and its signatures; if it repeats, do not use it and \
         tell whoever runs the signing";
    BAD_FILE = "B0313", Integrity,
        "A signed text file breaks the rules of its format. It is refused as a whole, because two \
         readers must never understand it differently.",
        "take another copy; if you edited it, undo the edit and use the trust and keys commands";
    ROOT_MISSING = "B0314", Refused,
        "The trust root names a version of the trust file by its digest, and no such version lies \
         here. Nothing is trusted because it lies beside the data.",
        "compare the fingerprint with the one on paper, or give the file itself: --trust-root FILE";
    UNDERSIGNED = "B0315", Integrity,
        "A version of the trust file counts once enough root keys have signed it. This one names \
         the trust root and has too few signatures.",
        "collect the signatures with blackstart trust sign --key ROOTKEY";
    BADLY_SIGNED = "B0316", Integrity,
        "A newer version of the trust file carries a signature that does not hold, or does not \
         follow from the version before it. Going on with the older version could mean to go on \
         with a key that was revoked.",
        "look at the newest folder below trust/ and at who signed it, before trusting anything";
}

impl Explain for KeysError {
    fn about(&self) -> &'static About {
        match self {
            Self::BadRecipient { .. } => &BAD_RECIPIENT,
            Self::NoIdentityFile { .. } => &NO_IDENTITY_FILE,
            Self::BadIdentity { .. } => &BAD_IDENTITY,
            Self::NoPassphrase { .. } => &NO_PASSPHRASE,
            Self::WrongPassphrase { .. } => &WRONG_PASSPHRASE,
            Self::NoIdentityFits { .. } => &NO_FIT,
            Self::OneMorePerson { .. } => &ONE_MORE,
            Self::Plugin { .. } => &PLUGIN,
            Self::BadAgeFile { .. } => &BAD_AGE,
            Self::CannotSeal { .. } => &CANNOT_SEAL,
            Self::BadPublicKey { .. } => &BAD_PUBLIC,
            Self::BadSigner { .. } => &BAD_SIGNER,
            Self::BadSignature { .. } => &BAD_SIGNATURE,
            Self::BadFile { .. } => &BAD_FILE,
            Self::RootMissing { .. } => &ROOT_MISSING,
            Self::Undersigned { .. } => &UNDERSIGNED,
            Self::BadlySigned { .. } => &BADLY_SIGNED,
            Self::Disk(error) => error.about(),
            Self::Tools(error) => error.about(),
        }
    }

    fn next(&self) -> String {
        match self {
            Self::Disk(error) => error.next(),
            Self::Tools(error) => error.next(),
            _ => self.about().next.to_owned(),
        }
    }
}
