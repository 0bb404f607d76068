//! A command to run, quoted for a POSIX shell, so that it can be pasted.

use std::fmt::Display;
use std::sync::OnceLock;

/// How a person called this program, where that is a path from where they are.
static CALLED: OnceLock<String> = OnceLock::new();

/// Takes note of how the program was called. A shell says so once, at its start. Only a path that
/// begins where the person is, such as `./blackstart`, says that the name alone would not be found.
pub fn called(word: &str) {
    if is_from_here(word) {
        // Who calls twice is not heard twice.
        let _ = CALLED.set(quoted(word));
    }
}

fn is_from_here(word: &str) -> bool {
    word.contains('/') && !word.starts_with('/') && !word.contains(char::is_control)
}

/// Returns the word that calls this program again.
pub fn program() -> &'static str {
    CALLED.get().map_or("blackstart", String::as_str)
}

/// A command line under way.
pub struct CommandLine(String);

impl CommandLine {
    /// Begins with the command's name.
    pub fn new(command: &str) -> Self {
        Self(format!("{} {command}", program()))
    }

    /// Begins with nothing, for options alone.
    pub fn options() -> Self {
        Self(String::new())
    }

    /// Adds a word.
    #[must_use]
    pub fn word(mut self, word: impl Display) -> Self {
        if !self.0.is_empty() {
            self.0.push(' ');
        }
        self.0.push_str(&quoted(&word.to_string()));
        self
    }

    /// Adds an option once for each value.
    #[must_use]
    pub fn option<T: Display>(
        self,
        name: &'static str,
        values: impl IntoIterator<Item = T>,
    ) -> Self {
        values.into_iter().fold(self, |line, value| line.word(name).word(value))
    }

    /// Returns the line.
    pub fn line(self) -> String {
        self.0
    }
}

/// Quotes what a shell would change.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-:@%+=,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_path_from_here_is_another_name() {
        assert!(
            ["./blackstart", "kit/bin/blackstart", "../blackstart"].iter().all(|w| is_from_here(w))
        );
        for word in ["blackstart", "/usr/bin/blackstart", "", "./black\u{1b}start"] {
            assert!(!is_from_here(word), "{word:?}");
        }
        // Nobody has called: tests are no shell.
        assert_eq!(CommandLine::new("list").line(), "blackstart list");
        assert_eq!(quoted("./my kit/blackstart"), "'./my kit/blackstart'");
    }

    #[test]
    fn only_what_a_shell_would_change_is_quoted() {
        let line = CommandLine::new("replay").option("--target", ["dir:/tmp/a b"]);
        let line = line.option("--identity", ["me.key", "it's", ""]).option("--path", [""; 0]);
        let expected = "blackstart replay --target 'dir:/tmp/a b' --identity me.key --identity \
                        'it'\\''s' --identity ''";
        assert_eq!(line.line(), expected);
    }
}
