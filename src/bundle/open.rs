//! From an accepted manifest to repositories that stock git can use.
//!
//! Each part is copied while it is hashed, decrypted, unpacked within bounds into a private
//! quarantine, and every file is compared with the index. Then each repository must hold every
//! object its refs name. What does not hold is left out and named; the rest is given. Nothing is
//! checked out, no hook, filter or configuration from the bundle is ever used.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::error::BundleError;
use super::fetch;
use super::index::{Index, RepoEntry};
use super::manifest::{Manifest, PartKind, PartRef};
use super::part;
use super::port::Parts;
use super::unlock::{self, SealFiles};
use super::unpack::{Unpacked, settle_refs, unpack};
use super::verify::Accepted;
use super::workers::side_by_side;
use crate::disk::quarantine::Quarantine;
use crate::keys::epoch::EpochKey;
use crate::keys::identity::Identities;
use crate::keys::trust::Trusted;
use crate::model::cancel::Cancel;
use crate::model::event::{Event, Observer};
use crate::model::git::{Head, ObjectFormat, Oid};
use crate::model::safe::safe;
use crate::repo::Bare;

/// What opening depends on.
pub struct Terms<'a> {
    /// The trust in force.
    pub trusted: &'a Trusted,
    /// Whoever opens.
    pub identities: &'a Identities,
    /// Seals from the kit or from paper, for when the keys part is damaged.
    pub other_seals: SealFiles,
    /// Where the quarantine is made: the file system that will hold the result.
    pub workspace: &'a Path,
    /// Which repositories, by name; all others are not unpacked.
    pub wanted: &'a dyn Fn(&str) -> bool,
    /// Who listens.
    pub observer: &'a dyn Observer,
    /// A request to stop.
    pub cancel: &'a Cancel,
}

/// An opened bundle: proof that its manifest was accepted, its parts matched their digests and its
/// repositories are whole. It is removed when dropped.
#[derive(Debug)]
pub struct Opened {
    manifest: Manifest,
    index: Option<Index>,
    quarantine: Quarantine,
    repos: Vec<OpenedRepo>,
    left_out: Vec<LeftOut>,
}

/// One repository of an opened bundle.
#[derive(Clone, Debug)]
pub struct OpenedRepo {
    /// Its name; its folder's name where the index is lost.
    pub name: String,
    /// The bundle's own folder name.
    pub folder: String,
    /// The hash of its objects.
    pub format: ObjectFormat,
    /// How many refs it has.
    pub refs: usize,
    /// Where it lies.
    pub path: PathBuf,
    /// What the index says of it.
    pub entry: Option<RepoEntry>,
}

/// A repository that is in the bundle and could not be given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Its name, or a part where the index is lost.
    pub name: String,
    /// Why.
    pub why: String,
}

impl Opened {
    /// Returns the manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }
    /// Returns the index, `None` where its part was lost.
    pub fn index(&self) -> Option<&Index> {
        self.index.as_ref()
    }
    /// Returns the repositories, sorted by name.
    pub fn repos(&self) -> &[OpenedRepo] {
        &self.repos
    }
    /// Returns what is missing and why.
    pub fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }
    /// Returns the repository of that name.
    pub fn repo(&self, name: &str) -> Option<&OpenedRepo> {
        self.repos.iter().find(|repo| repo.name == name)
    }
    /// Returns the private folder that holds everything, for results beside the repositories.
    pub fn folder(&self) -> &Path {
        self.quarantine.path()
    }
}

