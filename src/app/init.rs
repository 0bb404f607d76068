//! `init`: a kit, from nothing to ready for its first snapshot.
//!
//! Everything is made in memory, then it is checked that nothing is in the way, then it is written,
//! the configuration last: a folder without it is no kit. Nothing is ever replaced.

use std::path::{Path, PathBuf};

use serde::Serialize;
use zeroize::Zeroizing;

use super::ceremony::{
    self, CARD, CeremonyError, NewIdentity, OpenerList, OpenersRequest, RootSigner, SealedEpoch,
};
use super::{FORMAT_VERSION, Failure, Ports};
use crate::config;
use crate::disk::{atomic, folder, limit};
use crate::keys::epoch::EpochKey;
use crate::keys::namespace;
use crate::keys::prompt::NoPrompt;
use crate::keys::public_key::PublicKey;
use crate::keys::signer::{FileSigner, Signer};
use crate::keys::trust::{Epoch, RootKey, SignerLine, TrustFile, TrustRoot, establish};
use crate::model::digest::Digest;
use crate::model::id::{Role, StreamId};

/// The runbooks that ship with the program.
const RUNBOOKS: &[(&str, &str)] =
    &[("git-host-outage.md", include_str!("../../runbooks/git-host-outage.md"))];

/// What Git must not get to see.
const GITIGNORE: &str = "\
# Private keys. keys/job stays on the machine that takes snapshots; keys/root leaves this machine.
/keys/job
/keys/root
# Bundles have their own ways to other places: further stores, blackstart export.
/bundles/
# The program, where it is copied into the kit.
/blackstart
/.state/
.tmp-*
";

/// What to make.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The kit's folder, which may exist.
    pub folder: PathBuf,
    /// Who opens.
    pub openers: OpenersRequest,
    /// An existing key that signs snapshots, instead of a new one.
    pub signer: Option<PathBuf>,
    /// An existing root key, instead of a new one.
    pub root: Option<PathBuf>,
    /// The stream's name; a random one when absent.
    pub stream: Option<StreamId>,
}

/// The report.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The version of this shape.
    pub format_version: u32,
    /// The kit.
    pub folder: PathBuf,
    /// The stream.
    pub stream: StreamId,
    /// What to put on paper: the sha256 of the first version of the trust file.
    pub trust_root: Digest,
    /// The public half of the epoch key.
    pub recipient: String,
    /// How many openers it takes.
    pub policy: String,
    /// What was written, as seen from the kit.
    pub files: Vec<String>,
    /// What a person should know.
    pub remarks: Vec<String>,
    /// What to do next, in order.
    pub next: Vec<String>,
}

/// A file to write, with its mode. Zeroized, since some are secret.
struct NewFile {
    path: PathBuf,
    bytes: Zeroizing<Vec<u8>>,
    mode: u32,
}

/// A signing key for the kit: its public half, a new private half, and what signs with it if it can
/// sign from here.
struct Key {
    public: PublicKey,
    new: Option<Zeroizing<String>>,
    signer: Option<Box<dyn Signer>>,
}

/// Makes the kit.
pub fn run(request: &Request, ports: &Ports<'_>) -> Result<Report, Failure> {
    let kit = ports.environment.current_dir.join(&request.folder);
    let (openers, identity) = request.openers.resolve(ports)?;
    let stream = request.stream.clone().map_or_else(random_stream, Ok)?;
    let job = signing_key(request.signer.as_deref(), "job", &stream, ports)?;
    let mut root = signing_key(request.root.as_deref(), "root", &stream, ports)?;
    let root_signer = root_signer(&mut root);

    let key = EpochKey::generate(1);
    let trust = first_trust(&stream, &job, &root, &key, &openers);
    let epoch = SealedEpoch::make(&stream, &key, 1, openers)?;
    let trust_root = Digest::of(trust.render().as_bytes());

    let mut files = Vec::new();
    key_files(&mut files, "job", &job);
    key_files(&mut files, "root", &root);
    trust_files(&mut files, &trust, root_signer.as_ref())?;
    epoch_files(&mut files, &epoch, root_signer.as_ref(), &trust)?;
    text_files(&mut files, &trust, &epoch.openers)?;
    let signer = configured_signer(request, ports);
    let configuration = configuration(&stream, trust_root, signer.as_deref());
    push(&mut files, config::FILE_NAME, configuration.into_bytes(), 0o644);

    refuse_to_overwrite(&kit, &files, identity.as_ref())?;
    write(&kit, &files, identity.as_ref())?;

    Ok(Report {
        format_version: FORMAT_VERSION,
        remarks: remarks(request, &epoch.openers, root_signer.is_some()),
        next: next(request, &kit, trust_root, root_signer.is_some()),
        folder: kit,
        stream,
        trust_root,
        recipient: key.recipient(),
        policy: epoch.openers.policy.to_string(),
        files: files.iter().map(|file| file.path.display().to_string()).collect(),
    })
}

