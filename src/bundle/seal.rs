//! A snapshot in, a manifest and its parts out.
//!
//! Everything that changed is streamed into new parts; the rest is listed again. Nothing becomes
//! visible here: the manifest is returned, and the store publishes it last.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use super::error::BundleError;
use super::index::{Index, PackEntry, PartEntry, PinEntry, RepoEntry};
use super::manifest::{Manifest, PartKind, PartRef};
use super::pack::{DamagedPack, Job, PackedPart, Piece, pack_all};
use super::part::{self, Written};
use super::port::PartSink;
use super::shards::{self, Item, Layout, lay_out};
use super::slug::folder;
use super::tarball::Packer;
use super::writer::{BaseShard, Delta, SealedRepo, WriterState};
use crate::model::cancel::Cancel;
use crate::model::clock::Timestamp;
use crate::model::digest::Digest;
use crate::model::event::{Event, Observer};
use crate::model::id::{Seq, StreamId};
use crate::snapshot::{Pinned, RepoView, Snapshot};

/// Files for a part that is a plain tar, by path.
pub type Files = BTreeMap<String, Vec<u8>>;

/// Everything a seal depends on beside the snapshot.
pub struct Terms<'a> {
    /// The series.
    pub stream: StreamId,
    /// The number to claim.
    pub seq: Seq,
    /// The digest of the manifest before it.
    pub prev: Digest,
    /// When the next one should exist.
    pub next_by: Timestamp,
    /// The number and recipient of the epoch key.
    pub epoch: (u32, age::x25519::Recipient),
    /// Version and digest of the trust file in force.
    pub trust: (u64, Digest),
    /// The card, without names and keys.
    pub card: &'a str,
    /// `keys/…`: seals and their list.
    pub keys: &'a Files,
    /// `trust/…`: all versions.
    pub trust_files: &'a Files,
    /// The program's name and version.
    pub tool: &'a str,
    /// No part is larger unless one pack is, in bytes.
    pub part_limit: u64,
}

/// The aim for the size of a part: FAT holds nothing above 4 GiB, and a lost part should cost little.
pub const PART_LIMIT: u64 = 1 << 30;

/// A sealed snapshot, not visible yet.
#[derive(Debug)]
pub struct Sealed {
    /// What to sign: the exact bytes of the manifest.
    pub bytes: Vec<u8>,
    /// The same, parsed.
    pub manifest: Manifest,
    /// What the job should remember once the manifest is visible.
    pub state: WriterState,
    /// Bytes of parts written now.
    pub written_bytes: u64,
    /// How many base and delta parts were used again.
    pub reused_parts: usize,
}

/// Seals `snapshot` into `sink`.
pub fn seal(
    snapshot: &Snapshot,
    previous: WriterState,
    terms: &Terms<'_>,
    sink: &dyn PartSink,
    observer: &dyn Observer,
    cancel: &Cancel,
) -> Result<Sealed, BundleError> {
    let epoch = terms.epoch.0;
    let previous = if previous.epoch == epoch { previous } else { previous.without_parts(epoch) };
    let items: Vec<Item> = snapshot.repos.iter().map(|repo| item(repo, &previous)).collect();
    let layout = lay_out(&items, &previous, |part| sink.holds(&part.digest, part.size));
    let jobs = jobs(snapshot, &items, &previous, &layout, terms.part_limit);
    let packed = pack_all(&jobs, &terms.epoch.1, sink, observer, cancel)
        .map_err(|error| not_packed(error, snapshot))?;

    let mut tally = Tally { observer, written: packed.iter().map(|part| part.written.size).sum() };
    let mut state = merge(previous, snapshot, &layout, &jobs, &packed);
    note_pins(&mut state, snapshot, terms.seq);
    let index = index(snapshot, &state, terms.tool);
    let index_part = write_index(&index, terms, sink)
        .map_err(BundleError::at("write the index into", "the store"))?;
    tally.count(&PartKind::Index, index_part, false);
    let fixed = fixed_parts(terms, sink, &mut tally)
        .map_err(BundleError::at("write a part into", "the store"))?;

    let manifest = manifest(snapshot, terms, index_part, fixed, &state);
    let reused_parts = state.listed().count() - packed.len();
    Ok(Sealed {
        bytes: manifest.render(),
        manifest,
        state,
        written_bytes: tally.written,
        reused_parts,
    })
}

