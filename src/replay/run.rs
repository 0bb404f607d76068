//! A run under way: what its threads share, the threads that send objects, and the one that watches
//! over them.
//!
//! Only the watching thread lets time pass, and only when nothing but time can help.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::copy::Copy;
use super::error::ReplayError;
use super::journal::{Journal, Past, Record};
use super::lease::Keeper;
use super::outcome::Outcome;
use super::readiness::Reporters;
use super::schedule::{Next, Schedule, State};
use super::teller::Teller;
use super::waves::{self, Waves};
use super::words::Hint;
use super::{Around, Options, graph};
use crate::cluster::{Cluster, Kinds};
use crate::model::cancel::Cancelled;
use crate::model::event::Event;
use crate::model::explain::Explain;
use crate::plan::{Action, Approved, Item};

pub(super) const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// The least and the most that passes before somebody looks around again.
const SOON: Duration = Duration::from_millis(5);
const LATE: Duration = Duration::from_millis(250);
/// A wake-up that was missed costs no more than this.
const BACKSTOP: Duration = Duration::from_millis(50);

/// One replay under way.
pub(super) struct Run<'a> {
    pub(super) cluster: &'a dyn Cluster,
    pub(super) options: &'a Options,
    pub(super) around: Around<'a>,
    pub(super) approved: &'a Approved,
    pub(super) items: Vec<&'a Item>,
    pub(super) journal: Option<&'a Journal>,
    pub(super) lease: Option<&'a Keeper<'a>>,
    pub(super) copy: Option<&'a Copy<'a>>,
    pub(super) teller: Teller,
    pub(super) reporters: Reporters,
    shared: Mutex<Shared>,
    wake: Condvar,
}

/// What the threads share.
pub(super) struct Shared {
    pub(super) kinds: Kinds,
    pub(super) schedule: Schedule,
    pub(super) outcome: Outcome,
    /// What is known of each object, by its place.
    pub(super) tries: Vec<Tries>,
    /// Since when nothing answers, and why.
    pub(super) down: Option<(Duration, String)>,
    /// How long nothing answered in all; that time counts against no object.
    pub(super) paused: Duration,
    /// When it last began to answer again.
    pub(super) recovered: Option<Duration>,
    /// When to look at what is watched again.
    pub(super) look: Duration,
    /// Events to be told when the lock is free.
    pub(super) events: Vec<Event>,
    pub(super) waves: Waves,
    /// The last wave that is begun, when the run is to stop behind one.
    pub(super) held_after: Option<usize>,
    stop: Option<ReplayError>,
    over: bool,
}

/// How far an object has come.
#[derive(Clone, Debug)]
pub(super) struct Tries {
    /// When it was first refused.
    pub(super) since: Option<Duration>,
    /// How long to wait before the next attempt.
    pub(super) pause: Duration,
    /// Whether this process has written its intent.
    pub(super) intended: bool,
    /// How often the answer was lost.
    pub(super) lost: u32,
    /// When the target took it, and since when it says that it failed.
    pub(super) applied: Duration,
    pub(super) bad_since: Option<Duration>,
    /// What keeps it, last heard, and what to say to that; none before it was looked at.
    pub(super) why: String,
    pub(super) hint: Option<Hint>,
}

impl Shared {
    /// Ends the run at the next safe point. The first reason counts.
    pub(super) fn halt(&mut self, error: ReplayError) {
        self.stop.get_or_insert(error);
    }
}

impl<'a> Run<'a> {
    pub(super) fn new(
        cluster: &'a dyn Cluster,
        approved: &'a Approved,
        options: &'a Options,
        around: Around<'a>,
        kinds: Kinds,
    ) -> Self {
        let items: Vec<&Item> = approved.plan().items().collect();
        let tries = Tries {
            since: None,
            pause: FIRST_PAUSE,
            intended: false,
            lost: 0,
            applied: Duration::ZERO,
            bad_since: None,
            why: "not looked at yet".to_owned(),
            hint: None,
        };
        let shared = Shared {
            kinds,
            schedule: graph::schedule(approved, &items),
            outcome: Outcome::default(),
            tries: vec![tries; items.len()],
            down: None,
            paused: Duration::ZERO,
            recovered: None,
            look: Duration::ZERO,
            events: Vec::new(),
            waves: waves::of(approved.plan()),
            held_after: options.hold_after,
            stop: None,
            over: false,
        };
        let reporters = Reporters::of(approved, &items);
        Self {
            cluster,
            options,
            around,
            approved,
            items,
            reporters,
            journal: None,
            lease: None,
            copy: None,
            teller: Teller::default(),
            shared: Mutex::new(shared),
            wake: Condvar::new(),
        }
    }

