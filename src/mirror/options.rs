//! How mirrors are kept: where, how many at once, how long, and what the machine hands in.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// Limits and places.
#[derive(Clone, Debug)]
pub struct Options {
    /// The folder of all mirrors.
    pub root: PathBuf,
    /// How many repositories at once.
    pub concurrency: usize,
    /// How many at once from one host.
    pub per_host: usize,
    /// How long all of them together may take.
    pub deadline: Duration,
    /// How long a connection may be silent.
    pub stall: Duration,
    /// How long connecting may take.
    pub connect: Duration,
    /// How many bytes of packs one repository may send at once.
    pub max_bytes: u64,
    /// How large one object may be: each is inflated in memory once, to be hashed.
    pub max_object: u64,
    /// What the machine hands in.
    pub environment: Environment,
}

impl Options {
    /// Returns the defaults for mirrors below `root`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            concurrency: 8,
            per_host: 4,
            deadline: Duration::from_mins(25),
            stall: Duration::from_secs(30),
            connect: Duration::from_secs(10),
            max_bytes: 64 << 30,
            max_object: 1 << 30,
            environment: Environment::default(),
        }
    }
}

/// Facts of the user's environment, handed in because the core reads none itself.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// `HOME`: where git finds its credential helper.
    pub home: Option<PathBuf>,
    /// `SSH_AUTH_SOCK`: the agent.
    pub ssh_auth_sock: Option<OsString>,
    /// `GIT_SSH_COMMAND`: run by a shell instead of `ssh`, as git does.
    pub git_ssh_command: Option<OsString>,
    /// `https_proxy`, or `all_proxy`.
    pub https_proxy: Option<String>,
    /// `http_proxy`, or `all_proxy`.
    pub http_proxy: Option<String>,
    /// `no_proxy`.
    pub no_proxy: Option<String>,
}
