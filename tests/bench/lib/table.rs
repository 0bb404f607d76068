//! The table at the end: what, how much, against what, and whether the limit holds.

use std::time::Duration;

use super::median;

/// What a figure must be.
#[derive(Clone, Copy, Debug)]
pub enum Limit {
    /// We take at most so many times as long as the other side.
    AtMost(f64),
    /// We are at least so many times as fast.
    Faster(f64),
    /// A number that may not be more, in some unit.
    Below(f64),
    /// Only told.
    None,
}

/// Prints rows as they come.
pub struct Table {
    missed: usize,
}

impl Table {
    /// Begins with the head.
    #[expect(clippy::print_stdout, reason = "the result")]
    pub fn new() -> Self {
        println!("{:54} {:>10} {:>10} {:>8}  limit", "", "ours", "other", "ratio");
        Self { missed: 0 }
    }

    /// Compares times of the same rounds by the median of their ratios.
    pub fn compare(&mut self, what: &str, ours: &[Duration], other: &[Duration], limit: Limit) {
        let seconds = |side: &[Duration]| median(side.iter().map(Duration::as_secs_f64));
        let slower =
            median(ours.iter().zip(other).map(|(ours, other)| ours.div_duration_f64(*other)));
        let (ratio, held, text) = match limit {
            Limit::AtMost(most) => (slower, slower <= most, format!("at most {most}x")),
            Limit::Faster(least) => {
                (1.0 / slower, 1.0 / slower >= least, format!("{least}x faster"))
            }
            Limit::Below(_) | Limit::None => (slower, true, String::new()),
        };
        let figures = [
            format!("{:.2} s", seconds(ours)),
            format!("{:.2} s", seconds(other)),
            format!("{ratio:.2}x"),
        ];
        self.row(what, &figures, held, &text);
    }

    /// Adds a number with its unit.
    pub fn number(&mut self, what: &str, value: f64, unit: &str, limit: Limit) {
        let (held, text) = match limit {
            Limit::Below(most) => (value <= most, format!("at most {most:.0} {unit}")),
            _ => (true, String::new()),
        };
        let figures = [format!("{value:.1} {unit}"), String::new(), String::new()];
        self.row(what, &figures, held, &text);
    }

    #[expect(clippy::print_stdout, reason = "the result")]
    fn row(&mut self, what: &str, [ours, other, ratio]: &[String; 3], held: bool, limit: &str) {
        let verdict = match (limit, held) {
            ("", _) => "",
            (_, true) => "held",
            (_, false) => "MISSED",
        };
        self.missed += usize::from(!held);
        println!("{what:54} {ours:>10} {other:>10} {ratio:>8}  {limit:14} {verdict}");
    }

    /// Says how many limits were missed.
    #[expect(clippy::print_stdout, reason = "the result")]
    pub fn end(self) {
        match self.missed {
            0 => println!("every limit holds"),
            missed => println!("limits missed: {missed}"),
        }
    }
}
