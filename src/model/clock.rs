//! Time, handed in: the port, the instant it gives, and a clock that stands still for tests.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A point in time, in whole seconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The first second of year 0000 and the last that the calendar library writes.
    const RANGE: std::ops::RangeInclusive<i64> = -62_167_219_200..=253_402_207_200;

    /// Returns the instant `seconds` after the epoch, moved into the range that can be written.
    pub fn from_unix(seconds: i64) -> Self {
        Self(seconds.clamp(*Self::RANGE.start(), *Self::RANGE.end()))
    }

    /// Returns the seconds since the epoch.
    pub fn unix(self) -> i64 {
        self.0
    }

    /// Returns the instant `by` later.
    #[must_use]
    pub fn plus(self, by: Duration) -> Self {
        let seconds = i64::try_from(by.as_secs()).unwrap_or(i64::MAX);
        Self::from_unix(self.0.saturating_add(seconds))
    }

    /// Returns how long ago `earlier` was, or `None` when it lies in the future.
    pub fn since(self, earlier: Self) -> Option<Duration> {
        u64::try_from(self.0.checked_sub(earlier.0)?).ok().map(Duration::from_secs)
    }
}

impl fmt::Display for Timestamp {
    /// Writes RFC 3339 in UTC, whole seconds: `2026-11-23T03:12:44Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_second(self.0) {
            Ok(at) => write!(f, "{}", at.strftime("%Y-%m-%dT%H:%M:%SZ")),
            Err(_) => Err(fmt::Error),
        }
    }
}

/// Text that is not an instant in the one form we write.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a time like 2026-11-23T03:12:44Z")]
pub struct BadTimestamp;

impl FromStr for Timestamp {
    type Err = BadTimestamp;

    /// Reads exactly what `Display` writes: UTC, whole seconds, `Z`.
    fn from_str(text: &str) -> Result<Self, BadTimestamp> {
        let at = text.parse::<jiff::Timestamp>().map_err(|_| BadTimestamp)?;
        let parsed = Self(at.as_second());
        if parsed.to_string() == text { Ok(parsed) } else { Err(BadTimestamp) }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Where the core asks for the time.
pub trait Clock: Send + Sync {
    /// Returns the wall clock's time, which may be wrong.
    fn now(&self) -> Timestamp;
    /// Returns time since some fixed moment, which never goes back.
    fn elapsed(&self) -> Duration;
    /// Lets `time` pass.
    fn sleep(&self, time: Duration);
}

/// A clock that stands still, for tests.
#[derive(Clone, Copy, Debug)]
pub struct FixedClock(pub Timestamp);

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        self.0
    }
    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
    fn sleep(&self, _time: Duration) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_and_reads_one_form() {
        let at = Timestamp::from_unix(1_795_403_564);
        assert_eq!(at.to_string(), "2026-11-23T03:12:44Z");
        assert_eq!("2026-11-23T03:12:44Z".parse(), Ok(at));
        for other in ["2026-11-23T03:12:44.5Z", "2026-11-23T04:12:44+01:00", "2026-11-23", ""] {
            assert_eq!(other.parse::<Timestamp>(), Err(BadTimestamp), "{other}");
        }
    }

    #[test]
    fn future_is_not_an_age() {
        let (early, late) = (Timestamp::from_unix(10), Timestamp::from_unix(70));
        assert_eq!(late.since(early), Some(Duration::from_mins(1)));
        assert_eq!(early.since(late), None);
    }
}
