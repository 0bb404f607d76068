//! Our seals, opened by us and by the stock `age` program.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use age::secrecy::ExposeSecret;
use proptest::prelude::*;

use super::super::prompt::NoPrompt;
use super::super::seal::tests::openers;
use super::super::seal::{OpenPolicy, seal_epoch};
use super::*;
use crate::model::explain::{Explain, Kind};
use crate::model::id::Role;

fn write_key(folder: &Path, name: &str, key: &age::x25519::Identity) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, format!("{}\n", key.to_string().expose_secret())).unwrap();
    path
}

fn load(paths: &[PathBuf]) -> Identities {
    Identities::load(paths, &NoPrompt).unwrap()
}

/// Runs the stock program, as the card tells a person to.
fn stock_age(identity: &Path, input: &[u8]) -> Vec<u8> {
    let mut child = Command::new("age")
        .args(["-d", "-i"])
        .arg(identity)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the age program is missing: run tests/setup");
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    output.stdout
}

#[test]
fn any_opener_opens_alone_with_us_and_with_age() {
    let folder = tempfile::tempdir().unwrap();
    let key = EpochKey::generate(1);
    let (people, public) = openers(3);
    let seals = seal_epoch(&key, &public, OpenPolicy::Any, &[]).unwrap();
    for (index, person) in people.iter().enumerate() {
        let path = write_key(folder.path(), &index.to_string(), person);
        assert_eq!(stock_age(&path, &seals[0].bytes), key.identity_file().as_bytes());
        assert_eq!(unseal(&seals, 1, &load(&[path])).unwrap().recipient(), key.recipient());
    }
}

#[test]
fn two_of_three_open_together_with_us_and_with_age() {
    let folder = tempfile::tempdir().unwrap();
    let key = EpochKey::generate(1);
    let (people, public) = openers(3);
    let seals = seal_epoch(&key, &public, OpenPolicy::NOf { need: 2 }, &[]).unwrap();
    let paths: Vec<_> = people
        .iter()
        .enumerate()
        .map(|(index, person)| write_key(folder.path(), &index.to_string(), person))
        .collect();
    for (seal, pair) in seals.iter().zip([[0, 1], [0, 2], [1, 2]]) {
        let inner = stock_age(&paths[pair[0]], &seal.bytes);
        assert_eq!(stock_age(&paths[pair[1]], &inner), key.identity_file().as_bytes());
        let both = load(&[paths[pair[1]].clone(), paths[pair[0]].clone()]);
        assert_eq!(unseal(&seals, 1, &both).unwrap().recipient(), key.recipient());
    }
    let alone = unseal(&seals, 1, &load(&paths[..1])).unwrap_err();
    assert!(matches!(&alone, KeysError::OneMorePerson { next: 2, .. }), "{alone}");
    assert_eq!(alone.about().kind, Kind::Locked);
}

#[test]
fn one_layer_at_a_time_hands_the_rest_on() {
    let folder = tempfile::tempdir().unwrap();
    let key = EpochKey::generate(1);
    let (people, public) = openers(2);
    let seals = seal_epoch(&key, &public, OpenPolicy::NOf { need: 2 }, &[]).unwrap();
    let first = load(&[write_key(folder.path(), "1", &people[0])]);
    let second = load(&[write_key(folder.path(), "2", &people[1])]);
    assert!(matches!(peel(&seals[0].bytes, &second), Err(KeysError::NoIdentityFits { .. })));
    let Peeled::Inner(inner) = peel(&seals[0].bytes, &first).unwrap() else { panic!() };
    assert!(inner.starts_with(b"-----BEGIN AGE"), "it can be sent as text");
    let Peeled::Key(text) = peel(&inner, &second).unwrap() else { panic!() };
    assert_eq!(text, key.identity_file());
}

