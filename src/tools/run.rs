//! Running a child to its end, its limit, or our cancellation.
//!
//! Threads move bytes into one channel and another puts a tick there; the caller's thread takes them
//! in turn, so that neither silence nor a steady trickle escapes the limit. The threads are not joined: a grandchild that left the group and kept
//! our pipe open would hold us up for ever otherwise (ssh's ControlPersist does that).

use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal};

use super::command::{Command, Network, Terminal};
use super::error::ToolsError;
use crate::model::cancel::Cancel;
use crate::model::safe::safe;

/// How often limits are looked at.
const TICK: Duration = Duration::from_millis(20);
/// How many ticks an ended child's pipes may stay open.
const GRACE: u32 = 25;
/// How much of stderr is kept: its end.
const KEPT: usize = 64 << 10;

/// What a child left.
#[derive(Clone, Debug)]
pub struct Output {
    /// The program, for messages.
    pub program: PathBuf,
    /// How it ended.
    pub status: ExitStatus,
    /// What it wrote to stdout; empty when that went elsewhere.
    pub stdout: Vec<u8>,
    /// The end of what it wrote to stderr.
    pub stderr: Vec<u8>,
    /// Whether it was cut off from the network.
    pub isolated: bool,
}

impl Output {
    /// Returns the output of a child that succeeded, else an error that holds its last words.
    pub fn success(self) -> Result<Self, ToolsError> {
        if self.status.success() {
            return Ok(self);
        }
        Err(ToolsError::Failed { status: self.status, said: self.said(), program: self.program })
    }

    /// Returns the last lines of stderr in one line, safe to show.
    pub fn said(&self) -> String {
        let text = String::from_utf8_lossy(&self.stderr);
        let lines: Vec<&str> =
            text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        safe(lines[lines.len().saturating_sub(4)..].join(" / "))
    }
}

enum Message {
    Stdout(Vec<u8>),
    Stderr(Vec<u8>),
    Ended,
    Tick,
}

impl Command {
    /// Runs the child and keeps what it writes. Any exit status is `Ok`; see [`Output::success`].
    pub fn run(&self, cancel: &Cancel) -> Result<Output, ToolsError> {
        let mut stdout = Vec::new();
        let output = self.run_into(&mut stdout, cancel)?;
        Ok(Output { stdout, ..output })
    }

    /// Runs the child and passes what it writes to `sink` as it comes.
    pub fn run_into(&self, sink: &mut dyn Write, cancel: &Cancel) -> Result<Output, ToolsError> {
        cancel.check()?;
        let isolation = match self.network {
            Network::Denied => self.tools.isolation(),
            Network::Allowed => None,
        };
        let (program, first) = match isolation {
            Some(isolation) => isolation.wrap(self.program.clone()),
            None => (self.program.clone(), Vec::new()),
        };
        let child = self
            .prepare(program, first)
            .spawn()
            .map_err(|source| ToolsError::Start { program: self.program.clone(), source })?;
        let mut running = Running { child, group: self.terminal == Terminal::Detached };
        let mut stderr = Vec::new();
        let status = self.attend(&mut running, sink, &mut stderr, cancel)?;
        let isolated = isolation.is_some();
        Ok(Output { program: self.program.clone(), status, stdout: Vec::new(), stderr, isolated })
    }

    pub(super) fn prepare(
        &self,
        program: PathBuf,
        first: Vec<std::ffi::OsString>,
    ) -> std::process::Command {
        let mut command = std::process::Command::new(program);
        command.args(first).args(&self.args).env_clear().envs(self.env.iter().cloned());
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        match self.terminal {
            Terminal::Detached => command.stderr(Stdio::piped()).process_group(0),
            Terminal::Shared => command.stderr(Stdio::inherit()),
        };
        if let Some(cwd) = &self.cwd {
            command.current_dir(cwd);
        }
        command
    }

