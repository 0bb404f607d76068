//! `trust add`: a signer in a role, or a root key.

use std::path::PathBuf;

use super::{Change, finish};
use crate::app::ceremony::{CeremonyError, Draft, RootSigner};
use crate::app::{Failure, Kit, Ports};
use crate::disk::limit;
use crate::keys::namespace;
use crate::keys::public_key::PublicKey;
use crate::keys::trust::{Moment, RootKey, SignerLine};
use crate::model::id::Role;

/// The word that stands for root keys where a role is expected.
pub const ROOT: &str = "root";

/// What to add.
#[derive(Clone, Debug)]
pub struct Request {
    /// The configuration file.
    pub config: Option<PathBuf>,
    /// `job`, `verifier` or another role; `root` for a root key.
    pub role: Role,
    /// The public key, or a file that holds it.
    pub public: String,
    /// From when on the key counts.
    pub after: Option<Moment>,
    /// Until when.
    pub before: Option<Moment>,
    /// Whether from now on every snapshot needs a signature in this role.
    pub require: bool,
    /// For a root key: how many root keys must sign from now on.
    pub threshold: Option<usize>,
    /// A root key that signs the change; `keys/root` of the kit when absent.
    pub key: Option<PathBuf>,
}

/// Prepares the change.
pub fn run(request: &Request, ports: &Ports<'_>) -> Result<Change, Failure> {
    let kit = Kit::find(request.config.as_deref(), ports.environment)?;
    let root = RootSigner::find(request.key.as_deref(), kit.folder(), ports)?;
    let public = public_key(&request.public, ports)?;
    let mut draft = Draft::begin(&kit)?;
    if request.role.as_str() == ROOT {
        add_root(&mut draft, public, request.threshold);
    } else {
        add_signer(&mut draft, public, request)?;
    }
    finish(&kit, &draft, root.as_ref(), ports)
}

fn public_key(text: &str, ports: &Ports<'_>) -> Result<PublicKey, Failure> {
    let path = ports.environment.current_dir.join(text);
    if !path.is_file() {
        return Ok(PublicKey::parse(text)?);
    }
    let bytes = limit::read(&path, 64 << 10)?;
    Ok(PublicKey::parse(&String::from_utf8_lossy(&bytes))?)
}

fn add_root(draft: &mut Draft, key: PublicKey, threshold: Option<usize>) {
    let taken = |name: &String| draft.file.roots.iter().any(|root| root.name == *name);
    let names = (1..).map(|number: u32| format!("root{number}"));
    let name = names.into_iter().find(|name| !taken(name)).unwrap_or_default();
    let prepared = draft.file.roots.iter().any(|root| root.key == key);
    if !prepared || draft.trusted.file().roots.iter().any(|root| root.key == key) {
        draft.file.roots.push(RootKey { name, key });
    }
    draft.file.root_threshold = threshold.unwrap_or(draft.file.root_threshold);
}

fn add_signer(draft: &mut Draft, key: PublicKey, request: &Request) -> Result<(), Failure> {
    if let Some(revoked) = draft.file.revocation(&key.fingerprint()) {
        let why = format!("{} is revoked", revoked.fingerprint);
        return Err(CeremonyError::BadChange { why }.into());
    }
    let line = SignerLine {
        role: request.role.clone(),
        namespaces: vec![namespace::SNAPSHOT.to_owned()],
        after: request.after,
        before: request.before,
        key,
    };
    // A run that was interrupted after the draft and before its signature is made whole by the same
    // command again. What is in force already is refused as a repetition, unless the role of a key that
    // stands there is to be required from now on.
    let prepared = draft.file.signers.contains(&line);
    let stands = draft.trusted.file().signers.contains(&line);
    let more = request.require && !draft.trusted.file().accept.contains(&request.role);
    if !prepared || stands && !more {
        draft.file.signers.push(line);
    }
    if request.require {
        super::require::require(draft, &request.role)?;
    }
    Ok(())
}
