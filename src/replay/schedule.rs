//! What may be tried next: edges decide about success, stages about the order of first attempts.
//!
//! Pure: no calls, no clock. An object is tried once all its needs hold. One that needs what failed
//! is held, and so is what needs it in turn. An object of a later stage is first tried only when
//! nothing of an earlier stage is left that could be tried for the first time, so that independent
//! objects go on while something waits.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::object::Stage;
use crate::plan::Until;

/// Where an object stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// A need does not hold yet.
    Blocked,
    /// It can be tried for the first time.
    Fresh,
    /// A call is in flight.
    Busy,
    /// It was tried, and is tried again later.
    Later,
    /// The target has it, and its readiness is waited for.
    Watched,
    /// The target has it, and nothing more is waited for.
    Done,
    /// It was given up.
    Failed,
    /// Something that it needs was given up.
    Held,
    /// A person left it out.
    LeftOut,
    /// It lies behind the wave after which the run stops.
    Parked,
}

/// One object in the graph.
pub(super) struct Node {
    pub(super) stage: Stage,
    pub(super) wave: usize,
    pub(super) state: State,
    /// How many needs do not hold yet.
    unmet: usize,
    /// Who needs it, and how far it must have come for them.
    dependants: Vec<(usize, Until)>,
    /// Whether it is applied, and whether it is ready or served as well.
    applied: bool,
    ready: bool,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Try this object.
    Try(usize),
    /// A stage begins: check the target's identity, then say [`Schedule::open`].
    Open(Stage),
    /// Nothing now.
    Nothing,
}

/// The graph and how far it has come.
pub(super) struct Schedule {
    nodes: Vec<Node>,
    fresh: BTreeSet<(Stage, usize)>,
    later: BTreeSet<(Duration, usize)>,
    /// First attempts in flight, by stage.
    first: BTreeMap<Stage, usize>,
    busy: BTreeMap<usize, bool>,
    watched: BTreeSet<usize>,
    opened: Option<Stage>,
    opening: bool,
}

impl Schedule {
    /// Takes the stage and wave of each object, in the plan's order, and its needs by number.
    pub(super) fn new(places: &[(Stage, usize)], needs: &[Vec<(usize, Until)>]) -> Self {
        let mut nodes: Vec<Node> = places
            .iter()
            .map(|(stage, wave)| Node {
                stage: *stage,
                wave: *wave,
                state: State::Blocked,
                unmet: 0,
                dependants: Vec::new(),
                applied: false,
                ready: false,
            })
            .collect();
        for (node, needs) in needs.iter().enumerate() {
            nodes[node].unmet = needs.len();
            for (needed, until) in needs {
                nodes[*needed].dependants.push((node, *until));
            }
        }
        Self {
            nodes,
            fresh: BTreeSet::new(),
            later: BTreeSet::new(),
            first: BTreeMap::new(),
            busy: BTreeMap::new(),
            watched: BTreeSet::new(),
            opened: None,
            opening: false,
        }
    }

    /// Leaves an object out. Who needs it takes it as given: that is why a person says so.
    pub(super) fn leave_out(&mut self, node: usize) {
        self.set(node, State::LeftOut);
        self.reach(node, true);
    }

    /// Does not try what lies behind a wave, unless it has been tried before.
    pub(super) fn park_behind(&mut self, wave: usize) {
        for node in 0..self.nodes.len() {
            let one = &self.nodes[node];
            if one.wave > wave && matches!(one.state, State::Blocked | State::Fresh) {
                self.set(node, State::Parked);
            }
        }
    }

    /// Tries what was parked after all.
    pub(super) fn go_on(&mut self) {
        for node in 0..self.nodes.len() {
            if self.nodes[node].state == State::Parked {
                self.nodes[node].state = State::Blocked;
                self.free(node);
            }
        }
    }

    /// Frees what needs nothing. Called once, when everything is known.
    pub(super) fn begin(&mut self) {
        (0..self.nodes.len()).for_each(|node| self.free(node));
    }

    fn free(&mut self, node: usize) {
        let one = &mut self.nodes[node];
        if one.state == State::Blocked && one.unmet == 0 {
            one.state = State::Fresh;
            self.fresh.insert((one.stage, node));
        }
    }

    /// Takes what can be tried next.
    pub(super) fn next(&mut self) -> Next {
        if self.opening {
            return Next::Nothing;
        }
        let Some((stage, node)) = self.fresh.first().copied() else { return Next::Nothing };
        if self.first.range(..stage).any(|(_, busy)| *busy > 0) {
            return Next::Nothing;
        }
        if self.opened.is_none_or(|opened| opened < stage) {
            self.opening = true;
            return Next::Open(stage);
        }
        self.fresh.remove(&(stage, node));
        *self.first.entry(stage).or_default() += 1;
        self.busy.insert(node, true);
        self.nodes[node].state = State::Busy;
        Next::Try(node)
    }

    /// Takes an object whose time to be tried again has come.
    pub(super) fn due(&mut self, now: Duration) -> Option<usize> {
        let (due, node) = self.later.first().copied().filter(|(due, _)| *due <= now)?;
        self.later.remove(&(due, node));
        self.busy.insert(node, false);
        self.nodes[node].state = State::Busy;
        Some(node)
    }

    /// A stage may begin.
    pub(super) fn open(&mut self, stage: Stage) {
        self.opened = Some(stage);
        self.opening = false;
    }

    /// A stage may not begin yet; it is asked for again.
    pub(super) fn keep_shut(&mut self) {
        self.opening = false;
    }

