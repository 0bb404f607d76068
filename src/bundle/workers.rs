//! A few threads over a list of work.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// How many parts are handled at once. More would only compete for the disk.
const WORKERS: usize = 4;

/// Runs `work` over all `items` on a few threads and returns the results in order. After a failure
/// no new item is begun.
pub(super) fn side_by_side<T: Sync, R: Send, E: Send>(
    items: &[T],
    work: impl Fn(&T) -> Result<R, E> + Sync,
) -> Result<Vec<R>, E> {
    let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let done: Mutex<BTreeMap<usize, Result<R, E>>> = Mutex::default();
    let run = || {
        while !failed.load(Ordering::Relaxed) {
            let position = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(position) else { return };
            let result = work(item);
            failed.fetch_or(result.is_err(), Ordering::Relaxed);
            done.lock().unwrap_or_else(PoisonError::into_inner).insert(position, result);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..WORKERS.min(items.len()) {
            scope.spawn(run);
        }
    });
    done.into_inner().unwrap_or_else(PoisonError::into_inner).into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_keep_the_order_and_the_first_failure_wins() {
        let items: Vec<u32> = (0..100).collect();
        assert_eq!(side_by_side(&items, |n| Ok::<_, ()>(n * 2)).unwrap()[99], 198);
        let outcome: Result<Vec<u32>, u32> =
            side_by_side(&items, |n| if *n == 3 { Err(*n) } else { Ok(*n) });
        assert_eq!(outcome, Err(3));
        assert_eq!(side_by_side(&[] as &[u8], |_| Ok::<_, ()>(())).unwrap(), []);
    }
}
