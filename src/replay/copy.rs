//! A copy of the journal in the cluster, for whoever comes after: the ConfigMap `run-<run>` beside the
//! lease. The journal on disk is the record; this copy is written when it can be, and nothing waits for
//! it. It is never deleted.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::json;

use super::Around;
use super::error::NO_COPY;
use super::journal::Journal;
use super::lease::Holder;
use crate::cluster::{ApplyOptions, Cluster, Kinds, OWN_NAMESPACE, ServedKind};
use crate::model::event::Event;
use crate::object::Object;

/// How often it is written while a run goes on.
const EVERY: Duration = Duration::from_secs(30);
/// A ConfigMap holds 1 MiB; of a longer journal the first line and the last ones are copied.
const MOST: usize = 512 << 10;

/// The copy of one run's journal.
pub(super) struct Copy<'a> {
    cluster: &'a dyn Cluster,
    kind: ServedKind,
    journal: &'a Journal,
    name: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    due: Duration,
    told: bool,
}

impl<'a> Copy<'a> {
    /// Prepares it; none where the cluster knows no ConfigMaps.
    pub(super) fn of(
        cluster: &'a dyn Cluster,
        kinds: &Kinds,
        journal: &'a Journal,
        holder: &Holder,
    ) -> Option<Self> {
        let kind = kinds.find("", "v1", "ConfigMap")?.clone();
        let name = format!("run-{}", holder.run);
        Some(Self { cluster, kind, journal, name, state: Mutex::default() })
    }

    /// Writes it when that is due.
    pub(super) fn keep_up(&self, around: Around<'_>) {
        let now = around.clock.elapsed();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if now < state.due {
            return;
        }
        state.due = now + EVERY;
        drop(state);
        self.write(around);
    }

    /// Writes it. That it cannot be written is told once.
    pub(super) fn write(&self, around: Around<'_>) {
        let Ok(text) = self.journal.text() else { return };
        let value = json!({"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": self.name, "namespace": OWN_NAMESPACE},
            "data": {"journal.jsonl": shortened(&text, MOST)}});
        let Ok(object) = Object::from_value(value) else { return };
        let Err(error) = self.cluster.apply(&self.kind, &object, &ApplyOptions::REAL) else {
            return;
        };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !std::mem::replace(&mut state.told, true) {
            let text = format!("the journal is not copied into the cluster: {error}");
            around.observer.event(&Event::Notice { code: NO_COPY.code, text });
        }
    }
}

/// The first line and as many of the last ones as fit.
fn shortened(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let first = text.split_inclusive('\n').next().unwrap_or_default();
    let room = most.saturating_sub(first.len());
    let rest = &text[text.floor_char_boundary(text.len() - room)..];
    let whole = rest.split_once('\n').map_or("", |(_, whole)| whole);
    format!("{first}{whole}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_journal_keeps_its_first_line_and_its_last_ones() {
        let text: String = (0..100).map(|number| format!("line {number:03}\n")).collect();
        assert_eq!(shortened(&text, 900), text);
        assert_eq!(shortened(&text, 40), "line 000\nline 097\nline 098\nline 099\n");
        assert_eq!(shortened(&text, 4), "line 000\n");
    }
}
