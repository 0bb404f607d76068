//! How much room is left.

use std::path::Path;

use super::error::DiskError;

/// Returns the bytes that we may still write below `path`, which need not exist yet.
pub fn free(path: &Path) -> Result<u64, DiskError> {
    let nearest = path
        .ancestors()
        .find(|above| above.exists())
        .filter(|above| !above.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let facts = rustix::fs::statvfs(nearest)
        .map_err(|error| DiskError::at("measure", nearest)(error.into()))?;
    Ok(facts.f_bavail.saturating_mul(facts.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_below_what_does_not_exist_yet() {
        let root = tempfile::tempdir().unwrap();
        assert!(free(&root.path().join("not/yet")).unwrap() > 0);
        assert!(free(Path::new("not-yet")).unwrap() > 0);
    }
}
