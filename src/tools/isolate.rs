//! How a child is cut off from the network here: util-linux `unshare`, as root or in a user
//! namespace. Other systems have no such means, and then the run says so.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use super::find::Tools;
use crate::model::cancel::Cancel;

/// A way that was tried and works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Isolation {
    unshare: PathBuf,
    flags: &'static [&'static str],
}

/// Ways, most natural first. Without root a network namespace needs a user namespace.
const WAYS: &[&[&str]] =
    &[&["--net"], &["--map-current-user", "--net"], &["--map-root-user", "--net"]];

impl Isolation {
    /// Returns the program and its first arguments, to stand before the child's own.
    pub(super) fn wrap(&self, program: PathBuf) -> (PathBuf, Vec<OsString>) {
        let mut args: Vec<OsString> = self.flags.iter().map(OsString::from).collect();
        args.push("--".into());
        args.push(program.into());
        (self.unshare.clone(), args)
    }
}

/// Tries each way once with a child that does nothing.
pub(super) fn probe(tools: &Tools) -> Option<Isolation> {
    let unshare = tools.find("unshare")?;
    let works = |flags: &&&[&str]| {
        tools
            .command_at(&unshare)
            .args(flags.iter())
            .arg("--")
            .arg(&unshare)
            .arg("--version")
            .timeout(Duration::from_secs(5))
            .run(&Cancel::new())
            .is_ok_and(|output| output.status.success())
    };
    WAYS.iter().find(works).map(|flags| Isolation { unshare: unshare.clone(), flags })
}
