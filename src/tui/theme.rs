//! How roles look. Words carry the meaning, so a theme may be monochrome without loss.

use ratatui::style::{Color, Modifier, Style};

use super::page::Role;

/// How roles look, and which characters are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Theme {
    /// Whether there are colours.
    pub color: bool,
    /// Whether rules are drawn with characters beyond ASCII.
    pub lines: bool,
    /// Whether the terminal shows characters beyond ASCII.
    pub utf8: bool,
}

impl Theme {
    /// Without colours, in ASCII.
    pub const MONOCHROME: Self = Self { color: false, lines: false, utf8: true };
    /// With colours, in ASCII.
    pub const COLOR: Self = Self { color: true, lines: false, utf8: true };

    /// Returns how a role looks.
    pub fn style(self, role: Role) -> Style {
        let plain = Style::new();
        let bold = plain.add_modifier(Modifier::BOLD);
        if !self.color {
            return match role {
                Role::Plain | Role::Dim | Role::Good | Role::Bar => plain,
                Role::Strong | Role::Warn => bold,
                Role::Bad | Role::Production => bold.add_modifier(Modifier::REVERSED),
            };
        }
        match role {
            Role::Plain | Role::Bar => plain,
            Role::Strong => bold,
            Role::Dim => plain.fg(Color::DarkGray),
            Role::Good => plain.fg(Color::Green),
            Role::Warn => bold.fg(Color::Yellow),
            Role::Bad => bold.fg(Color::Red),
            Role::Production => bold.fg(Color::White).bg(Color::Red),
        }
    }

    /// Returns the character of a rule.
    pub fn rule(self, heavy: Rule) -> char {
        match (heavy, self.lines) {
            (Rule::Production, _) => '#',
            (Rule::Usual, false) => '=',
            (Rule::Usual, true) => '═',
            (Rule::Light, false) => '-',
            (Rule::Light, true) => '─',
        }
    }
}

/// Which rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Below the banner of a production target.
    Production,
    /// Below any other banner.
    Usual,
    /// Between bands.
    Light,
}
