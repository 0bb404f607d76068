//! Names of our own things: streams, sequence numbers, roles.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The series of snapshots of one store: an opaque id of 4 to 32 `[a-z0-9-]`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StreamId(String);

/// Who signs a snapshot and in what capacity: 1 to 32 `[a-z0-9-]`, such as `job`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Role(String);

impl Role {
    /// The machine that takes snapshots.
    pub fn job() -> Self {
        Self("job".to_owned())
    }
    /// Another machine, which opened and checked everything.
    pub fn verifier() -> Self {
        Self("verifier".to_owned())
    }
}

/// A name outside its alphabet or length.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {min} to 32 characters of a-z, 0-9 and -")]
pub struct BadName {
    min: usize,
}

fn checked(text: &str, min: usize) -> Result<String, BadName> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let fits = (min..=32).contains(&text.len()) && text.bytes().all(plain);
    if fits { Ok(text.to_owned()) } else { Err(BadName { min }) }
}

impl FromStr for StreamId {
    type Err = BadName;
    fn from_str(text: &str) -> Result<Self, BadName> {
        checked(text, 4).map(Self)
    }
}

impl FromStr for Role {
    type Err = BadName;
    fn from_str(text: &str) -> Result<Self, BadName> {
        checked(text, 1).map(Self)
    }
}

impl TryFrom<String> for StreamId {
    type Error = BadName;
    fn try_from(text: String) -> Result<Self, BadName> {
        text.parse()
    }
}

impl TryFrom<String> for Role {
    type Error = BadName;
    fn try_from(text: String) -> Result<Self, BadName> {
        text.parse()
    }
}

impl From<StreamId> for String {
    fn from(id: StreamId) -> Self {
        id.0
    }
}

impl From<Role> for String {
    fn from(role: Role) -> Self {
        role.0
    }
}

impl StreamId {
    /// Returns the text of the id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Role {
    /// Returns the text of the role.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The number of a snapshot in its stream, from 1. `Display` writes it plainly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seq(u64);

impl Seq {
    /// The highest number whose ten digits fit a folder's name.
    pub const MAX: Self = Self(9_999_999_999);

    /// Returns the number, or `None` outside 1 to [`Seq::MAX`].
    pub fn new(number: u64) -> Option<Self> {
        (1..=Self::MAX.0).contains(&number).then_some(Self(number))
    }
    /// Returns the plain number.
    pub fn get(self) -> u64 {
        self.0
    }
    /// Returns the number that follows.
    #[must_use]
    pub fn next(self) -> Self {
        Self((self.0 + 1).min(Self::MAX.0))
    }
    /// Returns the ten digits that name the snapshot's folder.
    pub fn folder(self) -> String {
        format!("{:010}", self.0)
    }
    /// Reads ten digits back.
    pub fn from_folder(name: &str) -> Option<Self> {
        let digits = name.len() == 10 && name.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| name.parse().ok().and_then(Self::new)).flatten()
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_have_ten_digits_and_nothing_else() {
        assert_eq!(Seq::new(43).map(Seq::folder).as_deref(), Some("0000000043"));
        assert_eq!(Seq::from_folder("0000000043"), Seq::new(43));
        for bad in ["43", "0000000000", "+000000043", "00000000043", ".000000043"] {
            assert_eq!(Seq::from_folder(bad), None, "{bad}");
        }
    }

    #[test]
    fn names_keep_to_their_alphabet() {
        assert!("acme-prod".parse::<StreamId>().is_ok());
        for bad in ["abc", "Acme", "a_b_c", &"x".repeat(33), "../x"] {
            assert!(bad.parse::<StreamId>().is_err(), "{bad}");
        }
        assert!("job".parse::<Role>().is_ok() && "".parse::<Role>().is_err());
    }
}
