//! The repository against the real git, in a temporary folder.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::*;
use crate::model::cancel::Cancel;
use crate::model::git::{Head, ObjectFormat, Oid, RefName};

/// Runs git without any configuration of this machine and returns what it prints.
pub(crate) fn git(at: &Path, args: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=T", "-c", "user.email=t@t", "-c", "init.defaultBranch=main"])
        .args(args)
        .current_dir(at)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_AUTHOR_DATE", "1700000000 +0000")
        .env("GIT_COMMITTER_DATE", "1700000000 +0000")
        .output()
        .expect("git is needed; run tests/setup");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {args:?}: {error}");
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}

fn work(folder: &TempDir, format: ObjectFormat) -> PathBuf {
    let at = folder.path().join("work");
    std::fs::create_dir(&at).unwrap();
    git(&at, &["init", "-q", &format!("--object-format={format}")]);
    at
}

fn commit(at: &Path, path: &str, text: &str) -> Oid {
    std::fs::create_dir_all(at.join(path).parent().unwrap()).unwrap();
    std::fs::write(at.join(path), text).unwrap();
    git(at, &["add", "-A"]);
    git(at, &["commit", "-qm", path]);
    git(at, &["rev-parse", "HEAD"]).parse().unwrap()
}

/// What `git for-each-ref` says, tags peeled.
fn refs_by_git(at: &Path) -> String {
    git(at, &["for-each-ref", "--format=%(objectname) %(*objectname) %(refname)"])
}

fn refs_by_us(bare: &Bare) -> String {
    let line = |tip: &crate::model::git::RefTip| {
        let peeled = tip.peeled.map(|oid| oid.to_string()).unwrap_or_default();
        format!("{} {peeled} {}", tip.oid, tip.name)
    };
    bare.refs().unwrap().tips.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn refs_read_as_git_reads_them_loose_or_packed() {
    for format in [ObjectFormat::Sha1, ObjectFormat::Sha256] {
        let folder = tempfile::tempdir().unwrap();
        let at = work(&folder, format);
        let first = commit(&at, "a", "1");
        git(&at, &["tag", "light"]);
        git(&at, &["tag", "-am", "x", "v1"]);
        git(&at, &["tag", "-am", "tree", "tree", "HEAD^{tree}"]);
        git(&at, &["pack-refs", "--all"]);
        commit(&at, "b", "2");
        git(&at, &["branch", "dir/ä]{1}"]);
        git(&at, &["tag", "-am", "late", "late"]);
        git(&at, &["symbolic-ref", "refs/remotes/origin/HEAD", "refs/heads/main"]);
        let bare = Bare::open(&at).unwrap();
        assert_eq!(bare.format(), format);
        assert_eq!(refs_by_us(&bare), refs_by_git(&at));
        assert_eq!(bare.resolve("v1").unwrap(), first);
        assert_eq!(bare.refs().unwrap().head.to_string(), "refs/heads/main");
        assert!(bare.resolve("tree").is_err() && bare.resolve("nothing").is_err());
    }
}

#[test]
fn a_repository_of_ours_is_one_for_git() {
    for format in [ObjectFormat::Sha1, ObjectFormat::Sha256] {
        let folder = tempfile::tempdir().unwrap();
        let source = work(&folder, format);
        let tip = commit(&source, "dir/a", "1");
        let ours = folder.path().join("ours.git");
        let bare = Bare::create(&ours, format).unwrap();
        assert_eq!(git(&ours, &["for-each-ref"]), "");
        let wanted = Bare::open(&source).unwrap();
        let pack =
            wanted.write_pack(&[tip], &[], &ours.join("objects/pack"), &Cancel::new()).unwrap();
        assert_eq!(pack.map(|pack| pack.objects), Some(4));
        bare.publish(&wanted.refs().unwrap()).unwrap();
        assert_eq!(refs_by_git(&ours), refs_by_git(&source));
        git(&ours, &["fsck", "--strict"]);
        assert_eq!(bare.packs().unwrap().len(), 1);
        let again = Bare::adopt(&ours, format).unwrap();
        assert_eq!(Bare::open(&ours).unwrap(), again);
        assert_eq!(again.read_file(tip, "dir/a", 10).unwrap(), b"1");
    }
}

#[test]
fn storage_that_cannot_be_read_faithfully_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let at = work(&folder, ObjectFormat::Sha1);
    for setting in ["extensions.partialClone=origin", "extensions.refStorage=reftable"] {
        let (key, value) = setting.split_once('=').unwrap();
        git(&at, &["config", key, value]);
        assert!(matches!(Bare::open(&at), Err(RepoError::Unsupported { .. })), "{setting}");
        std::fs::write(at.join(".git/config"), "").unwrap();
    }
    assert!(matches!(
        Bare::open(&folder.path().join("nowhere")),
        Err(RepoError::NotARepository { .. })
    ));
}

