//! What can be in a journal. Items are named by their place in the plan, which lies beside it.

use serde::{Deserialize, Serialize};

use crate::model::clock::Timestamp;
use crate::model::digest::Digest;
use crate::object::Stage;
use crate::replay::choices::Choices;
use crate::replay::outcome::Verdict;
use crate::target::Binding;

/// The version of this format.
pub(super) const FORMAT_VERSION: u32 = 1;

/// How a person bound the run to the plan and its target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Consent {
    /// The target's name as it was typed.
    pub typed: Option<String>,
    /// How the plan was seen: `nothing`, `terminal`, `plan`.
    pub seen: String,
}

/// The first record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Opening {
    /// The version of the journal's format.
    pub format_version: u32,
    /// The run's name.
    pub run: String,
    /// The program that began it.
    pub tool: String,
    /// Who and where.
    pub operator: String,
    /// The bundle's digest.
    pub bundle: Digest,
    /// The snapshot's number.
    pub seq: u64,
    /// The plan's digest.
    pub plan: Digest,
    /// How many objects the plan has.
    pub objects: usize,
    /// The target.
    pub target: Binding,
    /// What did not fit the target's class, and why a person accepted it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accepted: Vec<String>,
    /// How it was approved.
    pub consent: Consent,
    /// What a person chose.
    pub choices: Choices,
    /// The options that say where bundle and keys were, as a command line has them. For people: a
    /// resume takes them only from its own command line.
    pub place: String,
}

impl Opening {
    /// Returns the version that this program writes.
    pub fn current_version() -> u32 {
        FORMAT_VERSION
    }
}

/// What is asked of the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Call {
    /// Server-side apply.
    Apply,
    /// Server-side apply that takes over fields of others, because a person named the object.
    TakeOver,
    /// Made once and never again.
    Create,
}

/// One record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Record {
    /// The run begins.
    Run(Box<Opening>),
    /// Somebody goes on with it.
    Resumed {
        /// The program.
        tool: String,
        /// Who and where.
        operator: String,
        /// What a person chose now, together with all chosen before.
        choices: Box<Choices>,
    },
    /// The lease in the cluster was taken, taken over, lost or given back.
    Lease {
        /// `taken`, `taken-over`, `lost`, `released`.
        what: String,
        /// Who holds it, or held it before.
        holder: String,
    },
    /// A stage begins: the target said again who it is.
    Stage {
        /// Which stage.
        stage: Stage,
        /// The UID that it said.
        uid: String,
    },
    /// Objects that were as they should be: nothing is sent for them.
    Found {
        /// Which objects.
        items: Vec<usize>,
    },
    /// A call is about to be made.
    Intent {
        /// Which object.
        item: usize,
        /// The same, for people.
        object: String,
        /// The digest of what is sent.
        hash: Digest,
        /// What is asked.
        call: Call,
        /// The name it gets, where the object has none of its own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    /// The target has the object.
    Done {
        /// Which object.
        item: usize,
        /// Its UID.
        uid: String,
        /// Its resource version.
        version: String,
        /// `created`, `configured`, `unchanged`.
        action: String,
        /// How many warnings the server gave.
        warnings: usize,
        /// How long the call took.
        millis: u64,
    },
    /// The object is ready.
    Ready {
        /// Which object.
        item: usize,
    },
    /// The object is waited for, for the first time.
    Wait {
        /// Which object.
        item: usize,
        /// Why, as a code.
        code: String,
    },
    /// The object was given up.
    Failed {
        /// Which object.
        item: usize,
        /// Why, as a code.
        code: String,
    },
    /// The object is not tried because of another.
    Held {
        /// Which object.
        item: usize,
        /// What it needs.
        needs: usize,
    },
    /// The object is left out because a person said so.
    LeftOut {
        /// Which object.
        item: usize,
        /// The reason they gave.
        reason: String,
    },
    /// The run ends before its end, and can be resumed.
    Stopped {
        /// Why, as a code.
        code: String,
    },
    /// The run came to its end.
    Finished {
        /// How.
        verdict: Verdict,
    },
}

/// A line of the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Line {
    /// Counted from 1.
    pub(super) n: u64,
    /// The digest of the line before, zero for the first.
    pub(super) prev: Digest,
    /// When it was written.
    pub(super) at: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub(super) record: Record,
}
