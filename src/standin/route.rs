//! Which repository is asked for, and by which of the two services of a fetch.
//!
//! Everything else does not exist here: no pushes, no files of the dumb protocol, no listings.

use crate::model::percent::decode;

/// The longest path of a repository.
const MAX_PATH: usize = 4096;

/// One of the two requests of a fetch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    /// `GET …/info/refs?service=git-upload-pack`.
    Advertise,
    /// `POST …/git-upload-pack`.
    UploadPack,
}

/// A request for a repository below the root.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Route {
    pub(super) service: Service,
    /// The decoded path with the service's own ending, beginning with `/`; no segment is empty or
    /// made of dots only.
    pub(super) path: Vec<u8>,
}

/// Why there is nothing at a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoRoute {
    /// The target is malformed or tries to leave the root.
    Bad,
    /// Nothing is served there.
    Missing,
    /// A push.
    ReadOnly,
    /// Another method than the one the service takes; this one.
    Method(&'static str),
    /// The dumb protocol.
    Dumb,
}

impl Route {
    /// Reads method and target of a request.
    pub(super) fn of(method: &str, target: &str) -> Result<Self, NoRoute> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let path = decode(path).ok_or(NoRoute::Bad)?;
        if !is_plain(&path) {
            return Err(NoRoute::Bad);
        }
        let service = if path.ends_with(b"/git-receive-pack") {
            return Err(NoRoute::ReadOnly);
        } else if path.ends_with(b"/git-upload-pack") {
            Self::expect(method, "POST")?;
            Service::UploadPack
        } else if path.ends_with(b"/info/refs") {
            Self::expect(method, "GET")?;
            advertised(query)?;
            Service::Advertise
        } else {
            return Err(NoRoute::Missing);
        };
        Ok(Self { service, path })
    }

    fn expect(method: &str, wanted: &'static str) -> Result<(), NoRoute> {
        if method == wanted { Ok(()) } else { Err(NoRoute::Method(wanted)) }
    }
}

fn advertised(query: &str) -> Result<(), NoRoute> {
    match query.split('&').find_map(|pair| pair.strip_prefix("service=")) {
        Some("git-upload-pack") => Ok(()),
        Some("git-receive-pack") => Err(NoRoute::ReadOnly),
        Some(_) => Err(NoRoute::Missing),
        None => Err(NoRoute::Dumb),
    }
}

fn is_plain(path: &[u8]) -> bool {
    let Some(below) = path.strip_prefix(b"/") else { return false };
    path.len() <= MAX_PATH
        && !path.iter().any(u8::is_ascii_control)
        && below.split(|byte| *byte == b'/').all(|segment| !matches!(segment, b"" | b"." | b".."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn finds_the_two_services() {
        let route = Route::of("GET", "/a/b.git/info/refs?service=git-upload-pack").unwrap();
        assert_eq!(
            route,
            Route { service: Service::Advertise, path: b"/a/b.git/info/refs".into() }
        );
        let route = Route::of("POST", "/%C3%BCber%20uns/git-upload-pack").unwrap();
        assert_eq!(route.path, "/über uns/git-upload-pack".as_bytes());
    }

    #[test]
    fn refuses_pushes_escapes_and_everything_else() {
        for (method, target, why) in [
            ("GET", "/a.git/info/refs?service=git-receive-pack", NoRoute::ReadOnly),
            ("POST", "/a.git/git-receive-pack", NoRoute::ReadOnly),
            ("GET", "/a.git/info/refs", NoRoute::Dumb),
            ("GET", "/a.git/HEAD", NoRoute::Missing),
            ("GET", "/", NoRoute::Bad),
            ("GET", "/a.git/git-upload-pack", NoRoute::Method("POST")),
            ("HEAD", "/a.git/info/refs?service=git-upload-pack", NoRoute::Method("GET")),
            ("POST", "/../etc/git-upload-pack", NoRoute::Bad),
            ("POST", "/a/%2e%2E/b/git-upload-pack", NoRoute::Bad),
            ("POST", "/a/%2e%2e%2fb/git-upload-pack", NoRoute::Bad),
            ("POST", "//a/git-upload-pack", NoRoute::Bad),
            ("POST", "/a%00b/git-upload-pack", NoRoute::Bad),
            ("POST", "/a%0ab/git-upload-pack", NoRoute::Bad),
            ("POST", "/a%+1/git-upload-pack", NoRoute::Bad),
            ("POST", "/a%2", NoRoute::Bad),
            ("POST", "http://x/a/git-upload-pack", NoRoute::Bad),
        ] {
            assert_eq!(Route::of(method, target), Err(why), "{method} {target}");
        }
    }

    proptest! {
        #[test]
        fn no_path_leaves_the_root(target: String) {
            if let Ok(route) = Route::of("POST", &format!("/{target}/git-upload-pack")) {
                let text = String::from_utf8_lossy(&route.path).into_owned();
                prop_assert!(text.starts_with('/') && !text.contains("/../") && !text.contains("//"));
            }
        }
    }
}
