//! Where bundles live.
//!
//! A store is an OCI image layout plus `snapshots/` and `trust/`; `bundles/README.md` is the
//! authority. Everything is written once and never changed; a snapshot exists from the moment its
//! folder has its name. There is no lock and nothing to repair.

mod dir;
mod error;
mod export;
mod file;
mod oci;
mod place;
pub mod retention;
mod transfer;

pub use dir::DirStore;
pub use error::{CODES, StoreError};
pub use export::{Cargo, export_file, export_folder};
pub use file::FileStore;
pub use place::open;
pub use transfer::{Imported, import};