/// A damaged mirror is told apart from a store that cannot be written.
fn not_packed(error: io::Error, snapshot: &Snapshot) -> BundleError {
    let damaged = error.get_ref().and_then(|inner| inner.downcast_ref::<DamagedPack>());
    match damaged {
        None => BundleError::at("write a part into", "the store")(error),
        Some(damaged) => {
            let name = snapshot.repos.iter().find(|repo| repo.id() == damaged.repo);
            let repo = name.map_or_else(|| damaged.repo.clone(), |repo| repo.name.clone());
            BundleError::DamagedMirror { repo, what: damaged.to_string() }
        }
    }
}

struct Tally<'a> {
    observer: &'a dyn Observer,
    written: u64,
}

impl Tally<'_> {
    fn count(&mut self, kind: &PartKind, part: Written, reused: bool) {
        self.written += if reused { 0 } else { part.size };
        let (kind, digest, bytes) = (kind.word(), part.digest, part.size);
        self.observer.event(&Event::Part { kind, digest, bytes, reused });
    }
}

fn item(repo: &RepoView, state: &WriterState) -> Item {
    let (id, content) = (repo.id(), repo.content());
    let new_bytes = new_packs(repo, state.repos.get(&id)).map(|pack| pack.size).sum();
    Item { id, content, new_bytes }
}

fn new_packs<'a>(
    repo: &'a RepoView,
    sealed: Option<&'a SealedRepo>,
) -> impl Iterator<Item = &'a crate::snapshot::PackFile> {
    let known: BTreeSet<&str> = sealed
        .into_iter()
        .flat_map(|sealed| sealed.packs.iter().map(|pack| pack.file.as_str()))
        .collect();
    repo.packs.iter().filter(move |pack| !known.contains(pack.file.as_str()))
}

/// The parts to write: rewritten shards in full, then the delta.
fn jobs(
    snapshot: &Snapshot,
    items: &[Item],
    state: &WriterState,
    layout: &Layout,
    limit: u64,
) -> Vec<Job> {
    let mut jobs = Vec::new();
    for (shard, ids) in shards::by_shard(items, state, layout) {
        let pieces = snapshot.repos.iter().filter(|repo| ids.contains(&repo.id()));
        let pieces = pieces.flat_map(|repo| pieces_of(repo, repo.packs.iter())).collect();
        jobs.extend(split(&PartKind::Base, Some(shard), pieces, limit));
    }
    let changed = snapshot.repos.iter().filter(|repo| layout.delta.contains(&repo.id()));
    let pieces: Vec<Piece> = changed
        .flat_map(|repo| pieces_of(repo, new_packs(repo, state.repos.get(&repo.id()))))
        .collect();
    jobs.extend(split(&PartKind::Delta, None, pieces, limit));
    jobs
}

fn pieces_of<'a>(
    repo: &RepoView,
    packs: impl Iterator<Item = &'a crate::snapshot::PackFile>,
) -> Vec<Piece> {
    let at = format!("repos/{}", folder(&repo.name));
    let refs = Piece::refs(&repo.id(), &at, repo.refs.head_file(), repo.refs.packed_refs_file());
    std::iter::once(refs)
        .chain(packs.map(|pack| Piece::pack(&repo.id(), &at, pack, repo.format)))
        .collect()
}

fn split(kind: &PartKind, shard: Option<u8>, pieces: Vec<Piece>, limit: u64) -> Vec<Job> {
    let sizes: Vec<u64> = pieces.iter().map(Piece::size).collect();
    let mut pieces: Vec<Option<Piece>> = pieces.into_iter().map(Some).collect();
    shards::cut(&sizes, limit)
        .into_iter()
        .map(|positions| Job {
            kind: kind.clone(),
            shard,
            pieces: positions.into_iter().filter_map(|at| pieces[at].take()).collect(),
        })
        .collect()
}

