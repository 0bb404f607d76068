//! `explain`: what a code means and what to do, offline.

use crate::model::explain::About;

/// Every code there is.
pub fn all() -> Vec<&'static About> {
    let lists: &[&[&'static About]] = &[
        &[&crate::model::cancel::CANCELLED],
        crate::config::CODES,
        crate::disk::CODES,
        crate::keys::CODES,
        crate::tools::CODES,
        crate::repo::CODES,
        crate::source::CODES,
        crate::mirror::CODES,
        crate::bundle::CODES,
        crate::store::CODES,
        crate::object::CODES,
        crate::cluster::CODES,
        crate::target::CODES,
        crate::render::CODES,
        crate::plan::CODES,
        crate::replay::CODES,
        crate::standin::CODES,
        super::reader::CODES,
        super::demo::CODES,
        super::extract::CODES,
        super::desired::CODES,
        super::target::CODES[0],
        super::target::CODES[1],
        super::runs::CODES,
        super::snapshot::CODES,
        super::job::CODES,
        super::prune::CODES,
        super::cosign::CODES,
        super::sources::CODES,
        super::ceremony::CODES,
    ];
    let mut all: Vec<_> = lists.iter().flat_map(|list| list.iter().copied()).collect();
    all.sort_by_key(|about| about.code);
    all
}

/// Returns the entry of a code, whatever its case.
pub fn find(code: &str) -> Option<&'static About> {
    all().into_iter().find(|about| about.code.eq_ignore_ascii_case(code.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_of_one_form() {
        let all = all();
        for about in &all {
            let digits = about.code.strip_prefix('B').unwrap();
            assert!(
                digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit()),
                "{}",
                about.code
            );
            assert!(about.meaning.ends_with('.') && !about.next.ends_with('.'), "{}", about.code);
        }
        assert!(all.windows(2).all(|pair| pair[0].code != pair[1].code));
        assert_eq!(find("b0806").map(|about| about.code), Some("B0806"));
    }
}
