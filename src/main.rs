//! The blackstart binary.

fn main() {}
