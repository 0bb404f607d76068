//! One repository to mirror, as the configuration or a forge says.

use std::path::PathBuf;

use super::location::Location;

/// How much a repository counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Class {
    /// A snapshot without it is partial.
    #[default]
    Required,
    /// Its failure is told and counts less.
    Normal,
}

/// How to get in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Credential {
    /// The user's Git credential helper when a server asks; ssh's agent and keys.
    #[default]
    Default,
    /// A file whose first line is a token, or `user:token`.
    TokenFile(PathBuf),
    /// A program that prints a token, or `user:token`, in its first line.
    TokenCommand(Vec<String>),
}

/// One repository to mirror.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// Its name, unique in a stream.
    pub name: String,
    /// Where it is.
    pub location: Location,
    /// How to get in. A token without a user is sent for the user `oauth2`.
    pub credential: Credential,
    /// Certificates to trust besides the system's.
    pub ca_file: Option<PathBuf>,
    /// How much it counts.
    pub class: Class,
}

impl Spec {
    /// Returns a required repository with default name and credentials.
    pub fn new(location: Location) -> Self {
        Self {
            name: default_name(&location),
            location,
            credential: Credential::Default,
            ca_file: None,
            class: Class::Required,
        }
    }
}

/// Returns the name a repository goes by when none is given: the URL's path without `.git`; of a
/// folder on this machine its own name only.
pub fn default_name(location: &Location) -> String {
    let path = location.path();
    let name = path.strip_suffix(".git").unwrap_or(path).trim_end_matches('/');
    if name.is_empty() { "repository".to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_paths_without_git() {
        for (text, name) in [
            ("https://git.example.com/team/apps.git", "team/apps"),
            ("git@host:apps.git", "apps"),
            ("ssh://host/~me/apps/", "me/apps"),
            ("/srv/git/apps.git", "apps"),
            ("/srv/x/.git", "repository"),
        ] {
            assert_eq!(default_name(&text.parse().unwrap()), name, "{text}");
        }
    }
}
