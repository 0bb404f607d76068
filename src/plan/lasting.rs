//! What is still so when a plan was carried out: nobody runs what is there, something is missing, or
//! something waits on purpose. Whoever is told that a replay is complete is told this, too.

use super::elsewhere::LATER;
use super::error::{CLOCKS, DANGLING, ELSEWHERE, ENGINES, NO_ENGINE, NO_NODES};
use super::value::{Note, Plan};

/// What makes "complete" less than it sounds, the most important first.
const LIMITS: [&str; 4] = [NO_NODES.code, NO_ENGINE.code, DANGLING.code, ELSEWHERE.code];
/// Stands between what nobody runs and what that means, which a sentence for others leaves out.
pub(super) const SO: &str = "; ";

impl Note {
    /// Returns whether it tells of what the plan lacks.
    pub fn is_elsewhere(&self) -> bool {
        self.code == ELSEWHERE.code
    }

    /// Returns whether it tells that no node of the target is ready.
    pub fn is_nodeless(&self) -> bool {
        self.code == NO_NODES.code
    }

    /// Returns whether it makes "complete" less than it sounds.
    pub fn limits(&self) -> bool {
        self.rank() < LIMITS.len()
    }

    fn rank(&self) -> usize {
        LIMITS.iter().position(|code| *code == self.code).unwrap_or(LIMITS.len())
    }

    /// Returns it without what is to be done about it, for a sentence.
    pub fn in_short(&self) -> &str {
        let end = if self.is_elsewhere() { LATER } else { SO };
        self.text.split(end).next().unwrap_or_default()
    }

    /// Returns what a person has to do about it before anything runs.
    pub fn to_do(&self) -> Option<String> {
        if self.is_nodeless() {
            return Some("give the target nodes".to_owned());
        }
        let engine = self.text.split_once(" is not ").filter(|_| self.code == NO_ENGINE.code);
        engine.map(|(engine, _)| format!("install {engine}"))
    }

    /// Returns whether it is still so when the plan was carried out.
    pub fn lasts(&self) -> bool {
        self.limits() || self.is_asleep()
    }

    /// Returns whether it tells of what is applied so that it waits.
    pub fn is_asleep(&self) -> bool {
        self.is_engine() || self.is_clock()
    }

    /// Returns whether it tells of engines that are applied so that they wait.
    pub fn is_engine(&self) -> bool {
        self.code == ENGINES.code
    }

    /// Returns whether it tells of CronJobs that are applied so that they wait.
    pub fn is_clock(&self) -> bool {
        self.code == CLOCKS.code
    }
}

impl Plan {
    /// Returns what is still so when the plan was carried out, the most important first: what nobody
    /// runs, what the plan does not hold, and what was applied so that it waits.
    pub fn lasting(&self) -> Vec<Note> {
        let mut notes: Vec<_> = self.warnings.iter().filter(|note| note.lasts()).cloned().collect();
        notes.sort_by_key(Note::rank);
        notes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_says_it_in_short() {
        let note = |code: &str, text: &str| Note { code: code.into(), text: text.into() };
        let missing = format!("a follows ./b, which neither plan nor bundle holds{LATER}it comes");
        let missing = note(ELSEWHERE.code, &missing);
        assert_eq!(missing.in_short(), "a follows ./b, which neither plan nor bundle holds");
        assert_eq!((missing.limits(), missing.to_do()), (true, None));
        let engine = note(NO_ENGINE.code, "Argo CD is not installed; its objects wait anyway");
        assert_eq!(engine.in_short(), "Argo CD is not installed");
        assert_eq!(engine.to_do().as_deref(), Some("install Argo CD"));
        let asleep = note(ENGINES.code, "Argo CD is not asleep");
        assert_eq!((asleep.lasts(), asleep.limits(), asleep.to_do()), (true, false, None));
        assert!(!note("B1423", "").lasts());
    }
}
