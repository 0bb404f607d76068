//! Findings about objects, named like those of git-fsck(1): faults that old repositories carry and
//! traps that hostile ones set. A finding is told and stops nothing here.

use std::cmp::Ordering;
use std::collections::HashSet;

use crate::model::cancel::Cancel;
use crate::model::git::{ObjectFormat, Oid};

use super::bare::Bare;
use super::error::RepoError;
use super::kinds::Kinds;
use super::names::is_dot_git;
use super::objects::{self, Entry, EntryKind, Kind};

/// More findings than this are not listed.
const LISTED: usize = 1000;

/// One thing a strict reader would object to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The object.
    pub oid: Oid,
    /// git-fsck's word for it, such as `zeroPaddedFilemode`.
    pub what: &'static str,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.oid, self.what)
    }
}

impl Bare {
    /// Reads every packed object but files, hashes it again, and returns what a strict reader
    /// would object to, at most a thousand findings.
    pub fn check(&self, cancel: &Cancel) -> Result<Vec<Finding>, RepoError> {
        let store = self.store()?;
        let mut findings = Vec::new();
        let mut buffer = Vec::new();
        for pack in self.packs()? {
            for (oid, kind) in Kinds::read(&pack.index, self.format())?.in_order() {
                cancel.check()?;
                if kind == Some(Kind::Blob) {
                    continue;
                }
                let (kind, data) = store.checked(oid, &mut buffer)?;
                let found = lint(kind, data, self.format());
                findings.extend(found.into_iter().map(|what| Finding { oid, what }));
                if findings.len() >= LISTED {
                    findings.truncate(LISTED);
                    return Ok(findings);
                }
            }
        }
        Ok(findings)
    }
}

/// Returns the findings about one object, each kind once.
pub(super) fn lint(kind: Kind, data: &[u8], format: ObjectFormat) -> Vec<&'static str> {
    let mut found = match kind {
        Kind::Blob => Vec::new(),
        Kind::Tree => lint_tree(data, format),
        Kind::Commit => lint_commit(data),
        Kind::Tag => lint_tag(data),
    };
    found.sort_unstable();
    found.dedup();
    found
}

fn lint_tree(data: &[u8], format: ObjectFormat) -> Vec<&'static str> {
    let mut found = Vec::new();
    let mut last: Option<Entry<'_>> = None;
    // Where the names are in order, the same one twice shows between neighbours.
    let mut twice = false;
    for entry in objects::tree(data, format) {
        let Some(entry) = entry else {
            found.push("badTree");
            break;
        };
        lint_entry(&entry, &mut found);
        if let Some(last) = last {
            let order = order(&last, &entry);
            if order.is_gt() {
                found.push("treeNotSorted");
            }
            // A folder comes after files whose names go on where its own ends.
            twice |= order.is_ge() || last.name.starts_with(entry.name);
        }
        last = Some(entry);
    }
    if twice && has_doubles(data, format) {
        found.push("duplicateEntries");
    }
    found
}

/// How Git sorts entries: a folder as if its name ended in a slash.
fn order(one: &Entry<'_>, other: &Entry<'_>) -> Ordering {
    fn key<'a>(entry: &Entry<'a>) -> impl Iterator<Item = u8> + use<'a> {
        let slash = (entry.kind() == EntryKind::Tree).then_some(b'/');
        entry.name.iter().copied().chain(slash)
    }
    key(one).cmp(key(other))
}

fn has_doubles(data: &[u8], format: ObjectFormat) -> bool {
    let mut names = HashSet::new();
    objects::tree(data, format).flatten().any(|entry| !names.insert(entry.name))
}

fn lint_entry(entry: &Entry<'_>, found: &mut Vec<&'static str>) {
    const MODES: [&[u8]; 6] = [b"40000", b"100644", b"100755", b"100664", b"120000", b"160000"];
    let text = String::from_utf8_lossy(entry.name);
    let checks = [
        (entry.mode.starts_with(b"0"), "zeroPaddedFilemode"),
        (!MODES.contains(&entry.mode) && !entry.mode.starts_with(b"0"), "badFilemode"),
        (entry.name.is_empty(), "emptyName"),
        (entry.name == b".", "hasDot"),
        (entry.name == b"..", "hasDotdot"),
        (is_dot_git(&text), "hasDotgit"),
        (entry.name.contains(&b'/'), "fullPathname"),
        (entry.oid.as_bytes().iter().all(|byte| *byte == 0), "nullSha1"),
        (
            text.eq_ignore_ascii_case(".gitmodules") && entry.kind() == EntryKind::Symlink,
            "gitmodulesSymlink",
        ),
    ];
    found.extend(checks.into_iter().filter_map(|(is_so, what)| is_so.then_some(what)));
}

