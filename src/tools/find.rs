//! Where programs are: the folders of a search path that was handed in.

use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::command::Command;
use super::error::ToolsError;
use super::isolate::{self, Isolation};

/// The programs of this machine. Clones share what was found out about it.
#[derive(Clone, Debug, Default)]
pub struct Tools {
    path: Vec<PathBuf>,
    isolation: Arc<OnceLock<Option<Isolation>>>,
}

impl Tools {
    /// Looks in `path`, in order. Relative folders are left out: a program in the current folder
    /// must never be run because a repository brought it (RUSTSEC-2024-0433 is such a case).
    pub fn new(path: Vec<PathBuf>) -> Self {
        let path = path.into_iter().filter(|folder| folder.is_absolute()).collect();
        Self { path, isolation: Arc::default() }
    }

    /// Returns the folders that are searched.
    pub fn path(&self) -> &[PathBuf] {
        &self.path
    }

    /// Returns the absolute path of a program, or `None`.
    pub fn find(&self, name: &str) -> Option<PathBuf> {
        if name.is_empty() || name.contains('/') {
            return None;
        }
        self.path.iter().map(|folder| folder.join(name)).find(|program| is_program(program))
    }

    /// Begins a command with a program of the search path.
    pub fn command(&self, name: &str) -> Result<Command, ToolsError> {
        let program =
            self.find(name).ok_or_else(|| ToolsError::NotFound { name: name.to_owned() })?;
        Ok(self.command_at(program))
    }

    /// Begins a command with a program whose absolute path is known.
    pub fn command_at(&self, program: impl Into<PathBuf>) -> Command {
        Command::of(program.into(), self.clone())
    }

    /// Returns whether children can be cut off from the network on this machine.
    pub fn can_isolate(&self) -> bool {
        self.isolation().is_some()
    }

    pub(super) fn isolation(&self) -> Option<&Isolation> {
        self.isolation.get_or_init(|| isolate::probe(self)).as_ref()
    }

    /// Returns the value of `PATH` for children.
    pub fn search_path(&self) -> OsString {
        let mut joined = OsString::new();
        for folder in self.path.iter().filter(|folder| !has_colon(folder)) {
            if !joined.is_empty() {
                joined.push(":");
            }
            joined.push(folder);
        }
        joined
    }
}

fn has_colon(folder: &Path) -> bool {
    folder.as_os_str().as_encoded_bytes().contains(&b':')
}

fn is_program(path: &Path) -> bool {
    path.metadata().is_ok_and(|facts| facts.is_file() && facts.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_file(name: &str, mode: u32) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::File::create(&path).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        folder
    }

    #[test]
    fn the_first_program_of_that_name_is_found() {
        let (plain, first, second) =
            (with_file("tool", 0o644), with_file("tool", 0o755), with_file("tool", 0o755));
        let folders = [&plain, &first, &second].map(|folder| folder.path().to_owned());
        let tools = Tools::new(folders.to_vec());
        assert_eq!(tools.find("tool"), Some(first.path().join("tool")));
        assert_eq!(tools.find("other"), None);
    }

    #[test]
    fn paths_and_relative_folders_are_never_searched() {
        let folder = with_file("tool", 0o755);
        let tools = Tools::new(vec!["".into(), ".".into(), folder.path().to_owned()]);
        assert_eq!(tools.path(), [folder.path()]);
        for name in ["", "./tool", "../tool", "/bin/sh"] {
            assert_eq!(tools.find(name), None, "{name}");
        }
    }

    #[test]
    fn a_missing_program_is_named() {
        let error = Tools::new(Vec::new()).command("kustomize").unwrap_err();
        assert!(error.to_string().contains("kustomize"));
    }
}
