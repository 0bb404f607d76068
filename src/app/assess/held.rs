//! What we hold: the newest bundle that verifies, the newest complete one, and who can open it.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::app::list::Entry;
use crate::app::{Failure, Place, Ports, Reader};
use crate::keys::seal::{SealName, SealedTo};
use crate::model::clock::Timestamp;
use crate::model::id::Seq;

/// What we hold.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Held {
    /// Where the bundles are.
    pub places: Vec<String>,
    /// The newest complete bundle that verifies; where there is none, the newest that does.
    pub newest: Option<Entry>,
    /// Its age in seconds; none when it lies in the future.
    pub age_seconds: Option<u64>,
    /// Whether a newer one should exist by now.
    pub overdue: bool,
    /// A newer one that is partial.
    pub newer_partial: Option<Seq>,
    /// How many newer ones do not verify.
    pub newer_bad: usize,
    /// What it takes to open, where that is known here.
    pub to_open: Option<String>,
    /// Why nothing is known.
    pub problem: Option<Problem>,
}

/// Something that is not there or not right.
#[derive(Clone, Debug, Serialize)]
pub struct Problem {
    /// The code that `explain` knows.
    pub code: &'static str,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub next: String,
}

impl Problem {
    fn of(failure: &Failure) -> Self {
        Self { code: failure.about().code, what: failure.to_string(), next: failure.next() }
    }
}

/// Looks at the stores. Needs no key.
pub(super) fn look(place: &Place, ports: &Ports<'_>) -> Held {
    let reader = match Reader::open(place, ports) {
        Ok(reader) => reader,
        Err(failure) => return Held { problem: Some(Problem::of(&failure)), ..Held::default() },
    };
    let mut held = Held {
        places: reader.sources.iter().map(|source| source.place()).collect(),
        ..Held::default()
    };
    match newest(&reader, &mut held, ports) {
        Ok(Some(epoch)) => held.to_open = to_open(&reader, epoch),
        Ok(None) => {}
        Err(failure) => held.problem = Some(Problem::of(&failure)),
    }
    held
}

/// Finds the newest, complete where possible. Returns the epoch it is encrypted to.
fn newest(reader: &Reader, held: &mut Held, ports: &Ports<'_>) -> Result<Option<u32>, Failure> {
    let seqs = reader.seqs()?;
    let newest = seqs.last().copied().unwrap_or(Seq::MAX);
    let mut epoch = None;
    for seq in seqs.into_iter().rev() {
        let verified = match reader.verify_listed(seq, newest, ports) {
            Ok(verified) => verified,
            Err(failure) => {
                held.newer_bad += 1;
                held.problem.get_or_insert_with(|| Problem::of(&failure));
                continue;
            }
        };
        let manifest = verified.manifest();
        if let Some(partial) = &held.newest
            && !manifest.complete
            && partial.state == Some("partial")
        {
            continue;
        }
        if held.newest.is_some() {
            held.newer_partial = Some(held.newest.as_ref().map_or(seq, |entry| entry.seq));
        }
        held.age_seconds = age(manifest.created, ports);
        held.overdue = manifest.next_by < ports.clock.now();
        held.newest = Some(Entry::of(&verified));
        epoch = Some(manifest.epoch);
        if manifest.complete {
            break;
        }
    }
    if held.newest.is_some() {
        // Told by their number; the bundle that is held is the news.
        held.problem = None;
    }
    Ok(epoch)
}

fn age(created: Timestamp, ports: &Ports<'_>) -> Option<u64> {
    ports.clock.now().since(created).map(|age| age.as_secs())
}

/// Reads from the names of the kit's seals who opens, alone or together.
fn to_open(reader: &Reader, epoch: u32) -> Option<String> {
    let seals = reader.other_seals(epoch).ok()?;
    let names = seals.keys().filter_map(|path| SealName::parse(path.rsplit('/').next()?));
    let (mut together, mut people, mut alone) = (0, BTreeSet::new(), false);
    for name in names {
        match name.who {
            SealedTo::Any => alone = true,
            SealedTo::Together(numbers) => {
                together = numbers.len();
                people.extend(numbers);
            }
            SealedTo::Solo(_) => {}
        }
    }
    match (alone, together) {
        (true, _) => Some("the key of any one opener".to_owned()),
        (false, 0) => None,
        (false, need) => Some(format!("the keys of {need} of {} openers", people.len())),
    }
}
