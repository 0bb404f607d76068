//! A frozen view of all mirrors.
