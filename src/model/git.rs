//! Names in Git: object formats, object ids, refs, HEAD. gix's own types stay below `repo`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::digest::unhex;
use super::safe::Safe;

/// The hash a repository uses for its objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ObjectFormat {
    /// 20-byte ids.
    Sha1,
    /// 32-byte ids.
    Sha256,
}

impl ObjectFormat {
    /// Returns the name that `git init --object-format` takes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
        }
    }
    /// Returns the length of an id in bytes.
    pub const fn id_length(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }
}

impl fmt::Display for ObjectFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An object id. `Display` writes lower-case hex, 40 or 64 digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Oid {
    format: ObjectFormat,
    bytes: [u8; 32],
}

impl Oid {
    /// Returns the id in `raw`, which is 20 or 32 bytes long.
    pub fn from_bytes(raw: &[u8]) -> Option<Self> {
        let format = match raw.len() {
            20 => ObjectFormat::Sha1,
            32 => ObjectFormat::Sha256,
            _ => return None,
        };
        let mut bytes = [0; 32];
        bytes[..raw.len()].copy_from_slice(raw);
        Some(Self { format, bytes })
    }
    /// Returns the raw bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.format.id_length()]
    }
    /// Returns the format of the repository this id belongs to.
    pub fn format(&self) -> ObjectFormat {
        self.format
    }
    /// Returns the first twelve hex digits, for people.
    pub fn short(&self) -> String {
        self.to_string()[..12].to_owned()
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_bytes().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Oid({self})")
    }
}

/// Text that is not an object id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an object id of 40 or 64 lower-case hex digits")]
pub struct BadOid;

impl FromStr for Oid {
    type Err = BadOid;

    fn from_str(text: &str) -> Result<Self, BadOid> {
        let mut bytes = [0; 32];
        let length = if text.len() == 64 { 32 } else { 20 };
        let read = unhex(text, &mut bytes[..length]);
        read.then(|| Self::from_bytes(&bytes[..length])).flatten().ok_or(BadOid)
    }
}

impl Serialize for Oid {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Oid {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A full ref name, such as `refs/heads/main`. Bytes, as Git has them; `Display` is safe to show.
///
/// In JSON it is the text itself, or `hex:…` where the bytes are not UTF-8 (no ref name holds a
/// colon, so the two cannot be confused).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RefName(Vec<u8>);

impl RefName {
    /// Takes a name that `git check-ref-format` accepts and that begins with `refs/`.
    pub fn new(name: impl Into<Vec<u8>>) -> Result<Self, BadRefName> {
        let name = name.into();
        if is_ref_name(&name) { Ok(Self(name)) } else { Err(BadRefName(Safe(&name).to_string())) }
    }
    /// Returns the bytes of the name.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
    /// Returns the name without `refs/heads/` or `refs/tags/`, safe to show.
    pub fn short(&self) -> String {
        let bytes = [&b"refs/heads/"[..], b"refs/tags/"]
            .iter()
            .find_map(|prefix| self.0.strip_prefix(*prefix))
            .unwrap_or(&self.0);
        Safe(bytes).to_string()
    }
}

/// The rules of git-check-ref-format(1), for names below `refs/`.
fn is_ref_name(name: &[u8]) -> bool {
    let forbidden = |byte: &u8| *byte < 0x20 || *byte == 0x7f || b" ~^:?*[\\".contains(byte);
    let component =
        |part: &[u8]| !part.is_empty() && !part.starts_with(b".") && !part.ends_with(b".lock");
    let pair = |a: u8, b: u8| name.windows(2).any(|pair| pair == [a, b]);
    name.len() <= 4096
        && name.starts_with(b"refs/")
        && !name.iter().any(forbidden)
        && !pair(b'.', b'.')
        && !pair(b'@', b'{')
        && !name.ends_with(b".")
        && name.split(|byte| *byte == b'/').all(component)
}

impl fmt::Display for RefName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Safe(&self.0).fmt(f)
    }
}

impl fmt::Debug for RefName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RefName({self})")
    }
}

/// A name that Git itself would refuse.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a valid ref name")]
pub struct BadRefName(pub String);

impl Serialize for RefName {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if let Ok(text) = std::str::from_utf8(&self.0) {
            to.serialize_str(text)
        } else {
            let hex: String = self.0.iter().map(|byte| format!("{byte:02x}")).collect();
            to.serialize_str(&format!("hex:{hex}"))
        }
    }
}

impl<'de> Deserialize<'de> for RefName {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let name = match text.strip_prefix("hex:") {
            None => text.into_bytes(),
            Some(hex) => {
                let mut bytes = vec![0; hex.len() / 2];
                if !unhex(hex, &mut bytes) {
                    return Err(serde::de::Error::custom("expected hex after hex:"));
                }
                bytes
            }
        };
        Self::new(name).map_err(serde::de::Error::custom)
    }
}

