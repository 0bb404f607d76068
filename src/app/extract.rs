//! `extract`: repositories out of a bundle, usable by stock git at once.

use std::path::{Path, PathBuf};

use globset::GlobBuilder;
use serde::Serialize;

use super::{FORMAT_VERSION, Failure, Place, Ports, Reader, Which};
use crate::bundle::BundleError;
use crate::bundle::open::{self, LeftOut, Opened, OpenedRepo, open};
use crate::bundle::verify::Accepted;
use crate::config::Environment;
use crate::disk::{atomic, folder};
use crate::model::cancel::Cancel;
use crate::model::explain::{About, Explain, Kind};
use crate::model::git::{RefName, RefTip};
use crate::model::id::Seq;
use crate::model::safe::Safe;
use crate::repo::{Bare, ExportLimits, RepoError};

pub use crate::bundle::slug::extracted_folder;

/// What to extract.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Where from.
    pub place: Place,
    /// Which snapshot.
    pub which: Which,
    /// Whoever opens.
    pub identities: Vec<PathBuf>,
    /// A number that was typed to accept it.
    pub accept: Option<Seq>,
    /// Where to: a folder that is empty or does not exist.
    pub to: PathBuf,
    /// Which repositories, as globs over names; all when empty.
    pub repos: Vec<String>,
    /// Also write the files of this revision.
    pub worktree: Option<String>,
    /// Give old tips ref names again.
    pub pinned: bool,
}

/// The report.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The version of this shape.
    pub format_version: u32,
    /// The snapshot's number.
    pub seq: Seq,
    /// Where everything is.
    pub to: PathBuf,
    /// What was given.
    pub repos: Vec<Extracted>,
    /// What could not be given, and why.
    pub left_out: Vec<Missing>,
    /// What a person should know of the bundle.
    pub remarks: Vec<String>,
}

impl Report {
    /// Returns of how many repositories some of the files that were asked for are not there. The
    /// repositories themselves are whole.
    pub fn short_of_files(&self) -> usize {
        self.repos.iter().filter(|repo| !repo.skipped.is_empty()).count()
    }
}

/// One repository.
#[derive(Clone, Debug, Serialize)]
pub struct Extracted {
    /// Its name.
    pub name: String,
    /// Its folder below the target.
    pub folder: String,
    /// How many refs.
    pub refs: usize,
    /// Files of the revision that were written, when one was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files: Option<u64>,
    /// Files of the revision that were left out, and why.
    pub skipped: Vec<String>,
}

/// Something left out.
#[derive(Clone, Debug, Serialize)]
pub struct Missing {
    /// What.
    pub name: String,
    /// Why.
    pub why: String,
}

/// The target folder is not empty.
#[derive(Debug, thiserror::Error)]
enum ExtractError {
    #[error("{} is not empty", .0.display())]
    NotEmpty(PathBuf),
    #[error("{0:?} is not a pattern: {1}")]
    BadPattern(String, String),
    #[error("an identity is needed to open a bundle: --identity FILE")]
    NoIdentity,
}

static NOT_EMPTY: About = About {
    code: "B1703",
    kind: Kind::Usage,
    meaning: "extract writes into a new or empty folder, so that nothing of yours is overwritten.",
    next: "name a folder that does not exist yet",
};
static BAD_PATTERN: About = About {
    code: "B1704",
    kind: Kind::Usage,
    meaning: "Patterns choose repositories by name: * and ? do not cross a slash, ** does.",
    next: "quote the pattern and check its brackets",
};
static NO_IDENTITY: About = About {
    code: "B1705",
    kind: Kind::Locked,
    meaning: "The content of a bundle is encrypted. Opening it takes the key file of a person to whom \
              the bundle is sealed, or of several, depending on the policy.",
    next: "add --identity FILE, once for each person; the card says who holds which",
};

/// Codes of this file.
pub static CODES: &[&About] = &[&NOT_EMPTY, &BAD_PATTERN, &NO_IDENTITY];

