//! The sealed artefact: format, seal, open.
