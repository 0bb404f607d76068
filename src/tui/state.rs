//! Everything the screens know, as plain data. Only the reducer changes it.

use std::path::PathBuf;
use std::time::Duration;

use super::job::Job;
use super::keys::Key;
use super::message::{JobId, Question, QuestionId};
use super::typed::Typed;
pub use super::view::{Screen, View};
use super::work::Work;
use crate::app::target::{Card, Class, Sign};
use crate::app::{Place, Start, Told, Which, assess, list, runs, show, status, target};
use crate::model::clock::Timestamp;
use crate::model::id::Seq;

/// What a typed field is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// What rows must contain.
    Filter,
    /// The key file of the person of this number.
    KeyFile(usize),
    /// The number of a snapshot that is accepted as it is.
    Accept,
    /// The kubeconfig of a new target.
    Kubeconfig,
    /// The name of a new target.
    TargetName,
    /// How much care a new target needs.
    Class,
    /// The context of a new target.
    Context,
    /// The words of signs that are accepted.
    Signs,
    /// Why they are accepted.
    Reason,
    /// The folder to write manifests to.
    Directory,
    /// The folder to extract to.
    ExtractTo,
    /// The target's name, typed to bind the plan to it.
    Confirm,
    /// Why an object is left out.
    LeaveOut(String),
    /// Why the objects of kinds that nobody defines are left out of the plan.
    LeaveOutKinds,
    /// An answer the core waits for.
    Answer(Question),
}

impl Purpose {
    /// Returns whether a path is typed.
    pub fn is_path(&self) -> bool {
        matches!(self, Self::KeyFile(_) | Self::Kubeconfig | Self::Directory | Self::ExtractTo)
    }
}

/// What lies on top of a screen.
#[derive(Debug)]
pub enum Popup {
    /// Something is typed, and owns the keyboard.
    Field {
        /// What for.
        purpose: Purpose,
        /// What is there.
        text: Typed,
        /// What is wrong with what was typed before.
        wrong: Option<String>,
        /// What it may go on with.
        names: Vec<String>,
    },
    /// The core asks for one of two.
    Choice {
        /// The question.
        question: Question,
        /// The row under the cursor.
        cursor: usize,
    },
    /// Something went wrong.
    Problem(Told),
    /// Leave while something runs?
    Leave {
        /// The row under the cursor.
        cursor: usize,
    },
}

/// Something that is looked up.
#[derive(Clone, Debug, Default)]
pub enum Known<T> {
    /// Not asked for yet.
    #[default]
    No,
    /// On its way.
    Asked,
    /// Here.
    Yes(T),
    /// Could not be found out.
    Failed(Told),
}

impl<T> Known<T> {
    /// Returns it, when it is here.
    pub fn get(&self) -> Option<&T> {
        match self {
            Self::Yes(known) => Some(known),
            _ => None,
        }
    }
}

/// What was looked up.
#[derive(Debug, Default)]
pub struct Facts {
    /// The newest snapshot.
    pub status: Known<status::Report>,
    /// What answers, and what to do.
    pub assess: Known<Box<assess::Report>>,
    /// All snapshots.
    pub list: Known<list::Report>,
    /// The snapshot in view, without keys.
    pub bundle: Known<show::Report>,
    /// The opened snapshot.
    pub opened: Known<show::Report>,
    /// Clusters with names.
    pub targets: Known<target::List>,
    /// What was replayed, and what is unfinished.
    pub runs: Known<runs::List>,
    /// The run in view.
    pub run: Known<Box<runs::Detail>>,
}

/// Why a bundle is opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Goal {
    /// To look at what is in it.
    #[default]
    Look,
    /// To take repositories out.
    Extract,
    /// To rebuild a cluster.
    Rebuild,
}

/// A target that gets its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The kubeconfig, as it was typed.
    pub kubeconfig: String,
    /// The name.
    pub name: String,
    /// How much care it needs.
    pub class: Class,
    /// The context; the file's own when empty.
    pub context: String,
    /// Signs that do not fit the class and are accepted, by their words.
    pub accept: Vec<Sign>,
    /// Why they are.
    pub reason: String,
}

impl Default for Draft {
    fn default() -> Self {
        // Whoever does not know takes the most care.
        Self {
            kubeconfig: String::new(),
            name: String::new(),
            class: Class::Production,
            context: String::new(),
            accept: Vec::new(),
            reason: String::new(),
        }
    }
}

/// How a plan in view can be confirmed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Confirming {
    /// It cannot.
    #[default]
    Not,
    /// The core waits for the target's name.
    Asked(QuestionId),
    /// By its digest, in a new job.
    ByDigest,
}

