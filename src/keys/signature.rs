//! Checking SSHSIG signatures (PROTOCOL.sshsig), as `ssh-keygen -Y verify` does and stricter.

use ssh_key::{HashAlg, LineEnding, SshSig};

use super::error::KeysError;
pub use super::public_key::PublicKey;

/// The largest signature that is read.
pub const MAX_PEM: usize = 16 << 10;
/// Follows a hardware key's signature: one byte of flags, four of a counter.
const SK_TRAILER: usize = 5;

/// A signature that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// For a hardware key: whether somebody touched it. OpenSSH lets a signature without a touch
    /// pass, so whoever wants touches must look here.
    pub touch: Option<bool>,
}

/// Checks that `pem` is a signature of `message` by `key` for `namespace`.
pub fn verify(
    key: &PublicKey,
    namespace: &str,
    message: &[u8],
    pem: &[u8],
) -> Result<Verified, KeysError> {
    let signature = read(pem)?;
    if signature.public_key() != key.data() {
        return Err(bad("it was made with another key"));
    }
    if signature.namespace() != namespace {
        return Err(bad("it was made for another purpose"));
    }
    ssh_key::PublicKey::from(key.data().clone())
        .verify(namespace, message, &signature)
        .map_err(|_| bad("the bytes are not those that were signed"))?;
    let touch = key.is_hardware().then(|| touched(signature.signature_bytes()));
    Ok(Verified { touch })
}

/// Returns the key that a signature says it was made with. It proves nothing.
pub fn claimed_key(pem: &[u8]) -> Result<PublicKey, KeysError> {
    PublicKey::from_data(read(pem)?.public_key())
}

/// Reads a signature in its one form: what re-encodes to other bytes is refused, since two readers
/// could take it for two things.
fn read(pem: &[u8]) -> Result<SshSig, KeysError> {
    if pem.len() > MAX_PEM {
        return Err(bad("it is larger than a signature can be"));
    }
    let signature = SshSig::from_pem(pem).map_err(|_| bad("it is malformed"))?;
    let canonical = signature.to_pem(LineEnding::LF).map_err(|_| bad("it is malformed"))?;
    if canonical.trim_end_matches('\n').as_bytes() != pem.strip_suffix(b"\n").unwrap_or(pem) {
        return Err(bad("it is not in its one form"));
    }
    if signature.hash_alg() != HashAlg::Sha512 {
        return Err(bad("it was not made with sha512"));
    }
    Ok(signature)
}

fn touched(signature: &[u8]) -> bool {
    let flags = signature.len().checked_sub(SK_TRAILER).and_then(|at| signature.get(at));
    flags.is_some_and(|flags| flags & 1 == 1)
}

fn bad(why: &'static str) -> KeysError {
    KeysError::BadSignature { why }
}

#[cfg(test)]
mod tests;