    /// Moves bytes until the child has ended, or stops it.
    fn attend(
        &self,
        running: &mut Running,
        sink: &mut dyn Write,
        stderr: &mut Vec<u8>,
        cancel: &Cancel,
    ) -> Result<ExitStatus, ToolsError> {
        let (messages, mut open) = running.pipes(self.stdin.clone());
        let fail = |source| ToolsError::Output { program: self.program.clone(), source };
        let (mut waited, mut after_end, mut written) = (Duration::ZERO, 0, 0_u64);
        while open > 0 && after_end < GRACE {
            match messages.recv() {
                Ok(Message::Stdout(bytes)) => {
                    written += bytes.len() as u64;
                    if written > self.max_output {
                        let (program, max) = (self.program.clone(), self.max_output);
                        return Err(ToolsError::TooMuchOutput { program, max });
                    }
                    sink.write_all(&bytes).map_err(fail)?;
                }
                Ok(Message::Stderr(bytes)) => keep_end(stderr, &bytes),
                Ok(Message::Ended) => open -= 1,
                Ok(Message::Tick) => {
                    waited += TICK;
                    after_end += u32::from(running.ended().map_err(fail)?.is_some());
                }
                Err(mpsc::RecvError) => break,
            }
            self.check_limits(waited, cancel)?;
        }
        loop {
            if let Some(status) = running.ended().map_err(fail)? {
                return Ok(status);
            }
            // Its pipes are closed, so it ends now or has become a daemon.
            thread::sleep(Duration::from_millis(1));
            waited += Duration::from_millis(1);
            self.check_limits(waited, cancel)?;
        }
    }

    fn check_limits(&self, waited: Duration, cancel: &Cancel) -> Result<(), ToolsError> {
        cancel.check()?;
        if waited < self.timeout {
            return Ok(());
        }
        Err(ToolsError::Timeout { program: self.program.clone(), after: self.timeout })
    }
}

pub(super) fn keep_end(kept: &mut Vec<u8>, bytes: &[u8]) {
    kept.extend_from_slice(bytes);
    let excess = kept.len().saturating_sub(KEPT);
    kept.drain(..excess);
}

/// A child that dies, with its group, when this is dropped before its end.
pub(super) struct Running {
    pub(super) child: Child,
    group: bool,
}

impl Running {
    /// Takes charge of a child that has a process group of its own.
    pub(super) fn new(child: Child) -> Self {
        Self { child, group: true }
    }

    /// Starts the threads that move bytes; returns their channel and how many of them will end.
    fn pipes(&mut self, input: Vec<u8>) -> (Receiver<Message>, usize) {
        let (sender, receiver) = mpsc::sync_channel(16);
        let mut open = 0;
        if let Some(mut stdin) = self.child.stdin.take() {
            // A child that does not read its input closes the pipe, which is its right.
            thread::spawn(move || drop(stdin.write_all(&input)));
        }
        if let Some(stdout) = self.child.stdout.take() {
            forward(stdout, sender.clone(), Message::Stdout);
            open += 1;
        }
        if let Some(stderr) = self.child.stderr.take() {
            forward(stderr, sender.clone(), Message::Stderr);
            open += 1;
        }
        thread::spawn(move || {
            while sender.send(Message::Tick).is_ok() {
                thread::sleep(TICK);
            }
        });
        (receiver, open)
    }

    pub(super) fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    fn stop(&mut self) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if let (true, Some(pid)) = (self.group, pid) {
            let _ = rustix::process::kill_process_group(pid, Signal::KILL);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Not reaped yet means that the number is still the child's, so the group is its as well.
        if let Ok(None) = self.ended() {
            self.stop();
        }
    }
}

fn forward(
    mut pipe: impl Read + Send + 'static,
    to: SyncSender<Message>,
    as_: fn(Vec<u8>) -> Message,
) {
    thread::spawn(move || {
        let mut buffer = vec![0; 64 << 10];
        while let Ok(count @ 1..) = pipe.read(&mut buffer) {
            if to.send(as_(buffer[..count].to_vec())).is_err() {
                return;
            }
        }
        let _ = to.send(Message::Ended);
    });
}

