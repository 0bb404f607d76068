//! The eight things that gix leaves to whoever keeps mirrors with it. Each has a test here that fails
//! when its guard is taken out; taken out it was, one after the other, to see that.
//!
//! | | what gix does | guard | test |
//! |---|---|---|---|
//! | 1 | a prefix for HEAD makes a server list HEAD alone, and the clone is `Ok` with no refs | `mirror/session`: refs are listed without any prefix | `guard_1_every_ref_is_listed_not_only_head` |
//! | 2 | never prunes | `mirror/publish`: the listing becomes the refs, all at once | `guard_2_what_is_gone_at_the_source_is_no_ref_here` |
//! | 3 | leaves empty folders of refs, on which a later ref fails | `repo/bare`: only `packed-refs`, never a loose ref | `guard_3_a_ref_takes_the_place_of_a_folder_of_refs_and_back` |
//! | 4 | writes every ref every time | `mirror/update`: an equal listing ends the update | `guard_4_an_unchanged_source_is_listed_and_nothing_is_written` |
//! | 5 | does not follow HEAD | `mirror/listing`: HEAD is part of what is compared and published | `guard_5_head_follows_the_source` |
//! | 6 | fails when all refs are gone; a prune would forget everything | `mirror/standing`: a listing of nothing takes nothing away | `guard_6_a_source_that_lists_nothing_takes_nothing_away` |
//! | 7 | does not notice an object that was left out | `mirror/receive`: every link of every new object is followed before a pack enters | `guard_7_a_pack_that_leaves_an_object_out_is_a_hole_at_the_source` |
//! | 8 | refusals to update a ref are values that nobody must look at | `mirror/publish`, `mirror/listing`: every listed ref is taken or named | `guard_8_every_ref_is_taken_or_named` |

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use blackstart::mirror::{Options, RepoState, Whose};
use blackstart::source::Spec;

use crate::running::{run, spec};
use crate::support::git::{bare, commit, git, git_with_input, grow, picture, worktree};
use crate::support::server::http;

/// Writes a program.
fn script(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

fn by_path(name: &str, path: &Path) -> Spec {
    spec(name, path.to_str().unwrap())
}

#[test]
fn guard_1_every_ref_is_listed_not_only_head() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("srv");
    let source = bare(&root.join("a.git"), "sha1");
    grow(&source, 10, 5);
    git(&source, &["tag", "-a", "-m", "one", "v1", "main~2"]);
    for name in ["refs/pull/7/head", "refs/changes/34/1234/2", "refs/notes/commits", "refs/x/y"] {
        git(&source, &["update-ref", name, "main~3"]);
    }
    let server = http(&root);
    let specs = [by_path("path", &source), spec("http", &format!("{}/a.git", server.url()))];
    let run = run(&specs, &Options::new(folder.path().join("mirrors")));
    run.assert_all(RepoState::Fresh);
    for name in ["path", "http"] {
        assert_eq!(run.get(name).refs.tips.len(), 10, "{name}");
        run.assert_equal(name, &source);
    }
}

#[test]
fn guard_2_what_is_gone_at_the_source_is_no_ref_here() {
    let folder = tempfile::tempdir().unwrap();
    let source = bare(&folder.path().join("a"), "sha1");
    grow(&source, 10, 5);
    git(&source, &["tag", "old", "main~4"]);
    let specs = [by_path("a", &source)];
    let options = Options::new(folder.path().join("mirrors"));
    run(&specs, &options).assert_all(RepoState::Fresh);
    git(&source, &["update-ref", "-d", "refs/tags/old"]);
    git(&source, &["update-ref", "-d", "refs/heads/team-2/topic-2"]);
    let second = run(&specs, &options);
    second.assert_equal("a", &source);
    let pinned: Vec<_> = second.get("a").pins.iter().map(|pin| pin.name.to_string()).collect();
    assert!(pinned.contains(&"refs/tags/old".to_owned()), "its tip is kept: {pinned:?}");
}

