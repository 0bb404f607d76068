//! Target cards and clusters made for practice.
