//! Repositories that mean harm: a run ends in time, tells, and writes nothing dangerous.

use std::path::Path;
use std::time::Duration;

use blackstart::mirror::{Options, RepoState};
use blackstart::model::cancel::Cancel;
use blackstart::repo::{Bare, ExportLimits, RepoError};

use crate::running::{run, spec};
use crate::support::git::{bare, git, git_with_input, grow, try_git};

fn raw(oid: &str) -> Vec<u8> {
    (0..oid.len()).step_by(2).map(|at| u8::from_str_radix(&oid[at..at + 2], 16).unwrap()).collect()
}

/// Writes a tree that git itself would refuse to make.
pub(crate) fn tree(at: &Path, entries: &[(&str, &str, &str)]) -> String {
    let mut data = Vec::new();
    for (mode, name, oid) in entries {
        data.extend(format!("{mode} {name}\0").into_bytes());
        data.extend(raw(oid));
    }
    git_with_input(at, &["hash-object", "-t", "tree", "-w", "--literally", "--stdin"], &data)
}

pub(crate) fn publish(at: &Path, tree: &str) {
    let tip = git(at, &["commit-tree", "-m", "\u{1b}[2Jcleared", tree]);
    git(at, &["update-ref", "refs/heads/main", &tip]);
}

/// Publishes ten to the power of ten files in less than a kilobyte.
pub(crate) fn publish_bomb(at: &Path) {
    let mut child = git_with_input(at, &["hash-object", "-w", "--stdin"], b"one laugh");
    let names: Vec<String> = (0..10).map(|digit| format!("f{digit}")).collect();
    for level in 0..10 {
        let mode = if level == 0 { "100644" } else { "40000" };
        let entries: Vec<_> =
            names.iter().map(|name| (mode, name.as_str(), child.as_str())).collect();
        child = tree(at, &entries);
    }
    publish(at, &child);
}

#[test]
fn dangerous_trees_are_captured_told_and_never_written() {
    let folder = tempfile::tempdir().unwrap();
    let source = bare(&folder.path().join("hostile"), "sha1");
    let blob = git_with_input(&source, &["hash-object", "-w", "--stdin"], b"../../../tmp/x");
    let inner = tree(&source, &[("100644", "config", &blob)]);
    let entries = [
        ("40000", "..", &inner),
        ("40000", ".GIT", &inner),
        ("40000", ".g\u{200c}it", &inner),
        ("120000", ".gitmodules", &blob),
        ("100644", "a/b", &blob),
        ("100644", "con", &blob),
        ("40000", "git~1", &inner),
        ("120000", "link", &blob),
        ("40000", "link", &inner),
        ("100644", "plain", &blob),
        ("100644", "\u{1b}[31mred", &blob),
    ];
    let entries: Vec<_> =
        entries.iter().map(|(mode, name, oid)| (*mode, *name, oid.as_str())).collect();
    publish(&source, &tree(&source, &entries));
    let specs = [spec("hostile", source.to_str().unwrap())];
    let run = run(&specs, &Options::new(folder.path().join("mirrors")));
    run.assert_all(RepoState::Fresh);
    let findings = run.get("hostile").findings.join("\n");
    for word in ["hasDotgit", "hasDotdot", "fullPathname", "duplicateEntries", "gitmodulesSymlink"]
    {
        assert!(findings.contains(word), "{word} in {findings}");
    }
    let mirror = Bare::open(run.path("hostile")).unwrap();
    let dest = folder.path().join("out");
    let limits = ExportLimits::default();
    let tip = mirror.resolve("main").unwrap();
    let done = mirror.export(tip, "", &dest, &limits, &Cancel::new()).unwrap();
    let mut left: Vec<_> = std::fs::read_dir(&dest)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, ["plain"], "{:?}", done.skipped);
    assert_eq!(done.skipped.len(), 10, "{:?}", done.skipped);
    let shown = format!("{:?}", done.skipped);
    assert!(!shown.contains('\u{1b}') && !shown.contains('\u{200c}'));
}

