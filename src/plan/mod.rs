//! What would change on a target, in which order, as a value.
