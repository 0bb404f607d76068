//! The facts of the process's surroundings, read once and handed in.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// What the process was started with. Everything below the shells gets this by value.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// The current folder.
    pub current_dir: PathBuf,
    /// The user's name, as the system calls it.
    pub user: Option<String>,
    /// The user's home, when there is one.
    pub home: Option<PathBuf>,
    /// The folder that this program lies in: on a stick, with its kit.
    pub program_dir: Option<PathBuf>,
    /// Where programs are looked for, in order; relative entries are left out. What lies beside this
    /// program is found last.
    pub path: Vec<PathBuf>,
    /// The user's configuration folder for blackstart.
    pub config_dir: Option<PathBuf>,
    /// The user's state folder for blackstart.
    pub state_dir: Option<PathBuf>,
    /// The user's cache folder (not blackstart's own).
    pub cache_dir: Option<PathBuf>,
    /// Where other things that do not last belong: `TMPDIR` or `/tmp`.
    pub temp_dir: PathBuf,
    /// A memory file system, when there is one.
    pub memory_dir: Option<PathBuf>,
    /// What is said of the terminal.
    pub terminal: Terminal,
    /// Further variables that outside programs need: ssh's agent, Git's ssh command, proxies,
    /// where containers run.
    pub variables: BTreeMap<String, OsString>,
}

/// What the environment says of the terminal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terminal {
    /// `TERM`.
    pub name: Option<String>,
    /// Whether `NO_COLOR` is set.
    pub no_color: bool,
    /// Whether the locale's characters are UTF-8.
    pub utf8: bool,
}

impl Terminal {
    /// Returns whether the terminal cannot move its cursor.
    pub fn is_dumb(&self) -> bool {
        matches!(self.name.as_deref(), None | Some("dumb" | "unknown"))
    }
}

/// The variables that are passed on to those edges that need them.
const PASSED_ON: &[&str] = &[
    "SSH_AUTH_SOCK",
    "GIT_SSH_COMMAND",
    "http_proxy",
    "https_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "no_proxy",
    "NO_PROXY",
    "ALL_PROXY",
    "all_proxy",
    "KUBEBUILDER_ASSETS",
    "DOCKER_HOST",
    "CONTAINER_HOST",
    "KIND_EXPERIMENTAL_PROVIDER",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
];

impl Environment {
    /// Reads the process's environment.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads it")]
    pub fn of_process() -> Self {
        let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let folder =
            |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let home = folder("HOME");
        let below_home = |rest: &str| home.as_ref().map(|home| home.join(rest));
        let own = |name: &str, rest: &str| folder(name).or_else(|| below_home(rest));
        let text = |name: &str| variable(name)?.into_string().ok();
        // The first of these that is set decides, as in the C library.
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(text).unwrap_or_default();
        let terminal = Terminal {
            name: text("TERM"),
            no_color: variable("NO_COLOR").is_some(),
            utf8: ["utf-8", "utf8"].iter().any(|end| locale.to_lowercase().ends_with(end)),
        };
        let path = variable("PATH").map(|path| std::env::split_paths(&path).collect::<Vec<_>>());
        let program = std::env::current_exe().ok().and_then(|program| program.canonicalize().ok());
        let program_dir = program.and_then(|program| program.parent().map(Path::to_owned));
        let path = path.unwrap_or_default().into_iter().chain(program_dir.clone());
        let memory = PathBuf::from("/dev/shm");
        Self {
            current_dir: std::env::current_dir().unwrap_or_default(),
            user: variable("USER").and_then(|name| name.into_string().ok()),
            path: path.filter(|path| path.is_absolute()).collect(),
            program_dir,
            config_dir: own("XDG_CONFIG_HOME", ".config").map(|path| path.join("blackstart")),
            state_dir: own("XDG_STATE_HOME", ".local/state").map(|path| path.join("blackstart")),
            cache_dir: own("XDG_CACHE_HOME", ".cache"),
            temp_dir: std::env::temp_dir(),
            memory_dir: memory.is_dir().then_some(memory),
            terminal,
            variables: PASSED_ON
                .iter()
                .filter_map(|name| Some(((*name).to_owned(), variable(name)?)))
                .collect(),
            home,
        }
    }
}
