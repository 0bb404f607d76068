//! Programs started together, and the record of those that go on when the command has ended.
//!
//! The record is written before the next program is started, so that what a crash leaves behind can
//! be found and stopped. A number alone is not believed: the process must name our folder in its
//! command line, else the number was given to somebody else's.

use std::path::{Path, PathBuf};

use rustix::process::Signal;
use serde::{Deserialize, Serialize};

use super::error::TargetError;
use super::process::{Process, Program, TICK, TICKS, signal};
use crate::disk::{atomic, limit};

const RECORD: &str = "local.json";
const LARGEST: u64 = 64 << 10;

/// The record in the folder of a cluster that goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Lasting {
    format_version: u32,
    name: String,
    folder: PathBuf,
    /// The cluster's name in kind, where it is one of kind's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) in_kind: Option<String>,
    processes: Vec<Running>,
}

/// One program that goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Running {
    program: String,
    pid: u32,
}

impl Lasting {
    /// Begins the record of a cluster in `folder`.
    pub(super) fn of(name: &str, folder: &Path) -> Self {
        let (name, folder) = (name.to_owned(), folder.to_owned());
        Self { format_version: 1, name, folder, in_kind: None, processes: Vec::new() }
    }

    /// Reads the record; none where the folder holds none, or that of something else.
    pub(super) fn read(name: &str, folder: &Path) -> Result<Option<Self>, TargetError> {
        let bytes = limit::read_if_there(&folder.join(RECORD), LARGEST)?;
        let record = bytes.and_then(|bytes| serde_json::from_slice::<Self>(&bytes).ok());
        Ok(record.filter(|record| record.format_version == 1 && record.name == name))
    }

    /// Writes the record.
    pub(super) fn write(&self) -> Result<(), TargetError> {
        let mut json = serde_json::to_vec_pretty(self).unwrap_or_default();
        json.push(b'\n');
        Ok(atomic::write(&self.folder.join(RECORD), &json, 0o600)?)
    }

    /// Stops what still runs, the last one started first.
    pub(super) fn stop(&self) {
        for running in self.processes.iter().rev() {
            for step in [Signal::TERM, Signal::KILL] {
                if !self.is_ours(running.pid) {
                    break;
                }
                signal(running.pid, step);
                let _ = (0..TICKS).any(|_| {
                    std::thread::sleep(TICK);
                    !self.is_ours(running.pid)
                });
            }
        }
    }

    /// Whether a process is one that was started for this folder. One that has ended has no command
    /// line any more.
    fn is_ours(&self, pid: u32) -> bool {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let folder = self.folder.as_os_str().as_encoded_bytes();
        !folder.is_empty() && line.windows(folder.len()).any(|part| part == folder)
    }
}

/// Programs that are being started.
pub(super) struct Launch {
    folder: PathBuf,
    lasting: Option<Lasting>,
    /// Those that run, in the order of their start.
    pub(super) processes: Vec<Process>,
}

impl Launch {
    /// Begins in `folder`.
    pub(super) fn new(folder: &Path, lasting: Option<Lasting>) -> Self {
        // Told by the same spelling that stands in command lines.
        let lasting = lasting.map(|lasting| Lasting { folder: folder.to_owned(), ..lasting });
        Self { folder: folder.to_owned(), lasting, processes: Vec::new() }
    }

    /// Starts one more.
    pub(super) fn start(&mut self, program: &Program<'_>) -> Result<(), TargetError> {
        let process = Process::start(program, &self.folder)?;
        let (name, pid) = process.id();
        self.processes.push(process);
        if let Some(lasting) = &mut self.lasting {
            lasting.processes.push(Running { program: name.to_owned(), pid });
            lasting.write()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sleeper(folder: &Path, mark: &Path) -> Launch {
        let mut launch = Launch::new(folder, Some(Lasting::of("lab", folder)));
        let script = "sleep 1000; true".to_owned();
        let args = vec!["-c".to_owned(), script, mark.display().to_string()];
        let program = Program { name: "sh", path: Path::new("/bin/sh"), args, search: None };
        launch.start(&program).unwrap();
        launch
    }

    #[test]
    fn what_goes_on_is_found_by_its_record_and_stopped() {
        let folder = tempfile::tempdir().unwrap();
        let launch = sleeper(folder.path(), folder.path());
        launch.processes.into_iter().for_each(Process::let_go);
        assert_eq!(Lasting::read("other", folder.path()).unwrap(), None);
        let record = Lasting::read("lab", folder.path()).unwrap().unwrap();
        assert!(record.is_ours(record.processes[0].pid));
        record.stop();
        assert!(!record.is_ours(record.processes[0].pid));
    }

    #[test]
    fn a_number_that_is_somebody_elses_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        // It runs, but its command line does not name our folder.
        let mut launch = sleeper(folder.path(), Path::new("/elsewhere"));
        let record = Lasting::read("lab", folder.path()).unwrap().unwrap();
        record.stop();
        assert!(launch.processes[0].check().is_ok(), "it was stopped");
        launch.processes[0].stop();
    }
}
