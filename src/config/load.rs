//! Finding, reading and checking the file.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{ConfigError, Environment, FILE_NAME, File, SourceBlock, SourceKind};
use crate::disk::limit;

/// A file larger than this is not a configuration.
const LARGEST: u64 = 4 << 20;

/// A checked configuration and the folder its paths are relative to.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file as written.
    pub file: File,
    /// Where the file lies.
    pub path: PathBuf,
    /// The folder it lies in: the kit.
    pub kit: PathBuf,
}

impl Config {
    /// Returns `path` as seen from the kit.
    pub fn at(&self, path: &Path) -> PathBuf {
        self.kit.join(path)
    }

    /// Returns the stores' folders, the first being the one that numbers.
    pub fn stores(&self) -> Vec<PathBuf> {
        self.file.store.iter().map(|store| self.at(store)).collect()
    }
}

/// Returns the file to use: the one named, else `./blackstart.toml`, else the user's, else the one
/// beside this program.
pub fn find(named: Option<&Path>, environment: &Environment) -> Result<PathBuf, ConfigError> {
    if let Some(path) = named {
        return Ok(environment.current_dir.join(path));
    }
    let here = Some(environment.current_dir.join(FILE_NAME));
    let user = environment.config_dir.as_ref().map(|folder| folder.join(FILE_NAME));
    let beside = environment.program_dir.as_ref().map(|folder| folder.join(FILE_NAME));
    let places: Vec<PathBuf> = here.into_iter().chain(user).chain(beside).collect();
    let bundle = ["oci-layout", "snapshots"].map(|name| environment.current_dir.join(name));
    places.iter().find(|path| path.is_file()).cloned().ok_or_else(|| ConfigError::Missing {
        looked: places.iter().map(|path| path.display().to_string()).collect(),
        is_bundle: bundle.iter().all(|path| path.exists()),
    })
}

/// Reads and checks the file at `path`.
pub fn load(path: &Path) -> Result<Config, ConfigError> {
    let bytes = limit::read(path, LARGEST).map_err(ConfigError::Unreadable)?;
    let text = String::from_utf8(bytes).map_err(|error| ConfigError::Malformed {
        path: path.to_owned(),
        problem: format!("not UTF-8 at byte {}", error.utf8_error().valid_up_to()),
    })?;
    let kit = path.parent().map(Path::to_owned).unwrap_or_default();
    Ok(Config { file: parse(&text, path)?, path: path.to_owned(), kit })
}

/// Reads and checks the text of a file that lies at `path`.
pub fn parse(text: &str, path: &Path) -> Result<File, ConfigError> {
    let file: File = toml::from_str(text).map_err(|error| ConfigError::Malformed {
        path: path.to_owned(),
        problem: error.to_string().trim_end().to_owned(),
    })?;
    match contradiction(&file) {
        None => Ok(file),
        Some(problem) => Err(ConfigError::Invalid { path: path.to_owned(), problem }),
    }
}

/// Returns the first thing that is well-formed but makes no sense.
fn contradiction(file: &File) -> Option<String> {
    if file.format != 1 {
        return Some(format!("format = {}: this blackstart reads format = 1", file.format));
    }
    if file.store.is_empty() {
        return Some("store = []: at least one store is needed".to_owned());
    }
    if !(0.0..=1.0).contains(&file.snapshot.max_shrink) {
        return Some("snapshot.max-shrink: expected a share from 0 to 1".to_owned());
    }
    if file.snapshot.concurrency == 0 || file.snapshot.per_host == 0 {
        return Some("snapshot.concurrency and per-host: expected at least 1".to_owned());
    }
    let mut names = BTreeSet::new();
    file.source.iter().enumerate().find_map(|(index, block)| {
        source_contradiction(block, &mut names)
            .map(|why| format!("[[source]] number {}: {why}", index + 1))
    })
}

