//! Repositories of every odd kind, made with the real git, and the comparison that counts.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

use blackstart::mirror::{Mirrored, Options, RepoState, update};
use blackstart::model::cancel::Cancel;
use blackstart::model::clock::{Clock, Timestamp};
use blackstart::model::event::{Event, Recording};
use blackstart::source::Spec;
use blackstart::tools::Tools;

/// A clock that runs.
pub(crate) struct Running(Instant);

impl Running {
    pub(crate) fn new() -> Self {
        Self(Instant::now())
    }
}

impl Clock for Running {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        Timestamp::from_unix(since.as_secs() as i64)
    }
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
    fn sleep(&self, time: Duration) {
        std::thread::sleep(time);
    }
}

pub(crate) fn tools() -> Tools {
    let folders = ["/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/usr/lib/git-core"];
    Tools::new(folders.iter().map(PathBuf::from).collect())
}

/// Runs git without any configuration of this machine and returns what it prints.
pub(crate) fn git(at: &Path, args: &[&str]) -> String {
    let output = git_command(at, args).output().expect("git is needed; run tests/setup");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {args:?} in {}: {error}", at.display());
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}

pub(crate) fn git_command(at: &Path, args: &[&str]) -> Command {
    let mut command = Command::new("git");
    command
        .args(["-c", "user.name=T", "-c", "user.email=t@t", "-c", "init.defaultBranch=main"])
        .args(args)
        .current_dir(at)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_AUTHOR_DATE", "1700000000 +0000")
        .env("GIT_COMMITTER_DATE", "1700000000 +0000");
    command
}

pub(crate) fn init(at: &Path, args: &[&str]) {
    std::fs::create_dir_all(at).unwrap();
    git(at, &[&["init", "-q"], args].concat());
}

pub(crate) fn commit(at: &Path, path: &str, text: &str) -> String {
    std::fs::create_dir_all(at.join(path).parent().unwrap()).unwrap();
    std::fs::write(at.join(path), text).unwrap();
    git(at, &["add", "-A"]);
    git(at, &["commit", "-qm", path]);
    git(at, &["rev-parse", "HEAD"])
}

