//! `doctor`: would a snapshot and a recovery work from here? Changes nothing.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{
    FORMAT_VERSION, Failure, Kit, Place, Ports, Reader, Which, job, roots, second, sources,
};
use crate::disk::{scratch, space};
use crate::keys::tool_signer;
use crate::keys::trust::Trusted;
use crate::model::git::Oid;
use crate::model::id::Role;
use crate::model::safe::safe;
use crate::render::builds_with;
use crate::source::{Credential, Location, Spec};

/// Less free space than this is worth a warning, in bytes.
const LITTLE_SPACE: u64 = 1 << 30;

/// The report.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The version of this shape.
    pub format_version: u32,
    /// What was looked at.
    pub checks: Vec<Check>,
}

/// One thing that was looked at.
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    /// What.
    pub what: String,
    /// `good`, `warning`, `bad`.
    pub verdict: &'static str,
    /// What was found, and what to do about it.
    pub detail: String,
}

impl Report {
    /// Returns whether something must be mended.
    pub fn any_bad(&self) -> bool {
        self.checks.iter().any(|check| check.verdict == "bad")
    }
}

fn check(what: impl Into<String>, verdict: &'static str, detail: impl Into<String>) -> Check {
    Check { what: what.into(), verdict, detail: detail.into() }
}

/// A result as a check: its error is said with what to do next.
fn checked(what: impl Into<String>, result: Result<String, Failure>) -> Check {
    match result {
        Ok(detail) => check(what, "good", detail),
        Err(failure) => check(what, "bad", format!("{failure}; next: {}", failure.next())),
    }
}

/// Looks at everything. Fails only where there is no kit to look at.
pub fn run(place: &Place, ports: &Ports<'_>) -> Result<Report, Failure> {
    let kit = Kit::find(place.config.as_deref(), ports.environment)?;
    let mut checks = vec![check("configuration", "good", kit.config.path.display().to_string())];
    match kit.trusted() {
        Ok(trusted) => checks.extend(trust(&kit, &trusted, ports)),
        Err(failure) => checks.push(checked("trust", Err(failure))),
    }
    checks.extend(sources_and_tools(&kit, ports));
    checks.extend(kit.config.stores().iter().map(|store| writable("store", store)));
    checks.push(writable("state", &kit.state_folder(ports.environment)));
    checks.push(check("clock", "good", format!("{}, compare with a watch", ports.clock.now())));
    checks.extend(freshness(place, ports));
    Ok(Report { format_version: FORMAT_VERSION, checks })
}

fn trust(kit: &Kit, trusted: &Trusted, ports: &Ports<'_>) -> Vec<Check> {
    let file = trusted.file();
    let version = format!("version {}, root keys: {}", file.version, file.roots.len());
    let mut checks = vec![check("trust", "good", version)];
    if let Some(pending) = trusted.pending() {
        checks.push(check(
            "trust",
            "warning",
            format!("version {pending} lacks signatures: blackstart trust sign"),
        ));
    }
    if trusted.is_overdue(ports.clock.now()) {
        checks.push(check(
            "trust",
            "warning",
            "a new version is overdue; nothing stops because of it",
        ));
    }
    checks.push(signer(kit, trusted, ports));
    checks.push(seals(kit, trusted));
    if kit.folder().join("keys/root").is_file() {
        checks.push(check(
            "root key",
            "warning",
            "keys/root lies here: move it offline, to two places",
        ));
    }
    checks
}

fn signer(kit: &Kit, trusted: &Trusted, ports: &Ports<'_>) -> Check {
    let path = kit.config.at(&kit.config.file.signer);
    if !path.exists() && path == kit.folder().join("keys/job") {
        let detail = "not here, as it should be in a kit for emergencies; snapshots need it";
        return check("signing key", "warning", detail);
    }
    let agent = job::agent_environment(ports.environment);
    match tool_signer::load(&path, ports.tools, &agent, ports.prompt, ports.cancel) {
        Err(error) => checked("signing key", Err(error.into())),
        Ok(signer) if trusted.file().revocation(&signer.public().fingerprint()).is_some() => {
            let detail = format!("{} was revoked", signer.public().fingerprint());
            check("signing key", "bad", detail)
        }
        Ok(signer)
            if trusted.file().signers_of(&Role::job()).any(|line| line.key == *signer.public()) =>
        {
            check("signing key", "good", signer.public().fingerprint())
        }
        Ok(signer) => {
            let detail =
                format!("{} is not trusted for the role job", signer.public().fingerprint());
            check("signing key", "bad", detail)
        }
    }
}

fn seals(kit: &Kit, trusted: &Trusted) -> Check {
    let Some(epoch) = trusted.file().newest_epoch() else {
        return check("seals", "bad", "the trust file names no epoch key: blackstart keys new");
    };
    let listed = kit.seals(epoch.number).and_then(|files| {
        trusted.check_seals(&files, epoch.number)?;
        Ok(format!("epoch {}, {} files, signed by the roots", epoch.number, files.len()))
    });
    checked("seals", listed)
}

