//! How a command line names a target.

use std::convert::Infallible;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// A target's name, or a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selector {
    /// The name of a card.
    Named(String),
    /// `dir:PATH`.
    Directory(PathBuf),
}

impl FromStr for Selector {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text.strip_prefix("dir:") {
            Some(path) => Self::Directory(path.into()),
            None => Self::Named(text.to_owned()),
        })
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(name) => f.write_str(name),
            Self::Directory(path) => write!(f, "dir:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_tells_folders_from_names() {
        assert_eq!("dir:/tmp/x".parse(), Ok(Selector::Directory("/tmp/x".into())));
        assert_eq!("lab".parse(), Ok(Selector::Named("lab".into())));
        assert_eq!(Selector::Directory("a b".into()).to_string(), "dir:a b");
    }
}
