//! What must hold for any bytes whatever, one function for each format that is read from outside.
//!
//! The fuzz targets call these functions; `tests/corpus.rs` calls the same ones with the corpus.

#![forbid(unsafe_code)]

pub mod properties;
