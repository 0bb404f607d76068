//! The objects that should be there.

use super::choice::Choice;
use super::source::Source;
use crate::model::digest::Digest;
use crate::render;

/// Everything a plan is made from, besides the target.
#[derive(Clone, Debug)]
pub struct Desired {
    /// The digest of the manifest of the bundle that the objects come from.
    pub bundle: Digest,
    /// The objects with their origin, in order of their roots and files.
    pub items: Vec<render::Item>,
    /// What rendering found.
    pub findings: Vec<String>,
    /// Which origin counts where an object has several.
    pub choices: Vec<Choice>,
    /// Folders that the bundle holds, that an engine's object among the items follows, and that
    /// none of the items comes from.
    pub beyond: Vec<Source>,
}
