//! Asking a person at the terminal; without one every question has the answer "nobody".

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::sync::Arc;

use crate::app::{NoPrompt, Passphrase, Prompt};
use crate::model::safe::safe;

/// Returns a prompt for this process: the terminal when there is one.
pub(super) fn choose() -> Box<dyn Prompt> {
    if io::stdin().is_terminal() && io::stderr().is_terminal() {
        Box::new(TerminalPrompt)
    } else {
        Box::new(NoPrompt)
    }
}

struct TerminalPrompt;

impl Prompt for TerminalPrompt {
    fn passphrase(&self, what: &str) -> Option<Passphrase> {
        let question = format!("passphrase of {} (typing it shows nothing): ", safe(what));
        let answer = rpassword::prompt_password(question).ok()?;
        Some(Passphrase::new(answer))
    }

    fn message(&self, text: &str) {
        let _ = writeln!(io::stderr(), "{}", safe(text));
    }

    fn answer(&self, question: &str) -> Option<String> {
        let _ = write!(io::stderr(), "{}: ", safe(question));
        let _ = io::stderr().flush();
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer).ok()?;
        Some(answer.trim_end_matches(['\r', '\n']).to_owned())
    }

    fn confirm(&self, question: &str, yes: &str, no: Option<&str>) -> Option<bool> {
        let answer = self.answer(&format!("{question} [{yes}/{}]", no.unwrap_or("no")))?;
        Some(answer == yes || answer.eq_ignore_ascii_case("y"))
    }

    fn handle(&self) -> Arc<dyn Prompt> {
        Arc::new(Self)
    }
}
