//! Which screens there are, and where one is on one of them.

use crate::model::id::Seq;

/// A screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Screen {
    /// What we hold, what is broken, what to do.
    Home,
    /// Why to wait, and what to do meanwhile.
    Wait,
    /// How to practise.
    Practise,
    /// Everything that can be looked at.
    Look,
    /// With whose keys to open.
    Open,
    /// All snapshots.
    Bundles,
    /// One snapshot, as far as it shows without a key.
    Bundle(Seq),
    /// What is in the opened bundle.
    Repos,
    /// One repository of it.
    Repo(usize),
    /// Clusters with names.
    Targets,
    /// A name for another cluster.
    NewTarget,
    /// What was replayed, and what is unfinished.
    Runs,
    /// One run.
    Run(String),
    /// What would be done to the target.
    Plan,
    /// The plan, object by object.
    Objects,
    /// One object of the plan, by its place in it.
    Object(usize),
    /// What is being done, and how it ended.
    Work,
    /// What was said meanwhile.
    Log,
    /// Everything that somebody needs who takes a run over: the one of this name, else the work's.
    HandOver(Option<String>),
    /// The sentence for the incident channel, as it was copied.
    Tell(String),
    /// The keys of another screen, by their places in the table, words and codes.
    Help(Box<Self>, Vec<usize>),
    /// What a code means.
    Code(&'static str),
}

impl Screen {
    pub(super) fn is_home(&self) -> bool {
        *self == Self::Home
    }
    pub(super) fn is_help(&self) -> bool {
        matches!(self, Self::Help(..))
    }
    pub(super) fn is_plan(&self) -> bool {
        *self == Self::Plan
    }
    pub(super) fn is_repos(&self) -> bool {
        *self == Self::Repos
    }
    pub(super) fn is_targets(&self) -> bool {
        *self == Self::Targets
    }
    pub(super) fn is_work(&self) -> bool {
        *self == Self::Work
    }
    /// Whether it is about the work that is done or was done last.
    pub(super) fn is_of_work(&self) -> bool {
        matches!(
            self,
            Self::Work
                | Self::Plan
                | Self::Objects
                | Self::Object(_)
                | Self::Log
                | Self::HandOver(None)
        )
    }
    pub(super) fn is_snapshot(&self) -> bool {
        matches!(self, Self::Bundle(_) | Self::Repos)
    }
    pub(super) fn has_choices(&self) -> bool {
        matches!(self, Self::Home | Self::Look | Self::Open | Self::NewTarget)
    }
    pub(super) fn is_list(&self) -> bool {
        matches!(
            self,
            Self::Bundles
                | Self::Bundle(_)
                | Self::Repos
                | Self::Targets
                | Self::Runs
                | Self::Objects
                | Self::Help(..)
        )
    }
    pub(super) fn has_filter(&self) -> bool {
        matches!(
            self,
            Self::Bundles
                | Self::Repos
                | Self::Targets
                | Self::Runs
                | Self::Objects
                | Self::Log
                | Self::Help(..)
        )
    }
    pub(super) fn can_look_again(&self) -> bool {
        matches!(
            self,
            Self::Home
                | Self::Bundles
                | Self::Bundle(_)
                | Self::Targets
                | Self::Runs
                | Self::Run(_)
        )
    }
    pub(super) fn is_run(&self) -> bool {
        matches!(self, Self::Run(_))
    }
    pub(super) fn is_hand_over(&self) -> bool {
        matches!(self, Self::HandOver(_))
    }
    pub(super) fn is_read(&self) -> bool {
        matches!(self, Self::Wait | Self::Practise)
    }
}

/// A screen with where one is on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// Which.
    pub screen: Screen,
    /// The row under the cursor.
    pub cursor: usize,
    /// Whether somebody has moved the cursor.
    pub moved: bool,
    /// The first line seen, where it does not follow the cursor.
    pub scroll: Option<usize>,
    /// What rows must contain.
    pub filter: String,
}

impl View {
    /// Begins at the top.
    pub fn new(screen: Screen) -> Self {
        Self { screen, cursor: 0, moved: false, scroll: None, filter: String::new() }
    }
}
