//! Why a replay does not begin or ends early; and the codes of what it reports about objects.

use crate::cluster::ClusterError;
use crate::disk::DiskError;
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
    /// An option names no object of the plan, or too many.
    #[error("{0}")]
    Slip(String),
    /// The API server was gone for too long.
    #[error("the API server did not answer for {seconds} s: {why}")]
    Outage {
        /// For how long.
        seconds: u64,
        /// What happened.
        why: String,
    },
    /// Another run has the lease in the cluster.
    #[error("another run has the lease on this cluster: {holder}, renewed {renewed}")]
    LeaseHeld {
        /// Who.
        holder: String,
        /// When they were last heard of.
        renewed: String,
    },
    /// Another run took the lease while this one was going on.
    #[error("the lease on this cluster went to another run: {holder}")]
    LeaseLost {
        /// Who has it now.
        holder: String,
    },
    /// Another process on this machine works on the run.
    #[error("process {pid} is at work on the run {run}")]
    Running {
        /// The run.
        run: String,
        /// The process.
        pid: u32,
    },
    /// No such run.
    #[error("there is no run {run}")]
    NoRun {
        /// What was named.
        run: String,
    },
    /// The run is complete.
    #[error("the run {run} is complete; nothing is left to do")]
    NothingLeft {
        /// The run.
        run: String,
    },
    /// The journal's chain does not hold.
    #[error("the journal is damaged in line {line}: {why}")]
    Chain {
        /// Counted from 1.
        line: u64,
        /// What is wrong with it.
        why: String,
    },
    /// The journal was written by a newer program.
    #[error("the journal has format {version}, which this version does not know")]
    Newer {
        /// Its format.
        version: u32,
    },
    /// The plan beside a journal is damaged.
    #[error("the plan of the run is damaged: {why}")]
    Plan {
        /// What is wrong with it.
        why: String,
    },
    /// The run belongs to another bundle, plan or target.
    #[error("the run belongs to another {what}: expected {expected}, found {found}")]
    Other {
        /// `bundle`, `plan`, `target`.
        what: &'static str,
        /// What the journal says.
        expected: String,
        /// What is there.
        found: String,
    },
    /// The journal cannot be written, so nothing more may be done.
    #[error("the journal cannot be written: {why}")]
    Journal {
        /// Why not.
        why: String,
    },
    /// The run's folder cannot be read or written.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// Someone asked to stop.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    /// The run had begun when one of these came.
    #[error("{why}")]
    Halted {
        /// What came.
        why: Box<ReplayError>,
        /// How many objects the target has.
        there: usize,
        /// How many the plan has.
        of: usize,
    },
}

impl ReplayError {
    /// Returns how many objects of how many are there, when the run had begun.
    pub fn progress(&self) -> Option<(usize, usize)> {
        match self {
            Self::Halted { there, of, .. } => Some((*there, *of)),
            _ => None,
        }
    }
}

macro_rules! abouts {
    ($($vis:vis $name:ident = $code:literal $kind:ident $meaning:literal, $next:literal;)*) => {
        $($vis static $name: About =
            About { code: $code, kind: Kind::$kind, meaning: $meaning, next: $next };)*
        /// The codes of this module.
        pub static CODES: &[&About] = &[$(&$name),*];
    };
}

