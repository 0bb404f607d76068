//! Whether the roots vouch for a set of seals.

use std::collections::BTreeMap;

use crate::keys::error::KeysError;
use crate::keys::namespace;
use crate::keys::seal::{Seal, SealName};
use crate::keys::seals_file::SealsFile;

use super::chain::Trusted;

impl Trusted {
    /// Checks the files of a keys part, by path: `keys/SEALS` is signed by enough root keys, is
    /// about this stream and `epoch`, names the recipient that the trust file names, and lists
    /// every seal of that epoch byte for byte. Returns the list; its serial number must not be
    /// lower than one already seen.
    pub fn check_seals(
        &self,
        files: &BTreeMap<String, Vec<u8>>,
        epoch: u32,
    ) -> Result<SealsFile, KeysError> {
        let bad = |why: &str| KeysError::BadFile { file: "SEALS", line: 0, why: why.to_owned() };
        let bytes = files.get("keys/SEALS").ok_or_else(|| bad("it is missing"))?;
        let is_signature = |path: &str| {
            path.strip_prefix("keys/SEALS.").and_then(|name| name.strip_suffix(".sig")).is_some()
        };
        let pems: Vec<_> = files
            .iter()
            .filter(|(path, _)| is_signature(path))
            .map(|(_, pem)| pem.clone())
            .collect();
        self.check_roots(namespace::KEYS, bytes, &pems)?;
        let list = SealsFile::parse(bytes)?;
        if list.stream != self.file().stream {
            return Err(bad("it is about another stream"));
        }
        if list.epoch != epoch {
            return Err(bad("it is about another epoch"));
        }
        if self.file().epoch_recipient(epoch) != Some(list.recipient.as_str()) {
            return Err(bad("the trust file has another recipient for this epoch"));
        }
        list.check(&seals_in(files, epoch))?;
        Ok(list)
    }
}

/// The seals of an epoch among files by path.
fn seals_in(files: &BTreeMap<String, Vec<u8>>, epoch: u32) -> Vec<Seal> {
    files
        .iter()
        .filter_map(|(path, bytes)| {
            let name = path.strip_prefix("keys/")?;
            let fits = SealName::parse(name)?.epoch == epoch;
            fits.then(|| Seal { name: name.to_owned(), bytes: bytes.clone() })
        })
        .collect()
}
