//! `SEALS`: the list of an epoch's seals that the root keys sign.
//!
//! ```text
//! blackstart.seals v1
//! stream acme-prod
//! epoch 7
//! serial 2
//! recipient age1…
//! <64 hex>  epoch-0007.any.age
//! ```
//!
//! The last lines are what `sha256sum -c` reads. Parsing accepts exactly what rendering writes.

use std::fmt;

use super::error::KeysError;
use super::seal::{Seal, SealName};
use crate::model::digest::Digest;
use crate::model::id::StreamId;
use crate::model::safe::safe;

/// The largest `SEALS` that is read.
pub const MAX: u64 = 64 << 10;
const FIRST: &str = "blackstart.seals v1";

/// The seals of one epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealsFile {
    /// The stream they belong to.
    pub stream: StreamId,
    /// The epoch.
    pub epoch: u32,
    /// Grows with every change of the openers of this epoch. An older list than known is refused.
    pub serial: u32,
    /// The public half of the epoch key.
    pub recipient: String,
    /// Digest and name of each seal, in order of name.
    pub seals: Vec<(Digest, String)>,
}

impl SealsFile {
    /// Lists `seals`.
    pub fn of(
        stream: StreamId,
        epoch: u32,
        serial: u32,
        recipient: String,
        seals: &[Seal],
    ) -> Self {
        let mut seals: Vec<_> =
            seals.iter().map(|seal| (Digest::of(&seal.bytes), seal.name.clone())).collect();
        seals.sort_by(|one, other| one.1.cmp(&other.1));
        Self { stream, epoch, serial, recipient, seals }
    }

    /// Reads a file. What it returns renders to the same bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, KeysError> {
        let bad = |line, why: &str| KeysError::BadFile { file: "SEALS", line, why: why.to_owned() };
        if bytes.len() as u64 > MAX {
            return Err(bad(0, "it is larger than such a file can be"));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| bad(0, "it is not text"))?;
        let lines: Vec<&str> = text.lines().collect();
        let fact = |at: usize, word: &str| {
            lines
                .get(at)
                .and_then(|line| line.strip_prefix(word)?.strip_prefix(' '))
                .ok_or_else(|| bad(at + 1, &format!("expected {word}")))
        };
        if lines.first() != Some(&FIRST) {
            return Err(bad(1, &format!("expected {FIRST}")));
        }
        let number = |at, word| {
            let text = fact(at, word)?;
            text.parse().map_err(|_| bad(at + 1, "expected a number"))
        };
        let stream = fact(1, "stream")?.parse().map_err(|_| bad(2, "not a stream"))?;
        let (epoch, serial) = (number(2, "epoch")?, number(3, "serial")?);
        let recipient = fact(4, "recipient")?.to_owned();
        if recipient.parse::<age::x25519::Recipient>().is_err() {
            return Err(bad(5, "not an age recipient"));
        }
        let mut seals: Vec<(Digest, String)> = Vec::new();
        for (at, line) in lines.iter().enumerate().skip(5) {
            let seal = read_seal(line, epoch).ok_or_else(|| bad(at + 1, "not a seal"))?;
            if seals.last().is_some_and(|last| last.1 >= seal.1) {
                return Err(bad(at + 1, "out of order"));
            }
            seals.push(seal);
        }
        let parsed = Self { stream, epoch, serial, recipient, seals };
        if parsed.to_string().as_bytes() == bytes {
            Ok(parsed)
        } else {
            Err(bad(0, "it is not in its one form"))
        }
    }

    /// Returns whether `seal` is on the list, byte for byte.
    pub fn lists(&self, seal: &Seal) -> bool {
        let digest = Digest::of(&seal.bytes);
        self.seals.iter().any(|(listed, name)| *name == seal.name && *listed == digest)
    }

    /// Refuses a seal that is on the list with other bytes, or missing from it.
    pub fn check(&self, seals: &[Seal]) -> Result<(), KeysError> {
        match seals.iter().find(|seal| !self.lists(seal)) {
            None => Ok(()),
            Some(seal) => Err(KeysError::BadAgeFile {
                what: safe(&seal.name),
                why: "SEALS does not list it with these bytes".to_owned(),
            }),
        }
    }
}

fn read_seal(line: &str, epoch: u32) -> Option<(Digest, String)> {
    let (digest, name) = line.split_once("  ")?;
    let fits = SealName::parse(name)?.epoch == epoch;
    fits.then(|| Some((digest.parse().ok()?, name.to_owned())))?
}

impl fmt::Display for SealsFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{FIRST}\nstream {}\nepoch {}", self.stream, self.epoch)?;
        writeln!(f, "serial {}\nrecipient {}", self.serial, self.recipient)?;
        self.seals.iter().try_for_each(|(digest, name)| writeln!(f, "{digest}  {name}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";

    fn sample() -> SealsFile {
        let seals = ["epoch-0007.c1+c2.age", "epoch-0007.any.age"]
            .map(|name| Seal { name: name.to_owned(), bytes: name.as_bytes().to_vec() });
        SealsFile::of("acme-prod".parse().unwrap(), 7, 1, KEY.to_owned(), &seals)
    }

    #[test]
    fn it_is_read_as_it_is_written() {
        let text = sample().to_string();
        assert_eq!(SealsFile::parse(text.as_bytes()).unwrap(), sample());
        let seal =
            Seal { name: "epoch-0007.any.age".to_owned(), bytes: b"epoch-0007.any.age".to_vec() };
        assert!(sample().check(std::slice::from_ref(&seal)).is_ok());
        assert!(sample().check(&[Seal { bytes: b"other".to_vec(), ..seal }]).is_err());
    }

    #[test]
    fn any_other_form_is_refused() {
        let text = sample().to_string();
        for (from, to) in [
            ("v1", "v2"),
            ("epoch 7", "epoch 07"),
            ("epoch 7", "epoch 8"),
            ("serial 1", "serial +1"),
            ("\n", "\r\n"),
            ("  epoch", " epoch"),
            ("age1", "age2"),
            ("any", "../any"),
            ("stream acme-prod\n", ""),
        ] {
            let changed = text.replace(from, to);
            assert!(SealsFile::parse(changed.as_bytes()).is_err(), "{from} -> {to}");
        }
        assert!(SealsFile::parse(text.trim_end().as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn hostile_files_never_panic(bytes: Vec<u8>) {
            let _ = SealsFile::parse(&bytes);
        }
        #[test]
        fn one_changed_byte_is_refused_or_renders_to_itself(at in 0_usize..300, to: u8) {
            let mut bytes = sample().to_string().into_bytes();
            let at = at % bytes.len();
            bytes[at] = to;
            if let Ok(parsed) = SealsFile::parse(&bytes) {
                prop_assert_eq!(parsed.to_string().into_bytes(), bytes);
            }
        }
    }
}
