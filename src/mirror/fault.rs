//! Why an update stopped, and reading that from what programs and servers say.

use crate::disk::DiskError;
use crate::model::safe::safe;
use crate::repo::RepoError;

use super::outcome::{Fault, RepoState, Whose};
use super::probe::Step;

/// Longer explanations are cut.
const LENGTH: usize = 600;

/// An update that stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    /// What the repository counts as; [`RepoState::Never`] where there is no copy to keep.
    pub(super) state: RepoState,
    pub(super) fault: Fault,
    /// Whether every other repository of the host would fail the same way.
    pub(super) host: bool,
    /// How far it came.
    pub(super) step: Step,
}

impl Trouble {
    pub(super) fn new(state: RepoState, whose: Whose, what: impl AsRef<str>) -> Self {
        let mut what = safe(what.as_ref());
        if what.len() > LENGTH {
            let end = (0..=LENGTH).rev().find(|at| what.is_char_boundary(*at)).unwrap_or(0);
            what.truncate(end);
            what.push('…');
        }
        Self { state, fault: Fault { whose, what }, host: false, step: Step::Git }
    }

    /// The source failed.
    pub(super) fn theirs(what: impl AsRef<str>) -> Self {
        Self::new(RepoState::Carried, Whose::Them, what)
    }

    /// The configuration is wrong.
    pub(super) fn yours(what: impl AsRef<str>) -> Self {
        Self::new(RepoState::Carried, Whose::You, what)
    }

    /// This machine failed.
    pub(super) fn here(what: impl AsRef<str>) -> Self {
        Self::new(RepoState::Carried, Whose::Here, what)
    }

    /// The source must not be mirrored.
    pub(super) fn refused(what: impl AsRef<str>) -> Self {
        Self::new(RepoState::Refused, Whose::Them, what)
    }

    /// The source is not there any more.
    pub(super) fn gone(what: impl AsRef<str>) -> Self {
        Self::new(RepoState::Gone, Whose::Them, what)
    }

    /// The source lacks objects.
    pub(super) fn hole(what: impl AsRef<str>) -> Self {
        Self::new(RepoState::HoleAtSource, Whose::Them, what)
    }

    /// Says that the whole host is affected.
    pub(super) fn of_host(mut self) -> Self {
        self.host = true;
        self
    }

    /// Says which step it was.
    pub(super) fn at(mut self, step: Step) -> Self {
        self.step = step;
        self
    }
}

impl From<RepoError> for Trouble {
    fn from(error: RepoError) -> Self {
        Self::here(error.to_string())
    }
}

impl From<DiskError> for Trouble {
    fn from(error: DiskError) -> Self {
        Self::here(error.to_string())
    }
}

/// Makes trouble of what was said.
type Reading = fn(&str) -> Trouble;

/// What is said, in lower case, and what it means. The first that fits counts.
const WORDS: &[(&str, Reading)] = &[
    ("remote host identification has changed", |_| {
        Trouble::new(
            RepoState::Refused,
            Whose::You,
            "the host key has CHANGED: someone may be in between; compare it with the host's \
             owner before you touch known_hosts",
        )
        .at(Step::Key)
    }),
    ("host key verification failed", |_| {
        let what = "the host key is not known; add it to known_hosts after comparing it with the \
                    host's owner";
        Trouble::new(RepoState::Refused, Whose::You, what).of_host().at(Step::Key)
    }),
    ("permission denied (", |_| {
        Trouble::yours("the host accepts none of the ssh keys that were offered").at(Step::Login)
    }),
    ("too many authentication failures", |_| {
        Trouble::yours("the host accepts none of the ssh keys that were offered").at(Step::Login)
    }),
    ("could not resolve hostname", |said| Trouble::theirs(said).of_host().at(Step::Name)),
    ("connection refused", |said| Trouble::theirs(said).of_host().at(Step::Tcp)),
    ("no route to host", |said| Trouble::theirs(said).of_host().at(Step::Tcp)),
    ("network is unreachable", |said| Trouble::theirs(said).of_host().at(Step::Tcp)),
    ("connection timed out", |said| Trouble::theirs(said).of_host().at(Step::Tcp)),
    ("during banner exchange", |said| Trouble::theirs(said).of_host().at(Step::Tcp)),
    ("dubious ownership", |said| Trouble::yours(said)),
    ("shallow remotes is prohibited", |_| {
        Trouble::refused(
            "the source is shallow: its history ends before its beginning, so a copy of it would \
             look whole and not be",
        )
    }),
    ("does not appear to be a git repository", |said| Trouble::gone(said)),
    ("repository not found", |said| Trouble::gone(said)),
    ("project you were looking for could not be found", |said| Trouble::gone(said)),
    ("possible repository corruption on the remote", |_| {
        Trouble::hole("the source is damaged: it lacks objects that its own refs need")
    }),
    ("unable to read", |said| Trouble::hole(said)),
    ("missing blob", |said| Trouble::hole(said)),
    ("bad tree object", |said| Trouble::hole(said)),
    ("upload-pack: not our ref", |said| Trouble::theirs(said)),
    ("transport handshake failed", |said| {
        Trouble::theirs(format!("it does not speak Git's protocol as it should: {said}"))
    }),
    ("unknownissuer", |_| {
        Trouble::yours(
            "its certificate is of a CA that this machine does not know; if the CA is yours, name \
             it with ca-file",
        )
        .of_host()
    }),
    ("no space left", |said| Trouble::here(said)),
    ("too large to fit in memory", |_| {
        Trouble::refused("an object in it is larger than the limit")
    }),
];

/// Reads an explanation out of what a program or a library said.
pub(super) fn explained(said: &str) -> Option<Trouble> {
    let lower = said.to_lowercase();
    WORDS.iter().find(|(word, _)| lower.contains(word)).map(|(_, trouble)| trouble(said))
}

/// Joins an error and its causes in one line, none twice.
pub(super) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = String::new();
    let mut at = Some(error);
    while let Some(error) = at {
        let line = error.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        if !line.is_empty() && !text.contains(&line) {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&line);
        }
        at = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_host_key_stops_loudly() {
        let said =
            "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @ / Host key verification failed.";
        let trouble = explained(said).unwrap();
        assert_eq!((trouble.state, trouble.fault.whose), (RepoState::Refused, Whose::You));
        assert!(trouble.fault.what.contains("CHANGED"));
    }

    #[test]
    fn what_is_said_is_made_safe_and_cut() {
        let trouble = Trouble::theirs(format!("\u{1b}[2J{}", "ä".repeat(1000)));
        assert!(trouble.fault.what.starts_with("\\u{1b}") && trouble.fault.what.len() < 700);
        assert_eq!(explained("something else"), None);
    }
}
