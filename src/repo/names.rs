//! Which names in a tree may become names on disk.
//!
//! The cases are those of CVE-2014-9390, CVE-2019-1353, CVE-2024-35186 and CVE-2024-35197.

/// Returns why one component of a path must not be written, `None` where it may.
pub fn unsafe_component(name: &[u8]) -> Option<&'static str> {
    if name.is_empty() {
        return Some("an empty name");
    }
    if name == b"." || name == b".." {
        return Some("a name that leads elsewhere");
    }
    if name.len() > 255 {
        return Some("a name longer than file systems allow");
    }
    if name.iter().any(|byte| matches!(byte, b'/' | b'\\' | 0)) {
        return Some("a path separator in a name");
    }
    let text = String::from_utf8_lossy(name);
    if text.chars().any(char::is_control) {
        return Some("a control character in a name");
    }
    if is_dot_git(&text) {
        return Some("a disguise of .git");
    }
    is_device(&text).then_some("the name of a device")
}

/// Whether some file system takes this for `.git`.
pub(super) fn is_dot_git(name: &str) -> bool {
    // Almost every name is plain and begins with another letter.
    if name.is_ascii() && !name.starts_with(['.', 'g', 'G']) {
        return false;
    }
    let hfs: String =
        name.chars().filter(|c| !is_hfs_ignorable(*c)).collect::<String>().to_lowercase();
    let ntfs = hfs.split(':').next().unwrap_or_default().trim_end_matches([' ', '.']);
    let short = ntfs
        .strip_prefix("git~")
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|digit| digit.is_ascii_digit()));
    hfs == ".git" || ntfs == ".git" || short
}

/// Code points that HFS+ leaves out when it compares names.
fn is_hfs_ignorable(c: char) -> bool {
    matches!(c, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}')
}

/// Whether Windows takes this for a device, with or without an extension.
fn is_device(name: &str) -> bool {
    let stem = name.split(['.', ':']).next().unwrap_or_default().trim_end().to_ascii_lowercase();
    let numbered = |prefix: &str| {
        stem.strip_prefix(prefix).is_some_and(|rest| matches!(rest.as_bytes(), [b'1'..=b'9']))
    };
    matches!(stem.as_str(), "con" | "prn" | "aux" | "nul" | "conin$" | "conout$")
        || numbered("com")
        || numbered("lpt")
}

/// Returns whether a symbolic link that stands `depth` folders below the root stays inside it,
/// wherever other such links lead: any number of `..` that the depth covers, then plain names.
pub(super) fn link_stays_inside(target: &[u8], depth: usize) -> bool {
    if target.is_empty() || target.starts_with(b"/") || target.contains(&0) {
        return false;
    }
    let mut up = 0;
    let mut names = 0;
    for part in target.split(|byte| *byte == b'/').filter(|part| !part.is_empty() && *part != b".")
    {
        match part {
            b".." if names == 0 => up += 1,
            _ if unsafe_component(part).is_some() => return false,
            _ => names += 1,
        }
    }
    up <= depth
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_disguise_of_dot_git_is_refused() {
        for name in [
            ".git",
            ".GIT",
            ".Git",
            ".g\u{200c}it",
            "\u{feff}.git",
            ".git ",
            ".git.",
            ".git. .",
            "git~1",
            "GIT~2",
            ".git::$INDEX_ALLOCATION",
            ".git:x",
            ".git\u{202a}",
        ] {
            assert!(unsafe_component(name.as_bytes()).is_some(), "{name:?}");
        }
        for name in
            [".gitignore", ".github", "git", ".git-x", "git~", "git~a", "a.git", "...", "ä b"]
        {
            assert_eq!(unsafe_component(name.as_bytes()), None, "{name:?}");
        }
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        for name in [
            "",
            ".",
            "..",
            "a/b",
            "a\\b",
            "a\0b",
            "a\u{1b}[2Jb",
            "a\nb",
            "CON",
            "nul.txt",
            "com1",
            "LPT9.x",
        ] {
            assert!(unsafe_component(name.as_bytes()).is_some(), "{name:?}");
        }
        for name in ["console", "com", "com10", "null", "auxiliary.yaml"] {
            assert_eq!(unsafe_component(name.as_bytes()), None, "{name:?}");
        }
    }

    #[test]
    fn links_may_go_up_only_as_far_as_they_are_deep_and_only_first() {
        assert!(link_stays_inside(b"b", 0) && link_stays_inside(b"../../a/b", 2));
        for (target, depth) in [
            (&b"/etc/passwd"[..], 3),
            (b"../x", 0),
            (b"../../x", 1),
            (b"a/../b", 3),
            (b"", 1),
            (b"../.git/config", 1),
            (b".git", 0),
        ] {
            assert!(!link_stays_inside(target, depth), "{}", String::from_utf8_lossy(target));
        }
    }
}