fn random_stream() -> Result<StreamId, Failure> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(|error| CeremonyError::BadChange {
        why: format!("the system gives no randomness: {error}"),
    })?;
    // Not the company's name: a stream's name stands in the clear.
    format!("s-{:016x}", u64::from_ne_bytes(random))
        .parse()
        .map_err(|_| CeremonyError::BadChange { why: "not a stream".to_owned() }.into())
}

/// Takes the public half of the key named, or makes a new key.
fn signing_key(
    named: Option<&Path>,
    role: &str,
    stream: &StreamId,
    ports: &Ports<'_>,
) -> Result<Key, Failure> {
    let Some(path) = named else {
        let text = FileSigner::generate(&format!("{role}@{stream}"))?;
        let signer = FileSigner::from_text(&text, &NoPrompt)?;
        let public = signer.public().clone();
        return Ok(Key { public, new: Some(text), signer: Some(Box::new(signer)) });
    };
    let path = ports.environment.current_dir.join(path);
    let text = Zeroizing::new(limit::read(&path, 64 << 10)?);
    if text.starts_with(b"-----BEGIN ") {
        let signer = ceremony::load_signer(&path, ports)?;
        return Ok(Key { public: signer.public().clone(), new: None, signer: Some(signer) });
    }
    let public = PublicKey::parse(&String::from_utf8_lossy(&text))?;
    // A public key whose other half is elsewhere is fine: it signs there.
    Ok(Key { public, new: None, signer: ceremony::load_signer(&path, ports).ok() })
}

/// Returns what signs as root now, if it can sign from here.
fn root_signer(root: &mut Key) -> Option<RootSigner> {
    let signer = root.signer.take()?;
    let can_sign = signer.sign(namespace::TRUST, b"can this key sign from here?").is_ok();
    can_sign.then(|| RootSigner::of(signer))
}

fn first_trust(
    stream: &StreamId,
    job: &Key,
    root: &Key,
    key: &EpochKey,
    openers: &OpenerList,
) -> TrustFile {
    let job_line = SignerLine {
        role: Role::job(),
        namespaces: vec![namespace::SNAPSHOT.to_owned()],
        after: None,
        before: None,
        key: job.public.clone(),
    };
    TrustFile {
        version: 1,
        stream: stream.clone(),
        expires: None,
        accept: vec![Role::job()],
        root_threshold: 1,
        roots: vec![RootKey { name: "root1".to_owned(), key: root.public.clone() }],
        epochs: vec![Epoch { number: 1, recipient: key.recipient() }],
        solo_openers: openers.solo.iter().map(|(role, _)| role.clone()).collect(),
        revoked: Vec::new(),
        tools: Vec::new(),
        signers: vec![job_line],
    }
}

fn push(files: &mut Vec<NewFile>, path: impl Into<PathBuf>, bytes: Vec<u8>, mode: u32) {
    files.push(NewFile { path: path.into(), bytes: Zeroizing::new(bytes), mode });
}

fn key_files(files: &mut Vec<NewFile>, name: &str, key: &Key) {
    if let Some(private) = &key.new {
        push(files, format!("keys/{name}"), private.as_bytes().to_vec(), 0o600);
    }
    push(files, format!("keys/{name}.pub"), format!("{}\n", key.public).into_bytes(), 0o644);
}

fn trust_files(
    files: &mut Vec<NewFile>,
    trust: &TrustFile,
    root: Option<&RootSigner>,
) -> Result<(), Failure> {
    for (name, bytes) in ceremony::write_version(trust, root)? {
        push(files, format!("trust/{:010}/{name}", trust.version), bytes, 0o644);
    }
    Ok(())
}

fn epoch_files(
    files: &mut Vec<NewFile>,
    epoch: &SealedEpoch,
    root: Option<&RootSigner>,
    trust: &TrustFile,
) -> Result<(), Failure> {
    for (name, bytes) in epoch.files(root, trust)? {
        push(files, format!("keys/epoch-0001/{name}"), bytes, 0o644);
    }
    push(files, "keys/epoch-0001.openers", epoch.openers.to_string().into_bytes(), 0o644);
    Ok(())
}

