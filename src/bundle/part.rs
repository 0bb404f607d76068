//! One part: `age( zstd( tar ) ‖ padding )`.
//!
//! Sealing streams; nothing is held in memory. Opening expects bytes whose digest already held,
//! and still trusts nothing: the header is bounded before age sees it, the output before it is
//! written, and every name is checked against what the part's kind may hold.

use std::io::{self, BufReader, Read, Write};

use serde::{Deserialize, Serialize};

use super::layout;
use super::manifest::PartKind;
use super::port::PartSink;
use super::tarball::{Packer, walk};
use crate::keys::header;
use crate::model::digest::{Digest, Hashing};

/// The least size of a compressed part, in bytes, so that small changes look alike.
const FLOOR: u64 = 64 << 10;

/// The largest window that a decoder must offer, as the power of two the zstd CLI allows.
const WINDOW_LOG: u32 = 27;

const LEVEL: i32 = 3;

/// A part that was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Written {
    /// Its name.
    pub digest: Digest,
    /// Its size as stored.
    pub size: u64,
    /// The size of the tar inside.
    pub plain: u64,
}

/// The archive that a part's content is written into.
pub type PartPacker<'a> = Packer<Counting<zstd::Encoder<'static, Counting<&'a mut dyn Write>>>>;

/// Writes an encrypted part whose content `fill` provides.
pub fn seal(
    sink: &dyn PartSink,
    recipient: &age::x25519::Recipient,
    fill: impl FnOnce(&mut PartPacker<'_>) -> io::Result<()>,
) -> io::Result<Written> {
    let mut pending = Hashing::new(sink.begin()?);
    let one = std::iter::once(recipient as &dyn age::Recipient);
    let encryptor = age::Encryptor::with_recipients(one).map_err(io::Error::other)?;
    let mut stream = encryptor.wrap_output(&mut pending)?;
    let plain = compress(&mut stream, fill)?;
    stream.finish()?;
    let (pending, digest, size) = pending.finish();
    pending.commit(&digest)?;
    Ok(Written { digest, size, plain })
}

/// Writes a part that is not encrypted: a card, a tar of seals or of trust files.
pub fn plain(sink: &dyn PartSink, bytes: &[u8]) -> io::Result<Written> {
    let (digest, size) = (Digest::of(bytes), bytes.len() as u64);
    if !sink.holds(&digest, size) {
        let mut pending = sink.begin()?;
        pending.write_all(bytes)?;
        pending.commit(&digest)?;
    }
    Ok(Written { digest, size, plain: size })
}

fn compress(
    to: &mut dyn Write,
    fill: impl FnOnce(&mut PartPacker<'_>) -> io::Result<()>,
) -> io::Result<u64> {
    let mut encoder = zstd::Encoder::new(Counting { to, bytes: 0 }, LEVEL)?;
    encoder.include_checksum(true)?;
    let mut packer = Packer::new(Counting { to: encoder, bytes: 0 });
    fill(&mut packer)?;
    let Counting { to: encoder, bytes: plain } = packer.finish()?;
    let Counting { to, bytes } = encoder.finish()?;
    pad(to, bytes)?;
    Ok(plain)
}

/// Appends one skippable frame of zeros (RFC 8878 §3.1.2) up to the padded length.
fn pad(to: &mut dyn Write, bytes: u64) -> io::Result<()> {
    const FRAME_HEADER: u64 = 8;
    let mut left = padded(bytes + FRAME_HEADER) - bytes - FRAME_HEADER;
    // A frame's length has 32 bits; what a larger part needs goes into several.
    loop {
        let frame = left.min(1 << 30);
        to.write_all(&0x184D_2A50_u32.to_le_bytes())?;
        to.write_all(&u32::try_from(frame).map_err(io::Error::other)?.to_le_bytes())?;
        io::copy(&mut io::repeat(0).take(frame), to)?;
        left -= frame;
        if left < FRAME_HEADER {
            return Ok(());
        }
        left -= FRAME_HEADER;
    }
}

/// Returns the Padmé length (PURBs, PETS 2019, §4), at least the floor: at most 12 % more, and only
/// `O(log log n)` bits of the true length are left to see.
fn padded(bytes: u64) -> u64 {
    let bytes = bytes.max(FLOOR);
    let exponent = bytes.ilog2();
    let significant = exponent.ilog2() + 1;
    bytes.next_multiple_of(1 << (exponent - significant))
}

/// Counts what is written.
pub struct Counting<W> {
    to: W,
    bytes: u64,
}

impl<W: Write> Write for Counting<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let count = self.to.write(buffer)?;
        self.bytes += count as u64;
        Ok(count)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Returns the most that a part of `size` bytes may unpack to when nothing better is known: charts
/// and manifests shrink to a twentieth, a bomb to a thousandth.
pub fn plausible_plain(size: u64) -> u64 {
    size.saturating_mul(100).saturating_add(16 << 20)
}

/// Opens an encrypted part and hands each file to `take`.
///
/// `most` bounds the size of the tar inside, in bytes.
pub fn open(
    from: impl Read,
    kind: &PartKind,
    identity: &age::x25519::Identity,
    most: u64,
    take: impl FnMut(&str, u64, &mut dyn Read) -> io::Result<()>,
) -> io::Result<()> {
    let (head, rest) = checked_header(from)?;
    // A buffer that is smaller than a chunk of age's serves the header and then steps aside.
    let buffered = BufReader::with_capacity(1 << 13, head.chain(rest));
    let decryptor = age::Decryptor::new_buffered(buffered).map_err(|_| bad("not an age file"))?;
    let one = std::iter::once(identity as &dyn age::Identity);
    let stream = decryptor.decrypt(one).map_err(|_| bad("encrypted to another key"))?;
    let mut decoder = zstd::Decoder::new(stream)?;
    decoder.window_log_max(WINDOW_LOG)?;
    unpack(&mut Ceiling { from: &mut decoder, left: most }, kind, take)?;
    // Reading to the end proves the checksum of zstd and the last chunk of age.
    match io::copy(&mut decoder, &mut io::sink())? {
        0 => Ok(()),
        _ => Err(bad("bytes behind the archive")),
    }
}

/// Walks the tar of a part and refuses files that its kind may not hold.
pub fn unpack(
    from: &mut dyn Read,
    kind: &PartKind,
    mut take: impl FnMut(&str, u64, &mut dyn Read) -> io::Result<()>,
) -> io::Result<()> {
    walk(from, |path, size, content| {
        if layout::allows(kind, path) {
            take(path, size, content)
        } else {
            Err(bad(&format!("{path} may not stand in a {} part", kind.word())))
        }
    })
}

/// Reads the age header alone and checks that it has one X25519 stanza and else only grease.
fn checked_header<R: Read>(mut from: R) -> io::Result<(io::Cursor<Vec<u8>>, R)> {
    let mut head = Vec::new();
    from.by_ref().take(header::MAX as u64).read_to_end(&mut head)?;
    let end = head.windows(5).position(|window| window == b"\n--- ");
    let end = end.ok_or_else(|| bad("an age header that is missing or larger than 16 KiB"))?;
    let stanza = |line: &[u8]| -> Option<bool> {
        let kind = line.strip_prefix(b"-> ")?.split(|byte| *byte == b' ').next()?;
        Some(kind == b"X25519" || !kind.ends_with(b"-grease"))
    };
    let counted =
        head[..end].split(|byte| *byte == b'\n').filter_map(stanza).filter(|real| *real).count();
    if counted == 1 {
        Ok((io::Cursor::new(head), from))
    } else {
        Err(bad("not exactly one recipient"))
    }
}

/// Fails, rather than ends, once too much came out.
struct Ceiling<'a> {
    from: &'a mut dyn Read,
    left: u64,
}

impl Read for Ceiling<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(buffer)? as u64;
        self.left =
            self.left.checked_sub(count).ok_or_else(|| bad("it unpacks to more than it may"))?;
        usize::try_from(count).map_err(io::Error::other)
    }
}

