//! What should be mirrored: where a repository is, by what name it goes, how to get in.
//!
//! A location never carries a secret: user and password in a URL are refused, because URLs end up
//! in configuration, bundles and logs.

mod below;
mod error;
mod location;
mod shrink;
mod spec;

pub use below::repositories_below;
pub use error::{CODES, SourceError};
pub use location::Location;
pub use shrink::is_shrunken;
pub use spec::{Class, Credential, Spec, default_name};
