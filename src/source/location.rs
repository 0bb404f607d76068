//! Where a repository is: an https, http or ssh URL, the scp form, or a path.
//!
//! Hosts, users and paths that begin with a dash are refused, because they would be options to
//! ssh (CVE-2017-1000117 and its kin).

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::model::percent::decode;
use crate::model::safe::safe;

use super::error::SourceError;

/// Where a repository is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Location {
    /// Over https or http.
    Web {
        /// The whole URL, without user, password, query and fragment.
        url: String,
    },
    /// Over ssh, as a URL or in the scp form.
    Ssh {
        /// The user, where one is named.
        user: Option<String>,
        /// The host.
        host: String,
        /// The port, where one is named.
        port: Option<u16>,
        /// The path as the far side is asked for it.
        path: String,
        /// What was written.
        text: String,
    },
    /// A folder on this machine.
    Path(PathBuf),
}

impl Location {
    /// Returns the host with its port, for URLs that have one.
    pub fn host(&self) -> Option<String> {
        match self {
            Self::Web { url } => authority(url).map(str::to_ascii_lowercase),
            Self::Ssh { host, port, .. } => {
                let host = host.to_ascii_lowercase();
                Some(port.map_or(host.clone(), |port| format!("{host}:{port}")))
            }
            Self::Path(_) => None,
        }
    }

    /// Returns where a connection goes: the host and a port.
    pub fn address(&self) -> Option<(String, u16)> {
        match self {
            Self::Web { url } => {
                let authority = authority(url)?;
                let after = authority.rsplit(']').next().unwrap_or_default();
                let named = after.split_once(':').and_then(|(_, port)| port.parse().ok());
                let usual = if url.starts_with("http://") { 80 } else { 443 };
                Some((host_only(authority).to_owned(), named.unwrap_or(usual)))
            }
            Self::Ssh { host, port, .. } => Some((host.clone(), port.unwrap_or(22))),
            Self::Path(_) => None,
        }
    }

    /// Returns the path part, without leading slashes.
    pub fn path(&self) -> &str {
        let path = match self {
            Self::Web { url } => {
                let after = url.split_once("://").map_or("", |(_, rest)| rest);
                after.split_once('/').map_or("", |(_, path)| path)
            }
            Self::Ssh { path, .. } => path.trim_start_matches("/~").trim_start_matches('~'),
            Self::Path(path) => path.file_name().and_then(|name| name.to_str()).unwrap_or_default(),
        };
        path.trim_matches('/')
    }

    /// Returns whether this is plain http to another machine, where secrets must not go.
    pub fn is_clear_text(&self) -> bool {
        let Self::Web { url } = self else { return false };
        let loopback = authority(url).map(host_only).is_some_and(|host| {
            let address = host.parse::<std::net::IpAddr>();
            host == "localhost" || address.is_ok_and(|address| address.is_loopback())
        });
        url.starts_with("http://") && !loopback
    }
}

fn authority(url: &str) -> Option<&str> {
    url.split_once("://")?.1.split('/').next()
}

/// Cuts a port and the brackets of IPv6 off.
fn host_only(authority: &str) -> &str {
    match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => authority.split(':').next().unwrap_or_default(),
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Web { url } => f.write_str(&safe(url)),
            Self::Ssh { text, .. } => f.write_str(&safe(text)),
            Self::Path(path) => f.write_str(&safe(path.as_os_str().as_encoded_bytes())),
        }
    }
}

impl FromStr for Location {
    type Err = SourceError;

