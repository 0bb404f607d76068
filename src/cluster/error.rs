//! What a cluster can answer instead of what was asked, and whether asking again helps.

use crate::model::explain::{About, Explain, Kind};

/// A field that another manager holds.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct FieldConflict {
    /// The field's path, such as `.spec.replicas`.
    pub field: String,
    /// Who holds it.
    pub manager: String,
}

/// A refusal, or no answer. Texts are fit to be shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClusterError {
    /// The kubeconfig cannot be used.
    #[error("the kubeconfig cannot be used: {why}")]
    Kubeconfig {
        /// What is wrong with it.
        why: String,
    },
    /// No answer.
    #[error("{server} does not answer: {why}")]
    Unreachable {
        /// Which address.
        server: String,
        /// What happened.
        why: String,
    },
    /// The server does not know who asks.
    #[error("the cluster does not accept these credentials: {why}")]
    Unauthorized {
        /// What it said.
        why: String,
    },
    /// The credentials do not allow this.
    #[error("not allowed: {why}")]
    Forbidden {
        /// What it said.
        why: String,
    },
    /// The kind is not served, or not yet.
    #[error("the cluster does not serve {kind}")]
    NotServed {
        /// Group, version and kind.
        kind: String,
    },
    /// The namespace is not there, or not yet.
    #[error("namespace {namespace} is not there")]
    NamespaceMissing {
        /// Its name.
        namespace: String,
    },
    /// The namespace is being deleted.
    #[error("its namespace is being deleted: {why}")]
    NamespaceEnding {
        /// What the server said.
        why: String,
    },
    /// The service account that a Pod runs as is not there, or not yet.
    #[error("a service account is missing: {why}")]
    AccountMissing {
        /// What the server said.
        why: String,
    },
    /// Another manager holds fields that the object sets.
    #[error("{}", conflicts_text(fields))]
    Conflict {
        /// Which fields and who.
        fields: Vec<FieldConflict>,
    },
    /// An object of this name is there already.
    #[error("it is there already: {why}")]
    Taken {
        /// What the server said.
        why: String,
    },
    /// Somebody else has written the object since it was read.
    #[error("somebody else has written it meanwhile: {why}")]
    Overtaken {
        /// What the server said.
        why: String,
    },
    /// The object is not valid.
    #[error("the cluster refuses the object: {why}")]
    Invalid {
        /// What it said.
        why: String,
    },
    /// The object changes a field that cannot change.
    #[error("a field cannot be changed: {why}")]
    Immutable {
        /// What it said.
        why: String,
    },
    /// An admission webhook did not answer.
    #[error("the webhook {name} does not answer: {why}")]
    Webhook {
        /// Its name.
        name: String,
        /// What the server said.
        why: String,
    },
    /// The server asks to come back.
    #[error("the cluster is busy ({code}): {why}")]
    Busy {
        /// The HTTP status.
        code: u16,
        /// What it said.
        why: String,
    },
    /// The answer cannot be understood.
    #[error("the cluster's answer cannot be understood: {why}")]
    Answer {
        /// What is wrong with it.
        why: String,
    },
    /// A folder cannot take manifests.
    #[error("{path} cannot take the manifests: {why}")]
    Directory {
        /// Which folder.
        path: String,
        /// Why not.
        why: String,
    },
}

fn conflicts_text(fields: &[FieldConflict]) -> String {
    let each: Vec<_> =
        fields.iter().map(|held| format!("{} holds {}", held.manager, held.field)).collect();
    format!("another manager holds fields: {}", each.join(", "))
}

/// Whether the same call can succeed later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Once something else is there: a kind, a namespace, a webhook's workload.
    Wait,
    /// Once the server is well again.
    Retry,
    /// Not without a person.
    Fatal,
}

impl ClusterError {
    /// Returns whether the same call can succeed later.
    pub fn class(&self) -> Class {
        match self {
            Self::NotServed { .. }
            | Self::NamespaceMissing { .. }
            | Self::NamespaceEnding { .. }
            | Self::AccountMissing { .. }
            | Self::Webhook { .. } => Class::Wait,
            Self::Unreachable { .. }
            | Self::Busy { .. }
            | Self::Taken { .. }
            | Self::Overtaken { .. } => Class::Retry,
            _ => Class::Fatal,
        }
    }
}

