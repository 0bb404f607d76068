//! Sources on this machine.

use std::path::{Path, PathBuf};

use blackstart::mirror::{Options, RepoState, Whose};
use blackstart::model::event::Event;
use blackstart::source::Spec;

use crate::running::{run, spec};
use crate::support::git::{bare, command, commit, git, grow, picture, worktree};
use crate::support::zoo::{crowd, zoo};

/// The shared zoo and some kinds of our own: names and places.
fn sources(root: &Path) -> Vec<(String, PathBuf)> {
    let mut all: Vec<_> = zoo(root).into_iter().map(|animal| (animal.name, animal.path)).collect();
    let mut add = |name: &str, path: PathBuf| all.push((name.to_owned(), path));
    add("empty-sha256", bare(&root.join("empty-sha256"), "sha256"));
    let elsewhere = bare(&root.join("unborn-elsewhere"), "sha1");
    git(&elsewhere, &["symbolic-ref", "HEAD", "refs/heads/trunk"]);
    add("unborn-elsewhere", elsewhere);
    let bytes = worktree(&root.join("not utf8"));
    commit(&bytes, &[("a", "1")], "m");
    let name: &std::ffi::OsStr = std::os::unix::ffi::OsStrExt::from_bytes(b"refs/heads/\xff\xfe");
    assert!(command(&bytes).arg("update-ref").arg(name).arg("HEAD").status().unwrap().success());
    add("not-utf8", bytes);
    let kitchen = worktree(&root.join("kitchen"));
    commit(&kitchen, &[("a", "1"), ("dir/b", "2")], "m");
    for args in [
        &["branch", "dir/one"][..],
        &["branch", "other"],
        &["notes", "add", "-m", "a note"],
        &["symbolic-ref", "refs/remotes/origin/HEAD", "refs/heads/main"],
    ] {
        git(&kitchen, args);
    }
    commit(&kitchen, &[("c", "3")], "m");
    add("kitchen", kitchen);
    all
}

fn specs(sources: &[(String, PathBuf)]) -> Vec<Spec> {
    sources.iter().map(|(name, path)| spec(name, path.to_str().unwrap())).collect()
}

#[test]
fn every_odd_repository_is_captured_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let sources = sources(&folder.path().join("sources"));
    let options = Options::new(folder.path().join("mirrors"));
    for state in [RepoState::Fresh, RepoState::Unchanged] {
        let run = run(&specs(&sources), &options);
        run.assert_all(state);
        for (name, path) in &sources {
            run.assert_equal(name, path);
            git(run.path(name), &["fsck", "--strict", "--no-dangling"]);
        }
        let flags = run.get("submodule-and-lfs").flags;
        assert!(flags.lfs && flags.submodules && !run.get("kitchen").flags.lfs);
    }
}

#[test]
fn what_is_new_is_fetched_and_what_was_rewritten_is_pinned() {
    let folder = tempfile::tempdir().unwrap();
    let sources = sources(&folder.path().join("sources"));
    let source = folder.path().join("sources/kitchen");
    let options = Options::new(folder.path().join("mirrors"));
    run(&specs(&sources), &options);
    let old = |name: &str| git(&source, &["rev-parse", name]);
    let (old_one, old_other) = (old("dir/one"), old("other"));
    let (old_main, old_note) = (old("main"), old("refs/notes/commits"));
    // A folder of refs becomes a ref; a branch is rewritten, one deleted, one moved on.
    git(&source, &["branch", "-D", "dir/one"]);
    git(&source, &["branch", "dir"]);
    git(&source, &["checkout", "-q", "--orphan", "fresh"]);
    let rewritten = commit(&source, &[("c", "3")], "again");
    git(&source, &["branch", "-f", "main", &rewritten]);
    git(&source, &["update-ref", "-d", "refs/notes/commits"]);
    git(&source, &["checkout", "-q", "other"]);
    commit(&source, &[("d", "4")], "on");
    git(&source, &["reflog", "expire", "--expire=now", "--all"]);
    git(&source, &["gc", "-q", "--prune=now"]);
    let second = run(&specs(&sources), &options);
    assert_eq!(second.state("kitchen"), RepoState::Rewritten, "{}", second.fault("kitchen"));
    second.assert_equal("kitchen", &source);
    let pins = &second.get("kitchen").pins;
    let has = |name: &str, oid: &str| {
        pins.iter().any(|pin| pin.name.to_string() == name && pin.oid.to_string() == oid)
    };
    assert!(has("refs/heads/main", &old_main) && has("refs/notes/commits", &old_note), "{pins:?}");
    assert!(has("refs/heads/dir/one", &old_one) && !has("refs/heads/other", &old_other));
    git(second.path("kitchen"), &["rev-list", "--objects", &old_main, &old_note]);
    let told = second.events.iter().filter(|event| matches!(event, Event::RefRewritten { .. }));
    assert_eq!(told.count(), pins.len());
    let third = run(&specs(&sources), &options);
    assert_eq!(third.state("kitchen"), RepoState::Unchanged);
    assert_eq!(third.get("kitchen").pins.len(), pins.len());
}

