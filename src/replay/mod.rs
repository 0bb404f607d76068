//! Carries out exactly one approved plan.
