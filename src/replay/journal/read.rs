//! The file read back: chain checked line by line, a torn end left out.

use std::collections::BTreeMap;

use super::record::{FORMAT_VERSION, Line, Opening, Record};
use crate::model::clock::Timestamp;
use crate::model::digest::Digest;
use crate::replay::choices::Choices;
use crate::replay::error::ReplayError;
use crate::replay::outcome::Verdict;

/// What a journal says of one object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// A call was about to be made.
    pub intended: bool,
    /// The target has it.
    pub done: bool,
    /// It was as it should be, before anything was sent.
    pub found: bool,
    /// It was ready.
    pub ready: bool,
    /// It was given up, as a code.
    pub failed: Option<String>,
    /// It was not tried, because this one was given up.
    pub held: Option<usize>,
    /// A person left it out, and why.
    pub left_out: Option<String>,
}

impl Trace {
    /// Returns whether the target has it. What a person left out does not count.
    pub fn is_there(&self) -> bool {
        (self.done || self.found) && self.left_out.is_none()
    }
}

/// What a journal says of its run.
#[derive(Clone, Debug)]
pub struct Past {
    /// How the run began.
    pub opening: Opening,
    /// What a person chose, the last word.
    pub choices: Choices,
    /// When it began.
    pub begun: Timestamp,
    /// When its last record was written.
    pub last: Timestamp,
    /// The objects that were touched, by their place in the plan.
    pub items: BTreeMap<usize, Trace>,
    /// How often it was resumed.
    pub resumed: usize,
    /// How it came to its end the last time, if it did.
    pub finished: Option<Verdict>,
    /// Why it stopped the last time, as a code.
    pub stopped: Option<String>,
    /// Whether the last line was torn.
    pub torn: bool,
    pub(super) length: u64,
    pub(super) head: Digest,
    pub(super) count: u64,
}

impl Past {
    /// Returns whether nothing is left to do.
    pub fn is_complete(&self) -> bool {
        self.finished == Some(Verdict::Complete)
    }

    /// Returns how many objects the target has.
    pub fn there(&self) -> usize {
        self.items.values().filter(|trace| trace.is_there()).count()
    }

    /// Returns how many objects a person left out.
    pub fn left_out(&self) -> usize {
        self.items.values().filter(|trace| trace.left_out.is_some()).count()
    }

    /// Reads a journal.
    pub fn read(bytes: &[u8]) -> Result<Self, ReplayError> {
        let broken = |line: u64, why: &str| ReplayError::Chain { line, why: why.to_owned() };
        let mut past: Option<Self> = None;
        let (mut head, mut count, mut length) = (Digest::ZERO, 0_u64, 0_usize);
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let text = &rest[..end];
            let line: Line = serde_json::from_slice(text)
                .map_err(|_| broken(count + 1, "it is not a record"))?;
            if line.n != count + 1 || line.prev != head {
                return Err(broken(count + 1, "it does not follow the line before it"));
            }
            head = Digest::of(text);
            count += 1;
            length += end + 1;
            rest = &rest[end + 1..];
            match (&mut past, line.record) {
                (None, Record::Run(opening)) => past = Some(Self::begin(*opening, line.at)?),
                (None, _) => return Err(broken(count, "the run does not begin with it")),
                (Some(_), Record::Run(_)) => return Err(broken(count, "the run begins twice")),
                (Some(past), record) => past.take(record, line.at),
            }
        }
        let mut past = past.ok_or_else(|| broken(1, "there is no whole line"))?;
        past.torn = !rest.is_empty();
        past.length = length as u64;
        (past.head, past.count) = (head, count);
        Ok(past)
    }

    fn begin(opening: Opening, at: Timestamp) -> Result<Self, ReplayError> {
        if opening.format_version != FORMAT_VERSION {
            return Err(ReplayError::Newer { version: opening.format_version });
        }
        Ok(Self {
            choices: opening.choices.clone(),
            opening,
            begun: at,
            last: at,
            items: BTreeMap::new(),
            resumed: 0,
            finished: None,
            stopped: None,
            torn: false,
            length: 0,
            head: Digest::ZERO,
            count: 0,
        })
    }

    fn trace(&mut self, item: usize) -> &mut Trace {
        self.items.entry(item).or_default()
    }

    pub(super) fn take(&mut self, record: Record, at: Timestamp) {
        self.last = at;
        // Whatever follows an end goes on.
        (self.finished, self.stopped) = (None, None);
        match record {
            Record::Resumed { choices, .. } => {
                self.resumed += 1;
                self.choices = *choices;
                // What needed a failure may be tried again now.
                self.items.values_mut().for_each(|trace| trace.held = None);
            }
            Record::Intent { item, .. } => {
                let trace = self.trace(item);
                trace.intended = true;
                trace.failed = None;
            }
            Record::Found { items } => {
                items.into_iter().for_each(|item| self.trace(item).found = true);
            }
            Record::Done { item, .. } => self.trace(item).done = true,
            Record::Ready { item } => {
                let trace = self.trace(item);
                (trace.ready, trace.failed) = (true, None);
            }
            Record::Failed { item, code } => self.trace(item).failed = Some(code),
            Record::Held { item, needs } => self.trace(item).held = Some(needs),
            Record::LeftOut { item, reason } => {
                let trace = self.trace(item);
                (trace.left_out, trace.failed) = (Some(reason), None);
            }
            Record::Stopped { code } => self.stopped = Some(code),
            Record::Finished { verdict } => self.finished = Some(verdict),
            Record::Run(_) | Record::Lease { .. } | Record::Stage { .. } | Record::Wait { .. } => {}
        }
    }
}
