//! Children that stay: the programs of a local control plane.
//!
//! Each runs in a process group of its own with an empty environment; the end of its output is
//! kept for messages. Dropping the handle stops the group: a request first, then an end.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};

use super::error::TargetError;
use crate::model::safe::safe;

/// How much of the output is kept.
const KEPT: usize = 16 << 10;
/// How often, and how many times, an ending child is looked at.
const TICK: Duration = Duration::from_millis(50);
const TICKS: u32 = 100;

/// A running program.
pub(super) struct Process {
    program: &'static str,
    child: Child,
    said: Arc<Mutex<Vec<u8>>>,
}

impl Process {
    /// Starts `path` in `folder`.
    pub(super) fn start(
        program: &'static str,
        path: &Path,
        args: &[String],
        folder: &Path,
    ) -> Result<Self, TargetError> {
        let failed = |why: String| TargetError::Program { program, why };
        let mut child = Command::new(path)
            .args(args)
            .env_clear()
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .map_err(|error| failed(format!("cannot start {}: {error}", path.display())))?;
        let said = Arc::new(Mutex::new(Vec::new()));
        if let Some(stderr) = child.stderr.take() {
            let keep = Arc::clone(&said);
            // Ends by itself when the child's end of the pipe closes.
            std::thread::spawn(move || listen(stderr, &keep));
        }
        Ok(Self { program, child, said })
    }

    /// Returns an error with its last words once it has ended.
    pub(super) fn check(&mut self) -> Result<(), TargetError> {
        match self.child.try_wait() {
            Ok(None) => Ok(()),
            Ok(Some(status)) => Err(self.ended(&format!("it ended ({status})"))),
            Err(error) => Err(self.ended(&error.to_string())),
        }
    }

    /// Returns an error that holds `why` and its last words.
    pub(super) fn ended(&self, why: &str) -> TargetError {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&said);
        let last: Vec<&str> = text.lines().rev().take(4).collect();
        let last = last.into_iter().rev().collect::<Vec<_>>().join(" / ");
        TargetError::Program { program: self.program, why: format!("{why}: {}", safe(last)) }
    }

    /// Stops it and everything it started.
    pub(super) fn stop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(None)) {
            return;
        }
        self.signal(Signal::TERM);
        for _ in 0..TICKS {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(TICK);
        }
        self.signal(Signal::KILL);
        let _ = self.child.wait();
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if let Some(pid) = pid {
            // It may have ended in this very moment.
            let _ = kill_process_group(pid, signal);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stop();
    }
}

fn listen(mut from: impl Read, keep: &Mutex<Vec<u8>>) {
    let mut buffer = [0; 4096];
    while let Ok(count) = from.read(&mut buffer) {
        if count == 0 {
            break;
        }
        let mut kept = keep.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend_from_slice(&buffer[..count]);
        let over = kept.len().saturating_sub(KEPT);
        kept.drain(..over);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Process {
        let args = ["-c".to_owned(), script.to_owned()];
        Process::start("sh", Path::new("/bin/sh"), &args, Path::new("/")).unwrap()
    }

    #[test]
    fn an_early_end_is_told_with_the_last_words() {
        let mut process = shell("echo no such disk >&2; exit 3");
        let error = loop {
            match process.check() {
                Ok(()) => std::thread::sleep(TICK),
                Err(error) => break error.to_string(),
            }
        };
        assert!(error.contains("exit status: 3"), "{error}");
    }

    #[test]
    fn dropping_stops_the_whole_group() {
        let process = shell("sleep 1000 & sleep 1000");
        let group = Pid::from_raw(i32::try_from(process.child.id()).unwrap()).unwrap();
        drop(process);
        for _ in 0..TICKS {
            if rustix::process::test_kill_process_group(group).is_err() {
                return;
            }
            std::thread::sleep(TICK);
        }
        panic!("a child of the group still runs");
    }
}