#[test]
fn bombs_of_files_and_of_zeros_meet_limits_before_memory_and_disk() {
    let folder = tempfile::tempdir().unwrap();
    let source = bare(&folder.path().join("bombs"), "sha1");
    publish_bomb(&source);
    let zeros = vec![0; 40 << 20];
    let zeros = git_with_input(&source, &["hash-object", "-w", "--stdin"], &zeros);
    let root = tree(&source, &[("100644", "zeros", &zeros)]);
    let tip = git(&source, &["commit-tree", "-m", "x", &root]);
    git(&source, &["update-ref", "refs/heads/zeros", &tip]);
    let specs = [spec("bombs", source.to_str().unwrap())];
    let run = run(&specs, &Options::new(folder.path().join("mirrors")));
    run.assert_all(RepoState::Fresh);
    run.assert_equal_refs("bombs", &source);
    let mut strict = Options::new(folder.path().join("strict"));
    strict.max_object = 10 << 20;
    let refused = crate::running::run(&specs, &strict);
    assert_eq!(refused.state("bombs"), RepoState::Refused, "{}", refused.fault("bombs"));
    assert!(refused.fault("bombs").contains("larger"), "{}", refused.fault("bombs"));
    let mirror = Bare::open(run.path("bombs")).unwrap();
    let export = |rev: &str, limits: &ExportLimits| {
        let dest = folder.path().join(rev);
        let tip = mirror.resolve(rev).unwrap();
        (mirror.export(tip, "", &dest, limits, &Cancel::new()), dest)
    };
    let (many, dest) = export("main", &ExportLimits::default());
    assert!(matches!(many, Err(RepoError::TooLarge { .. })) && !dest.exists(), "{many:?}");
    let small = ExportLimits { file_bytes: 1 << 20, ..ExportLimits::default() };
    let (large, _) = export("zeros", &small);
    assert!(large.unwrap().skipped[0].why.contains("limit"));
}

#[test]
fn more_bytes_than_allowed_are_refused_and_leave_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let source = bare(&folder.path().join("fat"), "sha1");
    grow(&source, 2000, 3);
    let specs = [spec("fat", source.to_str().unwrap())];
    let mut options = Options::new(folder.path().join("mirrors"));
    options.max_bytes = 20_000;
    let run = run(&specs, &options);
    run.assert_all(RepoState::Refused);
    assert!(run.fault("fat").contains("more bytes"), "{}", run.fault("fat"));
    let mirror = options.root.join(blackstart::mirror::folder_name("fat"));
    let packs = std::fs::read_dir(mirror.join("objects/pack")).unwrap().count();
    assert_eq!(packs, 0);
    let left: Vec<_> = std::fs::read_dir(&mirror)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with(".tmp"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn refs_that_point_nowhere_and_packs_that_are_no_packs_take_nothing_away() {
    let folder = tempfile::tempdir().unwrap();
    let source = bare(&folder.path().join("odd"), "sha1");
    grow(&source, 20, 2);
    let specs = [spec("odd", source.to_str().unwrap())];
    let mut options = Options::new(folder.path().join("mirrors"));
    options.deadline = Duration::from_secs(30);
    run(&specs, &options).assert_all(RepoState::Fresh);
    std::fs::write(source.join("refs/heads/nowhere"), format!("{}\n", "12".repeat(20))).unwrap();
    let nowhere = run(&specs, &options);
    assert!(nowhere.get("odd").path.is_some(), "{}", nowhere.fault("odd"));
    std::fs::remove_file(source.join("refs/heads/nowhere")).unwrap();
    // Every pack cut in half: what git says then is the source's trouble, and the copy stays.
    grow(&source, 30, 2);
    git(&source, &["repack", "-adq"]);
    for entry in std::fs::read_dir(source.join("objects/pack")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "pack") {
            let bytes = std::fs::read(&path).unwrap();
            std::fs::remove_file(&path).unwrap();
            std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        }
    }
    let cut = run(&specs, &options);
    assert!(!cut.state("odd").is_current(), "{}", cut.fault("odd"));
    assert!(try_git(cut.path("odd"), &["fsck", "--strict"]).status.success());
}
