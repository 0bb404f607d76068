//! What every reading verb begins with: which stores, which trust, which snapshot.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{Failure, Kit, Ports, device};
use crate::bundle::BundleError;
use crate::bundle::chain::verify_at;
use crate::bundle::port::{Parts, RawSnapshot};
use crate::bundle::unlock::SealFiles;
use crate::bundle::verify::{Terms, Verified};
use crate::config::ConfigError;
use crate::disk::limit;
use crate::keys::trust::{Status, TrustRoot, TrustVersion, Trusted, establish};
use crate::model::event::Event;
use crate::model::explain::{About, Explain, Kind};
use crate::model::id::Seq;
use crate::store;

/// What finding a kit says where there is none.
const NO_KIT: ConfigError = ConfigError::Missing { looked: Vec::new(), is_bundle: false };

/// Where to read, as the command line says.
#[derive(Clone, Debug, Default)]
pub struct Place {
    /// The configuration file.
    pub config: Option<PathBuf>,
    /// Stores instead of the kit's.
    pub stores: Vec<PathBuf>,
    /// A trust file, or its fingerprint, instead of the kit's.
    pub trust_root: Option<String>,
}

impl Place {
    /// Returns whether stores and trust are named, so that no kit is needed.
    fn is_complete(&self) -> bool {
        self.config.is_none() && !self.stores.is_empty() && self.trust_root.is_some()
    }
}

/// Which snapshot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Which {
    /// The newest that verifies.
    #[default]
    Latest,
    /// This one.
    Number(Seq),
}

impl Which {
    /// Returns the number that was typed.
    pub fn number(self) -> Option<Seq> {
        match self {
            Self::Latest => None,
            Self::Number(seq) => Some(seq),
        }
    }
}

impl std::str::FromStr for Which {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "latest" => Ok(Self::Latest),
            number => number
                .parse()
                .ok()
                .and_then(Seq::new)
                .map(Self::Number)
                .ok_or_else(|| "expected a snapshot's number or latest".to_owned()),
        }
    }
}

/// Stores and trust, ready to verify.
pub struct Reader {
    /// Where parts are, in order.
    pub sources: Vec<Box<dyn Parts>>,
    /// The trust in force.
    pub trusted: Trusted,
    /// All trust file versions known here.
    pub versions: Vec<TrustVersion>,
    /// The kit, when there is one.
    pub kit: Option<Kit>,
    /// What this machine remembers of the stream.
    pub state: Option<PathBuf>,
}

/// A reading verb without trust.
#[derive(Debug, thiserror::Error)]
#[error("no trust root: nothing is trusted because it lies beside the data")]
struct NoTrustRoot;

static NO_TRUST_ROOT: About = About {
    code: "B1701",
    kind: Kind::Refused,
    meaning: "Outside a kit nothing says which keys to trust. A trust file beside the bundles proves \
              nothing: whoever changed the bundles could have written it.",
    next: "pass --trust-root with the fingerprint from your printed card, or a trust file from a kit",
};

impl Explain for NoTrustRoot {
    fn about(&self) -> &'static About {
        &NO_TRUST_ROOT
    }
}

/// A trust root that is neither a file nor a fingerprint.
#[derive(Debug, thiserror::Error)]
#[error("--trust-root {0:?} is neither a file nor a fingerprint of 64 hex digits")]
struct BadTrustRoot(String);

static BAD_TRUST_ROOT: About = About {
    code: "B1702",
    kind: Kind::Usage,
    meaning: "The trust root is the sha256 of a trust file version, as printed on the card, or a path \
              to such a file that you brought yourself.",
    next: "type the fingerprint from the card: 64 digits 0-9 a-f",
};

impl Explain for BadTrustRoot {
    fn about(&self) -> &'static About {
        &BAD_TRUST_ROOT
    }
}

/// An older trust file is in force than this machine has seen: what the newer one says, a revocation
/// perhaps, was taken away.
#[derive(Debug, thiserror::Error)]
#[error(
    "trust file version {found} is the newest here, and version {seen} was in force on this machine"
)]
struct OldTrust {
    found: u64,
    seen: u64,
}

static OLD_TRUST: About = About {
    code: "B1706",
    kind: Kind::Integrity,
    meaning: "This machine has worked with a newer version of the trust file than the one that can be \
              reached from the trust root now. A newer version may revoke a key, so an older one does \
              not count any more. Somebody may have removed the newer one, or the store is an old copy.",
    next: "name the kit or a store that still has the newer version, or hand it in: --trust-root FILE; \
           its fingerprint is on the newest printed card",
};

/// Codes of this file.
pub(super) static CODES: &[&About] = &[&NO_TRUST_ROOT, &BAD_TRUST_ROOT, &OLD_TRUST];

impl Explain for OldTrust {
    fn about(&self) -> &'static About {
        &OLD_TRUST
    }
}

