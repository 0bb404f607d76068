//! `target add`, `target list`: which clusters have names here.

use std::path::PathBuf;

use serde::Serialize;

use super::{FORMAT_VERSION, Failure, Ports};
use crate::model::explain::{About, Explain, Kind};
use crate::target::Targets;

pub use crate::target::{Card, Class};

/// What to add.
#[derive(Clone, Debug)]
pub struct Add {
    /// The name it gets.
    pub name: String,
    /// The kubeconfig to copy.
    pub kubeconfig: PathBuf,
    /// How much care it needs.
    pub class: Class,
    /// Which context of the file; its own current one when absent.
    pub context: Option<String>,
}

/// The report of `target add`.
#[derive(Clone, Debug, Serialize)]
pub struct Added {
    /// The version of this shape.
    pub format_version: u32,
    /// The card.
    pub target: Card,
}

/// The report of `target list`.
#[derive(Clone, Debug, Serialize)]
pub struct List {
    /// The version of this shape.
    pub format_version: u32,
    /// The cards, sorted by name.
    pub targets: Vec<Card>,
}

/// There is nowhere to keep cards.
#[derive(Debug, thiserror::Error)]
#[error("there is no configuration folder: neither HOME nor XDG_CONFIG_HOME is set")]
struct NoConfigFolder;

static NO_CONFIG_FOLDER: About = About {
    code: "B1780",
    kind: Kind::Usage,
    meaning: "Target cards with their credentials are kept in the user's configuration folder, and \
              nothing says where that is.",
    next: "set XDG_CONFIG_HOME to a folder that only you can read",
};

/// Codes of this file.
pub static CODES: &[&About] = &[&NO_CONFIG_FOLDER];

impl Explain for NoConfigFolder {
    fn about(&self) -> &'static About {
        &NO_CONFIG_FOLDER
    }
}

/// Returns the cards of this user.
pub(super) fn targets(ports: &Ports<'_>) -> Result<Targets, Failure> {
    let folder = ports.environment.config_dir.as_deref().ok_or(NoConfigFolder)?;
    Ok(Targets::new(folder))
}

/// Connects, records who the cluster is, and writes its card.
pub fn add(request: &Add, ports: &Ports<'_>) -> Result<Added, Failure> {
    let kubeconfig = ports.environment.current_dir.join(&request.kubeconfig);
    let context = request.context.as_deref();
    let targets = targets(ports)?;
    let target = targets.add(&request.name, &kubeconfig, request.class, context, ports.clock)?;
    Ok(Added { format_version: FORMAT_VERSION, target })
}

/// Lists all cards.
pub fn list(ports: &Ports<'_>) -> Result<List, Failure> {
    Ok(List { format_version: FORMAT_VERSION, targets: targets(ports)?.list()? })
}
