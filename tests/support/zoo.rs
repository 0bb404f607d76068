//! Repositories of every odd kind that a copy must keep byte for byte.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::git::{bare, git, git_with_input, grow};

/// One odd repository.
pub struct Animal {
    /// Its path below the root, as a source names it.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
}

type Breed = fn(&Path);

const BREEDS: &[(&str, &str, Breed)] = &[
    ("empty", "sha1", |_| {}),
    ("unborn-head", "sha1", |repository| {
        grow(repository, 3, 4);
        git(repository, &["symbolic-ref", "HEAD", "refs/heads/not-yet"]);
    }),
    ("tag-only", "sha1", |repository| {
        grow(repository, 3, 0);
        git(repository, &["tag", "only", "main"]);
        git(repository, &["update-ref", "-d", "refs/heads/main"]);
    }),
    ("other-head", "sha1", |repository| {
        grow(repository, 5, 0);
        git(repository, &["branch", "develop", "main~2"]);
        git(repository, &["symbolic-ref", "HEAD", "refs/heads/develop"]);
    }),
    ("detached-head", "sha1", |repository| {
        grow(repository, 5, 0);
        // A commit that only HEAD holds.
        let lone = git(repository, &["commit-tree", "-p", "main", "-m", "lone", "main^{tree}"]);
        git(repository, &["update-ref", "--no-deref", "HEAD", &lone]);
    }),
    ("notes-and-reviews", "sha1", |repository| {
        grow(repository, 6, 0);
        git(repository, &["notes", "add", "-m", "approved by two", "main"]);
        for (name, at) in [
            ("refs/pull/7/head", "main~1"),
            ("refs/pull/7/merge", "main~2"),
            ("refs/changes/34/1234/2", "main~3"),
            ("refs/merge-requests/9/head", "main~4"),
            ("refs/keep-around/x", "main~5"),
        ] {
            git(repository, &["update-ref", name, at]);
        }
    }),
    ("tags", "sha1", |repository| {
        grow(repository, 4, 0);
        git(repository, &["tag", "light", "main~1"]);
        git(repository, &["tag", "-a", "-m", "one", "v1", "main~2"]);
        git(repository, &["tag", "-a", "-m", "nested", "v1-signed-off", "v1"]);
        git(repository, &["tag", "-a", "-m", "a tree", "tree", "main^{tree}"]);
        git(repository, &["tag", "light-tree", "main~1^{tree}"]);
        let blob = git_with_input(repository, &["hash-object", "-w", "--stdin"], b"key material");
        git(repository, &["tag", "-a", "-m", "a blob", "blob", &blob]);
        let blob = git_with_input(repository, &["hash-object", "-w", "--stdin"], b"other");
        git(repository, &["tag", "light-blob", &blob]);
    }),
    ("sha256", "sha256", |repository| {
        grow(repository, 30, 10);
        git(repository, &["tag", "-a", "-m", "one", "v1", "main~2"]);
    }),
    ("große Dinge [alt] (2)", "sha1", |repository| {
        grow(repository, 3, 3);
        git(repository, &["branch", "fürs-Büro", "main"]);
    }),
    ("UPPER", "sha1", |repository| grow(repository, 2, 0)),
    ("upper", "sha1", |repository| grow(repository, 3, 0)),
    ("submodule-and-lfs", "sha1", |repository| {
        let modules = "[submodule \"x\"]\n\tpath = x\n\turl = https://git.example.com/x.git\n";
        let attributes = "*.bin filter=lfs diff=lfs merge=lfs -text\n";
        let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12\n";
        let mut stream = "commit refs/heads/main\ncommitter T <t@example.com> 1790000000 +0000\n\
                          data 2\nx\n"
            .to_owned();
        for (name, text) in
            [(".gitmodules", modules), (".gitattributes", attributes), ("a.bin", pointer)]
        {
            writeln!(stream, "M 100644 inline {name}\ndata {}\n{text}", text.len()).unwrap();
        }
        stream.push_str("M 160000 1234567890123456789012345678901234567890 x\ndone\n");
        git_with_input(repository, &["fast-import", "--quiet", "--done"], stream.as_bytes());
    }),
];

/// Makes one of each below `root`.
pub fn zoo(root: &Path) -> Vec<Animal> {
    let make = |(name, format, breed): &(&str, &str, Breed)| {
        let path = bare(&root.join(format!("{name}.git")), format);
        breed(&path);
        Animal { name: (*name).to_owned(), path }
    };
    BREEDS.iter().map(make).collect()
}

/// Makes a repository with so many refs that a listing no longer fits anywhere small.
pub fn crowd(path: &Path, refs: usize) -> PathBuf {
    let repository = bare(path, "sha1");
    grow(&repository, 300, refs);
    repository
}
