//! A mirror as it stands, and what became of it: the sum of one update.

use std::path::PathBuf;

use crate::model::git::{ObjectFormat, Refs};
use crate::repo::{Bare, Flags, unborn};
use crate::source::Spec;

use super::arrivals::Times;
use super::fault::Trouble;
use super::listing::Listing;
use super::outcome::{Mirrored, Pin, RepoState};
use super::record::{Record, read_pins};

/// A mirror as it stands.
pub(super) struct Copy {
    pub(super) path: PathBuf,
    /// `None` while nothing was ever proven.
    pub(super) proven: Option<Proven>,
}

/// A copy that once equalled its source.
pub(super) struct Proven {
    pub(super) bare: Bare,
    pub(super) refs: Refs,
    pub(super) record: Record,
    pub(super) pins: Vec<Pin>,
}

/// What an update made.
pub(super) struct Done {
    pub(super) format: ObjectFormat,
    pub(super) refs: Refs,
    pub(super) record: Record,
    pub(super) pins: Vec<Pin>,
    pub(super) state: RepoState,
}

impl Proven {
    /// Reads what stands in a mirror's folder. One that lost its packs is no copy, and said.
    pub(super) fn read(copy: &Copy, times: &Times) -> Result<Option<Self>, Trouble> {
        let Some(mut record) = Record::read(&copy.path)? else { return Ok(None) };
        record.proven_at = record.proven_at.max(times.of(&copy.path).unwrap_or(record.proven_at));
        let bare = Bare::open(&copy.path)?;
        let refs = bare.refs()?;
        let pins = read_pins(&copy.path)?;
        let store = bare.store()?;
        if let Some(oid) = refs.oids().iter().find(|oid| !store.has(**oid)) {
            let at = copy.path.display();
            return Err(Trouble::here(format!(
                "the mirror {at} has lost {oid}; move it away, and the next run fetches it anew"
            )));
        }
        Ok(Some(Self { bare, refs, record, pins }))
    }

    /// Returns whether the source lists exactly what is here.
    pub(super) fn refs_equal(&self, listing: &Listing) -> bool {
        listing.format == self.bare.format() && listing.equals(&self.refs)
    }

    /// Refuses what would make a good copy worse.
    pub(super) fn refuse_loss(&self, listing: &Listing) -> Result<(), Trouble> {
        if listing.format != self.bare.format() && !self.refs.tips.is_empty() {
            let (old, new) = (self.bare.format(), listing.format);
            return Err(Trouble::refused(format!("its objects were {old} and are {new} now")));
        }
        if listing.tips.is_empty() && !self.refs.tips.is_empty() {
            let had = self.refs.tips.len();
            return Err(Trouble::theirs(format!("it lists no refs, where it had {had}")));
        }
        Ok(())
    }
}

/// Says what became of a repository, from what its update made or why it stopped.
pub(super) fn outcome(spec: &Spec, copy: &Copy, result: Result<Done, Trouble>) -> Mirrored {
    let mut mirrored = blank(spec);
    let known = match result {
        Ok(done) => {
            (mirrored.format, mirrored.refs, mirrored.state) = (done.format, done.refs, done.state);
            Some((done.record, done.pins))
        }
        Err(trouble) => {
            mirrored.fault = Some(trouble.fault);
            mirrored.state = match (&copy.proven, trouble.state) {
                // Without a copy there is nothing to carry; a hole or a refusal is still said.
                (None, RepoState::Carried | RepoState::Gone) => RepoState::Never,
                (_, state) => state,
            };
            copy.proven.as_ref().map(|proven| {
                (mirrored.format, mirrored.refs) = (proven.bare.format(), proven.refs.clone());
                (proven.record.clone(), proven.pins.clone())
            })
        }
    };
    if let Some((record, pins)) = known {
        mirrored.path = Some(copy.path.clone());
        mirrored.pins = pins;
        mirrored.flags = record.flags();
        mirrored.findings = record.findings;
        mirrored.proven_at = Some(record.proven_at);
    }
    mirrored
}

/// A repository about which nothing is known yet.
fn blank(spec: &Spec) -> Mirrored {
    Mirrored {
        name: spec.name.clone(),
        url: spec.location.to_string(),
        class: spec.class,
        path: None,
        format: ObjectFormat::Sha1,
        refs: unborn(),
        state: RepoState::Never,
        fault: None,
        pins: Vec::new(),
        findings: Vec::new(),
        flags: Flags::default(),
        proven_at: None,
        received_bytes: 0,
        millis: 0,
    }
}
