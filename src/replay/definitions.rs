//! Definitions: applied is not established, and established is not served.

use std::time::Duration;

use serde_json::Value;

use super::error::{NOT_ESTABLISHED, ReplayError};
use super::teller::Spent;
use super::wave::Run;
use crate::cluster::Kinds;
use crate::object::{Object, Status, status_of};
use crate::plan::{Approved, Item, Wave};

const PAUSE: Duration = Duration::from_millis(100);

/// A definition and what it defines.
struct Definition<'p> {
    item: &'p Item,
    group: &'p str,
    kind: &'p str,
    versions: Vec<&'p str>,
}

impl<'p> Definition<'p> {
    fn of(item: &'p Item, object: &'p Object) -> Option<Self> {
        if item.object.kind != "CustomResourceDefinition" {
            return None;
        }
        let spec = &object.value()["spec"];
        let versions = spec["versions"].as_array().into_iter().flatten();
        let versions = versions.filter(|version| version["served"] != false);
        Some(Self {
            item,
            group: spec["group"].as_str()?,
            kind: spec["names"]["kind"].as_str()?,
            versions: versions.filter_map(|version: &Value| version["name"].as_str()).collect(),
        })
    }

    fn is_served(&self, kinds: &Kinds) -> bool {
        self.versions.iter().all(|version| kinds.serves(self.group, version, self.kind))
    }
}

impl Run<'_> {
    /// Waits until every definition of the wave is established and its kind is served. What does
    /// not come about is given up, and so are all objects of that kind.
    pub(super) fn establish(&self, approved: &Approved, wave: &Wave) -> Result<(), ReplayError> {
        let unready = self.unready();
        let items = wave.objects.iter();
        let mut left: Vec<_> = items
            .filter_map(|item| Definition::of(item, approved.object(item)?))
            // What failed to apply is not waited for, but its kind is lost.
            .filter(|definition| {
                let there = unready.contains(&definition.item.object);
                if !there && !self.is_established(definition) {
                    self.lose_kind(definition.group, definition.kind);
                    return false;
                }
                true
            })
            .collect();
        let since = self.around.clock.elapsed();
        let limit = self.options.patience;
        loop {
            self.around.cancel.check()?;
            let kinds = self.cluster.kinds();
            left.retain(|definition| {
                let served = kinds.as_ref().is_ok_and(|kinds| definition.is_served(kinds));
                let done = served && self.is_established(definition);
                if done {
                    self.ready(&definition.item.object);
                }
                !done
            });
            if let Ok(kinds) = kinds {
                self.know(kinds);
            }
            let Some(first) = left.first() else { return Ok(()) };
            if self.around.clock.elapsed().saturating_sub(since) >= limit {
                break;
            }
            let object = first.item.object.to_string();
            self.teller.tell(self.around, &object, "not served yet", Spent { since, limit });
            self.around.clock.sleep(PAUSE);
        }
        for definition in left {
            self.lose_kind(definition.group, definition.kind);
            let why = format!("not established and served within {} s", limit.as_secs());
            self.fail(definition.item, &NOT_ESTABLISHED, why);
        }
        Ok(())
    }

    fn is_established(&self, definition: &Definition<'_>) -> bool {
        let Ok(kind) = self.served(definition.item) else { return false };
        let live = self.cluster.get(&kind, None, &definition.item.object.name);
        live.is_ok_and(|live| status_of(live.as_ref()) == Status::Current)
    }
}