/// One ref and what it points to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RefTip {
    /// The full name.
    pub name: RefName,
    /// The object the ref holds.
    pub oid: Oid,
    /// Where an annotated tag leads in the end; `None` for all else.
    pub peeled: Option<Oid>,
}

/// Where HEAD points.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Head {
    /// To a branch, which need not exist yet.
    Symbolic(RefName),
    /// To a commit.
    Detached(Oid),
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Symbolic(name) => name.fmt(f),
            Self::Detached(oid) => oid.fmt(f),
        }
    }
}

/// Everything by which a repository names its objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refs {
    /// Where HEAD points.
    pub head: Head,
    /// All refs, sorted by the bytes of their names, each name once.
    pub tips: Vec<RefTip>,
}

impl Refs {
    /// Returns the object that `name` holds.
    pub fn get(&self, name: &RefName) -> Option<&RefTip> {
        self.tips.binary_search_by(|tip| tip.name.cmp(name)).ok().map(|at| &self.tips[at])
    }

    /// Returns the object at HEAD, `None` while it is unborn.
    pub fn head_oid(&self) -> Option<Oid> {
        match &self.head {
            Head::Detached(oid) => Some(*oid),
            Head::Symbolic(name) => self.get(name).map(|tip| tip.oid),
        }
    }

    /// Returns every object that a ref or a detached HEAD holds, each once.
    pub fn oids(&self) -> Vec<Oid> {
        let mut oids: Vec<Oid> =
            self.tips.iter().map(|tip| tip.oid).chain(self.head_oid()).collect();
        oids.sort_unstable();
        oids.dedup();
        oids
    }

    /// Returns the bytes of the file `HEAD`.
    pub fn head_file(&self) -> Vec<u8> {
        match &self.head {
            Head::Symbolic(name) => [b"ref: ", name.as_bytes(), b"\n"].concat(),
            Head::Detached(oid) => format!("{oid}\n").into_bytes(),
        }
    }

    /// Returns the bytes of the file `packed-refs`, as git-pack-refs(1) writes it.
    pub fn packed_refs_file(&self) -> Vec<u8> {
        let mut file = PACKED_REFS.to_vec();
        for tip in &self.tips {
            file.extend_from_slice(tip.oid.to_string().as_bytes());
            file.push(b' ');
            file.extend_from_slice(tip.name.as_bytes());
            file.push(b'\n');
            if let Some(peeled) = tip.peeled {
                file.extend_from_slice(format!("^{peeled}\n").as_bytes());
            }
        }
        file
    }

    /// Reads the two files back. Accepts only what the writers above produce, with ids of one
    /// format throughout.
    pub fn from_files(head: &[u8], packed: &[u8]) -> Result<Self, BadRefs> {
        let head = read_head(head).ok_or(BadRefs { line: 0 })?;
        let packed = packed.strip_prefix(PACKED_REFS).ok_or(BadRefs { line: 1 })?;
        let mut tips: Vec<RefTip> = Vec::new();
        for (index, line) in packed.split_inclusive(|byte| *byte == b'\n').enumerate() {
            let bad = BadRefs { line: index + 2 };
            let line = line.strip_suffix(b"\n").ok_or(bad)?;
            if let Some(peeled) = line.strip_prefix(b"^") {
                let last = tips.last_mut().filter(|tip| tip.peeled.is_none()).ok_or(bad)?;
                last.peeled = Some(read_oid(peeled).ok_or(bad)?);
                continue;
            }
            let space = line.iter().position(|byte| *byte == b' ').ok_or(bad)?;
            let oid = read_oid(&line[..space]).ok_or(bad)?;
            let name = RefName::new(&line[space + 1..]).map_err(|_| bad)?;
            if tips.last().is_some_and(|last| last.name >= name) {
                return Err(bad);
            }
            tips.push(RefTip { name, oid, peeled: None });
        }
        let detached = match &head {
            Head::Detached(oid) => Some(*oid),
            Head::Symbolic(_) => None,
        };
        let held = tips.iter().flat_map(|tip| [Some(tip.oid), tip.peeled]).flatten();
        let mut formats = held.chain(detached).map(|oid| oid.format());
        let first = formats.next();
        if formats.any(|format| Some(format) != first) {
            return Err(BadRefs { line: 0 });
        }
        Ok(Self { head, tips })
    }
}

/// The first line of `packed-refs`: what git promises there about the rest.
const PACKED_REFS: &[u8] = b"# pack-refs with: peeled fully-peeled sorted \n";

fn read_oid(hex: &[u8]) -> Option<Oid> {
    std::str::from_utf8(hex).ok()?.parse().ok()
}

fn read_head(file: &[u8]) -> Option<Head> {
    let line = file.strip_suffix(b"\n")?;
    match line.strip_prefix(b"ref: ") {
        Some(name) => RefName::new(name).ok().map(Head::Symbolic),
        None => read_oid(line).map(Head::Detached),
    }
}

