//! Text from outside, made fit for a terminal, a log or a report.

use std::fmt::{self, Write as _};
use std::ops::RangeInclusive;

/// Shows outside bytes with everything escaped that could drive a terminal or mislead a reader:
/// C0, C1, bidi controls, zero-width and tag characters, bytes that are not UTF-8.
///
/// The terminal-escape cases are those of CVE-2024-43785 and CVE-2025-58160.
#[derive(Clone, Copy)]
pub struct Safe<'a, T: AsRef<[u8]> + ?Sized>(pub &'a T);

impl<T: AsRef<[u8]> + ?Sized> fmt::Display for Safe<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.as_ref().utf8_chunks() {
            for character in chunk.valid().chars() {
                if is_plain(character) {
                    f.write_char(character)?;
                } else {
                    write!(f, "{}", character.escape_unicode())?;
                }
            }
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

impl<T: AsRef<[u8]> + ?Sized> fmt::Debug for Safe<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

/// Returns `text` made fit to be shown.
pub fn safe(text: impl AsRef<[u8]>) -> String {
    Safe(&text).to_string()
}

/// Returns text of our own layout, line feeds and tabs kept, with everything else made fit to be
/// shown: the last net below every line that is printed.
pub fn safe_lines(text: &str) -> String {
    let line = |line: &str| line.split('\t').map(safe).collect::<Vec<_>>().join("\t");
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

/// Returns JSON text with the same value and every such character as a `\uXXXX` escape, which JSON
/// allows within strings; outside of strings only line feeds of the layout can occur, and they stay.
pub fn safe_json(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for character in json.chars() {
        if is_plain(character) || character == '\n' {
            out.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
    out
}

/// Characters that steer a terminal or that nobody can see.
const HIDDEN: &[RangeInclusive<char>] = &[
    // C0, DEL, C1.
    '\u{0}'..='\u{1f}',
    '\u{7f}'..='\u{9f}',
    // Soft hyphen, Arabic letter mark, Hangul and Khmer fillers, Mongolian selectors.
    '\u{ad}'..='\u{ad}',
    '\u{34f}'..='\u{34f}',
    '\u{61c}'..='\u{61c}',
    '\u{115f}'..='\u{1160}',
    '\u{17b4}'..='\u{17b5}',
    '\u{180b}'..='\u{180f}',
    // Zero-width, bidi embeddings and isolates, line separators, invisible operators.
    '\u{200b}'..='\u{200f}',
    '\u{2028}'..='\u{202e}',
    '\u{2060}'..='\u{206f}',
    // Another filler, variation selectors, the byte order mark, interlinear annotation.
    '\u{3164}'..='\u{3164}',
    '\u{fe00}'..='\u{fe0f}',
    '\u{feff}'..='\u{feff}',
    '\u{ffa0}'..='\u{ffa0}',
    '\u{fff0}'..='\u{fffb}',
    // Tags and further variation selectors.
    '\u{e0000}'..='\u{e0fff}',
];

fn is_plain(character: char) -> bool {
    !HIDDEN.iter().any(|range| range.contains(&character))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn plain_text_stays() {
        assert_eq!(safe("Grüße aus [apps] – 3 €"), "Grüße aus [apps] – 3 €");
    }

    #[test]
    fn what_could_mislead_is_escaped() {
        assert_eq!(safe("a\u{1b}[2Jb"), "a\\u{1b}[2Jb");
        assert_eq!(safe("x\u{202e}y\u{200b}z\u{e0041}"), "x\\u{202e}y\\u{200b}z\\u{e0041}");
        assert_eq!(safe("one\ntwo\ttab\r"), "one\\u{a}two\\u{9}tab\\u{d}");
        assert_eq!(safe(b"\xff\x9b"), "\\xff\\x9b");
    }

    #[test]
    fn a_layout_keeps_its_lines_and_columns_only() {
        assert_eq!(safe_lines("a\tb\n\u{1b}[2J\n"), "a\tb\n\\u{1b}[2J\n");
    }

    #[test]
    fn json_keeps_its_value_and_loses_what_could_mislead() {
        let text = "x\u{202e}y\u{9b}\u{e0041}\u{1b}\u{7f}\nä";
        let json = serde_json::to_string_pretty(&[text]).unwrap();
        let shown = safe_json(&json);
        assert!(shown.chars().all(|c| is_plain(c) || c == '\n'), "{shown}");
        assert_eq!(serde_json::from_str::<Vec<String>>(&shown).unwrap(), [text]);
    }

    proptest! {
        #[test]
        fn nothing_dangerous_is_left(bytes: Vec<u8>) {
            prop_assert!(safe(&bytes).chars().all(is_plain));
        }
    }
}
