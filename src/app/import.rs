//! `import`: bundles out of sticks and files into the kit's store, the first good copy of each part.

use std::path::PathBuf;

use serde::Serialize;

use super::extract::workspace;
use super::{FORMAT_VERSION, Failure, Kit, Place, Ports, Reader};
use crate::bundle::card;
use crate::bundle::port::Parts as _;
use crate::model::id::Seq;
use crate::store::{Cargo, DirStore, import};

/// What to import.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The kit, or the store given instead of it, that receives.
    pub place: Place,
    /// Sticks, folders and bundle files, in order of preference.
    pub from: Vec<PathBuf>,
}

/// The report.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The version of this shape.
    pub format_version: u32,
    /// What was taken in.
    pub snapshots: Vec<Taken>,
    /// What could not be taken in, and why.
    pub refused: Vec<Refused>,
}

/// A snapshot that is whole in the store now.
#[derive(Clone, Debug, Serialize)]
pub struct Taken {
    /// Its number.
    pub seq: Seq,
    /// Parts copied.
    pub parts: usize,
    /// Their size in bytes.
    pub bytes: u64,
    /// Parts that were there already.
    pub reused_parts: usize,
    /// Signatures that were not here.
    pub signatures: usize,
}

/// A snapshot that was not taken in.
#[derive(Clone, Debug, Serialize)]
pub struct Refused {
    /// Its number.
    pub seq: Seq,
    /// Why.
    pub why: String,
    /// The code of the reason.
    pub code: &'static str,
}

/// Imports every snapshot of the sources that verifies.
pub fn run(request: &Request, ports: &Ports<'_>) -> Result<Report, Failure> {
    let to = destination(&request.place, ports)?;
    let store = DirStore::create(&to)?;
    // The trust stays the kit's, or the one named; only the parts come from the sources.
    // The pieces of a split file are one source, however a shell's pattern names them.
    let later_piece = |path: &&PathBuf| {
        let number = path.extension().and_then(|last| last.to_str());
        number.is_some_and(|last| last.len() == 3 && last != "001" && last.parse::<u16>().is_ok())
            && request.from.contains(&path.with_extension("001"))
    };
    let from = request.from.iter().filter(|path| !later_piece(path)).cloned().collect();
    let sources = Place { stores: from, ..request.place.clone() };
    let reader = Reader::open(&sources, ports)?;
    let workspace = workspace(ports.environment, reader.state.as_deref())?;
    let (mut snapshots, mut refused) = (Vec::new(), Vec::new());
    for seq in reader.seqs()? {
        ports.cancel.check()?;
        match take(&reader, seq, &store, &workspace, ports) {
            Ok(taken) => snapshots.push(taken),
            Err(failure) => refused.push((seq, failure)),
        }
    }
    if snapshots.is_empty()
        && let Some((_, failure)) = refused.pop()
    {
        return Err(failure);
    }
    let refused = refused.into_iter().map(|(seq, failure)| Refused {
        seq,
        why: failure.to_string(),
        code: failure.about().code,
    });
    Ok(Report { format_version: FORMAT_VERSION, snapshots, refused: refused.collect() })
}

fn destination(place: &Place, ports: &Ports<'_>) -> Result<PathBuf, Failure> {
    match place.stores.first() {
        Some(store) => Ok(ports.environment.current_dir.join(store)),
        None => {
            Ok(Kit::find(place.config.as_deref(), ports.environment)?.config.stores().remove(0))
        }
    }
}

fn take(
    reader: &Reader,
    seq: Seq,
    store: &DirStore,
    workspace: &std::path::Path,
    ports: &Ports<'_>,
) -> Result<Taken, Failure> {
    let verified = reader.verify(seq, ports)?;
    let card = card::travelling(&reader.trusted, verified.manifest().epoch);
    let cargo = Cargo {
        verified: &verified,
        raw: &reader.raw(&verified)?,
        sources: &reader.parts(),
        trust: &reader.versions,
        card: &card,
        workspace,
    };
    let signed = || store.snapshot(seq).ok().flatten().map_or(0, |raw| raw.signatures.len());
    let before = signed();
    let imported = import(&cargo, store)?;
    store.refresh(&card)?;
    Ok(Taken {
        seq,
        parts: imported.parts,
        bytes: imported.bytes,
        reused_parts: imported.reused,
        signatures: signed().saturating_sub(before),
    })
}
