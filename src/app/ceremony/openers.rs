//! Who opens an epoch: as a command line says it, and as the kit remembers it.
//!
//! ```text
//! policy 2-of-n
//! 1 age1…
//! 2 ssh-ed25519 AAAA…
//! solo verifier age1…
//! ```
//!
//! The file stays in the kit: bundles know openers by number only.

use std::fmt;
use std::path::{Path, PathBuf};

use super::CeremonyError;
use crate::app::{Failure, Ports};
use crate::disk::{atomic, limit};
use crate::keys::KeysError;
use crate::keys::identity;
use crate::keys::recipient::{Recipient, RecipientKind};
use crate::keys::seal::{OpenPolicy, Opener};
use crate::model::id::Role;

const LARGEST: u64 = 64 << 10;

/// Openers, as a command line names them.
#[derive(Clone, Debug, Default)]
pub struct OpenersRequest {
    /// Recipients, or files that hold some, one a line.
    pub openers: Vec<String>,
    /// Where to write a new identity that a passphrase protects, which opens as well.
    pub passphrase_file: Option<PathBuf>,
    /// How many openers it takes; as before when absent, `any` where nothing was before.
    pub policy: Option<OpenPolicy>,
    /// `ROLE=RECIPIENT`: machines that open alone and unattended; `ROLE=` takes one out again.
    pub solo: Vec<String>,
}

/// A new identity, to be written with everything else.
#[derive(Clone)]
pub struct NewIdentity {
    /// Where to.
    pub path: PathBuf,
    /// Its file, protected by the passphrase.
    pub text: String,
}

impl NewIdentity {
    /// Writes it; refuses to replace.
    pub fn write(&self) -> Result<(), Failure> {
        Ok(atomic::write_new(&self.path, self.text.as_bytes(), 0o600)?)
    }
}

/// Who opens an epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenerList {
    /// How many it takes.
    pub policy: OpenPolicy,
    /// The people.
    pub people: Vec<Opener>,
    /// The machines that open alone.
    pub solo: Vec<(Role, Recipient)>,
}

impl OpenersRequest {
    /// Returns whether it names anybody.
    pub fn names_nobody(&self) -> bool {
        self.openers.is_empty() && self.passphrase_file.is_none()
    }

    /// Reads keys, asks for the passphrase, numbers the people.
    pub fn resolve(&self, ports: &Ports<'_>) -> Result<(OpenerList, Option<NewIdentity>), Failure> {
        let (people, identity) = self.people(ports)?;
        let solo = self.solo.iter().map(|text| machine(text, ports)).collect::<Result<_, _>>()?;
        let policy = self.policy.unwrap_or(OpenPolicy::Any);
        Ok((OpenerList { policy, people, solo }, identity))
    }

    /// Returns what a change begins with where nobody knows any more who opens: possible only when
    /// openers and policy are all named.
    pub fn from_nothing(&self) -> Option<OpenerList> {
        let policy = self.policy.filter(|_| !self.names_nobody())?;
        Some(OpenerList { policy, people: Vec::new(), solo: Vec::new() })
    }

    /// The same as a change of `old`: whatever is not named stays as it is. Above all the policy: to
    /// weaken it takes its name.
    pub fn change(
        &self,
        old: &OpenerList,
        ports: &Ports<'_>,
    ) -> Result<(OpenerList, Option<NewIdentity>), Failure> {
        let mut solo = old.solo.clone();
        for text in &self.solo {
            let named = match text.strip_suffix('=').map(str::parse) {
                Some(Ok(role)) => (role, None),
                _ => machine(text, ports).map(|(role, key)| (role, Some(key)))?,
            };
            solo.retain(|(role, _)| *role != named.0);
            solo.extend(named.1.map(|key| (named.0, key)));
        }
        let (people, identity) =
            if self.names_nobody() { (old.people.clone(), None) } else { self.people(ports)? };
        let policy = self.policy.unwrap_or(old.policy);
        Ok((OpenerList { policy, people, solo }, identity))
    }

    fn people(&self, ports: &Ports<'_>) -> Result<(Vec<Opener>, Option<NewIdentity>), Failure> {
        let mut recipients = Vec::new();
        for text in &self.openers {
            recipients.extend(recipients_of(text, ports)?);
        }
        let mut identity = None;
        if let Some(path) = &self.passphrase_file {
            let path = ports.environment.current_dir.join(path);
            let (made, recipient) = new_identity(&path, ports)?;
            recipients.push(recipient);
            identity = Some(made);
        }
        if recipients.is_empty() {
            return Err(CeremonyError::NoOpener.into());
        }
        let people =
            (1..).zip(recipients).map(|(number, recipient)| Opener { number, recipient }).collect();
        Ok((people, identity))
    }
}

fn recipients_of(text: &str, ports: &Ports<'_>) -> Result<Vec<Recipient>, Failure> {
    let path = ports.environment.current_dir.join(text);
    if text.starts_with("age1") || text.starts_with("ssh-") || !path.is_file() {
        return Ok(vec![Recipient::parse(text)?]);
    }
    let bytes = limit::read(&path, LARGEST)?;
    let content = String::from_utf8_lossy(&bytes);
    if content.contains("AGE-SECRET-KEY-") || content.contains("PRIVATE KEY-----") {
        return Err(private_key(text, &content).into());
    }
    let lines = content.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    Ok(lines.map(Recipient::parse).collect::<Result<_, _>>()?)
}

