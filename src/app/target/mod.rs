//! `target`: which clusters have names here, and whether each is what it is called.
//!
//! | file | holds |
//! |---|---|
//! | `cards` | `add`, `replace`, `accept`, `remove`, `list`, `show` |
//! | `create` | `create` and `delete`: clusters of this machine |
//! | `test` | `test`: who answers, what it shows, what the credentials allow |

mod cards;
mod create;
mod test;

pub use cards::{
    Accept, Add, Changed, Done, List, Listed, accept, add, list, remove, replace, show,
};
pub(super) use create::asset_folders;
pub use create::{Create, Created, Deleted, create, delete};
pub use test::{Tested, test};

pub use crate::target::{Accepted, Card, Class, Facts, Finding, Kitchen, Local, Sign};

use super::{Failure, Ports};
use crate::model::explain::{About, Explain, Kind};
use crate::target::Targets;

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

/// Codes of this module.
pub static CODES: &[&[&About]] = &[&[&NO_CONFIG_FOLDER], create::CODES];

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
