//! What can be wrong with an object or with the text it is read from.

use crate::model::explain::{About, Explain, Kind};

/// A text or a value that is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ObjectError {
    /// The text is not YAML, or YAML that kubectl refuses.
    #[error("{origin}, line {line}: {why}")]
    Yaml {
        /// Which file.
        origin: String,
        /// The line, counted from 1; 0 where none is known.
        line: usize,
        /// What is wrong.
        why: String,
    },
    /// The text or what it unfolds to is larger than anything sensible.
    #[error("{origin} has more than {limit} {unit}")]
    TooLarge {
        /// Which file.
        origin: String,
        /// The limit.
        limit: usize,
        /// `bytes`, `levels`, `nodes`.
        unit: &'static str,
    },
    /// Good YAML, but no Kubernetes object.
    #[error("{origin}, line {line}: not a Kubernetes object: {missing} is missing")]
    NotAnObject {
        /// Which file.
        origin: String,
        /// Where the document begins.
        line: usize,
        /// The field that every object has.
        missing: &'static str,
    },
}

static YAML: About = About {
    code: "B1001",
    kind: Kind::Failed,
    meaning: "A file is not YAML as kubectl reads it. Nothing of it is used, because guessing what \
              it should say could change what runs.",
    next: "correct the file at the line named, or name a folder that does not hold it",
};

static TOO_LARGE: About = About {
    code: "B1002",
    kind: Kind::Failed,
    meaning: "A file is larger, deeper or unfolds to more nodes than any real manifest. Texts made \
              to exhaust memory look like that.",
    next: "look at the file; split it if it is real",
};

static NOT_AN_OBJECT: About = About {
    code: "B1003",
    kind: Kind::Failed,
    meaning: "A YAML file in a folder of manifests is no Kubernetes object: apiVersion, kind or a \
              name is missing.",
    next: "move the file elsewhere, or give the folder a kustomization.yaml that lists what counts",
};

/// The codes of this module.
pub static CODES: &[&About] = &[&YAML, &TOO_LARGE, &NOT_AN_OBJECT];

impl Explain for ObjectError {
    fn about(&self) -> &'static About {
        match self {
            Self::Yaml { .. } => &YAML,
            Self::TooLarge { .. } => &TOO_LARGE,
            Self::NotAnObject { .. } => &NOT_AN_OBJECT,
        }
    }
}
