//! By whom something is opened: age identity files, SSH private keys, identities of plugins.
//!
//! Protected keys are unlocked when they are loaded, once, through the prompt port.

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

use age::armor::ArmoredReader;
use age::secrecy::SecretString;
use zeroize::Zeroizing;

use super::epoch::EpochKey;
use super::error::{KeysError, plain};
use super::header;
use super::plugin_prompt::PluginPrompt;
use super::prompt::{NoPrompt, Passphrase, Prompt};
use super::recipient::Recipient;
use super::unlocked::Keep;
use crate::disk::limit;
use crate::model::safe::safe;

/// The largest identity file that is read.
const MAX_FILE: u64 = 1 << 20;
/// The highest scrypt work factor that is worked: 2^20 takes a few seconds and 1 GiB.
const MAX_WORK: u8 = 20;
/// What protecting a new identity costs, as stock age has it.
const NEW_WORK: u8 = 18;

pub(super) type BoxedIdentity = Box<dyn age::Identity + Send + Sync>;

/// The private keys at hand.
#[derive(Default)]
pub struct Identities {
    all: Vec<BoxedIdentity>,
    /// Those among them that are X25519 keys in software: an epoch key is one.
    software: Vec<age::x25519::Identity>,
    /// Where the epoch key goes that they open.
    keep: Option<Keep>,
}

impl Identities {
    /// Loads every identity in the files.
    pub fn load(paths: &[PathBuf], prompt: &dyn Prompt) -> Result<Self, KeysError> {
        let mut loaded = Self::default();
        for path in paths {
            let text = read(path)?;
            loaded.all.extend(read_file(path, &text, prompt)?);
            loaded.software.extend(software_keys(&text));
        }
        Ok(loaded)
    }

    /// Returns the epoch key itself where somebody took it out of its seal and named it: the
    /// identity whose public half is `recipient`.
    pub fn epoch_key(&self, number: u32, recipient: &str) -> Option<EpochKey> {
        let fits = |key: &&age::x25519::Identity| key.to_public().to_string() == recipient;
        self.software.iter().find(fits).map(|key| EpochKey::of(number, key.clone()))
    }

    /// Takes an epoch key as the one identity: it opens what is encrypted to its epoch.
    pub fn of_epoch(key: &EpochKey) -> Self {
        let identity = key.identity().clone();
        Self { all: vec![Box::new(identity.clone())], software: vec![identity], keep: None }
    }

    /// Says where to keep what they open.
    pub(super) fn kept_in(self, keep: Keep) -> Self {
        Self { keep: Some(keep), ..self }
    }

    /// Takes note of the epoch key that they have opened, once it has proven to be the right one.
    pub fn keep(&self, key: &EpochKey) {
        if let Some(keep) = &self.keep {
            keep.take(key);
        }
    }

    /// Returns how many there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Returns whether there is none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &dyn age::Identity> {
        self.all.iter().map(|identity| identity.as_ref() as &dyn age::Identity)
    }
}

impl fmt::Debug for Identities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identities({})", self.all.len())
    }
}

/// Makes a new key protected by a passphrase: the text of its file, and its public half. Stock age
/// reads the file (`age -d -i FILE`).
pub fn new_protected(words: &Passphrase) -> Result<(String, Recipient), KeysError> {
    let identity = age::x25519::Identity::generate();
    let public = identity.to_public().to_string();
    let secret = identity.to_string();
    let text = Zeroizing::new(format!(
        "# public key: {public}\n{}\n",
        age::secrecy::ExposeSecret::expose_secret(&secret)
    ));
    let mut lock = age::scrypt::Recipient::new(SecretString::from(words.expose().to_owned()));
    lock.set_work_factor(NEW_WORK);
    let sealed = age::encrypt_and_armor(&lock, text.as_bytes())
        .map_err(|error| KeysError::CannotSeal { why: plain(&error) })?;
    Ok((sealed, Recipient::parse(&public)?))
}

