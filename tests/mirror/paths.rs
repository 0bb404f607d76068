//! Sources on this machine.

use blackstart::mirror::{Options, RepoState, Whose};
use blackstart::model::event::Event;

use super::zoo::{assert_equal, commit, git, init, large, make, run, spec, specs};

#[test]
fn every_odd_repository_is_captured_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("sources");
    let names = make(&root);
    let specs = specs(&names, root.to_str().unwrap());
    let options = Options::new(folder.path().join("mirrors"));
    let first = run(&specs, &options);
    for mirrored in &first.mirrored {
        assert_eq!(mirrored.state, RepoState::Fresh, "{}: {:?}", mirrored.name, mirrored.fault);
    }
    assert_equal(&first, &root, &names);
    for name in &names {
        git(first.path(name), &["fsck", "--strict", "--no-dangling"]);
    }
    let second = run(&specs, &options);
    for mirrored in &second.mirrored {
        assert_eq!(mirrored.state, RepoState::Unchanged, "{}: {:?}", mirrored.name, mirrored.fault);
    }
    assert_equal(&second, &root, &names);
}

#[test]
fn what_is_new_is_fetched_and_what_was_rewritten_is_pinned() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("sources");
    let names = make(&root);
    let source = root.join("kitchen");
    let specs = specs(&names, root.to_str().unwrap());
    let options = Options::new(folder.path().join("mirrors"));
    run(&specs, &options);
    let old_other = git(&source, &["rev-parse", "other"]);
    let old_main = git(&source, &["rev-parse", "main"]);
    let old_note = git(&source, &["rev-parse", "refs/notes/commits"]);
    // A folder of refs becomes a ref; a branch is rewritten, one deleted, one moved on.
    git(&source, &["branch", "-D", "dir/one"]);
    git(&source, &["branch", "dir"]);
    git(&source, &["checkout", "-q", "--orphan", "fresh"]);
    let rewritten = commit(&source, "c", "3");
    git(&source, &["branch", "-f", "main", &rewritten]);
    git(&source, &["update-ref", "-d", "refs/notes/commits"]);
    git(&source, &["checkout", "-q", "other"]);
    commit(&source, "d", "4");
    git(&source, &["reflog", "expire", "--expire=now", "--all"]);
    git(&source, &["gc", "-q", "--prune=now"]);
    let second = run(&specs, &options);
    assert_eq!(second.state("kitchen"), RepoState::Rewritten, "{}", second.fault("kitchen"));
    assert_equal(&second, &root, &names);
    let pins = &second.get("kitchen").pins;
    let has = |name: &str, oid: &str| {
        pins.iter().any(|pin| pin.name.to_string() == name && pin.oid.to_string() == oid)
    };
    assert!(has("refs/heads/main", &old_main) && has("refs/notes/commits", &old_note), "{pins:?}");
    assert!(has("refs/heads/dir/one", &old_other) && !has("refs/heads/other", &old_other));
    git(second.path("kitchen"), &["rev-list", "--objects", &old_main, &old_note]);
    let told = second.events.iter().filter(|event| matches!(event, Event::RefRewritten { .. }));
    assert_eq!(told.count(), pins.len());
    let third = run(&specs, &options);
    assert_eq!(third.state("kitchen"), RepoState::Unchanged);
    assert_eq!(third.get("kitchen").pins.len(), pins.len());
}

#[test]
fn a_large_repository_comes_whole_and_an_unchanged_one_costs_no_pack() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("sources");
    large(&root.join("large"), 10_000, 5_000);
    let specs = specs(&["large"], root.to_str().unwrap());
    let options = Options::new(folder.path().join("mirrors"));
    let first = run(&specs, &options);
    assert_equal(&first, &root, &["large"]);
    let second = run(&specs, &options);
    assert_eq!(second.state("large"), RepoState::Unchanged);
    assert!(second.get("large").received_bytes < 600_000, "only the listing came");
    println!("large: {:?} then {:?}", first.took, second.took);
}

