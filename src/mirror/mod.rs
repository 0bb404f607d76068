//! Bare repositories kept current and proven.
