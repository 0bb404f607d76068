//! Who may open and who may vouch.
//!
//! Opening is age (<https://age-encryption.org/v1>): everything is encrypted to one epoch key, and
//! that key is sealed to people. Vouching is SSHSIG: anyone with `ssh-keygen` can check what we
//! sign, and we can check what they sign. Who is trusted stands in one plain file that is itself an
//! ssh-keygen `allowed_signers` file.
//!
//! | file | holds |
//! |---|---|
//! | `prompt` | the port through which a person is asked |
//! | `recipient`, `identity` | to whom, and by whom |
//! | `unlocked` | what was unlocked and is used further |
//! | `header` | the limit on what age may parse |
//! | `epoch`, `seal`, `unseal` | the epoch key, sealed to people and taken out again |
//! | `seals_file` | the signed list of seals |
//! | `public_key`, `signature`, `signer`, `tool_signer` | SSHSIG, checked and made |
//! | `trust` | the trust file, its versions, its verdicts |
//!
//! Secrets are zeroized, show nothing in `Debug`, and never reach argv or the environment.

pub mod epoch;
mod error;
pub mod header;
pub mod identity;
pub mod namespace;
mod plugin_prompt;
pub mod prompt;
pub mod public_key;
pub mod recipient;
pub mod seal;
pub mod seals_file;
pub mod signature;
pub mod signer;
pub mod tool_signer;
pub mod trust;
pub mod unlocked;
mod unseal;

pub use error::{CODES, KeysError};