/// Opens an accepted bundle out of `sources`.
pub fn open(
    accepted: &Accepted,
    sources: &[&dyn Parts],
    terms: &Terms<'_>,
) -> Result<Opened, BundleError> {
    terms.observer.event(&Event::PhaseStarted { phase: "open" });
    let manifest = accepted.verified().manifest();
    let quarantine = Quarantine::new(terms.workspace, "open")?;
    let key = unlock::epoch_key(manifest, sources, terms)?;
    let (index, mut left_out) = match read_index(manifest, sources, &key, quarantine.path()) {
        Ok(index) => (Some(index), Vec::new()),
        Err(error @ BundleError::Index { .. }) => return Err(error),
        Err(error) => (None, vec![LeftOut { name: "the index".into(), why: error.to_string() }]),
    };
    let wanted = wanted_parts(manifest, index.as_ref(), terms);
    let (unpacked, damaged) =
        unpack_parts(&wanted, sources, index.as_ref(), &key, quarantine.path(), terms)?;
    settle_refs(quarantine.path(), &unpacked)?;

    let candidates = candidates(index.as_ref(), &unpacked, terms.wanted);
    let mut repos = Vec::new();
    for result in side_by_side(&candidates, |candidate| {
        terms.cancel.check()?;
        Ok::<_, BundleError>(check_repo(
            candidate,
            quarantine.path(),
            &unpacked,
            &damaged,
            terms.cancel,
        ))
    })? {
        match result {
            Ok(repo) => repos.push(repo),
            Err(missing) => left_out.push(missing),
        }
    }
    if index.is_none() {
        left_out.extend(
            damaged
                .into_iter()
                .map(|(digest, why)| LeftOut { name: format!("part {digest}"), why }),
        );
    }
    Ok(Opened { manifest: manifest.clone(), index, quarantine, repos, left_out })
}

/// Reads the index alone: names and states, without unpacking a repository.
pub fn open_index(
    accepted: &Accepted,
    sources: &[&dyn Parts],
    terms: &Terms<'_>,
) -> Result<Index, BundleError> {
    let manifest = accepted.verified().manifest();
    let quarantine = Quarantine::new(terms.workspace, "open")?;
    let key = unlock::epoch_key(manifest, sources, terms)?;
    read_index(manifest, sources, &key, quarantine.path())
}

fn read_index(
    manifest: &Manifest,
    sources: &[&dyn Parts],
    key: &EpochKey,
    workspace: &Path,
) -> Result<Index, BundleError> {
    let copy = fetch::copy(&manifest.index, sources, workspace)?;
    let mut json = Vec::new();
    let opened = part::open(
        copy,
        &PartKind::Index,
        key.identity(),
        part::plausible_plain(manifest.index.size).min(super::index::LARGEST),
        |path, _, from| {
            if path == "index.json" {
                from.read_to_end(&mut json)?;
            }
            Ok(())
        },
    );
    opened.map_err(|error| refused(&manifest.index, &error))?;
    Index::parse(&json)
}

fn refused(part: &PartRef, error: &std::io::Error) -> BundleError {
    BundleError::Part {
        digest: part.digest.to_string(),
        kind: part.kind.word(),
        what: format!("not acceptable: {}", safe(error.to_string())),
    }
}

/// The base and delta parts that hold anything wanted, in order; all of them without an index.
fn wanted_parts(
    manifest: &Manifest,
    index: Option<&Index>,
    terms: &Terms<'_>,
) -> Vec<(usize, PartRef)> {
    let git = |part: &&PartRef| matches!(part.kind, PartKind::Base | PartKind::Delta);
    let needed: Option<BTreeSet<_>> = index.map(|index| {
        let repos = index.repos.iter().filter(|repo| (terms.wanted)(&repo.name));
        repos
            .flat_map(|repo| repo.packs.iter().map(|pack| pack.part).chain([repo.refs_part]))
            .collect()
    });
    let parts = manifest.layers.iter().filter(git).enumerate();
    parts
        .filter(|(_, part)| needed.as_ref().is_none_or(|needed| needed.contains(&part.digest)))
        .map(|(order, part)| (order, part.clone()))
        .collect()
}

type Damaged = BTreeMap<crate::model::digest::Digest, String>;

