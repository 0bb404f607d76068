//! The little of Git's object formats that we need: what an object links to.
//!
//! Reads as leniently as git does (zero-padded modes, odd headers of old repositories), because a
//! legacy fault is a finding and not a loss; what does not parse at all is `None`.

use crate::model::git::{ObjectFormat, Oid};

/// The kinds of object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    Commit,
    Tree,
    Blob,
    Tag,
}

/// One entry of a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry<'a> {
    /// The mode as it stands there, in octal digits.
    pub(crate) mode: &'a [u8],
    pub(crate) name: &'a [u8],
    pub(crate) oid: Oid,
}

/// What a tree entry is, by its mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EntryKind {
    Tree,
    File,
    Executable,
    Symlink,
    /// A submodule's commit, which lives elsewhere.
    Gitlink,
}

impl Entry<'_> {
    /// Returns what the mode says. The low bits do not matter to git either, but for the owner's
    /// execute bit of files.
    pub(crate) fn kind(&self) -> EntryKind {
        let mode = self.mode.iter().fold(0_u32, |value, digit| {
            value.wrapping_mul(8).wrapping_add(u32::from(digit.wrapping_sub(b'0')))
        });
        match mode & 0o170_000 {
            0o040_000 => EntryKind::Tree,
            0o120_000 => EntryKind::Symlink,
            0o160_000 => EntryKind::Gitlink,
            _ if mode & 0o100 != 0 => EntryKind::Executable,
            _ => EntryKind::File,
        }
    }

    /// Returns the kind of what it links to; `None` where that lives elsewhere.
    pub(crate) fn link(&self) -> Option<Kind> {
        match self.kind() {
            EntryKind::Tree => Some(Kind::Tree),
            EntryKind::Gitlink => None,
            _ => Some(Kind::Blob),
        }
    }
}

/// Goes through the entries of a tree; yields `None` once, last, where it is malformed.
pub(crate) fn tree(data: &[u8], format: ObjectFormat) -> impl Iterator<Item = Option<Entry<'_>>> {
    let mut rest = data;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let entry = tree_entry(&mut rest, format);
        if entry.is_none() {
            rest = &[];
        }
        Some(entry)
    })
}

/// Takes the first entry off `rest`; `None` where it is malformed.
pub(super) fn tree_entry<'a>(rest: &mut &'a [u8], format: ObjectFormat) -> Option<Entry<'a>> {
    let space = rest.iter().take(16).position(|byte| *byte == b' ')?;
    let (mode, after) = (&rest[..space], &rest[space + 1..]);
    let digits = !mode.is_empty() && mode.iter().all(|digit| (b'0'..=b'7').contains(digit));
    let nul = after.iter().position(|byte| *byte == 0).filter(|_| digits)?;
    let (name, after) = (&after[..nul], &after[nul + 1..]);
    let oid = Oid::from_bytes(after.get(..format.id_length())?)?;
    *rest = &after[format.id_length()..];
    Some(Entry { mode, name, oid })
}

/// The links of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Commit {
    pub(crate) tree: Oid,
    pub(crate) parents: Vec<Oid>,
    /// The committer's time, 0 where it cannot be read.
    pub(crate) time: i64,
}

/// Reads the head of a commit.
pub(crate) fn commit(data: &[u8]) -> Option<Commit> {
    let mut lines = data.split(|byte| *byte == b'\n');
    let tree = oid(lines.next()?.strip_prefix(b"tree ")?)?;
    let mut parents = Vec::new();
    let mut time = 0;
    for line in lines {
        if let Some(parent) = line.strip_prefix(b"parent ") {
            parents.push(oid(parent)?);
        } else if let Some(committer) = line.strip_prefix(b"committer ") {
            time = seconds(committer);
            break;
        } else if line.is_empty() {
            break;
        }
    }
    Some(Commit { tree, parents, time })
}

/// Returns the seconds in `Name <mail> 1234567890 +0000`, 0 where there are none.
fn seconds(person: &[u8]) -> i64 {
    let after =
        person.iter().rposition(|byte| *byte == b'>').map_or(&person[..0], |at| &person[at + 1..]);
    let mut words = after.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    words.next().and_then(|word| std::str::from_utf8(word).ok()?.parse().ok()).unwrap_or(0)
}

