//! What to run, said completely before it runs.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::find::Tools;

/// Whether a child may reach the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// It may.
    Allowed,
    /// It is cut off where this machine can; [`super::Output::isolated`] says whether it was.
    Denied,
}

/// Whether a child may speak with the person at the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Terminal {
    /// No: a process group of its own, stopped as a whole.
    Detached,
    /// Yes, for a touch or a PIN: it stays in our group and its stderr is ours.
    Shared,
}

/// A child process, not started yet.
///
/// Defaults: `PATH` is the search path, `LC_ALL` is `C`, nothing else in the environment; no
/// input; two minutes; 64 MiB of output; the network allowed.
#[derive(Clone)]
pub struct Command {
    pub(super) tools: Tools,
    pub(super) program: PathBuf,
    pub(super) args: Vec<OsString>,
    pub(super) env: Vec<(OsString, OsString)>,
    pub(super) cwd: Option<PathBuf>,
    pub(super) stdin: Vec<u8>,
    pub(super) timeout: Duration,
    pub(super) max_output: u64,
    pub(super) network: Network,
    pub(super) terminal: Terminal,
}

impl Command {
    pub(super) fn of(program: PathBuf, tools: Tools) -> Self {
        let env = vec![("PATH".into(), tools.search_path()), ("LC_ALL".into(), "C".into())];
        Self {
            tools,
            program,
            args: Vec::new(),
            env,
            cwd: None,
            stdin: Vec::new(),
            timeout: Duration::from_mins(2),
            max_output: 64 << 20,
            network: Network::Allowed,
            terminal: Terminal::Detached,
        }
    }

    /// Returns the program's path.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Adds one argument.
    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// Sets one variable of the environment; never a secret, which other processes can read there.
    #[must_use]
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.env.retain(|(known, _)| known != name.as_ref());
        self.env.push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Sets the folder to run in.
    #[must_use]
    pub fn cwd(mut self, folder: impl Into<PathBuf>) -> Self {
        self.cwd = Some(folder.into());
        self
    }

    /// Sets what the child reads from stdin.
    #[must_use]
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    /// Sets how long it may take.
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// Sets how many bytes it may write to stdout.
    #[must_use]
    pub fn max_output(mut self, bytes: u64) -> Self {
        self.max_output = bytes;
        self
    }

    /// Sets whether it may reach the network.
    #[must_use]
    pub fn network(mut self, network: Network) -> Self {
        self.network = network;
        self
    }

    /// Sets whether it may speak with the person at the terminal.
    #[must_use]
    pub fn terminal(mut self, terminal: Terminal) -> Self {
        self.terminal = terminal;
        self
    }
}

impl fmt::Debug for Command {
    /// Names the program and how many arguments it gets. Arguments, environment and input may be
    /// what people keep to themselves.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Command({}, {} arguments)", self.program.display(), self.args.len())
    }
}
