//! `target create`, `target delete`: clusters of this machine.

use std::ffi::OsString;
use std::path::PathBuf;

use serde::Serialize;

use super::{Card, Kitchen, targets};
use crate::app::{FORMAT_VERSION, Failure, Ports};
use crate::config::Environment;
use crate::model::explain::{About, Explain, Kind};
use crate::target::Make;

/// Variables that kind and the container program need, where they are set.
const PASSED_ON: [&str; 3] = ["DOCKER_HOST", "CONTAINER_HOST", "KIND_EXPERIMENTAL_PROVIDER"];

/// What to create.
#[derive(Clone, Debug)]
pub struct Create {
    /// The name it gets.
    pub name: String,
    /// With what.
    pub with: Kitchen,
    /// Archives of images to load.
    pub images: Vec<PathBuf>,
    /// kind: the archive of the node's own image.
    pub node_archive: Option<PathBuf>,
    /// kind: the node's image.
    pub node_image: Option<String>,
    /// Only say what would be run.
    pub show: bool,
}

/// The report of `target create`.
#[derive(Clone, Debug, Serialize)]
pub struct Created {
    /// The version of this shape.
    pub format_version: u32,
    /// The command lines.
    pub commands: Vec<String>,
    /// The card; none where nothing was to be made.
    pub target: Option<Card>,
}

/// The report of `target delete`.
#[derive(Clone, Debug, Serialize)]
pub struct Deleted {
    /// The version of this shape.
    pub format_version: u32,
    /// The target's name.
    pub name: String,
    /// What to know of what is left.
    pub remarks: Vec<String>,
}

/// There is nowhere to keep a local cluster.
#[derive(Debug, thiserror::Error)]
#[error("there is no state folder: neither HOME nor XDG_STATE_HOME is set")]
struct NoStateFolder;

static NO_STATE_FOLDER: About = About {
    code: "B1786",
    kind: Kind::Usage,
    meaning: "A local cluster keeps its data and keys in the user's state folder, and nothing says \
              where that is.",
    next: "set XDG_STATE_HOME to a folder that only you can read",
};

/// Codes of this file.
pub(super) static CODES: &[&About] = &[&NO_STATE_FOLDER];

impl Explain for NoStateFolder {
    fn about(&self) -> &'static About {
        &NO_STATE_FOLDER
    }
}

/// Makes a cluster on this machine, and its card.
pub fn create(request: &Create, ports: &Ports<'_>) -> Result<Created, Failure> {
    let environment = ports.environment;
    let state = environment.state_dir.as_deref().ok_or(NoStateFolder)?;
    let here = |path: &PathBuf| environment.current_dir.join(path);
    let images: Vec<PathBuf> = request.images.iter().map(here).collect();
    let node_archive = request.node_archive.as_ref().map(here);
    let (assets, variables) = (asset_folders(environment), variables(environment));
    let make = Make {
        images: &images,
        node_archive: node_archive.as_deref(),
        node_image: request.node_image.as_deref(),
        assets: &assets,
        variables: &variables,
        ..Make::of(&request.name, request.with)
    };
    let commands = make.commands(state, ports.tools);
    let target = if request.show {
        None
    } else {
        Some(targets(ports)?.create(&make, state, ports.tools, ports.clock, ports.cancel)?)
    };
    Ok(Created { format_version: FORMAT_VERSION, commands, target })
}

/// Takes a cluster away that was made here, and its card.
pub fn delete(name: &str, ports: &Ports<'_>) -> Result<Deleted, Failure> {
    let state = ports.environment.state_dir.as_deref().ok_or(NoStateFolder)?;
    let variables = variables(ports.environment);
    let remarks = targets(ports)?.delete(name, state, &variables, ports.tools)?;
    Ok(Deleted { format_version: FORMAT_VERSION, name: name.to_owned(), remarks })
}

fn variables(environment: &Environment) -> Vec<(String, OsString)> {
    let home = environment.home.iter().map(|home| ("HOME".to_owned(), home.into()));
    let named = PASSED_ON
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), environment.variables.get(*name)?.clone())));
    home.chain(named).collect()
}

/// Where a control plane's programs may be, beside the search path.
pub(in crate::app) fn asset_folders(environment: &Environment) -> Vec<PathBuf> {
    let named = environment.variables.get("KUBEBUILDER_ASSETS").map(PathBuf::from);
    let named = named.filter(|folder| folder.is_absolute());
    let built = environment.cache_dir.as_ref().map(|cache| cache.join("blackstart-tests/go"));
    named.into_iter().chain(built).collect()
}