impl Reader {
    /// Finds stores and trust.
    pub fn open(place: &Place, ports: &Ports<'_>) -> Result<Self, Failure> {
        let kit = match Kit::find(place.config.as_deref(), ports.environment) {
            Ok(kit) => Some(kit),
            // Who names stores and trust needs no kit, and a broken one must not stand in the way.
            Err(_) if place.is_complete() => None,
            Err(failure) if place.config.is_some() || place.stores.is_empty() => {
                return Err(failure);
            }
            Err(failure) if failure.about().code != NO_KIT.about().code => {
                return Err(failure);
            }
            Err(_) => None,
        };
        let root = trust_root(place, kit.as_ref(), ports)?;
        let sources = sources(place, kit.as_ref(), ports)?;
        let versions = versions(&sources, kit.as_ref())?;
        let trusted = establish(&root, &versions)?;
        let configured = kit.as_ref().map(|kit| kit.state_folder(ports.environment));
        let state = configured
            .or_else(|| device::stream_folder(None, ports.environment, &trusted.file().stream));
        let (found, seen) =
            (trusted.file().version, state.as_deref().and_then(device::trust_version));
        if let Some(seen) = seen.filter(|seen| *seen > found) {
            return Err(OldTrust { found, seen }.into());
        }
        Ok(Self { sources, trusted, versions, kit, state })
    }

    /// Returns the stores as the bundle wants them.
    pub fn parts(&self) -> Vec<&dyn Parts> {
        self.sources.iter().map(|source| &**source as &dyn Parts).collect()
    }

    /// Returns seals from the kit, for when those of a bundle are damaged.
    pub fn other_seals(&self, epoch: u32) -> Result<SealFiles, Failure> {
        self.kit.as_ref().map_or_else(|| Ok(SealFiles::new()), |kit| kit.seals(epoch))
    }

    /// Returns the numbers of all snapshots in any store, ascending.
    pub fn seqs(&self) -> Result<Vec<Seq>, Failure> {
        let mut seqs = BTreeSet::new();
        for source in &self.sources {
            seqs.extend(source.snapshots().map_err(BundleError::at("list", source.place()))?);
        }
        Ok(seqs.into_iter().collect())
    }

    /// Verifies one snapshot for use, in whichever store it verifies.
    pub fn verify(&self, seq: Seq, ports: &Ports<'_>) -> Result<Verified, Failure> {
        let seen = self.state.as_deref().and_then(device::seen);
        let terms = Terms { seen, ..self.terms(ports) };
        self.verify_on(seq, &terms)
    }

    /// Verifies one snapshot of a list whose last is `newest`: older ones are no news there.
    pub fn verify_listed(
        &self,
        seq: Seq,
        newest: Seq,
        ports: &Ports<'_>,
    ) -> Result<Verified, Failure> {
        let seen = self.state.as_deref().and_then(device::seen).filter(|seen| seen.seq == seq);
        let terms = Terms { seen, superseded: seq < newest, ..self.terms(ports) };
        self.verify_on(seq, &terms)
    }

