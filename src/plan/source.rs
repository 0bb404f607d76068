//! A folder of a repository, where a plan begins: `REPO:DIR[@REV]`.
//!
//! What is displayed can be typed again. Whether the folder exists is found out elsewhere.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A folder of a repository: `REPO:DIR[@REV]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The repository's name.
    pub repo: String,
    /// The folder in it; empty for the top.
    pub path: String,
    /// The revision; HEAD when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
}

impl FromStr for Source {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (repo, rest) =
            text.split_once(':').ok_or("expected REPO:DIR or REPO:DIR@REV".to_owned())?;
        let (path, revision) = match rest.rsplit_once('@') {
            Some((path, revision)) => (path, Some(revision.to_owned())),
            None => (rest, None),
        };
        if repo.is_empty() || revision.as_deref() == Some("") {
            return Err("expected REPO:DIR or REPO:DIR@REV".to_owned());
        }
        Ok(Self { repo: repo.to_owned(), path: path.to_owned(), revision })
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.repo, self.path)?;
        match &self.revision {
            Some(revision) => write!(f, "@{revision}"),
            // Else the end of the folder's name would be read as a revision.
            None if self.path.contains('@') => write!(f, "@HEAD"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_names_repository_folder_and_revision() {
        let source = |text: &str| text.parse::<Source>();
        let of = |repo: &str, path: &str, revision: Option<&str>| {
            Ok(Source { repo: repo.into(), path: path.into(), revision: revision.map(Into::into) })
        };
        assert_eq!(source("apps:clusters/prod"), of("apps", "clusters/prod", None));
        assert_eq!(source("team/apps:@v1"), of("team/apps", "", Some("v1")));
        assert_eq!(source("apps:a@b@main"), of("apps", "a@b", Some("main")));
        for bad in ["apps", ":x", "apps:x@"] {
            assert!(source(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_displayed_can_be_typed_again() {
        for text in ["apps:clusters/prod", "team/apps:@v1", "apps:a@b@main"] {
            assert_eq!(text.parse::<Source>().unwrap().to_string(), text);
        }
        let odd = Source { repo: "apps".into(), path: "a@b".into(), revision: None };
        assert_eq!(odd.to_string().parse::<Source>().unwrap().path, "a@b");
    }
}
