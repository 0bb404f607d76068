//! Bare repositories: refs, objects, proof of connectivity, packs, safe export of a revision.