#[test]
fn a_missing_object_is_found_and_a_proven_tip_is_not_walked_again() {
    let folder = tempfile::tempdir().unwrap();
    let at = work(&folder, ObjectFormat::Sha1);
    let old = commit(&at, "a", "1");
    let lost: Oid = git(&at, &["rev-parse", "HEAD:a"]).parse().unwrap();
    let new = commit(&at, "b", "2");
    let bare = Bare::open(&at).unwrap();
    assert_eq!(bare.missing(&[new], &[], &Cancel::new()).unwrap(), []);
    let hex = lost.to_string();
    std::fs::remove_file(at.join(".git/objects").join(&hex[..2]).join(&hex[2..])).unwrap();
    assert_eq!(bare.missing(&[new], &[], &Cancel::new()).unwrap(), [lost]);
    assert_eq!(bare.missing(&[new], &[old], &Cancel::new()).unwrap(), []);
    let nowhere: Oid = "12".repeat(20).parse().unwrap();
    assert_eq!(bare.missing(&[nowhere], &[], &Cancel::new()).unwrap(), [nowhere]);
}

#[test]
fn packs_that_are_not_closed_are_walked_from_the_tips() {
    let folder = tempfile::tempdir().unwrap();
    let at = work(&folder, ObjectFormat::Sha1);
    let tip = commit(&at, "a", "1");
    let blob: Oid = git(&at, &["rev-parse", "HEAD:a"]).parse().unwrap();
    let bare = Bare::open(&at).unwrap();
    git(&at, &["repack", "-adq"]);
    assert_eq!(bare.missing(&[tip], &[], &Cancel::new()).unwrap(), []);
    // A tree that says of a file that it is a folder, which only the walk can judge.
    std::fs::write(at.join("lie"), [&b"40000 x\0"[..], blob.as_bytes()].concat()).unwrap();
    let lie = ["hash-object", "-t", "tree", "-w", "--literally", "lie"];
    let lie: Oid = git(&at, &lie).parse().unwrap();
    git(&at, &["repack", "-adkq"]);
    assert_eq!(bare.packs().unwrap().len(), 1);
    assert_eq!(bare.missing(&[tip], &[], &Cancel::new()).unwrap(), []);
    assert_eq!(bare.missing(&[tip, lie], &[], &Cancel::new()).unwrap(), [blob]);
}

#[test]
fn reaching_is_ancestry() {
    let folder = tempfile::tempdir().unwrap();
    let at = work(&folder, ObjectFormat::Sha1);
    let one = commit(&at, "a", "1");
    let two = commit(&at, "a", "2");
    git(&at, &["checkout", "-q", "-b", "side", &one.to_string()]);
    let side = commit(&at, "b", "3");
    let bare = Bare::open(&at).unwrap();
    assert!(bare.reaches(two, one).unwrap() && bare.reaches(one, one).unwrap());
    assert!(!bare.reaches(one, two).unwrap() && !bare.reaches(side, two).unwrap());
}

#[test]
fn a_pack_holds_what_the_one_side_lacks_and_deltas_are_whole() {
    let folder = tempfile::tempdir().unwrap();
    let at = work(&folder, ObjectFormat::Sha1);
    let text = (0..500).map(|line| line.to_string()).collect::<Vec<_>>().join("\n");
    let old = commit(&at, "big", &text);
    let new = commit(&at, "big", &format!("{text}\nmore\n"));
    git(&at, &["repack", "-adq"]);
    let dest = folder.path().join("dest");
    std::fs::create_dir(&dest).unwrap();
    let bare = Bare::open(&at).unwrap();
    let written = bare.write_pack(&[new], &[old], &dest, &Cancel::new()).unwrap().unwrap();
    assert_eq!(written.objects, 3);
    let expected =
        git(&at, &["rev-list", "--objects", "--count", &new.to_string(), &format!("^{old}")]);
    assert_eq!(expected, "3");
    git(&at, &["verify-pack", written.pack.index.to_str().unwrap()]);
    assert_eq!(bare.write_pack(&[old], &[new], &dest, &Cancel::new()).unwrap(), None);
}

