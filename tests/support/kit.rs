//! A kit made by the binary itself, as a person makes one.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::sandbox::{Ran, Sandbox, finish};
use super::second_reader::Reader;

/// A kit in the folder `kit` of a sandbox, sealed to one opener.
pub struct Kit {
    /// The place; commands run with the kit as their folder.
    pub sandbox: Sandbox,
    /// The opener's identity file.
    pub identity: PathBuf,
}

impl Kit {
    /// Makes one.
    pub fn new() -> Self {
        let sandbox = Sandbox::new();
        let (identity, recipient) = sandbox.identity("opener.key");
        Self::sealed_to(sandbox, identity, &recipient)
    }

    /// Makes one that opens with these words alone, typed for an SSH key.
    pub fn with_passphrase(words: &str) -> Self {
        let sandbox = Sandbox::new();
        let identity = sandbox.path("opener");
        let mut keygen = sandbox.program("ssh-keygen");
        finish(keygen.args(["-q", "-t", "ed25519", "-N", words, "-f"]).arg(&identity)).ok();
        let recipient = std::fs::read_to_string(sandbox.path("opener.pub")).unwrap();
        Self::sealed_to(sandbox, identity, recipient.trim())
    }

    fn sealed_to(sandbox: Sandbox, identity: PathBuf, recipient: &str) -> Self {
        sandbox.run(&["init", sandbox.path("kit").to_str().unwrap(), "--opener", recipient]).ok();
        Self { sandbox, identity }
    }

    /// Returns a path in the kit.
    pub fn path(&self, name: &str) -> PathBuf {
        self.sandbox.path("kit").join(name)
    }

    /// Returns the default store.
    pub fn store(&self) -> PathBuf {
        self.path("bundles")
    }

    /// Appends to the configuration.
    pub fn configure(&self, toml: &str) {
        self.sandbox.append("kit/blackstart.toml", &format!("\n{toml}\n"));
    }

    /// Appends one source with further keys.
    pub fn source(&self, name: &str, url: &str, more: &str) {
        self.configure(&format!(
            "[[source]]\nkind = \"git\"\nname = {}\nurl = {}\n{more}",
            Value::from(name),
            Value::from(url),
        ));
    }

    /// Runs the binary in the kit.
    pub fn run(&self, args: &[&str]) -> Ran {
        self.sandbox.run_in("kit", args)
    }

    /// Runs a command that opens, with the opener's identity.
    pub fn open(&self, args: &[&str]) -> Ran {
        let identity = self.identity.to_str().unwrap();
        self.run(&[args, &["--identity", identity]].concat())
    }

    /// Takes a snapshot that must be complete; returns its report.
    #[track_caller]
    pub fn snapshot(&self) -> Value {
        self.run(&["snapshot", "--json"]).ok().json()
    }

    /// Extracts the newest snapshot; returns the folder.
    #[track_caller]
    pub fn extract(&self, name: &str, more: &[&str]) -> PathBuf {
        let to = self.sandbox.path(name);
        self.open(&[&["extract", "latest", "--to", to.to_str().unwrap()], more].concat()).ok();
        to
    }

    /// Returns the stream's name.
    pub fn stream(&self) -> String {
        let text = std::fs::read_to_string(self.path("blackstart.toml")).unwrap();
        text.parse::<toml::Table>().unwrap()["stream"].as_str().unwrap().to_owned()
    }

    /// Returns the pinned fingerprint of the trust file.
    pub fn trust_root(&self) -> String {
        let text = std::fs::read_to_string(self.path("blackstart.toml")).unwrap();
        text.parse::<toml::Table>().unwrap()["trust-root"].as_str().unwrap().to_owned()
    }

    /// Opens the newest snapshot with the second reader.
    pub fn second_reader(&self, into: &str) -> super::second_reader::Opened {
        let into = self.sandbox.path(into);
        std::fs::create_dir(&into).unwrap();
        let stream = self.stream();
        let reader = Reader {
            store: &self.store(),
            allowed: &self.path("trust/0000000001/allowed_signers"),
            stream: &stream,
            roles: &["job"],
            identities: &[&self.identity],
        };
        reader.open(&into)
    }
}

/// Returns the folder of a repository below the folder `to`, as `repos.tsv` there says.
pub fn extracted(to: &Path, name: &str) -> PathBuf {
    let table = std::fs::read_to_string(to.join("repos.tsv")).unwrap();
    let line = table.lines().find(|line| line.split('\t').nth(3) == Some(name));
    let line = line.unwrap_or_else(|| panic!("{name} is not in\n{table}"));
    to.join(line.split('\t').next().unwrap())
}
