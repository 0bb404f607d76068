//! Making a listing the mirror's refs, without forgetting what they held before.
//!
//! The order matters for a crash: old tips are pinned durably before any ref moves, and what says
//! that the copy is proven is written last.

use crate::model::clock::Timestamp;
use crate::model::event::Event;
use crate::model::explain::Explain as _;
use crate::model::git::{Head, Oid, RefName, Refs};
use crate::model::safe::safe;
use crate::repo::{Bare, reaches, unborn};
use crate::source::Spec;

use super::fault::Trouble;
use super::listing::Listing;
use super::outcome::{Pin, RepoState};
use super::record::{Record, write_pins};
use super::standing::{Done, Proven};
use super::update::Run;

/// More findings than this are not kept for one repository.
const FINDINGS: usize = 200;
/// With more packs than this they are made one.
const PACKS: usize = 50;

impl Run<'_> {
    /// Pins what would be forgotten, then makes the listing the mirror's refs.
    pub(super) fn publish(
        &self,
        spec: &Spec,
        bare: &Bare,
        listing: Listing,
        findings: Vec<String>,
        proven: Option<&Proven>,
    ) -> Result<Done, Trouble> {
        let now = self.clock.now();
        let first = unborn();
        let before = proven.map_or(&first, |proven| &proven.refs);
        let store = bare.store()?;
        let refs = listing.into_refs(before, |oid| Ok(store.peel_tag(oid)?))?;
        if let Some(oid) = refs.oids().iter().find(|oid| !store.has(**oid)) {
            return Err(Trouble::hole(format!("it lists {oid} and does not send it")));
        }
        let rewritten = match proven {
            Some(_) => forgotten(before, &refs, now, |new, old| Ok(reaches(&store, new, old)?))?,
            None => Vec::new(),
        };
        let known = proven.map(|proven| proven.pins.clone()).unwrap_or_default();
        let pins = pin(bare, known, &rewritten)?;
        match proven {
            Some(_) => bare.publish(&refs)?,
            None => bare.prepare(&refs)?,
        }
        let flags = bare.flags(refs.head_oid()).unwrap_or_default();
        let known = proven.map(|proven| proven.record.findings.clone()).unwrap_or_default();
        let record = Record {
            format_version: 1,
            name: spec.name.clone(),
            url: spec.location.to_string(),
            proven_at: now,
            lfs: flags.lfs,
            submodules: flags.submodules,
            findings: merged(known, findings),
        };
        match proven {
            Some(_) => record.write(bare.path())?,
            None => self.arrivals.add(record.begin(bare.path())?),
        }
        self.tell(spec, &rewritten);
        self.consolidate(spec, bare, &refs, &pins);
        let state = if rewritten.is_empty() { RepoState::Fresh } else { RepoState::Rewritten };
        Ok(Done { format: bare.format(), refs, record, pins, state })
    }

    /// Makes one pack of many once in a while. That it fails is told and harms nothing.
    fn consolidate(&self, spec: &Spec, bare: &Bare, refs: &Refs, pins: &[Pin]) {
        let result = bare.packs().and_then(|packs| {
            if packs.len() <= PACKS {
                return Ok(());
            }
            let tips: Vec<Oid> =
                refs.oids().into_iter().chain(pins.iter().map(|pin| pin.oid)).collect();
            bare.consolidate(&tips, self.cancel)
        });
        if let Err(error) = result {
            let name = safe(&spec.name);
            let text =
                format!("the packs of {name} could not be made one: {}", safe(error.to_string()));
            self.observer.event(&Event::Notice { code: error.about().code, text });
        }
    }

    fn tell(&self, spec: &Spec, rewritten: &[(Pin, Option<Oid>)]) {
        for (pin, new) in rewritten {
            self.observer.event(&Event::RefRewritten {
                repo: safe(&spec.name),
                name: pin.name.to_string(),
                old: pin.oid.to_string(),
                new: new.map(|oid| oid.to_string()),
            });
        }
    }
}

/// Returns the old tips that no longer follow from the ref that held them, each with what the ref
/// holds now.
fn forgotten(
    before: &Refs,
    after: &Refs,
    since: Timestamp,
    mut reaches: impl FnMut(Oid, Oid) -> Result<bool, Trouble>,
) -> Result<Vec<(Pin, Option<Oid>)>, Trouble> {
    let mut found = Vec::new();
    for tip in &before.tips {
        let new = after.get(&tip.name).map(|tip| tip.oid);
        let kept = match new {
            Some(new) => new == tip.oid || reaches(new, tip.oid)?,
            None => false,
        };
        if !kept {
            found.push((Pin { name: tip.name.clone(), oid: tip.oid, since }, new));
        }
    }
    if let (Head::Detached(old), Ok(name)) = (&before.head, RefName::new("refs/HEAD")) {
        let new = after.head_oid();
        if new != Some(*old) && !new.map(|new| reaches(new, *old)).transpose()?.unwrap_or(false) {
            found.push((Pin { name, oid: *old, since }, new));
        }
    }
    Ok(found)
}

/// Adds pins to those that are known, durably.
fn pin(
    bare: &Bare,
    mut pins: Vec<Pin>,
    rewritten: &[(Pin, Option<Oid>)],
) -> Result<Vec<Pin>, Trouble> {
    for (pin, _) in rewritten {
        if !pins.iter().any(|known| known.name == pin.name && known.oid == pin.oid) {
            pins.push(pin.clone());
        }
    }
    if !rewritten.is_empty() {
        write_pins(bare.path(), &pins)?;
    }
    Ok(pins)
}

fn merged(mut known: Vec<String>, new: Vec<String>) -> Vec<String> {
    known.extend(new);
    known.sort();
    known.dedup();
    known.truncate(FINDINGS);
    known
}