    /// Takes what is known before anything is sent: what a person left out, what is there already,
    /// what was done earlier.
    pub(super) fn prepare(&self, past: Option<&Past>) -> Result<(), ReplayError> {
        let mut shared = self.lock();
        let mut found = Vec::new();
        if let Some(wave) = self.options.hold_after {
            shared.schedule.park_behind(wave);
        }
        for (node, item) in self.items.iter().enumerate() {
            if let Some(reason) = self.options.choices.left_out(&item.object) {
                self.leave_out(&mut shared, node, reason)?;
                continue;
            }
            let done = past.and_then(|past| past.items.get(&node)).is_some_and(|trace| trace.done);
            if shared.schedule.node(node).state == State::Parked && !done {
                continue;
            }
            if done {
                shared.outcome.earlier += 1;
                self.has(&mut shared, node, false);
            } else if item.action == Action::Unchanged {
                shared.outcome.unchanged += 1;
                found.push(node);
                let (object, action) = (item.object.to_string(), "unchanged");
                shared.events.push(Event::Applied { object, action, warnings: Vec::new() });
                self.has(&mut shared, node, false);
            }
        }
        if !found.is_empty() {
            self.note(Record::Found { items: found })?;
        }
        shared.schedule.begin();
        self.release(shared);
        Ok(())
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Frees the lock, tells what happened, and wakes who waits for it.
    pub(super) fn release(&self, mut shared: MutexGuard<'_, Shared>) {
        let events = std::mem::take(&mut shared.events);
        drop(shared);
        self.wake.notify_all();
        events.iter().for_each(|event| self.around.observer.event(event));
    }

    /// The time that counts: without the time in which nothing answered.
    pub(super) fn now(&self, shared: &Shared) -> Duration {
        let until = shared.down.as_ref().map_or_else(|| self.around.clock.elapsed(), |down| down.0);
        until.saturating_sub(shared.paused)
    }

    /// Writes a record that may follow later.
    pub(super) fn note(&self, record: Record) -> Result<(), ReplayError> {
        match self.journal {
            Some(journal) => journal.note(record, self.around.clock.now()),
            None => Ok(()),
        }
    }

    /// Writes a record that must be on disk before anything else happens.
    pub(super) fn write(&self, record: Record) -> Result<(), ReplayError> {
        match self.journal {
            Some(journal) => journal.write(record, self.around.clock.now()),
            None => Ok(()),
        }
    }

    /// Ends the run at the next safe point. The first reason counts.
    pub(super) fn halt(&self, error: ReplayError) {
        let mut shared = self.lock();
        shared.halt(error);
        self.release(shared);
    }

    /// Writes a record that may follow later; without a journal nothing goes on.
    pub(super) fn note_or_halt(&self, record: Record) {
        if let Err(error) = self.note(record) {
            self.halt(error);
        }
    }

    fn is_halting(&self, shared: &Shared) -> bool {
        shared.over || shared.stop.is_some() || self.around.cancel.is_requested()
    }

    /// Carries everything out.
    pub(super) fn drive(&self) -> Result<(), ReplayError> {
        let threads = self.options.threads.clamp(1, self.items.len().max(1));
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    let _alarm = Alarm(self);
                    self.work();
                });
            }
            let _alarm = Alarm(self);
            let result = self.watch_over();
            let mut shared = self.lock();
            shared.over = true;
            self.release(shared);
            result
        })
    }

    /// One thread that sends objects.
    fn work(&self) {
        loop {
            let mut shared = self.lock();
            let next = loop {
                if shared.over {
                    return;
                }
                self.hold_if_asked(&mut shared);
                if shared.down.is_none() && !self.is_halting(&shared) {
                    let now = self.now(&shared);
                    if let Some(node) = shared.schedule.due(now) {
                        break Next::Try(node);
                    }
                    match shared.schedule.next() {
                        Next::Nothing => {}
                        next => break next,
                    }
                }
                shared = self.wake.wait(shared).unwrap_or_else(PoisonError::into_inner);
            };
            if let Next::Try(node) = next {
                self.begin_wave(&mut shared, node);
            }
            self.release(shared);
            match next {
                Next::Try(node) => self.attempt(node),
                Next::Open(stage) => self.open_stage(stage),
                Next::Nothing => {}
            }
        }
    }

    /// The thread that watches: readiness, limits, lease, outages, and the end.
    fn watch_over(&self) -> Result<(), ReplayError> {
        loop {
            let mut shared = self.lock();
            self.hold_if_asked(&mut shared);
            let busy = shared.schedule.is_busy();
            if shared.over {
                return Ok(());
            }
            if self.is_halting(&shared) {
                if !busy {
                    let stop = shared.stop.take();
                    return Err(stop.unwrap_or(ReplayError::Cancelled(Cancelled)));
                }
                drop(shared);
            } else if shared.down.is_some() {
                drop(shared);
                self.probe();
                continue;
            } else if shared.schedule.is_quiet() {
                if shared.events.is_empty() {
                    return Ok(());
                }
                // Whoever hears of a hold only now may still take it back.
                self.release(shared);
                continue;
            } else {
                self.give_up_late_waves(&mut shared);
                self.release(shared);
                if let Some(lease) = self.lease
                    && let Err(error) = lease.renew(self.around)
                {
                    self.renewal_failed(error);
                }
                if let Some(copy) = self.copy {
                    copy.keep_up(self.around);
                }
                self.look();
                self.tell();
            }
            self.idle();
        }
    }

    fn renewal_failed(&self, error: ReplayError) {
        match error {
            ReplayError::Cluster(error) if error.class() != crate::cluster::Class::Fatal => {}
            error => self.halt(error),
        }
    }

    /// Waits for a thread to come back, or lets time pass when all of them wait for time.
    fn idle(&self) {
        let shared = self.lock();
        let now = self.now(&shared);
        let due = shared.schedule.next_due().map(|due| due.saturating_sub(now));
        let under_way = shared.schedule.is_busy()
            || shared.schedule.has_fresh()
            || due.is_some_and(|due| due.is_zero());
        if under_way && shared.down.is_none() {
            let waited = self.wake.wait_timeout(shared, BACKSTOP);
            drop(waited.unwrap_or_else(PoisonError::into_inner));
        } else {
            let look = shared.look.saturating_sub(self.around.clock.elapsed());
            let look = (!shared.schedule.watched().is_empty()).then_some(look);
            drop(shared);
            // While nothing is sent, what was done should not wait for the next intent: somebody may
            // look at the run, or the power may go.
            if let Some(Err(error)) = self.journal.map(Journal::sync) {
                self.halt(error);
            }
            let next = due.into_iter().chain(look).min().unwrap_or(LATE);
            self.around.clock.sleep(next.clamp(SOON, LATE));
            self.wake.notify_all();
        }
    }

    /// Ends the run.
    pub(super) fn finish(self) -> (Outcome, Vec<Event>) {
        let mut shared = self.shared.into_inner().unwrap_or_else(PoisonError::into_inner);
        let open = [State::Blocked, State::Parked, State::Fresh, State::Later];
        let nodes = shared.schedule.nodes().iter();
        shared.outcome.open = nodes.filter(|node| open.contains(&node.state)).count();
        if shared.outcome.open > 0 {
            shared.outcome.held_after = shared.held_after;
        }
        shared.outcome.sort();
        (shared.outcome, shared.events)
    }

    /// The code under which a stop goes into the journal.
    pub(super) fn code(error: &ReplayError) -> String {
        error.about().code.to_owned()
    }
}

/// Ends the run when its thread panics, so that nobody waits for it for ever.
struct Alarm<'r, 'a>(&'r Run<'a>);

impl Drop for Alarm<'_, '_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let mut shared = self.0.lock();
            shared.over = true;
            self.0.release(shared);
        }
    }
}
