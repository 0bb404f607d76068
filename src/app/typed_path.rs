//! Paths that a person types: is it a key file, and what does it go on with?

use std::path::{Component, Path, PathBuf};

use crate::keys::identity;
use crate::model::explain::Explain as _;
use crate::model::safe::safe;

/// So many names of a folder are looked at.
const LOOKED_AT: usize = 10_000;
/// So many of those that fit are told.
const TOLD: usize = 12;

/// A path that was completed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completed {
    /// What was typed, with all that is certain added.
    pub text: String,
    /// The names that it may go on with, where there are several; the last says how many more.
    pub names: Vec<String>,
}

/// Returns a path as it was typed, with the user's home in place of `~`.
pub fn typed_path(text: &str, home: Option<&PathBuf>) -> PathBuf {
    match (text.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(text),
    }
}

/// Says why a file cannot be somebody's key file, as far as that can be told without unlocking it.
pub fn key_file(path: &Path) -> Result<(), String> {
    identity::look(path).map_err(|error| format!("{error} ({})", error.about().code))
}

/// Adds what is certain: as many letters as all files and folders that fit have in common.
pub fn complete(text: &str, home: Option<&PathBuf>) -> Completed {
    if text == "~" && home.is_some() {
        return Completed { text: "~/".to_owned(), names: Vec::new() };
    }
    let (folder, begin) = text.rfind('/').map_or(("", text), |at| text.split_at(at + 1));
    let mut fitting = names(folder, begin, home);
    fitting.sort();
    let mut common = fitting.first().cloned().unwrap_or_else(|| begin.to_owned());
    for name in &fitting {
        let same = common.chars().zip(name.chars()).take_while(|(one, other)| one == other);
        common = same.map(|(letter, _)| letter).collect();
    }
    let names = if fitting.len() > 1 { told(fitting) } else { Vec::new() };
    Completed { text: format!("{folder}{common}"), names }
}

/// What is in a folder and begins so; folders with a slash. Names that do not show as they are
/// cannot be typed either.
fn names(folder: &str, begin: &str, home: Option<&PathBuf>) -> Vec<String> {
    let at = if folder.is_empty() { PathBuf::from(".") } else { typed_path(folder, home) };
    let entries = std::fs::read_dir(at).into_iter().flatten().take(LOOKED_AT).flatten();
    let shown = |name: &str| begin.starts_with('.') || !name.starts_with('.');
    entries
        .filter_map(|entry| Some((entry.file_name().into_string().ok()?, entry)))
        .filter(|(name, _)| name.starts_with(begin) && shown(name) && safe(name) == *name)
        .map(|(name, entry)| if entry.path().is_dir() { name + "/" } else { name })
        .collect()
}

fn told(mut names: Vec<String>) -> Vec<String> {
    let more = names.len().saturating_sub(TOLD);
    names.truncate(TOLD);
    names.extend((more > 0).then(|| format!("and {more} more")));
    names
}

/// Returns a path without `.` and without `..`, as long as that is the same place: what stands behind a
/// link stays as it was typed.
pub(super) fn direct(path: &Path) -> PathBuf {
    let mut direct = PathBuf::new();
    for part in path.components() {
        let leads_back = part == Component::ParentDir
            && matches!(direct.components().next_back(), Some(Component::Normal(_)))
            && direct.symlink_metadata().is_ok_and(|at| at.is_dir());
        match part {
            Component::CurDir => {}
            _ if leads_back => drop(direct.pop()),
            _ => direct.push(part),
        }
    }
    direct
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> (tempfile::TempDir, String) {
        let folder = tempfile::tempdir().unwrap();
        for name in ["ada.key", "ada.pub", "bob.key", ".hidden", "bad\u{202e}name"] {
            std::fs::write(folder.path().join(name), "x").unwrap();
        }
        std::fs::create_dir(folder.path().join("stick")).unwrap();
        let text = format!("{}/", folder.path().display());
        (folder, text)
    }

    #[test]
    fn a_path_goes_on_as_far_as_it_is_certain() {
        let (held, at) = folder();
        let done = |text: &str| complete(&format!("{at}{text}"), None);
        let one = |text: &str| Completed { text: format!("{at}{text}"), names: Vec::new() };
        // What does not show as it is does not count.
        assert_eq!(done("b"), one("bob.key"));
        assert_eq!(done("s"), one("stick/"));
        assert_eq!(done("x"), one("x"));
        assert_eq!(done("."), one(".hidden"));
        let names = vec!["ada.key".to_owned(), "ada.pub".to_owned()];
        assert_eq!(done("a"), Completed { names, ..one("ada.") });
        assert_eq!(done("").names, ["ada.key", "ada.pub", "bob.key", "stick/"]);
        let home = held.path().to_owned();
        assert_eq!(complete("~/bo", Some(&home)).text, "~/bob.key");
        assert_eq!(complete("~", Some(&home)).text, "~/");
        assert_eq!(complete("/nowhere/at/all/x", None).text, "/nowhere/at/all/x");
        for number in 0..20 {
            std::fs::write(held.path().join(format!("many-{number:02}")), "x").unwrap();
        }
        let many = done("m");
        assert_eq!(many.text, format!("{at}many-"));
        assert_eq!((many.names.len(), many.names[12].as_str()), (13, "and 8 more"));
    }

    #[test]
    fn a_key_file_is_looked_at_without_being_opened() {
        let (held, _) = folder();
        let path = |name: &str| held.path().join(name);
        let why = key_file(&path("none")).unwrap_err();
        assert!(why.contains("there is no key file") && why.ends_with("(B0319)"), "{why}");
        let why = key_file(&path("stick")).unwrap_err();
        assert!(why.contains("is no key file: it is a folder"), "{why}");
        let why = key_file(&path("ada.pub")).unwrap_err();
        assert!(why.contains("is no key file: line 1 is not a key"), "{why}");
        let words = crate::app::Passphrase::new("correct horse".to_owned());
        let (sealed, _) = identity::new_protected(&words).unwrap();
        std::fs::write(path("sealed.key"), sealed).unwrap();
        assert_eq!(key_file(&path("sealed.key")), Ok(()), "nobody is asked for a passphrase");
    }

    #[test]
    fn a_path_is_told_without_detours_but_for_those_through_links() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        std::fs::create_dir_all(at("kit/stick")).unwrap();
        std::os::unix::fs::symlink(at("kit/stick"), at("link")).unwrap();
        assert_eq!(direct(&at("kit/stick/.././ada.key")), at("kit/ada.key"));
        assert_eq!(direct(&at("kit/stick/../../ada.key")), at("ada.key"));
        assert_eq!(direct(&at("link/../ada.key")), at("link/../ada.key"));
        assert_eq!(direct(&at("gone/../ada.key")), at("gone/../ada.key"));
        assert_eq!(direct(Path::new("/../ada.key")), Path::new("/../ada.key"));
    }
}
