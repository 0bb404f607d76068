//! What a signature is for. A signature for one purpose never counts for another.

/// Snapshots: the exact bytes of a manifest.
pub const SNAPSHOT: &str = "blackstart.snapshot.v1";
/// Trust: the exact bytes of a version of the trust file.
pub const TRUST: &str = "blackstart.trust.v1";
/// Seals: the exact bytes of `SEALS`.
pub const KEYS: &str = "blackstart.keys.v1";
/// Records of who did what.
pub const LOG: &str = "blackstart.log.v1";
