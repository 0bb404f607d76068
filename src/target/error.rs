//! What can be wrong with a target.

use super::class::Class;
use super::suspicion::{Finding, Sign};
use crate::cluster::ClusterError;
use crate::disk::DiskError;
use crate::model::cancel::{CANCELLED, Cancelled};
use crate::model::explain::{About, Explain, Kind};
use crate::tools::ToolsError;

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
    /// The cluster does not look like its class.
    #[error("{name} is called {class}, but does not look it: {}", listed(findings))]
    DoesNotFit {
        /// The target's name.
        name: String,
        /// What it is called.
        class: Class,
        /// What does not fit.
        findings: Vec<Finding>,
        /// Whether it has a card, on which a person can accept the signs.
        known: bool,
    },
    /// A sign was accepted that does not show.
    #[error("{sign} was accepted, but nothing of the kind was found")]
    NothingToAccept {
        /// Which.
        sign: Sign,
    },
    /// A sign was accepted without saying why.
    #[error("what is accepted needs a reason")]
    NoReason,
    /// A cluster that was made here is not just forgotten.
    #[error("{name} was made here: {what}")]
    MadeHere {
        /// The target's name.
        name: String,
        /// What was made.
        what: String,
    },
    /// Only what was made here is taken away.
    #[error("{name} was not made here")]
    NotMadeHere {
        /// The target's name.
        name: String,
    },
    /// A cluster of this name was begun, and its making was cut off.
    #[error("the making of {name} was cut off before")]
    HalfMade {
        /// The target's name.
        name: String,
    },
    /// Something is still mounted below a folder that is to be removed.
    #[error("something is still mounted below {folder}")]
    Mounted {
        /// Which folder.
        folder: String,
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
    /// A program could not be run, or failed.
    #[error(transparent)]
    Tools(#[from] ToolsError),
    /// A file could not be read or written; the error names it.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// Someone asked to stop.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

fn listed(findings: &[Finding]) -> String {
    findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
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
    next: "choose another name, or for a rebuilt cluster: blackstart target replace NAME --kubeconfig FILE",
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
    next: "find out which cluster answers; for a rebuilt one: blackstart target replace NAME --kubeconfig FILE",
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
static DOES_NOT_FIT: About = About {
    code: "B1209",
    kind: Kind::Refused,
    meaning: "The cluster shows signs that a target of this class should not: machines of a cloud, \
              data, engines that keep objects, things that others made. It may be another cluster \
              than you think. Nothing was written.",
    next: "look whether it is the right cluster; if it is, choose the class it has, or accept each \
           sign by its word with --accept WORD --reason TEXT",
};
static NOTHING_TO_ACCEPT: About = About {
    code: "B1210",
    kind: Kind::Usage,
    meaning: "Only a sign that shows now and stops the target can be accepted. Nothing is accepted \
              in advance, because nobody could say what they accept.",
    next: "see what shows: blackstart target test NAME",
};
static NO_REASON: About = About {
    code: "B1211",
    kind: Kind::Usage,
    meaning: "A sign that is accepted goes onto the card and into the journal together with the \
              reason, for whoever asks later.",
    next: "add --reason TEXT",
};
static MADE_HERE: About = About {
    code: "B1212",
    kind: Kind::Refused,
    meaning: "The cluster of this card was made by this program and still takes room. Forgetting \
              its card would leave it behind without a name.",
    next: "take both away: blackstart target delete NAME",
};
static NOT_MADE_HERE: About = About {
    code: "B1213",
    kind: Kind::Refused,
    meaning: "Only a cluster that target create made on this machine is deleted, told by the record \
              in its folder. Every other cluster is only forgotten, never touched.",
    next: "to forget its name: blackstart target remove NAME",
};
static HALF_MADE: About = About {
    code: "B1214",
    kind: Kind::Refused,
    meaning: "A cluster of this name was begun and never got its card. What is left of it may still \
              run.",
    next: "take it away: blackstart target delete NAME",
};
static MOUNTED: About = About {
    code: "B1215",
    kind: Kind::Refused,
    meaning: "The folder of a local cluster still has file systems mounted in it. Removing it would \
              remove what lies in those. Its programs were stopped; its folder and card are kept.",
    next: "unmount what is below the folder, then run the same command again",
};

/// The codes of this module.
pub static CODES: &[&About] = &[
    &UNKNOWN,
    &EXISTS,
    &BAD_NAME,
    &CARD,
    &WRONG_CLUSTER,
    &NO_PROGRAM,
    &PROGRAM,
    &CERTIFICATE,
    &DOES_NOT_FIT,
    &NOTHING_TO_ACCEPT,
    &NO_REASON,
    &MADE_HERE,
    &NOT_MADE_HERE,
    &HALF_MADE,
    &MOUNTED,
];

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
            Self::DoesNotFit { .. } => &DOES_NOT_FIT,
            Self::NothingToAccept { .. } => &NOTHING_TO_ACCEPT,
            Self::NoReason => &NO_REASON,
            Self::MadeHere { .. } => &MADE_HERE,
            Self::NotMadeHere { .. } => &NOT_MADE_HERE,
            Self::HalfMade { .. } => &HALF_MADE,
            Self::Mounted { .. } => &MOUNTED,
            Self::Tools(error) => error.about(),
            Self::Cluster(error) => error.about(),
            Self::Disk(error) => error.about(),
            Self::Cancelled(_) => &CANCELLED,
        }
    }

    fn next(&self) -> String {
        match self {
            Self::DoesNotFit { name, findings, known, .. } => {
                let mut signs: Vec<_> = findings.iter().map(|finding| finding.sign).collect();
                signs.sort();
                signs.dedup();
                let words: Vec<_> = signs.iter().map(|sign| sign.word()).collect();
                if *known {
                    let words = words.join(" ");
                    format!(
                        "is it the right cluster? then say why: \
                         blackstart target accept {name} {words} --reason TEXT"
                    )
                } else {
                    let words = words.join(",");
                    format!(
                        "is it the right cluster? then choose its true class, or repeat the \
                         command with --accept {words} --reason TEXT"
                    )
                }
            }
            Self::Exists { name }
            | Self::WrongCluster { name, .. }
            | Self::MadeHere { name, .. }
            | Self::NotMadeHere { name }
            | Self::HalfMade { name } => self.about().next.replace("NAME", name),
            Self::Tools(error) => error.next(),
            Self::Cluster(error) => error.next(),
            Self::Disk(error) => error.next(),
            _ => self.about().next.to_owned(),
        }
    }
}