    /// The attempt is over and goes on later.
    pub(super) fn again(&mut self, node: usize, due: Duration) {
        self.set(node, State::Later);
        self.later.insert((due, node));
    }

    /// The attempt did not take place.
    pub(super) fn give_back(&mut self, node: usize, due: Duration) {
        if self.busy.get(&node) == Some(&true) {
            self.set(node, State::Fresh);
            self.fresh.insert((self.nodes[node].stage, node));
        } else {
            self.again(node, due);
        }
    }

    /// The target has it. `ready` says that nothing more is to be waited for; else `watch` says
    /// whether to wait even if nobody needs it.
    pub(super) fn applied(&mut self, node: usize, ready: bool, watch: bool) {
        let watched = !ready && (watch || self.is_needed_ready(node));
        self.set(node, if watched { State::Watched } else { State::Done });
        if watched {
            self.watched.insert(node);
        }
        self.reach(node, ready);
    }

    /// It is ready, or nobody can wait for that any more and others may go on.
    pub(super) fn ready(&mut self, node: usize) {
        self.set(node, State::Done);
        self.reach(node, true);
    }

    /// It is given up. Returns what is held because of it, each with what it needs.
    pub(super) fn fail(&mut self, node: usize) -> Vec<(usize, usize)> {
        self.set(node, State::Failed);
        let mut held = Vec::new();
        let mut left = vec![node];
        while let Some(lost) = left.pop() {
            let applied = self.nodes[lost].applied;
            let dependants = self.nodes[lost].dependants.clone();
            for (dependant, until) in dependants {
                let waits = matches!(self.nodes[dependant].state, State::Blocked | State::Parked);
                if waits && (!applied || until != Until::Applied) {
                    self.nodes[dependant].state = State::Held;
                    held.push((dependant, lost));
                    left.push(dependant);
                }
            }
        }
        held.sort_unstable();
        held
    }

    fn set(&mut self, node: usize, state: State) {
        if self.busy.remove(&node) == Some(true)
            && let Some(count) = self.first.get_mut(&self.nodes[node].stage)
        {
            *count -= 1;
        }
        self.watched.remove(&node);
        self.fresh.remove(&(self.nodes[node].stage, node));
        self.nodes[node].state = state;
    }

    fn reach(&mut self, node: usize, ready: bool) {
        let before = (self.nodes[node].applied, self.nodes[node].ready);
        self.nodes[node].applied = true;
        self.nodes[node].ready |= ready;
        for (dependant, until) in self.nodes[node].dependants.clone() {
            let news = match until {
                Until::Applied => !before.0,
                Until::Served | Until::Ready => ready && !before.1,
            };
            if news {
                self.nodes[dependant].unmet -= 1;
                self.free(dependant);
            }
        }
    }

    /// Returns whether something that is not settled needs it to be ready or served.
    pub(super) fn is_needed_ready(&self, node: usize) -> bool {
        self.nodes[node].dependants.iter().any(|(dependant, until)| {
            *until != Until::Applied && self.nodes[*dependant].state == State::Blocked
        })
    }

    /// Returns what is waited for to become ready.
    pub(super) fn watched(&self) -> &BTreeSet<usize> {
        &self.watched
    }

    /// Returns what is waited for itself: to be taken, or to become ready.
    pub(super) fn waiting(&self) -> impl Iterator<Item = usize> {
        self.later.iter().map(|(_, node)| *node).chain(self.watched.iter().copied())
    }

    /// Returns whether something cannot begin before this one is settled.
    pub(super) fn holds_up(&self, node: usize) -> bool {
        self.held_up(node).next().is_some()
    }

    /// Returns how many objects cannot begin before this one is settled.
    pub(super) fn behind(&self, node: usize) -> usize {
        let mut behind = BTreeSet::new();
        let mut left = vec![node];
        while let Some(next) = left.pop() {
            left.extend(self.held_up(next).filter(|held| behind.insert(*held)));
        }
        behind.len()
    }

    /// What needs this one, which has not come so far.
    fn held_up(&self, node: usize) -> impl Iterator<Item = usize> {
        let one = &self.nodes[node];
        let blocked = |held: usize| self.nodes[held].state == State::Blocked;
        let unmet = |until: Until| if until == Until::Applied { !one.applied } else { !one.ready };
        let needs =
            one.dependants.iter().filter(move |(held, until)| blocked(*held) && unmet(*until));
        needs.map(|(held, _)| *held)
    }

    /// Returns whether a call is in flight.
    pub(super) fn is_busy(&self) -> bool {
        !self.busy.is_empty() || self.opening
    }

    /// Returns whether something can be tried for the first time.
    pub(super) fn has_fresh(&self) -> bool {
        !self.fresh.is_empty()
    }

    /// Returns when something is to be tried again.
    pub(super) fn next_due(&self) -> Option<Duration> {
        self.later.first().map(|(due, _)| *due)
    }

    /// Returns whether nothing will happen any more.
    pub(super) fn is_quiet(&self) -> bool {
        self.fresh.is_empty() && self.later.is_empty() && self.watched.is_empty() && !self.is_busy()
    }

    /// Returns one object.
    pub(super) fn node(&self, node: usize) -> &Node {
        &self.nodes[node]
    }

    /// Returns all objects, in the plan's order.
    pub(super) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Gives up waiting for an object that is tried again later.
    pub(super) fn forget(&mut self, node: usize) {
        self.later.retain(|(_, other)| *other != node);
    }
}

#[cfg(test)]
mod tests;
