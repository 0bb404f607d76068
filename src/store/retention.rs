//! Which snapshots keep their parts, and which blobs may go: a plan, made from facts alone.
//!
//! Manifests and signatures stay for ever; only parts go. A blob may go when no kept manifest names
//! it and the store has held it, unused, for seven days: a snapshot that is running has parts that no
//! manifest names yet. At least the newest snapshot is kept, and the newest complete one: that is what
//! a cluster would be rebuilt from. Nothing is deleted here.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::model::clock::Timestamp;
use crate::model::id::Seq;

/// How long a blob that nothing names is left alone.
pub const GRACE: Duration = Duration::from_hours(7 * 24);

/// What a person asked to keep: the newest so many, and the newest of so many hours, days, weeks
/// and months that have one. Nothing asked for keeps everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keep {
    /// The newest ones.
    pub last: usize,
    /// One an hour.
    pub hourly: usize,
    /// One a day.
    pub daily: usize,
    /// One a week, Monday to Sunday, UTC.
    pub weekly: usize,
    /// One a month.
    pub monthly: usize,
}

/// A snapshot as far as retention needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Its number.
    pub seq: Seq,
    /// When it was taken; `None` where no signature vouches for that. Such a one is always kept.
    pub created: Option<Timestamp>,
    /// Whether every required repository in it is current.
    pub complete: bool,
}

/// Returns the kept snapshots, each with the rules that keep it.
pub fn kept(held: &[Held], keep: &Keep) -> BTreeMap<Seq, Vec<&'static str>> {
    let mut kept: BTreeMap<Seq, Vec<&'static str>> = BTreeMap::new();
    let mut vouched: Vec<(Seq, Timestamp)> = Vec::new();
    for one in held {
        match one.created {
            Some(created) => vouched.push((one.seq, created)),
            None => kept.entry(one.seq).or_default().push("unverified"),
        }
    }
    vouched.sort_unstable();
    vouched.reverse();
    if *keep == Keep::default() {
        vouched.iter().for_each(|(seq, _)| kept.entry(*seq).or_default().push("all"));
        return kept;
    }
    for (word, count, bucket) in rules(keep) {
        for seq in newest_of_each(&vouched, count, bucket) {
            kept.entry(seq).or_default().push(word);
        }
    }
    let complete: BTreeSet<Seq> =
        held.iter().filter(|one| one.complete).map(|one| one.seq).collect();
    let mut newest_first = vouched.iter().map(|(seq, _)| *seq);
    let whole = newest_first.clone().find(|seq| complete.contains(seq));
    for (word, seq) in [("newest", newest_first.next()), ("newest complete", whole)] {
        if let Some(seq) = seq {
            kept.entry(seq).or_insert_with(|| vec![word]);
        }
    }
    kept
}

type Bucket = fn(Seq, Timestamp) -> String;

fn rules(keep: &Keep) -> [(&'static str, usize, Bucket); 5] {
    const HOUR: i64 = 3600;
    const DAY: i64 = 24 * HOUR;
    [
        ("last", keep.last, |seq, _| seq.to_string()),
        ("hourly", keep.hourly, |_, at| at.unix().div_euclid(HOUR).to_string()),
        ("daily", keep.daily, |_, at| at.unix().div_euclid(DAY).to_string()),
        // 1970-01-01 was a Thursday.
        ("weekly", keep.weekly, |_, at| (at.unix().div_euclid(DAY) + 3).div_euclid(7).to_string()),
        ("monthly", keep.monthly, |_, at| at.to_string().chars().take(7).collect()),
    ]
}

/// `newest_first` in, the first of each of the first `count` buckets out.
fn newest_of_each(newest_first: &[(Seq, Timestamp)], count: usize, bucket: Bucket) -> Vec<Seq> {
    let mut seen = BTreeSet::new();
    let firsts = newest_first.iter().filter(|(seq, at)| seen.insert(bucket(*seq, *at)));
    firsts.take(count).map(|(seq, _)| *seq).collect()
}

/// Returns the last moment of use that is long enough ago.
pub fn limit(now: Timestamp) -> Timestamp {
    let grace = i64::try_from(GRACE.as_secs()).unwrap_or(i64::MAX);
    Timestamp::from_unix(now.unix().saturating_sub(grace))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOUR: i64 = 3600;

    fn hours(count: u64) -> Vec<Held> {
        let one = |n: u64| Held {
            seq: Seq::new(n).unwrap(),
            created: Some(Timestamp::from_unix(1_790_000_000 + i64::try_from(n).unwrap() * HOUR)),
            complete: true,
        };
        (1..=count).map(one).collect()
    }

    fn numbers(held: &[Held], keep: Keep) -> Vec<String> {
        kept(held, &keep).keys().map(ToString::to_string).collect()
    }

    #[test]
    fn rules_add_up_and_nothing_asked_for_keeps_everything() {
        let held = hours(60);
        assert_eq!(numbers(&held, Keep::default()).len(), 60);
        assert_eq!(numbers(&held, Keep { last: 2, ..Keep::default() }), ["59", "60"]);
        // 1 790 000 000 is 14:13 on a Monday: days end with snapshots 9, 33, 57.
        assert_eq!(numbers(&held, Keep { daily: 3, ..Keep::default() }), ["33", "57", "60"]);
        let both = Keep { hourly: 2, daily: 2, ..Keep::default() };
        assert_eq!(numbers(&held, both), ["57", "59", "60"]);
        assert_eq!(kept(&held, &both)[&Seq::new(60).unwrap()], ["hourly", "daily"]);
        assert_eq!(numbers(&held, Keep { weekly: 5, ..Keep::default() }), ["60"]);
        assert_eq!(numbers(&held, Keep { monthly: 5, ..Keep::default() }), ["60"]);
    }

    #[test]
    fn what_nobody_vouches_for_is_kept() {
        let mut held = hours(3);
        held[0].created = None;
        assert_eq!(numbers(&held, Keep { last: 1, ..Keep::default() }), ["1", "3"]);
    }

    #[test]
    fn partial_snapshots_never_let_the_newest_complete_one_go() {
        let mut held = hours(9);
        held[5..].iter_mut().for_each(|one| one.complete = false);
        let kept = kept(&held, &Keep { last: 2, ..Keep::default() });
        assert_eq!(kept[&Seq::new(5).unwrap()], ["newest complete"]);
        assert_eq!(kept.keys().map(|seq| seq.get()).collect::<Vec<_>>(), [5, 8, 9]);
    }

    proptest! {
        #[test]
        fn the_newest_and_the_newest_complete_are_always_kept(
            whole in proptest::collection::vec(any::<bool>(), 1..50),
            last in 0_usize..4, daily in 0_usize..4, monthly in 0_usize..2,
        ) {
            let keep = Keep { last, daily, monthly, ..Keep::default() };
            let mut held = hours(whole.len() as u64);
            held.iter_mut().zip(&whole).for_each(|(one, whole)| one.complete = *whole);
            let kept = kept(&held, &keep);
            prop_assert!(kept.contains_key(&held.last().unwrap().seq));
            let complete = held.iter().rev().find(|one| one.complete);
            prop_assert!(complete.is_none_or(|one| kept.contains_key(&one.seq)));
            prop_assert!(keep == Keep::default() || kept.len() <= last + daily + monthly + 2);
        }
    }
}
