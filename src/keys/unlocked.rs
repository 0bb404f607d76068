//! What a person has unlocked and goes on using: nobody types the same passphrase, or touches the
//! same key, for every step of one evening.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::epoch::EpochKey;
use super::error::KeysError;
use super::identity::Identities;
use super::prompt::Prompt;

/// Epoch keys that were taken out of their seals, each with the key files that did it. They are in
/// this process's memory alone, and wiped when the last handle goes.
#[derive(Clone, Debug, Default)]
pub struct Unlocked(Arc<Mutex<Vec<Kept>>>);

#[derive(Debug)]
struct Kept {
    by: Vec<PathBuf>,
    key: EpochKey,
}

impl Unlocked {
    /// Loads whoever opens what is encrypted to the epoch key `recipient`. The same key files that
    /// have opened it before are not read again, and nobody is asked.
    pub fn load(
        &self,
        paths: &[PathBuf],
        recipient: &str,
        prompt: &dyn Prompt,
    ) -> Result<Identities, KeysError> {
        if let Some(key) = self.find(paths, recipient) {
            return Ok(Identities::of_epoch(&key));
        }
        let keep = Keep { all: self.clone(), by: paths.to_vec() };
        Ok(Identities::load(paths, prompt)?.kept_in(keep))
    }

    fn find(&self, paths: &[PathBuf], recipient: &str) -> Option<EpochKey> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |kept: &&Kept| kept.by == paths && kept.key.recipient() == recipient;
        all.iter().find(fits).map(|kept| kept.key.clone())
    }
}

/// Where to keep what these key files unlock.
#[derive(Debug)]
pub(super) struct Keep {
    all: Unlocked,
    by: Vec<PathBuf>,
}

impl Keep {
    /// Keeps a key that has proven to be the right one.
    pub(super) fn take(&self, key: &EpochKey) {
        if self.all.find(&self.by, &key.recipient()).is_none() {
            let kept = Kept { by: self.by.clone(), key: key.clone() };
            self.all.0.lock().unwrap_or_else(PoisonError::into_inner).push(kept);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::identity::new_protected;
    use super::super::prompt::tests::Says;
    use super::super::prompt::{NoPrompt, Passphrase};
    use super::*;

    #[test]
    fn who_has_opened_is_not_asked_again_and_nobody_else_gets_in() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ada.key");
        let (text, _) = new_protected(&Passphrase::new("correct horse".into())).unwrap();
        std::fs::write(&path, text).unwrap();
        let (ada, eve) = ([path], [folder.path().join("eve.key")]);
        let unlocked = Unlocked::default();
        let key = EpochKey::generate(3);
        let recipient = key.recipient();

        assert!(unlocked.load(&ada, &recipient, &Says("battery staple")).is_err());
        let loaded = unlocked.load(&ada, &recipient, &Says("correct horse")).unwrap();
        // Loaded is not opened: nothing is kept before a seal gave the key.
        assert!(unlocked.load(&ada, &recipient, &NoPrompt).is_err());
        loaded.keep(&key);
        let again = unlocked.load(&ada, &recipient, &NoPrompt).unwrap();
        assert_eq!(again.epoch_key(3, &recipient).unwrap().recipient(), recipient);

        let other = EpochKey::generate(4).recipient();
        assert!(unlocked.load(&ada, &other, &NoPrompt).is_err(), "another epoch");
        assert!(unlocked.load(&eve, &recipient, &NoPrompt).is_err(), "other people");
        assert!(Unlocked::default().load(&ada, &recipient, &NoPrompt).is_err(), "another process");
        assert!(!format!("{unlocked:?}").contains("SECRET"));
    }
}
