//! From a bundle to the objects that should be there: opened, exported, rendered.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::extract::{open_bundle, workspace};
use super::{Failure, Ports, Reader, Which};
use crate::bundle::BundleError;
use crate::bundle::open::Opened;
use crate::bundle::verify::Accepted;
use crate::model::event::Event;
use crate::model::explain::{About, Explain, Kind};
use crate::model::git::Oid;
use crate::model::id::Seq;
use crate::model::safe::safe;
use crate::plan::{Desired, followed};
use crate::render::{self, Root};
use crate::repo::{Bare, ExportLimits};

pub use crate::plan::{Choice, Source};

/// Nothing says what to replay.
#[derive(Debug, thiserror::Error)]
enum DesiredError {
    #[error("nothing says what to replay: no [[root]] in the configuration, and no --path")]
    NoRoot,
    #[error(
        "nothing says what to replay: a digest names a plan, but not the folders it began with"
    )]
    NoRootForDigest,
    #[error("{name} is in the bundle but could not be opened: {why}")]
    LeftOut { name: String, why: String },
}

static NO_ROOT: About = About {
    code: "B1781",
    kind: Kind::Usage,
    meaning: "A plan begins with folders of manifests. They are listed as [[root]] in \
              blackstart.toml or named on the command line.",
    next: "add --path REPO:DIR, such as --path apps:clusters/prod",
};
static LEFT_OUT: About = About {
    code: "B1782",
    kind: Kind::Integrity,
    meaning: "A repository that the plan needs is in the bundle, but its part is damaged or missing. \
              Nothing is planned from what is left.",
    next: "add another copy of the bundle with --store, or name an older snapshot",
};

/// Codes of this file.
pub(super) static CODES: &[&About] = &[&NO_ROOT, &LEFT_OUT];

impl Explain for DesiredError {
    fn about(&self) -> &'static About {
        match self {
            Self::NoRoot | Self::NoRootForDigest => &NO_ROOT,
            Self::LeftOut { .. } => &LEFT_OUT,
        }
    }

    fn next(&self) -> String {
        match self {
            Self::NoRootForDigest => {
                "give the same --path as for the plan, or the file of plan --out: --plan FILE"
                    .to_owned()
            }
            other => other.about().next.to_owned(),
        }
    }
}

/// Which bundle, who opens it, and what of it.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Which snapshot.
    pub which: Which,
    /// Whoever opens.
    pub identities: Vec<PathBuf>,
    /// A number that was typed to accept it.
    pub accept: Option<Seq>,
    /// The folders; those of the configuration when none is named.
    pub sources: Vec<Source>,
    /// Which origin counts where an object has several.
    pub choices: Vec<Choice>,
    /// Whether a plan was named by its digest alone, which does not say its folders.
    pub by_digest: bool,
}

/// Opens the bundle and renders what is wanted of it.
pub(super) fn desired(
    reader: &Reader,
    wanted: &Wanted,
    ports: &Ports<'_>,
) -> Result<(Accepted, Desired), Failure> {
    let sources = sources(reader, wanted);
    if sources.is_empty() {
        let none = DesiredError::NoRoot;
        return Err(if wanted.by_digest { DesiredError::NoRootForDigest } else { none }.into());
    }
    let space = workspace(ports.environment, reader.state.as_deref())?;
    let needed = |name: &str| sources.iter().any(|source| source.repo == name);
    let Wanted { which, accept, identities, .. } = wanted;
    let (accepted, opened) =
        open_bundle(reader, *which, *accept, identities, &space, &needed, ports)?;
    ports.observer.event(&Event::PhaseStarted { phase: "render" });
    let mut work = Work { opened: &opened, ports, exported: HashMap::new(), found: Vec::new() };
    let mut items = Vec::new();
    for source in &sources {
        let root = work.root(source)?;
        let rendered = render::render(&root, ports.tools, ports.cancel)?;
        items.extend(rendered.items);
        work.found.extend(rendered.findings);
    }
    let index = opened.index().into_iter();
    let repos = index.flat_map(|index| &index.repos).map(|repo| repo.name.as_str()).collect();
    let beyond = work.held(followed(&items, &repos), &sources);
    let mut findings = work.found;
    findings.dedup();
    let bundle = accepted.verified().digest();
    Ok((accepted, Desired { bundle, items, findings, choices: wanted.choices.clone(), beyond }))
}

