//! Refs, locations of repositories.

use blackstart::model::git::{RefName, Refs};
use blackstart::source::Location;

use super::{assert_shown, refused};

/// A name, or `HEAD` and `packed-refs` with a zero between them: what is read is written back byte
/// for byte, and through JSON.
pub fn refs(data: &[u8]) -> bool {
    let named = match RefName::new(data) {
        Ok(name) => {
            assert_eq!(name.as_bytes(), data);
            assert!(data.starts_with(b"refs/") && !data.windows(2).any(|pair| pair == b".."));
            assert_shown(&name.to_string());
            assert!(!name.to_string().contains('\n'));
            let json = serde_json::to_string(&name).unwrap();
            assert_eq!(serde_json::from_str::<RefName>(&json).unwrap(), name);
            true
        }
        Err(error) => refused(&error),
    };
    let mut halves = data.splitn(2, |byte| *byte == 0);
    let (head, packed) = (halves.next().unwrap_or_default(), halves.next().unwrap_or_default());
    let files = Refs::from_files(head, packed);
    if let Ok(parsed) = &files {
        assert_eq!(parsed.head_file(), head);
        assert_eq!(parsed.packed_refs_file(), packed);
        assert!(parsed.tips.is_sorted_by(|one, other| one.name < other.name));
        assert!(parsed.tips.iter().all(|tip| parsed.get(&tip.name) == Some(tip)));
        assert!(parsed.oids().len() <= parsed.tips.len() + 1);
    }
    named || files.is_ok()
}

/// What is read as a URL names a host that is no option, and carries no secret.
pub fn location(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    match text.parse::<Location>() {
        Ok(location) => {
            assert_shown(&location.to_string());
            assert!(!location.to_string().contains('\n'));
            let _ = (location.path(), location.is_clear_text());
            if let Some(host) = location.host() {
                assert!(!host.is_empty() && !host.starts_with('-'), "{host:?}");
                assert!(!host.contains('@') && !host.contains(char::is_whitespace), "{host:?}");
            }
            match &location {
                Location::Ssh { user, path, .. } => {
                    assert!(!path.starts_with('-'));
                    let user = user.as_deref().unwrap_or("git");
                    assert!(!user.starts_with('-') && !user.contains(char::is_whitespace));
                }
                Location::Web { url } => {
                    let authority = url.split('/').nth(2).unwrap_or_default();
                    assert!(!authority.contains('@') && !url.contains(['?', '#']));
                }
                Location::Path(_) => {}
            }
            true
        }
        Err(error) => refused(&error),
    }
}
