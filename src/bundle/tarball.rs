//! Tar, both ways, in the narrow form the format allows: ustar, files of mode 0644 with plain
//! names, nothing else. The reader refuses; it never skips.

use std::io::{self, Read, Write};

use tar::{Archive, Builder, EntryType, Header};

use crate::model::safe::{Safe, safe};

/// No path in a part is longer, in bytes.
const LONGEST_PATH: usize = 1024;

/// The most that the names of one archive may take in memory, in bytes: some 400 000 files.
const MOST_NAMES: usize = 64 << 20;

/// What a name takes beside its own bytes.
const NAME: usize = 64;

/// Writes an archive whose bytes depend on names and contents alone.
pub struct Packer<W: Write> {
    builder: Builder<W>,
    last: String,
}

impl<W: Write> Packer<W> {
    /// Begins an archive.
    pub fn new(to: W) -> Self {
        Self { builder: Builder::new(to), last: String::new() }
    }

    /// Appends a file of exactly `size` bytes. Paths come in ascending order.
    pub fn file(&mut self, path: &str, size: u64, from: impl Read) -> io::Result<()> {
        if !is_plain_path(path) || path <= self.last.as_str() {
            return Err(invalid(format!(
                "{} cannot follow {} in a part",
                Safe(path),
                Safe(&self.last)
            )));
        }
        let mut header = Header::new_ustar();
        header.set_path(path)?;
        header.set_entry_type(EntryType::Regular);
        header.set_mode(0o644);
        header.set_size(size);
        header.set_mtime(0);
        header.set_uid(0);
        header.set_gid(0);
        header.set_cksum();
        let mut exact = Exact { from: from.take(size), left: size };
        self.builder.append(&header, &mut exact)?;
        if exact.left != 0 {
            return Err(invalid(format!("{path} is shorter than announced")));
        }
        path.clone_into(&mut self.last);
        Ok(())
    }

    /// Ends the archive.
    pub fn finish(self) -> io::Result<W> {
        self.builder.into_inner()
    }
}

struct Exact<R> {
    from: R,
    left: u64,
}

impl<R: Read> Read for Exact<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(buffer)?;
        self.left -= count as u64;
        Ok(count)
    }
}

/// Walks an archive and hands each file to `take`: its path, its size and its bytes.
///
/// Refuses everything that is not a plain file or folder: links, devices, sparse files, other modes
/// than 0644 and 0755, GNU and PAX extensions but a PAX path, names outside `[A-Za-z0-9._+/-]`, with
/// a component that begins with `-` or `.`, doubled names, and bytes behind the end.
pub fn walk<R: Read>(
    from: R,
    take: impl FnMut(&str, u64, &mut dyn Read) -> io::Result<()>,
) -> io::Result<()> {
    walk_within(MOST_NAMES, from, take)
}

fn walk_within<R: Read>(
    most_names: usize,
    from: R,
    mut take: impl FnMut(&str, u64, &mut dyn Read) -> io::Result<()>,
) -> io::Result<()> {
    let mut archive = Archive::new(from);
    let mut seen = std::collections::BTreeSet::new();
    let mut names = 0;
    let mut long_path: Option<String> = None;
    for entry in archive.entries()?.raw(true) {
        let mut entry = entry.map_err(shown)?;
        let header = entry.header().clone();
        let size = checked_size(&header)?;
        if header.entry_type() == EntryType::XHeader {
            if long_path.is_some() || size > 4096 {
                return Err(invalid("a PAX header that is not one path"));
            }
            long_path = Some(pax_path(&mut entry)?);
            continue;
        }
        let path = match long_path.take() {
            Some(path) => path,
            None => String::from_utf8(header.path_bytes().into_owned())
                .map_err(|_| invalid("a name that is not plain"))?,
        };
        let folder = header.entry_type() == EntryType::Directory;
        let name = if folder { path.trim_end_matches('/') } else { path.as_str() };
        check_entry(&header, name, size)?;
        names += name.len() + NAME;
        if names > most_names {
            return Err(invalid("more files than a part can hold"));
        }
        if !seen.insert(name.to_ascii_lowercase()) {
            return Err(invalid(format!("{name} comes twice")));
        }
        if !folder {
            let mut exact = Exact { from: entry, left: size };
            take(name, size, &mut exact)?;
            io::copy(&mut exact, &mut io::sink())?;
            if exact.left != 0 {
                return Err(invalid(format!("{name} is cut short")));
            }
        }
    }
    if long_path.is_some() {
        return Err(invalid("a PAX header without a file"));
    }
    check_end(&mut archive.into_inner())
}

