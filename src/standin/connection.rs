//! One client: its requests in turn, each answered by a child or refused.
//!
//! Bodies and packs are streamed, never kept. The child reads a request to its end before it
//! answers, so writing first and reading then cannot block for ever.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::ChildStdin;

use super::auth::Auth;
use super::backend::{Answer, Backend};
use super::body::Body;
use super::request::{BadHead, Framing, Head};
use super::route::{NoRoute, Route};
use super::stream::Stream;
use super::table::Seat;

/// The longest request body, as sent.
const MAX_BODY: u64 = 64 * 1024 * 1024;
/// How much of an unwanted body is read so that the client gets to see the refusal.
const MAX_DRAINED: u64 = 1024 * 1024;
const BUFFER: usize = 64 * 1024;

/// What every connection of a server shares.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) backend: Backend,
    pub(super) auth: Option<Auth>,
}

/// What a refused client is told.
struct Refusal {
    status: &'static str,
    text: &'static str,
    header: Option<(&'static str, &'static str)>,
}

impl Refusal {
    const fn new(status: &'static str, text: &'static str) -> Self {
        Self { status, text, header: None }
    }
}

/// Answers a client until it, or a fault, ends the connection.
pub(super) fn serve(site: &Site, seat: &Seat, stream: Stream) {
    let mut connection = Connection { site, seat, wire: BufReader::with_capacity(BUFFER, stream) };
    // A connection that breaks is the client's to notice; it asks again.
    while connection.next_request().unwrap_or(false) {}
    connection.end();
}

struct Connection<'a> {
    site: &'a Site,
    seat: &'a Seat,
    wire: BufReader<Stream>,
}

impl Connection<'_> {
    /// Answers one request; says whether another may follow.
    fn next_request(&mut self) -> io::Result<bool> {
        let head = match Head::read(&mut self.wire) {
            Ok(Some(head)) => head,
            Ok(None) | Err(BadHead::Broken(_)) => return Ok(false),
            Err(BadHead::TooLong) => {
                let status = "431 Request Header Fields Too Large";
                self.refuse(&Refusal::new(status, "the request head is too long\n"), false)?;
                return Ok(false);
            }
            Err(BadHead::Malformed(_)) => {
                self.refuse(&Refusal::new("400 Bad Request", "this is no HTTP/1.1\n"), false)?;
                return Ok(false);
            }
        };
        match self.judge(&head) {
            Ok(route) => self.answer(&route, &head),
            Err(refusal) => {
                // A client that waits for leave to send its body sends none now.
                let keep = head.keep_alive && !head.waits && {
                    Body::new(&mut self.wire, head.framing, MAX_DRAINED).drain(MAX_DRAINED)
                };
                self.refuse(&refusal, keep)?;
                Ok(keep)
            }
        }
    }

    fn judge(&self, head: &Head) -> Result<Route, Refusal> {
        if let Some(auth) = &self.site.auth
            && !auth.admits(head.header("Authorization"))
        {
            let mut refusal = Refusal::new("401 Unauthorized", "say who you are\n");
            refusal.header = Some(("WWW-Authenticate", auth.challenge()));
            return Err(refusal);
        }
        Route::of(&head.method, &head.target).map_err(|why| match why {
            NoRoute::Bad => Refusal::new("400 Bad Request", "this path means nothing here\n"),
            NoRoute::Missing => Refusal::new("404 Not Found", "only Git repositories live here\n"),
            NoRoute::ReadOnly => Refusal::new("403 Forbidden", "this server is read-only\n"),
            NoRoute::Dumb => Refusal::new("403 Forbidden", "ask by the smart protocol\n"),
            NoRoute::Method(allowed) => {
                let mut refusal = Refusal::new("405 Method Not Allowed", "not this method\n");
                refusal.header = Some(("Allow", allowed));
                refusal
            }
        })
    }

    fn refuse(&mut self, refusal: &Refusal, keep: bool) -> io::Result<()> {
        let more = refusal.header.map(|(name, value)| format!("{name}: {value}\r\n"));
        let text = format!(
            "HTTP/1.1 {}\r\nConnection: {}\r\n{}Content-Type: text/plain\r\n\
             Content-Length: {}\r\n\r\n{}",
            refusal.status,
            connection_word(keep),
            more.unwrap_or_default(),
            refusal.text.len(),
            refusal.text,
        );
        let stream = self.wire.get_mut();
        stream.write_all(text.as_bytes())?;
        stream.flush()
    }

    /// Runs the child for one request and passes on what it says.
    fn answer(&mut self, route: &Route, head: &Head) -> io::Result<bool> {
        let broken = Refusal::new("500 Internal Server Error", "git http-backend failed\n");
        if head.waits {
            let stream = self.wire.get_mut();
            stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
            stream.flush()?;
        }
        let Ok(child) = self.site.backend.spawn(route, head) else {
            self.refuse(&broken, false)?;
            return Ok(false);
        };
        let mut watched = self.seat.watch(child);
        let stdin = watched.child.stdin.take();
        if let Err(error) = feed(&mut Body::new(&mut self.wire, head.framing, MAX_BODY), stdin) {
            self.refuse(&body_refusal(&error), false)?;
            return Ok(false);
        }
        let Some(stdout) = watched.child.stdout.take() else { return Ok(false) };
        let mut stdout = BufReader::with_capacity(BUFFER, stdout);
        let Ok(answer) = Answer::read(&mut stdout) else {
            self.refuse(&broken, false)?;
            return Ok(false);
        };
        let keep = head.keep_alive && head.knows_chunks;
        pass_on(&answer, &mut stdout, self.wire.get_mut(), head.knows_chunks, keep)?;
        Ok(keep)
    }

    /// Ends the connection so that the last answer arrives: closing with unread bytes would make
    /// the system throw away what is still on its way.
    fn end(&mut self) {
        self.wire.get_mut().finish();
        let _ =
            Body::new(&mut self.wire, Framing::Length(MAX_DRAINED), MAX_DRAINED).drain(MAX_DRAINED);
    }
}

