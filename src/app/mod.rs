//! Use cases: one file per verb; the only place that wires things together.
