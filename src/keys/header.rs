//! A limit before age parses: its header parser takes quadratic time (1.5 MB are 51 s), so a header
//! longer than [`MAX`] is refused unread.

use std::io::{self, Chain, Cursor, Read};

/// The longest header that age gets to see. Hundreds of openers fit.
pub const MAX: usize = 64 << 10;

/// Wraps the reader of a binary age file so that age sees a header of at most [`MAX`] bytes.
pub fn capped<R: Read>(mut from: R) -> io::Result<Chain<Cursor<Vec<u8>>, R>> {
    let mut head = Vec::with_capacity(1 << 10);
    let mut buffer = [0; 1 << 10];
    loop {
        // The last line of a header begins with three dashes, and no other line does.
        let searched = head.len().saturating_sub(5);
        let count = read_some(&mut from, &mut buffer)?;
        head.extend_from_slice(&buffer[..count]);
        let ended = head[searched..].windows(5).any(|window| window == b"\n--- ");
        if ended || count == 0 {
            return Ok(Cursor::new(head).chain(from));
        }
        if head.len() > MAX {
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
