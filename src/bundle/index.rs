//! The index part: what is in the bundle, by name.
//!
//! Losing it costs names and completeness only; every repository's folder explains itself.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::error::BundleError;
use super::manifest::pretty;
use crate::model::clock::Timestamp;
use crate::model::digest::Digest;
use crate::model::git::{Head, ObjectFormat, Oid, RefName};
use crate::model::id::Seq;
use crate::model::safe::{Safe, safe};
use crate::snapshot::{Excluded, Flags};

/// No file of the index is larger, in bytes: 200 bytes for each of a million packs.
pub const LARGEST: u64 = 200 << 20;

/// `index.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Index {
    /// The version of this shape, 1.
    pub format_version: u32,
    /// The program that wrote it.
    pub tool: String,
    /// All repositories in the bundle, sorted by name.
    pub repos: Vec<RepoEntry>,
    /// The plain size of every encrypted part but this one.
    pub parts: Vec<PartEntry>,
    /// Repositories that should be here and are not.
    pub excluded: Vec<Excluded>,
}

/// One repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RepoEntry {
    /// 16 hex digits of the sha256 of the name.
    pub id: String,
    /// Its unique name.
    pub name: String,
    /// Where it comes from.
    pub url: String,
    /// Its folder below `repos/`.
    pub folder: String,
    /// Whether a recovery needs it.
    pub required: bool,
    /// The hash of its objects.
    pub object_format: ObjectFormat,
    /// Where HEAD points.
    pub head: Head,
    /// How many refs it has.
    pub refs: usize,
    /// The digest of its final `HEAD`.
    pub head_sha256: Digest,
    /// The digest of its final `packed-refs`.
    pub packed_refs_sha256: Digest,
    /// The part that holds the final `HEAD` and `packed-refs`.
    pub refs_part: Digest,
    /// Every pack and index file.
    pub packs: Vec<PackEntry>,
    /// Old tips that no ref names any more; their objects are in the packs.
    pub pinned: Vec<PinEntry>,
    /// What a check of its objects found.
    pub findings: Vec<String>,
    /// What else to know.
    pub flags: Flags,
    /// `fresh`, `unchanged`, `carried` …
    pub state: String,
    /// Why it is not current.
    pub fault: Option<String>,
    /// When its refs were last proven against the source.
    pub proven: Option<Timestamp>,
}

/// One file of a repository and the part it is in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackEntry {
    /// `pack-<hex>.pack` or `.idx`.
    pub file: String,
    /// Its digest.
    pub sha256: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// The part that holds it.
    pub part: Digest,
}

/// An old tip and the snapshot that first pinned it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PinEntry {
    /// The ref that held it.
    #[serde(rename = "ref")]
    pub name: RefName,
    /// The object.
    pub oid: Oid,
    /// The first snapshot in which no ref held it.
    pub seq: Seq,
}

/// The size of a part's tar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PartEntry {
    /// The part.
    pub digest: Digest,
    /// The size of the tar inside, in bytes.
    pub plain_size: u64,
}

/// `state.json` and `vendor.json`: what the files named by digest are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Catalogue {
    /// The version of this shape, 1.
    pub format_version: u32,
    /// One line for each file.
    pub entries: Vec<CatalogueEntry>,
}

/// One file of a state or vendor part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct CatalogueEntry {
    /// What it is: `known-good`, `rendered`, `runbook`, `chart`, `tool` …
    pub kind: String,
    /// What it is called.
    pub name: String,
    /// Its digest, which is its file name.
    pub sha256: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// The part that holds it.
    pub part: Digest,
}