macro_rules! abouts {
    ($($name:ident = $code:literal $kind:ident $meaning:literal, $next:literal;)*) => {
        $(static $name: About =
            About { code: $code, kind: Kind::$kind, meaning: $meaning, next: $next };)*
        /// The codes of this module.
        pub static CODES: &[&About] = &[$(&$name),*];
    };
}

abouts! {
    KUBECONFIG = "B1101" Usage "The kubeconfig lacks something, or something in it is not what it \
        should be. It is read from the file that was named and from nowhere else; KUBECONFIG and \
        ~/.kube/config are not consulted.", "name another file or context: blackstart target add";
    UNREACHABLE = "B1102" Failed "The cluster's API gave no answer: the connection failed, broke or \
        took too long. Nothing was done that is not told above.",
        "check that the address is right and reachable from here, then run the same command again";
    UNAUTHORIZED = "B1103" Failed "The API server answers but does not know these credentials. They \
        may have expired with the identity provider that is down.",
        "add the target again with credentials that work without that provider";
    FORBIDDEN = "B1104" Failed "The credentials are good but not allowed to do this.",
        "use credentials with the rights of a cluster administrator";
    NOT_SERVED = "B1105" Failed "The cluster knows no such kind. Its definition (CRD) is missing, \
        not established yet, or belongs to an aggregated API that is down.",
        "include the definition in what is replayed, or bring its API back";
    NAMESPACE_MISSING = "B1106" Failed "The object belongs to a namespace that is not there.",
        "include the namespace in what is replayed, or make it";
    NAMESPACE_ENDING = "B1107" Failed "The namespace is being deleted and takes nothing new until \
        that is done.", "wait, or look for what keeps it: kubectl get namespace NAME -o yaml";
    CONFLICT = "B1108" Failed "Another manager holds a field that this object sets to another \
        value. Fields are never taken over unasked, because someone put that value there.",
        "decide whose value is right, and release the field or change the source";
    INVALID = "B1109" Failed "The API server or an admission policy refuses the object as it is \
        written.", "correct the object at its source; the message names the field";
    IMMUTABLE = "B1110" Failed "The object is there with another value in a field that cannot be \
        changed after creation. blackstart does not delete and create it again.",
        "decide whether to delete the existing object yourself, then run again";
    WEBHOOK = "B1111" Failed "An admission webhook that must be asked gives no answer, so the API \
        server refuses. Its workload may not run yet.",
        "look at the workload behind the webhook; it must run first";
    BUSY = "B1112" Failed "The API server asked to come back later, more often than is sensible.",
        "wait until the API server is well, then run the same command again";
    ANSWER = "B1113" Failed "The answer is not what a Kubernetes API server sends. Something else \
        may listen at that address.", "check the address in the kubeconfig";
    ACCOUNT_MISSING = "B1115" Failed "A Pod runs as a service account, and that account is not \
        there. A new namespace gets its default account a moment later, from a controller.",
        "include the account in what is replayed, or look whether the controllers run";
    TAKEN = "B1116" Failed "An object of this name is there already. What is made only once is not \
        made again.", "look at the object that is there: kubectl get";
    OVERTAKEN = "B1117" Failed "Somebody else wrote the object between reading and writing it. \
        Nothing was overwritten.", "run the same command again";
    DIRECTORY = "B1114" Refused "The folder holds something else, or cannot be written. Nothing in \
        it was changed.", "name a folder that does not exist yet";
}

impl Explain for ClusterError {
    fn about(&self) -> &'static About {
        match self {
            Self::Kubeconfig { .. } => &KUBECONFIG,
            Self::Unreachable { .. } => &UNREACHABLE,
            Self::Unauthorized { .. } => &UNAUTHORIZED,
            Self::Forbidden { .. } => &FORBIDDEN,
            Self::NotServed { .. } => &NOT_SERVED,
            Self::NamespaceMissing { .. } => &NAMESPACE_MISSING,
            Self::NamespaceEnding { .. } => &NAMESPACE_ENDING,
            Self::AccountMissing { .. } => &ACCOUNT_MISSING,
            Self::Conflict { .. } => &CONFLICT,
            Self::Invalid { .. } => &INVALID,
            Self::Immutable { .. } => &IMMUTABLE,
            Self::Webhook { .. } => &WEBHOOK,
            Self::Busy { .. } => &BUSY,
            Self::Answer { .. } => &ANSWER,
            Self::Taken { .. } => &TAKEN,
            Self::Overtaken { .. } => &OVERTAKEN,
            Self::Directory { .. } => &DIRECTORY,
        }
    }
}