    fn terms(&self, ports: &Ports<'_>) -> Terms<'_> {
        let now = ports.clock.now();
        Terms { trusted: &self.trusted, now, seen: None, chained: false, superseded: false }
    }

    fn verify_on(&self, seq: Seq, terms: &Terms<'_>) -> Result<Verified, Failure> {
        let mut first_error = None;
        for source in &self.sources {
            match verify_at(&**source, seq, terms) {
                Ok(verified) => return Ok(verified),
                Err(BundleError::NoSnapshot { .. }) if first_error.is_some() => {}
                Err(error) => drop(first_error.get_or_insert(error)),
            }
        }
        let places: Vec<String> = self.sources.iter().map(|source| source.place()).collect();
        let none = || BundleError::NoSnapshot { wanted: seq.to_string(), place: places.join(", ") };
        Err(first_error.unwrap_or_else(none).into())
    }

    /// Returns the wanted snapshot, verified. The newest that does not verify is passed over loudly.
    pub fn select(&self, which: Which, ports: &Ports<'_>) -> Result<Verified, Failure> {
        let seqs = match which {
            Which::Number(seq) => return self.verify(seq, ports),
            Which::Latest => self.seqs()?,
        };
        let mut first_failure = None;
        for seq in seqs.into_iter().rev() {
            match self.verify(seq, ports) {
                Ok(verified) => return Ok(verified),
                Err(failure) => {
                    let text = format!("snapshot {seq} is passed over: {failure}");
                    ports.observer.event(&Event::Notice { code: failure.about().code, text });
                    first_failure.get_or_insert(failure);
                }
            }
        }
        let places: Vec<String> = self.sources.iter().map(|source| source.place()).collect();
        let none = || BundleError::NoSnapshot { wanted: "at all".into(), place: places.join(", ") };
        Err(first_failure.unwrap_or_else(|| none().into()))
    }

    /// Returns the folder of a verified snapshot, with the signatures of every store that has it.
    pub fn raw(&self, verified: &Verified) -> Result<RawSnapshot, Failure> {
        let seq = verified.manifest().seq;
        let mut found: Option<RawSnapshot> = None;
        for source in &self.sources {
            let raw = source.snapshot(seq).map_err(BundleError::at("read", source.place()))?;
            let Some(raw) = raw
                .filter(|raw| crate::model::digest::Digest::of(&raw.manifest) == verified.digest())
            else {
                continue;
            };
            match &mut found {
                None => found = Some(raw),
                Some(known) => known.signatures.extend(raw.signatures),
            }
        }
        let mut raw = found.ok_or_else(|| BundleError::NoSnapshot {
            wanted: seq.to_string(),
            place: String::new(),
        })?;
        raw.signatures.sort_by(|one, other| {
            (&one.role, &one.key, &one.pem).cmp(&(&other.role, &other.key, &other.pem))
        });
        raw.signatures.dedup_by(|one, other| one.role == other.role && one.key == other.key);
        Ok(raw)
    }

    /// Remembers a snapshot on this machine, after full success.
    pub fn remember(&self, verified: &Verified, ports: &Ports<'_>) -> Result<(), Failure> {
        let Some(state) = &self.state else { return Ok(()) };
        device::remember(state, verified, self.trusted.file().version, ports.clock.now())
    }
}

fn trust_root(place: &Place, kit: Option<&Kit>, ports: &Ports<'_>) -> Result<TrustRoot, Failure> {
    let Some(named) = &place.trust_root else {
        return match kit {
            Some(kit) => Ok(TrustRoot::Fingerprint(kit.trust_root()?)),
            None => Err(NoTrustRoot.into()),
        };
    };
    let digest = named.strip_prefix("sha256:").unwrap_or(named).parse();
    if let Ok(digest) = digest {
        return Ok(TrustRoot::Fingerprint(digest));
    }
    let path = ports.environment.current_dir.join(named);
    if !path.is_file() {
        return Err(BadTrustRoot(crate::model::safe::safe(named)).into());
    }
    Ok(TrustRoot::File(limit::read(&path, 1 << 20)?))
}

fn sources(
    place: &Place,
    kit: Option<&Kit>,
    ports: &Ports<'_>,
) -> Result<Vec<Box<dyn Parts>>, Failure> {
    let named = place.stores.iter().map(|path| ports.environment.current_dir.join(path));
    let paths: Vec<PathBuf> = match kit {
        Some(kit) if place.stores.is_empty() => kit.config.stores(),
        _ => named.collect(),
    };
    paths.iter().map(|path: &PathBuf| Ok(store::open(path as &Path)?)).collect()
}

/// All versions from the kit and the stores. They count only by their signatures.
fn versions(sources: &[Box<dyn Parts>], kit: Option<&Kit>) -> Result<Vec<TrustVersion>, Failure> {
    let mut all: BTreeMap<u64, TrustVersion> = BTreeMap::new();
    let mut take = |version: TrustVersion| {
        let known = all
            .entry(version.version)
            .or_insert_with(|| TrustVersion { signatures: Vec::new(), ..version.clone() });
        // The kit comes first; a store adds signatures to the same bytes and nothing else.
        if known.file == version.file {
            known.signatures.extend(version.signatures);
        }
    };
    kit.map(Kit::trust_versions).transpose()?.unwrap_or_default().into_iter().for_each(&mut take);
    for source in sources {
        let versions =
            source.trust().map_err(BundleError::at("read the trust of", source.place()))?;
        versions.into_iter().for_each(&mut take);
    }
    Ok(all.into_values().collect())
}

/// The signature of a snapshot in a report.
#[derive(Clone, Debug, Serialize)]
pub struct SignatureReport {
    /// In what capacity.
    pub role: String,
    /// Whose.
    pub key: String,
    /// `good`, `expired`, `revoked`, `bad`.
    pub status: &'static str,
}

/// Returns the signatures of a verified snapshot as reports show them.
pub(super) fn signatures(verified: &Verified) -> Vec<SignatureReport> {
    verified
        .signatures()
        .iter()
        .map(|verdict| SignatureReport {
            role: verdict.role.to_string(),
            key: verdict.key.clone(),
            status: status_word(verdict.status),
        })
        .collect()
}

/// The four words of the JSON contract.
fn status_word(status: Status) -> &'static str {
    match status {
        Status::Good => "good",
        Status::Expired | Status::NotYet => "expired",
        Status::Revoked | Status::RevokedLater => "revoked",
        Status::Bad | Status::Unknown => "bad",
    }
}
