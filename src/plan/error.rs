//! Why a plan is not made, not read, or not approved; and the codes of its warnings and blockers.

use crate::cluster::ClusterError;
use crate::disk::DiskError;
use crate::model::cancel::{CANCELLED, Cancelled};
use crate::model::explain::{About, Explain, Kind};

/// A plan that cannot be made, read or approved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// The plan has blockers.
    #[error("the plan is blocked: {first}{}", and_more(*others))]
    Blocked {
        /// The first blocker.
        first: String,
        /// How many more there are.
        others: usize,
    },
    /// A cluster was not named by the person.
    #[error("writing to {target} ({class}) needs its name typed")]
    NotConfirmed {
        /// The target's name.
        target: String,
        /// Its class.
        class: String,
    },
    /// Another name was typed.
    #[error("{typed:?} was confirmed, but the target is {target}")]
    WrongName {
        /// What was typed.
        typed: String,
        /// The target's name.
        target: String,
    },
    /// Nobody has seen the plan.
    #[error("{target} is a {class} target: its plan must be seen before it runs")]
    NotSeen {
        /// The target's name.
        target: String,
        /// Its class.
        class: String,
    },
    /// The plan that was seen is not the one that would run.
    #[error("plan {seen} was approved, but what would run is plan {now}")]
    Changed {
        /// The digest that was given.
        seen: String,
        /// The digest of what would run.
        now: String,
    },
    /// A plan file for another target, or another bundle.
    #[error("the plan is for another {what}: {expected}, not {found}")]
    Other {
        /// `target` or `bundle`.
        what: &'static str,
        /// What the plan says.
        expected: String,
        /// What is there.
        found: String,
    },
    /// A plan file that is not what was written.
    #[error("{origin} is no plan: {why}")]
    File {
        /// Which file.
        origin: String,
        /// What is wrong.
        why: String,
    },
    /// What should name a plan is neither a file nor a digest.
    #[error("{named:?} is neither a file nor the digest of a plan")]
    NoPlan {
        /// What was given.
        named: String,
    },
    /// An object of the plan is not in the bundle.
    #[error("the bundle does not give {object} as the plan has it")]
    Missing {
        /// Which object.
        object: String,
    },
    /// The target refused or did not answer.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// A file could not be read or written.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// Someone asked to stop.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

fn and_more(others: usize) -> String {
    if others == 0 { String::new() } else { format!(" (and {others} more)") }
}

macro_rules! abouts {
    ($($name:ident = $code:literal $kind:ident $meaning:literal, $next:literal;)*) => {
        $(pub(super) static $name: About =
            About { code: $code, kind: Kind::$kind, meaning: $meaning, next: $next };)*
        /// The codes of this module.
        pub static CODES: &[&About] = &[$(&$name),*];
    };
}

