//! What should be mirrored.
