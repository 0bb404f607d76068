//! `export`: one bundle with all its parts, for a stick or another machine. Needs no key.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::extract::workspace;
use super::{FORMAT_VERSION, Failure, Place, Ports, Reader, Which};
use crate::bundle::card;
use crate::config::FILE_NAME;
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
    /// What a folder lacks to be opened on another machine.
    pub lacks: Vec<&'static str>,
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
    let folder = request.folder || to.is_dir();
    let bytes =
        if folder { export_folder(&cargo, &to)? } else { export_file(&cargo, &to, request.split)? };
    let lacks = if folder { lacks(&to) } else { Vec::new() };
    Ok(Report { format_version: FORMAT_VERSION, seq: manifest.seq, to, bytes, lacks })
}

/// What is needed on another machine beside the bundle, and is neither in its folder nor above it.
fn lacks(to: &Path) -> Vec<&'static str> {
    let is_there = |name: &str| to.join(name).exists() || to.with_file_name(name).exists();
    let needed = [
        ("blackstart", "the program: copy it beside the bundle"),
        (
            FILE_NAME,
            "the kit (blackstart.toml, trust/, runbooks/): copy it above the folder bundles/, or type the \
             card's fingerprint there, --store . --trust-root FINGERPRINT",
        ),
    ];
    needed.into_iter().filter(|(name, _)| !is_there(name)).map(|(_, lacks)| lacks).collect()
}
