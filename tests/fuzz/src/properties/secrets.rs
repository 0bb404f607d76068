//! Trust file, seals, signatures, age headers.

use std::io::Read as _;

use blackstart::bundle::{PartKind, part};
use blackstart::keys::public_key::{PublicKey, is_fingerprint};
use blackstart::keys::seal::SealName;
use blackstart::keys::seals_file::SealsFile;
use blackstart::keys::trust::TrustFile;
use blackstart::keys::{header, namespace, signature};

use super::{assert_shown, refused};

/// A trust file that is read renders to its bytes, and its rule can be met by distinct keys.
pub fn trust(data: &[u8]) -> bool {
    match TrustFile::parse(data) {
        Ok(parsed) => {
            assert_eq!(parsed.render().as_bytes(), data);
            assert!(parsed.version >= 1);
            assert!((1..=parsed.roots.len()).contains(&parsed.root_threshold));
            for root in &parsed.roots {
                assert!(is_fingerprint(&root.key.fingerprint()));
            }
            for line in &parsed.signers {
                // ssh-keygen takes a line without namespaces for all of them.
                assert!(!line.namespaces.is_empty());
                assert_shown(&line.on(&parsed.stream));
            }
            true
        }
        Err(error) => refused(&error),
    }
}

/// A list of seals that is read renders to its bytes, and every seal is of its epoch.
pub fn seals(data: &[u8]) -> bool {
    match SealsFile::parse(data) {
        Ok(parsed) => {
            assert_eq!(parsed.to_string().as_bytes(), data);
            for (_, seal) in &parsed.seals {
                assert_eq!(SealName::parse(seal).map(|name| name.epoch), Some(parsed.epoch));
                assert!(!seal.contains('/'));
            }
            true
        }
        Err(error) => refused(&error),
    }
}

const KEY: &str = include_str!("signed/key.pub");
const MESSAGE: &[u8] = include_bytes!("signed/message");
const SIGNATURE: &[u8] = include_bytes!("signed/message.sig");

/// Of all bytes only the one signature, with or without its final line feed, holds.
pub fn sshsig(data: &[u8]) -> bool {
    let key = PublicKey::parse(KEY).unwrap();
    let holds = signature::verify(&key, namespace::SNAPSHOT, MESSAGE, data).is_ok();
    let line = |bytes: &'static [u8]| bytes.strip_suffix(b"\n").unwrap_or(bytes);
    assert_eq!(holds, data.strip_suffix(b"\n").unwrap_or(data) == line(SIGNATURE));
    assert!(signature::verify(&key, namespace::KEYS, MESSAGE, data).is_err());
    match signature::claimed_key(data) {
        Ok(claimed) => {
            assert!(data.len() <= signature::MAX_PEM);
            assert_eq!(PublicKey::parse(&claimed.to_string()).unwrap(), claimed);
            holds
        }
        Err(error) => refused(&error),
    }
}

const OPENER: &str = "AGE-SECRET-KEY-1GQ9778VQXMMJVE8SK7J6VT8UJ4HDQAJUVSFCWCM02D8GEWQ72PVQ2Y5J33";

/// The limit lets every byte through or refuses; age never sees a longer header; a part whose
/// header is of another shape than ours is refused.
pub fn age_header(data: &[u8]) -> bool {
    let identity: age::x25519::Identity = OPENER.parse().unwrap();
    match header::capped(data) {
        Ok(mut whole) => {
            let mut bytes = Vec::new();
            whole.read_to_end(&mut bytes).unwrap();
            assert_eq!(bytes, data);
            let ended = data.windows(5).position(|window| window == b"\n--- ");
            assert!(ended.unwrap_or(data.len()) <= header::MAX);
            if let Ok(decryptor) = age::Decryptor::new_buffered(data) {
                let one = std::iter::once(&identity as &dyn age::Identity);
                if let Ok(mut stream) = decryptor.decrypt(one) {
                    let _ = std::io::copy(&mut stream, &mut std::io::sink());
                }
            }
        }
        Err(error) => {
            let ended = data.windows(5).position(|window| window == b"\n--- ");
            assert!(ended.unwrap_or(data.len()) > header::MAX);
            assert_shown(&error.to_string());
        }
    }
    let mut passed = 0;
    // A bomb is a bomb at any limit, and a low one is reached soon.
    let most = 1 << 20;
    let opened = part::open(data, &PartKind::Base, &identity, most, |_, _, from| {
        passed += std::io::copy(from, &mut std::io::sink())?;
        Ok(())
    });
    assert!(passed <= most);
    match opened {
        Ok(()) => true,
        Err(error) => refused(&error),
    }
}