    fn from_str(text: &str) -> Result<Self, SourceError> {
        let bad = |why| SourceError::BadLocation { text: without_secret(text), why };
        if text.is_empty() || text.chars().any(char::is_control) {
            return Err(bad("it is empty or holds control characters"));
        }
        match text.split_once("://") {
            Some(("https" | "http", rest)) => web(text, rest, bad),
            Some(("ssh" | "git+ssh" | "ssh+git", rest)) => ssh_url(text, rest, bad),
            Some(("file", rest)) => {
                let path = rest.strip_prefix("localhost").unwrap_or(rest);
                if !path.starts_with('/') {
                    return Err(bad("file:// needs an absolute path"));
                }
                Ok(Self::Path(unescaped(path, bad)?.into()))
            }
            Some(_) => Err(bad("only https, http, ssh and file are spoken")),
            None => match text.split_once(':') {
                Some((left, path)) if !left.contains('/') => scp(text, left, path, bad),
                _ => Ok(Self::Path(Path::new(text).to_owned())),
            },
        }
    }
}

fn web(
    text: &str,
    rest: &str,
    bad: impl Fn(&'static str) -> SourceError,
) -> Result<Location, SourceError> {
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    if let Some((_, host)) = authority.rsplit_once('@') {
        return Err(SourceError::SecretInUrl { host: safe(host) });
    }
    let host = host_only(authority);
    if host.is_empty() || host.starts_with('-') || authority.contains(char::is_whitespace) {
        return Err(bad("it names no host"));
    }
    if rest.contains(['?', '#']) || path.contains(char::is_whitespace) {
        return Err(bad("a query, a fragment or a blank does not belong there"));
    }
    if !authority.chars().all(|c| c.is_alphanumeric() || "._-:[]".contains(c)) {
        return Err(bad("its host is not a plain name"));
    }
    Ok(Location::Web { url: text.trim_end_matches('/').to_owned() })
}

fn ssh_url(
    text: &str,
    rest: &str,
    bad: impl Fn(&'static str) -> SourceError,
) -> Result<Location, SourceError> {
    let (authority, path) = rest.split_once('/').ok_or_else(|| bad("it names no path"))?;
    let (user, address) = match authority.rsplit_once('@') {
        Some((user, address)) => (Some(user), address),
        None => (None, authority),
    };
    let host = host_only(address);
    if user.is_some_and(|user| user.contains(':')) {
        return Err(SourceError::SecretInUrl { host: safe(host) });
    }
    let after = address.rsplit(']').next().unwrap_or_default();
    let port = match after.split_once(':') {
        Some((_, port)) => Some(port.parse().map_err(|_| bad("its port is not a number"))?),
        None => None,
    };
    // `/~user/x` is that user's home; everything else is absolute.
    let path = unescaped(path, &bad)?;
    let path = if path.starts_with('~') { path } else { format!("/{path}") };
    ssh(text, user, host, port, path, bad)
}

/// Undoes percent-encoding in the path of a file or ssh URL, as git does.
fn unescaped(path: &str, bad: impl Fn(&'static str) -> SourceError) -> Result<String, SourceError> {
    let plain = |text: &String| !text.chars().any(char::is_control);
    let text = decode(path).and_then(|bytes| String::from_utf8(bytes).ok()).filter(plain);
    text.ok_or_else(|| bad("its percent-encoding is broken or hides control characters"))
}

fn scp(
    text: &str,
    left: &str,
    path: &str,
    bad: impl Fn(&'static str) -> SourceError,
) -> Result<Location, SourceError> {
    let (user, host) = match left.rsplit_once('@') {
        Some((user, host)) => (Some(user), host),
        None => (None, left),
    };
    ssh(text, user, host, None, path.to_owned(), bad)
}

fn ssh(
    text: &str,
    user: Option<&str>,
    host: &str,
    port: Option<u16>,
    path: String,
    bad: impl Fn(&'static str) -> SourceError,
) -> Result<Location, SourceError> {
    let plain = |name: &str| {
        !name.is_empty()
            && !name.starts_with('-')
            && name.chars().all(|c| c.is_alphanumeric() || "._-:%".contains(c))
    };
    if !plain(host) || user.is_some_and(|user| !plain(user)) {
        return Err(bad("its host or user is not a plain name"));
    }
    if path.trim_matches('/').is_empty() || path.starts_with(['-', ':']) {
        return Err(bad("its path is empty or an option"));
    }
    let (user, host) = (user.map(str::to_owned), host.to_owned());
    Ok(Location::Ssh { user, host, port, path, text: text.to_owned() })
}

/// What was written, with anything before an `@` left out.
fn without_secret(text: &str) -> String {
    let shown = match (text.find("://"), text.rfind('@')) {
        (Some(at), Some(end)) if end > at => format!("{}…{}", &text[..at + 3], &text[end..]),
        _ => text.to_owned(),
    };
    safe(shown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Location {
        text.parse().unwrap()
    }

    #[test]
    fn every_form_is_read_and_written_back() {
        for (text, host, path) in [
            ("https://git.example.com/team/apps.git", Some("git.example.com"), "team/apps.git"),
            ("http://127.0.0.1:8080/a", Some("127.0.0.1:8080"), "a"),
            ("ssh://git@Host:2222/srv/a.git", Some("host:2222"), "srv/a.git"),
            ("git@host:team/a.git", Some("host"), "team/a.git"),
            ("host:a", Some("host"), "a"),
            ("/srv/git/a.git", None, "a.git"),
            ("./a", None, "a"),
            ("dir/with:colon", None, "with:colon"),
        ] {
            let location = read(text);
            assert_eq!(location.host().as_deref(), host, "{text}");
            assert_eq!((location.path(), location.to_string().as_str()), (path, text));
        }
        assert_eq!(read("file:///srv/a"), Location::Path("/srv/a".into()));
        assert_eq!(read("file:///srv/a%20b"), Location::Path("/srv/a b".into()));
        assert_eq!(read("ssh://git@host/srv/gro%C3%9F.git").path(), "srv/groß.git");
        for bad in ["file:///a%2", "file:///a%0ab", "ssh://host/%ff"] {
            assert!(bad.parse::<Location>().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_far_side_is_asked_for_the_path_as_git_asks() {
        for (text, expected) in [
            ("ssh://host/srv/a", "/srv/a"),
            ("ssh://host/~me/a", "~me/a"),
            ("host:a", "a"),
            ("host:/a", "/a"),
        ] {
            let Location::Ssh { path, .. } = read(text) else { panic!("{text}") };
            assert_eq!(path, expected);
        }
    }

    #[test]
    fn secrets_in_urls_are_refused_and_not_repeated() {
        for text in ["https://me:hunter2@host/a", "https://hunter2@host/a", "ssh://me:hunter2@h/a"]
        {
            let error = text.parse::<Location>().unwrap_err();
            assert!(matches!(error, SourceError::SecretInUrl { .. }), "{text}");
            assert!(!error.to_string().contains("hunter2"));
        }
    }

    #[test]
    fn options_in_disguise_and_other_schemes_are_refused() {
        for text in [
            "",
            "git://host/a",
            "ext::sh -c x",
            "ssh://-oProxyCommand=x/a",
            "-oProxyCommand=x:a",
            "ssh://host/",
            "host:",
            "host:-x",
            "https:///a",
            "https://host/a b",
            "a\nb",
            "https://host/a?x=y",
            "https://host?x=y",
            "https://#/a",
            "https://host\\@other/a",
            "https://ho\"st/a",
            "ssh://host:x/a",
            "ftp://host/a",
        ] {
            assert!(text.parse::<Location>().is_err(), "{text}");
        }
    }

    #[test]
    fn clear_text_is_http_to_another_machine() {
        assert!(read("http://git.example.com/a").is_clear_text());
        for text in [
            "https://host/a",
            "http://localhost:1/a",
            "http://127.0.0.1/a",
            "http://[::1]:80/a",
            "h:a",
        ] {
            assert!(!read(text).is_clear_text(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn hostile_text_never_panics(text: String) {
            let _ = text.parse::<Location>().map(|location| (location.host(), location.to_string()));
        }
    }
}