/// Looks whether a file can be somebody's key file, and asks nobody for a passphrase.
pub fn look(path: &Path) -> Result<(), KeysError> {
    // What is no plain file gives what it holds once; that is left to whoever opens with it.
    if path.metadata().is_ok_and(|found| !found.is_file() && !found.is_dir()) {
        return Ok(());
    }
    match read_file(path, &read(path)?, &NoPrompt) {
        Ok(_) | Err(KeysError::NoPassphrase { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, KeysError> {
    if path.is_dir() {
        let why = "it is a folder".to_owned();
        return Err(KeysError::BadIdentity { path: path.to_owned(), why });
    }
    let text = limit::read(path, MAX_FILE).map_err(|error| {
        let missing = error.is_missing();
        if missing { KeysError::NoIdentityFile { path: path.to_owned() } } else { error.into() }
    })?;
    Ok(Zeroizing::new(text))
}

fn read_file(
    path: &Path,
    text: &[u8],
    prompt: &dyn Prompt,
) -> Result<Vec<BoxedIdentity>, KeysError> {
    let begins = |with: &str| text.starts_with(with.as_bytes());
    if begins("age-encryption.org/") || begins("-----BEGIN AGE ENCRYPTED FILE-----") {
        let text = unlock(path, text, prompt)?;
        return read_lines(path, &text, prompt);
    }
    if begins("-----BEGIN ") {
        return read_ssh(path, text, prompt).map(|identity| vec![identity]);
    }
    read_lines(path, text, prompt)
}

/// The X25519 keys of a plain identity file.
fn software_keys(text: &[u8]) -> Vec<age::x25519::Identity> {
    let text = std::str::from_utf8(text).unwrap_or_default();
    text.lines().filter_map(|line| line.trim_end().parse().ok()).collect()
}

/// Opens an identity file that a passphrase protects.
fn unlock(path: &Path, file: &[u8], prompt: &dyn Prompt) -> Result<Zeroizing<Vec<u8>>, KeysError> {
    let what = safe(path.as_os_str().as_encoded_bytes());
    let bad = |why: String| KeysError::BadAgeFile { what: what.clone(), why };
    let capped = header::capped(ArmoredReader::new(file)).map_err(|error| bad(plain(&error)))?;
    let decryptor = age::Decryptor::new_buffered(capped).map_err(|error| bad(plain(&error)))?;
    if !decryptor.is_scrypt() {
        return Err(bad("it is sealed to a key, not to a passphrase".to_owned()));
    }
    let words =
        prompt.passphrase(&what).ok_or_else(|| KeysError::NoPassphrase { what: what.clone() })?;
    let mut lock = age::scrypt::Identity::new(SecretString::from(words.expose().to_owned()));
    lock.set_max_work_factor(MAX_WORK);
    let reader = decryptor.decrypt(std::iter::once(&lock as &dyn age::Identity)).map_err(
        |error| match error {
            age::DecryptError::DecryptionFailed | age::DecryptError::KeyDecryptionFailed => {
                KeysError::WrongPassphrase { what: what.clone() }
            }
            age::DecryptError::ExcessiveWork { required, .. } => {
                bad(format!("its work factor is {required}; more than {MAX_WORK} is refused"))
            }
            other => bad(plain(&other)),
        },
    )?;
    let mut text = Zeroizing::new(Vec::new());
    limit::Bounded::new(reader, MAX_FILE)
        .read_to_end(&mut text)
        .map_err(|error| bad(plain(&error)))?;
    Ok(text)
}

/// Reads the lines of an age identity file.
fn read_lines(
    path: &Path,
    text: &[u8],
    prompt: &dyn Prompt,
) -> Result<Vec<BoxedIdentity>, KeysError> {
    let bad = |why: String| KeysError::BadIdentity { path: path.to_owned(), why };
    let text = std::str::from_utf8(text).map_err(|_| bad("it is not text".to_owned()))?;
    let mut found: Vec<BoxedIdentity> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim_end();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Ok(native) = line.parse::<age::x25519::Identity>() {
            found.push(Box::new(native));
        } else if let Ok(plugin) = line.parse::<age::plugin::Identity>() {
            found.push(plugin_identity(&plugin, prompt)?);
        } else if line.starts_with("AGE-SECRET-KEY-PQ-") {
            return Err(bad("post-quantum keys cannot be read by this version".to_owned()));
        } else {
            // The line may be a mistyped secret, so only its number is told.
            return Err(bad(format!("line {} is not a key", index + 1)));
        }
    }
    if found.is_empty() { Err(bad("it holds no key".to_owned())) } else { Ok(found) }
}

fn plugin_identity(
    identity: &age::plugin::Identity,
    prompt: &dyn Prompt,
) -> Result<BoxedIdentity, KeysError> {
    let callbacks = PluginPrompt(prompt.handle());
    let identities = std::slice::from_ref(identity);
    let plugin = age::plugin::IdentityPluginV1::new(identity.plugin(), identities, callbacks);
    Ok(Box::new(plugin.map_err(|error| KeysError::Plugin {
        what: safe(identity.plugin()),
        why: plain(&error),
    })?))
}

/// Reads an SSH private key.
fn read_ssh(path: &Path, text: &[u8], prompt: &dyn Prompt) -> Result<BoxedIdentity, KeysError> {
    let what = safe(path.as_os_str().as_encoded_bytes());
    let bad = |why: &str| KeysError::BadIdentity { path: path.to_owned(), why: why.to_owned() };
    match age::ssh::Identity::from_buffer(text, None) {
        Err(_) => Err(bad("not an ed25519 or rsa SSH private key")),
        Ok(age::ssh::Identity::Unsupported(key)) => Err(bad(match key {
            age::ssh::UnsupportedKey::EncryptedPem => {
                "it is in an old, weak format; convert a copy with ssh-keygen -p -f FILE"
            }
            age::ssh::UnsupportedKey::EncryptedSsh(_) => "it is protected with an unknown cipher",
            _ => "keys of this type can sign but not open",
        })),
        Ok(age::ssh::Identity::Encrypted(key)) => {
            let words = prompt
                .passphrase(&what)
                .ok_or_else(|| KeysError::NoPassphrase { what: what.clone() })?;
            let key = key
                .decrypt(SecretString::from(words.expose().to_owned()))
                .map_err(|_| KeysError::WrongPassphrase { what })?;
            Ok(Box::new(age::ssh::Identity::Unencrypted(key)))
        }
        Ok(plain) => Ok(Box::new(plain)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::prompt::{NoPrompt, tests::Says};
    use super::*;
    use crate::model::explain::{Explain, Kind};
    use age::secrecy::ExposeSecret;

    fn file(text: &[u8]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, text).unwrap();
        (folder, path)
    }

    #[test]
    fn a_plain_file_with_comments_is_read() {
        let key = age::x25519::Identity::generate().to_string();
        let text = format!("# made by age-keygen\n\n{}\r\n", key.expose_secret());
        let (_folder, path) = file(text.as_bytes());
        assert_eq!(Identities::load(&[path], &NoPrompt).unwrap().len(), 1);
    }

    #[test]
    fn a_protected_file_needs_its_words() {
        let (text, _) = new_protected(&Passphrase::new("correct horse".into())).unwrap();
        let (_folder, path) = file(text.as_bytes());
        let load = |prompt: &dyn Prompt| Identities::load(std::slice::from_ref(&path), prompt);
        assert_eq!(load(&Says("correct horse")).unwrap().len(), 1);
        let wrong = load(&Says("battery staple")).unwrap_err();
        assert!(matches!(wrong, KeysError::WrongPassphrase { .. }), "{wrong}");
        let nobody = load(&NoPrompt).unwrap_err();
        assert!(matches!(nobody, KeysError::NoPassphrase { .. }), "{nobody}");
        assert_eq!((wrong.about().kind, nobody.about().kind), (Kind::Locked, Kind::Locked));
    }

    #[test]
    fn a_costly_passphrase_file_is_refused_before_the_work() {
        let mut lock = age::scrypt::Recipient::new(SecretString::from("x".to_owned()));
        lock.set_work_factor(4);
        let sealed = age::encrypt(&lock, b"").unwrap();
        let text = String::from_utf8_lossy(&sealed).into_owned();
        let header_end = text.find("---").unwrap();
        let costly = text[..header_end].replacen(" 4\n", " 21\n", 1) + &text[header_end..];
        let (_folder, path) = file(costly.as_bytes());
        let error = Identities::load(&[path], &Says("x")).unwrap_err();
        assert!(error.to_string().contains("work factor is 21"), "{error}");
    }

    #[test]
    fn wrong_files_are_named_and_their_contents_are_not_shown() {
        for text in
            ["", "# nothing\n", "AGE-SECRET-KEY-1SECRETWORDS\n", "-----BEGIN X-----\n", "\u{feff}"]
        {
            let (_folder, path) = file(text.as_bytes());
            let error = Identities::load(&[path], &NoPrompt).unwrap_err();
            assert!(matches!(error, KeysError::BadIdentity { .. }), "{text}: {error}");
            assert!(!error.to_string().contains("SECRETWORDS"), "{error}");
        }
    }

    #[test]
    fn errors_hold_no_bidi_isolates() {
        let (_folder, path) = file(b"age-encryption.org/v9\n-> x\n--- \n");
        let error = Identities::load(&[path], &NoPrompt).unwrap_err().to_string();
        assert!(!error.contains('\u{2068}') && !error.contains("\\u{2068}"), "{error}");
    }
}