#[test]
fn a_source_that_vanishes_shrinks_to_nothing_or_turns_shallow_takes_nothing_away() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("sources");
    let origin = root.join("origin");
    init(&origin, &[]);
    for number in 0..3 {
        commit(&origin, "a", &number.to_string());
    }
    for name in ["vanishing", "emptied"] {
        git(&root, &["clone", "-q", "--bare", "origin", name]);
    }
    let url = format!("file://{}", origin.display());
    git(&root, &["clone", "-q", "--bare", "--depth=1", &url, "shallow"]);
    let specs = specs(&["vanishing", "emptied", "shallow", "never"], root.to_str().unwrap());
    let options = Options::new(folder.path().join("mirrors"));
    let first = run(&specs, &options);
    assert_eq!(first.state("vanishing"), RepoState::Fresh);
    assert_eq!(first.state("shallow"), RepoState::Refused);
    assert!(first.fault("shallow").contains("shallow"), "{}", first.fault("shallow"));
    assert_eq!((first.state("never"), first.get("never").path.is_none()), (RepoState::Never, true));
    let kept = super::zoo::everything(first.path("emptied"));
    std::fs::remove_dir_all(root.join("vanishing")).unwrap();
    git(&root.join("emptied"), &["update-ref", "-d", "refs/heads/main"]);
    let second = run(&specs, &options);
    assert_eq!(second.state("vanishing"), RepoState::Gone);
    assert_eq!(second.state("emptied"), RepoState::Carried);
    assert_eq!(second.get("emptied").fault.as_ref().map(|fault| fault.whose), Some(Whose::Them));
    assert_eq!(super::zoo::everything(second.path("emptied")), kept);
    assert_eq!(super::zoo::everything(second.path("vanishing")), kept);
    assert_eq!(second.get("vanishing").refs.tips.len(), 1);
}

#[test]
fn a_source_with_a_hole_is_told_and_the_old_copy_kept() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("sources");
    let source = root.join("holed");
    init(&source, &[]);
    commit(&source, "a", "1");
    let options = Options::new(folder.path().join("mirrors"));
    let specs =
        vec![spec("holed", source.to_str().unwrap()), spec("holed-anew", source.to_str().unwrap())];
    let first = run(&specs[..1], &options);
    let kept = super::zoo::everything(first.path("holed"));
    commit(&source, "b", "two");
    let lost = git(&source, &["rev-parse", "HEAD:b"]);
    std::fs::remove_file(source.join(".git/objects").join(&lost[..2]).join(&lost[2..])).unwrap();
    let second = run(&specs, &options);
    for name in ["holed", "holed-anew"] {
        assert_eq!(second.state(name), RepoState::HoleAtSource, "{}", second.fault(name));
    }
    assert_eq!(super::zoo::everything(second.path("holed")), kept);
    assert!(second.get("holed-anew").path.is_none());
}

#[test]
fn what_a_crash_left_is_swept_and_a_held_mirror_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("sources");
    init(&root.join("a"), &[]);
    commit(&root.join("a"), "a", "1");
    let specs = specs(&["a"], root.to_str().unwrap());
    let options = Options::new(folder.path().join("mirrors"));
    let first = run(&specs, &options);
    let mirror = first.path("a").to_owned();
    std::fs::create_dir_all(mirror.join(".tmp-incoming-1/objects")).unwrap();
    std::fs::write(mirror.join("objects/pack/.tmpAbC"), "half a pack").unwrap();
    assert_eq!(run(&specs, &options).state("a"), RepoState::Unchanged);
    assert!(!mirror.join(".tmp-incoming-1").exists());
    assert!(!mirror.join("objects/pack/.tmpAbC").exists());
    let lock = mirror.with_extension("lock");
    let held = blackstart::disk::lease::Lease::take(&lock).unwrap().expect("free");
    let busy = run(&specs, &options);
    assert_eq!(busy.state("a"), RepoState::Carried);
    assert!(busy.fault("a").starts_with("here: another run"), "{}", busy.fault("a"));
    drop(held);
}
