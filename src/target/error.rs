//! What can be wrong with a target.

use crate::cluster::ClusterError;
use crate::disk::DiskError;
use crate::model::cancel::{CANCELLED, Cancelled};
use crate::model::explain::{About, Explain, Kind};

/// A target that cannot be used, or is not the one it should be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// No card has this name.
    #[error("no target is named {name}")]
    Unknown {
        /// The name.
        name: String,
    },
    /// A card with this name is there already.
    #[error("a target named {name} is there already")]
    Exists {
        /// The name.
        name: String,
    },
    /// Not a name.
    #[error("{name:?} cannot name a target")]
    BadName {
        /// What was given.
        name: String,
    },
    /// A card that cannot be read.
    #[error("the card of target {name} is damaged: {why}")]
    Card {
        /// The name.
        name: String,
        /// What is wrong.
        why: String,
    },
    /// The cluster that answers is not the one on the card.
    #[error("target {name} answers with another {what}: expected {expected}, found {found}")]
    WrongCluster {
        /// The target's name.
        name: String,
        /// `UID` or `certificate authority`.
        what: &'static str,
        /// What the card says.
        expected: String,
        /// What the cluster says.
        found: String,
    },
    /// A program of the control plane is missing.
    #[error("{program} is not on this machine")]
    NoProgram {
        /// Its name.
        program: &'static str,
    },
    /// A program of the control plane did not start or ended.
    #[error("{program} did not stay up: {why}")]
    Program {
        /// Its name.
        program: &'static str,
        /// Its last words.
        why: String,
    },
    /// A certificate could not be made.
    #[error("cannot make a certificate: {why}")]
    Certificate {
        /// Why not.
        why: String,
    },
    /// The cluster refused or did not answer.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// A file could not be read or written; the error names it.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// Someone asked to stop.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

static UNKNOWN: About = About {
    code: "B1201",
    kind: Kind::Usage,
    meaning: "No target card has this name. Targets are named once, with the cluster's identity \
              recorded, so that a name can never come to mean another cluster.",
    next: "blackstart target list, or blackstart target add NAME --kubeconfig FILE --class CLASS",
};
static EXISTS: About = About {
    code: "B1202",
    kind: Kind::Refused,
    meaning: "The name is taken. A card is never replaced in passing, because that would turn a \
              known name into another cluster.",
    next: "choose another name, or remove the folder of the old card yourself",
};
static BAD_NAME: About = About {
    code: "B1203",
    kind: Kind::Usage,
    meaning: "A target's name has 1 to 63 lower-case letters, digits and dashes, and begins with a \
              letter or digit.",
    next: "choose such a name",
};
static CARD: About = About {
    code: "B1204",
    kind: Kind::Integrity,
    meaning: "A target card is not what was written. The target is not used.",
    next: "add the target again under another name",
};
static WRONG_CLUSTER: About = About {
    code: "B1205",
    kind: Kind::Refused,
    meaning: "The cluster that answers is not the one this name was given to: its kube-system \
              namespace or its certificate authority differs. It was rebuilt, or the address now \
              leads elsewhere. Nothing was written.",
    next: "find out which cluster answers; for a rebuilt one add it under a new name",
};
static NO_PROGRAM: About = About {
    code: "B1206",
    kind: Kind::Failed,
    meaning: "A control plane needs etcd and kube-apiserver, found through KUBEBUILDER_ASSETS or \
              the search path.",
    next: "name the folder that holds them: KUBEBUILDER_ASSETS=FOLDER",
};
static PROGRAM: About = About {
    code: "B1207",
    kind: Kind::Failed,
    meaning: "A program of the control plane ended or did not become ready in time.",
    next: "read its last words above; another process may hold its port",
};
static CERTIFICATE: About = About {
    code: "B1208",
    kind: Kind::Internal,
    meaning: "The certificates of a local control plane could not be made.",
    next: "report this",
};

/// The codes of this module.
pub static CODES: &[&About] =
    &[&UNKNOWN, &EXISTS, &BAD_NAME, &CARD, &WRONG_CLUSTER, &NO_PROGRAM, &PROGRAM, &CERTIFICATE];

impl Explain for TargetError {
    fn about(&self) -> &'static About {
        match self {
            Self::Unknown { .. } => &UNKNOWN,
            Self::Exists { .. } => &EXISTS,
            Self::BadName { .. } => &BAD_NAME,
            Self::Card { .. } => &CARD,
            Self::WrongCluster { .. } => &WRONG_CLUSTER,
            Self::NoProgram { .. } => &NO_PROGRAM,
            Self::Program { .. } => &PROGRAM,
            Self::Certificate { .. } => &CERTIFICATE,
            Self::Cluster(error) => error.about(),
            Self::Disk(error) => error.about(),
            Self::Cancelled(_) => &CANCELLED,
        }
    }
}