#[test]
fn an_index_rebuilt_is_the_one_git_writes() {
    let folder = tempfile::tempdir().unwrap();
    let at = work(&folder, ObjectFormat::Sha1);
    commit(&at, "a", "1");
    git(&at, &["repack", "-adq"]);
    let bare = Bare::open(&at).unwrap();
    let pack = bare.packs().unwrap().remove(0);
    let digest = crate::model::digest::Digest::of(&std::fs::read(&pack.index).unwrap());
    let rebuilt = bare.rebuilt_index(&pack, &Cancel::new()).unwrap();
    assert_eq!(rebuilt, digest);
}

#[test]
fn an_export_writes_what_is_safe_and_tells_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let at = work(&folder, ObjectFormat::Sha1);
    std::os::unix::fs::symlink("a", at.join("inside")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", at.join("outside")).unwrap();
    std::os::unix::fs::symlink("../../x", at.join("up")).unwrap();
    std::fs::write(at.join("run"), "#!/bin/sh\n").unwrap();
    git(&at, &["add", "run"]);
    git(&at, &["update-index", "--chmod=+x", "run"]);
    let tip = commit(&at, "dir/ä b", "text\r\n");
    commit(&at, "a", "1");
    let bare = Bare::open(&at).unwrap();
    let tip = {
        let _ = tip;
        bare.resolve("HEAD").unwrap()
    };
    let dest = folder.path().join("out");
    let done = bare.export(tip, "", &dest, &ExportLimits::default(), &Cancel::new()).unwrap();
    assert_eq!(std::fs::read(dest.join("dir/ä b")).unwrap(), b"text\r\n");
    assert_eq!(std::fs::read_link(dest.join("inside")).unwrap(), Path::new("a"));
    assert!(std::fs::symlink_metadata(dest.join("outside")).is_err());
    let told: Vec<_> = done.skipped.iter().map(|skipped| skipped.path.as_str()).collect();
    assert_eq!((done.files, told), (4, vec!["outside", "up"]));
    let part = folder.path().join("part");
    bare.export(tip, "dir", &part, &ExportLimits::default(), &Cancel::new()).unwrap();
    assert!(part.join("ä b").exists());
}

/// Writes a tree object that git itself would refuse to make.
fn raw_tree(at: &Path, entries: &[(&str, &str, Oid)]) -> Oid {
    let mut data = Vec::new();
    for (mode, name, oid) in entries {
        data.extend(format!("{mode} {name}\0").into_bytes());
        data.extend(oid.as_bytes());
    }
    std::fs::write(at.join(".git/raw"), &data).unwrap();
    git(at, &["hash-object", "-t", "tree", "-w", "--literally", ".git/raw"]).parse().unwrap()
}

fn commit_tree(at: &Path, tree: Oid) -> Oid {
    git(at, &["commit-tree", "-m", "x", &tree.to_string()]).parse().unwrap()
}

#[test]
fn hostile_trees_write_nothing_dangerous_and_are_findings() {
    let folder = tempfile::tempdir().unwrap();
    let at = work(&folder, ObjectFormat::Sha1);
    commit(&at, "a", "1");
    let blob: Oid = git(&at, &["rev-parse", "HEAD:a"]).parse().unwrap();
    let inner = raw_tree(&at, &[("100644", "config", blob)]);
    let tree = raw_tree(
        &at,
        &[
            ("40000", "..", inner),
            ("40000", ".GIT", inner),
            ("40000", ".g\u{200c}it", inner),
            ("100644", "a/b", blob),
            ("120000", "dup", blob),
            ("40000", "dup", inner),
            ("100644", "fine", blob),
            ("40000", "git~1", inner),
        ],
    );
    let bare = Bare::open(&at).unwrap();
    let dest = folder.path().join("out");
    let done = bare
        .export(commit_tree(&at, tree), "", &dest, &ExportLimits::default(), &Cancel::new())
        .unwrap();
    assert_eq!((done.files, done.skipped.len()), (2, 6));
    let mut left: Vec<_> =
        std::fs::read_dir(&dest).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["dup", "fine"]);
    git(&at, &["update-ref", "refs/heads/x", &commit_tree(&at, tree).to_string()]);
    git(&at, &["repack", "-adq"]);
    let findings = bare.check(&Cancel::new()).unwrap();
    let words: Vec<_> = findings.iter().map(|finding| finding.what).collect();
    assert!(words.contains(&"hasDotgit") && words.contains(&"hasDotdot"), "{words:?}");
}