fn text_files(
    files: &mut Vec<NewFile>,
    trust: &TrustFile,
    openers: &OpenerList,
) -> Result<(), Failure> {
    // The file is trusted here because it was made here a moment ago.
    let trusted = establish(&TrustRoot::File(trust.render().into_bytes()), &[])?;
    push(files, CARD, ceremony::card(&trusted, 1, openers).into_bytes(), 0o644);
    push(files, ".gitignore", GITIGNORE.as_bytes().to_vec(), 0o644);
    for (name, text) in RUNBOOKS {
        push(files, format!("runbooks/{name}"), text.as_bytes().to_vec(), 0o644);
    }
    Ok(())
}

/// Returns what `signer` in the configuration must say; `None` where the default is right.
fn configured_signer(request: &Request, ports: &Ports<'_>) -> Option<String> {
    let path = request.signer.as_ref()?;
    if path.extension().is_some_and(|extension| extension == "pub") {
        return Some("keys/job.pub".to_owned());
    }
    Some(ports.environment.current_dir.join(path).to_string_lossy().into_owned())
}

fn configuration(stream: &StreamId, trust_root: Digest, signer: Option<&str>) -> String {
    let text = config::TEMPLATE
        .replace("{stream}", stream.as_str())
        .replace("{trust-root}", &trust_root.to_string());
    match signer {
        None => text.replace("{signer}", "keys/job"),
        Some(signer) => {
            let value = toml::Value::String(signer.to_owned()).to_string();
            text.replace("# signer = \"{signer}\"", &format!("signer = {value}"))
        }
    }
}

fn refuse_to_overwrite(
    kit: &Path,
    files: &[NewFile],
    identity: Option<&NewIdentity>,
) -> Result<(), Failure> {
    let ours = files.iter().map(|file| kit.join(&file.path));
    let theirs = identity.map(|identity| identity.path.clone());
    for path in ours.chain(theirs) {
        // A dangling link is something as well.
        if path.symlink_metadata().is_ok() {
            return Err(CeremonyError::WouldOverwrite { path }.into());
        }
    }
    Ok(())
}

fn write(kit: &Path, files: &[NewFile], identity: Option<&NewIdentity>) -> Result<(), Failure> {
    folder::create(kit, 0o755)?;
    folder::create(&kit.join("bundles"), 0o755)?;
    folder::create(&kit.join("keys"), 0o700)?;
    if let Some(identity) = identity {
        identity.write()?;
    }
    for file in files {
        let path = kit.join(&file.path);
        if let Some(parent) = path.parent() {
            folder::create(parent, 0o755)?;
        }
        atomic::write_new(&path, &file.bytes, file.mode)?;
    }
    Ok(())
}

fn remarks(request: &Request, openers: &OpenerList, signed: bool) -> Vec<String> {
    let mut remarks = Vec::new();
    let tagged = openers.tagged();
    if !tagged.is_empty() {
        let numbers: Vec<_> = tagged.iter().map(|number| format!("c{number}")).collect();
        remarks.push(format!(
            "the seals of {} are to SSH keys: they name the key by a 4-byte tag, so whoever knows \
             a person's public key can tell that this person opens; seals to age1… keys tell nothing",
            numbers.join(", ")
        ));
    }
    if openers.people.len() == 1 {
        remarks.push(
            "there is one opener: if that key is lost, every bundle is lost; seal to a second \
             person or to a key on paper (blackstart keys seal)"
                .to_owned(),
        );
    }
    if request.root.is_none() {
        remarks.push(
            "keys/root lies on this machine: until it leaves, whoever takes the machine can change \
             who is trusted"
                .to_owned(),
        );
    }
    if !signed {
        remarks.push(
            "the trust file and the seals are not signed yet: no snapshot counts before".to_owned(),
        );
    }
    remarks
}

fn next(request: &Request, kit: &Path, trust_root: Digest, signed: bool) -> Vec<String> {
    let mut next = Vec::new();
    let config = kit.join(config::FILE_NAME);
    let config = config.display();
    if !signed {
        next.push(format!(
            "sign with the root key, where it is: blackstart trust sign --config {config} --key ROOTKEY"
        ));
    }
    if request.root.is_none() {
        next.push(format!(
            "move the root key offline, to two places: {}; nothing needs it until trust changes",
            kit.join("keys/root").display()
        ));
    }
    next.push(format!(
        "print {} and keep it away from this machine; its trust root is {trust_root}",
        kit.join(CARD).display()
    ));
    next.push(format!(
        "let each opener prove the key: blackstart keys prove --config {config} --identity FILE"
    ));
    next.push(format!("say what to mirror: append [[source]] blocks to {config}"));
    next.push(format!("take the first snapshot: blackstart snapshot --config {config}"));
    next.push(format!("copy the program into {}, so that ./blackstart is there", kit.display()));
    next
}