fn lint_commit(data: &[u8]) -> Vec<&'static str> {
    let mut found = Vec::new();
    if objects::commit(data).is_none() {
        return vec!["badCommit"];
    }
    let head = header(data);
    match head.iter().filter(|line| line.starts_with(b"author ")).count() {
        0 => found.push("missingAuthor"),
        1 => {}
        _ => found.push("multipleAuthors"),
    }
    for line in &head {
        let person = line.strip_prefix(b"author ").or_else(|| line.strip_prefix(b"committer "));
        found.extend(person.and_then(lint_person));
    }
    if !head.iter().any(|line| line.starts_with(b"committer ")) {
        found.push("missingCommitter");
    }
    if data.contains(&0) {
        found.push("nulInCommit");
    }
    found
}

fn lint_tag(data: &[u8]) -> Vec<&'static str> {
    if objects::tag_target(data).is_none() {
        return vec!["badTag"];
    }
    let head = header(data);
    let mut found = Vec::new();
    if !head.iter().any(|line| line.starts_with(b"tag ")) {
        found.push("missingTag");
    }
    match head.iter().find_map(|line| line.strip_prefix(b"tagger ")) {
        None => found.push("missingTaggerEntry"),
        Some(person) => found.extend(lint_person(person)),
    }
    found
}

fn header(data: &[u8]) -> Vec<&[u8]> {
    data.split(|byte| *byte == b'\n').take_while(|line| !line.is_empty()).collect()
}

/// Checks `Name <mail> 1234567890 +0000` in the order git does; the first fault counts.
fn lint_person(person: &[u8]) -> Option<&'static str> {
    let Some(open) = person.iter().position(|byte| *byte == b'<') else {
        return Some("missingEmail");
    };
    if open == 0 {
        return Some("missingNameBeforeEmail");
    }
    if person[open - 1] != b' ' {
        return Some("missingSpaceBeforeEmail");
    }
    let Some(close) = person[open..].iter().position(|byte| *byte == b'>').map(|at| open + at)
    else {
        return Some("badEmail");
    };
    let Some(date) = person[close + 1..].strip_prefix(b" ") else {
        return Some("missingSpaceBeforeDate");
    };
    let mut words = date.splitn(2, |byte| *byte == b' ');
    let seconds = words.next().unwrap_or_default();
    if seconds.is_empty() || !seconds.iter().all(u8::is_ascii_digit) {
        return Some("badDate");
    }
    if seconds.len() > 1 && seconds[0] == b'0' {
        return Some("zeroPaddedDate");
    }
    let zone = words.next().unwrap_or_default();
    let good = matches!(zone, [b'+' | b'-', digits @ ..] if digits.len() == 4 && digits.iter().all(u8::is_ascii_digit));
    (!good).then_some("badTimezone")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(entries: &[(&str, &str)]) -> Vec<u8> {
        let mut data = Vec::new();
        for (mode, name) in entries {
            data.extend(format!("{mode} {name}\0").into_bytes());
            data.extend([7; 20]);
        }
        data
    }

    #[test]
    fn hostile_and_legacy_trees_are_named_as_git_names_them() {
        type Entries = &'static [(&'static str, &'static str)];
        let cases: &[(Entries, &[&str])] = &[
            (&[("100644", "a"), ("40000", "b")], &[]),
            (&[("040000", "a")], &["zeroPaddedFilemode"]),
            (&[("100644", ".GIT")], &["hasDotgit"]),
            (&[("40000", "..")], &["hasDotdot"]),
            (&[("100644", "a/b")], &["fullPathname"]),
            (&[("100644", "a"), ("100644", "a")], &["duplicateEntries"]),
            (&[("100644", "a"), ("100644", "a.b"), ("40000", "a")], &["duplicateEntries"]),
            (&[("100644", "a.b"), ("40000", "a")], &[]),
            (&[("40000", "a"), ("100644", "a.b")], &["treeNotSorted"]),
            (&[("100644", "b"), ("100644", "a")], &["treeNotSorted"]),
            (
                &[("100644", "b"), ("100644", "a"), ("100644", "b")],
                &["duplicateEntries", "treeNotSorted"],
            ),
            (&[("120000", ".gitmodules")], &["gitmodulesSymlink"]),
            (&[("100600", "a")], &["badFilemode"]),
        ];
        for (entries, expected) in cases {
            assert_eq!(lint(Kind::Tree, &tree(entries), ObjectFormat::Sha1), *expected);
        }
    }

    #[test]
    fn people_and_dates_are_checked_as_git_does() {
        for (person, expected) in [
            ("A <a@b> 1 +0000", None),
            ("A <a@b>1 +0000", Some("missingSpaceBeforeDate")),
            ("A<a@b> 1 +0000", Some("missingSpaceBeforeEmail")),
            ("A <a@b> 1 +051800", Some("badTimezone")),
            ("A <a@b> 01 +0000", Some("zeroPaddedDate")),
            ("A a@b 1 +0000", Some("missingEmail")),
            ("A <a@b> x +0000", Some("badDate")),
        ] {
            assert_eq!(lint_person(person.as_bytes()), expected, "{person}");
        }
    }
}
