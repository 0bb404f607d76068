//! A limit before age parses: its header parser takes quadratic time (60 KB of small stanzas are ten
//! seconds), so a header longer than [`MAX`] is refused unread.

use std::io::{self, BufReader, Chain, Cursor, Read};

/// The longest header that age gets to see. Nine openers take 7 KB where all have RSA keys.
pub const MAX: usize = 16 << 10;

/// Wraps the reader of a binary age file so that age sees a header of at most [`MAX`] bytes. The
/// result is buffered, for which age has a parser that starts anew for each line, not each byte.
pub fn capped<R: Read>(mut from: R) -> io::Result<BufReader<Chain<Cursor<Vec<u8>>, R>>> {
    let mut head = Vec::with_capacity(1 << 10);
    let mut buffer = [0; 1 << 10];
    loop {
        // The last line of a header begins with three dashes, and no other line does.
        let searched = head.len().saturating_sub(5);
        let count = read_some(&mut from, &mut buffer)?;
        head.extend_from_slice(&buffer[..count]);
        let end = head[searched..].windows(5).position(|window| window == b"\n--- ");
        if end.is_some_and(|end| searched + end <= MAX) || count == 0 && head.len() <= MAX {
            return Ok(BufReader::new(Cursor::new(head).chain(from)));
        }
        if end.is_some() || count == 0 || head.len() > MAX + 5 {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("its header is longer than {MAX} bytes"),
            ));
        }
    }
}

fn read_some(from: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match from.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_flood_of_stanzas_is_refused_at_once() {
        let mut file = b"age-encryption.org/v1\n".to_vec();
        for _ in 0..200_000 {
            file.extend_from_slice(b"-> X25519 AAAA\nBBBB\n");
        }
        let error = capped(&file[..]).err().unwrap();
        assert!(error.to_string().contains("header"), "{error}");
    }

    proptest! {
        #[test]
        fn what_fits_comes_through_unchanged(head in "[a-z\n]{0,3000}", body: Vec<u8>) {
            let file = [head.as_bytes(), b"\n--- mac\n", &body].concat();
            let mut read = Vec::new();
            capped(&file[..]).unwrap().read_to_end(&mut read).unwrap();
            prop_assert_eq!(read, file);
        }
    }
}
