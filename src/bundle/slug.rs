//! The folder that holds a repository inside a bundle.

use crate::model::digest::Digest;

/// Returns `<slug>-<8 hex of sha256(name)>.git`.
///
/// The slug is the name in lower case with every character outside `[a-z0-9]` as `-`, without
/// leading `-`, cut to 80 characters: a hint for people. The digest makes it unique.
pub fn folder(name: &str) -> String {
    let plain = |c: char| match c.to_ascii_lowercase() {
        c @ ('a'..='z' | '0'..='9') => c,
        _ => '-',
    };
    let slug: String = name.chars().map(plain).collect();
    let slug: String = slug.trim_start_matches('-').chars().take(80).collect();
    format!("{slug}-{}.git", &Digest::of(name.as_bytes()).to_string()[..8])
        .trim_start_matches('-')
        .to_owned()
}

/// Returns the folder that `extract` gives the repository: its own name where that is plain, else
/// the bundle's folder name.
pub fn extracted_folder(name: &str) -> String {
    let plain = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphanumeric())
            && part.len() <= 250
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    let reserved = name.split('/').any(|part| part.to_ascii_lowercase().ends_with(".git"));
    if name.len() <= 1000 && name.split('/').all(plain) && !reserved {
        format!("{name}.git")
    } else {
        folder(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn folders_hint_at_the_name() {
        assert_eq!(
            folder("team/Apps"),
            "team-apps-b7e6bf3b.git".replace("b7e6bf3b", &hex("team/Apps"))
        );
        assert!(folder("Grüße [1]").starts_with("gr--e--1--"));
        assert!(folder("///").len() == 12 && folder("///").ends_with(".git"));
    }

    fn hex(name: &str) -> String {
        Digest::of(name.as_bytes()).to_string()[..8].to_owned()
    }

    #[test]
    fn only_plain_names_become_paths() {
        assert_eq!(extracted_folder("team/apps.v2"), "team/apps.v2.git");
        for odd in [
            "../x",
            "/x",
            ".x",
            "a//b",
            "a b",
            "-x",
            "a/.git",
            "x.git/hooks",
            "a/-b",
            "ä",
            "repos.tsv/",
        ] {
            assert_eq!(extracted_folder(odd), folder(odd), "{odd}");
        }
    }

    proptest! {
        #[test]
        fn folders_are_always_safe(name: String) {
            let folder = folder(&name);
            prop_assert!(folder.len() <= 93 && !folder.starts_with(['-', '.']));
            prop_assert!(folder.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b)));
        }
    }
}
