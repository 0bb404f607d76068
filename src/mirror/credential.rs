//! Getting in over http: a token from a file or a program, or the user's Git credential helper.
//!
//! Promise: a secret is never in an argument, an environment, a URL, a log or an error, and never
//! goes over plain http to another machine. A token without a user is sent for the user `oauth2`,
//! which every forge we know accepts; where it does not, write `user:token`.

use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use zeroize::Zeroizing;

use crate::disk::limit;
use crate::model::cancel::Cancel;
use crate::source::{Credential, Location};
use crate::tools::{Command, Tools};

use super::fault::Trouble;
use super::options::Environment;
use super::probe::Step;

/// A file with a token is no larger than this.
const LIMIT: u64 = 64 << 10;
/// A helper may ask an agent or a service, but not for ever.
const PATIENCE: Duration = Duration::from_secs(30);

/// The value of an `Authorization` header.
pub(super) type Secret = Zeroizing<String>;

/// Returns what is sent without being asked for: a configured token.
pub(super) fn configured(
    credential: &Credential,
    location: &Location,
    tools: &Tools,
    environment: &Environment,
    cancel: &Cancel,
) -> Result<Option<Secret>, Trouble> {
    let line = match credential {
        Credential::Default => return Ok(None),
        Credential::TokenFile(path) => from_file(path)?,
        Credential::TokenCommand(command) => from_command(command, tools, environment, cancel)?,
    };
    refuse_clear_text(location)?;
    let (user, token) = line.split_once(':').unwrap_or(("oauth2", &line));
    Ok(Some(basic(user, token)))
}

fn from_file(path: &Path) -> Result<Secret, Trouble> {
    let bytes = limit::read(path, LIMIT)
        .map_err(|error| Trouble::yours(format!("the token file: {error}")).at(Step::Login))?;
    let bytes = Zeroizing::new(bytes);
    first_line(&bytes)
        .ok_or_else(|| Trouble::yours("the token file has no first line").at(Step::Login))
}

fn from_command(
    command: &[String],
    tools: &Tools,
    environment: &Environment,
    cancel: &Cancel,
) -> Result<Secret, Trouble> {
    let failed = |why: String| Trouble::yours(format!("the token command: {why}")).at(Step::Login);
    let (name, args) = command.split_first().ok_or_else(|| failed("it is empty".to_owned()))?;
    let program = if name.starts_with('/') {
        tools.command_at(name)
    } else {
        tools.command(name).map_err(|error| failed(error.to_string()))?
    };
    let output = with_home(program.args(args), environment)
        .timeout(PATIENCE)
        .max_output(LIMIT)
        .run(cancel)
        .and_then(crate::tools::Output::success)
        .map_err(|error| failed(error.to_string()))?;
    let bytes = Zeroizing::new(output.stdout);
    first_line(&bytes).ok_or_else(|| failed("it printed nothing".to_owned()))
}

/// Asks the user's Git credential helper, without a prompt.
pub(super) fn from_helper(
    location: &Location,
    tools: &Tools,
    environment: &Environment,
    cancel: &Cancel,
) -> Result<Secret, Trouble> {
    let asks =
        |why: &str| Trouble::yours(format!("it asks for a credential, and {why}")).at(Step::Login);
    refuse_clear_text(location)?;
    let Ok(git) = tools.command("git") else {
        return Err(asks("git, whose credential helper could be asked, is not installed"));
    };
    let url = location.to_string();
    let (scheme, rest) = url.split_once("://").unwrap_or(("https", &url));
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let asked = format!("protocol={scheme}\nhost={host}\npath={path}\n\n");
    let output = with_home(git.args(["credential", "fill"]), environment)
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_ASKPASS", "")
        .env("SSH_ASKPASS", "")
        .stdin(asked)
        .timeout(PATIENCE)
        .max_output(LIMIT)
        .run(cancel)
        .and_then(crate::tools::Output::success)
        .map_err(|_| asks("none is configured and git's credential helper has none"))?;
    let bytes = Zeroizing::new(output.stdout);
    let text = std::str::from_utf8(&bytes).map_err(|_| asks("the helper's answer is no text"))?;
    let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    match (value("username"), value("password")) {
        (Some(user), Some(password)) => Ok(basic(user, password)),
        _ => Err(asks("git's credential helper has none")),
    }
}

fn with_home(command: Command, environment: &Environment) -> Command {
    match &environment.home {
        Some(home) => command.env("HOME", home),
        None => command,
    }
}

fn refuse_clear_text(location: &Location) -> Result<(), Trouble> {
    if location.is_clear_text() {
        let why = "a credential is not sent over plain http; use https";
        return Err(Trouble::yours(why).at(Step::Login));
    }
    Ok(())
}

fn first_line(bytes: &[u8]) -> Option<Secret> {
    let text = std::str::from_utf8(bytes).ok()?;
    let line = text.lines().next()?.trim();
    let plain = !line.is_empty() && !line.chars().any(char::is_control);
    plain.then(|| Zeroizing::new(line.to_owned()))
}

fn basic(user: &str, password: &str) -> Secret {
    let pair = Zeroizing::new(format!("{user}:{password}"));
    let encoded = Zeroizing::new(base64::engine::general_purpose::STANDARD.encode(pair.as_bytes()));
    Zeroizing::new(format!("Basic {}", encoded.as_str()))
}
