//! SHA-256: the digest type, hashing readers and writers, and the keyed form.

use std::fmt;
use std::io::{self, Read, Write};
use std::str::FromStr;

use hmac::Mac as _;
use serde::{Deserialize, Serialize};
use sha2::Digest as _;

/// A SHA-256 digest. `Display` writes 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// What stands where no digest can: the `prev` of a first snapshot.
    pub const ZERO: Self = Self([0; 32]);

    /// Returns the digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// Returns the raw 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Returns the OCI form, `sha256:<64 hex>`.
    pub fn oci(&self) -> String {
        format!("sha256:{self}")
    }

    /// Reads the OCI form and nothing else.
    pub fn from_oci(text: &str) -> Result<Self, BadDigest> {
        text.strip_prefix("sha256:").ok_or(BadDigest)?.parse()
    }

    /// Returns the first 16 hex digits, for file names and people.
    pub fn short(&self) -> String {
        self.to_string()[..16].to_owned()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

/// Text that is not 64 lower-case hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a sha256 digest of 64 lower-case hex digits")]
pub struct BadDigest;

impl FromStr for Digest {
    type Err = BadDigest;

    fn from_str(text: &str) -> Result<Self, BadDigest> {
        let mut bytes = [0; 32];
        unhex(text, &mut bytes).then_some(Self(bytes)).ok_or(BadDigest)
    }
}

/// Fills `into` from lower-case hex of exactly twice its length; says whether that worked.
pub(crate) fn unhex(text: &str, into: &mut [u8]) -> bool {
    fn nibble(digit: u8) -> Option<u8> {
        match digit {
            b'0'..=b'9' => Some(digit - b'0'),
            b'a'..=b'f' => Some(digit - b'a' + 10),
            _ => None,
        }
    }
    text.len() == into.len() * 2
        && text.as_bytes().chunks_exact(2).zip(into).all(|(pair, byte)| {
            match (nibble(pair[0]), nibble(pair[1])) {
                (Some(high), Some(low)) => {
                    *byte = high << 4 | low;
                    true
                }
                _ => false,
            }
        })
}

impl Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Hashes bytes as they come.
#[derive(Clone, Default)]
pub struct Hasher(sha2::Sha256);

impl Hasher {
    /// Returns a hasher that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }
    /// Takes in more bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }
    /// Returns the digest of everything taken in.
    pub fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

/// Passes bytes through while counting and hashing them.
pub struct Hashing<T> {
    inner: T,
    hasher: Hasher,
    bytes: u64,
}

impl<T> Hashing<T> {
    /// Wraps a reader or a writer.
    pub fn new(inner: T) -> Self {
        Self { inner, hasher: Hasher::new(), bytes: 0 }
    }
    /// Returns the wrapped value, and the digest and number of the bytes that went through.
    pub fn finish(self) -> (T, Digest, u64) {
        (self.inner, self.hasher.finish(), self.bytes)
    }
    fn saw(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        self.bytes += bytes.len() as u64;
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.saw(&buffer[..count]);
        Ok(count)
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(buffer)?;
        self.saw(&buffer[..count]);
        Ok(count)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Returns the digest and length of everything `from` holds.
pub fn hash_reader(from: impl Read) -> io::Result<(Digest, u64)> {
    let mut hashing = Hashing::new(io::sink());
    io::copy(&mut io::BufReader::with_capacity(1 << 18, from), &mut hashing)?;
    let (_, digest, bytes) = hashing.finish();
    Ok((digest, bytes))
}

/// Returns HMAC-SHA256 (RFC 2104) of `message` under `key`.
pub fn keyed(key: &[u8; 32], message: &[u8]) -> Digest {
    let Ok(mut mac) = hmac::Hmac::<sha2::Sha256>::new_from_slice(key) else {
        unreachable!("HMAC takes keys of every length")
    };
    mac.update(message);
    Digest(mac.finalize().into_bytes().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn known_vectors() {
        assert_eq!(Digest::of(b"abc").to_string(), ABC);
        // RFC 4231, test case 2, with the key zero-padded, which HMAC does as well.
        let mut key = [0; 32];
        key[..4].copy_from_slice(b"Jefe");
        assert_eq!(
            keyed(&key, b"what do ya want for nothing?").to_string(),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn reads_only_lower_case_hex_of_the_right_length() {
        assert_eq!(ABC.parse(), Ok(Digest::of(b"abc")));
        assert_eq!(Digest::from_oci(&format!("sha256:{ABC}")), Ok(Digest::of(b"abc")));
        for bad in [&ABC.to_uppercase(), &ABC[1..], "", "sha512:00", "../../etc/passwd"] {
            assert!(bad.parse::<Digest>().is_err() && Digest::from_oci(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn hashing_reader_sees_what_passes() {
        let (digest, bytes) = hash_reader(&b"abc"[..]).unwrap();
        assert_eq!((digest.to_string().as_str(), bytes), (ABC, 3));
    }
}