/// Unpacks every part; one that does not hold is noted and skipped.
fn unpack_parts(
    parts: &[(usize, PartRef)],
    sources: &[&dyn Parts],
    index: Option<&Index>,
    key: &EpochKey,
    into: &Path,
    terms: &Terms<'_>,
) -> Result<(Unpacked, Damaged), BundleError> {
    let done = std::sync::atomic::AtomicU64::new(0);
    let total = Some(parts.len() as u64);
    let results = side_by_side(parts, |(order, part)| {
        terms.cancel.check()?;
        let outcome = fetch::copy(part, sources, into).and_then(|copy| {
            let most = part::plausible_plain(part.size);
            let most = index
                .and_then(|index| index.plain_size(&part.digest))
                .map_or(most, |size| size.min(most));
            unpack(copy, part, *order, key, most, into)
        });
        let done = done.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
        terms.observer.event(&Event::Progress {
            phase: "open",
            done,
            total,
            unit: "parts of repositories",
        });
        match outcome {
            Ok(unpacked) => Ok(Ok(unpacked)),
            Err(error @ BundleError::Part { .. }) => Ok(Err((part.digest, error.to_string()))),
            Err(error) => Err(error),
        }
    })?;
    let (mut all, mut damaged) = (Unpacked::default(), Damaged::new());
    for result in results {
        match result {
            Ok(unpacked) => all.append(unpacked),
            Err((digest, why)) => drop(damaged.insert(digest, why)),
        }
    }
    Ok((all, damaged))
}

/// A repository to check: what the index says, or a folder that turned up.
struct Candidate {
    name: String,
    folder: String,
    entry: Option<RepoEntry>,
}

fn candidates(
    index: Option<&Index>,
    unpacked: &Unpacked,
    wanted: &dyn Fn(&str) -> bool,
) -> Vec<Candidate> {
    match index {
        Some(index) => index
            .repos
            .iter()
            .filter(|repo| wanted(&repo.name))
            .map(|repo| Candidate {
                name: repo.name.clone(),
                folder: repo.folder.clone(),
                entry: Some(repo.clone()),
            })
            .collect(),
        None => unpacked
            .folders()
            .into_iter()
            .map(|folder| Candidate { name: folder.clone(), folder, entry: None })
            .collect(),
    }
}

fn check_repo(
    candidate: &Candidate,
    root: &Path,
    unpacked: &Unpacked,
    damaged: &Damaged,
    cancel: &Cancel,
) -> Result<OpenedRepo, LeftOut> {
    let left_out = |why: String| LeftOut { name: candidate.name.clone(), why };
    if let Some(entry) = &candidate.entry {
        let parts = entry.packs.iter().map(|pack| pack.part).chain([entry.refs_part]);
        if let Some(why) = parts.into_iter().find_map(|part| damaged.get(&part)) {
            return Err(left_out(why.clone()));
        }
        unpacked.compare(entry).map_err(left_out)?;
    }
    let path = root.join("repos").join(&candidate.folder);
    let format =
        candidate.entry.as_ref().map_or_else(|| guess_format(&path), |entry| entry.object_format);
    let repo = Bare::adopt(&path, format).map_err(|error| left_out(error.to_string()))?;
    let refs = repo.refs().map_err(|error| left_out(error.to_string()))?;
    let pins = candidate.entry.iter().flat_map(|entry| entry.pinned.iter().map(|pin| pin.oid));
    let tips: Vec<Oid> = refs.oids().into_iter().chain(pins).collect();
    match repo.missing(&tips, &[], cancel) {
        Ok(missing) if missing.is_empty() => {}
        Ok(missing) => return Err(left_out(format!("it lacks object {}", missing[0]))),
        Err(error) => return Err(left_out(error.to_string())),
    }
    Ok(OpenedRepo {
        name: candidate.name.clone(),
        folder: candidate.folder.clone(),
        format,
        refs: refs.tips.len(),
        path,
        entry: candidate.entry.clone(),
    })
}

/// Without an index the length of the ids tells the format.
fn guess_format(path: &Path) -> ObjectFormat {
    let read = |file: &str| crate::disk::limit::read(&path.join(file), 1 << 30).unwrap_or_default();
    match crate::model::git::Refs::from_files(&read("HEAD"), &read("packed-refs")) {
        Ok(refs) => match (refs.tips.first().map(|tip| tip.oid), &refs.head) {
            (Some(oid), _) => oid.format(),
            (None, Head::Detached(oid)) => oid.format(),
            (None, Head::Symbolic(_)) => ObjectFormat::Sha1,
        },
        Err(_) => ObjectFormat::Sha1,
    }
}
