//! A Git server over bare repositories.