/// Returns what a tag points to and what kind it says that is.
pub(crate) fn tag_target(data: &[u8]) -> Option<(Oid, Kind)> {
    let mut lines = data.split(|byte| *byte == b'\n');
    let target = oid(lines.next()?.strip_prefix(b"object ")?)?;
    let kind = match lines.next()?.strip_prefix(b"type ")? {
        b"commit" => Kind::Commit,
        b"tree" => Kind::Tree,
        b"blob" => Kind::Blob,
        b"tag" => Kind::Tag,
        _ => return None,
    };
    Some((target, kind))
}

/// Calls `visit` with everything an object needs to be whole. Returns whether it could be parsed.
pub(crate) fn links(
    kind: Kind,
    data: &[u8],
    format: ObjectFormat,
    mut visit: impl FnMut(Oid, Kind),
) -> bool {
    match kind {
        Kind::Blob => true,
        Kind::Tag => tag_target(data).map(|(target, kind)| visit(target, kind)).is_some(),
        Kind::Commit => commit(data)
            .map(|commit| {
                visit(commit.tree, Kind::Tree);
                commit.parents.into_iter().for_each(|parent| visit(parent, Kind::Commit));
            })
            .is_some(),
        Kind::Tree => tree(data, format).all(|entry| {
            entry.map(|entry| entry.link().map(|kind| visit(entry.oid, kind))).is_some()
        }),
    }
}

fn oid(hex: &[u8]) -> Option<Oid> {
    std::str::from_utf8(hex).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn id(digit: u8) -> Oid {
        Oid::from_bytes(&[digit; 20]).unwrap()
    }

    fn linked(kind: Kind, data: &[u8]) -> Option<Vec<(Oid, Kind)>> {
        let mut found = Vec::new();
        links(kind, data, ObjectFormat::Sha1, |oid, kind| found.push((oid, kind))).then_some(found)
    }

    #[test]
    fn a_tree_links_to_all_but_submodules_and_takes_zero_padded_modes() {
        let mut data = Vec::new();
        for (mode, name, digit) in
            [("100644", "a", 1), ("040000", "b", 2), ("160000", "c", 3), ("120000", "d", 4)]
        {
            data.extend(format!("{mode} {name}\0").into_bytes());
            data.extend([digit; 20]);
        }
        assert_eq!(
            linked(Kind::Tree, &data),
            Some(vec![(id(1), Kind::Blob), (id(2), Kind::Tree), (id(4), Kind::Blob)])
        );
        assert_eq!(linked(Kind::Tree, &data[..data.len() - 1]), None);
        assert_eq!(linked(Kind::Tree, b""), Some(Vec::new()));
    }

    #[test]
    fn a_commit_links_to_its_tree_and_parents() {
        let text = format!(
            "tree {}\nparent {}\nparent {}\nauthor A <a> 1 +0000\ncommitter C <c> 42 +0100\n\nparent x\n",
            id(1),
            id(2),
            id(3)
        );
        assert_eq!(commit(text.as_bytes()).map(|commit| commit.time), Some(42));
        assert_eq!(
            linked(Kind::Commit, text.as_bytes()),
            Some(vec![(id(1), Kind::Tree), (id(2), Kind::Commit), (id(3), Kind::Commit)])
        );
        assert_eq!(linked(Kind::Commit, b"tree xyz\n"), None);
    }

    #[test]
    fn a_tag_says_what_it_points_to() {
        let text = format!("object {}\ntype tree\ntag x\n\nmessage\n", id(7));
        assert_eq!(linked(Kind::Tag, text.as_bytes()), Some(vec![(id(7), Kind::Tree)]));
    }

    proptest! {
        #[test]
        fn hostile_objects_never_panic(data: Vec<u8>) {
            for kind in [Kind::Commit, Kind::Tree, Kind::Blob, Kind::Tag] {
                links(kind, &data, ObjectFormat::Sha1, |_, _| {});
                links(kind, &data, ObjectFormat::Sha256, |_, _| {});
            }
        }
    }
}