fn checked_size(header: &Header) -> io::Result<u64> {
    // Base-256 sizes and sparse maps are how two readers come to see two archives.
    let ustar = header.as_ustar().ok_or_else(|| invalid("a header that is not ustar"))?;
    let octal = |byte: &u8| matches!(byte, b'0'..=b'7' | b' ' | 0);
    if !ustar.size.iter().all(octal) {
        return Err(invalid("a size that is not octal"));
    }
    header.size().map_err(shown)
}

/// What the tar reader says quotes names as they are.
#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err takes")]
fn shown(error: io::Error) -> io::Error {
    io::Error::new(error.kind(), safe(error.to_string()))
}

fn check_entry(header: &Header, path: &str, size: u64) -> io::Result<()> {
    if !is_plain_path(path) {
        return Err(invalid(format!("the name {:?} is not allowed", Safe(path))));
    }
    let allowed = match header.entry_type() {
        EntryType::Regular => header.mode().map_err(shown)? == 0o644,
        EntryType::Directory => header.mode().map_err(shown)? == 0o755 && size == 0,
        _ => false,
    };
    if allowed {
        Ok(())
    } else {
        Err(invalid(format!("{path} is neither a plain file nor a folder")))
    }
}

/// Reads the single record `<length> path=<value>\n` of a PAX header.
fn pax_path(entry: &mut impl Read) -> io::Result<String> {
    let mut text = String::new();
    entry.read_to_string(&mut text)?;
    let record = text.split_once(' ').filter(|(length, _)| *length == text.len().to_string());
    record
        .and_then(|(_, rest)| rest.strip_prefix("path=")?.strip_suffix('\n'))
        .filter(|path| !path.contains('\n'))
        .map(str::to_owned)
        .ok_or_else(|| invalid("a PAX header that is not one path"))
}

/// An archive ends with two blocks of zeros, of which the walk has taken one, and nothing else.
fn check_end(rest: &mut impl Read) -> io::Result<()> {
    let mut tail = Vec::new();
    rest.take(1 << 16).read_to_end(&mut tail)?;
    // Builders round up to 20 blocks at most.
    let zeros = tail.iter().all(|byte| *byte == 0);
    if zeros && (512..=20 * 512).contains(&tail.len()) {
        Ok(())
    } else {
        Err(invalid("the archive does not end where it should"))
    }
}

/// Returns whether every component is made of `[A-Za-z0-9._+-]`, at most 255 long, and begins with
/// neither `-` nor `.`.
pub fn is_plain_path(path: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._+-".contains(&byte);
    path.len() <= LONGEST_PATH
        && path.split('/').all(|part| {
            (1..=255).contains(&part.len())
                && !part.starts_with(['-', '.'])
                && part.bytes().all(plain)
        })
}

