//! When a listing of repositories is too short to be believed.

/// Returns whether a listing shrank past the share `most`: of `known` repositories only `there` are
/// listed now.
///
/// An empty listing is never believed: it was read as "delete all" by others. That a single one is
/// gone is never a shrunken listing: it is said of that repository, and its copy is kept.
pub fn is_shrunken(known: usize, there: usize, most: f64) -> bool {
    let gone = known.saturating_sub(there);
    if known == 0 || gone == 0 {
        return false;
    }
    #[expect(clippy::cast_precision_loss, reason = "a listing is far below 2^52 long")]
    let past = gone as f64 > known as f64 * most;
    there == 0 || gone > 1 && past
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_listing_and_one_past_the_share_are_not_believed() {
        assert!(is_shrunken(1, 0, 0.05) && is_shrunken(100, 0, 1.0));
        assert!(is_shrunken(100, 94, 0.05) && !is_shrunken(100, 95, 0.05));
        assert!(is_shrunken(10, 8, 0.05) && !is_shrunken(10, 8, 0.2));
    }

    #[test]
    fn one_that_is_gone_and_one_that_is_new_are_no_loss() {
        assert!(!is_shrunken(2, 1, 0.05) && !is_shrunken(0, 0, 0.0));
        assert!(!is_shrunken(5, 5, 0.0) && !is_shrunken(5, 9, 0.0));
    }
}
