//! The Git hosts of the sources: each asked once, for one of its repositories, and whose fault it is.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::app::{Failure, Kit, Ports, job, sources};
use crate::mirror::{self, Options, Probe, Step, Whose};
use crate::model::cancel::Cancel;
use crate::source::{Class, Location, Spec};

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(4);
/// How often a limit is looked at.
const TICK: Duration = Duration::from_millis(20);

/// Who has to mend it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Blame {
    /// The host.
    Them,
    /// Whoever runs this: a credential, an address.
    You,
    /// This machine.
    Here,
}

/// One host.
#[derive(Clone, Debug, Serialize)]
pub struct Host {
    /// Its name and port; `this machine` for folders.
    pub name: String,
    /// How many sources are there.
    pub repositories: usize,
    /// The repository that was asked for.
    pub asked: String,
    /// The steps that were good.
    pub passed: Vec<Step>,
    /// The step that was not.
    pub failed: Option<Step>,
    /// Who has to mend it.
    pub blame: Option<Blame>,
    /// What was said, fit to be shown.
    pub why: Option<String>,
    /// How long it took, in milliseconds.
    pub millis: u128,
}

impl Host {
    /// Returns whether the host serves repositories. A repository that is not there says nothing
    /// about the others.
    pub fn answers(&self) -> bool {
        self.failed.is_none_or(|step| step == Step::Git && self.passed.len() > 1)
    }
}

/// Asks every host, all at once.
pub(super) fn ask(
    kit: Result<&Kit, &Failure>,
    within: Duration,
    ports: &Ports<'_>,
) -> Result<Vec<Host>, String> {
    let kit = kit.map_err(ToString::to_string)?;
    let state = kit.state_folder(ports.environment);
    let specs = sources::expand(kit, &state).map_err(|failure| failure.to_string())?;
    let options = Options {
        connect: CONNECT.min(within),
        stall: within,
        deadline: within,
        ..job::mirror_options(kit, &state, ports.environment)
    };
    let mut by_host: BTreeMap<String, Vec<&Spec>> = BTreeMap::new();
    for spec in &specs {
        let name = spec.location.host().unwrap_or_else(|| "this machine".to_owned());
        by_host.entry(name).or_default().push(spec);
    }
    let stop = Cancel::new();
    let ask = |(name, specs): (String, Vec<&Spec>)| ask_one(name, &specs, &options, &stop, ports);
    Ok(std::thread::scope(|scope| {
        let asking: Vec<_> =
            by_host.into_iter().map(|host| scope.spawn(move || ask(host))).collect();
        // A program that gives a token may take its time; it does not get more than the others.
        let begun = ports.clock.elapsed();
        while asking.iter().any(|thread| !thread.is_finished()) {
            let spent = ports.clock.elapsed().saturating_sub(begun);
            if ports.cancel.is_requested() || spent > within {
                stop.request();
            }
            ports.clock.sleep(TICK);
        }
        asking.into_iter().filter_map(|thread| thread.join().ok()).collect()
    }))
}

fn ask_one(
    name: String,
    specs: &[&Spec],
    options: &Options,
    stop: &Cancel,
    ports: &Ports<'_>,
) -> Host {
    let begun = ports.clock.elapsed();
    // One that a recovery needs, where there is one.
    let asked = specs.iter().copied().min_by_key(|spec| spec.class != Class::Required);
    let probe = match asked {
        None => Probe { passed: Vec::new(), failed: None },
        Some(spec) => match missing_folder(specs) {
            Some(gone) => mirror::probe(gone, options, ports.tools, ports.clock, stop),
            None => mirror::probe(spec, options, ports.tools, ports.clock, stop),
        },
    };
    let (failed, fault) = probe.failed.unzip();
    Host {
        name,
        repositories: specs.len(),
        asked: asked.map(|spec| spec.location.to_string()).unwrap_or_default(),
        passed: probe.passed,
        failed,
        blame: fault.as_ref().map(|fault| match fault.whose {
            Whose::Them => Blame::Them,
            Whose::You => Blame::You,
            Whose::Here => Blame::Here,
        }),
        why: fault.map(|fault| fault.what),
        millis: ports.clock.elapsed().saturating_sub(begun).as_millis(),
    }
}

/// A folder that is not there says more than one that is.
fn missing_folder<'a>(specs: &[&'a Spec]) -> Option<&'a Spec> {
    let gone = |spec: &&&Spec| matches!(&spec.location, Location::Path(path) if !path.exists());
    specs.iter().find(gone).copied()
}