fn source_contradiction(block: &SourceBlock, names: &mut BTreeSet<String>) -> Option<String> {
    let SourceBlock { kind, name, url, urls, path, credential, ca_file, .. } = block;
    let web = url.is_some() || !urls.is_empty() || credential.is_some() || ca_file.is_some();
    let why = match (kind, url, urls.is_empty()) {
        (SourceKind::Dir, ..) if path.is_none() => "kind = \"dir\" needs path",
        (SourceKind::Dir, ..) if web || name.is_some() => {
            "kind = \"dir\" takes path and class only"
        }
        (SourceKind::Dir, ..) => return None,
        (SourceKind::Git, ..) if path.is_some() => {
            "path goes with kind = \"dir\"; for a local repository use url"
        }
        (SourceKind::Git, Some(_), false) => "url and urls exclude each other",
        (SourceKind::Git, None, true) => "kind = \"git\" needs url or urls",
        (SourceKind::Git, None, false) if name.is_some() => "name goes with url, not with urls",
        (SourceKind::Git, ..) => "",
    };
    if !why.is_empty() {
        return Some(why.to_owned());
    }
    let name = name.as_ref()?;
    if name.is_empty() || name.len() > 255 || name.chars().any(char::is_control) {
        return Some("name: expected 1 to 255 bytes without control characters".to_owned());
    }
    (!names.insert(name.clone())).then(|| format!("name {name:?} is used twice"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::TEMPLATE;
    use crate::model::explain::Explain;

    const HEAD: &str = "format = 1\nstream = \"acme-prod\"\ntrust-root = \"x\"\n";

    fn problem(rest: &str) -> String {
        let error = parse(&format!("{HEAD}{rest}"), Path::new("blackstart.toml")).unwrap_err();
        assert_eq!(error.about().kind.exit_code(), 2);
        error.to_string()
    }

    #[test]
    fn the_template_is_valid_with_and_without_its_comments() {
        let filled = TEMPLATE
            .replace("{stream}", "acme-prod")
            .replace("{trust-root}", &"0".repeat(64))
            .replace("{signer}", "keys/job");
        parse(&filled, Path::new("x")).unwrap();
        let bare: String = filled
            .lines()
            .map(|line| match line.strip_prefix("# ") {
                Some(rest) if rest.contains(" = ") || rest.starts_with("[[") => format!("{rest}\n"),
                _ if line.starts_with('#') => "\n".to_owned(),
                _ => format!("{line}\n"),
            })
            .collect();
        let file = parse(&bare, Path::new("x")).unwrap();
        assert_eq!((file.source.len(), file.root.len()), (1, 1));
    }

    #[test]
    fn defaults_are_those_the_template_shows() {
        let file = parse(HEAD, Path::new("x")).unwrap();
        for shown in [
            format!("every = \"{}\"", file.snapshot.every),
            format!("deadline = \"{}\"", file.snapshot.deadline),
            format!("concurrency = {}", file.snapshot.concurrency),
            format!("per-host = {}", file.snapshot.per_host),
            format!("stall = \"{}\"", file.snapshot.stall),
            format!("max-shrink = {}", file.snapshot.max_shrink),
        ] {
            assert!(TEMPLATE.contains(&shown), "{shown}");
        }
    }

    #[test]
    fn an_unknown_key_names_its_line_and_what_is_allowed() {
        let text = problem("[[source]]\nkind = \"git\"\nurll = \"x\"\n");
        assert!(
            text.contains("line 6") && text.contains("urll") && text.contains("`urls`"),
            "{text}"
        );
    }

    #[test]
    fn a_mistake_in_a_later_block_is_reported_at_its_own_line() {
        let good = "[[source]]\nkind = \"git\"\nurl = \"a\"\n";
        for (bad, line) in [
            ("[[source]]\nkind = \"git\"\nurl = \"b\"\nclass = \"vital\"\n", "line 10"),
            ("[[source]]\nkind = \"git\"\nulr = \"b\"\n", "line 9"),
            ("[[source]]\nkind = \"svn\"\n", "line 8"),
            ("[[root]]\nrepo = \"a\"\nrev = \"x\"\n", "line 9"),
        ] {
            let text = problem(&format!("{good}{bad}"));
            assert!(text.contains(line), "{bad}: {text}");
        }
    }

    #[test]
    fn contradictions_are_named() {
        for (rest, word) in [
            ("[[source]]\nkind = \"git\"\n", "needs url"),
            ("[[source]]\nkind = \"git\"\nurl = \"a\"\nurls = [\"b\"]\n", "exclude"),
            ("[[source]]\nkind = \"git\"\nname = \"a\"\nurls = [\"b\"]\n", "goes with url"),
            (
                "[[source]]\nkind = \"git\"\nname = \"a\"\nurl = \"b\"\n[[source]]\nkind = \"git\"\nname = \"a\"\nurl = \"c\"\n",
                "twice",
            ),
            ("[[source]]\nkind = \"svn\"\n", "svn"),
            ("[[source]]\nkind = \"dir\"\n", "needs path"),
            ("[[source]]\nkind = \"dir\"\npath = \"a\"\nurl = \"b\"\n", "path and class only"),
            ("[[source]]\nkind = \"git\"\nurl = \"a\"\npath = \"b\"\n", "goes with kind"),
            ("[snapshot]\ndeadline = \"soon\"\n", "25m"),
            ("[snapshot]\nmax-shrink = 2.0\n", "share"),
        ] {
            let text = problem(rest);
            assert!(text.contains(word), "{rest}: {text}");
        }
    }

    #[test]
    fn a_named_file_wins() {
        let environment = Environment { current_dir: "/kit".into(), ..Environment::default() };
        assert_eq!(
            find(Some(Path::new("a.toml")), &environment).unwrap(),
            Path::new("/kit/a.toml")
        );
        let error = find(None, &environment).unwrap_err();
        assert!(error.to_string().contains("/kit/blackstart.toml"));
    }

    #[test]
    fn the_kit_that_the_program_lies_in_is_found_last() {
        let folder = |name: &str| tempfile::Builder::new().prefix(name).tempdir().unwrap();
        let (here, stick) = (folder("here"), folder("stick"));
        let environment = Environment {
            current_dir: here.path().to_owned(),
            program_dir: Some(stick.path().to_owned()),
            ..Environment::default()
        };
        for folder in [&stick, &here] {
            std::fs::File::create(folder.path().join(FILE_NAME)).unwrap();
            assert_eq!(find(None, &environment).unwrap(), folder.path().join(FILE_NAME));
        }
    }
}
