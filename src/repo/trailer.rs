//! Whether a pack or an index is what it was when it was written: both end with the hash of all
//! bytes before.

use crate::model::git::ObjectFormat;

use super::store::hash;

/// Takes in the bytes of a file as they pass and says at the end whether its trailer holds.
pub struct Trailer {
    hasher: gix::hash::Hasher,
    /// The newest bytes, which may turn out to be the trailer.
    held: Vec<u8>,
    length: usize,
}

impl Trailer {
    /// Begins a file of a repository of that format.
    pub fn new(format: ObjectFormat) -> Self {
        let hasher = gix::hash::hasher(hash(format));
        Self { hasher, held: Vec::new(), length: format.id_length() }
    }

    /// Takes in more bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        let settled = (self.held.len() + bytes.len()).saturating_sub(self.length);
        let of_held = settled.min(self.held.len());
        self.hasher.update(&self.held[..of_held]);
        self.held.drain(..of_held);
        let (before, newest) = bytes.split_at(settled - of_held);
        self.hasher.update(before);
        self.held.extend_from_slice(newest);
    }

    /// Returns whether the last bytes are the hash of all others.
    pub fn holds(self) -> bool {
        self.held.len() == self.length
            && self.hasher.try_finalize().is_ok_and(|hash| hash.as_bytes() == self.held)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flipped_byte_is_noticed_wherever_chunks_end() {
        let content = b"some pack".repeat(100);
        let mut hasher = gix::hash::hasher(gix::hash::Kind::Sha1);
        hasher.update(&content);
        let whole = [&content[..], hasher.try_finalize().unwrap().as_bytes()].concat();
        let holds = |bytes: &[u8], chunk: usize| {
            let mut trailer = Trailer::new(ObjectFormat::Sha1);
            bytes.chunks(chunk).for_each(|chunk| trailer.update(chunk));
            trailer.holds()
        };
        for chunk in [1, 7, 19, 20, 21, 5000] {
            assert!(holds(&whole, chunk));
            for at in [0, 450, whole.len() - 1] {
                let mut flipped = whole.clone();
                flipped[at] ^= 1;
                assert!(!holds(&flipped, chunk), "byte {at} in chunks of {chunk}");
            }
        }
        assert!(!holds(b"short", 5));
    }
}
