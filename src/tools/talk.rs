//! A child that is spoken with: bytes go in and out until it is dropped, which ends it.
//!
//! Neither direction can hold the caller for ever: what is written is handed to a thread, and
//! reading returns after the time it was given. Limits are the caller's.

use std::io::{self, Write};
use std::process::ExitStatus;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::model::safe::safe;

use super::command::Command;
use super::error::ToolsError;
use super::run::{Running, forward_to, keep_end};

/// A running child. Dropping it stops its process group.
pub struct Talk {
    running: Running,
    input: Option<Sender<Vec<u8>>>,
    output: Receiver<Vec<u8>>,
    stderr: Arc<Mutex<Vec<u8>>>,
    /// Disconnected once stderr was read to its end.
    silent: Receiver<()>,
}

/// How long the last words of an ended child are waited for.
const LAST_WORDS: Duration = Duration::from_millis(300);

impl Command {
    /// Starts the child for a conversation. Input, time limit and output limit of the command do
    /// not apply.
    pub fn talk(&self) -> Result<Talk, ToolsError> {
        let child = self
            .prepare(self.program.clone(), Vec::new())
            .spawn()
            .map_err(|source| ToolsError::Start { program: self.program.clone(), source })?;
        let mut running = Running::new(child);
        let (input, lines) = mpsc::channel::<Vec<u8>>();
        if let Some(mut stdin) = running.child.stdin.take() {
            thread::spawn(move || {
                while let Ok(bytes) = lines.recv() {
                    if stdin.write_all(&bytes).and_then(|()| stdin.flush()).is_err() {
                        return;
                    }
                }
            });
        }
        let (sender, output) = mpsc::sync_channel(16);
        if let Some(stdout) = running.child.stdout.take() {
            forward_to(stdout, move |bytes| sender.send(bytes).is_ok());
        }
        let stderr = Arc::new(Mutex::new(Vec::new()));
        let (speaking, silent) = mpsc::channel::<()>();
        if let Some(pipe) = running.child.stderr.take() {
            let kept = Arc::clone(&stderr);
            forward_to(pipe, move |bytes| {
                let _ = &speaking;
                keep_end(&mut kept.lock().unwrap_or_else(PoisonError::into_inner), &bytes);
                true
            });
        }
        Ok(Talk { running, input: Some(input), output, stderr, silent })
    }
}

impl Talk {
    /// Returns the next bytes the child wrote, empty at its end, `None` when there were none in
    /// time.
    pub fn receive(&mut self, patience: Duration) -> Option<Vec<u8>> {
        match self.output.recv_timeout(patience) {
            Ok(bytes) => Some(bytes),
            Err(RecvTimeoutError::Disconnected) => Some(Vec::new()),
            Err(RecvTimeoutError::Timeout) => None,
        }
    }

    /// Returns a writer to the child's input, which closes when all of them are dropped.
    pub fn input(&mut self) -> Input {
        Input(self.input.take())
    }

    /// Waits a moment for the child's end and returns how it ended, if it did.
    pub fn ended(&mut self, patience: Duration) -> Option<ExitStatus> {
        let step = Duration::from_millis(5);
        let mut waited = Duration::ZERO;
        loop {
            match self.running.ended() {
                Ok(None) if waited < patience => {
                    thread::sleep(step);
                    waited += step;
                }
                other => return other.ok().flatten(),
            }
        }
    }

    /// Returns the last lines the child wrote to stderr, safe to show.
    pub fn said(&self) -> String {
        let _ = self.silent.recv_timeout(LAST_WORDS);
        let kept = self.stderr.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&kept);
        let lines: Vec<&str> =
            text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        safe(lines[lines.len().saturating_sub(24)..].join(" / "))
    }
}

/// The child's input.
pub struct Input(Option<Sender<Vec<u8>>>);

impl Write for Input {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let sent = self.0.as_ref().is_some_and(|input| input.send(bytes.to_vec()).is_ok());
        if sent { Ok(bytes.len()) } else { Err(io::ErrorKind::BrokenPipe.into()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::Tools;
    use super::*;

    fn sh(script: &str) -> Talk {
        let tools = Tools::new(vec!["/usr/bin".into(), "/bin".into()]);
        tools.command("sh").unwrap().args(["-c", script]).talk().unwrap()
    }

    const SOON: Duration = Duration::from_secs(5);

    #[test]
    fn bytes_go_in_and_out_and_the_end_is_seen() {
        let mut talk = sh("read line; echo \"got $line\"; echo why >&2; exit 3");
        talk.input().write_all(b"hello\n").unwrap();
        assert_eq!(talk.receive(SOON).as_deref(), Some(&b"got hello\n"[..]));
        assert_eq!(talk.receive(SOON).as_deref(), Some(&b""[..]));
        assert_eq!(talk.ended(SOON).and_then(|status| status.code()), Some(3));
        assert_eq!(talk.said(), "why");
    }

    #[test]
    fn a_silent_child_holds_nobody_and_dies_when_dropped() {
        let mut talk = sh("sleep 60");
        assert_eq!(talk.receive(Duration::from_millis(50)), None);
        let mut input = talk.input();
        input.write_all(&vec![0; 1 << 20]).unwrap();
    }
}
