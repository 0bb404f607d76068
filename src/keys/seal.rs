//! Sealing an epoch key to people, with nothing but age.
//!
//! *Any*: one file that each opener opens alone. *m of n*: one file for every set of m openers, age
//! inside age, the lowest number outermost; stock `age -d | age -d` opens it. No secret is split,
//! so nothing but age has to be trusted.

use std::fmt;
use std::io::Write;
use std::str::FromStr;

use age::armor::{ArmoredWriter, Format};

use super::epoch::EpochKey;
use super::error::{KeysError, plain};
use super::recipient::Recipient;
pub use super::unseal::{Peeled, peel, unseal};
use crate::model::id::Role;

/// The most openers of one epoch: one digit each, and at most 126 seals.
pub const MAX_OPENERS: usize = 9;
/// The largest seal that is read.
pub const MAX_SEAL: u64 = 256 << 10;

/// How many openers it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenPolicy {
    /// One.
    Any,
    /// Several at once.
    NOf {
        /// How many, at least two.
        need: u8,
    },
}

impl FromStr for OpenPolicy {
    type Err = KeysError;

    /// Reads `any` or `2-of-n`.
    fn from_str(text: &str) -> Result<Self, KeysError> {
        let need =
            || text.strip_suffix("-of-n")?.parse().ok().filter(|need| (2..=9).contains(need));
        match (text, need()) {
            ("any", _) => Ok(Self::Any),
            (_, Some(need)) => Ok(Self::NOf { need }),
            _ => Err(cannot("the policy is any, or 2-of-n up to 9-of-n")),
        }
    }
}

impl fmt::Display for OpenPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any"),
            Self::NOf { need } => write!(f, "{need}-of-n"),
        }
    }
}

/// A person who can open. The number stands in file names instead of the person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opener {
    /// From 1 to 9.
    pub number: u8,
    /// The person's public key.
    pub recipient: Recipient,
}

/// One file that holds the epoch key, encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    /// Its file name, such as `epoch-0007.c1+c2.age`.
    pub name: String,
    /// Its content: armored age.
    pub bytes: Vec<u8>,
}

/// What the name of a seal says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealName {
    /// The epoch.
    pub epoch: u32,
    /// Who opens it.
    pub who: SealedTo,
}

/// Who opens a seal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SealedTo {
    /// Any one opener.
    Any,
    /// These openers together, outermost first.
    Together(Vec<u8>),
    /// A machine of this role, alone and unattended.
    Solo(Role),
}

impl fmt::Display for SealName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "epoch-{:04}.", self.epoch)?;
        match &self.who {
            SealedTo::Any => f.write_str("any")?,
            SealedTo::Solo(role) => write!(f, "solo-{role}")?,
            SealedTo::Together(numbers) => {
                let numbers: Vec<_> = numbers.iter().map(|number| format!("c{number}")).collect();
                f.write_str(&numbers.join("+"))?;
            }
        }
        f.write_str(".age")
    }
}

impl SealName {
    /// Reads a file name; `None` unless it is exactly what `Display` writes.
    pub fn parse(name: &str) -> Option<Self> {
        let (epoch, who) = name.strip_prefix("epoch-")?.strip_suffix(".age")?.split_once('.')?;
        let who = match (who, who.strip_prefix("solo-")) {
            ("any", _) => SealedTo::Any,
            (_, Some(role)) => SealedTo::Solo(role.parse().ok()?),
            _ => SealedTo::Together(
                who.split('+')
                    .map(|person| person.strip_prefix('c')?.parse().ok())
                    .collect::<Option<_>>()?,
            ),
        };
        let parsed = Self { epoch: epoch.parse().ok()?, who };
        (parsed.to_string() == name).then_some(parsed)
    }
}

/// Seals an epoch key to the openers as the policy says, and to each `solo` machine alone.
pub fn seal_epoch(
    key: &EpochKey,
    openers: &[Opener],
    policy: OpenPolicy,
    solo: &[(Role, Recipient)],
) -> Result<Vec<Seal>, KeysError> {
    check_openers(openers, policy)?;
    let text = key.identity_file();
    let named = |who| SealName { epoch: key.number, who }.to_string();
    let mut seals = Vec::new();
    match policy {
        OpenPolicy::Any => {
            let everyone: Vec<_> = openers.iter().map(|opener| &opener.recipient).collect();
            let bytes = encrypt(&everyone, text.as_bytes())?;
            seals.push(Seal { name: named(SealedTo::Any), bytes });
        }
        OpenPolicy::NOf { need } => {
            for group in subsets(openers, usize::from(need)) {
                let numbers = group.iter().map(|opener| opener.number).collect();
                let bytes = nest(&group, text.as_bytes())?;
                seals.push(Seal { name: named(SealedTo::Together(numbers)), bytes });
            }
        }
    }
    for (role, recipient) in solo {
        let bytes = encrypt(&[recipient], text.as_bytes())?;
        seals.push(Seal { name: named(SealedTo::Solo(role.clone())), bytes });
    }
    Ok(seals)
}

