//! Every repository below a folder.

use std::path::{Path, PathBuf};

use crate::disk::folder;
use crate::repo::Bare;

use super::error::SourceError;

/// How deep folders are searched.
const DEPTH: usize = 8;

/// Returns the repositories below `root`, bare ones and worktrees, sorted; `root` itself if it is
/// one. Repositories within repositories are not looked for, links are not followed.
pub fn repositories_below(root: &Path) -> Result<Vec<PathBuf>, SourceError> {
    let mut found = Vec::new();
    search(root, DEPTH, &mut found)?;
    found.sort();
    Ok(found)
}

fn search(at: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), SourceError> {
    if Bare::is_at(at) {
        found.push(at.to_owned());
        return Ok(());
    }
    if depth == 0 {
        return Ok(());
    }
    for entry in folder::list(at)?.into_iter().filter(|entry| entry.is_dir) {
        search(&at.join(entry.name), depth - 1, found)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::git::ObjectFormat;

    #[test]
    fn bare_and_other_repositories_are_found_once() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for path in ["b/x.git", "a.git", "c/work/.git"] {
            Bare::create(&root.join(path), ObjectFormat::Sha1).unwrap();
        }
        Bare::create(&root.join("a.git/nested.git"), ObjectFormat::Sha1).unwrap();
        std::fs::create_dir_all(root.join("d/e/f")).unwrap();
        let expected = ["a.git", "b/x.git", "c/work"].map(|path| root.join(path));
        assert_eq!(repositories_below(root).unwrap(), expected);
        assert_eq!(repositories_below(&root.join("a.git")).unwrap(), [root.join("a.git")]);
        assert!(repositories_below(&root.join("nowhere")).is_err());
    }
}
