//! A whole estate in which most repositories and hosts mean harm, by the binary: the snapshot ends in
//! time with 3, every other repository is sealed, and what comes out again is harmless.
//!
//! What each kind of repository does to a mirror alone is in `hostile`, each kind of host in `hosts`.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::hostile::{publish, publish_bomb, tree};
use crate::hosts::answering;
use crate::support::git::{bare, commit, git, git_with_input, grow, picture, worktree};
use crate::support::kit::{Kit, extracted};
use crate::support::server::{BadHost, Temper};

/// Every name that some file system takes for `.git`.
const DISGUISES: &[&str] = &[
    ".git",
    ".GIT",
    ".Git",
    ".g\u{200c}it",
    ".gi\u{200d}t",
    "\u{feff}.git",
    ".git\u{202a}",
    ".git ",
    ".git.",
    ".git. .",
    "git~1",
    "GIT~2",
    ".git::$INDEX_ALLOCATION",
    ".git:x",
];

/// A repository whose one commit is a tree that git would refuse to make.
fn with_tree(root: &Path, name: &str, entries: &[Entry<'_>]) -> PathBuf {
    let source = bare(&root.join(format!("{name}.git")), "sha1");
    let blob = git_with_input(&source, &["hash-object", "-w", "--stdin"], b"../../../planted");
    let inner = tree(&source, &[("100644", "config", &blob), ("100755", "hooks", &blob)]);
    let oid = |kind: &str| if kind == "40000" { inner.clone() } else { blob.clone() };
    let entries: Vec<_> = entries
        .iter()
        .map(|(mode, name, content)| match *content {
            "" => (*mode, *name, oid(mode)),
            content => {
                let args = ["hash-object", "-w", "--stdin"];
                (*mode, *name, git_with_input(&source, &args, content.as_bytes()))
            }
        })
        .collect();
    let entries: Vec<_> =
        entries.iter().map(|(mode, name, oid)| (*mode, *name, oid.as_str())).collect();
    publish(&source, &tree(&source, &entries));
    source
}

/// Mode, name and content; without content a file or folder like all others.
type Entry<'a> = (&'a str, &'a str, &'a str);

/// Trees that lead elsewhere once they are written.
fn hostile_trees(root: &Path) -> Vec<(&'static str, PathBuf)> {
    let modules = "[submodule \"x\"]\n\tpath = x\n\turl = --upload-pack=touch planted\n\
                   [submodule \"../../hooks\"]\n\tpath = -x\n\turl = ext::sh -c touch% planted\n";
    let long = "a/".repeat(3000);
    let disguises: Vec<_> = DISGUISES.iter().map(|name| ("40000", *name, "")).collect();
    let kinds: Vec<(&'static str, Vec<Entry<'_>>)> = vec![
        ("dotdot", vec![("40000", "..", ""), ("40000", ".", ""), ("100644", "plain", "")]),
        ("disguises", disguises),
        ("slashes", vec![("100644", "a/../../planted", ""), ("100644", "b\\c", "")]),
        ("twins", vec![("120000", "link", ""), ("40000", "link", ""), ("100644", "link", "")]),
        (
            "links",
            vec![
                ("120000", "absolute", "/etc/passwd"),
                ("120000", "out", "../../../planted"),
                ("120000", "into", "../links.git/config"),
                ("120000", "long", &long),
                ("100644", "plain", ""),
            ],
        ),
        ("modules-link", vec![("120000", ".gitmodules", "")]),
        ("modules-url", vec![("100644", ".gitmodules", modules)]),
        ("devices", vec![("100644", "con", ""), ("100644", "nul.txt", ""), ("100644", "COM1", "")]),
        (
            "names",
            vec![
                ("100644", "\u{1b}]0;owned\u{7}", ""),
                ("100644", "\u{9b}2J", ""),
                ("100644", "a\nb", ""),
                ("100644", "txt.\u{202e}gpj", ""),
                ("100644", "tag\u{e0041}", ""),
                ("100644", "-rf", ""),
            ],
        ),
    ];
    kinds.into_iter().map(|(name, entries)| (name, with_tree(root, name, &entries))).collect()
}