/// A private key where a public one is wanted: names the file and the public key that stands in it.
fn private_key(file: &str, content: &str) -> KeysError {
    let public = content.lines().find_map(|line| line.strip_prefix("# public key: "));
    let public = public.filter(|key| Recipient::parse(key).is_ok());
    let why = match public {
        Some(public) => format!("it holds a private key; name its public half: {public}"),
        None => {
            "it holds a private key; name its public half: FILE.pub, or what age-keygen -y FILE \
                 prints"
                .to_owned()
        }
    };
    KeysError::BadRecipient { text: crate::model::safe::safe(file), why }
}

fn machine(text: &str, ports: &Ports<'_>) -> Result<(Role, Recipient), Failure> {
    let bad = || KeysError::BadRecipient {
        text: crate::model::safe::safe(text),
        why: "expected ROLE=RECIPIENT, such as verifier=age1…".to_owned(),
    };
    let (role, recipient) = text.split_once('=').ok_or_else(bad)?;
    let role = role.parse().map_err(|_| bad())?;
    let mut recipients = recipients_of(recipient, ports)?;
    match (recipients.pop(), recipients.is_empty()) {
        (Some(recipient), true) => Ok((role, recipient)),
        _ => Err(bad().into()),
    }
}

fn new_identity(path: &Path, ports: &Ports<'_>) -> Result<(NewIdentity, Recipient), Failure> {
    let name = crate::model::safe::safe(path.as_os_str().as_encoded_bytes());
    let ask = |what: String| {
        let words = ports.prompt.passphrase(&what);
        words.ok_or(KeysError::NoPassphrase { what: format!("the new identity {name}") })
    };
    let words = ask(format!("the new identity {name}"))?;
    if words.expose().is_empty() {
        return Err(CeremonyError::Passphrase("must not be empty").into());
    }
    if ask(format!("the new identity {name}, once more"))?.expose() != words.expose() {
        return Err(CeremonyError::Passphrase("differ").into());
    }
    let (text, recipient) = identity::new_protected(&words)?;
    Ok((NewIdentity { path: path.to_owned(), text }, recipient))
}

impl OpenerList {
    /// Reads the kit's file.
    pub fn load(path: &Path) -> Result<Self, Failure> {
        let text = limit::read_if_there(path, LARGEST)?;
        let parsed =
            text.map_or(Err("it is missing"), |text| Self::parse(&String::from_utf8_lossy(&text)));
        parsed.map_err(|why| {
            CeremonyError::BadKitFile { path: path.to_owned(), why: why.to_owned() }.into()
        })
    }

    fn parse(text: &str) -> Result<Self, &'static str> {
        let mut lines = text.lines().filter(|line| !line.starts_with('#'));
        let policy = lines.next().and_then(|line| line.strip_prefix("policy ")?.parse().ok());
        let mut list = Self {
            policy: policy.ok_or("expected a policy first")?,
            people: Vec::new(),
            solo: Vec::new(),
        };
        for line in lines {
            let (word, rest) = line.split_once(' ').ok_or("a line that is no opener")?;
            if word == "solo" {
                let (role, key) = rest.split_once(' ').ok_or("a machine without a key")?;
                let role = role.parse().map_err(|_| "not a role's name")?;
                list.solo.push((role, key.parse().map_err(|_| "not a recipient")?));
            } else {
                let number = word.parse().map_err(|_| "an opener without a number")?;
                let recipient = rest.parse().map_err(|_| "not a recipient")?;
                list.people.push(Opener { number, recipient });
            }
        }
        Ok(list)
    }

    /// Returns what a person should know of what it replaces.
    pub fn changes(&self, old: &Self) -> Vec<String> {
        let mut told = Vec::new();
        if self.policy != old.policy {
            told.push(format!("opens with {}; before: {}", self.policy, old.policy));
        }
        let (now, before) = (self.people.len(), old.people.len());
        told.push(if self.people == old.people {
            format!("openers as before: {now}")
        } else {
            format!("openers: {now}, in place of the {before} before")
        });
        let roles = |one: &Self| one.solo.iter().map(|(role, _)| role.clone()).collect::<Vec<_>>();
        let (now, before) = (roles(self), roles(old));
        told.extend(now.iter().map(|role| format!("{role} opens alone")));
        let out = before.iter().filter(|role| !now.contains(role));
        told.extend(out.map(|role| format!("{role} does not open alone any more")));
        told
    }

    /// Returns the numbers of those openers whose seals name their key by a tag.
    pub fn tagged(&self) -> Vec<u8> {
        let ssh = self.people.iter().filter(|one| one.recipient.kind() == RecipientKind::Ssh);
        ssh.map(|one| one.number).collect()
    }
}

impl fmt::Display for OpenerList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "# Who opens this epoch. It stays in the kit: bundles know openers by number."
        )?;
        writeln!(f, "policy {}", self.policy)?;
        self.people.iter().try_for_each(|one| writeln!(f, "{} {}", one.number, one.recipient))?;
        self.solo.iter().try_for_each(|(role, key)| writeln!(f, "solo {role} {key}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kit_remembers_who_opens() {
        let key = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
        let ssh =
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN";
        let people = [(1, key), (2, ssh)];
        let list = OpenerList {
            policy: OpenPolicy::NOf { need: 2 },
            people: people
                .map(|(number, key)| Opener { number, recipient: key.parse().unwrap() })
                .to_vec(),
            solo: vec![(Role::verifier(), key.parse().unwrap())],
        };
        assert_eq!(OpenerList::parse(&list.to_string()), Ok(list.clone()));
        assert_eq!(list.tagged(), [2]);
        for bad in ["", "policy some\n", "policy any\nx y\n", "policy any\n1 z\n"] {
            assert!(OpenerList::parse(bad).is_err(), "{bad}");
        }
    }
}