abouts! {
    BLOCKED = "B1401" Refused "Something in the plan cannot work or would be a guess. Nothing was \
        written.", "read the blockers: blackstart plan shows each with its code";
    NOT_CONFIRMED = "B1402" Refused "A cluster is written to only when a person has named it. \
        --yes never stands in for that.", "add --confirm-target NAME";
    WRONG_NAME = "B1403" Refused "The name typed is not the name of the target. Nothing was \
        written.", "check which cluster you mean: blackstart target list";
    NOT_SEEN = "B1404" Refused "For a standby or production target, plan and replay are two steps, \
        unless a person at a terminal sees the plan and confirms it.",
        "blackstart plan --out FILE, read it, then blackstart replay --plan FILE";
    CHANGED = "B1405" Refused "The target or the bundle changed since the plan was made, so that \
        something else would happen than was approved. Nothing was written.",
        "make and read a new plan";
    OTHER = "B1406" Refused "A plan is bound to one target and one bundle, and this is another. \
        Nothing was written.", "make a plan for this target and bundle";
    FILE = "B1407" Integrity "The file is not a plan as it was written: its digest does not hold.",
        "make the plan again: blackstart plan --out FILE";
    MISSING = "B1408" Integrity "What the bundle renders to is not what the plan was made from; \
        another version of kustomize may build it differently.", "make a new plan on this machine";
    NO_PLAN = "B1409" Usage "A plan that was approved is named by the file that plan --out wrote, \
        or by its digest: sha256: and 64 hexadecimal digits, or at least the first 16 of them.",
        "check the path, or copy the digest from the last line of blackstart plan";
    // Warnings and blockers.
    DUPLICATE = "B1420" Refused "Two files give the same object. Which one is right cannot be \
        known.", "say which counts with --choose, remove one of them, or name only one of the \
        folders with --path";
    NO_NAMESPACE = "B1421" Refused "Objects belong to a namespace that is neither on the target nor \
        in the plan. Making it unasked could leave out its labels and quotas.",
        "add the folder that holds the namespace with --path, or make the namespace";
    ENCRYPTED = "B1422" Refused "The object is encrypted with SOPS. Applied as it is, it would \
        replace a working secret by cipher text.", "leave its folder out until it can be decrypted";
    UNKNOWN_KIND = "B1423" Incomplete "The target does not serve this kind and nothing in the plan \
        defines it. The replay waits for it, because an operator may bring it.",
        "add the folder that holds its definition with --path; or leave its objects out for a reason: \
        blackstart replay --skip KIND.GROUP --reason TEXT, s on the screens";
    DEFAULTED = "B1424" Incomplete "The object names no namespace; as with kubectl it goes to the \
        namespace default.", "write the namespace into the object or a kustomization";
    NO_SCOPE = "B1425" Incomplete "The kind belongs to the whole cluster; the namespace that the \
        object names is left out.", "remove metadata.namespace at the source";
    GENERATED = "B1426" Incomplete "A hook, or an object that asks the server to choose its name. It \
        is made once, under a name that follows from its content; where that is there, nothing is \
        done.", "nothing, if that is right; remove the object by hand to have it made again";
    FINDING = "B1427" Incomplete "A file can be read in two ways; blackstart reads it as kubectl \
        does.", "correct the file at its source";
    GROUP_DOWN = "B1428" Incomplete "An aggregated API of the target does not answer. Its kinds are \
        unknown, not absent.", "look at it: kubectl get apiservices";
    HELD = "B1429" Incomplete "Another manager holds fields of the object and wants other values. \
        They are not taken over; the object will be told as failed.",
        "decide whose value is right, and release the field or change the source";
    TWO_VERSIONS = "B1430" Incomplete "The target serves the kind, but not in this version.",
        "change the version at the source; the message names those that are served";
    SAID = "B1431" Incomplete "The API server warns about the object.",
        "read the warning; nothing is stopped by it";
    RELISTED = "B1432" Incomplete "The folder holds manifests of an earlier plan that are not in \
        this one. A replay writes apply.sh anew, so that it applies exactly this plan; the files \
        stay.", "look at them; remove the files by hand if nobody needs them";
    LEFTOVER = "B1433" Incomplete "The folder holds manifests of an earlier plan. apply.sh does not \
        apply them, but kubectl apply -f on the whole folder would.",
        "use apply.sh, or remove the files by hand if nobody needs them";
    CONTRADICTION = "B1434" Incomplete "What is written about the order of two objects (dependsOn, \
        waves, hooks, rules) is the opposite of what they seem to need. The written order holds.",
        "look at both objects; if the run waits there in vain, correct the order at its source";
    CIRCLE = "B1435" Refused "Objects need each other in a circle, so that none can be first. Each \
        one named needs the next.", "break the circle at its source: remove one of the orders";
    UNREAD = "B1436" Incomplete "An order is written that cannot be followed: it is not in the form \
        its tool reads, or names what the plan does not hold. The object is planned without it.",
        "correct the annotation at its source, or add the folder that holds what it names";
    CHOSEN = "B1438" Incomplete "An object has more than one origin, and a choice says which \
        counts. In a cluster with engines, two of them would write it in turn.",
        "nothing now; remove one of the origins when there is time";
    UNCHOSEN = "B1439" Incomplete "A choice names no object that has several origins, or an origin \
        that it does not have.", "correct it, or leave it out";
    ENGINES = "B1440" Incomplete "What tells an engine (Flux, Argo CD) what to reconcile is applied \
        so that it waits: the Git host may be gone, and an engine that runs would undo what is \
        replayed.", "when the Git host is back: flux resume, or the Application's sync policy";
    CLOCKS = "B1441" Incomplete "CronJobs are applied suspended, so that backups, reports and \
        payments do not run on half of a cluster.", "when all is well: kubectl patch cronjob NAME \
        -p '{\"spec\":{\"suspend\":false}}'";
    OUTSIDE = "B1442" Incomplete "The object acts outside of the cluster as soon as it is applied: \
        it orders load balancers, machines or certificates, writes DNS records, or alerts people. In \
        practice that takes traffic from what still runs.", "if that is not wanted now, leave it out with --exclude";
    LOCKOUT = "B1443" Incomplete "The webhook must be asked before a Pod starts, for Pods of its own \
        namespace too, and what cannot be asked is refused. When its Pods are gone, none can come \
        back.", "exclude its namespace in the namespaceSelector; in need set failurePolicy: Ignore";
    AUTOMATED = "B1444" Incomplete "The object tells Argo CD to reconcile by itself, and another \
        manager set that. Server-side apply takes away only what blackstart set itself, so Argo CD \
        goes on, and may undo what is replayed.",
        "kubectl patch application NAME -n NAMESPACE --type=merge -p \
        '{\"spec\":{\"syncPolicy\":{\"automated\":null}}}', then plan again";
    ELSEWHERE = "B1445" Incomplete "An object of an engine (Flux, Argo CD) follows a folder, or \
        installs a chart, of which nothing is in the plan. The object is applied so that it waits, so \
        what it points to stays away until the engine runs and its host answers.",
        "what the bundle holds: a at the plan on the screens, or the --path options that plan prints; \
        nothing tonight for what it does not hold";
    NO_NODES = "B1446" Incomplete "No node of the target is ready. Objects can be applied, but their \
        Pods do not run, and a replay waits for none of them.",
        "nothing, for a cluster that gets its nodes later; else look at them: kubectl get nodes";
    NO_ENGINE = "B1447" Incomplete "The plan brings objects of an engine (Flux, Argo CD), and neither \
        the plan nor the target has the controller that acts on them. They come so that they wait \
        anyway.", "nothing tonight; install the engine before its objects are to go on";
    DANGLING = "B1448" Incomplete "An object of Flux refers to a source (GitRepository, \
        OCIRepository, Bucket, HelmRepository) that is nowhere, so it does nothing, even when it is let \
        go on. The source of the cluster's own repository is made by flux bootstrap and is seldom in \
        it.", "nothing tonight; before its engine is to go on, make the source: flux bootstrap, or \
        flux create source";
    HOOK = "B1437" Incomplete "A hook that is not for bringing something up: a test, or what runs \
        at upgrades, failures, removals. It is no part of a plan.", "nothing, if that is right";
}

impl Explain for PlanError {
    fn about(&self) -> &'static About {
        match self {
            Self::Blocked { .. } => &BLOCKED,
            Self::NotConfirmed { .. } => &NOT_CONFIRMED,
            Self::WrongName { .. } => &WRONG_NAME,
            Self::NotSeen { .. } => &NOT_SEEN,
            Self::Changed { .. } => &CHANGED,
            Self::Other { .. } => &OTHER,
            Self::File { .. } => &FILE,
            Self::NoPlan { .. } => &NO_PLAN,
            Self::Missing { .. } => &MISSING,
            Self::Cluster(error) => error.about(),
            Self::Disk(error) => error.about(),
            Self::Cancelled(_) => &CANCELLED,
        }
    }

    fn next(&self) -> String {
        match self {
            Self::NotConfirmed { target, .. } => format!("add --confirm-target {target}"),
            other => other.about().next.to_owned(),
        }
    }
}
