//! `assess`: what do we hold, what answers, what should I do? The first thing to run.
//!
//! It never fails: whatever is missing or broken, a configuration included, becomes a line of the
//! report. It writes nothing, and everything it asks is asked at once within one short limit.
//!
//! | file | holds |
//! |---|---|
//! | `held` | the newest bundle, and what it takes to open |
//! | `hosts` | the Git hosts of the sources, step by step |
//! | `clusters` | the targets: who answers, nodes, workloads, what is gone |
//! | `advice` | from all that to what to do, the suggestion first |
//! | `words` | hosts and clusters in a line each |

mod advice;
mod clusters;
mod held;
mod hosts;
pub mod words;

pub use advice::{Advice, Choice, What};
pub use clusters::{Cluster, Life};
pub use held::{Held, Problem};
pub use hosts::{Blame, Host};

use std::time::Duration;

use serde::Serialize;

use super::{FORMAT_VERSION, Kit, Place, Ports, runs};
use crate::model::clock::Timestamp;
use crate::render::builds_with;

/// How long everything together may take.
pub const WITHIN: Duration = Duration::from_secs(10);

/// What to assess.
#[derive(Clone, Debug)]
pub struct Request {
    /// Where the bundles are.
    pub place: Place,
    /// How long asking may take.
    pub within: Duration,
}

impl Default for Request {
    fn default() -> Self {
        Self { place: Place::default(), within: WITHIN }
    }
}

/// The report.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The version of this shape.
    pub format_version: u32,
    /// When it was made.
    pub at: Timestamp,
    /// What we hold.
    pub held: Held,
    /// What the sources are worth asking for; empty without a kit.
    pub hosts: Vec<Host>,
    /// Why the sources are not known, where they are not.
    pub no_hosts: Option<String>,
    /// The clusters that have names here.
    pub clusters: Vec<Cluster>,
    /// What to do.
    pub advice: Advice,
}

/// What would else come out only when a bundle is open already.
fn no_kustomize(ports: &Ports<'_>) -> Option<String> {
    let text = "neither kustomize nor kubectl is here: put one of them beside blackstart or into PATH, \
                or folders that are kustomizations cannot be planned";
    builds_with(ports.tools).is_none().then(|| text.to_owned())
}

/// Looks at everything at once.
pub fn run(request: &Request, ports: &Ports<'_>) -> Report {
    let kit = Kit::find(request.place.config.as_deref(), ports.environment);
    let (held, hosts, clusters) = std::thread::scope(|scope| {
        let hosts = scope.spawn(|| hosts::ask(kit.as_ref(), request.within, ports));
        let clusters = scope.spawn(|| clusters::ask(request.within, ports));
        let held = held::look(&request.place, ports);
        (held, hosts.join(), clusters.join())
    });
    let (hosts, no_hosts) = match hosts {
        Ok(Ok(hosts)) => (hosts, None),
        Ok(Err(why)) => (Vec::new(), Some(why)),
        Err(_) => (Vec::new(), Some("asking them ended in a bug".to_owned())),
    };
    let mut clusters = clusters.unwrap_or_default();
    // Where no run can be read nobody says that something is rebuilt.
    if let Ok(list) = runs::list(&request.place, ports) {
        clusters::mark_rebuilt(&mut clusters, &list.runs);
    }
    let mut advice = advice::advise(&held, &hosts, &clusters).at(&request.place);
    advice.remarks.extend(no_kustomize(ports));
    Report {
        format_version: FORMAT_VERSION,
        at: ports.clock.now(),
        held,
        hosts,
        no_hosts,
        clusters,
        advice,
    }
}
