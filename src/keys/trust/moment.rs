//! Days and moments, in the forms that ssh-keygen reads.

use std::fmt;
use std::str::FromStr;

use crate::model::clock::{BadTimestamp, Timestamp};

/// A moment, `YYYYMMDDZ` or `YYYYMMDDHHMMSSZ`, which remembers how it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    at: Timestamp,
    whole_day: bool,
}

impl Moment {
    /// Returns this very second.
    pub fn second(at: Timestamp) -> Self {
        Self { at, whole_day: false }
    }

    /// Returns the second it stands for; of a day, the first.
    pub fn at(self) -> Timestamp {
        self.at
    }
}

impl FromStr for Moment {
    type Err = BadTimestamp;

    fn from_str(text: &str) -> Result<Self, BadTimestamp> {
        let digits = text.strip_suffix('Z').ok_or(BadTimestamp)?;
        let whole_day = digits.len() == 8;
        if !(whole_day || digits.len() == 14) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(BadTimestamp);
        }
        let time = if whole_day { "000000" } else { &digits[8..] };
        let at: Timestamp = format!(
            "{}-{}-{}T{}:{}:{}Z",
            &digits[..4],
            &digits[4..6],
            &digits[6..8],
            &time[..2],
            &time[2..4],
            &time[4..]
        )
        .parse()?;
        // ssh-keygen keeps "no limit" as second 0, so nothing near it may be written.
        if at.unix() < 946_684_800 { Err(BadTimestamp) } else { Ok(Self { at, whole_day }) }
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits: String = self.at.to_string().chars().filter(char::is_ascii_digit).collect();
        let length = if self.whole_day { 8 } else { 14 };
        write!(f, "{}Z", digits.get(..length).ok_or(fmt::Error)?)
    }
}

/// A day, `YYYY-MM-DD`, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day(Timestamp);

impl Day {
    /// Returns its first second.
    pub fn begins(self) -> Timestamp {
        self.0
    }
}

impl FromStr for Day {
    type Err = BadTimestamp;

    fn from_str(text: &str) -> Result<Self, BadTimestamp> {
        format!("{text}T00:00:00Z").parse().map(Self)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string();
        f.write_str(text.split('T').next().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn both_forms_are_read_and_written_back() {
        for text in ["20261101Z", "20271201235959Z", "20240229Z", "99981231Z"] {
            assert_eq!(text.parse::<Moment>().unwrap().to_string(), text);
        }
        for bad in
            ["20261101", "202611010000Z", "20260230Z", "20261101240000Z", "19700101Z", "2026-1101Z"]
        {
            assert!(bad.parse::<Moment>().is_err(), "{bad}");
        }
        assert_eq!("2027-06-30".parse::<Day>().unwrap().to_string(), "2027-06-30");
        for bad in ["2027-6-30", "2027-06-31", "20270630", ""] {
            assert!(bad.parse::<Day>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn hostile_text_never_panics(text: String) {
            let _ = text.parse::<Moment>();
            let _ = format!("{text}Z").parse::<Moment>();
            let _ = text.parse::<Day>();
        }
        #[test]
        fn seconds_round_trip(seconds in 946_684_800_i64..253_402_200_000) {
            let moment = Moment::second(Timestamp::from_unix(seconds));
            prop_assert_eq!(moment.to_string().parse(), Ok(moment));
        }
    }
}
