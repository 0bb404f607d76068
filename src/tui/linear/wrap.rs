//! Text as lines that every terminal shows and every screen reader reads.

use crate::app::text;

/// No line is longer, in columns.
pub(super) const WIDTH: usize = 80;

/// Returns text in ASCII: marks of typography as they are typed, everything else by its number.
pub(super) fn ascii(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '…' => plain.push_str("..."),
            '→' => plain.push_str("->"),
            '–' | '—' => plain.push('-'),
            '“' | '”' => plain.push('"'),
            '’' => plain.push('\''),
            other if other.is_ascii() => plain.push(other),
            other => plain.extend(other.escape_unicode()),
        }
    }
    plain
}

/// Breaks text at blanks, and words that are longer than a line where it ends; it goes on below
/// `hang`.
pub(super) fn wrap(text: &str, hang: usize) -> Vec<String> {
    let text = ascii(text);
    let hang = hang.min(WIDTH / 2);
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut end = |line: &mut String| {
        lines.push(line.trim_end().to_owned());
        *line = " ".repeat(hang);
    };
    for word in text.split_inclusive(' ') {
        let mut rest = word;
        if line.len() > hang && line.len() + rest.trim_end().len() > WIDTH {
            end(&mut line);
        }
        while line.len() + rest.trim_end().len() > WIDTH {
            let (piece, more) = rest.split_at(WIDTH - line.len());
            line.push_str(piece);
            end(&mut line);
            rest = more;
        }
        line.push_str(rest);
    }
    end(&mut line);
    lines
}

/// Breaks a command so that it can be pasted into a shell as it is.
pub(super) fn command(line: &str) -> Vec<String> {
    text::command(&ascii(line), WIDTH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_in_time_and_go_on_below_their_beginning() {
        let words = "word ".repeat(40);
        let lines = wrap(&words, 4);
        assert!(lines.iter().all(|line| line.len() <= WIDTH && !line.ends_with(' ')), "{lines:?}");
        assert!(lines[1..].iter().all(|line| line.starts_with("    word")), "{lines:?}");
        let long = wrap(&format!("a {}", "x".repeat(200)), 2);
        assert!(long.iter().all(|line| line.len() <= WIDTH), "{long:?}");
        assert_eq!(long.concat().matches('x').count(), 200);
        assert_eq!(wrap("", 3), [""]);
    }

    #[test]
    fn everything_is_ascii() {
        assert_eq!(ascii("a → b … „ü“ – c"), "a -> b ... \\u{201e}\\u{fc}\" - c");
    }
}