fn invalid(why: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn pack(files: &BTreeMap<String, Vec<u8>>) -> Vec<u8> {
        let mut packer = Packer::new(Vec::new());
        for (path, bytes) in files {
            packer.file(path, bytes.len() as u64, bytes.as_slice()).unwrap();
        }
        packer.finish().unwrap()
    }

    fn unpack(bytes: &[u8]) -> io::Result<BTreeMap<String, Vec<u8>>> {
        let mut files = BTreeMap::new();
        walk(bytes, |path, _, from| {
            let mut content = Vec::new();
            from.read_to_end(&mut content)?;
            files.insert(path.to_owned(), content);
            Ok(())
        })?;
        Ok(files)
    }

    /// One entry made by hand, then the end.
    fn hostile(change: impl Fn(&mut Header), body: &[u8]) -> Vec<u8> {
        let mut header = Header::new_ustar();
        header.set_path("repos/a.git/HEAD").unwrap();
        header.set_mode(0o644);
        header.set_size(body.len() as u64);
        header.set_mtime(0);
        change(&mut header);
        header.set_cksum();
        let mut bytes = header.as_bytes().to_vec();
        bytes.extend_from_slice(body);
        bytes.resize(bytes.len().next_multiple_of(512) + 1024, 0);
        bytes
    }

    fn name(header: &mut Header, name: &[u8]) {
        let field = &mut header.as_old_mut().name;
        field.fill(0);
        field[..name.len()].copy_from_slice(name);
    }

    #[test]
    fn a_plain_archive_passes() {
        assert_eq!(unpack(&hostile(|_| {}, b"x")).unwrap().len(), 1);
    }

    #[test]
    fn long_paths_fit_ustar() {
        let path = format!(
            "repos/{}-12345678.git/objects/pack/pack-{}.idx",
            "a".repeat(80),
            "b".repeat(64)
        );
        let files = BTreeMap::from([(path, b"x".to_vec())]);
        assert_eq!(unpack(&pack(&files)).unwrap(), files);
    }

    #[test]
    fn names_that_could_leave_the_quarantine_are_refused() {
        for bad in [
            &b"../x"[..],
            b"/etc/x",
            b"a/../b",
            b"a//b",
            b"./a",
            b".git/config",
            b"-rf",
            b"a/-b",
            b"a\x1b[2Jb",
            b"a\\b",
            b"\xff",
            b"a b",
            b"a\nb",
            b"",
        ] {
            assert!(unpack(&hostile(|h| name(h, bad), b"x")).is_err(), "{}", Safe(bad));
        }
    }

    #[test]
    fn errors_about_a_name_are_fit_to_be_shown() {
        let mut archive = hostile(|h| name(h, b"a\x1b[2Jb"), b"x");
        for (at, what) in [(148, "checksum"), (124, "size"), (100, "mode")] {
            archive[at] = b'x';
            let error = unpack(&archive).unwrap_err().to_string();
            assert_eq!(error, safe(&error), "{what}");
        }
    }

    #[test]
    fn only_files_and_folders_pass() {
        for kind in b"123467LKSVMg" {
            let bytes = hostile(|h| h.as_old_mut().linkflag = [*kind], b"");
            assert!(unpack(&bytes).is_err(), "type {}", *kind as char);
        }
        for mode in [0o755, 0o4644, 0o666, 0o7777] {
            assert!(unpack(&hostile(|h| h.set_mode(mode), b"x")).is_err(), "mode {mode:o}");
        }
        assert!(unpack(&hostile(|h| h.as_ustar_mut().unwrap().magic = *b"ustar ", b"x")).is_err());
        assert!(unpack(&hostile(|h| h.as_ustar_mut().unwrap().size[0] = 0x80, b"x")).is_err());
    }

    #[test]
    fn pax_gives_a_path_and_nothing_else() {
        let with = |record: &str| {
            let pax = hostile(|h| h.as_old_mut().linkflag = [b'x'], record.as_bytes());
            [&pax[..1024], &hostile(|_| {}, b"x")[..]].concat()
        };
        assert!(
            unpack(&with("25 path=repos/b.git/HEAD\n")).unwrap().contains_key("repos/b.git/HEAD")
        );
        for bad in [
            "24 path=repos/b.git/HEAD\n",
            "10 size=9\n",
            "13 path=../x\n",
            "11 path=a\n11 path=b\n",
            "",
        ] {
            assert!(unpack(&with(bad)).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn doubled_and_truncated_archives_are_refused() {
        let one = hostile(|_| {}, b"x");
        let two = [&one[..1024], &one[..]].concat();
        assert!(unpack(&two).unwrap_err().to_string().contains("twice"));
        for cut in [1, 511, 512, 600, 1024, 1536] {
            assert!(unpack(&one[..cut]).is_err(), "cut at {cut}");
        }
        let longer = [&one[..], b"junk"].concat();
        assert!(unpack(&longer).is_err());
    }

    /// Names without end, as a bomb of a few kilobytes would unpack to.
    struct Flood {
        files: u32,
        block: Vec<u8>,
    }

    impl Read for Flood {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.block.is_empty() {
                self.files += 1;
                self.block = hostile(|h| h.set_path(format!("{:0>90}", self.files)).unwrap(), b"");
                self.block.truncate(512);
            }
            let count = self.block.as_slice().read(buffer)?;
            self.block.drain(..count);
            Ok(count)
        }
    }

    #[test]
    fn a_flood_of_names_ends_before_it_fills_the_memory() {
        let mut flood = Flood { files: 0, block: Vec::new() };
        let error = walk_within(50_000, &mut flood, |_, _, _| Ok(())).unwrap_err();
        assert!(error.to_string().contains("more files"), "{error}");
        assert!((flood.files as usize) * (90 + NAME) < 51_000, "{}", flood.files);
    }

    #[test]
    fn the_writer_refuses_disorder_and_short_files() {
        let mut packer = Packer::new(Vec::new());
        packer.file("b", 1, &b"x"[..]).unwrap();
        assert!(packer.file("a", 1, &b"x"[..]).is_err());
        assert!(packer.file("c", 2, &b"x"[..]).is_err());
        assert!(Packer::new(Vec::new()).file("../x", 1, &b"x"[..]).is_err());
    }

    proptest! {
        #[test]
        fn round_trip(files in proptest::collection::btree_map("[a-z0-9]{1,9}(/[A-Za-z0-9][A-Za-z0-9._-]{0,70}){0,2}", proptest::collection::vec(any::<u8>(), 0..1500), 0..8)) {
            // Two names that differ only in case are one on half of all laptops.
            let mut folded: Vec<_> = files.keys().map(|name| name.to_lowercase()).collect();
            folded.dedup();
            prop_assume!(folded.len() == files.len());
            prop_assert_eq!(unpack(&pack(&files)).unwrap(), files);
        }

        #[test]
        fn any_bytes_are_refused_or_harmless(bytes in proptest::collection::vec(any::<u8>(), 0..3000)) {
            let _ = unpack(&bytes);
        }
    }
}
