//! To whom something is sealed: age's own keys, SSH keys, keys in plugins.

use std::fmt;
use std::str::FromStr;

use super::error::{KeysError, plain};
use crate::model::safe::safe;

/// A public key that age can encrypt to. `Display` writes it as it is given on a command line.
#[derive(Clone)]
pub struct Recipient {
    inner: Inner,
}

#[derive(Clone)]
enum Inner {
    X25519(age::x25519::Recipient),
    Ssh(age::ssh::Recipient),
    Plugin(age::plugin::Recipient),
}

/// What kind of key a recipient is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecipientKind {
    /// `age1…`: a seal to it does not tell whose it is.
    X25519,
    /// `ssh-ed25519 …` or `ssh-rsa …`: a seal to it names the key by a 4-byte tag.
    Ssh,
    /// `age1NAME1…`: opened by the program `age-plugin-NAME`.
    Plugin,
}

impl Recipient {
    /// Reads one recipient. The comment of an SSH public key is dropped.
    pub fn parse(text: &str) -> Result<Self, KeysError> {
        let text = text.trim();
        let bad = |why: String| KeysError::BadRecipient { text: shorten(text), why };
        let inner = if text.starts_with("ssh-") {
            Inner::Ssh(text.parse().map_err(|error| bad(ssh_why(&error)))?)
        } else if let Ok(native) = text.parse() {
            Inner::X25519(native)
        } else if text.starts_with("AGE-SECRET-KEY-") || text.contains("PRIVATE KEY") {
            return Err(KeysError::BadRecipient {
                text: "…".to_owned(),
                why: "this is a private key; give its public half".to_owned(),
            });
        } else if text.starts_with("age1") {
            Inner::Plugin(text.parse().map_err(|why: &str| bad(why.to_owned()))?)
        } else {
            return Err(bad("neither an age nor an ssh-ed25519 or ssh-rsa key".to_owned()));
        };
        Ok(Self { inner })
    }

    /// Returns what kind of key it is.
    pub fn kind(&self) -> RecipientKind {
        match &self.inner {
            Inner::X25519(_) => RecipientKind::X25519,
            Inner::Ssh(_) => RecipientKind::Ssh,
            Inner::Plugin(_) => RecipientKind::Plugin,
        }
    }

    /// Returns the key as age encrypts to it. Fails when its plugin is not installed.
    pub(super) fn for_age(&self) -> Result<Box<dyn age::Recipient + Send>, KeysError> {
        Ok(match &self.inner {
            Inner::X25519(key) => Box::new(key.clone()),
            Inner::Ssh(key) => Box::new(key.clone()),
            Inner::Plugin(key) => {
                let (name, keys) = (key.plugin(), std::slice::from_ref(key));
                let plugin = age::plugin::RecipientPluginV1::new(name, keys, &[], age::NoCallbacks);
                Box::new(
                    plugin.map_err(|error| KeysError::Plugin {
                        what: safe(name),
                        why: plain(&error),
                    })?,
                )
            }
        })
    }
}

/// The text of a wrong recipient, cut: a person may have given a whole file.
fn shorten(text: &str) -> String {
    let cut: String = text.chars().take(40).collect();
    safe(if cut.len() < text.len() { cut + "…" } else { cut })
}

fn ssh_why(error: &age::ssh::ParseRecipientKeyError) -> String {
    use age::ssh::ParseRecipientKeyError as Why;
    match error {
        Why::RsaModulusTooLarge => "its rsa key is larger than age takes".to_owned(),
        Why::RsaModulusTooSmall => "its rsa key has fewer than 2048 bits".to_owned(),
        Why::Unsupported(kind) => {
            format!("keys of type {} can sign but not open", safe(kind))
        }
        _ => "not an SSH public key".to_owned(),
    }
}

impl FromStr for Recipient {
    type Err = KeysError;
    fn from_str(text: &str) -> Result<Self, KeysError> {
        Self::parse(text)
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.inner {
            Inner::X25519(key) => key.fmt(f),
            Inner::Ssh(key) => key.fmt(f),
            Inner::Plugin(key) => key.fmt(f),
        }
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recipient({self})")
    }
}

impl PartialEq for Recipient {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl Eq for Recipient {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SSH: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN";

    #[test]
    fn the_kinds_are_told_apart_and_written_back() {
        let native = age::x25519::Identity::generate().to_public().to_string();
        let plugin = "age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t";
        for (text, kind) in [
            (native.as_str(), RecipientKind::X25519),
            (SSH, RecipientKind::Ssh),
            (plugin, RecipientKind::Plugin),
        ] {
            let recipient = Recipient::parse(text).unwrap();
            assert_eq!((recipient.kind(), recipient.to_string().as_str()), (kind, text));
        }
        assert_eq!(Recipient::parse(&format!("{SSH} alice@laptop\n")).unwrap().to_string(), SSH);
    }

    #[test]
    fn what_cannot_open_is_refused_with_the_reason() {
        for (text, why) in [
            ("sk-ssh-ed25519@openssh.com AAAA", "neither"),
            ("age1", "invalid"),
            ("AGE-SECRET-KEY-1QQQQ", "private key"),
            ("alice", "neither"),
            ("", "neither"),
        ] {
            let error = Recipient::parse(text).unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
            assert!(!error.contains("QQQQ"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn hostile_text_never_panics(text: String) {
            let _ = Recipient::parse(&text);
            let _ = Recipient::parse(&format!("ssh-ed25519 {text}"));
            let _ = Recipient::parse(&format!("age1{text}"));
        }
    }
}