#[test]
fn a_rewritten_branch_is_not_sent_whole_although_nobody_else_knows_its_old_tip() {
    let folder = tempfile::tempdir().unwrap();
    let source = bare(&folder.path().join("a"), "sha1");
    grow(&source, 3000, 0);
    let specs = [spec("a", source.to_str().unwrap())];
    let options = Options::new(folder.path().join("mirrors"));
    let whole = run(&specs, &options).get("a").received_bytes;
    git(&source, &["update-ref", "refs/heads/main", "main~3"]);
    git(&source, &["gc", "-q", "--prune=now"]);
    let lone = git(&source, &["commit-tree", "-p", "main", "-m", "x", "main^{tree}"]);
    git(&source, &["update-ref", "refs/heads/main", &lone]);
    let second = run(&specs, &options);
    assert_eq!(second.state("a"), RepoState::Rewritten);
    assert!(second.get("a").received_bytes < whole / 20, "{whole}");
}

#[test]
fn a_large_repository_comes_whole_and_an_unchanged_one_costs_no_pack() {
    let folder = tempfile::tempdir().unwrap();
    let source = bare(&folder.path().join("large"), "sha1");
    grow(&source, 10_000, 5_000);
    let many = crowd(&folder.path().join("many"), 18_000);
    let specs = [spec("large", source.to_str().unwrap()), spec("many", many.to_str().unwrap())];
    let options = Options::new(folder.path().join("mirrors"));
    let first = run(&specs, &options);
    first.assert_equal("large", &source);
    first.assert_equal("many", &many);
    let second = run(&specs, &options);
    second.assert_all(RepoState::Unchanged);
    assert!(second.get("large").received_bytes < 600_000, "only the listing came");
    println!("large and many: {:?}, unchanged: {:?}", first.took, second.took);
}

#[test]
fn a_source_that_vanishes_shrinks_to_nothing_or_is_shallow_takes_nothing_away() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("sources");
    let origin = worktree(&root.join("origin"));
    for text in ["1", "2", "3"] {
        commit(&origin, &[("a", text)], text);
    }
    for name in ["vanishing", "emptied"] {
        git(&root, &["clone", "-q", "--bare", "origin", name]);
    }
    let url = format!("file://{}", origin.display());
    git(&root, &["clone", "-q", "--bare", "--depth=1", &url, "shallow"]);
    let names = ["vanishing", "emptied", "shallow", "never"];
    let specs = names.map(|name| spec(name, root.join(name).to_str().unwrap()));
    let options = Options::new(folder.path().join("mirrors"));
    let first = run(&specs, &options);
    assert_eq!(first.state("vanishing"), RepoState::Fresh);
    assert_eq!(first.state("shallow"), RepoState::Refused);
    assert!(first.fault("shallow").contains("shallow"), "{}", first.fault("shallow"));
    assert_eq!((first.state("never"), first.get("never").path.is_none()), (RepoState::Never, true));
    let kept = picture(first.path("emptied"));
    std::fs::remove_dir_all(root.join("vanishing")).unwrap();
    git(&root.join("emptied"), &["update-ref", "-d", "refs/heads/main"]);
    let second = run(&specs, &options);
    assert_eq!(second.state("vanishing"), RepoState::Gone);
    assert_eq!(second.state("emptied"), RepoState::Carried);
    assert_eq!(second.get("emptied").fault.as_ref().map(|fault| fault.whose), Some(Whose::Them));
    assert_eq!(picture(second.path("emptied")), kept);
    assert_eq!(picture(second.path("vanishing")), kept);
    assert_eq!(second.get("vanishing").refs.tips.len(), 1);
}

