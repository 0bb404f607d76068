//! Children that stay: the programs of a local cluster.
//!
//! Each runs in a process group of its own, with nothing in its environment but the search path
//! where it needs one; what it says goes into a file beside its data, whose end is kept for
//! messages. Dropping the handle stops the group: a request first, then an end. A handle that was
//! let go of leaves it running.

use std::ffi::OsString;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};

use super::error::TargetError;
use crate::disk::scratch;
use crate::model::safe::safe;

/// How much of the end of the output is read.
const KEPT: i64 = 16 << 10;
/// How often, and how many times, an ending child is looked at.
pub(super) const TICK: Duration = Duration::from_millis(50);
pub(super) const TICKS: u32 = 100;

/// What to start.
pub(super) struct Program<'a> {
    /// Its name, for messages and its file.
    pub(super) name: &'static str,
    /// Where it is.
    pub(super) path: &'a Path,
    /// Its arguments.
    pub(super) args: Vec<String>,
    /// Where it finds programs itself, if it needs any.
    pub(super) search: Option<OsString>,
}

/// A running program.
pub(super) struct Process {
    name: &'static str,
    /// None once it was let go of.
    child: Option<Child>,
    said: PathBuf,
}

impl Process {
    /// Starts a program in `folder`.
    pub(super) fn start(program: &Program<'_>, folder: &Path) -> Result<Self, TargetError> {
        let said = folder.join(format!("{}.log", program.name));
        let output = scratch::create(&said, 0o600)?;
        let path = program.path;
        let child = Command::new(path)
            .args(&program.args)
            .env_clear()
            .envs(program.search.iter().map(|search| ("PATH", search)))
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(output)
            .process_group(0)
            .spawn()
            .map_err(|error| TargetError::Program {
                program: program.name,
                why: format!("cannot start {}: {error}", path.display()),
            })?;
        Ok(Self { name: program.name, child: Some(child), said })
    }

    /// Returns its name and its number.
    pub(super) fn id(&self) -> (&'static str, u32) {
        (self.name, self.child.as_ref().map_or(0, Child::id))
    }

    /// Returns an error with its last words once it has ended.
    pub(super) fn check(&mut self) -> Result<(), TargetError> {
        match self.child.as_mut().map(Child::try_wait) {
            None | Some(Ok(None)) => Ok(()),
            Some(Ok(Some(status))) => Err(self.ended(&format!("it ended ({status})"))),
            Some(Err(error)) => Err(self.ended(&error.to_string())),
        }
    }

    /// Returns an error that holds `why` and its last words.
    pub(super) fn ended(&self, why: &str) -> TargetError {
        let text = last_words(&self.said);
        let last: Vec<&str> = text.lines().rev().take(4).collect();
        let last = last.into_iter().rev().collect::<Vec<_>>().join(" / ");
        TargetError::Program { program: self.name, why: format!("{why}: {}", safe(last)) }
    }

    /// Lets go: it runs on, whatever becomes of this program.
    pub(super) fn let_go(mut self) {
        self.child = None;
    }

    /// Stops it and everything it started.
    pub(super) fn stop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        if !matches!(child.try_wait(), Ok(None)) {
            return;
        }
        signal(child.id(), Signal::TERM);
        for _ in 0..TICKS {
            if !matches!(child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(TICK);
        }
        signal(child.id(), Signal::KILL);
        let _ = child.wait();
    }
}

/// Sends a signal to the group of a child.
pub(super) fn signal(group: u32, signal: Signal) {
    if let Some(group) = i32::try_from(group).ok().and_then(Pid::from_raw) {
        // It may have ended in this very moment.
        let _ = kill_process_group(group, signal);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The end of a file; nothing where it cannot be read.
fn last_words(path: &Path) -> String {
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        let length = i64::try_from(file.metadata()?.len()).unwrap_or(i64::MAX);
        file.seek(SeekFrom::End(-length.min(KEPT)))?;
        let mut bytes = Vec::new();
        file.take(KEPT.unsigned_abs()).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    String::from_utf8_lossy(&read().unwrap_or_default()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> (Process, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let args = vec!["-c".to_owned(), script.to_owned()];
        let program = Program { name: "sh", path: Path::new("/bin/sh"), args, search: None };
        (Process::start(&program, folder.path()).unwrap(), folder)
    }

    fn is_running(group: u32) -> bool {
        let group = Pid::from_raw(i32::try_from(group).unwrap()).unwrap();
        rustix::process::test_kill_process_group(group).is_ok()
    }

    fn ends(group: u32) -> bool {
        (0..TICKS).any(|_| {
            std::thread::sleep(TICK);
            !is_running(group)
        })
    }

    #[test]
    fn an_early_end_is_told_with_the_last_words() {
        let (mut process, _folder) = shell("echo no such disk >&2; exit 3");
        let error = loop {
            match process.check() {
                Ok(()) => std::thread::sleep(TICK),
                Err(error) => break error.to_string(),
            }
        };
        assert!(error.contains("exit status: 3") && error.contains("no such disk"), "{error}");
    }

    #[test]
    fn dropping_stops_the_whole_group_and_letting_go_stops_nothing() {
        let (process, _folder) = shell("sleep 1000 & sleep 1000");
        let (_, group) = process.id();
        drop(process);
        assert!(ends(group), "a child of the group still runs");
        let (process, _folder) = shell("exec sleep 1000");
        let (_, group) = process.id();
        process.let_go();
        assert!(is_running(group));
        signal(group, Signal::KILL);
    }
}