/// Ref names and people that steer a terminal, where git lets them.
fn escapes(root: &Path) -> PathBuf {
    let source = bare(&root.join("escapes.git"), "sha1");
    grow(&source, 2, 1);
    for name in ["\u{9b}2J", "\u{202e}niam", "a\u{200b}b", "-x", "tag\u{e0041}"] {
        git(&source, &["update-ref", &format!("refs/heads/{name}"), "main"]);
    }
    let tip = git(&source, &["rev-parse", "main"]);
    let packed = format!("{tip} refs/heads/es\u{1b}[2Jcape\n");
    std::fs::write(source.join("packed-refs"), packed).unwrap();
    source
}

fn bomb(root: &Path) -> PathBuf {
    let source = bare(&root.join("bomb.git"), "sha1");
    publish_bomb(&source);
    source
}

/// A pack of these raw entries, its count and its checksum right.
fn pack(folder: &Path, name: &str, count: u32, entries: &[u8]) -> PathBuf {
    let path = folder.join(name);
    let body = [&b"PACK\0\0\0\x02"[..], &count.to_be_bytes(), entries].concat();
    std::fs::write(&path, &body).unwrap();
    let sum = std::process::Command::new("sha1sum").arg(&path).output().unwrap().stdout;
    let sum: Vec<u8> = sum[..40]
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect();
    std::fs::write(&path, [body, sum].concat()).unwrap();
    path
}

/// Stored, not compressed, as zlib writes it (RFC 1950, RFC 1951 §3.2.4).
fn stored(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap();
    let (mut a, mut b) = (1_u32, 0_u32);
    for byte in bytes {
        a = (a + u32::from(*byte)) % 65521;
        b = (b + a) % 65521;
    }
    let sum = (b << 16 | a).to_be_bytes();
    [&[0x78, 1, 1][..], &length.to_le_bytes(), &(!length).to_le_bytes(), bytes, &sum].concat()
}

/// Packs that a server may answer with instead of one that is asked for.
fn hostile_packs(folder: &Path) -> Vec<(&'static str, PathBuf)> {
    // A delta that makes one byte out of one byte.
    let delta = stored(&[1, 1, 1, b'x']);
    let on = |base: u8| [&[0x74][..], &[base; 20], &delta].concat();
    let before = |offset: &[u8]| [&[0x64][..], offset, &delta].concat();
    let blob = [&[0x31][..], &stored(b"x")].concat();
    let step = u8::try_from(delta.len() + 2).unwrap();
    let chain: Vec<u8> =
        std::iter::once([blob.clone(), before(&[u8::try_from(blob.len()).unwrap()])].concat())
            .chain((0..50_000).map(|_| before(&[step])))
            .flatten()
            .collect();
    vec![
        ("loop", pack(folder, "loop", 2, &[on(1), on(2)].concat())),
        ("self", pack(folder, "self", 1, &before(&[0]))),
        ("before", pack(folder, "before", 1, &before(&[0xff, 0xff, 0xff, 0x7f]))),
        ("chain", pack(folder, "chain", 50_002, &chain)),
        ("count", pack(folder, "count", u32::MAX, &blob)),
        // A blob that says it is 2^63 bytes long.
        (
            "size",
            pack(folder, "size", 1, &[&[0xbf][..], &[0xff; 8], &[0x3f], &stored(b"x")].concat()),
        ),
        ("type", pack(folder, "type", 1, &[&[0x51][..], &stored(b"x")].concat())),
    ]
}

