//! Cards: a name given to a cluster, moved to the one that took its place, or taken away.

use std::path::PathBuf;

use serde::Serialize;

use super::{Card, Class, Sign, targets};
use crate::app::{FORMAT_VERSION, Failure, Ports};
use crate::target::New;

/// What to add.
#[derive(Clone, Debug)]
pub struct Add {
    /// The name it gets.
    pub name: String,
    /// The kubeconfig to copy.
    pub kubeconfig: PathBuf,
    /// How much care it needs; as before when a card is replaced and nothing is said.
    pub class: Option<Class>,
    /// Which context of the file; needed where it has several.
    pub context: Option<String>,
    /// Signs that are accepted, and why.
    pub accept: Accept,
}

/// Signs that a person accepts.
#[derive(Clone, Debug, Default)]
pub struct Accept {
    /// Which.
    pub signs: Vec<Sign>,
    /// Why.
    pub reason: Option<String>,
}

/// What became of a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Done {
    /// It is new.
    Added,
    /// It stands for the cluster that took the old one's place.
    Replaced,
    /// It stands for the same cluster, with new credentials.
    Renewed,
    /// A sign was accepted.
    Accepted,
    /// It is gone; the cluster is as it was.
    Removed,
}

/// The report of everything that changes a card.
#[derive(Clone, Debug, Serialize)]
pub struct Changed {
    /// The version of this shape.
    pub format_version: u32,
    /// What was done.
    pub done: Done,
    /// The card.
    pub target: Card,
}

/// The report of `target list`.
#[derive(Clone, Debug, Serialize)]
pub struct List {
    /// The version of this shape.
    pub format_version: u32,
    /// Sorted by name.
    pub targets: Vec<Listed>,
}

/// One name in a list. A damaged card hides no other.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Listed {
    /// A card.
    Card(Box<Card>),
    /// A card that cannot be read.
    Damaged {
        /// The target's name.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
}

fn changed(done: Done, target: Card) -> Changed {
    Changed { format_version: FORMAT_VERSION, done, target }
}

/// Connects, records who the cluster is, and writes its card.
pub fn add(request: &Add, ports: &Ports<'_>) -> Result<Changed, Failure> {
    let class = request.class.unwrap_or(Class::Production);
    let card = with_new(request, class, ports, |new| {
        targets(ports)?.add(new, ports.clock).map_err(Failure::from)
    })?;
    Ok(changed(Done::Added, card))
}

/// Lets a name stand for a rebuilt cluster, or renews the credentials of the same one.
pub fn replace(request: &Add, ports: &Ports<'_>) -> Result<Changed, Failure> {
    let targets = targets(ports)?;
    let before = targets.load(&request.name)?;
    let class = request.class.unwrap_or(before.class);
    let card = with_new(request, class, ports, |new| Ok(targets.replace(new, ports.clock)?))?;
    let done = if card.former == before.former { Done::Renewed } else { Done::Replaced };
    Ok(changed(done, card))
}

fn with_new(
    request: &Add,
    class: Class,
    ports: &Ports<'_>,
    work: impl FnOnce(&New<'_>) -> Result<Card, Failure>,
) -> Result<Card, Failure> {
    let kubeconfig = ports.environment.current_dir.join(&request.kubeconfig);
    let usual = ports.environment.home.as_ref().map(|home| home.join(".kube/config"));
    let new = New {
        context: request.context.as_deref(),
        accept: &request.accept.signs,
        reason: request.accept.reason.as_deref(),
        usual: usual.as_deref(),
        ..New::of(&request.name, &kubeconfig, class)
    };
    work(&new)
}

/// Records on a card that a person accepts signs, and why.
pub fn accept(name: &str, accept: &Accept, ports: &Ports<'_>) -> Result<Changed, Failure> {
    let targets = targets(ports)?;
    let card = targets.accept(name, &accept.signs, accept.reason.as_deref(), ports.clock)?;
    Ok(changed(Done::Accepted, card))
}

/// Forgets a name and its credentials. The cluster is not touched.
pub fn remove(name: &str, ports: &Ports<'_>) -> Result<Changed, Failure> {
    Ok(changed(Done::Removed, targets(ports)?.remove(name)?))
}

/// Lists all cards.
pub fn list(ports: &Ports<'_>) -> Result<List, Failure> {
    let targets = targets(ports)?;
    let listed = |name: String| match targets.load(&name) {
        Ok(card) => Listed::Card(Box::new(card)),
        Err(error) => Listed::Damaged { problem: error.to_string(), name },
    };
    let list = targets.names()?.into_iter().map(listed).collect();
    Ok(List { format_version: FORMAT_VERSION, targets: list })
}

/// Returns one card as it is, without asking the cluster.
pub fn show(name: &str, ports: &Ports<'_>) -> Result<Card, Failure> {
    Ok(targets(ports)?.load(name)?)
}