/// A `HEAD` (line 0) or `packed-refs` file that is not in the one form we write, or ids of two
/// formats in them (line 0).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("refs are malformed at line {line}")]
pub struct BadRefs {
    /// The line of `packed-refs`, from 1; 0 stands for `HEAD`.
    pub line: usize,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn oid(digit: char) -> Oid {
        digit.to_string().repeat(40).parse().unwrap()
    }

    #[test]
    fn ref_names_follow_check_ref_format() {
        for good in ["refs/heads/main", "refs/heads/@", "refs/heads/-x", "refs/heads/ä", "refs/a"]
        {
            assert!(RefName::new(good).is_ok(), "{good}");
        }
        for bad in [
            "HEAD",
            "refs/",
            "refs/heads/",
            "refs//a",
            "refs/a..b",
            "refs/a b",
            "refs/a\u{1b}[2J",
            "refs/.a",
            "refs/a.lock",
            "refs/a.lock/b",
            "refs/a.",
            "refs/a@{1}",
            "refs/a\\b",
            "refs/a:b",
        ] {
            assert!(RefName::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn names_that_are_not_utf8_survive_json() {
        let name = RefName::new(b"refs/heads/\xff".to_vec()).unwrap();
        let json = serde_json::to_string(&name).unwrap();
        assert_eq!(json, "\"hex:726566732f68656164732fff\"");
        assert_eq!(serde_json::from_str::<RefName>(&json).unwrap(), name);
    }

    #[test]
    fn packed_refs_are_what_git_writes() {
        let refs = Refs {
            head: Head::Symbolic(RefName::new("refs/heads/main").unwrap()),
            tips: vec![
                RefTip {
                    name: RefName::new("refs/heads/main").unwrap(),
                    oid: oid('a'),
                    peeled: None,
                },
                RefTip {
                    name: RefName::new("refs/tags/v1").unwrap(),
                    oid: oid('b'),
                    peeled: Some(oid('a')),
                },
            ],
        };
        let file = String::from_utf8(refs.packed_refs_file()).unwrap();
        assert_eq!(
            file,
            format!(
                "# pack-refs with: peeled fully-peeled sorted \n{a} refs/heads/main\n{b} refs/tags/v1\n^{a}\n",
                a = oid('a'),
                b = oid('b')
            )
        );
        assert_eq!(Refs::from_files(&refs.head_file(), file.as_bytes()), Ok(refs));
    }

    #[test]
    fn unsorted_or_doubled_refs_are_refused() {
        let a = oid('a');
        for text in [
            format!("{a} refs/b\n{a} refs/a\n"),
            format!("{a} refs/a\n{a} refs/a\n"),
            format!("^{a}\n"),
            format!("{a} refs/a"),
            format!("{a}  refs/a\n"),
        ] {
            let file = [PACKED_REFS, text.as_bytes()].concat();
            assert!(Refs::from_files(b"ref: refs/heads/main\n", &file).is_err(), "{text}");
        }
    }

    #[test]
    fn refs_in_another_spelling_or_of_two_formats_are_refused() {
        let (a, long) = (oid('a'), "b".repeat(64));
        let first = "# pack-refs with: peeled fully-peeled sorted \n";
        let read = |text: &str| Refs::from_files(b"ref: refs/heads/main\n", text.as_bytes());
        assert!(read(&format!("{first}{a} refs/a\n")).is_ok());
        for text in [
            String::new(),
            format!("{a} refs/a\n"),
            format!("# pack-refs with: peeled \n{a} refs/a\n"),
            format!("{first}{first}"),
            format!("{first}{a} refs/a\n{long} refs/b\n"),
            format!("{first}{a} refs/a\n^{long}\n"),
        ] {
            assert!(read(&text).is_err(), "{text}");
        }
        let detached = format!("{long}\n");
        let packed = format!("{first}{a} refs/a\n");
        assert!(Refs::from_files(detached.as_bytes(), packed.as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn refs_round_trip(names in proptest::collection::btree_set("[a-z]{1,8}(/[a-z0-9-]{1,8}){0,2}", 0..20), detached: bool) {
            let tips: Vec<RefTip> = names
                .iter()
                .map(|name| RefTip { name: RefName::new(format!("refs/{name}")).unwrap(), oid: oid('c'), peeled: None })
                .collect();
            let mut tips = tips;
            tips.sort();
            let head = if detached { Head::Detached(oid('d')) } else { Head::Symbolic(RefName::new("refs/heads/x").unwrap()) };
            let refs = Refs { head, tips };
            prop_assert_eq!(Refs::from_files(&refs.head_file(), &refs.packed_refs_file()), Ok(refs));
        }

        #[test]
        fn hostile_refs_never_panic(head: Vec<u8>, packed: Vec<u8>) {
            let _ = Refs::from_files(&head, &packed);
        }
    }
}