/// What is sealed once the packed parts are listed.
fn merge(
    mut state: WriterState,
    snapshot: &Snapshot,
    layout: &Layout,
    jobs: &[Job],
    packed: &[PackedPart],
) -> WriterState {
    if layout.drop_deltas {
        state.deltas.clear();
    }
    state.base.retain(|base| !layout.rewrite.contains(&base.shard));
    let current: BTreeSet<String> = snapshot.repos.iter().map(RepoView::id).collect();
    state.repos.retain(|id, _| current.contains(id));
    state.pins.retain(|id, _| current.contains(id));
    for repo in &snapshot.repos {
        let id = repo.id();
        if layout.rewrite.contains(&state.shard(&id)) {
            state.repos.remove(&id);
        }
        if layout.delta.contains(&id) || layout.rewrite.contains(&state.shard(&id)) {
            state.repos.entry(id).or_default().content = repo.content();
        }
    }
    let mut delta = Delta { parts: Vec::new(), repos: layout.delta.iter().cloned().collect() };
    for (job, part) in jobs.iter().zip(packed) {
        match job.shard {
            None => delta.parts.push(part.written),
            Some(shard) => match state.base.iter_mut().find(|base| base.shard == shard) {
                Some(base) => base.parts.push(part.written),
                None => state.base.push(BaseShard { shard, parts: vec![part.written] }),
            },
        }
        note_contents(&mut state, job, part);
    }
    state.base.sort_by_key(|base| base.shard);
    if !delta.parts.is_empty() {
        state.deltas.push(delta);
    }
    state
}

fn note_contents(state: &mut WriterState, job: &Job, part: &PackedPart) {
    for piece in &job.pieces {
        let sealed = state.repos.entry(piece.repo.clone()).or_default();
        match piece.pack_file() {
            None => sealed.refs_part = part.written.digest,
            Some(file) => {
                let Some((sha256, size)) = part.files.get(&piece.path).copied() else { continue };
                let entry =
                    PackEntry { file: file.to_owned(), sha256, size, part: part.written.digest };
                sealed.packs.push(entry);
                sealed.packs.sort_by(|one, other| one.file.cmp(&other.file));
            }
        }
    }
}

fn note_pins(state: &mut WriterState, snapshot: &Snapshot, seq: Seq) {
    for repo in &snapshot.repos {
        let known = state.pins.remove(&repo.id()).unwrap_or_default();
        let now = repo.pins.iter().map(pin_key).map(|key| {
            let first = known.get(&key).copied().unwrap_or(seq);
            (key, first)
        });
        let now: BTreeMap<String, Seq> = now.collect();
        if !now.is_empty() {
            state.pins.insert(repo.id(), now);
        }
    }
}

/// By what an old tip is remembered: `<oid> <ref>`.
fn pin_key(pin: &Pinned) -> String {
    format!("{} {}", pin.oid, serde_json::to_string(&pin.name).unwrap_or_default())
}

/// The old tips, each once, with the snapshot that first pinned it.
fn pinned(repo: &RepoView, state: &WriterState) -> Vec<PinEntry> {
    let first = state.pins.get(&repo.id());
    let pins: BTreeMap<String, &Pinned> = repo.pins.iter().map(|pin| (pin_key(pin), pin)).collect();
    pins.into_iter()
        .filter_map(|(key, pin)| {
            let seq = first.and_then(|first| first.get(&key)).copied()?;
            Some(PinEntry { name: pin.name.clone(), oid: pin.oid, seq })
        })
        .collect()
}