/// Writes a program.
fn script(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// A stand-in for ssh: the far side is git on this machine, but the pack comes from `packs/<name>`,
/// and from `endless` never ends.
fn lying_ssh(folder: &Path, source: &Path) -> PathBuf {
    let (ssh, hook) = (folder.join("ssh"), folder.join("hook"));
    script(
        &hook,
        "#!/bin/sh\ncat >/dev/null\nif [ \"$LIE\" = endless ]; then\n\
         printf 'PACK\\0\\0\\0\\2\\0\\377\\377\\377'\n\
         while printf '\\061\\170\\1\\1\\1\\0\\376\\377\\170\\0\\171\\0\\171'; do sleep 0.01; done\n\
         else cat \"$LIES/$LIE\"; fi\n",
    );
    let text = format!(
        "#!/bin/sh\nfor last; do :; done\nLIE=${{last##*/}}; LIE=${{LIE%\\'}}; LIES={}\nexport LIE LIES\n\
         exec git -c uploadpack.packObjectsHook={} upload-pack {}\n",
        folder.display(),
        hook.display(),
        source.display()
    );
    script(&ssh, &text);
    ssh
}

/// Two good repositories among all that is hostile.
struct Estate {
    kit: Kit,
    good: [PathBuf; 2],
    held: Vec<&'static str>,
    lost: Vec<&'static str>,
    _hosts: Vec<BadHost>,
}

fn estate() -> Estate {
    let mut kit = Kit::new();
    let root = kit.sandbox.path("srv");
    let good = ["apps", "zulu"].map(|name| bare(&root.join(format!("{name}.git")), "sha1"));
    for (name, path) in ["apps", "zulu"].iter().zip(&good) {
        grow(path, 20, 4);
        kit.source(name, path.to_str().unwrap(), "");
    }
    let (mut held, mut lost) = (Vec::new(), Vec::new());
    for (name, path) in hostile_trees(&root) {
        kit.source(name, path.to_str().unwrap(), "");
        held.push(name);
    }
    for (name, path) in [("escapes", escapes(&root)), ("bomb", bomb(&root))] {
        kit.source(name, path.to_str().unwrap(), "");
        held.push(name);
    }
    let lies = kit.sandbox.path("lies");
    std::fs::create_dir(&lies).unwrap();
    let liar = worktree(&root.join("liar"));
    commit(&liar, &[("a", "1")], "m");
    for (name, _) in hostile_packs(&lies) {
        kit.source(name, &format!("host.invalid:lies/{name}"), "");
        lost.push(name);
    }
    kit.source("endless", "host.invalid:lies/endless", "");
    kit.sandbox.set("GIT_SSH_COMMAND", lying_ssh(&lies, &liar));
    let nowhere = bare(&root.join("nowhere.git"), "sha1");
    std::fs::write(nowhere.join("packed-refs"), format!("{} refs/heads/main\n", "12".repeat(20)))
        .unwrap();
    kit.source("nowhere", nowhere.to_str().unwrap(), "");
    let hosts = [Temper::Stalled, Temper::SignInPage, Temper::HangsUp].map(BadHost::start);
    for (name, host) in ["stalled", "page", "hangs"].iter().zip(&hosts) {
        kit.source(name, &host.url("x.git"), "");
    }
    let redirect = |to: &'static str| {
        answering(move |stream| {
            let line = format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n");
            let _ = stream.write_all(line.as_bytes());
        })
    };
    let to_host = redirect("http://169.254.169.254/latest/meta-data/info/refs");
    let to_scheme = redirect("ext::sh -c touch% planted");
    for (name, host) in [("to-host", to_host), ("to-scheme", to_scheme)] {
        kit.source(name, &format!("http://{host}/x.git"), "");
    }
    lost.extend(["endless", "stalled", "page", "hangs", "to-host", "to-scheme"]);
    Estate { kit, good, held, lost, _hosts: hosts.into_iter().collect() }
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect()
}

