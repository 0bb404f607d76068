//! Holds the floors: reads `src/` and fails on any import edge that the table does not allow, on
//! any cycle, and on any outside crate or function outside its fence.

#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Module → what it may import. The order is that of the floors, lowest first.
const FLOORS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("object", &["model"]),
    ("gitops", &["model", "object"]),
    ("disk", &["model"]),
    ("tools", &["model", "disk"]),
    ("repo", &["model", "disk"]),
    ("keys", &["model", "disk", "tools"]),
    ("cluster", &["model", "object", "disk"]),
    ("forge", &["model"]),
    ("config", &["model", "disk"]),
    ("source", &["model", "disk", "repo", "forge"]),
    ("mirror", &["model", "disk", "repo", "forge", "tools", "source"]),
    ("snapshot", &["model", "disk", "repo", "forge", "mirror"]),
    ("target", &["model", "object", "disk", "tools", "cluster"]),
    ("render", &["model", "object", "gitops", "disk", "tools", "cluster", "repo"]),
    ("closure", &["model", "object", "gitops", "disk", "tools", "cluster", "repo"]),
    ("knowngood", &["model", "object", "gitops", "disk", "tools", "cluster", "repo"]),
    ("bundle", &["model", "disk", "keys", "repo", "snapshot"]),
    ("store", &["model", "disk", "tools", "bundle"]),
    ("plan", &["model", "object", "gitops", "disk", "cluster", "target", "bundle", "render"]),
    ("replay", &["model", "object", "gitops", "disk", "cluster", "target", "plan"]),
    ("standin", &["model", "disk", "repo", "tools"]),
    ("handback", &["model", "disk", "repo", "tools"]),
    ("runbook", &["model", "disk", "keys"]),
    ("evidence", &["model", "disk", "keys"]),
    (
        "drill",
        &["model", "disk", "keys", "bundle", "render", "target", "cluster", "plan", "replay"],
    ),
    (
        "app",
        &[
            "model",
            "object",
            "gitops",
            "disk",
            "tools",
            "repo",
            "keys",
            "cluster",
            "forge",
            "config",
            "source",
            "mirror",
            "snapshot",
            "target",
            "render",
            "closure",
            "knowngood",
            "bundle",
            "store",
            "plan",
            "replay",
            "standin",
            "handback",
            "runbook",
            "evidence",
            "drill",
        ],
    ),
    ("cli", &["model", "config", "app"]),
    ("tui", &["model", "config", "app"]),
];

/// Outside crate or path → the modules (or files) that may name it.
const FENCES: &[(&str, &[&str])] = &[
    ("gix::", &["repo", "mirror", "standin"]),
    ("gix_pack::", &["repo", "mirror", "standin"]),
    ("age::", &["keys", "bundle", "gitops/sops"]),
    ("ssh_key::", &["keys"]),
    ("tar::", &["bundle", "store/file", "render"]),
    ("zstd::", &["bundle"]),
    ("sha2::", &["model/digest.rs"]),
    ("hmac::", &["model/digest.rs"]),
    ("granit_parser::", &["object/yaml"]),
    ("kube::", &["cluster"]),
    ("tokio::", &["cluster", "standin"]),
    ("reqwest::", &["mirror", "forge", "store", "app/notify"]),
    ("rustls::", &["standin", "mirror"]),
    ("rcgen::", &["target", "standin"]),
    ("ratatui::", &["tui"]),
    ("crossterm::", &["tui"]),
    ("clap::", &["cli"]),
    ("rpassword::", &["cli"]),
    ("signal_hook::", &["app/signals.rs"]),
    ("std::env", &["config", "cli"]),
    ("env::var", &["config", "cli"]),
    ("File::create", &["disk"]),
    ("OpenOptions", &["disk"]),
    ("fs::write", &["disk"]),
    ("fs::rename", &["disk"]),
    ("fs::remove", &["disk"]),
    ("fs::create_dir", &["disk"]),
    ("Command::new", &["tools", "target/process.rs", "standin"]),
    ("SystemTime", &["app/clock.rs"]),
    ("Instant::now", &["app/clock.rs"]),
    ("process::exit", &[]),
];

struct Source {
    /// Path below `src/`, such as `bundle/open.rs`.
    path: String,
    /// The code without comments, strings and test modules.
    code: String,
}

impl Source {
    fn module(&self) -> &str {
        let first = self.path.split('/').next().unwrap_or_default();
        first.strip_suffix(".rs").unwrap_or(first)
    }
}

fn sources() -> Vec<Source> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    walk(&root, &mut paths);
    paths.sort();
    paths
        .iter()
        .filter(|path| !path.iter().any(|part| part == "tests.rs" || part == "tests"))
        .map(|path| Source {
            path: path.strip_prefix(&root).unwrap().to_string_lossy().into_owned(),
            code: production_code(&fs::read_to_string(path).unwrap()),
        })
        .collect()
}

