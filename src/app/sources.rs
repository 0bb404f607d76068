//! From `[[source]]` blocks to repositories with names.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Failure, Kit};
use crate::config::{ClassBlock, ConfigError, CredentialBlock, SourceBlock, SourceKind};
use crate::source::{Class, Credential, Location, Spec, default_name, repositories_below};

/// Returns every configured repository, sorted by name, each name once.
pub(super) fn expand(kit: &Kit) -> Result<Vec<Spec>, Failure> {
    let mut specs: BTreeMap<String, Spec> = BTreeMap::new();
    for block in &kit.config.file.source {
        for spec in expand_block(block, kit)? {
            let name = spec.name.clone();
            if let Some(other) = specs.insert(name.clone(), spec) {
                return Err(twice(kit, &name, &other.location));
            }
        }
    }
    Ok(specs.into_values().collect())
}

fn expand_block(block: &SourceBlock, kit: &Kit) -> Result<Vec<Spec>, Failure> {
    if block.kind == SourceKind::Dir {
        return folder(block, kit);
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

/// Every repository below a folder.
fn folder(block: &SourceBlock, kit: &Kit) -> Result<Vec<Spec>, Failure> {
    let root = kit.config.at(block.path.as_deref().unwrap_or(Path::new("")));
    let spec = |path: &PathBuf| Spec {
        name: name_below(path, &root),
        class: class_of(block.class),
        ..Spec::new(Location::Path(path.clone()))
    };
    Ok(repositories_below(&root)?.iter().map(spec).collect())
}

/// Relative paths are seen from the kit, like every path in the file.
fn parse(url: &str, kit: &Kit) -> Result<Location, Failure> {
    Ok(match url.parse::<Location>()? {
        Location::Path(path) => Location::Path(kit.config.at(&path)),
        other => other,
    })
}

/// The path below the folder, without `.git`: where the repository would stand on a forge.
fn name_below(path: &Path, root: &Path) -> String {
    let below = path.strip_prefix(root).unwrap_or(path).to_string_lossy().into_owned();
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