fn bad(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why.to_owned())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;
    use std::sync::{Arc, Mutex};

    /// Parts in memory.
    #[derive(Clone, Default)]
    pub(crate) struct Memory(pub(crate) Arc<Mutex<BTreeMap<Digest, Vec<u8>>>>);

    struct Pending(Memory, Vec<u8>);

    impl Write for Pending {
        fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
            self.1.write(buffer)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl super::super::port::PendingPart for Pending {
        fn commit(self: Box<Self>, digest: &Digest) -> io::Result<()> {
            self.0.0.lock().unwrap().entry(*digest).or_insert(self.1);
            Ok(())
        }
    }

    impl PartSink for Memory {
        fn begin(&self) -> io::Result<Box<dyn super::super::port::PendingPart>> {
            Ok(Box::new(Pending(self.clone(), Vec::new())))
        }
        fn holds(&self, digest: &Digest, _size: u64) -> bool {
            self.0.lock().unwrap().contains_key(digest)
        }
    }

    const HEAD: &str = "repos/apps-12345678.git/HEAD";

    fn sealed(identity: &age::x25519::Identity, bytes: &[u8]) -> (Vec<u8>, Written) {
        let memory = Memory::default();
        let written = seal(&memory, &identity.to_public(), |packer| {
            packer.file(HEAD, bytes.len() as u64, bytes)
        })
        .unwrap();
        let stored = memory.0.lock().unwrap().remove(&written.digest).unwrap();
        (stored, written)
    }

    fn opened(stored: &[u8], identity: &age::x25519::Identity, most: u64) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        open(stored, &PartKind::Base, identity, most, |_, _, from| {
            from.read_to_end(&mut content).map(drop)
        })?;
        Ok(content)
    }

    #[test]
    fn padme_hides_the_length_within_twelve_percent() {
        assert_eq!(padded(1), FLOOR);
        for bytes in [65_537, 100_000, 1_000_001, 123_456_789, 5_000_000_000_u64] {
            let padded = padded(bytes);
            assert!(padded >= bytes && padded - bytes <= bytes * 12 / 100, "{bytes} -> {padded}");
        }
    }

    #[test]
    fn opens_what_it_sealed_and_only_with_the_key() {
        let identity = age::x25519::Identity::generate();
        let (stored, written) = sealed(&identity, b"ref: refs/heads/main\n");
        assert_eq!((written.size, written.digest), (stored.len() as u64, Digest::of(&stored)));
        assert!(written.size > FLOOR && written.size < FLOOR + 1024);
        assert_eq!(opened(&stored, &identity, written.plain).unwrap(), b"ref: refs/heads/main\n");
        assert!(opened(&stored, &age::x25519::Identity::generate(), written.plain).is_err());
    }

    #[test]
    fn a_bomb_stops_at_its_limit() {
        let identity = age::x25519::Identity::generate();
        let (stored, written) = sealed(&identity, &vec![0; 30 << 20]);
        assert!(written.plain > plausible_plain(written.size));
        let error = opened(&stored, &identity, plausible_plain(written.size)).unwrap_err();
        assert!(error.to_string().contains("more than it may"), "{error}");
    }

    #[test]
    fn a_file_that_does_not_belong_is_refused() {
        let identity = age::x25519::Identity::generate();
        let memory = Memory::default();
        let written = seal(&memory, &identity.to_public(), |packer| {
            packer.file("repos/apps-12345678.git/config", 1, &b"x"[..])
        })
        .unwrap();
        let stored = memory.0.lock().unwrap().remove(&written.digest).unwrap();
        assert!(
            opened(&stored, &identity, written.plain).unwrap_err().to_string().contains("config")
        );
    }

    #[test]
    fn header_bombs_are_refused_before_age_parses() {
        let identity = age::x25519::Identity::generate();
        let stanza = b"-> X25519 AAAA\nBBBB\n".repeat(200_000);
        let bomb = [&b"age-encryption.org/v1\n"[..], &stanza, b"--- mac\n"].concat();
        assert!(opened(&bomb, &identity, 1 << 20).unwrap_err().to_string().contains("16 KiB"));
        let two =
            [&b"age-encryption.org/v1\n"[..], &b"-> X25519 AAAA\nBBBB\n".repeat(2), b"--- mac\n"]
                .concat();
        assert!(
            opened(&two, &identity, 1 << 20).unwrap_err().to_string().contains("one recipient")
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn every_flipped_byte_and_every_cut_is_refused(at in 0..66_000_usize, bit in 0..8_u8, cut: bool) {
            let identity: age::x25519::Identity =
                "AGE-SECRET-KEY-1GQ9778VQXMMJVE8SK7J6VT8UJ4HDQAJUVSFCWCM02D8GEWQ72PVQ2Y5J33".parse().unwrap();
            let (mut stored, written) = sealed(&identity, b"ref: refs/heads/main\n");
            let at = at % stored.len();
            if cut { stored.truncate(at) } else { stored[at] ^= 1 << bit }
            // Grease is not authenticated by length, only by the header's MAC; all else by its chunk.
            prop_assert!(opened(&stored, &identity, written.plain).is_err());
        }
    }
}
