//! The epoch key: the one key to which every part of a period is encrypted.

use std::fmt;

use age::secrecy::ExposeSecret;
use zeroize::Zeroizing;

use super::error::KeysError;

/// A private key and the number of its epoch. The job that takes snapshots never has one.
#[derive(Clone)]
pub struct EpochKey {
    /// The number of the epoch, from 1.
    pub number: u32,
    identity: age::x25519::Identity,
}

impl EpochKey {
    /// Makes a new key from the system's randomness.
    pub fn generate(number: u32) -> Self {
        Self { number, identity: age::x25519::Identity::generate() }
    }

    /// Takes an identity that is known to be the key.
    pub(super) fn of(number: u32, identity: age::x25519::Identity) -> Self {
        Self { number, identity }
    }

    /// Returns the public half, `age1…`.
    pub fn recipient(&self) -> String {
        self.identity.to_public().to_string()
    }

    /// Returns the key as a standard age identity file: `age -d -i FILE` takes it.
    pub fn identity_file(&self) -> Zeroizing<String> {
        Zeroizing::new(format!(
            "# blackstart epoch {}\n# public key: {}\n{}\n",
            self.number,
            self.recipient(),
            self.identity.to_string().expose_secret()
        ))
    }

    /// Reads an identity file that holds exactly one X25519 key.
    pub fn from_identity_file(number: u32, text: &str) -> Result<Self, KeysError> {
        let bad = |why: &str| KeysError::BadAgeFile {
            what: format!("the key of epoch {number}"),
            why: why.to_owned(),
        };
        let mut keys = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let identity = keys
            .next()
            .and_then(|line| line.trim_end().parse().ok())
            .ok_or_else(|| bad("it is not an X25519 identity"))?;
        if keys.next().is_some() {
            return Err(bad("it holds more than one key"));
        }
        Ok(Self { number, identity })
    }

    /// Returns the key as age decrypts with it.
    pub fn identity(&self) -> &age::x25519::Identity {
        &self.identity
    }
}

impl fmt::Debug for EpochKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EpochKey({}, {})", self.number, self.recipient())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_gives_the_key_back_and_debug_does_not() {
        let key = EpochKey::generate(7);
        let file = key.identity_file();
        let again = EpochKey::from_identity_file(7, &file).unwrap();
        assert_eq!(again.recipient(), key.recipient());
        assert!(!format!("{key:?}").contains("SECRET"));
    }

    #[test]
    fn only_one_key_is_taken() {
        let file = EpochKey::generate(1).identity_file();
        let twice = format!("{}{}", *file, *file);
        for bad in ["", "# x\n", "AGE-SECRET-KEY-1X\n", &twice] {
            assert!(EpochKey::from_identity_file(1, bad).is_err());
        }
    }
}
