//! A machine that takes snapshots was broken into: every part here is encrypted to the epoch, listed
//! in a manifest and signed by the job, and means harm. Each is refused with exit 4 and named, writes
//! nothing outside the quarantine, and costs little memory.

use std::io::Write as _;
use std::path::Path;

use blackstart::bundle::manifest::PartKind;

use crate::insider::{Insider, SNAPSHOT, tar_of};
use crate::support::component;
use crate::support::git;
use crate::support::kit::Kit;
use crate::support::sandbox::{Ran, finish};

/// A reader may have this much for its data, in bytes: the largest window of zstd and some more.
const MEMORY: u64 = 256 << 20;

fn kit() -> Kit {
    let kit = Kit::new();
    let apps = git::bare(&kit.sandbox.path("srv/apps.git"), "sha1");
    git::grow(&apps, 5, 2);
    kit.source("apps", apps.to_str().unwrap(), "");
    kit.snapshot();
    kit
}

/// Runs the binary with a limit on its memory.
fn bounded(kit: &Kit, args: &[&str]) -> Ran {
    let mut command = kit.sandbox.program(component::find("prlimit"));
    command.arg(format!("--data={MEMORY}")).arg(env!("CARGO_BIN_EXE_blackstart")).args(args);
    finish(command.args(["--identity", kit.identity.to_str().unwrap()]).current_dir(kit.path("")))
}

/// Every path in the sandbox but `out`, with its kind.
fn everything(kit: &Kit) -> Vec<String> {
    fn below(folder: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            found.push(format!("{:?} {}", entry.file_type().unwrap(), entry.path().display()));
            if entry.file_type().unwrap().is_dir() {
                below(&entry.path(), found);
            }
        }
    }
    let mut found = Vec::new();
    below(&kit.sandbox.path(""), &mut found);
    found.sort();
    found
}

/// Opens snapshot 2 both ways: exit 4, `named` is said, nothing is given, nothing written elsewhere.
#[track_caller]
fn refused(kit: &Kit, what: &str, named: &str) {
    let before = everything(kit);
    let out = kit.sandbox.path("out");
    let args = ["extract", "2", "--to", out.to_str().unwrap(), "--worktree", "HEAD", "--json"];
    let extracted = bounded(kit, &args);
    let verified = bounded(kit, &["verify", "2", "--full"]);
    for ran in [&extracted, &verified] {
        assert_eq!(ran.status, 4, "{what}: {ran}");
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert!(said.contains(named), "{what}: {named} is not named in {ran}");
        assert!(!said.contains('\u{1b}'), "{what}: an escape reached the terminal: {ran}");
    }
    if out.exists() {
        let left = std::fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().file_name());
        let left: Vec<_> = left.filter(|name| name != "repos.tsv").collect();
        assert!(left.is_empty(), "{what}: {left:?}");
        std::fs::remove_dir_all(&out).unwrap();
    }
    assert_eq!(everything(kit), before, "{what}");
}

/// A tar made entry by entry, as no tar program makes it.
struct Hand(Vec<u8>);