impl Index {
    /// Returns the files of the index part, by name.
    pub fn files(&self) -> BTreeMap<&'static str, Vec<u8>> {
        let empty = pretty(&Catalogue { format_version: 1, entries: Vec::new() });
        BTreeMap::from([
            ("SHA256SUMS", self.sums().into_bytes()),
            ("index.json", pretty(self)),
            ("repos.tsv", self.table().into_bytes()),
            ("state.json", empty.clone()),
            ("vendor.json", empty),
        ])
    }

    /// `repos.tsv`: folder, object format, number of refs, name. A name that holds a line feed is
    /// escaped, so that each repository is one line.
    fn table(&self) -> String {
        self.repos.iter().fold(String::new(), |mut text, repo| {
            let _ = writeln!(
                text,
                "repos/{}\t{}\t{}\t{}",
                repo.folder,
                repo.object_format,
                repo.refs,
                Safe(&repo.name)
            );
            text
        })
    }

    /// `SHA256SUMS` of every final `HEAD` and `packed-refs`: a lost last delta would else go unseen.
    fn sums(&self) -> String {
        self.repos.iter().fold(String::new(), |mut text, repo| {
            let _ = writeln!(text, "{}  repos/{}/HEAD", repo.head_sha256, repo.folder);
            let _ =
                writeln!(text, "{}  repos/{}/packed-refs", repo.packed_refs_sha256, repo.folder);
            text
        })
    }

    /// Reads `index.json` and refuses what does not render back to the same bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, BundleError> {
        let bad = |why: String| BundleError::Index { why };
        let index: Self =
            serde_json::from_slice(bytes).map_err(|error| bad(safe(error.to_string())))?;
        if index.format_version != 1 {
            return Err(bad(format!("format-version {} is not 1", index.format_version)));
        }
        if pretty(&index) != bytes {
            return Err(bad("it is not in the one spelling that is allowed".to_owned()));
        }
        // A line feed or a tab in a name would add lines and columns to every table of repositories.
        if index
            .repos
            .iter()
            .any(|repo| repo.name.is_empty() || repo.name.chars().any(char::is_control))
        {
            return Err(bad("a repository's name is empty or holds control characters".to_owned()));
        }
        match index.repos.iter().find(|repo| repo.folder != super::slug::folder(&repo.name)) {
            Some(repo) => Err(bad(format!("{:?} is in the wrong folder", Safe(&repo.name)))),
            None if index.repos.windows(2).any(|pair| pair[0].name >= pair[1].name) => {
                Err(bad("the repositories are not in order".to_owned()))
            }
            None => Ok(index),
        }
    }

    /// Returns the repository of that name.
    pub fn repo(&self, name: &str) -> Option<&RepoEntry> {
        self.repos.iter().find(|repo| repo.name == name)
    }

    /// Returns the plain size of a part.
    pub fn plain_size(&self, part: &Digest) -> Option<u64> {
        self.parts.iter().find(|entry| entry.digest == *part).map(|entry| entry.plain_size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Index {
        let name = "team/apps";
        Index {
            format_version: 1,
            tool: "blackstart 0.1.0".into(),
            repos: vec![RepoEntry {
                id: Digest::of(name.as_bytes()).short(),
                name: name.into(),
                url: "https://git.example.com/team/apps.git".into(),
                folder: super::super::slug::folder(name),
                required: true,
                object_format: ObjectFormat::Sha1,
                head: Head::Symbolic(RefName::new("refs/heads/main").unwrap()),
                refs: 1,
                head_sha256: Digest::of(b"h"),
                packed_refs_sha256: Digest::of(b"p"),
                refs_part: Digest::of(b"part"),
                packs: vec![],
                pinned: vec![PinEntry {
                    name: RefName::new("refs/heads/old").unwrap(),
                    oid: "a".repeat(40).parse().unwrap(),
                    seq: Seq::new(3).unwrap(),
                }],
                findings: vec![],
                flags: Flags::default(),
                state: "fresh".into(),
                fault: None,
                proven: None,
            }],
            parts: vec![],
            excluded: vec![],
        }
    }

    #[test]
    fn reads_back_what_it_wrote() {
        let files = sample().files();
        assert_eq!(Index::parse(&files["index.json"]).unwrap(), sample());
        let folder = super::super::slug::folder("team/apps");
        assert_eq!(
            String::from_utf8(files["repos.tsv"].clone()).unwrap(),
            format!("repos/{folder}\tsha1\t1\tteam/apps\n")
        );
        assert_eq!(files["SHA256SUMS"].iter().filter(|byte| **byte == b'\n').count(), 2);
    }

    #[test]
    fn a_name_cannot_add_lines_to_the_table() {
        let mut index = sample();
        index.repos[0].name = "a\nrepos/x\tsha1\u{1b}[2J".into();
        let table = String::from_utf8(index.files()["repos.tsv"].clone()).unwrap();
        assert_eq!((table.lines().count(), table.split('\t').count()), (1, 4), "{table}");
        assert!(!table.contains('\u{1b}'));
    }

    #[test]
    fn a_name_that_breaks_tables_is_refused() {
        for name in
            ["", "apps\nrepos/x-12345678.git\tsha1\t1\tinfra", "a\tb", "\u{1b}[2J", "\u{9b}"]
        {
            let mut hostile = sample();
            hostile.repos[0].name = name.into();
            hostile.repos[0].folder = super::super::slug::folder(name);
            let error = Index::parse(&pretty(&hostile)).unwrap_err().to_string();
            assert!(error.contains("name is empty or holds"), "{name:?}: {error}");
        }
    }

    #[test]
    fn a_wrong_folder_or_spelling_is_refused() {
        let mut wrong = sample();
        wrong.repos[0].folder = "other-12345678.git".into();
        assert!(Index::parse(&pretty(&wrong)).is_err());
        let text = String::from_utf8(pretty(&sample())).unwrap();
        for (from, to) in
            [("\"tool\"", "\"fool\""), ("  ", " "), ("\"fault\": null", "\"fault\":null")]
        {
            assert!(Index::parse(text.replacen(from, to, 1).as_bytes()).is_err(), "{from}");
        }
    }
}
