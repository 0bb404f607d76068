//! The next version of the trust file: prepared in the kit, valid once enough root keys of the
//! version in force and of the new one signed it.

use std::path::{Path, PathBuf};

use super::{CeremonyError, RootSigner};
use crate::app::{Failure, Kit};
use crate::disk::{atomic, folder};
use crate::keys::namespace;
use crate::keys::trust::{TrustFile, TrustVersion, Trusted, signed_by};

/// A next version being edited.
pub struct Draft {
    /// What is in force.
    pub trusted: Trusted,
    /// What will be.
    pub file: TrustFile,
    /// The root keys that had signed the draft as it was before; they must sign again.
    pub unsigned: Vec<String>,
}

impl Draft {
    /// Begins with the draft that lies in the kit, else with a copy of what is in force.
    pub fn begin(kit: &Kit) -> Result<Self, Failure> {
        let trusted = kit.trusted()?;
        let next = trusted.file().version + 1;
        let versions = kit.trust_versions()?;
        let lying = versions.iter().find(|version| version.version == next);
        let (file, unsigned) = match lying {
            Some(version) => (
                TrustFile::parse(&version.file)?,
                signed_by(trusted.file(), &version.file, &version.signatures),
            ),
            None => (TrustFile { version: next, ..trusted.file().clone() }, Vec::new()),
        };
        Ok(Self { trusted, file, unsigned })
    }

    /// Returns what a person should know of the draft.
    pub fn remarks(&self) -> Vec<String> {
        if self.unsigned.is_empty() {
            return Vec::new();
        }
        vec![format!(
            "version {} was prepared before and has changed: {} must sign it again",
            self.file.version,
            self.unsigned.join(", ")
        )]
    }

    /// Writes the draft into the kit, signed by `root` where it is at hand.
    pub fn write(&self, kit: &Path, root: Option<&RootSigner>) -> Result<(), Failure> {
        let bytes = checked(&self.file)?;
        let place = versions_folder(kit).join(format!("{:010}", self.file.version));
        folder::create(&place, 0o755)?;
        for entry in folder::list(&place)? {
            if Path::new(&entry.name).extension().is_some_and(|extension| extension == "sig") {
                folder::remove_file(&place.join(&entry.name))?;
            }
        }
        atomic::write(&place.join("allowed_signers"), &bytes, 0o644)?;
        if let Some(root) = root {
            let version =
                TrustVersion { version: self.file.version, file: bytes, signatures: Vec::new() };
            sign(kit, &version, root, &[self.trusted.file(), &self.file])?;
        }
        Ok(())
    }
}

/// Returns the folder of all versions in a kit.
fn versions_folder(kit: &Path) -> PathBuf {
    kit.join("trust")
}

/// Refuses a file that would not be read back as it is.
fn checked(file: &TrustFile) -> Result<Vec<u8>, Failure> {
    let bytes = file.render().into_bytes();
    match TrustFile::parse(&bytes) {
        Ok(read) if read == *file => Ok(bytes),
        Ok(_) => Err(CeremonyError::BadChange { why: "it reads differently".to_owned() }.into()),
        Err(crate::keys::KeysError::BadFile { why, .. }) => {
            Err(CeremonyError::BadChange { why }.into())
        }
        Err(other) => Err(other.into()),
    }
}

/// Returns the files of a first version, by name: the file and its signature where `root` is at
/// hand.
pub fn write_version(
    file: &TrustFile,
    root: Option<&RootSigner>,
) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let bytes = checked(file)?;
    let mut files = Vec::new();
    if let Some(root) = root {
        let name = format!("{}.{}.sig", root.name(&[file])?, root.short());
        files.push((name, root.sign(namespace::TRUST, &bytes)?));
    }
    files.push(("allowed_signers".to_owned(), bytes));
    Ok(files)
}

/// Adds a root key's signature to a version in the kit. Returns whether it was not there yet.
pub fn sign(
    kit: &Path,
    version: &TrustVersion,
    root: &RootSigner,
    names: &[&TrustFile],
) -> Result<bool, Failure> {
    let stem = format!("{}.{}", root.name(names)?, root.short());
    if version.signatures.iter().any(|(known, _)| *known == stem) {
        return Ok(false);
    }
    let pem = root.sign(namespace::TRUST, &version.file)?;
    let place = versions_folder(kit).join(format!("{:010}", version.version));
    atomic::write(&place.join(format!("{stem}.sig")), &pem, 0o644)?;
    Ok(true)
}
