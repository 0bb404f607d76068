//! Text that is being typed. It is wiped from memory when it goes.

use std::fmt;

use zeroize::Zeroizing;

use crate::app::Passphrase;
use crate::model::safe::safe;

/// No answer is longer, in bytes. The buffer never grows, so that no copy of it is left behind.
const LONGEST: usize = 1024;

/// Text with a cursor in it.
pub struct Typed {
    text: Zeroizing<String>,
    /// The cursor's place, in bytes, on a boundary.
    cursor: usize,
}

impl fmt::Debug for Typed {
    /// What is typed may be a passphrase.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Typed(…)")
    }
}

impl Typed {
    /// Begins with `text`, the cursor behind it.
    pub fn new(text: &str) -> Self {
        let mut typed = Self { text: Zeroizing::new(String::with_capacity(LONGEST)), cursor: 0 };
        typed.insert(text);
        typed
    }

    /// Adds text at the cursor. What drives terminals or does not show is left out; a pasted line
    /// end is no Enter.
    pub fn insert(&mut self, text: &str) {
        for character in text.chars() {
            let shows = safe(character.encode_utf8(&mut [0; 4])).chars().count() == 1;
            if shows && self.text.len() + character.len_utf8() <= LONGEST {
                self.text.insert(self.cursor, character);
                self.cursor += character.len_utf8();
            }
        }
    }

    /// Takes away the character before the cursor.
    pub fn erase(&mut self) {
        if let Some(before) = self.text[..self.cursor].chars().next_back() {
            self.cursor -= before.len_utf8();
            self.text.remove(self.cursor);
        }
    }

    /// Takes away the character behind the cursor.
    pub fn erase_next(&mut self) {
        if self.cursor < self.text.len() {
            self.text.remove(self.cursor);
        }
    }

    /// Moves the cursor to the left.
    pub fn left(&mut self) {
        let before = self.text[..self.cursor].chars().next_back();
        self.cursor -= before.map_or(0, char::len_utf8);
    }

    /// Moves the cursor to the right.
    pub fn right(&mut self) {
        let behind = self.text[self.cursor..].chars().next();
        self.cursor += behind.map_or(0, char::len_utf8);
    }

    /// Moves the cursor to the beginning.
    pub fn home(&mut self) {
        self.cursor = 0;
    }

    /// Moves the cursor to the end.
    pub fn end(&mut self) {
        self.cursor = self.text.len();
    }

    /// Returns the text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the cursor's place, in characters.
    pub fn cursor(&self) -> usize {
        self.text[..self.cursor].chars().count()
    }

    /// Takes the text away as a passphrase, without a copy.
    pub fn into_passphrase(mut self) -> Passphrase {
        Passphrase::new(std::mem::take(&mut *self.text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_moving_and_erasing() {
        let mut typed = Typed::new("grün");
        typed.left();
        typed.erase();
        typed.insert("ue");
        assert_eq!((typed.text(), typed.cursor()), ("gruen", 4));
        typed.home();
        typed.erase();
        typed.left();
        typed.insert("a");
        typed.end();
        typed.right();
        typed.insert("z");
        assert_eq!(typed.text(), "agruenz");
        typed.home();
        typed.erase_next();
        assert_eq!((typed.text(), typed.cursor()), ("gruenz", 0));
        typed.end();
        typed.erase_next();
        assert_eq!(typed.text(), "gruenz");
        assert_eq!(format!("{typed:?}"), "Typed(…)");
    }

    #[test]
    fn pasted_controls_are_left_out_and_the_buffer_never_grows() {
        let mut typed = Typed::new("");
        let capacity = typed.text.capacity();
        typed.insert("prd\u{1b}[201~-eu1\r\n\u{202e}");
        assert_eq!(typed.text(), "prd[201~-eu1");
        typed.insert(&"ä".repeat(2000));
        assert!(typed.text.len() <= LONGEST && typed.text.capacity() == capacity);
        assert_eq!(typed.into_passphrase().expose().len(), LONGEST);
    }
}
