//! `keys prove`: an opener shows that the key still opens, and the kit remembers it.
//!
//! Where one person of several stands there alone, only that person's own key is proven; the record
//! says so. Else the seals are opened, and a fresh challenge encrypted to the epoch's public key (from the trust
//! file) is decrypted with what was inside. A second challenge to each opener's own key tells whose
//! keys took part. `keys/proofs.jsonl` is a chain: each line names the digest of the one before.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::seal::absolute;
use super::unwrap::open_epoch;
use crate::app::ceremony::{CeremonyError, EpochFolder};
use crate::app::{FORMAT_VERSION, Failure, Kit, Ports};
use crate::disk::{atomic, limit};
use crate::keys::KeysError;
use crate::keys::epoch::EpochKey;
use crate::keys::identity::Identities;
use crate::keys::recipient::Recipient;
use crate::keys::seal::{OpenPolicy, Peeled, encrypt, peel};
use crate::keys::trust::Trusted;
use crate::model::clock::Timestamp;
use crate::model::digest::Digest;
use crate::model::explain::Explain as _;
use crate::model::id::Role;

/// The largest record that is read.
const LARGEST: u64 = 16 << 20;

/// What to prove.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The configuration file.
    pub config: Option<PathBuf>,
    /// The epoch; the newest when absent.
    pub epoch: Option<u32>,
    /// The keys to prove.
    pub identities: Vec<PathBuf>,
    /// Who is doing this, in words, for the record.
    pub who: Option<String>,
}

/// One line of the record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Proof {
    /// When.
    pub time: Timestamp,
    /// Which epoch opened.
    pub epoch: u32,
    /// The public half of its key.
    pub recipient: String,
    /// Whether the seals were opened; one person of several proves only the own key.
    pub unsealed: bool,
    /// Whose keys took part.
    pub openers: Vec<Prover>,
    /// The machines that open alone whose keys took part.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub machines: Vec<Role>,
    /// Who did it, in words.
    pub who: Option<String>,
    /// The digest of the line before; zeros for the first.
    pub prev: Digest,
}

/// An opener whose key took part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Prover {
    /// The number in file names.
    pub number: u8,
    /// The public key.
    pub recipient: String,
}

/// The report.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The version of this shape.
    pub format_version: u32,
    /// The line that was written.
    #[serde(flatten)]
    pub proof: Proof,
    /// Where it was written.
    pub record: PathBuf,
}

/// Proves the keys.
pub fn run(request: &Request, ports: &Ports<'_>) -> Result<Report, Failure> {
    let kit = Kit::find(request.config.as_deref(), ports.environment)?;
    let folder = EpochFolder::pick(kit.folder(), request.epoch)?;
    let identities = Identities::load(&absolute(&request.identities, ports), ports.prompt)?;
    let trusted = kit.trusted()?;
    let opened = open_epoch(&folder, trusted.file(), &identities);
    let mut openers = Vec::new();
    let known = folder.openers()?;
    for one in known.people {
        // A plugin that is missing here cannot have taken part.
        if answers(&one.recipient, &identities).unwrap_or(false) {
            openers.push(Prover { number: one.number, recipient: one.recipient.to_string() });
        }
    }
    // Where several people are needed, one of them alone can prove that the key still answers.
    let needs_several = known.policy != OpenPolicy::Any;
    let took_part = |(role, key)| answers(&key, &identities).unwrap_or(false).then_some(role);
    let machines = known.solo.into_iter().filter_map(took_part).collect();
    let unsealed = match opened {
        Ok(key) => check(&key, &folder, &trusted)?,
        Err(failure) if lacks_people(&failure) && !openers.is_empty() && needs_several => false,
        Err(failure) => return Err(failure),
    };
    let time = ports.clock.now();
    let who = request.who.as_deref().map(crate::model::safe::safe);
    let epoch = folder.number;
    let recipient = trusted.file().epoch_recipient(epoch).unwrap_or_default().to_owned();
    let prev = Digest::ZERO;
    let proof = Proof { time, epoch, recipient, unsealed, openers, machines, who, prev };
    let proof = append(&kit, proof)?;
    Ok(Report { format_version: FORMAT_VERSION, proof, record: record(&kit) })
}

/// Whether the seals are whole and only people are missing.
fn lacks_people(failure: &Failure) -> bool {
    let one = KeysError::OneMorePerson { seal: String::new(), next: 0 };
    let none = KeysError::NoIdentityFits { identities: 0, seals: 0 };
    [one.about(), none.about()].contains(&failure.about())
}

/// Proves that what came out of the seals is the epoch key: it answers a challenge to the public
/// half that the trust file names.
fn check(key: &EpochKey, folder: &EpochFolder, trusted: &Trusted) -> Result<bool, Failure> {
    let named = trusted.file().epoch_recipient(folder.number).unwrap_or_default();
    if answers(&Recipient::parse(named)?, &Identities::of_epoch(key))? {
        return Ok(true);
    }
    Err(CeremonyError::WrongEpochKey { number: folder.number }.into())
}

/// Encrypts a fresh challenge to `recipient`; says whether `identities` give it back.
fn answers(recipient: &Recipient, identities: &Identities) -> Result<bool, Failure> {
    let mut random = [0; 32];
    getrandom::fill(&mut random).map_err(|error| CeremonyError::BadChange {
        why: format!("the system gives no randomness: {error}"),
    })?;
    let challenge = format!("blackstart challenge {}\n", Digest::of(&random));
    let sealed = encrypt(&[recipient], challenge.as_bytes())?;
    Ok(matches!(peel(&sealed, identities), Ok(Peeled::Key(text)) if *text == challenge))
}

fn record(kit: &Kit) -> PathBuf {
    kit.folder().join("keys/proofs.jsonl")
}

fn append(kit: &Kit, proof: Proof) -> Result<Proof, Failure> {
    let path = record(kit);
    let mut text = limit::read_if_there(&path, LARGEST)?.unwrap_or_default();
    let last = text.strip_suffix(b"\n").and_then(|text| text.rsplit(|byte| *byte == b'\n').next());
    let proof = Proof { prev: last.map_or(Digest::ZERO, Digest::of), ..proof };
    let line = serde_json::to_string(&proof).map_err(|error| CeremonyError::BadKitFile {
        path: path.clone(),
        why: error.to_string(),
    })?;
    text.extend_from_slice(line.as_bytes());
    text.push(b'\n');
    atomic::write(&path, &text, 0o644)?;
    Ok(proof)
}

/// Returns the record so far. A line that cannot be read, or does not name the one before it, is an
/// error: the record is worth what its chain is worth.
pub(super) fn proofs(kit: &Kit) -> Result<Vec<Proof>, Failure> {
    let path = record(kit);
    let text = limit::read_if_there(&path, LARGEST)?.unwrap_or_default();
    let mut prev = Digest::ZERO;
    let mut proofs = Vec::new();
    for (index, line) in
        text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).enumerate()
    {
        let bad = |why: &str| CeremonyError::BadKitFile {
            path: path.clone(),
            why: format!("line {}: {why}", index + 1),
        };
        let proof: Proof = serde_json::from_slice(line).map_err(|_| bad("not a proof"))?;
        if proof.prev != prev {
            return Err(bad("it does not follow from the line before").into());
        }
        prev = Digest::of(line);
        proofs.push(proof);
    }
    Ok(proofs)
}
