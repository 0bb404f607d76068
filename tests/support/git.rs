//! The real git, without the person's configuration and with times that stand still.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// When everything in the tests was committed, unless a test says otherwise.
pub const EPOCH: u64 = 1_790_000_000;

/// A git command in `folder`, with nothing of this machine's configuration.
pub fn command(folder: &Path) -> Command {
    let mut command = Command::new(super::component::find("git"));
    command.env_clear().current_dir(folder);
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("HOME", "/nonexistent").env("LC_ALL", "C");
    command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
    command.env("GIT_TERMINAL_PROMPT", "0");
    for who in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{who}_NAME"), "Test");
        command.env(format!("GIT_{who}_EMAIL"), "test@example.com");
        command.env(format!("GIT_{who}_DATE"), format!("{EPOCH} +0000"));
    }
    command
}

/// Runs git and returns its standard output without the last line end; fails when git fails.
pub fn git(folder: &Path, args: &[&str]) -> String {
    text(&check(args, command(folder).args(args).output().unwrap()))
}

/// Runs git whatever comes of it.
pub fn try_git(folder: &Path, args: &[&str]) -> Output {
    command(folder).args(args).output().unwrap()
}

/// Runs git with bytes on its standard input.
pub fn git_with_input(folder: &Path, args: &[&str], input: &[u8]) -> String {
    let mut child = command(folder)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let output = std::thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(input).unwrap());
        child.wait_with_output().unwrap()
    });
    text(&check(args, output))
}

fn check(args: &[&str], output: Output) -> Output {
    assert!(
        output.status.success(),
        "git {}: {}\n{}",
        args.join(" "),
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned()
}

/// Makes an empty bare repository.
pub fn bare(path: &Path, format: &str) -> PathBuf {
    std::fs::create_dir_all(path).unwrap();
    let format = format!("--object-format={format}");
    git(path, &["init", "--quiet", "--bare", "--initial-branch=main", &format, "."]);
    path.to_owned()
}

/// Makes a repository with a work tree.
pub fn worktree(path: &Path) -> PathBuf {
    std::fs::create_dir_all(path).unwrap();
    git(path, &["init", "--quiet", "--initial-branch=main", "."]);
    path.to_owned()
}

/// Writes files (path, content) and commits everything; returns the commit.
pub fn commit(worktree: &Path, files: &[(&str, &str)], message: &str) -> String {
    for (name, content) in files {
        let path = worktree.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    git(worktree, &["add", "--all"]);
    git(worktree, &["commit", "--quiet", "--allow-empty", "--message", message]);
    git(worktree, &["rev-parse", "HEAD"])
}

/// Adds a linear history of `commits` and points `refs` refs at places along it.
pub fn grow(bare: &Path, commits: usize, refs: usize) {
    let mut stream = String::new();
    for number in 1..=commits {
        let content = format!("setting: {number}\n{}", "filler: 0123456789\n".repeat(number % 7));
        let when = EPOCH + number as u64;
        write!(
            stream,
            "commit refs/heads/main\nmark :{number}\ncommitter T <t@example.com> {when} +0000\n\
             data 6\nchange\nM 100644 inline apps/{}/file-{}.yaml\ndata {}\n{content}\n",
            number % 40,
            number % 500,
            content.len(),
        )
        .unwrap();
    }
    for number in 1..refs {
        let at = 1 + number * 7919 % commits;
        write!(stream, "reset refs/heads/team-{}/topic-{number}\nfrom :{at}\n\n", number % 20)
            .unwrap();
    }
    stream.push_str("done\n");
    git_with_input(bare, &["fast-import", "--quiet", "--done"], stream.as_bytes());
}

/// Everything a copy must have: refs, HEAD, and every object that can be reached.
#[derive(Debug, PartialEq, Eq)]
pub struct Picture {
    /// `git for-each-ref`, with peeled tags.
    pub refs: String,
    /// The symbolic name, or the id when HEAD is detached.
    pub head: String,
    /// `git rev-list --objects --all HEAD`, sorted.
    pub objects: Vec<String>,
}

/// Takes the picture of a repository.
pub fn picture(repository: &Path) -> Picture {
    let format = "--format=%(refname) %(objectname) %(objecttype) %(*objectname)";
    let symbolic = try_git(repository, &["symbolic-ref", "--quiet", "HEAD"]);
    let head = if symbolic.status.success() {
        text(&symbolic)
    } else {
        git(repository, &["rev-parse", "HEAD"])
    };
    let born = try_git(repository, &["rev-parse", "--quiet", "--verify", "HEAD"]).status.success();
    let mut list = vec!["rev-list", "--objects", "--all"];
    list.extend(born.then_some("HEAD"));
    let mut objects: Vec<_> = git(repository, &list).lines().map(str::to_owned).collect();
    objects.sort();
    Picture { refs: git(repository, &["for-each-ref", format]), head, objects }
}