/// Hands a body to the child. A child that wants no more of it is not the client's fault.
fn feed<R: BufRead>(body: &mut Body<'_, R>, mut stdin: Option<ChildStdin>) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER];
    loop {
        let read = body.read(&mut buffer)?;
        if read == 0 {
            return Ok(());
        }
        if let Some(pipe) = &mut stdin
            && pipe.write_all(&buffer[..read]).is_err()
        {
            stdin = None;
        }
    }
}

fn body_refusal(error: &io::Error) -> Refusal {
    match error.kind() {
        io::ErrorKind::FileTooLarge => {
            Refusal::new("413 Content Too Large", "the request body is too long\n")
        }
        _ => Refusal::new("400 Bad Request", "the request body cannot be read\n"),
    }
}

fn pass_on(
    answer: &Answer,
    from: &mut impl Read,
    to: &mut impl Write,
    chunked: bool,
    keep: bool,
) -> io::Result<()> {
    let mut text =
        format!("HTTP/1.1 {}\r\nConnection: {}\r\n", answer.status, connection_word(keep));
    for header in &answer.headers {
        text.push_str(header);
        text.push_str("\r\n");
    }
    text.push_str(if chunked { "Transfer-Encoding: chunked\r\n\r\n" } else { "\r\n" });
    let mut out = text.into_bytes();
    let mut buffer = vec![0; BUFFER];
    loop {
        let read = from.read(&mut buffer)?;
        if chunked {
            out.extend_from_slice(format!("{read:x}\r\n").as_bytes());
        }
        out.extend_from_slice(&buffer[..read]);
        if chunked {
            out.extend_from_slice(b"\r\n");
        }
        to.write_all(&out)?;
        to.flush()?;
        out.clear();
        if read == 0 {
            return Ok(());
        }
    }
}

fn connection_word(keep: bool) -> &'static str {
    if keep { "keep-alive" } else { "close" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_passed_on_in_chunks_or_to_the_end() {
        let answer = Answer { status: "200 OK".into(), headers: vec!["A: b".into()] };
        let mut out = Vec::new();
        pass_on(&answer, &mut &b"pack"[..], &mut out, true, true).unwrap();
        let expected = "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nA: b\r\n\
                        Transfer-Encoding: chunked\r\n\r\n4\r\npack\r\n0\r\n\r\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
        let mut out = Vec::new();
        pass_on(&answer, &mut &b"pack"[..], &mut out, false, false).unwrap();
        let expected = "HTTP/1.1 200 OK\r\nConnection: close\r\nA: b\r\n\r\npack";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
