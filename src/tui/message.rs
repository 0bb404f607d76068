//! What the reducer is told, and what it wants done: all of it plain data.

use std::path::PathBuf;
use std::time::Duration;

use super::job::{Job, Report};
use super::keys::{Action, Key};
use super::typed::Typed;
use crate::app::plan::Plan;
use crate::app::resume;
use crate::app::signals::Signal;
use crate::app::typed_path::Completed;
pub use crate::app::typed_path::typed_path;
use crate::app::{Passphrase, Told, program, text};
use crate::model::clock::Timestamp;
use crate::model::event::Event;
use crate::model::safe::safe;

/// The number of a job.
pub type JobId = u64;
/// The number of a question.
pub type QuestionId = u64;

/// Something that happened.
#[derive(Debug)]
pub enum Message {
    /// A key was pressed.
    Key(Key),
    /// Something was done by its name; keys become this.
    Act(Action),
    /// Text was pasted.
    Paste(String),
    /// A whole answer was given to what is being typed.
    Submit(Typed),
    /// The terminal has another size.
    Resize(u16, u16),
    /// Time has passed.
    Tick {
        /// The wall clock.
        now: Timestamp,
        /// Since the start.
        elapsed: Duration,
    },
    /// The core tells something.
    Event(JobId, Event),
    /// The core shows a plan that waits for a person.
    Plan(JobId, Box<Plan>),
    /// A run goes on: its plan, and the places of what is done already.
    Resumed(JobId, Box<Plan>, resume::Done),
    /// The core asks a person.
    Question(Question),
    /// The core shows a person something to do, such as to touch a key.
    Word(JobId, String),
    /// A job has ended.
    Done(JobId, Box<Result<Report, Told>>),
    /// A job has ended by a bug.
    Broken(JobId, String),
    /// What is known now of a path that is being typed.
    Path(PathAnswer),
    /// The system asks for an end.
    Signal(Signal),
}

/// A question of the core.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Its number.
    pub id: QuestionId,
    /// Who asks.
    pub job: JobId,
    /// What is asked.
    pub text: String,
    /// What kind of answer is expected.
    pub wants: Wants,
}

/// What kind of answer is expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wants {
    /// A passphrase, which does not show.
    Passphrase,
    /// Words.
    Words,
    /// One of two.
    Choice {
        /// What yes is called.
        yes: String,
        /// What no is called.
        no: String,
    },
}

/// What the screens ask of a path that is being typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathQuestion {
    /// Can this be a key file?
    KeyFile(PathBuf),
    /// What does it go on with? The second is the user's home.
    Complete(String, Option<PathBuf>),
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathAnswer {
    /// Whether it can be a key file, and why not.
    KeyFile(PathBuf, Result<(), String>),
    /// What was typed, and what it goes on with.
    Completed(String, Completed),
}

/// An answer.
#[derive(Clone, Debug)]
pub enum Reply {
    /// A passphrase.
    Passphrase(Passphrase),
    /// Words.
    Words(String),
    /// The first of two, or not.
    Choice(bool),
}

/// Something to be done outside.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "there are few at a time")]
pub enum Effect {
    /// Begin a job.
    Start(JobId, Job),
    /// Ask a job to stop at its next safe point.
    Stop(JobId),
    /// Ask a job to begin no further wave.
    Hold(JobId),
    /// Take that back.
    GoOn(JobId),
    /// Answer a question; nobody answers where there is no reply.
    Reply(QuestionId, Option<Reply>),
    /// Look at a path that is being typed.
    Path(PathQuestion),
    /// Give a command to the clipboard.
    Copy(String),
    /// Draw everything anew.
    Repaint,
    /// End.
    Quit(Ending),
}

/// What was copied is said with this before it.
pub(super) const COPIED: &str = "copied: ";

/// How it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// The exit code.
    pub code: u8,
    /// What stays on the normal screen.
    pub lines: Vec<String>,
}

impl Ending {
    /// Returns its lines, safe, none of them broken inside a word: what was copied is read and typed
    /// from here where the terminal did not take it.
    pub fn shown(&self, width: usize) -> Vec<String> {
        let shown = |line: &String| {
            let line = safe(line);
            match line.strip_prefix(COPIED).filter(|_| line.chars().count() > width) {
                Some(text) if text.starts_with(&format!("{} ", program())) => {
                    let lines = text::command(text, width);
                    std::iter::once(COPIED.trim_end().to_owned()).chain(lines).collect()
                }
                Some(_) => text::words(&line, width),
                None => vec![line],
            }
        };
        self.lines.iter().flat_map(shown).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_copied_is_not_broken_inside_a_word() {
        let lines =
            ["copied: blackstart resume r --skip aaaa bb", "copied: it is so", "wave 1 is done"];
        let ending = Ending { code: 0, lines: lines.map(str::to_owned).to_vec() };
        assert_eq!(
            ending.shown(20),
            [
                "copied:",
                "blackstart resume \\",
                "r --skip aaaa bb",
                "copied: it is so",
                "wave 1 is done"
            ]
        );
        let narrow = ending.shown(12);
        assert!(narrow.ends_with(&["copied: it", "is so", "wave 1 is done"].map(str::to_owned)));
    }
}
