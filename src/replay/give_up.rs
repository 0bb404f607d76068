//! Objects that a run goes on without: left out by a person, failed, never ready, and those that need
//! one of them.

use super::error::ReplayError;
use super::journal::Record;
use super::outcome::{Failure, Pending};
use super::run::{Run, Shared};
use crate::model::event::Event;
use crate::model::explain::About;
use crate::model::safe::safe;

impl Run<'_> {
    /// Leaves an object out, as a person asked.
    pub(super) fn leave_out(
        &self,
        shared: &mut Shared,
        node: usize,
        reason: String,
    ) -> Result<(), ReplayError> {
        shared.schedule.leave_out(node);
        self.settled(shared, node);
        let object = self.items[node].object.to_string();
        shared.outcome.left_out.push(Pending { object: object.clone(), why: safe(&reason) });
        shared.events.push(Event::ObjectLeftOut { object, reason: safe(&reason) });
        self.note(Record::LeftOut { item: node, reason })
    }

    /// Gives an object up, and holds what needs it.
    pub(super) fn fail(
        &self,
        shared: &mut Shared,
        node: usize,
        about: &'static About,
        why: String,
    ) {
        let object = self.items[node].object.to_string();
        let failure =
            Failure { object: object.clone(), code: about.code.to_owned(), why: why.clone() };
        shared.outcome.failed.push(failure);
        shared.events.push(Event::ObjectFailed { object, code: about.code, why });
        self.drop_node(shared, node, about.code);
    }

    /// Gives up waiting for an object to become ready, and holds what needs that.
    pub(super) fn not_ready(
        &self,
        shared: &mut Shared,
        node: usize,
        code: &'static str,
        why: String,
    ) {
        let object = self.items[node].object.to_string();
        shared.outcome.not_ready.push(Pending { object: object.clone(), why: why.clone() });
        shared.events.push(Event::ObjectFailed { object, code, why });
        self.drop_node(shared, node, code);
    }

    fn drop_node(&self, shared: &mut Shared, node: usize, code: &'static str) {
        shared.schedule.forget(node);
        let held = shared.schedule.fail(node);
        self.settled(shared, node);
        let mut records = vec![Record::Failed { item: node, code: code.to_owned() }];
        for (one, needs) in held {
            let object = self.items[one].object.to_string();
            let needed = self.items[needs].object.to_string();
            let why = format!("it needs {needed}");
            shared.outcome.held.push(Pending { object: object.clone(), why });
            shared.events.push(Event::ObjectHeld { object, needs: needed });
            self.settled(shared, one);
            records.push(Record::Held { item: one, needs });
        }
        for record in records {
            if let Err(error) = self.note(record) {
                shared.halt(error);
            }
        }
    }
}
