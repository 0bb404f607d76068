//! Why a replay does not begin or ends early; and the codes of what it reports about objects.

use crate::cluster::ClusterError;
use crate::model::cancel::{CANCELLED, Cancelled};
use crate::model::explain::{About, Explain, Kind};
use crate::target::TargetError;

/// A replay that did not run to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// The target is not the one that was approved, or cannot be asked.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The target cannot be asked what it serves, or a folder cannot be written.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// A plan for a cluster cannot be written to a folder.
    #[error("the plan is for the cluster {target}, not for a folder")]
    NotADirectory {
        /// The plan's target.
        target: String,
    },
    /// Someone asked to stop.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

static NOT_A_DIRECTORY: About = About {
    code: "B1501",
    kind: Kind::Refused,
    meaning: "A plan is for one target. This one is for a cluster, and a folder was given.",
    next: "make a plan for the folder: blackstart plan --target dir:PATH",
};
pub(super) static NOT_ESTABLISHED: About = About {
    code: "B1502",
    kind: Kind::Incomplete,
    meaning: "A definition was applied, but the cluster did not accept it or does not serve its \
              kind. Objects of that kind were not tried.",
    next: "look at its conditions: kubectl get crd NAME -o yaml",
};
pub(super) static HELD: About = About {
    code: "B1503",
    kind: Kind::Incomplete,
    meaning: "The object was not tried, because what it needs failed earlier in this run.",
    next: "cure the earlier failure, then run again: what is there already stays as it is",
};

/// The codes of this module.
pub static CODES: &[&About] = &[&NOT_A_DIRECTORY, &NOT_ESTABLISHED, &HELD];

impl Explain for ReplayError {
    fn about(&self) -> &'static About {
        match self {
            Self::Target(error) => error.about(),
            Self::Cluster(error) => error.about(),
            Self::NotADirectory { .. } => &NOT_A_DIRECTORY,
            Self::Cancelled(_) => &CANCELLED,
        }
    }
}
