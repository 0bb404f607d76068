//! What a terminal, a log or a report is given holds no character that steers it or that nobody can
//! see, whatever repositories, refs, people, paths and stores are called.

use std::path::{Path, PathBuf};

use crate::support::git;
use crate::support::kit::Kit;
use crate::support::sandbox::Ran;

/// One of each kind: escape, C1, bidi override, zero width, tag, line separator, carriage return.
const NASTY: &[&str] = &[
    "es\u{1b}[2J\u{1b}]0;owned\u{7}",
    "c1\u{9b}2J",
    "txt.\u{202e}gpj",
    "zero\u{200b}width",
    "tag\u{e0041}\u{e007f}",
    "line\u{2028}break",
    "back\rover",
    "new\nline\trepos",
];

/// Those of them that git allows in the name of a ref.
fn allowed_in_refs(name: &str) -> bool {
    !name.bytes().any(|byte| byte < 0x20)
}

/// Whether a character steers a terminal or hides; line feeds and tabs are layout.
fn is_nasty(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
}

#[track_caller]
fn clean(what: &str, text: &str) {
    let at = text.char_indices().find(|(_, c)| is_nasty(*c) || *c == '\u{fffd}');
    if let Some((at, c)) = at {
        let around: String = text[..at].chars().rev().take(80).collect();
        let around: String = around.chars().rev().collect();
        panic!("{what} prints {c:?} after {around:?}");
    }
}

#[track_caller]
fn shows(ran: &Ran) {
    clean(&format!("stdout of {}", ran.line.escape_debug()), &ran.stdout);
    clean(&format!("stderr of {}", ran.line.escape_debug()), &ran.stderr);
}

/// A folder of repositories with such names, with such refs, files and people.
fn estate(kit: &Kit) -> PathBuf {
    let root = kit.sandbox.path("disk");
    for (number, name) in NASTY.iter().enumerate() {
        let source = git::worktree(&root.join(format!("{number}-{name}")));
        for file in NASTY {
            std::fs::write(source.join(file), "x").unwrap();
        }
        std::fs::write(source.join(".gitmodules"), format!("[submodule \"{name}\"]\n")).unwrap();
        git::git(&source, &["add", "--all"]);
        let author = format!("{name} <{name}@example.com>").replace(['\n', '\r'], " ");
        let message = format!("{name}\n\n{name}");
        git::git(&source, &["commit", "-q", "-m", &message, "--author", &author]);
        for name in NASTY.iter().filter(|name| allowed_in_refs(name)) {
            git::git(&source, &["update-ref", &format!("refs/heads/{name}"), "HEAD"]);
            git::git(&source, &["tag", "-a", "-m", &message, name]);
        }
    }
    root
}

/// Rewrites a ref with such a name in every repository.
fn rewrite(root: &Path) {
    for entry in std::fs::read_dir(root).unwrap().map(Result::unwrap) {
        let at = entry.path();
        let lone = git::git(&at, &["commit-tree", "-m", "anew", "HEAD^{tree}"]);
        for name in NASTY.iter().filter(|name| allowed_in_refs(name)) {
            git::git(&at, &["update-ref", &format!("refs/heads/{name}"), &lone]);
        }
    }
}

#[test]
fn no_command_passes_on_what_could_steer_a_terminal() {
    let kit = Kit::new();
    let root = estate(&kit);
    kit.configure(&format!("[[source]]\nkind = \"dir\"\npath = {}", serde_json::json!(root)));
    kit.source("nowhere", "https://git.invalid/\u{202e}gpj.git", "");
    let events = kit.sandbox.path("events.jsonl");
    let lines = kit.sandbox.path("log");
    let log = ["--events", events.to_str().unwrap(), "--log-file", lines.to_str().unwrap()];
    let run = |args: &[&str]| {
        for more in [&[][..], &["--json"]] {
            let ran = kit.run(&[args, more, &log].concat());
            shows(&ran);
            clean("the file of events", &std::fs::read_to_string(&events).unwrap());
            clean("the log", &std::fs::read_to_string(&lines).unwrap());
            if more == ["--json"] && !ran.stdout.is_empty() {
                ran.json();
            }
            assert!(ran.status != 2, "{ran}");
        }
    };
    run(&["sources", "list"]);
    run(&["snapshot", "--dry-run"]);
    run(&["snapshot"]);
    rewrite(&root);
    // One vanishes, so that its name is in a fault.
    std::fs::rename(root.join(format!("0-{}", NASTY[0])), kit.sandbox.path("gone")).unwrap();
    run(&["snapshot"]);
    let opener = kit.identity.to_str().unwrap();
    run(&["list"]);
    run(&["status"]);
    run(&["show", "latest", "--identity", opener]);
    run(&["verify", "--full", "--identity", opener]);
    run(&["doctor"]);
    run(&["prune", "--keep-last", "1"]);
    run(&["trust", "show"]);
    run(&["keys", "list"]);
    let out = kit.sandbox.path("out");
    let to = out.to_str().unwrap();
    let extract = ["extract", "--to", to, "--identity", opener, "--worktree", "HEAD", "--pinned"];
    for more in [&[][..], &["--json"]] {
        let ran = kit.run(&[&extract[..], more, &log].concat());
        assert!([0, 3].contains(&ran.status), "{ran}");
        shows(&ran);
        clean("the file of events", &std::fs::read_to_string(&events).unwrap());
        clean("repos.tsv", &std::fs::read_to_string(out.join("repos.tsv")).unwrap());
        let lines = std::fs::read_to_string(out.join("repos.tsv")).unwrap();
        assert_eq!(lines.lines().count(), NASTY.len(), "a name adds no line: {lines}");
        std::fs::remove_dir_all(&out).unwrap();
    }
}

/// Stores and files with such names, and what is said of them when they cannot be used.
#[test]
fn no_error_passes_on_what_could_steer_a_terminal() {
    let kit = Kit::new();
    let apps = git::bare(&kit.sandbox.path("srv/apps.git"), "sha1");
    git::grow(&apps, 3, 1);
    kit.source("apps", apps.to_str().unwrap(), "");
    kit.snapshot();
    let root = kit.trust_root();
    for name in NASTY {
        let place = kit.sandbox.path(name);
        let at = place.to_str().unwrap();
        for more in [&[][..], &["--json"]] {
            for args in [
                &["list", "--store", at, "--trust-root", &root][..],
                &["list", "--trust-root", name],
                &["extract", "--to", "out", "--repo", name, "--identity", at],
                &["extract", "--to", at, "--identity", at],
                &["import", at],
                &["export", "latest", "--to", &format!("{at}/missing/x.tar")],
                &["trust", "add", "verifier", at],
                &["sources", "retire", name],
                &["snapshot", "--only", name],
                &["status", "--config", at],
            ] {
                let ran = kit.run(&[args, more].concat());
                assert!(ran.status != 0, "{ran}");
                shows(&ran);
            }
        }
        let _ = std::fs::remove_dir_all(&place);
    }
    // Leftovers and blobs with such names in a store are findings.
    for name in NASTY {
        let file = kit.store().join("blobs/sha256").join(name);
        std::fs::write(file, "x").unwrap();
        std::fs::create_dir(kit.store().join(format!("snapshots/.tmp-{name}"))).unwrap();
    }
    for more in [&[][..], &["--json"]] {
        shows(&kit.run(&[&["verify", "--full"][..], more].concat()).ok());
    }
}