impl Hand {
    fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds an entry of a type, with a name, a mode, a link's target and bytes.
    fn entry(mut self, kind: u8, name: &[u8], mode: u32, link: &str, bytes: &[u8]) -> Self {
        let mut header = tar::Header::new_ustar();
        header.set_mode(mode);
        header.set_size(bytes.len() as u64);
        header.set_mtime(0);
        let raw = header.as_old_mut();
        raw.linkflag = [kind];
        raw.name[..name.len().min(100)].copy_from_slice(&name[..name.len().min(100)]);
        raw.linkname[..link.len()].copy_from_slice(link.as_bytes());
        header.set_cksum();
        self.0.extend_from_slice(header.as_bytes());
        self.0.extend_from_slice(bytes);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    fn file(self, name: &[u8], bytes: &[u8]) -> Self {
        self.entry(b'0', name, 0o644, "", bytes)
    }

    fn end(mut self) -> Vec<u8> {
        self.0.resize(self.0.len() + 1024, 0);
        self.0
    }
}

/// One PAX record: its length counts itself.
fn pax(key: &str, value: &str) -> Vec<u8> {
    let rest = format!(" {key}={value}\n");
    let mut length = rest.len() + 1;
    while length.to_string().len() + rest.len() != length {
        length += 1;
    }
    format!("{length}{rest}").into_bytes()
}

/// Everything a tar can do to whoever unpacks it. `repo` is a folder that a part may hold, `away` a
/// path outside.
fn hostile_tars(repo: &str, away: &str) -> Vec<(&'static str, Vec<u8>)> {
    let at = |name: &str| format!("{repo}/{name}").into_bytes();
    let head = at("HEAD");
    let one = |name: &[u8]| Hand::new().file(name, b"x").end();
    let special = |kind: u8, link: &str| Hand::new().entry(kind, &head, 0o644, link, b"").end();
    let mode = |mode: u32| Hand::new().entry(b'0', &head, mode, "", b"x").end();
    let with_pax =
        |record: &[u8]| Hand::new().entry(b'x', b"pax", 0o644, "", record).file(&head, b"x").end();
    let deep = format!("{repo}/{}", "a/".repeat(2000));
    vec![
        ("a parent folder", one(b"repos/../../../planted")),
        ("an absolute path", one(away.as_bytes())),
        (
            "a symbolic link, then a file through it",
            Hand::new()
                .entry(b'2', repo.as_bytes(), 0o777, "..", b"")
                .file(&at("HEAD"), b"x")
                .end(),
        ),
        ("a hard link", special(b'1', "/etc/passwd")),
        ("a symbolic link", special(b'2', "/etc/passwd")),
        ("a character device", special(b'3', "")),
        ("a block device", special(b'4', "")),
        ("a fifo", special(b'6', "")),
        ("a contiguous file", special(b'7', "")),
        ("a sparse file", special(b'S', "")),
        ("a GNU long name", special(b'L', "")),
        ("a set-user-id program", mode(0o4755)),
        ("a program", mode(0o755)),
        ("a PAX path that leads out", with_pax(&pax("path", "../../planted"))),
        ("a PAX size", with_pax(&pax("size", "1"))),
        ("a PAX link path", with_pax(&pax("linkpath", "/etc/passwd"))),
        ("a PAX header of a megabyte", with_pax(&pax("path", &"a".repeat(1 << 20)))),
        ("escape sequences", one(&at("\u{1b}]0;owned\u{7}\u{1b}[2JHEAD"))),
        ("a bidi override", one(&at("HEAD\u{202e}"))),
        ("a configuration", one(&at("config"))),
        ("a hook", one(&at("hooks/post-checkout"))),
        ("alternates", one(&at("objects/info/alternates"))),
        ("a loose ref", one(&at("refs/heads/main"))),
        ("a leading dash", one(&at("-rf"))),
        ("a hidden file", one(&at(".gitmodules"))),
        ("a name twice", Hand::new().file(&head, b"x").file(&head, b"y").end()),
        ("a name twice but for case", Hand::new().file(&head, b"x").file(&at("head"), b"y").end()),
        ("a very long path", with_pax(&pax("path", &deep))),
        ("a very long component", with_pax(&pax("path", &at_text(repo, &"a".repeat(256))))),
        ("bytes behind the end", [one(&head), b"junk".repeat(4000)].concat()),
        ("no end", Hand::new().file(&head, b"x").0),
        ("a file cut short", one(&head)[..512].to_vec()),
    ]
}

fn at_text(repo: &str, name: &str) -> String {
    format!("{repo}/{name}")
}

/// The folder of the repository `apps` in a bundle.
fn folder() -> String {
    format!("repos/{}", blackstart::bundle::slug::folder("apps"))
}

#[test]
fn every_hostile_tar_is_refused_and_named() {
    let kit = kit();
    let insider = Insider::new(&kit);
    let away = kit.sandbox.path("planted");
    let tars = hostile_tars(&folder(), away.to_str().unwrap());
    println!("{} hostile tars", tars.len());
    for (what, tar) in tars {
        let part = insider.publish_base(1, &insider.sealed(&tar), tar.len() as u64);
        refused(&kit, what, &part.to_string());
        forget(&kit);
    }
}

/// Takes snapshot 2 and what was looked up for it away again.
fn forget(kit: &Kit) {
    std::fs::remove_dir_all(kit.store().join("snapshots/0000000002")).unwrap();
    std::fs::remove_dir_all(kit.sandbox.path("insider-1")).unwrap();
}

/// Three gigabytes in a part of a few hundred kilobytes, and an index that says so.
#[test]
fn three_gigabytes_of_zeros_meet_the_limit_first() {
    const SIZE: u64 = 3 << 30;
    let kit = kit();
    let insider = Insider::new(&kit);
    let mut header = tar::Header::new_ustar();
    header.set_path(format!("{}/packed-refs", folder())).unwrap();
    header.set_mode(0o644);
    header.set_size(SIZE);
    header.set_cksum();
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.write_all(header.as_bytes()).unwrap();
    std::io::copy(&mut std::io::Read::take(std::io::repeat(0), SIZE + 1024), &mut encoder).unwrap();
    let part = insider.encrypted(&encoder.finish().unwrap());
    assert!(part.len() < 1 << 20, "{}", part.len());
    let part = insider.publish_base(1, &part, SIZE + 1536);
    refused(&kit, "zeros", &part.to_string());
}

#[test]
fn age_headers_and_zstd_frames_that_cost_more_than_they_hold_are_refused() {
    let kit = kit();
    let insider = Insider::new(&kit);
    let good = tar_of(&[(&format!("{}/HEAD", folder()), b"x")]);
    let zstd = zstd::encode_all(&good[..], 3).unwrap();
    let mut wide = zstd.clone();
    // RFC 8878 §3.1.1.1.2: the exponent of a window of 2^31 bytes.
    assert_eq!(wide[4] & 0x20, 0, "the frame names its window");
    wide[5] = 21 << 3;
    let skippable = [&0x184D_2A50_u32.to_le_bytes()[..], &0_u32.to_le_bytes()].concat();
    let sealed = insider.encrypted(&zstd);
    let end = sealed.windows(5).position(|window| window == b"\n--- ").unwrap();
    let stanzas =
        |line: &[u8]| [&sealed[..=end], &line.repeat(200_000), &sealed[end + 1..]].concat();
    let short = |line: &[u8]| [&sealed[..=end], line, &sealed[end + 1..]].concat();
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("200 000 stanzas", stanzas(b"-> X25519 AAAA\nBBBB\n")),
        ("200 000 stanzas of grease", stanzas(b"-> x-grease AAAA\nBBBB\n")),
        ("a second recipient", short(b"-> X25519 AAAA\nBBBB\n")),
        ("a passphrase stanza with a work factor of 2^30", short(b"-> scrypt AAAA 30\nBBBB\n")),
        ("a header without an end", b"age-encryption.org/v1\n".repeat(100_000)),
        ("no age file at all", b"not encrypted".to_vec()),
        ("a window of 2 GiB", insider.encrypted(&wide)),
        ("no zstd at all", insider.encrypted(&good)),
        ("a frame cut short", insider.encrypted(&zstd[..zstd.len() - 1])),
        ("two archives in two frames", insider.encrypted(&[&zstd[..], &zstd[..]].concat())),
        (
            "a flood of empty frames and then junk",
            insider.encrypted(&[&zstd[..], &skippable.repeat(2_000_000), b"junk"].concat()),
        ),
    ];
    for (what, part) in cases {
        let part = insider.publish_base(1, &part, good.len() as u64);
        refused(&kit, what, &part.to_string());
        forget(&kit);
    }
}

