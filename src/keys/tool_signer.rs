//! Signing through `ssh-keygen -Y sign`: keys in an agent, in hardware, and RSA keys.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::KeysError;
use super::prompt::Prompt;
use super::public_key::PublicKey;
use super::signature::{MAX_PEM, verify};
use super::signer::{FileSigner, Signer};
use crate::disk::limit;
use crate::model::cancel::Cancel;
use crate::tools::{Command, Terminal, Tools};

/// How long a person may take to touch a key or type a PIN.
const PATIENCE: Duration = Duration::from_mins(2);
const MAX_FILE: u64 = 64 << 10;

/// What `ssh-keygen` needs to know of the surroundings.
#[derive(Clone, Debug, Default)]
pub struct AgentEnvironment {
    /// The agent's socket: the value of `SSH_AUTH_SOCK`.
    pub socket: Option<OsString>,
    /// Further variables to pass on, such as `HOME`, `DISPLAY`, `SSH_ASKPASS`,
    /// `SSH_SK_PROVIDER`.
    pub others: Vec<(OsString, OsString)>,
}

/// A key that signs through `ssh-keygen`.
pub struct ToolSigner {
    tools: Tools,
    environment: AgentEnvironment,
    cancel: Cancel,
    /// The private key, or for an agent's key the public one.
    file: PathBuf,
    in_agent: bool,
    public: PublicKey,
}

impl ToolSigner {
    /// Takes a key that the agent holds, named by its public key file.
    pub fn agent(
        public_file: &Path,
        tools: &Tools,
        environment: &AgentEnvironment,
        cancel: &Cancel,
    ) -> Result<Self, KeysError> {
        let signer = Self::new(public_file, public_file, true, tools, environment, cancel)?;
        if environment.socket.is_some() {
            return Ok(signer);
        }
        Err(KeysError::BadSigner {
            path: public_file.to_owned(),
            why: "this is a public key and no ssh-agent is running that could hold its other half"
                .to_owned(),
        })
    }

    /// Takes a private key file that `ssh-keygen` can use; its public key lies beside it.
    pub fn file(
        private_file: &Path,
        tools: &Tools,
        environment: &AgentEnvironment,
        cancel: &Cancel,
    ) -> Result<Self, KeysError> {
        let mut public_file = private_file.as_os_str().to_owned();
        public_file.push(".pub");
        Self::new(private_file, Path::new(&public_file), false, tools, environment, cancel)
    }

    fn new(
        file: &Path,
        public_file: &Path,
        in_agent: bool,
        tools: &Tools,
        environment: &AgentEnvironment,
        cancel: &Cancel,
    ) -> Result<Self, KeysError> {
        let line = limit::read(public_file, MAX_FILE)?;
        let public = PublicKey::parse(&String::from_utf8_lossy(&line))?;
        let (tools, environment) = (tools.clone(), environment.clone());
        let cancel = cancel.clone();
        Ok(Self { tools, environment, cancel, file: file.to_owned(), in_agent, public })
    }

    fn command(&self, namespace: &str) -> Result<Command, KeysError> {
        let mut command = self
            .tools
            .command("ssh-keygen")?
            .args(["-Y", "sign", "-q", "-n", namespace])
            .arg("-f")
            .arg(&self.file)
            .timeout(PATIENCE)
            .max_output(MAX_PEM as u64);
        if self.in_agent {
            command = command.arg("-U");
        } else {
            command = command.terminal(Terminal::Shared);
        }
        if let Some(socket) = &self.environment.socket {
            command = command.env("SSH_AUTH_SOCK", socket);
        }
        Ok(self
            .environment
            .others
            .iter()
            .fold(command, |command, (name, value)| command.env(name, value)))
    }
}

impl Signer for ToolSigner {
    fn public(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, namespace: &str, message: &[u8]) -> Result<Vec<u8>, KeysError> {
        let bad = |why: String| KeysError::BadSigner { path: self.file.clone(), why };
        let output = self.command(namespace)?.stdin(message).run(&self.cancel)?;
        if !output.status.success() {
            return Err(bad(format!("ssh-keygen said: {}", output.said())));
        }
        // A program outside made this, so it is checked like a signature from outside.
        verify(&self.public, namespace, message, &output.stdout)
            .map_err(|error| bad(error.to_string()))?;
        Ok(output.stdout)
    }
}

impl fmt::Debug for ToolSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ToolSigner({})", self.public.fingerprint())
    }
}

/// Loads whatever a person may name as a signer: a private key file, or the public key of a key
/// that the agent holds.
pub fn load(
    path: &Path,
    tools: &Tools,
    environment: &AgentEnvironment,
    prompt: &dyn Prompt,
    cancel: &Cancel,
) -> Result<Box<dyn Signer>, KeysError> {
    let text = zeroize::Zeroizing::new(limit::read(path, MAX_FILE)?);
    if !text.starts_with(b"-----BEGIN ") {
        return Ok(Box::new(ToolSigner::agent(path, tools, environment, cancel)?));
    }
    match FileSigner::load(path, prompt) {
        Ok(signer) => Ok(Box::new(signer)),
        // RSA and hardware keys, and old formats: ssh-keygen knows them, if the public key is there.
        Err(KeysError::BadSigner { path: named, why }) => {
            match ToolSigner::file(path, tools, environment, cancel) {
                Ok(signer) => Ok(Box::new(signer)),
                Err(_) => Err(KeysError::BadSigner { path: named, why }),
            }
        }
        Err(other) => Err(other),
    }
}
