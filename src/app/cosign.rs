//! Opening everything to verify it, and the verifier's signature.
//!
//! The verifier is another machine than the job. It proves every pack against the index, rebuilds
//! every pack index, since an index is a claim of the job by which the wrong bytes could be read
//! as the right file, and refuses to sign a difference.

use std::fs::File;
use std::path::Path;

use super::extract::workspace;
use super::verify::{Report, Request};
use super::{Failure, Ports, Reader, job, sources};
use crate::bundle::open::{self, Opened, OpenedRepo, open};
use crate::bundle::port::Signature;
use crate::bundle::verify::Accepted;
use crate::disk::DiskError;
use crate::keys::{namespace, tool_signer};
use crate::mirror::{self, Compared};
use crate::model::digest::hash_reader;
use crate::model::explain::{About, Explain, Kind};
use crate::model::id::Role;
use crate::model::safe::safe;
use crate::repo::{Bare, Pack};
use crate::store::DirStore;

#[derive(Debug, thiserror::Error)]
enum CosignError {
    #[error("the key {0} is not trusted for the role verifier")]
    Untrusted(String),
    #[error("the index of {pack} in {repo} is not the one its pack gives")]
    FalseIndex { repo: String, pack: String },
    #[error("not everything in the bundle holds: {0}")]
    Incomplete(String),
}

static UNTRUSTED: About = About {
    code: "B1720",
    kind: Kind::Usage,
    meaning: "Only keys that the trust file names for the role verifier can co-sign.",
    next: "blackstart trust add verifier KEY.pub, then trust sign",
};
static FALSE_INDEX: About = About {
    code: "B1721",
    kind: Kind::Integrity,
    meaning: "The index of a pack was rebuilt and differs from the one in the bundle. Such an index makes \
              a reader take other bytes for a file. The machine that made it may be compromised.",
    next: "do not use this snapshot; have the signing machine looked at",
};
static INCOMPLETE: About = About {
    code: "B1722",
    kind: Kind::Integrity,
    meaning: "The verifier signs only what it could open and prove as a whole.",
    next: "see the problems above; try another copy of the store",
};

/// Codes of this file.
pub(super) static CODES: &[&About] = &[&UNTRUSTED, &FALSE_INDEX, &INCOMPLETE];

impl Explain for CosignError {
    fn about(&self) -> &'static About {
        match self {
            Self::Untrusted(_) => &UNTRUSTED,
            Self::FalseIndex { .. } => &FALSE_INDEX,
            Self::Incomplete(_) => &INCOMPLETE,
        }
    }
}

/// Opens all repositories; adds the verifier's signature where a key was named.
pub(super) fn open_and_sign(
    reader: &Reader,
    accepted: &Accepted,
    request: &Request,
    ports: &Ports<'_>,
    report: &mut Report,
) -> Result<(), Failure> {
    let workspace = workspace(ports.environment, reader.state.as_deref())?;
    let recipient = &accepted.verified().manifest().epoch_recipient;
    let terms = open::Terms {
        trusted: &reader.trusted,
        identities: &ports.unlocked.load(&request.identities, recipient, ports.prompt)?,
        other_seals: reader.other_seals(accepted.verified().manifest().epoch)?,
        workspace: &workspace,
        wanted: &|_| true,
        observer: ports.observer,
        cancel: ports.cancel,
    };
    let opened = open(accepted, &reader.parts(), &terms)?;
    report.repos_opened = Some(opened.repos().len());
    let left_out =
        opened.left_out().iter().map(|missing| format!("{}: {}", safe(&missing.name), missing.why));
    report.problems.extend(left_out);
    if (request.full || request.cosign.is_some()) && !report.is_red() {
        prove(&opened, ports, report)?;
        report.indexes_rebuilt = true;
    }
    let Some(key) = &request.cosign else { return Ok(()) };
    if report.is_red() {
        return Err(CosignError::Incomplete(report.problems.join("; ")).into());
    }
    compare(reader, &opened, ports, report)?;
    report.cosigned =
        Some(sign(reader, accepted, &ports.environment.current_dir.join(key), ports)?);
    Ok(())
}