#[test]
fn guard_3_a_ref_takes_the_place_of_a_folder_of_refs_and_back() {
    let folder = tempfile::tempdir().unwrap();
    let source = bare(&folder.path().join("a"), "sha1");
    grow(&source, 5, 1);
    git(&source, &["branch", "dir/sub/one", "main"]);
    let specs = [by_path("a", &source)];
    let options = Options::new(folder.path().join("mirrors"));
    run(&specs, &options).assert_equal("a", &source);
    for (gone, new) in [("dir/sub/one", "dir"), ("dir", "dir/sub/two"), ("dir/sub/two", "dir/sub")]
    {
        git(&source, &["branch", "-D", gone]);
        git(&source, &["branch", new, "main~1"]);
        let next = run(&specs, &options);
        assert!(next.state("a").is_current(), "{gone} to {new}: {}", next.fault("a"));
        next.assert_equal("a", &source);
        let loose = std::fs::read_dir(next.path("a").join("refs/heads")).unwrap().count();
        assert_eq!(loose, 0, "no loose ref and no folder for one");
    }
}

#[test]
fn guard_4_an_unchanged_source_is_listed_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("srv");
    let source = bare(&root.join("a.git"), "sha1");
    grow(&source, 50, 20);
    let server = http(&root);
    let specs = [spec("a", &format!("{}/a.git", server.url()))];
    let options = Options::new(folder.path().join("mirrors"));
    let first = run(&specs, &options);
    first.assert_all(RepoState::Fresh);
    let facts = |name: &str| {
        let facts = std::fs::metadata(first.path("a").join(name)).unwrap();
        (facts.ino(), facts.mtime(), facts.mtime_nsec())
    };
    let before = ["packed-refs", "HEAD", "objects/pack"].map(facts);
    let second = run(&specs, &options);
    second.assert_all(RepoState::Unchanged);
    assert_eq!(["packed-refs", "HEAD", "objects/pack"].map(facts), before);
    let listing = git(&source, &["for-each-ref"]).len() as u64;
    let received = second.get("a").received_bytes;
    assert!(received < 2 * listing + 1000, "{received} for a listing of {listing}");
}

#[test]
fn guard_5_head_follows_the_source() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("srv");
    let source = bare(&root.join("a.git"), "sha1");
    grow(&source, 10, 1);
    git(&source, &["branch", "develop", "main~3"]);
    let server = http(&root);
    let specs = [by_path("path", &source), spec("http", &format!("{}/a.git", server.url()))];
    let options = Options::new(folder.path().join("mirrors"));
    run(&specs, &options).assert_all(RepoState::Fresh);
    // Nothing but HEAD moves: to another branch, to a commit, to a branch that is not born.
    let tip = git(&source, &["rev-parse", "main~5"]);
    for args in [
        &["symbolic-ref", "HEAD", "refs/heads/develop"][..],
        &["update-ref", "--no-deref", "HEAD", &tip],
        &["symbolic-ref", "HEAD", "refs/heads/develop"],
    ] {
        git(&source, args);
        let next = run(&specs, &options);
        for name in ["path", "http"] {
            assert!(next.state(name).is_current(), "{name}: {}", next.fault(name));
            assert_eq!(picture(next.path(name)).head, picture(&source).head, "{name}: {args:?}");
        }
    }
}

#[test]
fn guard_6_a_source_that_lists_nothing_takes_nothing_away() {
    let folder = tempfile::tempdir().unwrap();
    let full = bare(&folder.path().join("full"), "sha1");
    let empty = bare(&folder.path().join("empty"), "sha1");
    grow(&full, 5, 3);
    let specs = [by_path("full", &full), by_path("empty", &empty)];
    let options = Options::new(folder.path().join("mirrors"));
    // A repository that was always empty is one.
    let first = run(&specs, &options);
    first.assert_all(RepoState::Fresh);
    let kept = picture(first.path("full"));
    for line in git(&full, &["for-each-ref", "--format=%(refname)"]).lines() {
        git(&full, &["update-ref", "-d", line]);
    }
    for _ in 0..2 {
        let next = run(&specs, &options);
        assert_eq!(next.state("empty"), RepoState::Unchanged);
        assert_eq!(next.state("full"), RepoState::Carried, "{}", next.fault("full"));
        assert!(next.fault("full").contains("it lists no refs, where it had 3"));
        assert_eq!(picture(next.path("full")), kept);
    }
}

