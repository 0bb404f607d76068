//! A request's body, by length or in chunks, with a limit over all of it.

use std::io::{self, BufRead, Read};

use super::request::Framing;

/// The most bytes of a line that tells a chunk's size, extensions included.
const MAX_CHUNK_LINE: u64 = 1024;
/// The most bytes behind the last chunk.
const MAX_TRAILERS: u64 = 8 * 1024;

/// Reads one body and stops at its end, so that the next request begins where this one ends.
pub(super) struct Body<'a, R> {
    from: &'a mut R,
    state: State,
    /// How many more bytes of content are taken.
    allowed: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// So many bytes are left of the body.
    Plain(u64),
    /// So many bytes are left of this chunk; the line end behind it is still to come.
    Chunk(u64),
    /// The next line tells a size.
    Size,
    Done,
}

impl<'a, R: BufRead> Body<'a, R> {
    /// Returns the body that follows in `from`, of at most `limit` bytes.
    pub(super) fn new(from: &'a mut R, framing: Framing, limit: u64) -> Self {
        let state = match framing {
            Framing::Length(length) => State::Plain(length),
            Framing::Chunked => State::Size,
        };
        Self { from, state, allowed: limit }
    }

    /// Reads and drops what is left; says whether the end was reached within `limit` bytes.
    pub(super) fn drain(&mut self, limit: u64) -> bool {
        self.allowed = limit;
        io::copy(self, &mut io::sink()).is_ok()
    }

    fn next_size(&mut self) -> io::Result<State> {
        let line = line(self.from, MAX_CHUNK_LINE)?;
        let digits = line.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
        match hex(digits).ok_or_else(|| bad("a chunk's size is not a number"))? {
            0 => {
                self.skip_trailers()?;
                Ok(State::Done)
            }
            size => Ok(State::Chunk(size)),
        }
    }

    fn skip_trailers(&mut self) -> io::Result<()> {
        let mut left = MAX_TRAILERS;
        loop {
            let line = line(self.from, left)?;
            if line.is_empty() {
                return Ok(());
            }
            left = left.saturating_sub(line.len() as u64 + 2);
        }
    }

    fn take_some(&mut self, left: u64, into: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(into.len());
        let read = self.from.read(&mut into[..most])?;
        if read == 0 && most > 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the body ends too early"));
        }
        self.allowed = self
            .allowed
            .checked_sub(read as u64)
            .ok_or_else(|| io::Error::new(io::ErrorKind::FileTooLarge, "the body is too long"))?;
        Ok(read)
    }
}

impl<R: BufRead> Read for Body<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() {
            return Ok(0);
        }
        loop {
            match self.state {
                State::Done | State::Plain(0) => return Ok(0),
                State::Plain(left) => {
                    let read = self.take_some(left, into)?;
                    self.state = State::Plain(left - read as u64);
                    return Ok(read);
                }
                State::Size => self.state = self.next_size()?,
                State::Chunk(0) => {
                    if !line(self.from, 2)?.is_empty() {
                        return Err(bad("a chunk is longer than it said"));
                    }
                    self.state = State::Size;
                }
                State::Chunk(left) => {
                    let read = self.take_some(left, into)?;
                    self.state = State::Chunk(left - read as u64);
                    return Ok(read);
                }
            }
        }
    }
}

/// Reads one line of at most `limit` bytes and returns it without its end.
fn line(from: &mut impl BufRead, limit: u64) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    from.take(limit).read_until(b'\n', &mut line)?;
    let without = line.strip_suffix(b"\n").ok_or_else(|| bad("a line is cut off or too long"))?;
    Ok(without.strip_suffix(b"\r").unwrap_or(without).to_vec())
}

fn hex(digits: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(digits).ok()?;
    let plain = !text.is_empty() && text.len() <= 15 && text.bytes().all(|b| b.is_ascii_hexdigit());
    if plain { u64::from_str_radix(text, 16).ok() } else { None }
}

fn bad(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(wire: &[u8], framing: Framing, limit: u64) -> io::Result<(Vec<u8>, Vec<u8>)> {
        let mut from = wire;
        let mut content = Vec::new();
        Body::new(&mut from, framing, limit).read_to_end(&mut content)?;
        Ok((content, from.to_vec()))
    }

    #[test]
    fn stops_where_the_body_ends() {
        let (content, rest) = read(b"abcdGET /", Framing::Length(4), 10).unwrap();
        assert_eq!((content.as_slice(), rest.as_slice()), (&b"abcd"[..], &b"GET /"[..]));
        let wire = b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: 1\r\n\r\nGET /";
        let (content, rest) = read(wire, Framing::Chunked, 10).unwrap();
        assert_eq!((content.as_slice(), rest.as_slice()), (&b"abcde"[..], &b"GET /"[..]));
    }

    #[test]
    fn refuses_what_is_cut_off_too_long_or_odd() {
        for (wire, framing) in [
            (&b"abc"[..], Framing::Length(4)),
            (b"3\r\nabcd\r\n0\r\n\r\n", Framing::Chunked),
            (b"3\r\nabc\r\n", Framing::Chunked),
            (b"-1\r\n", Framing::Chunked),
            (b"ffffffffffffffff\r\n", Framing::Chunked),
            (b"\r\n", Framing::Chunked),
            (b"6\r\nabcdef\r\n0\r\n\r\n", Framing::Chunked),
            (b"abcdef", Framing::Length(6)),
        ] {
            assert!(read(wire, framing, 5).is_err(), "{}", String::from_utf8_lossy(wire));
        }
    }

    #[test]
    fn drains_a_bounded_rest() {
        let mut from = &b"abcdefGET /"[..];
        assert!(Body::new(&mut from, Framing::Length(6), 3).drain(6));
        assert_eq!(from, b"GET /");
        let mut from = &b"abcdef"[..];
        assert!(!Body::new(&mut from, Framing::Length(6), 3).drain(5));
    }

    proptest! {
        #[test]
        fn chunks_come_out_as_they_went_in(chunks: Vec<Vec<u8>>) {
            let mut wire = Vec::new();
            for chunk in chunks.iter().filter(|chunk| !chunk.is_empty()) {
                wire.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                wire.extend_from_slice(chunk);
                wire.extend_from_slice(b"\r\n");
            }
            wire.extend_from_slice(b"0\r\n\r\nnext");
            let (content, rest) = read(&wire, Framing::Chunked, 1 << 20).unwrap();
            prop_assert_eq!(content, chunks.concat());
            prop_assert_eq!(rest, b"next");
        }

        #[test]
        fn never_panics(wire: Vec<u8>) {
            let _ = read(&wire, Framing::Chunked, 100);
        }
    }
}