impl Explain for ExtractError {
    fn about(&self) -> &'static About {
        match self {
            Self::NotEmpty(_) => &NOT_EMPTY,
            Self::BadPattern(..) => &BAD_PATTERN,
            Self::NoIdentity => &NO_IDENTITY,
        }
    }
}

/// Returns a folder for what is thrown away: in memory where there is one.
pub fn workspace(environment: &Environment, state: Option<&Path>) -> Result<PathBuf, Failure> {
    if let Some(memory) = &environment.memory_dir {
        return Ok(memory.clone());
    }
    let work = state.map_or_else(|| environment.current_dir.clone(), |state| state.join("work"));
    folder::create(&work, 0o700)?;
    Ok(work)
}

/// Opens the wanted snapshot for use, in a quarantine below `workspace`.
pub fn open_bundle(
    reader: &Reader,
    which: Which,
    accept: Option<Seq>,
    identities: &[PathBuf],
    workspace: &Path,
    wanted: &dyn Fn(&str) -> bool,
    ports: &Ports<'_>,
) -> Result<(Accepted, Opened), Failure> {
    let accepted = reader.select(which, ports)?.accept(accept)?;
    if identities.is_empty() {
        return Err(ExtractError::NoIdentity.into());
    }
    let recipient = &accepted.verified().manifest().epoch_recipient;
    let loaded = ports.unlocked.load(identities, recipient, ports.prompt)?;
    let terms = open::Terms {
        trusted: &reader.trusted,
        identities: &loaded,
        other_seals: reader.other_seals(accepted.verified().manifest().epoch)?,
        workspace,
        wanted,
        observer: ports.observer,
        cancel: ports.cancel,
    };
    let opened = open(&accepted, &reader.parts(), &terms)?;
    Ok((accepted, opened))
}

/// Extracts.
pub fn run(request: &Request, ports: &Ports<'_>) -> Result<Report, Failure> {
    let to = ports.environment.current_dir.join(&request.to);
    if to.exists() && !folder::list(&to)?.is_empty() {
        return Err(ExtractError::NotEmpty(to).into());
    }
    let wanted = patterns(&request.repos)?;
    let reader = Reader::open(&request.place, ports)?;
    folder::create(&to, 0o700)?;
    let (accepted, opened) = open_bundle(
        &reader,
        request.which,
        request.accept,
        &request.identities,
        &to,
        &wanted,
        ports,
    )?;
    if opened.repos().is_empty() && opened.left_out().is_empty() && !request.repos.is_empty() {
        return Err(no_match(&opened, &request.repos));
    }
    let mut repos = Vec::new();
    for repo in opened.repos() {
        ports.cancel.check()?;
        repos.push(place(repo, &to, request, ports.cancel)?);
    }
    atomic::write(&to.join("repos.tsv"), table(&repos, opened.repos()).as_bytes(), 0o644)?;
    let left_out = opened
        .left_out()
        .iter()
        .map(|LeftOut { name, why }| Missing { name: name.clone(), why: why.clone() });
    let report = Report {
        format_version: FORMAT_VERSION,
        seq: opened.manifest().seq,
        to,
        repos,
        left_out: left_out.collect(),
        remarks: accepted.verified().remarks().map(str::to_owned).collect(),
    };
    if report.left_out.is_empty() {
        reader.remember(accepted.verified(), ports)?;
    }
    Ok(report)
}

/// Returns a test of names against globs; no glob takes everything.
pub fn patterns(globs: &[String]) -> Result<impl Fn(&str) -> bool + use<>, Failure> {
    let bad = |glob: &String, error: &globset::Error| {
        ExtractError::BadPattern(crate::model::safe::safe(glob), error.to_string())
    };
    let compile = |glob: &String| {
        GlobBuilder::new(glob).literal_separator(true).build().map_err(|error| bad(glob, &error))
    };
    let globs: Vec<_> = globs.iter().map(compile).collect::<Result<_, _>>()?;
    let matchers: Vec<_> = globs.iter().map(globset::Glob::compile_matcher).collect();
    Ok(move |name: &str| {
        matchers.is_empty() || matchers.iter().any(|matcher| matcher.is_match(name))
    })
}

