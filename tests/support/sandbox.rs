//! A hermetic place to run the binary in: its own home, its own state, nothing of this machine's
//! settings, and an end to waiting.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// After how long a command counts as stuck.
const LIMIT: Duration = Duration::from_mins(5);

/// A place of its own for one test. Removed at the end.
pub struct Sandbox {
    folder: TempDir,
    variables: Vec<(String, String)>,
}

/// What a command left behind.
#[derive(Debug)]
pub struct Ran {
    /// The command line, for messages.
    pub line: String,
    /// The exit code; 128 and the number of a signal that ended it.
    pub status: i32,
    /// Its results.
    pub stdout: String,
    /// Its status lines, progress and errors.
    pub stderr: String,
}

impl Sandbox {
    /// Makes an empty place with the folders `home`, `work` and `tmp`.
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("blackstart-test-").tempdir().unwrap();
        for name in ["home", "work", "tmp", "run"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        Self { folder, variables: Vec::new() }
    }

    /// Returns a path in this place.
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file and the folders above it; returns its path.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    /// Adds to a file.
    pub fn append(&self, name: &str, text: &str) {
        let old = std::fs::read_to_string(self.path(name)).unwrap_or_default();
        std::fs::write(self.path(name), old + text).unwrap();
    }

    /// Sets an environment variable for every command from now on.
    pub fn set(&mut self, name: &str, value: impl AsRef<Path>) {
        self.variables.push((name.to_owned(), value.as_ref().to_str().unwrap().to_owned()));
    }

    /// Returns any program, as it would run here, in the folder `work`.
    pub fn program(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command.env_clear().current_dir(self.path("work"));
        command.env("PATH", super::component::search_path());
        command.env("HOME", self.path("home")).env("TMPDIR", self.path("tmp"));
        command.env("XDG_CONFIG_HOME", self.path("home/config"));
        command.env("XDG_STATE_HOME", self.path("home/state"));
        command.env("XDG_CACHE_HOME", self.path("home/cache"));
        command.env("XDG_RUNTIME_DIR", self.path("run"));
        command.env("LC_ALL", "C.UTF-8").env("TERM", "dumb");
        command.env("GIT_CONFIG_NOSYSTEM", "1");
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs the binary in the folder `work`.
    pub fn run(&self, args: &[&str]) -> Ran {
        self.run_in("work", args)
    }

    /// Runs the binary in another folder of this place.
    pub fn run_in(&self, folder: &str, args: &[&str]) -> Ran {
        let mut command = self.program(env!("CARGO_BIN_EXE_blackstart"));
        command.args(args).current_dir(self.path(folder));
        finish(&mut command)
    }

    /// Makes an age identity; returns its file and its recipient.
    pub fn identity(&self, name: &str) -> (PathBuf, String) {
        let path = self.path(name);
        let keygen = super::component::find("age-keygen");
        finish(self.program(&keygen).arg("-o").arg(&path)).ok();
        let shown = finish(self.program(&keygen).arg("-y").arg(&path)).ok();
        (path, shown.stdout.trim().to_owned())
    }
}

impl Ran {
    /// Fails unless the command exited with 0.
    #[track_caller]
    pub fn ok(self) -> Self {
        self.exits(0)
    }

    /// Fails unless the command exited with `code`.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.status, code, "{self}");
        self
    }

    /// Fails unless the error output holds `text`.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "expected {text:?} from {self}");
        self
    }

    /// Reads the standard output as one JSON value.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in {self}"))
    }
}

impl std::fmt::Display for Ran {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{} → {}", self.line, self.status)?;
        write!(f, "--- stdout\n{}--- stderr\n{}", self.stdout, self.stderr)
    }
}

/// Runs a command to its end, or ends it when it takes too long.
pub fn finish(command: &mut Command) -> Ran {
    use std::os::unix::process::ExitStatusExt as _;
    let line = format!("{command:?}");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{line}: {error}"));
    let out = child.stdout.take().unwrap();
    let err = child.stderr.take().unwrap();
    std::thread::scope(|scope| {
        let out = scope.spawn(move || read(out));
        let err = scope.spawn(move || read(err));
        let status = wait(&mut child, &line);
        let status = status.code().unwrap_or(128 + status.signal().unwrap_or(0));
        Ran { line, status, stdout: out.join().unwrap(), stderr: err.join().unwrap() }
    })
}

fn wait(child: &mut Child, line: &str) -> std::process::ExitStatus {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if start.elapsed() > LIMIT {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("{line} did not end within {LIMIT:?}");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn read(mut from: impl Read) -> String {
    let mut bytes = Vec::new();
    from.read_to_end(&mut bytes).unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}