fn index(snapshot: &Snapshot, state: &WriterState, tool: &str) -> Index {
    let mut repos: Vec<RepoEntry> = snapshot.repos.iter().map(|repo| entry(repo, state)).collect();
    repos.sort_by(|one, other| one.name.cmp(&other.name));
    let mut parts: Vec<PartEntry> = state
        .listed()
        .map(|(_, part)| PartEntry { digest: part.digest, plain_size: part.plain })
        .collect();
    parts.sort_by_key(|part| part.digest);
    let (tool, excluded) = (tool.to_owned(), snapshot.excluded.clone());
    Index { format_version: 1, tool, repos, parts, excluded }
}

fn entry(repo: &RepoView, state: &WriterState) -> RepoEntry {
    let id = repo.id();
    let sealed = state.repos.get(&id).cloned().unwrap_or_default();
    RepoEntry {
        id,
        name: repo.name.clone(),
        url: repo.url.clone(),
        folder: folder(&repo.name),
        required: repo.required,
        object_format: repo.format,
        head: repo.refs.head.clone(),
        refs: repo.refs.tips.len(),
        head_sha256: Digest::of(&repo.refs.head_file()),
        packed_refs_sha256: Digest::of(&repo.refs.packed_refs_file()),
        refs_part: sealed.refs_part,
        packs: sealed.packs,
        pinned: pinned(repo, state),
        findings: repo.findings.clone(),
        flags: repo.flags,
        state: repo.state.to_owned(),
        fault: repo.fault.clone(),
        proven: repo.proven,
    }
}

fn write_index(index: &Index, terms: &Terms<'_>, sink: &dyn PartSink) -> io::Result<Written> {
    part::seal(sink, &terms.epoch.1, |packer| {
        index
            .files()
            .iter()
            .try_for_each(|(path, bytes)| packer.file(path, bytes.len() as u64, bytes.as_slice()))
    })
}

/// Card, keys and trust: plain, small, and byte for byte the same until they change.
fn fixed_parts(
    terms: &Terms<'_>,
    sink: &dyn PartSink,
    tally: &mut Tally<'_>,
) -> io::Result<Vec<PartRef>> {
    let contents = [
        (PartKind::Card, terms.card.as_bytes().to_vec()),
        (PartKind::Keys, plain_tar(terms.keys)?),
        (PartKind::Trust, plain_tar(terms.trust_files)?),
    ];
    let mut parts = Vec::new();
    for (kind, bytes) in contents {
        let reused = sink.holds(&Digest::of(&bytes), bytes.len() as u64);
        let written = part::plain(sink, &bytes)?;
        tally.count(&kind, written, reused);
        parts.push(PartRef { kind, digest: written.digest, size: written.size });
    }
    Ok(parts)
}

fn plain_tar(files: &Files) -> io::Result<Vec<u8>> {
    let mut packer = Packer::new(Vec::new());
    for (path, bytes) in files {
        packer.file(path, bytes.len() as u64, bytes.as_slice())?;
    }
    packer.finish()
}

fn manifest(
    snapshot: &Snapshot,
    terms: &Terms<'_>,
    index: Written,
    fixed: Vec<PartRef>,
    state: &WriterState,
) -> Manifest {
    let listed =
        state.listed().map(|(kind, part)| PartRef { kind, digest: part.digest, size: part.size });
    Manifest {
        stream: terms.stream.clone(),
        seq: terms.seq,
        created: snapshot.taken,
        next_by: terms.next_by,
        prev: terms.prev,
        epoch: terms.epoch.0,
        epoch_recipient: terms.epoch.1.to_string(),
        trust: terms.trust,
        complete: snapshot.complete(),
        index: PartRef { kind: PartKind::Index, digest: index.digest, size: index.size },
        layers: fixed.into_iter().chain(listed).collect(),
    }
}

impl WriterState {
    /// Returns the base and delta parts in the order of the manifest.
    pub fn listed(&self) -> impl Iterator<Item = (PartKind, Written)> {
        let base =
            self.base.iter().flat_map(|base| base.parts.iter().map(|part| (PartKind::Base, *part)));
        let deltas = self
            .deltas
            .iter()
            .flat_map(|delta| delta.parts.iter().map(|part| (PartKind::Delta, *part)));
        base.chain(deltas)
    }
}
