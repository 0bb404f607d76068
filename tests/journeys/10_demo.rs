//! The demo is the first thing that people run. It must do what it says on a bare machine too.

use crate::support::component;
use crate::support::sandbox::{Ran, Sandbox, finish};

fn demo(sandbox: &Sandbox, path: &std::ffi::OsStr) -> Ran {
    let mut command = sandbox.program(env!("CARGO_BIN_EXE_blackstart"));
    command.arg("demo").env("PATH", path);
    finish(&mut command)
}

#[test]
fn the_demo_ends_on_a_real_control_plane() {
    let sandbox = Sandbox::new();
    let ran = demo(&sandbox, &component::search_path()).ok();
    for told in ["snapshot 1", "snapshot 2", "Git server", "kube-apiserver"] {
        assert!(ran.stdout.contains(told), "{told:?} is not in {ran}");
    }
}

/// With git and nothing else it shows less, says what is missing, and still succeeds.
#[test]
fn with_git_alone_the_demo_replays_into_a_directory() {
    let sandbox = Sandbox::new();
    let bin = sandbox.path("bin");
    std::fs::create_dir(&bin).unwrap();
    std::os::unix::fs::symlink(component::find("git"), bin.join("git")).unwrap();
    let ran = demo(&sandbox, bin.as_os_str()).ok();
    for told in ["kustomize", "kube-apiserver", "dir:"] {
        assert!(ran.stdout.contains(told), "{told:?} is not in {ran}");
    }
}
