//! A command to run, quoted for a POSIX shell, so that it can be pasted.

use std::fmt::Display;

/// A command line under way.
pub struct CommandLine(String);

impl CommandLine {
    /// Begins with the command's name.
    pub fn new(command: &str) -> Self {
        Self(format!("blackstart {command}"))
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
    fn only_what_a_shell_would_change_is_quoted() {
        let line = CommandLine::new("replay").option("--target", ["dir:/tmp/a b"]);
        let line = line.option("--identity", ["me.key", "it's", ""]).option("--path", [""; 0]);
        let expected = "blackstart replay --target 'dir:/tmp/a b' --identity me.key --identity \
                        'it'\\''s' --identity ''";
        assert_eq!(line.line(), expected);
    }
}
