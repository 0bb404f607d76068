//! The API server ends in the middle of a run, stays away for 20 seconds, and comes back.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::place::{add, kit, records, replay, run_folder, settings, signal, start, until};
use crate::support::cluster::Lab;

const AWAY: Duration = Duration::from_secs(20);

/// The API server of a plane: its process and its arguments.
fn api_server(folder: &Path) -> (u32, Vec<String>) {
    let folder = folder.canonicalize().unwrap();
    let wanted = folder.to_str().unwrap();
    for entry in std::fs::read_dir("/proc").unwrap().filter_map(Result::ok) {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let line = std::fs::read_to_string(entry.path().join("cmdline")).unwrap_or_default();
        let args: Vec<String> =
            line.split('\0').filter(|arg| !arg.is_empty()).map(str::to_owned).collect();
        let is_server = args.first().is_some_and(|program| program.ends_with("kube-apiserver"));
        if is_server && args.iter().any(|arg| arg.contains(wanted)) {
            return (pid, args);
        }
    }
    panic!("no API server works in {wanted}");
}

/// A server that is ended with this value.
struct Again(Child);

impl Drop for Again {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_run_waits_for_an_api_server_that_is_gone_and_goes_on() {
    let kit = kit(&settings(80));
    let lab = Lab::without_controllers();
    add(&kit, &lab, "disposable");
    let errors = kit.sandbox.path("errors");
    let mut child = start(&kit, &replay(&kit, &["--api-qps", "20"]), &errors);
    let state = kit.sandbox.path("home/state");
    until("some objects", || {
        run_folder(&state).is_some_and(|folder| records(&folder, "done") > 10)
    });
    let (pid, args) = api_server(&lab.folder.path().join("plane"));
    signal(pid, "KILL");
    std::thread::sleep(AWAY);
    assert_eq!(child.try_wait().unwrap(), None, "it waits");
    let server = Command::new(&args[0])
        .args(&args[1..])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let _server = Again(server);
    let status = child.wait().unwrap();
    let said = std::fs::read_to_string(&errors).unwrap();
    assert_eq!(status.code(), Some(0), "{said}");
    assert!(said.contains("waiting for the API server"), "{said}");
    let folder = run_folder(&state).unwrap();
    assert_eq!((records(&folder, "failed"), records(&folder, "done")), (0, 81), "{said}");
}