#[test]
fn a_solo_machine_opens_and_a_stranger_is_locked_out() {
    let folder = tempfile::tempdir().unwrap();
    let key = EpochKey::generate(1);
    let (_, public) = openers(2);
    let (machine, machine_public) = openers(1);
    let solo = (Role::verifier(), machine_public[0].recipient.clone());
    let seals = seal_epoch(&key, &public, OpenPolicy::NOf { need: 2 }, &[solo]).unwrap();
    let verifier = load(&[write_key(folder.path(), "v", &machine[0])]);
    assert_eq!(unseal(&seals, 1, &verifier).unwrap().recipient(), key.recipient());
    let stranger = load(&[write_key(folder.path(), "s", &openers(1).0[0])]);
    let locked = unseal(&seals, 1, &stranger).unwrap_err();
    assert_eq!(locked.about().kind.exit_code(), 12, "{locked}");
}

/// Makes an SSH key and an epoch key that is sealed to it.
fn sealed_to_ssh(path: &Path, kind: &str, words: &str) -> (EpochKey, Vec<Seal>) {
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", kind, "-N", words, "-C", "alice", "-f"])
        .arg(path)
        .status()
        .expect("ssh-keygen is missing: run tests/setup");
    assert!(made.success());
    let public = std::fs::read_to_string(path.with_extension("pub")).unwrap();
    let opener = super::super::seal::Opener { number: 1, recipient: public.parse().unwrap() };
    let key = EpochKey::generate(1);
    let seals = seal_epoch(&key, &[opener], OpenPolicy::Any, &[]).unwrap();
    (key, seals)
}

#[test]
fn ssh_keys_open_with_us_and_with_age() {
    let folder = tempfile::tempdir().unwrap();
    for kind in ["ed25519", "rsa"] {
        let path = folder.path().join(kind);
        let (key, seals) = sealed_to_ssh(&path, kind, "");
        assert_eq!(stock_age(&path, &seals[0].bytes), key.identity_file().as_bytes());
        assert_eq!(unseal(&seals, 1, &load(&[path])).unwrap().recipient(), key.recipient());
    }
}

#[test]
fn a_protected_ssh_key_opens_with_its_words() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    let (key, seals) = sealed_to_ssh(&path, "ed25519", "correct horse");
    let says = super::super::prompt::tests::Says;
    let right = Identities::load(std::slice::from_ref(&path), &says("correct horse")).unwrap();
    assert_eq!(unseal(&seals, 1, &right).unwrap().recipient(), key.recipient());
    let wrong = Identities::load(&[path], &says("battery staple")).unwrap_err();
    assert!(matches!(wrong, KeysError::WrongPassphrase { .. }), "{wrong}");
}

#[test]
fn the_same_seal_from_two_places_is_tried_once() {
    let key = EpochKey::generate(1);
    let (_, public) = openers(1);
    let seals = seal_epoch(&key, &public, OpenPolicy::Any, &[]).unwrap();
    let twice = [seals.clone(), seals].concat();
    let error = unseal(&twice, 1, &Identities::default()).unwrap_err();
    assert!(matches!(error, KeysError::NoIdentityFits { seals: 1, .. }), "{error}");
}

#[test]
fn a_damaged_seal_is_not_a_missing_key() {
    let folder = tempfile::tempdir().unwrap();
    let key = EpochKey::generate(1);
    let (people, public) = openers(1);
    let mut seals = seal_epoch(&key, &public, OpenPolicy::Any, &[]).unwrap();
    let identity = load(&[write_key(folder.path(), "1", &people[0])]);
    seals[0].bytes.truncate(200);
    let error = unseal(&seals, 1, &identity).unwrap_err();
    assert_eq!(error.about().kind, Kind::Integrity, "{error}");
}

#[test]
fn a_flood_of_stanzas_is_refused_at_once() {
    let mut file = b"age-encryption.org/v1\n".to_vec();
    (0..10_000).for_each(|_| file.extend_from_slice(b"-> X25519 AAAA\nBBBB\n"));
    let error = peel(&file, &Identities::default()).unwrap_err();
    assert!(error.to_string().contains("header"), "{error}");
}

proptest! {
    #[test]
    fn hostile_seals_never_panic(bytes: Vec<u8>) {
        let _ = peel(&bytes, &Identities::default());
        let _ = peel(&[b"age-encryption.org/v1\n", &bytes[..]].concat(), &Identities::default());
    }
}