/// git checks what it is sent, gix does not: without our proof this would pass as a good copy.
#[test]
fn guard_7_a_pack_that_leaves_an_object_out_is_a_hole_at_the_source() {
    let folder = tempfile::tempdir().unwrap();
    let source = worktree(&folder.path().join("liar"));
    commit(&source, &[("a", "1")], "m");
    let (hook, ssh) = (folder.path().join("hook"), folder.path().join("ssh"));
    script(&hook, "#!/bin/sh\nexec \"$@\" --missing=allow-any\n");
    let line = format!(
        "#!/bin/sh\nexec git -c uploadpack.packObjectsHook={} upload-pack {}\n",
        hook.display(),
        source.display()
    );
    script(&ssh, &line);
    let specs = [spec("liar", "host.invalid:liar")];
    let mut options = Options::new(folder.path().join("mirrors"));
    options.environment.git_ssh_command = Some(ssh.into());
    let first = run(&specs, &options);
    first.assert_all(RepoState::Fresh);
    let kept = picture(first.path("liar"));
    commit(&source, &[("b", "two"), ("c", "three")], "m");
    let lost = git(&source, &["rev-parse", "HEAD:b"]);
    std::fs::remove_file(source.join(".git/objects").join(&lost[..2]).join(&lost[2..])).unwrap();
    let second = run(&specs, &options);
    second.assert_all(RepoState::HoleAtSource);
    let fault = second.fault("liar");
    assert!(fault.contains(&format!("lacks object {lost}")), "{fault}");
    assert_eq!(picture(second.path("liar")), kept);
    let packs = std::fs::read_dir(second.path("liar").join("objects/pack")).unwrap().count();
    assert_eq!(packs, 2, "nothing unproven enters");
}

/// A force-push, a tag moved to something else and a name that Git refuses.
#[test]
fn guard_8_every_ref_is_taken_or_named() {
    let folder = tempfile::tempdir().unwrap();
    let source = bare(&folder.path().join("a"), "sha1");
    grow(&source, 10, 1);
    git(&source, &["tag", "v1", "main~1"]);
    git(&source, &["branch", "abcdef", "main"]);
    // Between the source and us somebody changes a name in the listing, its length kept.
    let ssh = folder.path().join("ssh");
    let line = format!(
        "#!/bin/sh\ngit upload-pack {} | perl -e 'while (sysread(STDIN, $b, 65536)) {{ \
         $b =~ s,refs/heads/abcdef,refs/heads/ab..ef,g; syswrite(STDOUT, $b) }}'\n",
        source.display()
    );
    script(&ssh, &line);
    let specs = [spec("a", "host.invalid:a")];
    let mut options = Options::new(folder.path().join("mirrors"));
    options.environment.git_ssh_command = Some(ssh.into());
    let first = run(&specs, &options);
    first.assert_all(RepoState::Fresh);
    let findings = first.get("a").findings.join("\n");
    assert!(findings.contains("a ref name that Git refuses: refs/heads/ab..ef"), "{findings}");

    let lone = git(&source, &["commit-tree", "-m", "anew", "main^{tree}"]);
    git(&source, &["update-ref", "refs/heads/main", &lone]);
    let blob = git_with_input(&source, &["hash-object", "-w", "--stdin"], b"no commit");
    git(&source, &["update-ref", "refs/tags/v1", &blob]);
    let second = run(&specs, &options);
    assert_eq!(second.state("a"), RepoState::Rewritten, "{}", second.fault("a"));
    let refs = git(second.path("a"), &["for-each-ref", "--format=%(objectname) %(refname)"]);
    for line in [format!("{lone} refs/heads/main"), format!("{blob} refs/tags/v1")] {
        assert!(refs.contains(&line), "{line} is not in {refs}");
    }
    let pins: Vec<_> = second.get("a").pins.iter().map(|pin| pin.name.to_string()).collect();
    assert_eq!(pins, ["refs/heads/main", "refs/tags/v1"], "the old tips are kept");
}

/// A copy of a shallow source would look whole and not be, by whichever way it comes.
#[test]
fn a_shallow_source_is_refused_and_said() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("srv");
    let origin = worktree(&root.join("origin"));
    for text in ["1", "2", "3"] {
        commit(&origin, &[("a", text)], text);
    }
    let url = format!("file://{}", origin.display());
    git(&root, &["clone", "-q", "--bare", "--depth=1", &url, "shallow.git"]);
    let server = http(&root);
    let specs = [
        by_path("path", &root.join("shallow.git")),
        spec("http", &format!("{}/shallow.git", server.url())),
    ];
    let run = run(&specs, &Options::new(folder.path().join("mirrors")));
    run.assert_all(RepoState::Refused);
    for name in ["path", "http"] {
        let fault = run.get(name).fault.clone().unwrap();
        assert!(fault.whose == Whose::Them && fault.what.contains("shallow"), "{name}: {fault}");
        assert!(run.get(name).path.is_none(), "{name}: nothing of it is kept as a copy");
    }
}
