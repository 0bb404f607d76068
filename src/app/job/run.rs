//! The job itself: signer, epoch recipient, store and memory; sealing, numbering, publishing.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::{JobError, RUNNING};
use super::options::{agent_environment, mirror_options};
use crate::app::{Failure, Kit, Ports, TOOL, device, snapshot};
use crate::bundle::card;
use crate::bundle::error::BundleError;
use crate::bundle::port::{Parts as _, Signature};
use crate::bundle::seal::{self, Files, PART_LIMIT, Sealed};
use crate::bundle::trust_files::signature_files;
use crate::bundle::verify::{self, verify};
use crate::bundle::writer::WriterState;
use crate::config::Environment;
use crate::disk::{folder, lease::Lease};
use crate::keys::namespace;
use crate::keys::signer::Signer;
use crate::keys::tool_signer;
use crate::keys::trust::{TrustVersion, Trusted};
use crate::mirror;
use crate::model::clock::Timestamp;
use crate::model::digest::Digest;
use crate::model::event::Event;
use crate::model::explain::Explain as _;
use crate::model::id::{Role, Seq};
use crate::snapshot::Snapshot;
use crate::store::{DirStore, StoreError};

/// How often a snapshot tries the next number when another writer was faster.
const TRIES: usize = 8;

/// What became visible.
pub(in crate::app) struct Published {
    /// The line to post where an attacker cannot reach.
    pub witness: String,
}

/// Everything that sealing depends on beside the snapshot.
pub(in crate::app) struct Job {
    kit: Kit,
    trusted: Trusted,
    versions: Vec<TrustVersion>,
    signer: Box<dyn Signer>,
    store: DirStore,
    copies: Vec<DirStore>,
    state: PathBuf,
    environment: Environment,
    _lease: Lease,
}

impl Job {
    /// Gathers everything and waits for its turn on this machine.
    pub(in crate::app) fn prepare(kit: Kit, ports: &Ports<'_>) -> Result<Self, Failure> {
        let state = kit.state_folder(ports.environment);
        folder::create(&state, 0o700)?;
        let lease = wait_for_turn(&state, ports)?;
        let trusted = kit.trusted()?;
        let signer_path = kit.config.at(&kit.config.file.signer);
        if !signer_path.exists() {
            return Err(JobError::NoSigner(signer_path.display().to_string()).into());
        }
        let agent = agent_environment(ports.environment);
        let signer =
            tool_signer::load(&signer_path, ports.tools, &agent, ports.prompt, ports.cancel)?;
        if !trusted.file().signers_of(&Role::job()).any(|line| line.key == *signer.public()) {
            return Err(JobError::Untrusted(signer.public().fingerprint()).into());
        }
        let fingerprint = signer.public().fingerprint();
        if let Some(revoked) = trusted.file().revocation(&fingerprint) {
            return Err(JobError::Revoked(fingerprint, revoked.from).into());
        }
        let mut stores = kit
            .config
            .stores()
            .iter()
            .map(|path| DirStore::create(path))
            .collect::<Result<Vec<_>, _>>()?;
        let copies = stores.split_off(1);
        let store = stores.remove(0);
        let versions = kit.trust_versions()?;
        let environment = ports.environment.clone();
        Ok(Self {
            kit,
            trusted,
            versions,
            signer,
            store,
            copies,
            state,
            environment,
            _lease: lease,
        })
    }

    /// Returns the kit that it works for.
    pub(in crate::app) fn kit(&self) -> &Kit {
        &self.kit
    }

    /// Returns how mirrors are brought up to date.
    pub(in crate::app) fn mirror_options(&self, deadline: Option<Duration>) -> mirror::Options {
        let options = mirror_options(&self.kit, &self.state, &self.environment);
        mirror::Options { deadline: deadline.unwrap_or(options.deadline), ..options }
    }

    /// Seals the snapshot under the next free number, signs it and makes it visible in all stores.
    /// A repository whose mirror turns out to be damaged is left out and named.
    pub(in crate::app) fn seal_and_publish(
        &self,
        snapshot: &mut Snapshot,
        ports: &Ports<'_>,
    ) -> Result<(Sealed, Published), Failure> {
        let memory = self.state.join("writer.json");
        let mut floor = Seq::new(1).unwrap_or(Seq::MAX);
        let mut tries = 0;
        while tries < TRIES {
            let previous = match WriterState::load(&memory)? {
                Some(state) => state,
                None => WriterState::new(random()?),
            };
            let sealed = match self.seal(snapshot, previous, floor, ports)? {
                Err(BundleError::DamagedMirror { repo, what }) => {
                    self.set_aside(snapshot, &repo, what, ports)?;
                    continue;
                }
                outcome => outcome?,
            };
            let seq = sealed.manifest.seq;
            let signature = self.sign(&sealed.bytes)?;
            if self.store.publish(seq, &sealed.bytes, std::slice::from_ref(&signature))? {
                sealed.state.save(&memory)?;
                let published = self.finish(&sealed, &signature, ports)?;
                return Ok((sealed, published));
            }
            floor = seq.next();
            tries += 1;
        }
        Err(StoreError::Taken { seq: floor }.into())
    }