#[test]
fn an_index_that_is_no_index_is_refused() {
    let kit = kit();
    let insider = Insider::new(&kit);
    kit.second_reader("good");
    let good = std::fs::read_to_string(kit.sandbox.path("good/index.json")).unwrap();
    let name = "\"name\": \"apps\"";
    assert!(good.contains(name));
    let renamed = |name: &str| {
        let folder = blackstart::bundle::slug::folder(name);
        let json = serde_json::to_string(name).unwrap();
        let old = blackstart::bundle::slug::folder("apps");
        good.replace("\"name\": \"apps\"", &format!("\"name\": {json}")).replace(&old, &folder)
    };
    let cases = [
        ("a key twice", good.replacen("{\n", "{\n \"format-version\": 1,\n", 1)),
        ("a key nobody knows", good.replacen("{\n", "{\n \"run\": \"rm\",\n", 1)),
        ("a million levels of lists", "[".repeat(1_000_000)),
        ("a million levels of objects", "{\"a\":".repeat(1_000_000)),
        ("another folder", good.replace("\"folder\": \"", "\"folder\": \"../")),
        ("a name with a line feed", renamed("apps\nrepos/x-00000000.git\tsha1\t0\tinfra")),
        ("a name with an escape", renamed("\u{1b}[2J")),
        ("nothing", String::new()),
    ];
    for (what, json) in cases {
        let tar = tar_of(&[("index.json", json.as_bytes())]);
        let mut manifest = insider.successor(1);
        manifest.index = insider.part(PartKind::Index, &insider.sealed(&tar));
        insider.publish(&manifest);
        refused(&kit, what, "the index is not valid");
        std::fs::remove_dir_all(kit.store().join("snapshots/0000000002")).unwrap();
    }
}