/// Feeds a stream to `git fast-import`.
pub(crate) fn import(at: &Path, stream: &str) {
    use std::io::Write as _;
    let mut child = git_command(at, &["fast-import", "--quiet"])
        .stdin(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(stream.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
}

/// A repository with `commits` on main and `refs` tags.
pub(crate) fn large(at: &Path, commits: usize, refs: usize) {
    use std::fmt::Write as _;
    init(at, &["--bare"]);
    let mut stream = String::new();
    for number in 1..=commits {
        let text = format!("value {number}\n");
        write!(
            stream,
            "commit refs/heads/main\nmark :{number}\ncommitter T <t@t> {} +0000\ndata 2\nm\n",
            1_600_000_000 + number
        )
        .unwrap();
        let (folder, length) = (number % 100, text.len());
        write!(stream, "M 100644 inline d{folder}/f{}\ndata {length}\n{text}\n", number % 1000)
            .unwrap();
    }
    for number in 0..refs {
        let at = number % commits + 1;
        write!(stream, "reset refs/tags/t{number}\nfrom :{at}\n\n").unwrap();
    }
    import(at, &stream);
}

/// Makes one repository of each kind below `root`; returns their names.
pub(crate) fn make(root: &Path) -> Vec<&'static str> {
    init(&root.join("empty"), &["--bare"]);
    init(&root.join("empty-sha256"), &["--bare", "--object-format=sha256"]);
    init(&root.join("unborn-elsewhere"), &["--bare", "--initial-branch=trunk"]);

    let plain = root.join("plain");
    init(&plain, &[]);
    commit(&plain, "a", "1");
    commit(&plain, "dir/b", "2");

    let sha256 = root.join("sha256");
    init(&sha256, &["--object-format=sha256"]);
    commit(&sha256, "a", "1");
    git(&sha256, &["tag", "-am", "x", "v1"]);

    let kitchen = root.join("kitchen");
    init(&kitchen, &[]);
    let first = commit(&kitchen, "a", "1");
    git(&kitchen, &["branch", "dir/one"]);
    git(&kitchen, &["branch", "ä-ümlaut]{x}"]);
    git(&kitchen, &["branch", "-f", "--no-track", "other"]);
    git(&kitchen, &["tag", "light"]);
    git(&kitchen, &["tag", "-am", "annotated", "v1"]);
    git(&kitchen, &["tag", "-am", "nested", "v2", "v1"]);
    git(&kitchen, &["tag", "-am", "deeper", "v3", "v2"]);
    git(&kitchen, &["tag", "-am", "tree", "on-tree", "HEAD^{tree}"]);
    git(&kitchen, &["tag", "tree", "HEAD^{tree}"]);
    git(&kitchen, &["tag", "blob", "HEAD:a"]);
    git(&kitchen, &["notes", "add", "-m", "a note"]);
    let second = commit(&kitchen, "b", "2");
    git(&kitchen, &["update-ref", "refs/pull/1/head", &second]);
    git(&kitchen, &["update-ref", "refs/changes/01/1/1", &first]);
    git(&kitchen, &["symbolic-ref", "refs/remotes/origin/HEAD", "refs/heads/main"]);
    git(&kitchen, &["checkout", "-q", "other"]);

    let detached = root.join("detached");
    init(&detached, &[]);
    commit(&detached, "a", "1");
    git(&detached, &["checkout", "-q", "--detach"]);
    commit(&detached, "only-at-head", "2");

    let dangling = root.join("head-unborn-but-branches");
    init(&dangling, &[]);
    commit(&dangling, "a", "1");
    git(&dangling, &["symbolic-ref", "HEAD", "refs/heads/to-come"]);

    let bytes = root.join("not utf8 [x] ü");
    init(&bytes, &[]);
    let tip = commit(&bytes, "a", "1");
    import_ref(&bytes, b"refs/heads/\xff\xfe", &tip);

    let tags_only = root.join("tags-only");
    init(&tags_only, &[]);
    commit(&tags_only, "a", "1");
    git(&tags_only, &["tag", "-am", "x", "v1"]);
    git(&tags_only, &["update-ref", "-d", "refs/heads/main"]);
    vec![
        "empty",
        "empty-sha256",
        "unborn-elsewhere",
        "plain",
        "sha256",
        "kitchen",
        "detached",
        "head-unborn-but-branches",
        "not utf8 [x] ü",
        "tags-only",
    ]
}

/// Makes a ref whose name is no text.
fn import_ref(at: &Path, name: &[u8], tip: &str) {
    use std::os::unix::ffi::OsStrExt as _;
    let name = std::ffi::OsStr::from_bytes(name);
    let done = git_command(at, &["update-ref"]).arg(name).arg(tip).status().unwrap();
    assert!(done.success());
}

/// Everything that must be equal: refs with what they peel to, HEAD, every reachable object.
pub(crate) fn everything(at: &Path) -> [Vec<u8>; 3] {
    let raw = |args: &[&str]| git_command(at, args).output().unwrap().stdout;
    let head = match git_command(at, &["symbolic-ref", "-q", "HEAD"]).output().unwrap().stdout {
        symbolic if symbolic.is_empty() => raw(&["rev-parse", "HEAD"]),
        symbolic => symbolic,
    };
    let refs =
        raw(&["for-each-ref", "--format=%(objectname) %(objecttype) %(*objectname) %(refname)"]);
    let mut tips = vec!["rev-list", "--objects", "--all"];
    if !git_command(at, &["rev-parse", "-q", "--verify", "HEAD"])
        .output()
        .unwrap()
        .stdout
        .is_empty()
    {
        tips.push("HEAD");
    }
    let mut objects: Vec<_> = raw(&tips).split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    objects.sort();
    [head, refs, objects.join(&b'\n')]
}

/// One run; the events as well.
pub(crate) struct Run {
    pub(crate) mirrored: Vec<Mirrored>,
    pub(crate) events: Vec<Event>,
    pub(crate) took: Duration,
}

impl Run {
    pub(crate) fn state(&self, name: &str) -> RepoState {
        self.get(name).state
    }
    pub(crate) fn get(&self, name: &str) -> &Mirrored {
        self.mirrored.iter().find(|mirrored| mirrored.name == name).expect(name)
    }
    pub(crate) fn path(&self, name: &str) -> &Path {
        self.get(name)
            .path
            .as_deref()
            .unwrap_or_else(|| panic!("{name}: {:?}", self.get(name).fault))
    }
    pub(crate) fn fault(&self, name: &str) -> String {
        self.get(name).fault.as_ref().map(ToString::to_string).unwrap_or_default()
    }
}

pub(crate) fn run(specs: &[Spec], options: &Options) -> Run {
    let recording = Recording::default();
    let clock = Running::new();
    let begun = Instant::now();
    let mirrored = update(specs, options, &tools(), &clock, &recording, &Cancel::new()).unwrap();
    Run { mirrored, events: recording.events(), took: begun.elapsed() }
}

pub(crate) fn spec(name: &str, location: &str) -> Spec {
    Spec { name: name.to_owned(), ..Spec::new(location.parse().unwrap()) }
}

/// The sources at `base/<name>`.
pub(crate) fn specs(names: &[&str], base: &str) -> Vec<Spec> {
    names.iter().map(|name| spec(name, &format!("{base}/{name}"))).collect()
}

/// Asserts that every mirror equals its source below `root`.
pub(crate) fn assert_equal(run: &Run, root: &Path, names: &[&str]) {
    for name in names {
        let [head, refs, objects] = everything(&root.join(name));
        let [our_head, our_refs, our_objects] = everything(run.path(name));
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert_eq!(text(&our_refs), text(&refs), "{name}: refs");
        assert_eq!(text(&our_head), text(&head), "{name}: HEAD");
        assert!(our_objects == objects, "{name}: objects");
    }
}