/// Everything.
#[derive(Debug)]
pub struct State {
    /// Whether pages are told in lines, which are answered without keys.
    pub in_lines: bool,
    /// Columns and rows.
    pub size: (u16, u16),
    /// The wall clock.
    pub now: Timestamp,
    /// Since the start.
    pub elapsed: Duration,
    /// Where to read.
    pub place: Place,
    /// Key files of people who open.
    pub identities: Vec<PathBuf>,
    /// The user's home, for paths that begin with `~/`.
    pub home: Option<PathBuf>,
    /// Which snapshot.
    pub which: Which,
    /// A number that was typed to accept it.
    pub accept: Option<Seq>,
    /// The screens, the first below all others.
    pub views: Vec<View>,
    /// What lies on top.
    pub popups: Vec<Popup>,
    /// What was looked up.
    pub facts: Facts,
    /// Why a bundle is opened.
    pub goal: Goal,
    /// A target that gets its name.
    pub draft: Draft,
    /// The target that was chosen.
    pub target: Option<Card>,
    /// How the plan in view can be confirmed.
    pub binding: Confirming,
    /// What goes on with the run without an object, once it has stopped.
    pub going_on: Option<Job>,
    /// The plans before the one in view, by what was chosen at each.
    pub earlier: Vec<Job>,
    /// What is done or was done last.
    pub work: Option<Work>,
    /// Looks that are under way.
    pub looks: Vec<(JobId, Job)>,
    /// The number of the last job.
    pub last_job: JobId,
    /// A word about what was just done.
    pub said: Option<String>,
    /// What could not be copied, to be printed at the end.
    pub copied: Vec<String>,
    /// The job whose question a person left without an answer.
    pub left: Option<JobId>,
    /// Whether a path that was typed is being looked at, and the keys that were pressed meanwhile.
    pub looked_at: Option<Vec<Key>>,
    /// The exit code to leave with once nothing runs any more.
    pub leaving: Option<u8>,
}

impl State {
    /// Begins with what was said at the start.
    pub fn new(start: &Start, home: Option<PathBuf>, size: (u16, u16), now: Timestamp) -> Self {
        Self {
            in_lines: false,
            size,
            now,
            elapsed: Duration::ZERO,
            place: start.place.clone(),
            identities: start.identities.clone(),
            home,
            which: Which::Latest,
            accept: None,
            views: vec![View::new(Screen::Home)],
            popups: Vec::new(),
            facts: Facts::default(),
            goal: Goal::Look,
            draft: Draft::default(),
            target: None,
            binding: Confirming::Not,
            going_on: None,
            earlier: Vec::new(),
            work: None,
            looks: Vec::new(),
            last_job: 0,
            said: None,
            copied: Vec::new(),
            left: None,
            looked_at: None,
            leaving: None,
        }
    }

    /// Returns the screen on top, below any popup.
    pub fn screen(&self) -> &Screen {
        // Home is never taken away.
        self.views.last().map_or(&Screen::Home, |view| &view.screen)
    }

    /// Returns the view on top, below any popup.
    pub fn view(&self) -> Option<&View> {
        self.views.last()
    }

    /// Returns the row under the cursor.
    pub fn cursor(&self) -> usize {
        self.view().map_or(0, |view| view.cursor)
    }

    /// Returns what lies on top.
    pub fn popup(&self) -> Option<&Popup> {
        self.popups.last()
    }

    /// Returns whether the screen on top is one of these, and nothing lies on it.
    pub fn on(&self, which: fn(&Screen) -> bool) -> bool {
        self.popups.is_empty() && which(self.screen())
    }

    /// Returns whether somebody types.
    pub fn types(&self) -> bool {
        matches!(self.popup(), Some(Popup::Field { .. }))
    }

    /// Returns whether work runs.
    pub fn works(&self) -> bool {
        self.work.as_ref().is_some_and(Work::runs)
    }

    /// Returns whether work waits for a name that is typed: nothing is written, and whoever leaves
    /// needs not wait for anything.
    pub fn waits_for_name(&self) -> bool {
        matches!(self.binding, Confirming::Asked(_))
    }

    /// Returns whether work runs that should be stopped safely.
    pub fn stops(&self) -> bool {
        self.works() && !self.waits_for_name()
    }

    /// Returns whether one came by the way on which nothing is changed.
    pub fn only_looks(&self) -> bool {
        self.views.iter().any(|view| view.screen == Screen::Look)
    }

    /// Returns whether the terminal is large enough to be drawn on.
    pub fn fits(&self) -> bool {
        self.size.0 >= 40 && self.size.1 >= 12
    }
}