/// Returns the folders that a plan begins with.
pub(super) fn sources(reader: &Reader, wanted: &Wanted) -> Vec<Source> {
    if !wanted.sources.is_empty() {
        return wanted.sources.clone();
    }
    let roots = reader.kit.iter().flat_map(|kit| &kit.config.file.root);
    roots
        .map(|root| Source {
            repo: root.repo.clone(),
            path: root.path.clone(),
            revision: root.revision.clone(),
        })
        .collect()
}

/// Exporting under way: each revision is written once, however many roots it has.
struct Work<'a> {
    opened: &'a Opened,
    ports: &'a Ports<'a>,
    exported: HashMap<(String, String), PathBuf>,
    found: Vec<String>,
}

impl Work<'_> {
    fn root(&mut self, source: &Source) -> Result<Root, Failure> {
        let repo = self.opened.repo(&source.repo).ok_or_else(|| self.no_repo(source))?;
        let bare = Bare::open(&repo.path)?;
        let commit = bare.resolve(source.revision.as_deref().unwrap_or("HEAD"))?;
        let revision = commit.to_string();
        let key = (source.repo.clone(), revision.clone());
        let folder = if let Some(folder) = self.exported.get(&key) {
            folder.clone()
        } else {
            let folder = self.export(&bare, commit, &source.repo)?;
            self.exported.insert(key, folder.clone());
            folder
        };
        let path = source.path.clone();
        Ok(Root { repo: source.repo.clone(), revision, folder, path })
    }

    /// Returns those folders that the bundle holds, at the revisions of `sources`.
    fn held(&mut self, folders: Vec<Source>, sources: &[Source]) -> Vec<Source> {
        let at = |folder: Source| {
            let same = sources.iter().find(|source| source.repo == folder.repo);
            Source { revision: same.and_then(|source| source.revision.clone()), ..folder }
        };
        let is_there = |folder: &Source| {
            self.root(folder).is_ok_and(|root| root.folder.join(&folder.path).is_dir())
        };
        folders.into_iter().map(at).filter(is_there).collect()
    }

    fn export(&mut self, bare: &Bare, commit: Oid, repo: &str) -> Result<PathBuf, Failure> {
        self.ports.cancel.check()?;
        let folder = self.place();
        let limits = ExportLimits::default();
        let exported = bare.export(commit, "", &folder, &limits, self.ports.cancel)?;
        let skipped = exported.skipped.iter();
        let skipped =
            skipped.map(|item| format!("{}:{} is left out: {}", safe(repo), item.path, item.why));
        self.found.extend(skipped);
        Ok(folder)
    }

    /// A folder beside the repositories, which vanishes with them.
    fn place(&self) -> PathBuf {
        let name = format!("files-{}", self.exported.len() + 1);
        Path::new(self.opened.folder()).join(name)
    }

    fn no_repo(&self, source: &Source) -> Failure {
        let name = safe(&source.repo);
        let lost = self.opened.left_out().iter().find(|left| left.name == source.repo);
        if let Some(lost) = lost {
            return DesiredError::LeftOut { name, why: lost.why.clone() }.into();
        }
        let index = self.opened.index().into_iter();
        let names: Vec<_> = index.flat_map(|i| &i.repos).map(|repo| repo.name.as_str()).collect();
        let held = safe(names.iter().take(8).copied().collect::<Vec<_>>().join(", "));
        BundleError::NoRepo { wanted: name, held }.into()
    }
}
