//! The `git http-backend` child behind one request.
//!
//! The child sees a fresh environment: no configuration of the machine or of the person, pushes
//! off. It hands out every object of a repository that is asked for by id, as protocol v2 always
//! does and v0 only when told to; Argo CD and submodules ask so.

use std::io::{self, BufRead, Read};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::model::safe::safe;

use super::error::StandinError;
use super::request::{Framing, Head};
use super::route::{Route, Service};

/// The most bytes of headers the child may write.
const MAX_ANSWER: u64 = 16 * 1024;
/// How much of a request the child itself keeps in memory, unpacked. Git's own 10 MiB is too small
/// for a fetch that names some hundred thousand refs.
const REQUEST_BUFFER: &str = "104857600";

/// Configuration that wins over what a repository says.
const CONFIG: [(&str, &str); 5] = [
    // The repositories may belong to another user, such as root after an unpack.
    ("safe.directory", "*"),
    ("http.receivepack", "false"),
    ("uploadpack.allowAnySHA1InWant", "true"),
    ("uploadpack.allowFilter", "true"),
    ("protocol.version", "2"),
];

/// How to run `git http-backend` over the repositories below a folder.
#[derive(Debug)]
pub(super) struct Backend {
    pub(super) git: PathBuf,
    pub(super) root: PathBuf,
}

impl Backend {
    /// Checks that the program is there before the first client finds out.
    pub(super) fn probe(&self) -> Result<(), StandinError> {
        let fault = |why: String| StandinError::Git { path: self.git.clone(), why: safe(why) };
        let output =
            self.command().arg("--exec-path").output().map_err(|error| fault(error.to_string()))?;
        let folder = String::from_utf8_lossy(&output.stdout);
        let folder = Path::new(folder.trim_end());
        if !output.status.success() || !folder.join("git-http-backend").exists() {
            return Err(fault(format!("there is no git-http-backend in {}", folder.display())));
        }
        Ok(())
    }

    /// Starts the child for one request, in a process group of its own.
    pub(super) fn spawn(&self, route: &Route, head: &Head) -> io::Result<Child> {
        let mut command = self.command();
        command.arg("http-backend");
        command.env("GIT_PROJECT_ROOT", &self.root).env("GIT_HTTP_EXPORT_ALL", "1");
        command.env("GIT_HTTP_MAX_REQUEST_BUFFER", REQUEST_BUFFER);
        command.env("GATEWAY_INTERFACE", "CGI/1.1").env("SERVER_PROTOCOL", "HTTP/1.1");
        command.env("REQUEST_METHOD", &head.method).env("PATH_INFO", path(&route.path));
        match route.service {
            Service::Advertise => {
                command.env("QUERY_STRING", "service=git-upload-pack");
            }
            Service::UploadPack => {
                command.env("QUERY_STRING", "");
                if let Framing::Length(length) = head.framing {
                    command.env("CONTENT_LENGTH", length.to_string());
                }
            }
        }
        for (header, variable) in [
            ("Content-Type", "CONTENT_TYPE"),
            ("Content-Encoding", "HTTP_CONTENT_ENCODING"),
            ("Git-Protocol", "GIT_PROTOCOL"),
        ] {
            if let Some(value) = head.header(header).and_then(harmless) {
                command.env(variable, value);
            }
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        command.process_group(0).spawn()
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.git);
        command.env_clear().current_dir("/");
        command.env("PATH", self.git.parent().unwrap_or(Path::new("/")));
        command.env("LC_ALL", "C").env("HOME", "/nonexistent");
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
        command.env("GIT_CONFIG_COUNT", CONFIG.len().to_string());
        for (index, (key, value)) in CONFIG.iter().enumerate() {
            command.env(format!("GIT_CONFIG_KEY_{index}"), key);
            command.env(format!("GIT_CONFIG_VALUE_{index}"), value);
        }
        command
    }
}

fn path(bytes: &[u8]) -> &std::ffi::OsStr {
    std::os::unix::ffi::OsStrExt::from_bytes(bytes)
}

/// Returns a header's value when it is made of what such values are made of.
fn harmless(value: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(value).ok()?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_=:./+; ,".contains(&b);
    (text.len() <= 256 && text.bytes().all(plain)).then_some(text)
}

/// The head of what the child answers.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// Such as `200 OK`.
    pub(super) status: String,
    /// Lines `Name: value`, without those that frame the body.
    pub(super) headers: Vec<String>,
}

impl Answer {
    /// Reads the child's headers up to the empty line.
    pub(super) fn read(from: &mut impl BufRead) -> io::Result<Self> {
        let mut answer = Self { status: "200 OK".to_owned(), headers: Vec::new() };
        let mut limited = from.take(MAX_ANSWER);
        loop {
            let mut line = String::new();
            limited.read_line(&mut line)?;
            let text = line.strip_suffix('\n').ok_or(io::ErrorKind::UnexpectedEof)?;
            let text = text.strip_suffix('\r').unwrap_or(text);
            if text.is_empty() {
                return Ok(answer);
            }
            let (name, value) = text.split_once(": ").ok_or(io::ErrorKind::InvalidData)?;
            match name.to_ascii_lowercase().as_str() {
                "status" => value.clone_into(&mut answer.status),
                "content-length" | "connection" | "transfer-encoding" => {}
                _ => answer.headers.push(text.to_owned()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_head_of_an_answer_and_leaves_its_body() {
        let mut from =
            &b"Status: 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 1\r\n\r\nx"[..];
        let answer = Answer::read(&mut from).unwrap();
        assert_eq!(answer.status, "404 Not Found");
        assert_eq!(answer.headers, ["Content-Type: text/plain"]);
        assert_eq!(from, b"x");
    }

    #[test]
    fn a_broken_answer_is_an_error() {
        for text in ["", "Status: 200", "nonsense\n\n", &"A: b\n".repeat(10_000)] {
            assert!(Answer::read(&mut text.as_bytes()).is_err());
        }
    }

    #[test]
    fn headers_that_could_mean_more_are_dropped() {
        assert_eq!(harmless(b"version=2"), Some("version=2"));
        assert_eq!(harmless(b"application/x-git-upload-pack-request").map(str::len), Some(37));
        for odd in [&b"a\nb"[..], b"$(x)", b"\xff", &[b'a'; 300]] {
            assert_eq!(harmless(odd), None);
        }
    }

    #[test]
    fn a_missing_git_is_told_with_its_path() {
        let backend = Backend { git: "/nonexistent/git".into(), root: "/".into() };
        let error = backend.probe().unwrap_err();
        assert!(error.to_string().contains("/nonexistent/git"), "{error}");
    }
}