#[test]
fn a_source_with_a_hole_is_told_and_the_old_copy_kept() {
    let folder = tempfile::tempdir().unwrap();
    let source = worktree(&folder.path().join("holed"));
    commit(&source, &[("a", "1")], "m");
    let options = Options::new(folder.path().join("mirrors"));
    let specs = ["holed", "anew"].map(|name| spec(name, source.to_str().unwrap()));
    let first = run(&specs[..1], &options);
    let kept = picture(first.path("holed"));
    commit(&source, &[("b", "two")], "m");
    let lost = git(&source, &["rev-parse", "HEAD:b"]);
    std::fs::remove_file(source.join(".git/objects").join(&lost[..2]).join(&lost[2..])).unwrap();
    let second = run(&specs, &options);
    second.assert_all(RepoState::HoleAtSource);
    assert_eq!(picture(second.path("holed")), kept);
    assert!(second.get("anew").path.is_none());
}

/// One repository and its mirror, and what runs it again.
fn one_mirrored(folder: &Path) -> ([Spec; 1], Options, PathBuf) {
    let source = worktree(&folder.join("a"));
    commit(&source, &[("a", "1")], "m");
    let specs = [spec("a", source.to_str().unwrap())];
    let options = Options::new(folder.join("mirrors"));
    let mirror = run(&specs, &options).path("a").to_owned();
    (specs, options, mirror)
}

#[test]
fn what_a_crash_left_is_swept_and_a_held_mirror_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (specs, options, mirror) = one_mirrored(folder.path());
    std::fs::create_dir_all(mirror.join(".tmp-incoming-1/objects")).unwrap();
    std::fs::write(mirror.join("objects/pack/.tmpAbC"), "half a pack").unwrap();
    run(&specs, &options).assert_all(RepoState::Unchanged);
    assert!(!mirror.join(".tmp-incoming-1").exists());
    assert!(!mirror.join("objects/pack/.tmpAbC").exists());
    let lock = mirror.with_extension("lock");
    let held = blackstart::disk::lease::Lease::take(&lock).unwrap().expect("free");
    let busy = run(&specs, &options);
    assert_eq!(busy.state("a"), RepoState::Carried);
    assert!(busy.fault("a").starts_with("here: another run"), "{}", busy.fault("a"));
    drop(held);
}

#[test]
fn faults_that_old_repositories_carry_are_findings_and_stop_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let source = bare(&folder.path().join("legacy"), "sha1");
    grow(&source, 2, 0);
    let blob = git(&source, &["rev-parse", "main:apps/1/file-1.yaml"]);
    let raw: Vec<u8> =
        (0..40).step_by(2).map(|at| u8::from_str_radix(&blob[at..at + 2], 16).unwrap()).collect();
    let tree = [&b"0100644 .git\0"[..], &raw].concat();
    let args = ["hash-object", "-t", "tree", "-w", "--literally", "--stdin"];
    let tree = crate::support::git::git_with_input(&source, &args, &tree);
    let tip = git(&source, &["commit-tree", "-m", "x", &tree]);
    git(&source, &["update-ref", "refs/heads/legacy", &tip]);
    let specs = [spec("legacy", source.to_str().unwrap())];
    let options = Options::new(folder.path().join("mirrors"));
    for state in [RepoState::Fresh, RepoState::Unchanged] {
        let run = run(&specs, &options);
        run.assert_all(state);
        let findings = run.get("legacy").findings.join("\n");
        assert!(findings.contains("zeroPaddedFilemode"), "{findings}");
        assert!(findings.contains("hasDotgit"), "{findings}");
    }
}

#[test]
fn a_mirror_that_lost_its_packs_is_no_copy_and_is_fetched_anew_once_moved_away() {
    let folder = tempfile::tempdir().unwrap();
    let (specs, options, mirror) = one_mirrored(folder.path());
    for entry in std::fs::read_dir(mirror.join("objects/pack")).unwrap() {
        std::fs::remove_file(entry.unwrap().path()).unwrap();
    }
    let lost = run(&specs, &options);
    assert_eq!(lost.state("a"), RepoState::Never);
    assert!(lost.get("a").path.is_none() && lost.fault("a").contains("has lost"));
    std::fs::rename(&mirror, folder.path().join("away")).unwrap();
    let again = run(&specs, &options);
    again.assert_all(RepoState::Fresh);
    again.assert_equal("a", &folder.path().join("a"));
}
