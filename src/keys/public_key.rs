//! Public keys that may sign: plain OpenSSH keys, on one line.

use std::fmt;
use std::str::FromStr;

use ssh_key::public::KeyData;
use ssh_key::{EcdsaCurve, HashAlg};

use super::error::KeysError;

/// The fewest bits of an RSA modulus.
const RSA_BYTES: usize = 3072 / 8;

/// A public key. `Display` writes `type base64`, without a comment.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PublicKey {
    data: KeyData,
}

impl PublicKey {
    /// Reads one line: type, base64 and perhaps a comment, which is dropped.
    pub fn parse(line: &str) -> Result<Self, KeysError> {
        let mut words = line.split_ascii_whitespace();
        let (Some(kind), Some(blob)) = (words.next(), words.next()) else {
            return Err(bad("expected a type and a key on one line"));
        };
        let plain = format!("{kind} {blob}");
        let parsed = ssh_key::PublicKey::from_openssh(&plain)
            .map_err(|_| bad("malformed, or a certificate"))?;
        let key = Self { data: parsed.key_data().clone() };
        key.check_kind()?;
        if key.to_string() == plain { Ok(key) } else { Err(bad("not in its one form")) }
    }

    pub(super) fn from_data(data: &KeyData) -> Result<Self, KeysError> {
        let key = Self { data: data.clone() };
        key.check_kind().map(|()| key)
    }

    fn check_kind(&self) -> Result<(), KeysError> {
        match &self.data {
            KeyData::Ed25519(_) | KeyData::SkEd25519(_) | KeyData::SkEcdsaSha2NistP256(_) => Ok(()),
            KeyData::Ecdsa(key) if key.curve() != EcdsaCurve::NistP521 => Ok(()),
            KeyData::Rsa(key) => match key.n.as_positive_bytes() {
                Some(modulus) if modulus.len() >= RSA_BYTES && modulus[0] >= 0x80 => Ok(()),
                Some(modulus) if modulus.len() > RSA_BYTES => Ok(()),
                _ => Err(bad("an rsa key needs at least 3072 bits")),
            },
            _ => Err(bad("of a type that may not sign here")),
        }
    }

    /// Returns `SHA256:…`, as `ssh-keygen -l` shows it.
    pub fn fingerprint(&self) -> String {
        self.data.fingerprint(HashAlg::Sha256).to_string()
    }

    /// Returns the first 16 hex digits of the SHA-256 of the key blob, for file names.
    pub fn short(&self) -> String {
        let fingerprint = self.data.fingerprint(HashAlg::Sha256);
        fingerprint.as_bytes()[..8].iter().copied().map(hex).collect()
    }

    /// Returns whether the key lives in hardware, where each signature can ask for a touch.
    pub fn is_hardware(&self) -> bool {
        matches!(self.data, KeyData::SkEd25519(_) | KeyData::SkEcdsaSha2NistP256(_))
    }

    /// Returns whether we only verify with this kind of key and let `ssh-keygen` sign.
    pub fn is_rsa(&self) -> bool {
        matches!(self.data, KeyData::Rsa(_))
    }

    pub(super) fn data(&self) -> &KeyData {
        &self.data
    }
}

fn hex(byte: u8) -> String {
    format!("{byte:02x}")
}

fn bad(why: &'static str) -> KeysError {
    KeysError::BadPublicKey { why }
}

/// Returns whether `text` has the form of a fingerprint: `SHA256:` and 43 digits of base64.
pub fn is_fingerprint(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/';
    text.strip_prefix("SHA256:")
        .is_some_and(|digits| digits.len() == 43 && digits.bytes().all(plain))
}

impl FromStr for PublicKey {
    type Err = KeysError;
    fn from_str(line: &str) -> Result<Self, KeysError> {
        Self::parse(line)
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = ssh_key::PublicKey::from(self.data.clone());
        f.write_str(&key.to_openssh().map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.fingerprint())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::digest::Digest;
    use base64::Engine as _;
    use proptest::prelude::*;

    const KEY: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN";

    #[test]
    fn a_line_is_read_with_its_comment_dropped() {
        let key = PublicKey::parse(&format!("{KEY} alice@laptop\n")).unwrap();
        assert_eq!(key.to_string(), KEY);
        assert!(is_fingerprint(&key.fingerprint()), "{}", key.fingerprint());
        let blob = base64::engine::general_purpose::STANDARD
            .decode(KEY.split_once(' ').unwrap().1)
            .unwrap();
        assert_eq!(key.short(), Digest::of(&blob).short());
    }

    #[test]
    fn other_kinds_are_refused() {
        for bad in [
            "",
            "ssh-ed25519",
            "ssh-ed25519 AAAA",
            "ssh-dss AAAAB3NzaC1kc3MAAACBAA==",
            "ssh-ed25519-cert-v01@openssh.com AAAA",
            "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN",
        ] {
            assert!(PublicKey::parse(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn hostile_lines_never_panic(text: String) {
            let _ = PublicKey::parse(&text);
            let _ = PublicKey::parse(&format!("ssh-ed25519 {text}"));
            let _ = PublicKey::parse(&format!("ssh-rsa AAAAB3NzaC1yc2E{text}"));
        }
    }
}
