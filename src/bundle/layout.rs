//! Which files may stand in which kind of part. Everything else is refused.

use super::manifest::PartKind;

/// The files of the index part.
pub const INDEX_FILES: [&str; 5] =
    ["SHA256SUMS", "index.json", "repos.tsv", "state.json", "vendor.json"];

/// Returns whether a part of `kind` may hold a file at `path`.
///
/// Repositories are made of four kinds of file and nothing else: a `config`, a hook or an
/// `alternates` from outside would run programs or reach files of the reader.
pub fn allows(kind: &PartKind, path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    match (kind, parts.as_slice()) {
        (PartKind::Index, [file]) => INDEX_FILES.contains(file),
        (PartKind::Base | PartKind::Delta, ["repos", folder, rest @ ..]) => {
            is_repo_folder(folder) && is_repo_file(rest)
        }
        (PartKind::State, ["state", file]) | (PartKind::Vendor, ["vendor", file]) => {
            is_hex(file, 64)
        }
        (PartKind::Keys, ["keys", file]) => is_seal_file(file),
        (PartKind::Trust, ["trust", version, file]) => {
            version.len() == 10
                && version.bytes().all(|b| b.is_ascii_digit())
                && is_trust_file(file)
        }
        _ => false,
    }
}

fn is_repo_folder(folder: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    folder
        .strip_suffix(".git")
        .is_some_and(|stem| (8..=89).contains(&stem.len()) && stem.bytes().all(plain))
}

fn is_repo_file(rest: &[&str]) -> bool {
    match rest {
        ["HEAD" | "packed-refs"] => true,
        ["objects", "pack", file] => {
            let stem = file.strip_prefix("pack-");
            let hex = stem
                .and_then(|stem| stem.strip_suffix(".pack").or_else(|| stem.strip_suffix(".idx")));
            hex.is_some_and(|hex| is_hex(hex, 40) || is_hex(hex, 64))
        }
        _ => false,
    }
}

fn is_seal_file(file: &str) -> bool {
    file == "SEALS"
        || file
            .strip_prefix("SEALS.")
            .and_then(|rest| rest.strip_suffix(".sig"))
            .is_some_and(is_word)
        || file.strip_prefix("epoch-").and_then(|rest| rest.strip_suffix(".age")).is_some_and(
            |rest| {
                rest.split_once('.').is_some_and(|(number, seal)| {
                    number.len() == 4
                        && number.bytes().all(|byte| byte.is_ascii_digit())
                        && seal.split('+').all(is_word)
                })
            },
        )
}

fn is_trust_file(file: &str) -> bool {
    let signature = || {
        let (name, key) = file.strip_suffix(".sig")?.rsplit_once('.')?;
        Some(is_word(name) && is_hex(key, 16))
    };
    file == "allowed_signers" || signature() == Some(true)
}

fn is_word(text: &str) -> bool {
    (1..=40).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_are_four_kinds_of_file() {
        let hex = "a".repeat(40);
        for good in [
            "HEAD",
            "packed-refs",
            &format!("objects/pack/pack-{hex}.pack"),
            &format!("objects/pack/pack-{hex}.idx"),
        ] {
            assert!(allows(&PartKind::Base, &format!("repos/apps-12345678.git/{good}")), "{good}");
        }
        for bad in [
            "config",
            "hooks/post-checkout",
            "objects/info/alternates",
            "refs/heads/main",
            "shallow",
            "objects/pack/pack-x.pack",
            &format!("objects/pack/pack-{hex}.keep"),
            "HEAD/x",
            "info/grafts",
            "packed-refs.lock",
        ] {
            assert!(!allows(&PartKind::Base, &format!("repos/apps-12345678.git/{bad}")), "{bad}");
        }
        assert!(!allows(&PartKind::Base, "repos/a/b-12345678.git/HEAD"));
        assert!(!allows(&PartKind::Index, "repos/apps-12345678.git/HEAD"));
    }

    #[test]
    fn keys_and_trust_have_their_own_names() {
        for good in [
            "SEALS",
            "SEALS.root1.sig",
            "epoch-0007.any.age",
            "epoch-0007.c1+c2.age",
            "epoch-0007.solo-verifier.age",
        ] {
            assert!(allows(&PartKind::Keys, &format!("keys/{good}")), "{good}");
        }
        for bad in ["job", "root", "epoch-7.any.age", "SEALS.sig.x", "epoch-0007..age"] {
            assert!(!allows(&PartKind::Keys, &format!("keys/{bad}")), "{bad}");
        }
        assert!(allows(&PartKind::Trust, "trust/0000000001/allowed_signers"));
        assert!(allows(&PartKind::Trust, "trust/0000000001/root1.0123456789abcdef.sig"));
        assert!(!allows(&PartKind::Trust, "trust/1/allowed_signers"));
    }
}
