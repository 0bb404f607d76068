//! Who is trusted: one plain file, its versions, and the verdicts that follow from it.
//!
//! The file is a valid `allowed_signers` file of ssh-keygen; its comments carry the policy, and all
//! of it is under the signatures of the root keys. Version N+1 counts when enough root keys of N
//! *and* of N+1 signed it. The first version comes from paper: a [`TrustRoot`]. Nothing is trusted
//! because it lies beside the data.

mod chain;
mod file;
mod judge;
mod moment;
mod parse;
mod seals;

pub use chain::{TrustRoot, TrustVersion, Trusted, establish, signed_by};
pub use file::{Epoch, PinnedTool, Revocation, RootKey, SignerLine, TrustFile};
pub use judge::{SignatureVerdict, Status, may_parse, policy_met};
pub use moment::{Day, Moment};

/// The largest trust file that is read.
pub const MAX_FILE: u64 = 1 << 20;

/// Whether a name may stand for a root key: 1 to 32 of `a-z`, `0-9` and `-`.
pub(super) fn is_name(name: &str) -> bool {
    name.parse::<crate::model::id::Role>().is_ok()
}

#[cfg(test)]
mod tests;