#[test]
fn a_tree_that_expands_without_end_meets_the_limit_first() {
    let folder = tempfile::tempdir().unwrap();
    let at = work(&folder, ObjectFormat::Sha1);
    commit(&at, "a", "1");
    let mut child: Oid = git(&at, &["rev-parse", "HEAD:a"]).parse().unwrap();
    let names: Vec<String> = (0..10).map(|digit| format!("f{digit}")).collect();
    for level in 0..10 {
        let mode = if level == 0 { "100644" } else { "40000" };
        let entries: Vec<_> = names.iter().map(|name| (mode, name.as_str(), child)).collect();
        child = raw_tree(&at, &entries);
    }
    let bare = Bare::open(&at).unwrap();
    let dest = folder.path().join("out");
    let result =
        bare.export(commit_tree(&at, child), "", &dest, &ExportLimits::default(), &Cancel::new());
    assert!(matches!(result, Err(RepoError::TooLarge { .. })), "{result:?}");
    assert!(!dest.exists());
}

#[test]
fn long_paths_are_left_out_and_do_not_fill_the_memory() {
    let folder = tempfile::tempdir().unwrap();
    let at = work(&folder, ObjectFormat::Sha1);
    commit(&at, "a", "1");
    let blob: Oid = git(&at, &["rev-parse", "HEAD:a"]).parse().unwrap();
    let long = |number: usize| format!("{number:0>250}");
    let below = |depth: usize, leaf: Oid| {
        (0..depth).fold(leaf, |tree, _| raw_tree(&at, &[("40000", long(0).as_str(), tree)]))
    };
    let export = |tree: Oid, to: &str| {
        let (bare, dest) = (Bare::open(&at).unwrap(), folder.path().join(to));
        bare.export(commit_tree(&at, tree), "", &dest, &ExportLimits::default(), &Cancel::new())
    };
    let one = raw_tree(&at, &[("100644", "fine", blob)]);
    let done = export(below(20, one), "long").unwrap();
    assert_eq!((done.files, done.skipped.len()), (0, 1), "{done:?}");
    assert!(done.skipped[0].why.contains("longer than systems allow"));
    assert_eq!(export(below(12, one), "short").unwrap().files, 1);
    // Fewer files than the limit allows, each below twelve such folders.
    let names: Vec<String> = (0..25_000).map(long).collect();
    let many: Vec<_> = names.iter().map(|name| ("100644", name.as_str(), blob)).collect();
    let result = export(below(12, raw_tree(&at, &many)), "many");
    assert!(matches!(result, Err(RepoError::TooLarge { .. })), "{result:?}");
}

#[test]
fn ids_of_another_format_are_holes_not_crashes() {
    let folder = tempfile::tempdir().unwrap();
    let at = work(&folder, ObjectFormat::Sha1);
    commit(&at, "a", "1");
    let text =
        format!("tree {}\nauthor A <a> 1 +0000\ncommitter A <a> 1 +0000\n\n", "b".repeat(64));
    let file = folder.path().join("commit");
    std::fs::write(&file, text).unwrap();
    let hostile = ["hash-object", "-t", "commit", "-w", "--literally", file.to_str().unwrap()];
    let tip: Oid = git(&at, &hostile).parse().unwrap();
    let bare = Bare::open(&at).unwrap();
    let missing = bare.missing(&[tip], &[], &Cancel::new()).unwrap();
    assert_eq!(missing, [tip_tree()]);
    assert!(bare.reaches(tip, tip_tree()).is_ok_and(|reached| !reached));
}

fn tip_tree() -> Oid {
    "b".repeat(64).parse().unwrap()
}

#[test]
fn a_detached_head_and_an_unborn_one_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let at = work(&folder, ObjectFormat::Sha1);
    let refs = Bare::open(&at).unwrap().refs().unwrap();
    assert_eq!(refs.head, Head::Symbolic(RefName::new("refs/heads/main").unwrap()));
    let tip = commit(&at, "a", "1");
    git(&at, &["checkout", "-q", "--detach"]);
    assert_eq!(Bare::open(&at).unwrap().refs().unwrap().head, Head::Detached(tip));
}
