//! git-upload-pack over ssh or on this machine, as a child whose pipes are under watch.

use std::ffi::OsString;
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use gix::protocol::transport::Protocol;
use gix::protocol::transport::client::git::ConnectMode;
use gix::protocol::transport::client::git::blocking_io::Connection;

use crate::source::Location;
use crate::tools::{Command, Input, Talk, Tools};

use super::fault::{Trouble, explained};
use super::options::Options;
use super::watch::Watch;

/// How often limits are looked at while nothing comes.
const TICK: Duration = Duration::from_millis(50);
/// How long an ended child's last words are waited for.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Starts the far side of a conversation about the repository at `location`.
pub(super) fn connect<'a>(
    location: &Location,
    tools: &Tools,
    options: &Options,
    watch: &'a Watch<'a>,
) -> Result<Connection<Output<'a>, Input>, Trouble> {
    let command = match location {
        Location::Path(path) => local(path, tools)?,
        Location::Ssh { user, host, port, path, .. } => {
            ssh(user.as_deref(), host, *port, path, tools, options)?
        }
        Location::Web { .. } => return Err(Trouble::here("http needs no child")),
    };
    let environment = &options.environment;
    let mut command = command.env("GIT_PROTOCOL", "version=2");
    if let Some(home) = &environment.home {
        command = command.env("HOME", home);
    }
    if let Some(agent) = &environment.ssh_auth_sock {
        command = command.env("SSH_AUTH_SOCK", agent);
    }
    let mut talk = command.talk().map_err(|error| Trouble::here(error.to_string()))?;
    let input = talk.input();
    let output = Output { talk, watch, buffer: Vec::new(), at: 0, ended: false };
    let none = None::<(&str, Option<u16>)>;
    Ok(Connection::new(output, input, Protocol::V2, "", none, ConnectMode::Process, false))
}

fn local(path: &Path, tools: &Tools) -> Result<Command, Trouble> {
    if !path.exists() {
        return Err(Trouble::gone(format!("there is nothing at {}", path.display())));
    }
    let command = match tools.command("git-upload-pack") {
        Ok(command) => command,
        Err(_) => tools
            .command("git")
            .map_err(|_| {
                Trouble::here("reading a repository by its path needs git, which is not installed")
            })?
            .arg("upload-pack"),
    };
    let path = std::path::absolute(path).map_err(|error| Trouble::here(error.to_string()))?;
    Ok(command.arg("--").arg(path))
}

fn ssh(
    user: Option<&str>,
    host: &str,
    port: Option<u16>,
    path: &str,
    tools: &Tools,
    options: &Options,
) -> Result<Command, Trouble> {
    let mut args: Vec<OsString> = Vec::new();
    // BatchMode turns every question into a refusal, also the one about an unknown host key.
    let seconds = options.connect.as_secs().max(1);
    for option in ["BatchMode=yes", &format!("ConnectTimeout={seconds}"), "SendEnv=GIT_PROTOCOL"] {
        args.extend(["-o".into(), option.into()]);
    }
    if let Some(port) = port {
        args.extend(["-p".into(), port.to_string().into()]);
    }
    let host = user.map_or_else(|| host.to_owned(), |user| format!("{user}@{host}"));
    args.extend(["--".into(), host.into(), format!("git-upload-pack {}", quoted(path)).into()]);
    if let Some(chosen) = &options.environment.git_ssh_command {
        let mut script = chosen.clone();
        script.push(" \"$@\"");
        let shell = tools.command("sh").map_err(|error| Trouble::here(error.to_string()))?;
        return Ok(shell.arg("-c").arg(script).arg("ssh").args(args));
    }
    let ssh = tools
        .command("ssh")
        .map_err(|_| Trouble::here("an ssh location needs ssh, which is not installed"))?;
    Ok(ssh.args(args))
}

/// Quotes for a shell on the far side.
fn quoted(path: &str) -> String {
    format!("'{}'", path.replace('\'', "'\\''").replace('!', "'\\!'"))
}

/// What the far side says, under watch.
pub(super) struct Output<'a> {
    talk: Talk,
    watch: &'a Watch<'a>,
    buffer: Vec<u8>,
    at: usize,
    ended: bool,
}

impl Output<'_> {
    fn receive(&mut self) -> io::Result<()> {
        let mut silent = Duration::ZERO;
        loop {
            self.watch.check()?;
            if let Some(bytes) = self.talk.receive(TICK) {
                self.watch.took(bytes.len())?;
                (self.buffer, self.at) = (bytes, 0);
                return if self.buffer.is_empty() { self.end() } else { Ok(()) };
            }
            silent += TICK;
            if silent >= self.watch.stall {
                return Err(self.watch.fail(Trouble::theirs("it stopped sending")));
            }
        }
    }

    /// The far side closed: a success is an end, all else is a failure whose words are read.
    fn end(&mut self) -> io::Result<()> {
        self.ended = true;
        match self.talk.ended(LAST_WORDS) {
            Some(status) if status.success() => Ok(()),
            _ => {
                let said = self.talk.said();
                let trouble = explained(&said).unwrap_or_else(|| match said.as_str() {
                    "" => Trouble::theirs("the far side ended without a word"),
                    _ => Trouble::theirs(said),
                });
                Err(self.watch.fail(trouble))
            }
        }
    }
}

impl Read for Output<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.buffer.len() && !self.ended {
            self.receive()?;
        }
        let count = (&self.buffer[self.at..]).read(into)?;
        self.at += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_cannot_leave_their_quotes() {
        assert_eq!(quoted("/a b"), "'/a b'");
        assert_eq!(quoted("a'; rm -rf ~; '!"), "'a'\\''; rm -rf ~; '\\'''\\!''");
    }
}