#[test]
fn among_hostile_repositories_the_others_are_sealed_and_nothing_dangerous_comes_out() {
    let estate = estate();
    let kit = &estate.kit;
    let toml = std::fs::read_to_string(kit.path("blackstart.toml")).unwrap();
    std::fs::write(
        kit.path("blackstart.toml"),
        toml.replace("# stall = \"30s\"", "stall = \"3s\""),
    )
    .unwrap();
    let report = kit.run(&["snapshot", "--deadline", "25s", "--json"]).exits(3).json();
    let late = names(&report["not_current"]);
    for name in &estate.lost {
        assert!(late.contains(name), "{name} is held: {report}");
    }
    for name in estate.held.iter().chain(&["apps", "zulu"]) {
        assert!(!late.contains(name), "{name}: {report}");
    }
    let out = kit.sandbox.path("out");
    let args = ["extract", "--to", out.to_str().unwrap(), "--worktree", "main", "--json"];
    // All repositories are there; files with such names are not, which is no complete result.
    let given = kit.open(&args).exits(3).json();
    assert_eq!(given["left_out"], serde_json::json!([]), "{given}");
    for name in estate.held.iter().chain(&["apps", "zulu"]) {
        assert!(names(&given["repos"]).contains(name), "{name}: {given}");
    }
    for (name, path) in ["apps", "zulu"].iter().zip(&estate.good) {
        assert_eq!(picture(&extracted(&out, name)), picture(path), "{name}");
        let files = std::fs::read_dir(out.join(format!("{name}.files"))).unwrap().count();
        assert!(files > 0, "{name}");
    }
    harmless(&out);
    for planted in ["planted", "out/planted", "kit/planted", "work/planted", "tmp/planted"] {
        assert!(!kit.sandbox.path(planted).exists(), "{planted}");
    }
    kit.open(&["verify", "--full"]).ok();
    // An hour later nothing changed: still 3, still sealed, nothing lost.
    let again = kit.run(&["snapshot", "--deadline", "15s", "--json"]).exits(3).json();
    assert_eq!(again["seq"], 2, "{again}");
}

/// Walks what was extracted: repositories with our own configuration and nothing that runs, files
/// with plain names, links that stay inside.
fn harmless(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        let name = entry.file_name();
        let name = name.to_str().unwrap_or_else(|| panic!("{} is no text", path.display()));
        assert!(!name.chars().any(char::is_control), "{name:?}");
        let unsafe_name = blackstart::repo::unsafe_component(name.as_bytes());
        assert_eq!(unsafe_name, None, "{}", path.display());
        let kind = entry.file_type().unwrap();
        if kind.is_symlink() {
            let target = std::fs::read_link(&path).unwrap();
            assert!(
                target.is_relative() && !target.to_string_lossy().contains(".git"),
                "{}",
                path.display()
            );
        } else if kind.is_dir() && name.ends_with(".git") {
            repository(&path);
        } else if kind.is_dir() {
            harmless(&path);
        } else {
            assert!(kind.is_file(), "{}", path.display());
        }
    }
}

fn repository(at: &Path) {
    let mut names: Vec<_> = std::fs::read_dir(at)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["HEAD", "config", "objects", "packed-refs", "refs"], "{}", at.display());
    let config = std::fs::read_to_string(at.join("config")).unwrap();
    for line in config.lines().map(str::trim) {
        let ours = ["[core]", "repositoryformatversion = 0", "bare = true"].contains(&line);
        assert!(ours, "{}: {line}", at.display());
    }
    assert_eq!(std::fs::read_dir(at.join("refs/heads")).unwrap().count(), 0);
    assert!(!at.join("objects/info").exists(), "{}: alternates", at.display());
}

/// A proxy that wants everybody to sign in answers every request, whoever it was for, with a page.
#[test]
fn a_proxy_that_answers_html_is_named_and_the_others_are_sealed() {
    let page = answering(|stream| {
        let _ = stream.write_all(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 22\r\n\r\n\
              <html>sign in</html>\r\n",
        );
    });
    let mut kit = Kit::new();
    let apps = bare(&kit.sandbox.path("srv/apps.git"), "sha1");
    grow(&apps, 5, 1);
    kit.source("apps", apps.to_str().unwrap(), "");
    kit.source("web", "http://git.invalid/team/web.git", "");
    kit.sandbox.set("http_proxy", format!("http://{page}"));
    let report = kit.run(&["snapshot", "--json"]).exits(3).json();
    let why = &report["not_current"][0];
    assert_eq!((&why["name"], &why["state"]), (&"web".into(), &"refused".into()), "{report}");
    assert!(why["why"].as_str().unwrap().contains("text/html"), "{report}");
    kit.open(&["verify", "--full"]).ok();
}
