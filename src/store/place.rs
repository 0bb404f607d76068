//! From a path on the command line to a store that can be read.

use std::path::Path;

use super::dir::DirStore;
use super::error::StoreError;
use super::file::{FileStore, first_piece};
use crate::bundle::port::Parts;

/// Opens what lies at `path`: a folder, a bundle file, or the pieces of one.
pub fn open(path: &Path) -> Result<Box<dyn Parts>, StoreError> {
    if path.is_dir() {
        return Ok(Box::new(DirStore::open(path)?));
    }
    if path.is_file() || first_piece(path).is_file() {
        return Ok(Box::new(FileStore::open(path)?));
    }
    Err(StoreError::NotFound { path: path.to_owned(), why: "there is nothing at this path" })
}
