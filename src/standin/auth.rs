//! Who may ask: one user and password, or one bearer token, compared without telling by the time
//! it takes how much of it was right.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::model::digest::Digest;

/// What a client must present. `Debug` shows no secret.
#[derive(Clone)]
pub enum Auth {
    /// HTTP Basic, which is what `git` and its credential helpers speak.
    Basic {
        /// The user name.
        user: String,
        /// The password or token.
        password: Zeroizing<String>,
    },
    /// A bearer token.
    Bearer(Zeroizing<String>),
}

impl Auth {
    /// Asks for this user and password.
    pub fn basic(user: impl Into<String>, password: impl Into<String>) -> Self {
        Self::Basic { user: user.into(), password: Zeroizing::new(password.into()) }
    }

    /// Asks for this bearer token.
    pub fn bearer(token: impl Into<String>) -> Self {
        Self::Bearer(Zeroizing::new(token.into()))
    }

    /// Returns whether the value of an `Authorization` header is the right one.
    pub(super) fn admits(&self, header: Option<&[u8]>) -> bool {
        let Some((scheme, given)) = header.and_then(split_scheme) else { return false };
        let (wanted, expected) = match self {
            Self::Basic { user, password } => {
                let pair = Zeroizing::new(format!("{user}:{}", password.as_str()));
                ("basic", Zeroizing::new(STANDARD.encode(pair.as_bytes())))
            }
            Self::Bearer(token) => ("bearer", token.clone()),
        };
        scheme.eq_ignore_ascii_case(wanted.as_bytes()) && same(given, expected.as_bytes())
    }

    /// Returns the `WWW-Authenticate` value that tells a client what to present.
    pub(super) fn challenge(&self) -> &'static str {
        match self {
            Self::Basic { .. } => "Basic realm=\"blackstart\", charset=\"UTF-8\"",
            Self::Bearer(_) => "Bearer realm=\"blackstart\"",
        }
    }
}

fn split_scheme(header: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = header.iter().position(|byte| *byte == b' ')?;
    Some((&header[..at], header[at..].trim_ascii()))
}

/// Compares digests rather than the secrets, so that time depends on neither length nor content.
fn same(given: &[u8], expected: &[u8]) -> bool {
    let (given, expected) = (Digest::of(given), Digest::of(expected));
    let pairs = given.as_bytes().iter().zip(expected.as_bytes());
    pairs.fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Basic { user, .. } => {
                f.debug_struct("Basic").field("user", user).finish_non_exhaustive()
            }
            Self::Bearer(_) => f.write_str("Bearer(…)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_takes_exactly_its_pair() {
        let auth = Auth::basic("oauth2", "s3cret");
        // echo -n oauth2:s3cret | base64
        assert!(auth.admits(Some(b"Basic b2F1dGgyOnMzY3JldA==")));
        assert!(auth.admits(Some(b"basic  b2F1dGgyOnMzY3JldA== ")));
        for wrong in ["Basic b2F1dGgyOnMzY3JldB==", "Basic", "Bearer b2F1dGgyOnMzY3JldA==", ""] {
            assert!(!auth.admits(Some(wrong.as_bytes())), "{wrong}");
        }
        assert!(!auth.admits(None));
    }

    #[test]
    fn bearer_takes_exactly_its_token() {
        let auth = Auth::bearer("t0ken");
        assert!(auth.admits(Some(b"Bearer t0ken")));
        for wrong in ["Bearer t0ke", "Bearer t0kenn", "Basic t0ken", "t0ken"] {
            assert!(!auth.admits(Some(wrong.as_bytes())), "{wrong}");
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let shown = format!("{:?} {:?}", Auth::basic("u", "s3cret"), Auth::bearer("t0ken"));
        assert!(!shown.contains("s3cret") && !shown.contains("t0ken"), "{shown}");
    }
}