/// Whether the programs are here that the configured sources need.
fn sources_and_tools(kit: &Kit, ports: &Ports<'_>) -> Vec<Check> {
    let specs = match sources::expand(kit, &kit.state_folder(ports.environment)) {
        Ok(specs) => specs,
        Err(failure) => return vec![checked("sources", Err(failure))],
    };
    let mut checks = vec![match specs.len() {
        0 => check("sources", "warning", "none: append [[source]] blocks to blackstart.toml"),
        count => check("sources", "good", super::text::count(count, "repository")),
    }];
    let any = |test: fn(&Location) -> bool| specs.iter().any(|spec| test(&spec.location));
    let needs = [
        (
            "git-upload-pack",
            any(|location| matches!(location, Location::Path(_))),
            "sources that are paths",
        ),
        ("ssh", any(|location| matches!(location, Location::Ssh { .. })), "sources over ssh"),
    ];
    let needed = needs.into_iter().filter(|(_, needed, _)| *needed);
    let found = needed.map(|(tool, _, why)| (tool, ports.tools.find(tool), why));
    let kustomize = ("kustomize", builds_with(ports.tools), "roots that are kustomizations");
    checks.extend(found.chain([kustomize]).map(|(tool, found, why)| match found {
        Some(path) => check(tool, "good", path.display().to_string()),
        None => check(tool, "warning", format!("not found; needed for {why}")),
    }));
    checks.extend(slips(kit, &specs));
    checks.extend(roots::look(kit, &kit.state_folder(ports.environment)).into_iter().map(root));
    let files = specs.iter().filter_map(|spec| match &spec.credential {
        Credential::TokenFile(path) if !path.is_file() => Some(path),
        _ => None,
    });
    checks.extend(
        files.map(|path| check("credential", "bad", format!("{} is missing", path.display()))),
    );
    checks
}

/// Warns of what would else come out in an emergency: a source that is not there, and a root in a
/// repository that no source gives.
fn slips(kit: &Kit, specs: &[Spec]) -> Vec<Check> {
    let absent = specs.iter().filter_map(|spec| match &spec.location {
        Location::Path(path) if !path.exists() => {
            let detail = format!("{}: {} does not exist", safe(&spec.name), path.display());
            Some(check("source", "warning", detail))
        }
        _ => None,
    });
    let given = |repo: &str| specs.iter().any(|spec| spec.name == repo);
    let roots = kit.config.file.root.iter().filter(|root| !given(&root.repo)).map(|root| {
        let detail = format!("no [[source]] gives the repository {:?}", safe(&root.repo));
        check("root", "warning", detail)
    });
    absent.chain(roots).collect()
}

/// Whether a root is what a plan would find.
fn root((name, found): (String, Result<Option<Oid>, Failure>)) -> Check {
    match found {
        Ok(Some(commit)) => check("root", "good", format!("{name} at {commit}")),
        Ok(None) => check("root", "warning", format!("{name}: not mirrored here yet")),
        Err(failure) => check("root", "bad", format!("{name}: {failure}")),
    }
}

/// Whether a file can be made where the nearest existing folder is, and how much room there is.
fn writable(what: &str, path: &Path) -> Check {
    let nearest: PathBuf =
        path.ancestors().find(|folder| folder.is_dir()).unwrap_or(path).to_owned();
    let probed =
        scratch::file(&nearest).map_err(Failure::from).and_then(|_| Ok(space::free(&nearest)?));
    match probed {
        Ok(free) if free < LITTLE_SPACE => check(
            what,
            "warning",
            format!("{}: only {} free", path.display(), super::text::size(free)),
        ),
        Ok(free) => check(
            what,
            "good",
            format!("{}: writable, {} free", path.display(), super::text::size(free)),
        ),
        Err(failure) => check(what, "bad", format!("{}: {failure}", path.display())),
    }
}

/// How old the newest snapshot is, and which signatures it might have.
fn freshness(place: &Place, ports: &Ports<'_>) -> Vec<Check> {
    let newest = Reader::open(place, ports).and_then(|reader| {
        let newest = reader.select(Which::Latest, ports)?;
        let second = second::lacking(&reader, &newest, ports)?;
        Ok((newest, second))
    });
    match newest {
        Ok((verified, second)) => {
            let manifest = verified.manifest();
            let late = manifest.next_by < ports.clock.now();
            let age = super::text::age(manifest.created, ports.clock.now());
            let detail =
                format!("snapshot {}, {age} old, {}", manifest.seq, verified.level().word());
            let fresh = check("freshness", if late { "warning" } else { "good" }, detail);
            let second = second.iter().map(|one| check("second signature", "warning", one.words()));
            std::iter::once(fresh).chain(second).collect()
        }
        Err(failure) => {
            vec![check("freshness", "warning", format!("no usable snapshot: {failure}"))]
        }
    }
}
