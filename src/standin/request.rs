//! The head of an HTTP/1.x request: bounded, and read in one way only.
//!
//! A request that two readers could take for different ones (two lengths, a length and chunks) is
//! refused rather than guessed at.

use std::io::{self, BufRead, Read};

/// The most bytes a request line and its headers may take.
const MAX_HEAD: u64 = 32 * 1024;
/// The most headers.
const MAX_HEADERS: usize = 64;

/// How the end of a body is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// By its length.
    Length(u64),
    /// By a last, empty chunk.
    Chunked,
}

/// A request without its body.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) method: String,
    /// As sent: path and query.
    pub(super) target: String,
    pub(super) framing: Framing,
    /// Whether the client wants another request on this connection.
    pub(super) keep_alive: bool,
    /// Whether the client knows chunks, which HTTP/1.0 does not.
    pub(super) knows_chunks: bool,
    /// Whether the client waits for `100 Continue` before it sends the body.
    pub(super) waits: bool,
    headers: Vec<(String, Vec<u8>)>,
}

/// Why a head cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum BadHead {
    #[error("the request head is longer than {MAX_HEAD} bytes or has too many headers")]
    TooLong,
    #[error("the request cannot be read: {0}")]
    Malformed(&'static str),
    #[error("the connection broke: {0}")]
    Broken(#[from] io::Error),
}

impl Head {
    /// Reads the next head; none when the client closed the connection between requests.
    pub(super) fn read(from: &mut impl BufRead) -> Result<Option<Self>, BadHead> {
        let Some(bytes) = head_bytes(from)? else { return Ok(None) };
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut request = httparse::Request::new(&mut headers);
        match request.parse(&bytes) {
            Ok(httparse::Status::Complete(_)) => Self::from_parsed(&request).map(Some),
            Ok(httparse::Status::Partial) => Err(BadHead::Malformed("it is not complete")),
            Err(httparse::Error::TooManyHeaders) => Err(BadHead::TooLong),
            Err(_) => Err(BadHead::Malformed("it is not HTTP/1")),
        }
    }

    /// Returns the only value of a header; none when it is missing.
    pub(super) fn header(&self, name: &str) -> Option<&[u8]> {
        let found = self.headers.iter().find(|(have, _)| have.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_slice())
    }

    fn from_parsed(request: &httparse::Request<'_, '_>) -> Result<Self, BadHead> {
        let newer = request.version == Some(1);
        let mut head = Self {
            method: request.method.unwrap_or_default().to_owned(),
            target: request.path.unwrap_or_default().to_owned(),
            framing: Framing::Length(0),
            keep_alive: newer,
            knows_chunks: newer,
            waits: false,
            headers: Vec::new(),
        };
        for header in request.headers.iter() {
            head.headers.push((header.name.to_owned(), header.value.to_vec()));
        }
        head.framing = head.read_framing()?;
        if let Some(value) = head.header("Connection") {
            let has = |word: &str| {
                value.split(|byte| *byte == b',').any(|part| is(part.trim_ascii(), word))
            };
            head.keep_alive = if newer { !has("close") } else { has("keep-alive") };
        }
        head.waits = newer && head.header("Expect").is_some_and(|v| is(v, "100-continue"));
        Ok(head)
    }

    fn read_framing(&self) -> Result<Framing, BadHead> {
        let all = |name: &str| -> Vec<&[u8]> {
            let same = self.headers.iter().filter(|(have, _)| have.eq_ignore_ascii_case(name));
            same.map(|(_, value)| value.trim_ascii()).collect()
        };
        match (all("Content-Length").as_slice(), all("Transfer-Encoding").as_slice()) {
            ([], []) => Ok(Framing::Length(0)),
            ([length], []) => decimal(length)
                .map(Framing::Length)
                .ok_or(BadHead::Malformed("its length is not a number")),
            ([], [coding]) if is(coding, "chunked") && self.knows_chunks => Ok(Framing::Chunked),
            _ => Err(BadHead::Malformed("its length is told in two ways or in an unknown one")),
        }
    }
}

fn is(value: &[u8], word: &str) -> bool {
    value.eq_ignore_ascii_case(word.as_bytes())
}

fn decimal(text: &[u8]) -> Option<u64> {
    let digits = !text.is_empty() && text.len() <= 18 && text.iter().all(u8::is_ascii_digit);
    digits.then(|| text.iter().fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0')))
}

/// Reads up to and with the empty line; skips empty lines before the request as RFC 9112 asks.
fn head_bytes(from: &mut impl BufRead) -> Result<Option<Vec<u8>>, BadHead> {
    let mut bytes = Vec::new();
    let mut limited = from.take(MAX_HEAD);
    loop {
        let start = bytes.len();
        let read = limited.read_until(b'\n', &mut bytes)?;
        if read == 0 || bytes.last() != Some(&b'\n') {
            return match (limited.limit(), start + read) {
                (0, _) => Err(BadHead::TooLong),
                (_, 0) => Ok(None),
                _ => Err(BadHead::Malformed("it ends in the middle")),
            };
        }
        if matches!(&bytes[start..], b"\r\n" | b"\n") {
            if start > 0 {
                return Ok(Some(bytes));
            }
            bytes.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Result<Option<Head>, BadHead> {
        Head::read(&mut text.as_bytes())
    }

    #[test]
    fn reads_what_git_sends() {
        let text = "POST /team/apps.git/git-upload-pack HTTP/1.1\r\nHost: git.example.com\r\n\
                    Git-Protocol: version=2\r\nTransfer-Encoding: chunked\r\n\
                    Expect: 100-continue\r\n\r\nrest";
        let head = read(text).unwrap().unwrap();
        assert_eq!((head.method.as_str(), head.framing), ("POST", Framing::Chunked));
        assert_eq!(head.target, "/team/apps.git/git-upload-pack");
        assert_eq!(head.header("git-protocol"), Some(&b"version=2"[..]));
        assert!(head.keep_alive && head.knows_chunks && head.waits);
    }

    #[test]
    fn an_old_client_gets_one_answer_a_connection() {
        let head = read("GET / HTTP/1.0\r\n\r\n").unwrap().unwrap();
        assert!(!head.keep_alive && !head.knows_chunks);
        let head = read("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").unwrap().unwrap();
        assert!(head.keep_alive);
        let head = read("GET / HTTP/1.1\r\nConnection: TE, close\r\n\r\n").unwrap().unwrap();
        assert!(!head.keep_alive);
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_refused() {
        for headers in [
            "Content-Length: 1\r\nContent-Length: 1",
            "Content-Length: 1\r\nTransfer-Encoding: chunked",
            "Transfer-Encoding: gzip, chunked",
            "Content-Length: +1",
            "Content-Length: 1 1",
            "Content-Length: 9999999999999999999",
            "Content-Length:",
        ] {
            let read = read(&format!("POST / HTTP/1.1\r\n{headers}\r\n\r\n"));
            assert!(matches!(read, Err(BadHead::Malformed(_))), "{headers}: {read:?}");
        }
    }

    #[test]
    fn heads_have_a_limit() {
        let long = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(40_000));
        assert!(matches!(read(&long), Err(BadHead::TooLong)));
        let many = format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(65));
        assert!(matches!(read(&many), Err(BadHead::TooLong)));
        assert!(matches!(read(""), Ok(None)));
        assert!(matches!(read("GET / HT"), Err(BadHead::Malformed(_))));
    }

    proptest! {
        #[test]
        fn never_panics_and_never_reads_far(bytes: Vec<u8>) {
            let mut from = bytes.as_slice();
            let _ = Head::read(&mut from);
        }
    }
}
