//! The port through which keys ask a person. "Nobody is there" is a legal answer.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

/// Words that unlock something. Zeroized when dropped; never shown.
#[derive(Clone)]
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// Takes over the words.
    pub fn new(words: String) -> Self {
        Self(Zeroizing::new(words))
    }

    /// Returns the words. Every caller of this is a place to look at.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(…)")
    }
}

/// Asks the person at the terminal, if there is one.
pub trait Prompt: Send + Sync {
    /// Asks for the passphrase of `what`; `None` when there is nobody to ask.
    fn passphrase(&self, what: &str) -> Option<Passphrase>;
    /// Asks for something that may be seen, such as a choice of slots.
    fn answer(&self, question: &str) -> Option<String>;
    /// Asks yes or no; `None` when there is nobody to ask.
    fn confirm(&self, question: &str, yes: &str, no: Option<&str>) -> Option<bool>;
    /// Shows something to do, such as to touch a key.
    fn message(&self, text: &str);
    /// Returns a handle to the same person that outlives this borrow: a plugin holds its
    /// conversation on other threads.
    fn handle(&self) -> Arc<dyn Prompt>;
}

/// Nobody is there.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoPrompt;

impl Prompt for NoPrompt {
    fn passphrase(&self, _what: &str) -> Option<Passphrase> {
        None
    }
    fn answer(&self, _question: &str) -> Option<String> {
        None
    }
    fn confirm(&self, _question: &str, _yes: &str, _no: Option<&str>) -> Option<bool> {
        None
    }
    fn message(&self, _text: &str) {}
    fn handle(&self) -> Arc<dyn Prompt> {
        Arc::new(Self)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Answers every passphrase with the same words.
    #[derive(Clone)]
    pub(crate) struct Says(pub(crate) &'static str);

    impl Prompt for Says {
        fn passphrase(&self, _what: &str) -> Option<Passphrase> {
            Some(Passphrase::new(self.0.to_owned()))
        }
        fn answer(&self, _question: &str) -> Option<String> {
            None
        }
        fn confirm(&self, _question: &str, _yes: &str, _no: Option<&str>) -> Option<bool> {
            None
        }
        fn message(&self, _text: &str) {}
        fn handle(&self) -> Arc<dyn Prompt> {
            Arc::new(self.clone())
        }
    }

    #[test]
    fn a_passphrase_does_not_show() {
        assert_eq!(format!("{:?}", Passphrase::new("correct horse".into())), "Passphrase(…)");
    }
}
