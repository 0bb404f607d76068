//! From files of a revision to objects.