    /// Leaves a repository with a damaged mirror out, and moves the mirror away so that the next
    /// snapshot fetches it anew.
    fn set_aside(
        &self,
        snapshot: &mut Snapshot,
        repo: &str,
        what: String,
        ports: &Ports<'_>,
    ) -> Result<(), Failure> {
        let damaged = BundleError::DamagedMirror { repo: repo.to_owned(), what: what.clone() };
        let left = snapshot.repos.len();
        snapshot.leave_out(repo, what);
        if snapshot.repos.is_empty() || snapshot.repos.len() == left {
            return Err(damaged.into());
        }
        let (code, text) = (damaged.about().code, damaged.to_string());
        ports.observer.event(&Event::Notice { code, text });
        let mirror = self.state.join("mirrors").join(mirror::folder_name(repo));
        let aside = mirror.with_extension("damaged");
        folder::remove_all(&aside)?;
        Ok(folder::rename_new(&mirror, &aside)?)
    }

    /// The outer failure is ours; the inner one is what sealing itself met.
    fn seal(
        &self,
        snapshot: &Snapshot,
        previous: WriterState,
        floor: Seq,
        ports: &Ports<'_>,
    ) -> Result<Result<Sealed, BundleError>, Failure> {
        let epoch = self.trusted.file().newest_epoch().ok_or(JobError::NoEpoch)?;
        let recipient = epoch.recipient.parse().map_err(|_| JobError::BadEpoch)?;
        let (seq, prev) = self.next(floor)?;
        let every = self.kit.config.file.snapshot.every.0;
        let card = card::travelling(&self.trusted, epoch.number);
        let keys = self.kit.seals(epoch.number)?;
        self.trusted.check_seals(&keys, epoch.number)?;
        let terms = seal::Terms {
            stream: self.trusted.file().stream.clone(),
            seq,
            prev,
            next_by: snapshot.taken.plus(every + every / 2),
            epoch: (epoch.number, recipient),
            trust: (self.trusted.file().version, self.trusted.digest()),
            card: &card,
            keys: &keys,
            trust_files: &self.trust_files()?,
            tool: TOOL,
            part_limit: PART_LIMIT,
        };
        Ok(seal::seal(snapshot, previous, &terms, &self.store, ports.observer, ports.cancel))
    }

    /// The newest manifest in the store that a trusted key signed, to chain to.
    fn newest(&self, taken: &[Seq]) -> Result<Option<(Seq, Digest)>, Failure> {
        let terms = verify::Terms {
            trusted: &self.trusted,
            // Windows and freshness do not matter for finding the predecessor.
            now: Timestamp::from_unix(0),
            seen: None,
            chained: true,
            superseded: true,
        };
        for seq in taken.iter().rev() {
            let raw = self.store.snapshot(*seq);
            let raw = raw.map_err(StoreError::at("read", self.store.place()))?;
            if let Some(raw) = raw
                && let Ok(verified) = verify(&raw, &terms)
            {
                return Ok(Some((*seq, verified.digest())));
            }
        }
        Ok(None)
    }

    /// The number to claim and the digest to chain to. Folders that nobody trusted signed block
    /// their own number and no other: else one of them with the highest number ended the stream.
    fn next(&self, floor: Seq) -> Result<(Seq, Digest), Failure> {
        let taken = self.store.snapshots();
        let taken = taken.map_err(StoreError::at("list", self.store.place()))?;
        let newest = self.newest(&taken)?;
        let seen = device::seen(&self.state).map(|seen| seen.seq.next());
        let after = newest.map(|(seq, _)| seq.next());
        let mut seq = [Some(floor), seen, after].into_iter().flatten().max().unwrap_or(floor);
        while taken.binary_search(&seq).is_ok() && seq < Seq::MAX {
            seq = seq.next();
        }
        Ok((seq, newest.map_or(Digest::ZERO, |(_, digest)| digest)))
    }