/// Rebuilds every index and notes what a strict check of every object finds.
fn prove(opened: &Opened, ports: &Ports<'_>, report: &mut Report) -> Result<(), Failure> {
    for repo in opened.repos() {
        let bare = Bare::open(&repo.path)?;
        for pack in bare.packs()? {
            ports.cancel.check()?;
            prove_index(&bare, repo, &pack, ports)?;
        }
        let findings = bare.check(ports.cancel)?;
        report
            .findings
            .extend(findings.iter().map(|finding| format!("{}: {finding}", safe(&repo.name))));
    }
    Ok(())
}

fn prove_index(
    bare: &Bare,
    repo: &OpenedRepo,
    pack: &Pack,
    ports: &Ports<'_>,
) -> Result<(), Failure> {
    let index = File::open(&pack.index).and_then(hash_reader);
    let (found, _) = index.map_err(DiskError::at("read", &pack.index))?;
    if bare.rebuilt_index(pack, ports.cancel)? == found {
        return Ok(());
    }
    Err(CosignError::FalseIndex { repo: safe(&repo.name), pack: pack.stem.clone() }.into())
}

/// Compares the refs with their sources where a kit says how to ask them. Differences are noted:
/// a source may have moved on since, and may be what is down.
fn compare(
    reader: &Reader,
    opened: &Opened,
    ports: &Ports<'_>,
    report: &mut Report,
) -> Result<(), Failure> {
    let (Some(kit), Some(state)) = (&reader.kit, &reader.state) else { return Ok(()) };
    let specs = sources::expand(kit, state)?;
    let mut held = Vec::new();
    for repo in opened.repos() {
        if let Some(spec) = specs.iter().find(|spec| spec.name == repo.name) {
            held.push((spec, Bare::open(&repo.path)?.refs()?));
        }
    }
    let held: Vec<_> = held.iter().map(|(spec, refs)| (*spec, refs)).collect();
    let options = job::mirror_options(kit, state, ports.environment);
    let Ports { tools, clock, observer, cancel, .. } = *ports;
    let compared = mirror::compare(&held, &options, tools, clock, observer, cancel);
    for ((spec, _), compared) in held.iter().zip(compared) {
        let name = safe(&spec.name);
        report.findings.extend(match compared {
            Compared::Equal => None,
            Compared::Differs(refs) => {
                Some(format!("{name}: at the source now, refs that differ: {refs}"))
            }
            Compared::Unreachable(fault) => {
                Some(format!("{name}: its source was not asked: {fault}"))
            }
        });
    }
    Ok(())
}

/// Signs the manifest's bytes and adds the signature to every store folder.
fn sign(
    reader: &Reader,
    accepted: &Accepted,
    key: &Path,
    ports: &Ports<'_>,
) -> Result<String, Failure> {
    let agent = job::agent_environment(ports.environment);
    let signer = tool_signer::load(key, ports.tools, &agent, ports.prompt, ports.cancel)?;
    let role = Role::verifier();
    if !reader.trusted.file().signers_of(&role).any(|line| line.key == *signer.public()) {
        return Err(CosignError::Untrusted(signer.public().fingerprint()).into());
    }
    let raw = reader.raw(accepted.verified())?;
    let pem = signer.sign(namespace::SNAPSHOT, &raw.manifest)?;
    let signature = Signature { role, key: signer.public().short(), pem };
    let card =
        crate::bundle::card::travelling(&reader.trusted, accepted.verified().manifest().epoch);
    for source in &reader.sources {
        if let Ok(store) = DirStore::open(Path::new(&source.place())) {
            store.add_signature(raw.seq, &signature)?;
            store.refresh(&card)?;
        }
    }
    Ok(signer.public().fingerprint())
}
