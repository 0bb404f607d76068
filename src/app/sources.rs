//! From `[[source]]` blocks to repositories with names.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{FORMAT_VERSION, Failure, Kit, Ports};
use crate::config::{ClassBlock, ConfigError, CredentialBlock, SourceBlock, SourceKind};
use crate::disk::{atomic, folder, limit};
use crate::model::explain::{About, Explain, Kind};
use crate::source::{
    Class, Credential, Location, Spec, default_name, is_shrunken, repositories_below,
};

/// The record of folders is no larger, in bytes.
const LARGEST: u64 = 64 << 20;

/// Returns every configured repository, sorted by name, each name once. A repository that was below
/// a folder before and is not there now is still returned: it is gone, and must be said to be.
pub(super) fn expand(kit: &Kit, state: &Path) -> Result<Vec<Spec>, Failure> {
    let known = Known::read(state)?;
    let mut specs: BTreeMap<String, Spec> = BTreeMap::new();
    for block in &kit.config.file.source {
        for spec in expand_block(block, kit, &known)? {
            let name = spec.name.clone();
            if let Some(other) = specs.insert(name.clone(), spec) {
                return Err(twice(kit, &name, &other.location));
            }
        }
    }
    Ok(specs.into_values().collect())
}

fn expand_block(block: &SourceBlock, kit: &Kit, known: &Known) -> Result<Vec<Spec>, Failure> {
    if block.kind == SourceKind::Dir {
        return Ok(below(block, kit, known));
    }
    let spec = |url: &String| -> Result<Spec, Failure> {
        let location = parse(url, kit)?;
        Ok(Spec {
            name: block.name.clone().unwrap_or_else(|| default_name(&location)),
            location,
            credential: credential_of(block.credential.as_ref(), kit),
            ca_file: block.ca_file.as_ref().map(|path| kit.config.at(path)),
            class: class_of(block.class),
        })
    };
    block.url.iter().chain(&block.urls).map(spec).collect()
}

/// Every repository that is or was below a folder. A folder that holds none and never did stands for
/// itself, so that a snapshot names it.
fn below(block: &SourceBlock, kit: &Kit, known: &Known) -> Vec<Spec> {
    let root = kit.config.at(block.path.as_deref().unwrap_or(Path::new("")));
    let mut paths: BTreeSet<PathBuf> =
        repositories_below(&root).unwrap_or_default().into_iter().collect();
    paths.extend(known.below(&root).map(PathBuf::from));
    if paths.is_empty() {
        paths.insert(root.clone());
    }
    let spec = |path: PathBuf| Spec {
        name: name_below(&path, &root),
        class: class_of(block.class),
        ..Spec::new(Location::Path(path))
    };
    paths.into_iter().map(spec).collect()
}

/// Which repositories were ever found below which folder: `sources.json` in the state folder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Known {
    format_version: u32,
    folders: BTreeMap<String, BTreeSet<String>>,
}

impl Known {
    /// Reads the record; one that is not there or cannot be read knows nothing.
    fn read(state: &Path) -> Result<Self, Failure> {
        let bytes = limit::read_if_there(&state.join("sources.json"), LARGEST)?;
        Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default())
    }

    fn write(&self, state: &Path) -> Result<(), Failure> {
        let bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        folder::create(state, 0o700)?;
        Ok(atomic::write(&state.join("sources.json"), &bytes, 0o600)?)
    }

    fn below(&self, root: &Path) -> impl Iterator<Item = &str> {
        self.folders.get(&text(root)).into_iter().flatten().map(String::as_str)
    }
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// Remembers what is below each folder now, beside what was there before.
pub fn remember(kit: &Kit, state: &Path) -> Result<(), Failure> {
    let before = Known::read(state)?;
    let mut known = Known { format_version: 1, ..before.clone() };
    for block in kit.config.file.source.iter().filter(|block| block.kind == SourceKind::Dir) {
        let root = kit.config.at(block.path.as_deref().unwrap_or(Path::new("")));
        let found = repositories_below(&root).unwrap_or_default();
        known.folders.entry(text(&root)).or_default().extend(found.iter().map(|path| text(path)));
    }
    if known == before { Ok(()) } else { known.write(state) }
}

/// A folder that lists too few of the repositories that were below it before.
#[derive(Debug, thiserror::Error)]
#[error("{} lists {there} of the {known} repositories that were there before", folder.display())]
struct Shrunken {
    folder: PathBuf,
    known: usize,
    there: usize,
}

/// Refuses a folder whose listing shrank past `max-shrink`. Nothing is forgotten: a disk that is not
/// mounted must not look like a decision.
pub(super) fn check_listings(kit: &Kit, state: &Path) -> Result<(), Failure> {
    let known = Known::read(state)?;
    for block in kit.config.file.source.iter().filter(|block| block.kind == SourceKind::Dir) {
        let folder = kit.config.at(block.path.as_deref().unwrap_or(Path::new("")));
        let now = repositories_below(&folder).unwrap_or_default();
        let there = known.below(&folder).filter(|path| now.iter().any(|at| text(at) == **path));
        let (known, there) = (known.below(&folder).count(), there.count());
        if is_shrunken(known, there, kit.config.file.snapshot.max_shrink) {
            return Err(Shrunken { folder, known, there }.into());
        }
    }
    Ok(())
}

