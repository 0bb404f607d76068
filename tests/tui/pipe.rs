//! The program between two pipes, one for answers and one for what is told.

use std::io::{Read as _, Write as _};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::support::kit::Kit;

/// After so long without what is waited for a test has failed.
const PATIENCE: Duration = Duration::from_mins(3);

/// The program, somebody who answers, and what they were told.
pub struct Pipe {
    child: Child,
    answers: Option<ChildStdin>,
    told: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
    /// So much was read already.
    read: usize,
}

impl Pipe {
    /// Begins, in the folder of the kit.
    pub fn open(kit: &Kit, arguments: &[&str]) -> Self {
        let mut command = kit.sandbox.program(env!("CARGO_BIN_EXE_blackstart"));
        command.current_dir(kit.path("")).arg("--linear").args(arguments);
        command.arg("--identity").arg(&kit.identity);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let answers = child.stdin.take();
        let mut out = child.stdout.take().unwrap();
        let told = Arc::new(Mutex::new(String::new()));
        let all = told.clone();
        let reader = std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(read @ 1..) = out.read(&mut bytes) {
                all.lock().unwrap().push_str(std::str::from_utf8(&bytes[..read]).unwrap());
            }
        });
        Self { child, answers, told, reader: Some(reader), read: 0 }
    }

    /// Answers with a line.
    pub fn answer(&mut self, line: &str) {
        writeln!(self.answers.as_mut().unwrap(), "{line}").unwrap();
    }

    /// Answers no more.
    pub fn end(&mut self) {
        self.answers = None;
    }

    /// Waits until `text` is told. Returns everything since what was waited for before.
    #[track_caller]
    pub fn until(&mut self, text: &str) -> String {
        let began = Instant::now();
        loop {
            let told = self.told.lock().unwrap()[self.read..].to_owned();
            if let Some(at) = told.find(text) {
                let end = at + text.len();
                self.read += end;
                return told[..end].to_owned();
            }
            assert!(began.elapsed() < PATIENCE, "{text:?} is not told:\n{told}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits for the end. Returns the exit code and everything that was told.
    pub fn ended(mut self) -> (i32, String) {
        let began = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(began.elapsed() < PATIENCE, "it does not end:\n{}", self.told.lock().unwrap());
            std::thread::sleep(Duration::from_millis(10));
        };
        self.reader.take().unwrap().join().unwrap();
        let told = self.told.lock().unwrap().clone();
        (status.code().unwrap(), told)
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