/// Drops the inline test module, comments and string literals.
fn production_code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let mut code = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '/' if chars.peek() == Some(&'/') => {
                for skipped in chars.by_ref() {
                    if skipped == '\n' {
                        code.push('\n');
                        break;
                    }
                }
            }
            '"' => {
                while let Some(inner) = chars.next() {
                    match inner {
                        '\\' => drop(chars.next()),
                        '"' => break,
                        _ => {}
                    }
                }
            }
            '\'' => {
                let rest: String = chars.clone().take(4).collect();
                let literal = rest.starts_with('\\') || rest.chars().nth(1) == Some('\'');
                if literal {
                    if chars.next() == Some('\\') {
                        chars.next();
                    }
                    for inner in chars.by_ref() {
                        if inner == '\'' {
                            break;
                        }
                    }
                }
            }
            _ => code.push(c),
        }
    }
    code
}

/// The top-level modules that a file names by `crate::` (or `blackstart::` in `main.rs`).
fn imports(source: &Source) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let word = |text: &str| -> String {
        text.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
    };
    for root in ["crate::", "blackstart::"] {
        for (at, _) in source.code.match_indices(root) {
            let rest = &source.code[at + root.len()..];
            match rest.strip_prefix('{') {
                None => drop(found.insert(word(rest))),
                Some(group) => {
                    let mut depth = 0_usize;
                    let mut fresh = true;
                    for (index, c) in group.char_indices() {
                        match c {
                            '{' => depth += 1,
                            '}' if depth == 0 => break,
                            '}' => depth -= 1,
                            ',' if depth == 0 => fresh = true,
                            c if fresh && c.is_ascii_alphabetic() => {
                                found.insert(word(&group[index..]));
                                fresh = false;
                            }
                            _ => {}
                        }
                    }
                }
            }
        }
    }
    found.remove(source.module());
    found
}

#[test]
fn every_edge_is_in_the_table() {
    let table: BTreeMap<&str, BTreeSet<&str>> =
        FLOORS.iter().map(|(module, may)| (*module, may.iter().copied().collect())).collect();
    let mut wrong = Vec::new();
    for source in sources() {
        let module = source.module();
        if matches!(module, "main" | "lib") {
            continue;
        }
        let Some(may) = table.get(module) else {
            wrong.push(format!("{}: module {module} is not in the table", source.path));
            continue;
        };
        for import in imports(&source) {
            if !may.contains(import.as_str()) {
                wrong.push(format!("{}: {module} must not import {import}", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_only_points_down() {
    for (index, (module, may)) in FLOORS.iter().enumerate() {
        for import in *may {
            let below = FLOORS[..index].iter().any(|(name, _)| name == import);
            assert!(below, "{module} may import {import}, which does not stand below it");
        }
    }
}

#[test]
fn outside_crates_stay_behind_their_fences() {
    let mut wrong = Vec::new();
    for source in sources() {
        for (name, inside) in FENCES {
            let fits = |place: &&str| {
                source.path == **place
                    || source.path == format!("{place}.rs")
                    || source.path.starts_with(&format!("{place}/"))
            };
            if names(&source.code, name) && !inside.iter().any(fits) {
                wrong.push(format!("{}: {name} belongs in {inside:?}", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whether `code` names `path` where a path can begin.
fn names(code: &str, path: &str) -> bool {
    code.match_indices(path).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        !before.is_some_and(|c| {
            c.is_ascii_alphanumeric() || c == '_' || (c == ':' && !path.contains("std"))
        }) || path.contains("::") && before == Some(':') && !path.ends_with("::")
    })
}

#[test]
fn the_shells_do_not_know_each_other_and_main_knows_only_them() {
    for source in sources().iter().filter(|source| source.path == "main.rs") {
        let allowed = ["cli", "tui"];
        let other: Vec<_> =
            imports(source).into_iter().filter(|name| !allowed.contains(&name.as_str())).collect();
        assert!(other.is_empty(), "main.rs imports {other:?}");
    }
}

#[test]
fn unsafe_code_is_forbidden_and_nothing_lowers_that() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let manifest = fs::read_to_string(manifest).unwrap();
    assert!(manifest.contains("\n[lints.rust]\nunsafe_code = \"forbid\"\n"));
    for source in sources() {
        for word in ["unsafe ", "unsafe_code"] {
            assert!(!source.code.contains(word), "{} says {word}", source.path);
        }
    }
}

#[test]
fn the_scanner_sees_what_it_should() {
    let source = Source {
        path: "plan/graph.rs".into(),
        code: production_code(
            "use crate::{model::{id, git}, object};\n// use crate::cli;\nlet x = \"crate::tui\";\nlet c = '\"';\ncrate::disk::x();\n#[cfg(test)]\nmod tests { use crate::app; }",
        ),
    };
    let expected: BTreeSet<String> = ["model", "object", "disk"].map(String::from).into();
    assert_eq!(imports(&source), expected);
    assert!(names("use gix::open;", "gix::") && !names("use mygix::open;", "gix::"));
    assert!(names("std::fs::write(a)", "fs::write") && names("fs::write(a)", "fs::write"));
}
