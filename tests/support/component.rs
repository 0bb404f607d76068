//! Finds the programs that `tests/run` installs and builds.

use std::path::{Path, PathBuf};

/// Returns the absolute path of a program, or fails with what to do about it.
///
/// A test that needs something that is missing fails: skipped in silence, it would prove nothing.
pub fn find(name: &str) -> PathBuf {
    let candidates = std::env::split_paths(&search_path()).collect::<Vec<_>>();
    let found = candidates.iter().map(|folder| folder.join(name)).find(|path| is_program(path));
    found.unwrap_or_else(|| {
        let built = built_folder();
        panic!(
            "this test needs `{name}`, which is neither on PATH nor in {}; run tests/run, which \
             installs and builds it",
            built.display()
        )
    })
}

/// Returns the folders in which programs are looked for: the built ones, then the machine's.
pub fn search_path() -> std::ffi::OsString {
    let machine = std::env::var_os("PATH").unwrap_or_default();
    let machine = std::env::split_paths(&machine).filter(|folder| folder.is_absolute());
    let more = ["/usr/sbin", "/sbin"].map(PathBuf::from);
    std::env::join_paths([built_folder()].into_iter().chain(machine).chain(more)).unwrap()
}

/// Returns the folder into which `tests/run` builds the Go components.
pub fn built_folder() -> PathBuf {
    let cache = match (std::env::var_os("XDG_CACHE_HOME"), std::env::var_os("HOME")) {
        (Some(cache), _) if !cache.is_empty() => PathBuf::from(cache),
        (_, Some(home)) => Path::new(&home).join(".cache"),
        _ => PathBuf::from("/tmp"),
    };
    cache.join("blackstart-tests/go")
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path)
        .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}
