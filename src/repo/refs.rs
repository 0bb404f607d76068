//! Reading refs from disk: `packed-refs` and loose files, symbolic refs followed, tags peeled.
//!
//! Reads what git writes. A ref that points to nothing or whose name Git would refuse is left out,
//! as `git for-each-ref` does. Writes nothing.

use std::collections::BTreeMap;
use std::path::Path;

use crate::disk::{folder, limit};
use crate::model::git::{Head, ObjectFormat, Oid, RefName, RefTip, Refs};
use crate::model::safe::safe;

use super::error::RepoError;
use super::store::Store;

/// 4 GiB of refs would be some fifty million of them.
const PACKED_LIMIT: u64 = 4 << 30;
/// A loose ref is one line.
const LOOSE_LIMIT: u64 = 8192;
/// How deep folders below `refs/` may nest, and how long a chain of symbolic refs may be.
const DEPTH: usize = 64;

/// What a ref file says.
enum Value {
    Direct(Oid),
    Symbolic(RefName),
}

/// What is known about the end of a chain of tags.
#[derive(Clone, Copy)]
enum Peeled {
    /// Nothing: the object must be looked at.
    Unknown,
    /// What `packed-refs` says.
    To(Option<Oid>),
}

type Known = BTreeMap<RefName, (Value, Peeled)>;

/// Reads all refs of the repository at `path`. `store` is opened only where a tag must be peeled.
pub(super) fn read(
    path: &Path,
    format: ObjectFormat,
    store: impl Fn() -> Result<Store, RepoError>,
) -> Result<Refs, RepoError> {
    let bad = |why: String| RepoError::BadRefs { path: path.to_owned(), why };
    let mut known = Known::new();
    read_packed(path, &mut known)?;
    read_loose(&path.join("refs"), b"refs", 0, &mut known)?;
    let head = limit::read(&path.join("HEAD"), LOOSE_LIMIT)?;
    let head = match parse(&head).ok_or_else(|| bad(format!("HEAD says {:?}", safe(&head))))? {
        Value::Symbolic(name) => Head::Symbolic(name),
        Value::Direct(oid) => Head::Detached(oid),
    };
    let mut opened = None;
    let mut tips = Vec::with_capacity(known.len());
    for name in known.keys() {
        let Some((oid, peeled)) = follow(&known, name) else { continue };
        if oid.format() != format {
            return Err(bad(format!("{name} names an object in another format")));
        }
        let peeled = match peeled {
            Peeled::To(peeled) => peeled,
            Peeled::Unknown => {
                if opened.is_none() {
                    opened = Some(store()?);
                }
                opened.as_ref().map(|store| store.peel_tag(oid)).transpose()?.flatten()
            }
        };
        tips.push(RefTip { name: name.clone(), oid, peeled });
    }
    Ok(Refs { head, tips })
}

fn read_packed(path: &Path, known: &mut Known) -> Result<(), RepoError> {
    let bad = |line: usize| RepoError::BadRefs {
        path: path.to_owned(),
        why: format!("packed-refs, line {line}"),
    };
    let Some(file) = limit::read_if_there(&path.join("packed-refs"), PACKED_LIMIT)? else {
        return Ok(());
    };
    let mut fully_peeled = false;
    let mut last: Option<RefName> = None;
    for (index, line) in file.split(|byte| *byte == b'\n').enumerate() {
        if line.is_empty() {
            continue;
        }
        if let Some(traits) = line.strip_prefix(b"#") {
            fully_peeled |= traits.split(|byte| *byte == b' ').any(|word| word == b"fully-peeled");
        } else if let Some(peeled) = line.strip_prefix(b"^") {
            let peeled = hex(peeled).ok_or_else(|| bad(index + 1))?;
            let tag = last.take().and_then(|name| known.get_mut(&name));
            tag.ok_or_else(|| bad(index + 1))?.1 = Peeled::To(Some(peeled));
        } else {
            let space = line.iter().position(|byte| *byte == b' ').ok_or_else(|| bad(index + 1))?;
            let oid = hex(&line[..space]).ok_or_else(|| bad(index + 1))?;
            last = None;
            if let Ok(name) = RefName::new(&line[space + 1..]) {
                let peeled = if fully_peeled { Peeled::To(None) } else { Peeled::Unknown };
                known.insert(name.clone(), (Value::Direct(oid), peeled));
                last = Some(name);
            }
        }
    }
    Ok(())
}

fn read_loose(at: &Path, name: &[u8], depth: usize, known: &mut Known) -> Result<(), RepoError> {
    use std::os::unix::ffi::OsStrExt as _;
    if depth > DEPTH || !at.is_dir() {
        return Ok(());
    }
    for entry in folder::list(at)? {
        let path = at.join(&entry.name);
        let name = [name, b"/", entry.name.as_bytes()].concat();
        if entry.is_dir {
            read_loose(&path, &name, depth + 1, known)?;
        } else if let Ok(name) = RefName::new(name)
            && let Some(value) =
                limit::read_if_there(&path, LOOSE_LIMIT)?.as_deref().and_then(parse)
        {
            known.insert(name, (value, Peeled::Unknown));
        }
    }
    Ok(())
}

/// Follows symbolic refs to an object and, where `packed-refs` knows it, what that peels to.
fn follow(known: &Known, name: &RefName) -> Option<(Oid, Peeled)> {
    let mut name = name;
    for _ in 0..DEPTH {
        match known.get(name)? {
            (Value::Direct(oid), peeled) => return Some((*oid, *peeled)),
            (Value::Symbolic(target), _) => name = target,
        }
    }
    None
}

fn parse(file: &[u8]) -> Option<Value> {
    let line = file.trim_ascii_end();
    match line.strip_prefix(b"ref:") {
        Some(name) => RefName::new(name.trim_ascii_start()).ok().map(Value::Symbolic),
        None => hex(line).map(Value::Direct),
    }
}

fn hex(digits: &[u8]) -> Option<Oid> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}
