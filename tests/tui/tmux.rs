//! A terminal emulator that tests drive: a server of tmux for each terminal, with nothing of this
//! machine's settings.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::component;
use crate::support::kit::Kit;
use crate::support::sandbox::{Ran, finish};
use crate::support::server::Sshd;

/// After so long without what is waited for a test has failed.
const PATIENCE: Duration = Duration::from_mins(3);

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
        let mut line = "env".to_owned();
        for word in look.variables {
            let _ = write!(line, " {word}");
        }
        let _ = write!(line, " {}", program(kit));
        for word in look.arguments {
            let _ = write!(line, " {word}");
        }
        Self::running(kit, look.size, &line)
    }

    /// Opens a terminal in which a shell runs this line, in the folder of the kit.
    pub fn running(kit: &'a Kit, size: (u16, u16), line: &str) -> Self {
        let tmux = component::find("tmux");
        let number = std::fs::read_dir(kit.sandbox.path("run")).unwrap().count();
        let socket = kit.sandbox.path(format!("run/tmux-{number}"));
        let record = kit.sandbox.path(format!("record-{number}"));
        let terminal = Self { kit, tmux, socket, record };
        // The shell starts the program only when everything that is written is recorded.
        let started = kit.sandbox.path(format!("run/started-{number}"));
        let script = format!(
            "until [ -e {} ]; do sleep 0.01; done; {line}; echo \"left with $?\"; stty -a; exec cat",
            started.display()
        );
        let (columns, rows) = (size.0.to_string(), size.1.to_string());
        let mut command = terminal.command();
        command.args(["-f", "/dev/null", "new-session", "-d", "-x", &columns, "-y", &rows]);
        command.arg("sh").arg("-c").arg(&script).current_dir(kit.path(""));
        finish(&mut command).ok();
        let pipe = format!("exec cat >> {}", terminal.record.display());
        terminal.tmux(&["pipe-pane", "-O", &pipe]);
        std::fs::write(started, "").unwrap();
        terminal
    }

    /// Opens the screens on another machine, by a login through this port. That it is this machine
    /// makes no difference but the length of the wire.
    pub fn over(kit: &'a Kit, sshd: &Sshd, port: u16) -> Self {
        let mut there = format!("cd {} && exec env -i", kit.path("").display());
        for (name, value) in kit.sandbox.program("env").get_envs() {
            let value = value.unwrap_or_default().to_str().unwrap();
            let value = if name == "TERM" { "xterm-256color" } else { value };
            let _ = write!(there, " {}={value}", name.to_str().unwrap());
        }
        let line = format!("{} \"{there} {}\"", sshd.login(port), program(kit));
        Self::running(kit, (80, 24), &line)
    }

    /// Returns the process of our program at the other end of a login.
    pub fn far_process(&self) -> u32 {
        let identity = self.kit.identity.as_os_str().as_encoded_bytes();
        let ours = |process: &u32| {
            let at = format!("/proc/{process}");
            let program = std::fs::read_link(format!("{at}/exe")).ok();
            let words = std::fs::read(format!("{at}/cmdline")).unwrap_or_default();
            program.is_some_and(|path| path.ends_with("blackstart"))
                && words.windows(identity.len()).any(|part| part == identity)
        };
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        let mut processes =
            processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        processes.find(ours).unwrap()
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

    /// Pastes text as a terminal does that says where a paste begins and ends.
    pub fn paste(&self, text: &str) {
        self.tmux(&["set-buffer", "--", text]);
        self.tmux(&["paste-buffer", "-p"]);
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

    /// Closes the window, as a person does who has had enough. Returns the program, which goes on
    /// as long as it must.
    pub fn close(self) -> Left {
        let left = Left(self.process());
        self.tmux(&["kill-session"]);
        left
    }
}

/// Returns the line that starts the program with the key of a kit.
pub fn program(kit: &Kit) -> String {
    format!("{} --identity {}", env!("CARGO_BIN_EXE_blackstart"), kit.identity.display())
}

/// A program that has no terminal any more.
pub struct Left(pub u32);

impl Left {
    /// Returns whether it still runs.
    pub fn runs(&self) -> bool {
        // Whoever has ended and was not waited for yet is a zombie.
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0));
        status.is_ok_and(|status| !status.contains("State:\tZ"))
    }

    /// Waits until it has ended.
    #[track_caller]
    pub fn ended(&self) {
        let began = Instant::now();
        while self.runs() {
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
