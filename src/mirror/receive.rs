//! Receiving a pack: into a quarantine, indexed, proven, and only then into the mirror.

use std::collections::HashSet;
use std::io::Write as _;
use std::path::PathBuf;

use crate::disk::quarantine::Quarantine;
use crate::disk::{DiskError, scratch};
use crate::model::git::{Oid, RefName, Refs};
use crate::repo::{Bare, Store, dangling, enter, first_parents, index_pack};

use super::fault::Trouble;
use super::listing::Listing;
use super::session::Session;
use super::watch::Watch;

/// More haves than this make the question longer and the answer hardly shorter.
const HAVES: usize = 1024;
/// How many moved branches say more about their past, for the case that they were rewritten.
const TOLD_PASTS: usize = 4;
/// How far back they do.
const PAST: usize = 2048;
/// More findings than this are not kept for one pack.
const FINDINGS: usize = 100;

/// Receives what the mirror lacks of `listing`. Returns findings about the new objects. Where there
/// was a copy before, they are durable then.
pub(super) fn receive(
    session: &mut Session<'_>,
    bare: &Bare,
    before: Option<&Refs>,
    listing: &Listing,
    watch: &Watch<'_>,
) -> Result<Vec<String>, Trouble> {
    let store = bare.store()?;
    let wants: Vec<Oid> = listing.oids().into_iter().filter(|oid| !store.has(*oid)).collect();
    if wants.is_empty() {
        return Ok(Vec::new());
    }
    let haves = before.map_or(Ok(Vec::new()), |before| haves(&store, before, listing))?;
    let (quarantine, objects) = quarantine(bare)?;
    let bases = (!haves.is_empty()).then(|| store.into_odb());
    let hash = crate::repo::hash(bare.format());
    let mut indexed = None;
    let folder_of_packs = objects.join("pack");
    session.receive(&wants, &haves, |pack| {
        indexed =
            index_pack(pack, &folder_of_packs, bases, hash, watch.object_limit, watch.cancel)?;
        Ok(())
    })?;
    watch
        .check()
        .map_err(|error| watch.trouble().unwrap_or_else(|| Trouble::here(error.to_string())))?;
    let over = Store::open(&objects, bare.format())?;
    let findings = prove(&over, indexed.as_ref(), &wants, watch)?;
    if let Some(indexed) = &indexed {
        enter(indexed, &bare.path().join("objects/pack"), before.is_some())?;
    }
    drop(quarantine);
    Ok(findings)
}

/// Makes a private object store that builds on the mirror's.
fn quarantine(bare: &Bare) -> Result<(Quarantine, PathBuf), Trouble> {
    let quarantine = Quarantine::new(bare.path(), "incoming")?;
    let objects = quarantine.path().join("objects");
    scratch::folder(&objects.join("pack"))?;
    scratch::folder(&objects.join("info"))?;
    let mirror = std::path::absolute(bare.path().join("objects"))
        .map_err(|error| Trouble::here(error.to_string()))?;
    let line = [mirror.as_os_str().as_encoded_bytes(), b"\n"].concat();
    let alternates = objects.join("info/alternates");
    scratch::create(&alternates, 0o600)?
        .write_all(&line)
        .map_err(DiskError::at("write", &alternates))?;
    Ok((quarantine, objects))
}

/// Proves that all that was asked for is there and that every link of every new object is, too.
fn prove(
    over: &Store,
    indexed: Option<&(PathBuf, PathBuf)>,
    wants: &[Oid],
    watch: &Watch<'_>,
) -> Result<Vec<String>, Trouble> {
    if let Some(oid) = wants.iter().find(|oid| !over.has(**oid)) {
        return Err(Trouble::hole(format!("it lists {oid} and does not send it")));
    }
    let Some((_, index)) = indexed else { return Ok(Vec::new()) };
    let proof = dangling(index, over, watch.cancel)?;
    if let Some(oid) = proof.holes.first() {
        let more = proof.holes.len() - 1;
        return Err(Trouble::hole(format!("it lacks object {oid} and {more} more")));
    }
    Ok(proof.findings.iter().take(FINDINGS).map(ToString::to_string).collect())
}

/// Chooses what to say we have: the old values of what moved, HEAD, branches, then the rest; and
/// of some moved branches commits further and further back, so that a rewritten one is not sent
/// whole.
fn haves(store: &Store, before: &Refs, listing: &Listing) -> Result<Vec<Oid>, Trouble> {
    let moved = |name: &RefName, oid: Oid| listing.tips.get(name) != Some(&oid);
    let mut tips: Vec<_> = before.tips.iter().collect();
    tips.sort_by_key(|tip| {
        (!moved(&tip.name, tip.oid), !tip.name.as_bytes().starts_with(b"refs/heads/"))
    });
    let mut said = HashSet::new();
    let mut haves = Vec::new();
    let mut say = |oid: Oid| {
        if haves.len() < HAVES && said.insert(oid) {
            haves.push(oid);
        }
    };
    before.head_oid().into_iter().for_each(&mut say);
    for tip in tips.iter().filter(|tip| moved(&tip.name, tip.oid)).take(TOLD_PASTS) {
        say(tip.oid);
        let past = first_parents(store, tip.peeled.unwrap_or(tip.oid), PAST)?;
        let steps = std::iter::successors(Some(1_usize), |step| step.checked_mul(2));
        for oid in steps.map_while(|step| past.get(step)) {
            say(*oid);
        }
    }
    for tip in tips {
        say(tip.oid);
    }
    haves.retain(|oid| store.has(*oid));
    Ok(haves)
}