    fn trust_files(&self) -> Result<Files, Failure> {
        let mut files = Files::new();
        for version in &self.versions {
            let at = format!("trust/{:010}", version.version);
            files.insert(format!("{at}/allowed_signers"), version.file.clone());
            for (name, bytes) in signature_files(version)? {
                files.insert(format!("{at}/{name}"), bytes);
            }
        }
        Ok(files)
    }

    fn sign(&self, manifest: &[u8]) -> Result<Signature, Failure> {
        let pem = self.signer.sign(namespace::SNAPSHOT, manifest)?;
        Ok(Signature { role: Role::job(), key: self.signer.public().short(), pem })
    }

    /// What follows once the snapshot is visible: re-check, convenience files, copies, memory.
    fn finish(
        &self,
        sealed: &Sealed,
        signature: &Signature,
        ports: &Ports<'_>,
    ) -> Result<Published, Failure> {
        self.recheck(sealed)?;
        for version in &self.versions {
            self.store.put_trust(version)?;
        }
        let card = card::travelling(&self.trusted, sealed.manifest.epoch);
        self.store.refresh(&card)?;
        let raw = crate::bundle::RawSnapshot {
            seq: sealed.manifest.seq,
            manifest: sealed.bytes.clone(),
            signatures: vec![signature.clone()],
        };
        let terms = verify::Terms {
            trusted: &self.trusted,
            now: ports.clock.now(),
            seen: device::seen(&self.state),
            chained: false,
            superseded: false,
        };
        // Read back as any reader would: a snapshot that its own job cannot verify is no success.
        let verified = verify(&raw, &terms)?;
        for copy in &self.copies {
            self.replicate(&verified, &raw, copy, &card)?;
        }
        device::remember(&self.state, &verified, self.trusted.file().version, ports.clock.now())?;
        let witness = witness(sealed);
        if let Some(path) = &self.kit.config.file.snapshot.witness {
            snapshot::write_witness(&self.kit.config.at(path), &witness)?;
        }
        let (seq, digest) = (sealed.manifest.seq, verified.digest());
        let state = if sealed.manifest.complete { "complete" } else { "partial" };
        ports.observer.event(&Event::Sealed { seq, digest, state, witness: witness.clone() });
        Ok(Published { witness })
    }

    /// Whoever prunes must not have taken a part between listing and publishing.
    fn recheck(&self, sealed: &Sealed) -> Result<(), Failure> {
        use crate::bundle::PartSink as _;
        match sealed.manifest.parts().find(|part| !self.store.holds(&part.digest, part.size)) {
            None => Ok(()),
            Some(part) => {
                let (digest, kind) = (part.digest.to_string(), part.kind.word());
                Err(BundleError::Part {
                    digest,
                    kind,
                    what: "missing right after it was sealed".into(),
                }
                .into())
            }
        }
    }

    fn replicate(
        &self,
        verified: &verify::Verified,
        raw: &crate::bundle::RawSnapshot,
        copy: &DirStore,
        card: &str,
    ) -> Result<(), Failure> {
        let cargo = crate::store::Cargo {
            verified,
            raw,
            sources: &[&self.store],
            trust: &self.versions,
            card,
            workspace: &self.state,
        };
        crate::store::import(&cargo, copy)?;
        Ok(copy.refresh(card)?)
    }
}

/// The line that outlives the store: stream, number, the whole digest, time.
fn witness(sealed: &Sealed) -> String {
    let manifest = &sealed.manifest;
    format!(
        "{} {} {} {}",
        manifest.stream,
        manifest.seq,
        Digest::of(&sealed.bytes).oci(),
        manifest.created
    )
}

fn random() -> Result<[u8; 32], JobError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map(|()| bytes).map_err(|_| JobError::NoRandom)
}

/// Two snapshots on one machine take turns; both end.
fn wait_for_turn(state: &Path, ports: &Ports<'_>) -> Result<Lease, Failure> {
    const PATIENCE: Duration = Duration::from_mins(30);
    let path = state.join("snapshot.lease");
    let started = ports.clock.elapsed();
    let mut told = false;
    loop {
        if let Some(lease) = Lease::take(&path)? {
            return Ok(lease);
        }
        ports.cancel.check()?;
        if ports.clock.elapsed().saturating_sub(started) > PATIENCE {
            return Err(JobError::Running(path.display().to_string()).into());
        }
        if !std::mem::replace(&mut told, true) {
            let text = "another snapshot of this stream is running on this machine; waiting for it"
                .to_owned();
            ports.observer.event(&Event::Notice { code: RUNNING.code, text });
        }
        ports.clock.sleep(Duration::from_millis(100));
    }
}
