//! What plans and replays saw on a target, so that its loss is noticed: `targets/<name>.json` in the
//! state folder. A memory, not a promise: where it is lost, nothing is said to be gone.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::config::Environment;
use crate::disk::{atomic, folder, limit};
use crate::object::ObjectRef;
use crate::target::Binding;

/// The memory of a hundred thousand objects is smaller, in bytes.
const LARGEST: u64 = 64 << 20;

/// What was seen on one target.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Known {
    format_version: u32,
    uid: Option<String>,
    objects: Vec<ObjectRef>,
}

fn path(environment: &Environment, name: &str) -> Option<PathBuf> {
    Some(environment.state_dir.as_ref()?.join("targets").join(format!("{name}.json")))
}

impl Known {
    /// Reads the memory; one that is not there or cannot be read knows nothing.
    pub(super) fn read(environment: &Environment, name: &str) -> Self {
        let bytes = path(environment, name)
            .and_then(|path| limit::read_if_there(&path, LARGEST).ok().flatten());
        bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }

    /// Returns the objects, where they were seen on this very cluster.
    pub(super) fn of(&self, binding: &Binding) -> &[ObjectRef] {
        if self.uid == binding.uid { &self.objects } else { &[] }
    }

    /// Adds what was seen now. `complete` says that this is all there should be; else what was known
    /// before stays, because a plan onto an emptied cluster must not make it forget.
    pub(super) fn remember(
        environment: &Environment,
        target: &Binding,
        seen: impl IntoIterator<Item = ObjectRef>,
        complete: bool,
    ) {
        let Some(path) = target.uid.as_ref().and(path(environment, &target.name)) else { return };
        let before = Self::read(environment, &target.name);
        let mut objects: BTreeSet<ObjectRef> = seen.into_iter().collect();
        if !complete {
            objects.extend(before.of(target).iter().cloned());
        }
        let objects: Vec<_> = objects.into_iter().collect();
        if before.of(target) == objects {
            return;
        }
        let known = Self { format_version: 1, uid: target.uid.clone(), objects };
        let bytes = serde_json::to_vec(&known).unwrap_or_default();
        // What cannot be remembered costs a warning later and must not stop a recovery now.
        let _ = folder::create(path.parent().unwrap_or(&path), 0o700)
            .and_then(|()| atomic::write(&path, &bytes, 0o600));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::Class;

    fn object(name: &str) -> ObjectRef {
        ObjectRef {
            group: String::new(),
            kind: "ConfigMap".into(),
            namespace: Some("shop".into()),
            name: name.into(),
        }
    }

    #[test]
    fn a_plan_adds_a_complete_replay_replaces_and_another_cluster_is_a_stranger() {
        let home = tempfile::tempdir().unwrap();
        let environment =
            Environment { state_dir: Some(home.path().to_owned()), ..Environment::default() };
        let binding = |uid: &str| Binding {
            name: "lab".into(),
            class: Class::Standby,
            uid: Some(uid.into()),
            ca: None,
        };
        let remember = |names: &[&str], complete| {
            let seen = names.iter().map(|name| object(name));
            Known::remember(&environment, &binding("u-1"), seen, complete);
            Known::read(&environment, "lab").of(&binding("u-1")).len()
        };
        assert_eq!(remember(&["a", "b"], true), 2);
        assert_eq!(remember(&[], false), 2, "an emptied cluster does not make us forget");
        assert_eq!(remember(&["c"], false), 3);
        assert_eq!(remember(&["c"], true), 1);
        assert_eq!(Known::read(&environment, "lab").of(&binding("u-2")).len(), 0);
    }
}
