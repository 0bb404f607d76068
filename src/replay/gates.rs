//! What makes kinds: applied is not established, and established is not served.

use serde_json::Value;

use super::error::NOT_ESTABLISHED;
use super::run::Run;
use super::words;
use crate::cluster::Kinds;
use crate::object::{Object, Status, status_of};
use crate::plan::each;

/// How a definition or an aggregated API stands.
enum Standing {
    Served,
    Refused(String),
    Waits(String),
}

impl Run<'_> {
    /// Looks at definitions and aggregated APIs. What does not come about is given up, and with it
    /// all objects that need it.
    pub(super) fn look_at_gates(&self, nodes: &[usize]) {
        if nodes.is_empty() {
            return;
        }
        let Ok(kinds) = self.cluster.kinds() else { return };
        self.lock().kinds = kinds.clone();
        let found = each(nodes, self.options.threads.max(1), |node| self.standing(*node, &kinds));
        let pods = self.needs_no_pods(nodes, &kinds);
        let mut shared = self.lock();
        let now = self.now(&shared);
        let limit = self.options.patience;
        for (node, standing) in nodes.iter().copied().zip(found) {
            match standing {
                Standing::Served => self.became_ready(&mut shared, node),
                Standing::Refused(why) => self.fail(&mut shared, node, &NOT_ESTABLISHED, why),
                Standing::Waits(_) if pods.contains(&node) => self.give_up_pods(&mut shared, node),
                Standing::Waits(why) => {
                    let spent = now.saturating_sub(shared.tries[node].applied);
                    if spent >= limit {
                        let why = format!(
                            "not established and served within {} s: {why}",
                            limit.as_secs()
                        );
                        self.fail(&mut shared, node, &NOT_ESTABLISHED, why);
                    } else {
                        shared.tries[node].hint = Some(words::unready(&self.items[node].object));
                        shared.tries[node].why = why;
                    }
                }
            }
        }
        self.release(shared);
    }

    fn standing(&self, node: usize, kinds: &Kinds) -> Standing {
        let item = self.items[node];
        let Some(object) = self.approved.object(item) else { return Standing::Served };
        let served = is_served(object, kinds);
        if object.reference().kind == "CustomResourceDefinition" && !served {
            // Only one that is late is worth a call.
            let shared = self.lock();
            let spent = self.now(&shared).saturating_sub(shared.tries[node].applied);
            drop(shared);
            if spent < super::look::GATES * 10 {
                return Standing::Waits("not served yet".to_owned());
            }
        }
        let live =
            self.served(item).and_then(|kind| self.cluster.get(&kind, None, &item.object.name));
        let Ok(live) = live else { return Standing::Waits("not served yet".to_owned()) };
        if item.object.kind == "APIService" {
            return available(live.as_ref(), served);
        }
        match status_of(live.as_ref()) {
            Status::Current if served => Standing::Served,
            Status::Current => Standing::Waits("not served yet".to_owned()),
            Status::Failed(why) => Standing::Refused(why),
            other => Standing::Waits(other.to_string()),
        }
    }

    /// The aggregated APIs that have a Service behind them, where nothing runs Pods.
    fn needs_no_pods(&self, nodes: &[usize], kinds: &Kinds) -> Vec<usize> {
        let service = |node: &&usize| {
            let object = self.approved.object(self.items[**node]);
            object.is_some_and(|object| {
                object.reference().kind == "APIService"
                    && object.value()["spec"]["service"].is_object()
            })
        };
        let behind: Vec<usize> = nodes.iter().filter(service).copied().collect();
        if behind.is_empty() || self.runs_pods(kinds) { Vec::new() } else { behind }
    }
}

fn available(live: Option<&Value>, served: bool) -> Standing {
    let conditions = live.and_then(|live| live["status"]["conditions"].as_array());
    let condition = conditions.into_iter().flatten().find(|one| one["type"] == "Available");
    match condition {
        Some(condition) if condition["status"] == "True" && served => Standing::Served,
        Some(condition) if condition["status"] == "True" => {
            Standing::Waits("available but not served yet".to_owned())
        }
        Some(condition) => {
            let text = condition["message"].as_str().unwrap_or("not available");
            Standing::Waits(crate::model::safe::safe(text))
        }
        None => Standing::Waits("not available yet".to_owned()),
    }
}

/// Whether everything that an object makes is served.
fn is_served(object: &Object, kinds: &Kinds) -> bool {
    let spec = &object.value()["spec"];
    let group = spec["group"].as_str().unwrap_or_default();
    if object.reference().kind == "APIService" {
        return !kinds.is_unknown(group);
    }
    let kind = spec["names"]["kind"].as_str().unwrap_or_default();
    let versions = spec["versions"].as_array().into_iter().flatten();
    let mut versions = versions.filter(|version| version["served"] != false);
    versions.all(|version| kinds.serves(group, version["name"].as_str().unwrap_or_default(), kind))
}
