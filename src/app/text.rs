//! Words for sizes, ages and counts, shared by both shells.

use std::time::Duration;

use crate::model::clock::Timestamp;

/// Returns a size with three significant digits: `512 B`, `64.2 KiB`, `1.06 GiB`.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let exponent = (bytes.ilog2() / 10).min(4);
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    let value = bytes as f64 / f64::from(1_u32 << 10).powi(exponent.cast_signed());
    let unit = UNITS[exponent as usize - 1];
    match value {
        100.0.. => format!("{value:.0} {unit}"),
        10.0.. => format!("{value:.1} {unit}"),
        _ => format!("{value:.2} {unit}"),
    }
}

/// Returns a length of time in its two largest units: `41s`, `3m 12s`, `2h 05m`, `9d 4h`.
pub fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        3600..86400 => format!("{}h {:02}m", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{}d {}h", seconds / 86400, seconds % 86400 / 3600),
    }
}

/// Returns how old `then` is, or says that it lies in the future.
pub fn age(then: Timestamp, now: Timestamp) -> String {
    now.since(then).map_or_else(|| "in the future, check the clock".to_owned(), span)
}

/// Returns `1 part`, `3 parts`.
pub fn count(number: usize, noun: &str) -> String {
    match (number, noun.strip_suffix('y')) {
        (1, _) => format!("1 {noun}"),
        (_, Some(stem)) => format!("{number} {stem}ies"),
        (_, None) => format!("{number} {noun}s"),
    }
}

/// Returns `19 of 21 objects, 2 left out`: what is there of what there is to be.
pub fn there(there: usize, of: usize, left_out: usize) -> String {
    let left_out = match left_out {
        0 => String::new(),
        left_out => format!(", {left_out} left out"),
    };
    format!("{there} of {}{left_out}", count(of, "object"))
}

/// Lays rows out in columns, two blanks apart; the last column is not padded.
pub fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let padded = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        let line = padded.collect::<Vec<_>>().join("  ");
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Breaks text between words; a word that is longer than a line stays whole.
pub fn words(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_inclusive(' ') {
        if !line.is_empty() && line.chars().count() + columns(word) > width {
            lines.push(std::mem::take(&mut line).trim_end().to_owned());
        }
        line.push_str(word);
    }
    lines.push(line.trim_end().to_owned());
    lines
}

/// Breaks a command so that it can be pasted into a shell as it is: between words but not between an
/// option and its value, and what is longer than a line where the line ends.
pub fn command(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut quoted = false;
    let words: Vec<&str> = text.split_inclusive(' ').collect();
    for (at, word) in words.iter().enumerate() {
        // An option and its value are parted only where both do not fit into one line.
        let value = words.get(at + 1).filter(|_| is_option(word));
        let both = columns(word) + value.map_or(0, |value| columns(value) + 1);
        let needs = if both + 2 > width { columns(word) } else { both };
        if !line.is_empty() && !quoted && line.chars().count() + needs + 2 > width {
            lines.push(std::mem::take(&mut line) + "\\");
        }
        quoted ^= word.matches('\'').count() % 2 == 1;
        let mut rest = *word;
        // Below the beginning of a line a shell joins what a backslash has parted.
        while !quoted && line.chars().count() + columns(rest) > width {
            let room = width - 1 - line.chars().count();
            let end = rest.char_indices().nth(room).map_or(rest.len(), |(end, _)| end);
            let (piece, more) = rest.split_at(end);
            lines.push(std::mem::take(&mut line) + piece + "\\");
            rest = more;
        }
        line.push_str(rest);
    }
    lines.push(line.trim_end().to_owned());
    lines
}

fn is_option(word: &str) -> bool {
    word.starts_with("--")
}

fn columns(word: &str) -> usize {
    word.trim_end().chars().count()
}

/// Returns a text as it begins a sentence.
pub fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// Returns the first words of a text, as many as fit in so many characters.
pub fn beginning(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let cut: String = text.chars().take(most).collect();
    let whole = cut.rsplit_once(' ').map_or(cut.as_str(), |(whole, _)| whole);
    format!("{whole} …")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(
            [size(0), size(1023), size(65_752), size(1 << 30)],
            ["0 B", "1023 B", "64.2 KiB", "1.00 GiB"]
        );
        let of = |seconds| span(Duration::from_secs(seconds));
        assert_eq!([of(41), of(192), of(7500), of(792_000)], ["41s", "3m 12s", "2h 05m", "9d 4h"]);
        assert_eq!(
            [count(1, "repository"), count(2, "repository"), count(0, "part")],
            ["1 repository", "2 repositories", "0 parts"]
        );
        assert_eq!(
            [there(1, 1, 0), there(19, 21, 2)],
            ["1 of 1 object", "19 of 21 objects, 2 left out"]
        );
    }

    #[test]
    fn text_is_broken_between_words() {
        assert_eq!(words("a bc def sha256:0123", 6), ["a bc", "def", "sha256:0123"]);
        assert_eq!(words("", 6), [""]);
    }

    #[test]
    fn columns_line_up() {
        let rows = [vec!["a".into(), "b".into()], vec!["ccc".into(), "d".into()]];
        assert_eq!(table(&rows), "a    b\nccc  d\n");
    }

    #[test]
    fn a_command_is_the_same_when_a_shell_has_read_its_lines() {
        let long = format!("blackstart show --store {} --identity ada.key", "/media/x".repeat(20));
        for text in [long, format!("blackstart replay {}", "--identity someone.key ".repeat(9))] {
            let lines = command(&text, 80);
            assert!(lines.iter().all(|line| line.len() <= 80), "{lines:?}");
            let parted =
                |line: &&String| line.trim_end_matches('\\').trim_end().ends_with("--identity");
            assert_eq!(lines.iter().find(parted), None, "{lines:?}");
            let joined = lines.join("\n").replace("\\\n", "");
            assert_eq!(joined, text.trim_end());
        }
    }
}