fn no_match(opened: &Opened, wanted: &[String]) -> Failure {
    let names: Vec<&str> = opened
        .index()
        .into_iter()
        .flat_map(|index| &index.repos)
        .map(|repo| repo.name.as_str())
        .collect();
    let shown = names.iter().take(8).copied().collect::<Vec<_>>().join(", ");
    BundleError::NoRepo { wanted: wanted.join(", "), held: crate::model::safe::safe(shown) }.into()
}

fn place(
    repo: &OpenedRepo,
    to: &Path,
    request: &Request,
    cancel: &Cancel,
) -> Result<Extracted, Failure> {
    let folder_name =
        if repo.entry.is_some() { extracted_folder(&repo.name) } else { repo.folder.clone() };
    let at = to.join(&folder_name);
    if let Some(parent) = at.parent() {
        folder::create(parent, 0o755)?;
    }
    // What is extracted is not durable: the bundle is.
    folder::move_new(&repo.path, &at)?;
    let refs = if request.pinned { name_pinned(&Bare::open(&at)?, repo)? } else { repo.refs };
    let (files, skipped) = match &request.worktree {
        None => (None, Vec::new()),
        Some(revision) => worktree(&Bare::open(&at)?, revision, &at, cancel)?,
    };
    Ok(Extracted { name: repo.name.clone(), folder: folder_name, refs, files, skipped })
}

/// Gives each old tip the name `refs/pinned/<seq>/<old name without refs/>`; returns how many refs
/// there are then.
fn name_pinned(bare: &Bare, repo: &OpenedRepo) -> Result<usize, Failure> {
    let mut refs = bare.refs()?;
    for pin in repo.entry.iter().flat_map(|entry| &entry.pinned) {
        let old = pin.name.as_bytes().strip_prefix(b"refs/").unwrap_or(pin.name.as_bytes());
        let base = [format!("refs/pinned/{}/", pin.seq).as_bytes(), old].concat();
        // The same ref may have been rewritten twice between two snapshots.
        let with_oid = [&base[..], format!("-{}", pin.oid.short()).as_bytes()].concat();
        let taken = |name: &RefName| refs.tips.iter().any(|tip| tip.name == *name);
        let name = RefName::new(base)
            .ok()
            .filter(|name| !taken(name))
            .or_else(|| RefName::new(with_oid).ok());
        if let Some(name) = name {
            refs.tips.push(RefTip { name, oid: pin.oid, peeled: None });
            refs.tips.sort();
        }
    }
    bare.publish(&refs)?;
    Ok(refs.tips.len())
}

fn worktree(
    bare: &Bare,
    revision: &str,
    at: &Path,
    cancel: &Cancel,
) -> Result<(Option<u64>, Vec<String>), Failure> {
    let commit = match bare.resolve(revision) {
        Ok(commit) => commit,
        Err(error) => return Ok((Some(0), vec![format!("its files: {error}")])),
    };
    let to = at.with_extension("files");
    let exported = match bare.export(commit, "", &to, &ExportLimits::default(), cancel) {
        // One revision that means harm must not keep the files of the others away.
        Err(
            error @ (RepoError::TooLarge { .. }
            | RepoError::Damaged { .. }
            | RepoError::Missing { .. }
            | RepoError::NoPath { .. }),
        ) => {
            folder::remove_all(&to)?;
            return Ok((Some(0), vec![format!("its files: {error}")]));
        }
        exported => exported?,
    };
    let skipped =
        exported.skipped.iter().map(|skipped| format!("{}: {}", skipped.path, skipped.why));
    Ok((Some(exported.files), skipped.collect()))
}

/// `repos.tsv`: folder, object format, number of refs, name.
fn table(extracted: &[Extracted], opened: &[OpenedRepo]) -> String {
    let line = |(repo, opened): (&Extracted, &OpenedRepo)| {
        let name = Safe(&repo.name);
        format!("{}\t{}\t{}\t{name}\n", repo.folder, opened.format, repo.refs)
    };
    extracted.iter().zip(opened).map(line).collect()
}