/// One repository in a list of sources.
#[derive(Clone, Debug, Serialize)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// Where it comes from.
    pub url: String,
    /// Whether a recovery needs it.
    pub required: bool,
    /// Whether it was below a folder once and is not there now.
    pub gone: bool,
}

/// The report of `sources list` and `sources retire`.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The version of this shape.
    pub format_version: u32,
    /// Every repository, by name.
    pub sources: Vec<Listed>,
}

/// Lists what a snapshot would ask for.
pub fn list(config: Option<&Path>, ports: &Ports<'_>) -> Result<Report, Failure> {
    let kit = Kit::find(config, ports.environment)?;
    let specs = expand(&kit, &kit.state_folder(ports.environment))?;
    let listed = |spec: &Spec| Listed {
        name: spec.name.clone(),
        url: spec.location.to_string(),
        required: spec.class == Class::Required,
        gone: matches!(&spec.location, Location::Path(path) if !path.exists()),
    };
    Ok(Report { format_version: FORMAT_VERSION, sources: specs.iter().map(listed).collect() })
}

/// Returns the names and paths of what was below a folder once and is not there now.
pub(super) fn vanished(kit: &Kit, state: &Path) -> Result<BTreeMap<String, String>, Failure> {
    let known = Known::read(state)?;
    let below = |path: &String| known.folders.values().any(|paths| paths.contains(path));
    let gone = expand(kit, state)?.into_iter().filter_map(|spec| match spec.location {
        Location::Path(path) if !path.exists() => Some((spec.name, text(&path))),
        _ => None,
    });
    Ok(gone.filter(|(_, path)| below(path)).collect())
}

/// Forgets a repository that is no longer below its folder: the next snapshot does not name it.
pub fn retire(config: Option<&Path>, name: &str, ports: &Ports<'_>) -> Result<Report, Failure> {
    let kit = Kit::find(config, ports.environment)?;
    let state = kit.state_folder(ports.environment);
    let gone = vanished(&kit, &state)?.remove(name);
    let Some(gone) = gone else { return Err(NotGone(crate::model::safe::safe(name)).into()) };
    let mut known = Known::read(&state)?;
    for paths in known.folders.values_mut() {
        paths.remove(&gone);
    }
    known.write(&state)?;
    list(config, ports)
}

/// Only what is gone can be retired.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is not a repository that vanished from a folder")]
struct NotGone(String);

static NOT_GONE: About = About {
    code: "B1730",
    kind: Kind::Usage,
    meaning: "A repository that was found below a folder once stays in every snapshot, as gone, until it \
              is retired: a disk that is not mounted must not look like a decision. What is there, or \
              is named in the configuration, is not retired but removed from the configuration.",
    next: "see which are gone: blackstart sources list",
};

static SHRUNKEN: About = About {
    code: "B1731",
    kind: Kind::Failed,
    meaning: "A folder of repositories holds fewer than before, by more than max-shrink allows, or none \
              at all. That is what a disk that is not mounted looks like. Nothing was sealed, and no \
              copy was removed.",
    next: "mount or mend the folder; what is gone on purpose: blackstart sources retire NAME, or raise \
           max-shrink in [snapshot] for one run",
};

/// Codes of this file.
pub static CODES: &[&About] = &[&NOT_GONE, &SHRUNKEN];

impl Explain for Shrunken {
    fn about(&self) -> &'static About {
        &SHRUNKEN
    }
}

impl Explain for NotGone {
    fn about(&self) -> &'static About {
        &NOT_GONE
    }
}

/// Relative paths are seen from the kit, like every path in the file.
fn parse(url: &str, kit: &Kit) -> Result<Location, Failure> {
    Ok(match url.parse::<Location>()? {
        Location::Path(path) => Location::Path(kit.config.at(&path)),
        other => other,
    })
}

/// The path below the folder, without `.git`: where the repository would stand on a forge. What could
/// break a table or steer a terminal is escaped: nobody chose these names with care.
fn name_below(path: &Path, root: &Path) -> String {
    let below = path.strip_prefix(root).unwrap_or(path).as_os_str();
    let below = crate::model::safe::safe(below.as_encoded_bytes());
    let name = below.strip_suffix("/.git").or_else(|| below.strip_suffix(".git")).unwrap_or(&below);
    if name.is_empty() { default_name(&Location::Path(path.to_owned())) } else { name.to_owned() }
}

fn credential_of(block: Option<&CredentialBlock>, kit: &Kit) -> Credential {
    match block {
        None => Credential::Default,
        Some(CredentialBlock::TokenFile(path)) => Credential::TokenFile(kit.config.at(path)),
        Some(CredentialBlock::TokenCommand(command)) => Credential::TokenCommand(command.clone()),
    }
}

fn class_of(block: ClassBlock) -> Class {
    match block {
        ClassBlock::Required => Class::Required,
        ClassBlock::Normal => Class::Normal,
    }
}

fn twice(kit: &Kit, name: &str, first: &Location) -> Failure {
    let problem =
        format!("two sources are called {name:?}, one of them is {first}: give one a name = \"…\"");
    ConfigError::Invalid { path: kit.config.path.clone(), problem }.into()
}