/// Hands what comes from a pipe to `take` until the end, or until it takes no more.
pub(super) fn forward_to(
    mut pipe: impl Read + Send + 'static,
    take: impl Fn(Vec<u8>) -> bool + Send + 'static,
) {
    thread::spawn(move || {
        let mut buffer = vec![0; 64 << 10];
        while let Ok(count @ 1..) = pipe.read(&mut buffer) {
            if !take(buffer[..count].to_vec()) {
                return;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::super::Tools;
    use super::*;
    use std::time::Instant;

    fn tools() -> Tools {
        Tools::new(vec!["/usr/bin".into(), "/bin".into(), "/usr/sbin".into()])
    }

    fn sh(script: &str) -> Command {
        tools().command("sh").unwrap().args(["-c", script])
    }

    #[test]
    fn the_environment_is_what_was_given() {
        let output = tools().command("env").unwrap().env("A", "b").run(&Cancel::new()).unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let mut lines: Vec<_> = text.lines().collect();
        lines.sort_unstable();
        assert_eq!(lines, ["A=b", "LC_ALL=C", "PATH=/usr/bin:/bin:/usr/sbin"]);
    }

    #[test]
    fn input_output_folder_and_status_come_through() {
        let folder = tempfile::tempdir().unwrap();
        let input = vec![b'x'; 300_000];
        let output = sh("cat; pwd >&2; exit 3")
            .stdin(input.clone())
            .cwd(folder.path())
            .run(&Cancel::new())
            .unwrap();
        assert_eq!((output.stdout, output.status.code()), (input, Some(3)));
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(said.trim_end(), folder.path().canonicalize().unwrap().to_str().unwrap());
    }

    #[test]
    fn a_failure_holds_the_last_words_safely() {
        let error = sh("printf 'first\\nb\\033[2Jad\\n' >&2; exit 1")
            .run(&Cancel::new())
            .unwrap()
            .success()
            .unwrap_err();
        assert!(error.to_string().ends_with("first / b\\u{1b}[2Jad"), "{error}");
    }

    #[test]
    fn at_the_limit_the_whole_group_dies() {
        let folder = tempfile::tempdir().unwrap();
        let begun = Instant::now();
        let error = sh("(sleep 2; touch late) & sleep 60")
            .cwd(folder.path())
            .timeout(Duration::from_millis(300))
            .run(&Cancel::new())
            .unwrap_err();
        assert!(matches!(error, ToolsError::Timeout { .. }), "{error}");
        assert!(begun.elapsed() < Duration::from_secs(2));
        thread::sleep(Duration::from_millis(2200));
        assert!(!folder.path().join("late").exists());
    }

    #[test]
    fn a_trickle_does_not_escape_the_limit() {
        let error = sh("while :; do echo x; sleep 0.005; done")
            .timeout(Duration::from_millis(300))
            .run(&Cancel::new())
            .unwrap_err();
        assert!(matches!(error, ToolsError::Timeout { .. }), "{error}");
    }

    #[test]
    fn a_flood_is_stopped() {
        let error = sh("yes").max_output(1000).run(&Cancel::new()).unwrap_err();
        assert!(matches!(error, ToolsError::TooMuchOutput { max: 1000, .. }), "{error}");
    }

    #[test]
    fn a_daemon_that_keeps_the_pipe_does_not_hold_us() {
        let begun = Instant::now();
        let output = sh("setsid sleep 8 & echo done").run(&Cancel::new()).unwrap();
        assert_eq!(output.stdout, b"done\n");
        assert!(begun.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn a_request_to_stop_stops_the_child() {
        let cancel = Cancel::new();
        let begun = Instant::now();
        let error = thread::scope(|scope| {
            let child = scope.spawn(|| sh("sleep 60").run(&cancel));
            thread::sleep(Duration::from_millis(100));
            cancel.request();
            child.join().unwrap().unwrap_err()
        });
        assert!(matches!(error, ToolsError::Cancelled(_)));
        assert!(begun.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn a_denied_network_is_gone_or_said_to_be_there() {
        let output = sh("cat /proc/net/dev").network(Network::Denied).run(&Cancel::new()).unwrap();
        let interfaces = String::from_utf8(output.stdout).unwrap().lines().count() - 2;
        assert_eq!(output.isolated, tools().can_isolate());
        if output.isolated {
            assert_eq!(interfaces, 1, "only the loopback is there");
        }
    }

    #[test]
    fn debug_shows_no_arguments() {
        assert!(!format!("{:?}", sh("secret words")).contains("secret"));
    }
}