fn check_openers(openers: &[Opener], policy: OpenPolicy) -> Result<(), KeysError> {
    let need = match policy {
        OpenPolicy::Any => 1,
        OpenPolicy::NOf { need } => usize::from(need),
    };
    if openers.len() > MAX_OPENERS {
        return Err(cannot("there are more than 9 openers"));
    }
    if openers.len() < need {
        return Err(cannot(&format!(
            "the policy needs {need} openers and there are {}",
            openers.len()
        )));
    }
    let ascending = openers.windows(2).all(|pair| pair[0].number < pair[1].number);
    if !ascending || openers.iter().any(|opener| !(1..=9).contains(&opener.number)) {
        return Err(cannot("openers are numbered from 1 to 9, ascending"));
    }
    for (index, opener) in openers.iter().enumerate() {
        // One person counted twice would be a second person in name only.
        if openers[..index].iter().any(|other| other.recipient == opener.recipient) {
            return Err(cannot(&format!("opener {} has another opener's key", opener.number)));
        }
    }
    Ok(())
}

fn cannot(why: &str) -> KeysError {
    KeysError::CannotSeal { why: why.to_owned() }
}

/// Every way to choose `size` of `from`, in order.
fn subsets(from: &[Opener], size: usize) -> Vec<Vec<&Opener>> {
    if size == 0 {
        return vec![Vec::new()];
    }
    let mut found = Vec::new();
    for (index, first) in from.iter().enumerate() {
        for mut rest in subsets(&from[index + 1..], size - 1) {
            rest.insert(0, first);
            found.push(rest);
        }
    }
    found
}

/// Encrypts to the last of the group first, so that the first is outermost.
fn nest(group: &[&Opener], text: &[u8]) -> Result<Vec<u8>, KeysError> {
    group
        .iter()
        .rev()
        .try_fold(text.to_vec(), |inner, opener| encrypt(&[&opener.recipient], &inner))
}

/// Encrypts to each recipient, armored.
pub fn encrypt(to: &[&Recipient], plaintext: &[u8]) -> Result<Vec<u8>, KeysError> {
    let keys = to.iter().map(|key| key.for_age()).collect::<Result<Vec<_>, _>>()?;
    let keys = keys.iter().map(|key| key.as_ref() as &dyn age::Recipient);
    let encryptor =
        age::Encryptor::with_recipients(keys).map_err(|error| cannot(&plain(&error)))?;
    let write = || -> std::io::Result<Vec<u8>> {
        let armor = ArmoredWriter::wrap_output(Vec::new(), Format::AsciiArmor)?;
        let mut writer = encryptor.wrap_output(armor)?;
        writer.write_all(plaintext)?;
        writer.finish()?.finish()
    };
    write().map_err(|error| cannot(&plain(&error)))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(crate) fn openers(count: u8) -> (Vec<age::x25519::Identity>, Vec<Opener>) {
        let keys: Vec<_> = (0..count).map(|_| age::x25519::Identity::generate()).collect();
        let openers = keys
            .iter()
            .zip(1..)
            .map(|(key, number)| Opener {
                number,
                recipient: Recipient::parse(&key.to_public().to_string()).unwrap(),
            })
            .collect();
        (keys, openers)
    }

    fn names(seals: &[Seal]) -> Vec<&str> {
        seals.iter().map(|seal| seal.name.as_str()).collect()
    }

    #[test]
    fn names_say_who_opens() {
        let key = EpochKey::generate(7);
        let (_, people) = openers(3);
        let machine = (Role::verifier(), openers(1).1.remove(0).recipient);
        let any = seal_epoch(&key, &people, OpenPolicy::Any, &[machine]).unwrap();
        assert_eq!(names(&any), ["epoch-0007.any.age", "epoch-0007.solo-verifier.age"]);
        let two = seal_epoch(&key, &people, OpenPolicy::NOf { need: 2 }, &[]).unwrap();
        assert_eq!(
            names(&two),
            ["epoch-0007.c1+c2.age", "epoch-0007.c1+c3.age", "epoch-0007.c2+c3.age"]
        );
    }

    #[test]
    fn openers_must_be_distinct_few_and_enough() {
        let key = EpochKey::generate(1);
        let (_, people) = openers(3);
        let mut same = people.clone();
        same[2].recipient = same[0].recipient.clone();
        let mut unordered = people.clone();
        unordered.swap(0, 1);
        for (wrong, need) in [(&same[..], 2), (&unordered, 2), (&people, 4), (&[], 2)] {
            assert!(seal_epoch(&key, wrong, OpenPolicy::NOf { need }, &[]).is_err());
        }
        let (_, crowd) = openers(10);
        assert!(seal_epoch(&key, &crowd, OpenPolicy::Any, &[]).is_err());
    }

    #[test]
    fn policies_are_read_and_written() {
        for text in ["any", "2-of-n", "9-of-n"] {
            assert_eq!(text.parse::<OpenPolicy>().unwrap().to_string(), text);
        }
        for bad in ["", "1-of-n", "10-of-n", "2-of-3", "all"] {
            assert!(bad.parse::<OpenPolicy>().is_err(), "{bad}");
        }
    }

    #[test]
    fn odd_names_are_not_seals() {
        for bad in [
            "epoch-7.any.age",
            "epoch-0007.age",
            "epoch-0007..age",
            "epoch-0007.c+c2.age",
            "epoch-0007.c01.age",
            "epoch-0007.solo-.age",
            "../epoch-0007.any.age",
            "epoch-+007.any.age",
        ] {
            assert_eq!(SealName::parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn names_round_trip(epoch in 1_u32..10_000, numbers in proptest::collection::vec(1_u8..10, 1..5)) {
            let name = SealName { epoch, who: SealedTo::Together(numbers) };
            prop_assert_eq!(SealName::parse(&name.to_string()), Some(name));
        }
        #[test]
        fn hostile_names_never_panic(name: String) {
            let _ = SealName::parse(&name);
        }
    }
}