abouts! {
    NOT_A_DIRECTORY = "B1501" Refused "A plan is for one target. This one is for a cluster, and a \
        folder was given.", "make a plan for the folder: blackstart plan --target dir:PATH";
    pub(super) NOT_ESTABLISHED = "B1502" Incomplete "A definition or an aggregated API was \
        applied, but the cluster did not accept it or does not serve its kinds. Objects of these \
        kinds were not tried.",
        "look at its conditions: kubectl get crd NAME -o yaml, or kubectl get apiservice NAME -o yaml";
    pub(super) HELD = "B1503" Incomplete "The object was not tried, because what it needs failed \
        earlier in this run.",
        "cure the earlier failure, then resume: what is there already stays as it is";
    SLIP = "B1504" Usage "Options that name objects must fit objects of the plan; --skip names \
        one, or one kind without any *, and --force-conflicts exactly one. Nothing was done.",
        "name it as the plan shows it: KIND/NAMESPACE/NAME, or KIND/NAME outside of namespaces; a \
        kind for --skip as KIND.GROUP";
    OUTAGE = "B1505" Incomplete "The API server was there when the run began and then gave no answer \
        for longer than is waited for. What was done stays, and the journal knows it.",
        "bring the API server back, then: blackstart resume";
    LEASE_HELD = "B1506" LeaseHeld "Another replay has the lease on this cluster, the object \
        blackstart-system/replay-lease, and renews it. Two at once would work against each other. \
        Nothing was written.",
        "ask them; when they are gone the lease ends by itself within a minute";
    LEASE_LOST = "B1507" LeaseHeld "This run could not renew its lease in time, and another run took \
        it over. This one stopped at once; what it did stays.",
        "find out who replays; then blackstart resume";
    pub(super) TAKEN_OVER = "B1508" Incomplete "The lease on this cluster was held by a run that was \
        not heard of any more. It was taken over.",
        "make sure that the other run has really ended";
    RUNNING = "B1509" LeaseHeld "Another process on this machine has the run open. Two would write \
        one journal.", "wait for it, or stop it with Ctrl-C, then run the same command again";
    NO_RUN = "B1510" Usage "There is no run of this name in the state folder, and no folder of this \
        name that holds a journal.", "blackstart runs";
    NOTHING_LEFT = "B1511" Usage "The run came to its end and everything is there.",
        "look whether it still is: blackstart plan";
    CHAIN = "B1512" Integrity "Each line of a journal holds the digest of the line before. Here they \
        do not fit, so the journal is not what the run wrote. A last line that a crash tore is \
        left out without this error. Nothing was done.",
        "take another copy of the run's folder, or make a new plan: what is there shows as unchanged";
    NEWER = "B1513" Refused "A newer version wrote the journal. Guessing would be worse than \
        stopping.", "use the version that wrote it; blackstart runs RUN says which";
    PLAN = "B1514" Integrity "The plan that lies beside the journal is not what the run was approved \
        with. Nothing was done.",
        "take another copy of the run's folder, or make a new plan";
    OTHER = "B1515" Refused "A run goes on with the same bundle, the same plan and the same target, \
        or not at all. Nothing was done.",
        "name the bundle and the target of the run; blackstart runs RUN says which they are";
    JOURNAL = "B1516" Failed "Without a journal nothing is sent to the target, because nobody could \
        go on with the run. The disk may be full.",
        "make room, then: blackstart resume";
    pub(super) LATE = "B1517" Incomplete "The object was applied but did not become ready in the \
        time it was given. What needs it ready was not tried.",
        "look at it, then resume with more time: --wait";
    pub(super) GONE = "B1518" Incomplete "The API server does not answer at the moment. The run \
        waits and goes on by itself.", "look whether the API server is being restarted";
    pub(super) NO_COPY = "B1520" Incomplete "A copy of the journal is kept in the cluster when that is \
        possible, for whoever comes after. The run does not need it.",
        "nothing; the journal on disk is the record";
    pub(super) KIND_SKIPPED = "B1521" Incomplete "All objects of a kind are left out, as --skip says. \
        What needs them goes on without.",
        "nothing, if that is right; each is told as left out, with the reason";
    pub(super) WAVE_LATE = "B1519" Incomplete "The wave took longer than it was given.",
        "look at what it waited for, then resume with more time: --wave-limit";
}

impl Explain for ReplayError {
    fn about(&self) -> &'static About {
        match self {
            Self::Target(error) => error.about(),
            Self::Cluster(error) => error.about(),
            Self::Disk(error) => error.about(),
            Self::NotADirectory { .. } => &NOT_A_DIRECTORY,
            Self::Slip(_) => &SLIP,
            Self::Outage { .. } => &OUTAGE,
            Self::LeaseHeld { .. } => &LEASE_HELD,
            Self::LeaseLost { .. } => &LEASE_LOST,
            Self::Running { .. } => &RUNNING,
            Self::NoRun { .. } => &NO_RUN,
            Self::NothingLeft { .. } => &NOTHING_LEFT,
            Self::Chain { .. } => &CHAIN,
            Self::Newer { .. } => &NEWER,
            Self::Plan { .. } => &PLAN,
            Self::Other { .. } => &OTHER,
            Self::Journal { .. } => &JOURNAL,
            Self::Cancelled(_) => &CANCELLED,
            Self::Halted { why, .. } => why.about(),
        }
    }
}
