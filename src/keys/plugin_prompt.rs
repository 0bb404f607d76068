//! Lets age's plugins speak through our prompt port. What a plugin says is made safe to show.

use std::sync::Arc;

use age::secrecy::SecretString;

use super::prompt::Prompt;
use crate::model::safe::safe;

/// The person, as age wants to see one.
#[derive(Clone)]
pub(super) struct PluginPrompt(pub(super) Arc<dyn Prompt>);

impl age::Callbacks for PluginPrompt {
    fn display_message(&self, message: &str) {
        self.0.message(&safe(message));
    }
    fn confirm(&self, message: &str, yes: &str, no: Option<&str>) -> Option<bool> {
        self.0.confirm(&safe(message), &safe(yes), no.map(safe).as_deref())
    }
    fn request_public_string(&self, description: &str) -> Option<String> {
        self.0.answer(&safe(description))
    }
    fn request_passphrase(&self, description: &str) -> Option<SecretString> {
        let words = self.0.passphrase(&safe(description))?;
        Some(SecretString::from(words.expose().to_owned()))
    }
}
