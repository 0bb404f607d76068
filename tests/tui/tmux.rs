//! A terminal emulator that tests drive: a server of tmux for each terminal, with nothing of this
//! machine's settings.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::component;
use crate::support::kit::Kit;
use crate::support::sandbox::{Ran, finish};

/// After so long without what is waited for a test has failed.
const PATIENCE: Duration = Duration::from_mins(1);

/// A terminal with our program in it.
pub struct Terminal<'a> {
    kit: &'a Kit,
    tmux: PathBuf,
    socket: PathBuf,
    /// Everything that was written to the terminal.
    record: PathBuf,
}

/// What a terminal is, beside its size.
pub struct Look<'a> {
    pub size: (u16, u16),
    /// `NAME=value`, for the program.
    pub variables: &'a [&'a str],
    pub arguments: &'a [&'a str],
}

impl Default for Look<'_> {
    fn default() -> Self {
        Self { size: (80, 24), variables: &[], arguments: &[] }
    }
}

impl<'a> Terminal<'a> {
    /// Opens the screens in a terminal, in the folder of the kit.
    pub fn open(kit: &'a Kit, look: &Look<'_>) -> Self {
        let tmux = component::find("tmux");
        let number = std::fs::read_dir(kit.sandbox.path("run")).unwrap().count();
        let socket = kit.sandbox.path(format!("run/tmux-{number}"));
        let record = kit.sandbox.path(format!("record-{number}"));
        let terminal = Self { kit, tmux, socket, record };
        let identity = kit.identity.to_str().unwrap();
        let mut line = "env".to_owned();
        for word in look.variables {
            let _ = write!(line, " {word}");
        }
        let _ = write!(line, " {} --identity {identity}", env!("CARGO_BIN_EXE_blackstart"));
        for word in look.arguments {
            let _ = write!(line, " {word}");
        }
        // The shell starts the program only when everything that is written is recorded.
        let started = kit.sandbox.path(format!("run/started-{number}"));
        let script = format!(
            "until [ -e {} ]; do sleep 0.01; done; {line}; echo \"left with $?\"; stty -a; exec cat",
            started.display()
        );
        let (columns, rows) = (look.size.0.to_string(), look.size.1.to_string());
        let mut command = terminal.command();
        command.args(["-f", "/dev/null", "new-session", "-d", "-x", &columns, "-y", &rows]);
        command.arg("sh").arg("-c").arg(&script).current_dir(kit.path(""));
        finish(&mut command).ok();
        let pipe = format!("exec cat >> {}", terminal.record.display());
        terminal.tmux(&["pipe-pane", "-O", &pipe]);
        std::fs::write(started, "").unwrap();
        terminal
    }

    fn command(&self) -> Command {
        let mut command = self.kit.sandbox.program(&self.tmux);
        command.arg("-u").arg("-S").arg(&self.socket);
        command
    }

    fn tmux(&self, args: &[&str]) -> Ran {
        finish(self.command().args(args)).ok()
    }

    /// Presses keys, by tmux's names of them.
    pub fn press(&self, keys: &[&str]) {
        self.tmux(&[&["send-keys"], keys].concat());
    }

    /// Types text as it is.
    pub fn write(&self, text: &str) {
        self.tmux(&["send-keys", "-l", text]);
    }

    /// Gives the terminal another size.
    pub fn resize(&self, columns: u16, rows: u16) {
        let (columns, rows) = (columns.to_string(), rows.to_string());
        self.tmux(&["resize-window", "-x", &columns, "-y", &rows]);
    }

    /// Returns what is seen.
    pub fn seen(&self) -> String {
        self.tmux(&["capture-pane", "-p"]).stdout
    }

    /// Returns one of the facts that tmux knows of the terminal.
    pub fn fact(&self, name: &str) -> String {
        self.tmux(&["display-message", "-p", &format!("#{{{name}}}")]).stdout.trim().to_owned()
    }

    /// Waits until what is seen holds `text`.
    #[track_caller]
    pub fn until(&self, text: &str) -> String {
        self.until_seen(text, |seen| seen.contains(text))
    }

    /// Waits until what is seen is as it should be.
    #[track_caller]
    pub fn until_seen(&self, what: &str, holds: impl Fn(&str) -> bool) -> String {
        let began = Instant::now();
        loop {
            let seen = self.seen();
            if holds(&seen) {
                return seen;
            }
            assert!(began.elapsed() < PATIENCE, "{what:?} is not on the screen:\n{seen}");
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    /// Returns how many bytes were written to the terminal so far.
    pub fn written(&self) -> u64 {
        std::fs::metadata(&self.record).map_or(0, |file| file.len())
    }

    /// Returns every byte that was written to the terminal so far.
    pub fn recorded(&self) -> Vec<u8> {
        std::fs::read(&self.record).unwrap()
    }

    /// Returns the process of our program.
    pub fn process(&self) -> u32 {
        let shell = self.fact("pane_pid");
        let children = format!("/proc/{shell}/task/{shell}/children");
        std::fs::read_to_string(children).unwrap().trim().parse().unwrap()
    }

    /// Closes the window, as a person does who has had enough. Returns once the program has ended.
    pub fn close(self) {
        let process = self.process();
        self.tmux(&["kill-session"]);
        let began = Instant::now();
        while std::path::Path::new(&format!("/proc/{process}")).exists() {
            assert!(began.elapsed() < PATIENCE, "it goes on without a terminal");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Terminal<'_> {
    fn drop(&mut self) {
        // It may have been closed.
        let _ = self.command().arg("kill-server").output();
    }
}
