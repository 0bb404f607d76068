//! Kills a command after its n-th durable system call, seen from outside with strace.
//!
//! Every durable call is delayed by some milliseconds on its way out, so that the signal that
//! follows its line in the trace comes before the next one. The whole process group dies at once, as
//! in a power cut. Counting runs over all threads, which `inject=…:when=N` does not: it counts each
//! thread alone, and never reaches a worker's first call once the main thread made one.

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::component;
use crate::support::sandbox::Sandbox;

/// Everything that makes something durable, gives it a name or takes one away.
const CALLS: &str = "fsync,fdatasync,syncfs,sync_file_range,rename,renameat,renameat2,link,linkat,unlink,\
                     unlinkat,mkdir,mkdirat,rmdir,ftruncate,utimensat";

/// How a traced run ended.
pub(crate) struct Traced {
    /// The durable calls that were seen, each as its kind: call and path without what is random.
    pub(crate) kinds: Vec<String>,
    /// Whether the signal came before the end.
    pub(crate) killed: bool,
}

/// Runs the binary in the kit of `place`; after `kill_after` durable calls it is killed.
pub(crate) fn run(
    place: &Sandbox,
    folder: &str,
    args: &[&str],
    kill_after: Option<usize>,
) -> Traced {
    let mut command = place.program(component::find("strace"));
    command.args(["-f", "-qq", "-y", "-s", "4096", "-e", "signal=none"]);
    command.arg(format!("--trace={CALLS}"));
    if kill_after.is_some() {
        command.arg(format!("--inject={CALLS}:delay_exit=4000"));
    }
    // The trace alone goes to this pipe.
    command.args(["sh", "-c", "exec \"$@\" >/dev/null 2>\"$TMPDIR/stderr\"", "sh"]);
    command.arg(env!("CARGO_BIN_EXE_blackstart")).args(args).current_dir(place.path(folder));
    follow(command, place.path("").as_path(), kill_after)
}

fn follow(mut command: Command, root: &Path, kill_after: Option<usize>) -> Traced {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).process_group(0);
    let mut child = command.spawn().unwrap();
    let mut kinds = Vec::new();
    let mut sent = false;
    for line in BufReader::new(child.stderr.take().unwrap()).lines() {
        kinds.extend(kind(&line.unwrap(), root));
        if kill_after.is_some_and(|most| kinds.len() >= most) && !sent {
            let group = rustix::process::Pid::from_child(&child);
            rustix::process::kill_process_group(group, rustix::process::Signal::KILL).unwrap();
            sent = true;
        }
    }
    let status = child.wait().unwrap();
    Traced { kinds, killed: sent && status.code().is_none() }
}

/// Reads one line of the trace: the call and the last path in it, names that are random blotted out.
fn kind(line: &str, root: &Path) -> Option<String> {
    let line = line.split_once("] ").filter(|_| line.starts_with('[')).map_or(line, |(_, it)| it);
    let line = line.strip_prefix("<... ").map_or(line, |rest| rest);
    let call = line.split(['(', ' ']).next()?;
    let finished = CALLS.split(',').any(|known| known == call) && line.contains(" = ");
    let path = line.rsplit(['"', '<', '>']).find(|piece| piece.starts_with('/')).unwrap_or("");
    let below = path.strip_prefix(root.to_str()?).unwrap_or(path);
    finished.then(|| format!("{call} {}", blot(below)))
}

/// Every run of five or more hex digits becomes a star.
fn blot(path: &str) -> String {
    let mut out = String::new();
    let mut run = String::new();
    for c in path.chars().chain(std::iter::once('\0')) {
        if c.is_ascii_hexdigit() {
            run.push(c);
            continue;
        }
        out.push_str(if run.len() >= 5 { "*" } else { &run });
        run.clear();
        if c != '\0' {
            out.push(c);
        }
    }
    out
}

#[test]
fn a_kind_is_the_call_and_its_path_without_what_is_random() {
    let root = Path::new("/r");
    let kind = |line| kind(line, root);
    let rename = r#"[pid 7] rename("/r/.tmp-23451d66d2ca3f46", "/r/oci-layout") = 0 (DELAYED)"#;
    assert_eq!(kind(rename).as_deref(), Some("rename /oci-layout"));
    let fsync = "fsync(4</r/kit/.tmp-23451d66d2ca3f46>) = 0 (DELAYED)";
    assert_eq!(kind(fsync).as_deref(), Some("fsync /kit/.tmp-*"));
    assert_eq!(kind("+++ exited with 0 +++"), None);
}
