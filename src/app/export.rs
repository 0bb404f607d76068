//! `export`: one bundle with all its parts, for a stick or another machine. Needs no key.

use std::path::PathBuf;

use serde::Serialize;

use super::extract::workspace;
use super::{FORMAT_VERSION, Failure, Place, Ports, Reader, Which};
use crate::bundle::card;
use crate::model::id::Seq;
use crate::store::{Cargo, export_file, export_folder};

/// What to export.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Where from.
    pub place: Place,
    /// Which snapshot.
    pub which: Which,
    /// A file, or a folder: one that exists, or whose name ends in a slash.
    pub to: PathBuf,
    /// Whether `to` is a folder.
    pub folder: bool,
    /// The largest piece in bytes, for media that hold no large files.
    pub split: Option<u64>,
}

/// The report.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The version of this shape.
    pub format_version: u32,
    /// The snapshot's number.
    pub seq: Seq,
    /// Where it is.
    pub to: PathBuf,
    /// Bytes written.
    pub bytes: u64,
}

/// Exports.
pub fn run(request: &Request, ports: &Ports<'_>) -> Result<Report, Failure> {
    let reader = Reader::open(&request.place, ports)?;
    let verified = reader.select(request.which, ports)?;
    let manifest = verified.manifest();
    let card = card::travelling(&reader.trusted, manifest.epoch);
    let cargo = Cargo {
        verified: &verified,
        raw: &reader.raw(&verified)?,
        sources: &reader.parts(),
        trust: &reader.versions,
        card: &card,
        workspace: &workspace(ports.environment, reader.state.as_deref())?,
    };
    let to = ports.environment.current_dir.join(&request.to);
    let bytes = if request.folder || to.is_dir() {
        export_folder(&cargo, &to)?
    } else {
        export_file(&cargo, &to, request.split)?
    };
    Ok(Report { format_version: FORMAT_VERSION, seq: manifest.seq, to, bytes })
}