/// An index that is not even an archive is lost, which costs names: what is there is given by folder,
/// and the loss is said.
#[test]
fn an_index_of_a_hundred_megabytes_costs_the_names() {
    let kit = kit();
    let insider = Insider::new(&kit);
    let mut manifest = insider.successor(1);
    let tar = tar_of(&[("index.json", " ".repeat(100 << 20).as_bytes())]);
    manifest.index = insider.part(PartKind::Index, &insider.sealed(&tar));
    insider.publish(&manifest);
    let ran = bounded(&kit, &["extract", "2", "--to", "out", "--json"]).exits(4);
    let report = ran.json();
    assert_eq!(report["left_out"][0]["name"], "the index", "{report}");
    assert!(report["left_out"][0]["why"].to_string().contains(&manifest.index.digest.to_string()));
    let folder = folder();
    let given = kit.path("out").join(folder.trim_start_matches("repos/"));
    assert_eq!(git::picture(&given), git::picture(&kit.sandbox.path("srv/apps.git")));
}

#[test]
fn a_manifest_that_is_no_manifest_is_refused() {
    let kit = kit();
    let insider = Insider::new(&kit);
    let good = String::from_utf8(insider.successor(1).render()).unwrap();
    let cases = [
        ("a key twice", good.replacen("{\n", "{\n \"schemaVersion\": 2,\n", 1)),
        ("half a million levels of lists", "[".repeat(500_000)),
        ("levels of objects", "{\"a\":".repeat(200_000)),
        ("an escaped digest", good.replacen("\"digest\"", "\"d\\u0069gest\"", 1)),
        ("a negative size", good.replacen("\"size\": ", "\"size\": -", 1)),
        ("a part outside", good.replacen("sha256:", "sha256:../../", 1)),
        ("more than a megabyte", good.replacen("{\n", &format!("{{{}\n", " ".repeat(1 << 20)), 1)),
        ("nothing", String::new()),
    ];
    for (what, bytes) in cases {
        insider.publish_bytes(2, bytes.as_bytes(), SNAPSHOT);
        let before = everything(&kit);
        let ran = bounded(&kit, &["verify", "2", "--full"]);
        assert_eq!(ran.status, 4, "{what}: {ran}");
        let ran = bounded(&kit, &["extract", "2", "--to", "out"]);
        assert_eq!(ran.status, 4, "{what}: {ran}");
        let _ = std::fs::remove_dir(kit.path("out"));
        assert_eq!(everything(&kit), before, "{what}");
        std::fs::remove_dir_all(kit.store().join("snapshots/0000000002")).unwrap();
    }
}
