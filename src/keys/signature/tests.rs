//! Signatures between us and the real `ssh-keygen`, both ways.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use proptest::prelude::*;

use super::super::namespace;
use super::super::prompt::{NoPrompt, tests::Says};
use super::super::signer::{FileSigner, Signer, public_of};
use super::super::tool_signer::{self, AgentEnvironment, ToolSigner};
use super::*;
use crate::model::cancel::Cancel;
use crate::tools::Tools;

const MESSAGE: &[u8] = b"{\n \"schemaVersion\": 2\n}\n";

fn tools() -> Tools {
    Tools::new(vec!["/usr/bin".into(), "/bin".into()])
}

/// Makes a key with the real program.
fn key_file(folder: &Path, arguments: &[&str]) -> PathBuf {
    let path = folder.join(arguments.join("-"));
    let made = Command::new("ssh-keygen")
        .args(["-q", "-C", "test", "-f"])
        .arg(&path)
        .args(arguments)
        .status()
        .expect("ssh-keygen is missing: run tests/setup");
    assert!(made.success());
    path
}

fn public(path: &Path) -> PublicKey {
    let mut name = path.as_os_str().to_owned();
    name.push(".pub");
    PublicKey::parse(&fs::read_to_string(name).unwrap()).unwrap()
}

/// Whether the real program takes a signature of `message`.
fn stock_verifies(folder: &Path, key: &PublicKey, message: &[u8], pem: &[u8]) -> bool {
    let (allowed, signature, signed) =
        (folder.join("allowed"), folder.join("signature"), folder.join("message"));
    let line = format!("job@acme namespaces=\"{}\" {key}\n", namespace::SNAPSHOT);
    fs::write(&allowed, line).unwrap();
    fs::write(&signature, pem).unwrap();
    fs::write(&signed, message).unwrap();
    Command::new("ssh-keygen")
        .args(["-Y", "verify", "-I", "job@acme", "-n", namespace::SNAPSHOT, "-f"])
        .arg(&allowed)
        .arg("-s")
        .arg(&signature)
        .stdin(fs::File::open(&signed).unwrap())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("ssh-keygen is missing: run tests/setup")
        .success()
}

const NATIVE: [&[&str]; 3] = [
    &["-t", "ed25519", "-N", ""],
    &["-t", "ecdsa", "-b", "256", "-N", ""],
    &["-t", "ecdsa", "-b", "384", "-N", ""],
];
const RSA: &[&str] = &["-t", "rsa", "-b", "3072", "-N", ""];

#[test]
fn what_we_sign_the_real_program_takes() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in NATIVE {
        let path = key_file(folder.path(), arguments);
        let signer = FileSigner::load(&path, &NoPrompt).unwrap();
        assert_eq!(*signer.public(), public(&path));
        let pem = signer.sign(namespace::SNAPSHOT, MESSAGE).unwrap();
        verify(signer.public(), namespace::SNAPSHOT, MESSAGE, &pem).unwrap();
        assert!(stock_verifies(folder.path(), signer.public(), MESSAGE, &pem), "{arguments:?}");
        assert!(!stock_verifies(folder.path(), signer.public(), b"other", &pem));
    }
}

#[test]
fn what_the_real_program_signs_we_take() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in NATIVE.into_iter().chain([RSA]) {
        let path = key_file(folder.path(), arguments);
        let signer =
            ToolSigner::file(&path, &tools(), &AgentEnvironment::default(), &Cancel::new())
                .unwrap();
        let pem = signer.sign(namespace::SNAPSHOT, MESSAGE).unwrap();
        let key = public(&path);
        assert_eq!(
            verify(&key, namespace::SNAPSHOT, MESSAGE, &pem).unwrap(),
            Verified { touch: None }
        );
        assert_eq!(claimed_key(&pem).unwrap(), key);
    }
}

#[test]
fn rsa_keys_are_handed_to_the_real_program_and_small_ones_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = key_file(folder.path(), RSA);
    assert!(FileSigner::load(&path, &NoPrompt).is_err());
    let environment = AgentEnvironment::default();
    let load =
        |path: &Path| tool_signer::load(path, &tools(), &environment, &NoPrompt, &Cancel::new());
    let pem = load(&path).unwrap().sign(namespace::SNAPSHOT, MESSAGE).unwrap();
    assert!(stock_verifies(folder.path(), &public(&path), MESSAGE, &pem));
    let small = key_file(folder.path(), &["-t", "rsa", "-b", "2048", "-N", ""]);
    assert!(load(&small).is_err());
}

#[test]
fn a_key_in_a_real_agent_signs_by_its_public_half() {
    let folder = tempfile::tempdir().unwrap();
    let path = key_file(folder.path(), NATIVE[0]);
    let socket = folder.path().join("agent");
    let mut agent = Command::new("ssh-agent")
        .args(["-D", "-a"])
        .arg(&socket)
        .stdout(Stdio::null())
        .spawn()
        .expect("ssh-agent is missing: run tests/setup");
    // The name is there a moment before anybody listens.
    while std::os::unix::net::UnixStream::connect(&socket).is_err() {
        assert!(agent.try_wait().unwrap().is_none(), "the agent ended at once");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let added = Command::new("ssh-add")
        .arg("-q")
        .arg(&path)
        .env("SSH_AUTH_SOCK", &socket)
        .status()
        .expect("ssh-add is missing: run tests/setup");
    assert!(added.success());
    fs::remove_file(&path).unwrap();
    let public_file = folder.path().join(format!("{}.pub", NATIVE[0].join("-")));
    let environment =
        AgentEnvironment { socket: Some(socket.into_os_string()), others: Vec::new() };
    let load = |environment: &AgentEnvironment| {
        tool_signer::load(&public_file, &tools(), environment, &NoPrompt, &Cancel::new())
    };
    let signed = load(&environment).unwrap().sign(namespace::SNAPSHOT, MESSAGE);
    agent.kill().unwrap();
    agent.wait().unwrap();
    let pem = signed.unwrap();
    assert!(stock_verifies(folder.path(), &public(&path), MESSAGE, &pem));
    assert!(load(&AgentEnvironment::default()).is_err(), "no agent is said, not waited for");
    let gone = load(&environment).unwrap().sign(namespace::SNAPSHOT, MESSAGE).unwrap_err();
    assert!(matches!(gone, KeysError::BadSigner { .. }), "{gone}");
}

#[test]
fn a_generated_key_is_one_the_real_program_reads() {
    let folder = tempfile::tempdir().unwrap();
    let text = FileSigner::generate("job@acme").unwrap();
    let path = folder.path().join("job");
    fs::write(&path, &*text).unwrap();
    fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let output = Command::new("ssh-keygen").arg("-yf").arg(&path).output().unwrap();
    let line = String::from_utf8(output.stdout).unwrap();
    assert!(line.trim_end().ends_with("job@acme"), "{line}");
    assert_eq!(PublicKey::parse(&line).unwrap(), public_of(&text).unwrap());
    let listed = Command::new("ssh-keygen").arg("-lf").arg(&path).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(listed.contains(&public_of(&text).unwrap().fingerprint()), "{listed}");
}

#[test]
fn a_protected_key_signs_with_its_words() {
    let folder = tempfile::tempdir().unwrap();
    let path = key_file(folder.path(), &["-t", "ed25519", "-N", "correct horse"]);
    let signer = FileSigner::load(&path, &Says("correct horse")).unwrap();
    let pem = signer.sign(namespace::SNAPSHOT, MESSAGE).unwrap();
    assert!(stock_verifies(folder.path(), &public(&path), MESSAGE, &pem));
    let wrong = FileSigner::load(&path, &Says("battery staple")).unwrap_err();
    assert!(matches!(wrong, KeysError::WrongPassphrase { .. }), "{wrong}");
    assert!(matches!(FileSigner::load(&path, &NoPrompt), Err(KeysError::NoPassphrase { .. })));
}

#[test]
fn other_purposes_keys_hashes_and_forms_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = key_file(folder.path(), NATIVE[0]);
    let signer = FileSigner::load(&path, &NoPrompt).unwrap();
    let pem = signer.sign(namespace::SNAPSHOT, MESSAGE).unwrap();
    let key = signer.public();
    assert!(verify(key, namespace::TRUST, MESSAGE, &pem).is_err());
    assert!(verify(key, namespace::SNAPSHOT, b"other", &pem).is_err());
    let other = public_of(&FileSigner::generate("x").unwrap()).unwrap();
    assert!(verify(&other, namespace::SNAPSHOT, MESSAGE, &pem).is_err());

    let text = String::from_utf8(pem).unwrap();
    let rewrapped: String = text.replacen('\n', "\r\n", 1);
    for form in [rewrapped, format!("\n{text}"), format!("{text}\n"), format!("# x\n{text}")] {
        let error = verify(key, namespace::SNAPSHOT, MESSAGE, form.as_bytes()).unwrap_err();
        assert!(matches!(error, KeysError::BadSignature { .. }), "{form}");
    }
    let sha256 = Command::new("ssh-keygen")
        .args(["-Y", "sign", "-q", "-O", "hashalg=sha256", "-n", namespace::SNAPSHOT, "-f"])
        .arg(&path)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(sha256.status.success());
    let error = verify(key, namespace::SNAPSHOT, b"", &sha256.stdout).unwrap_err();
    assert!(error.to_string().contains("sha512"), "{error}");
    let long = vec![b'x'; MAX_PEM + 1];
    assert!(verify(key, namespace::SNAPSHOT, MESSAGE, &long).is_err());
}

proptest! {
    #[test]
    fn hostile_signatures_never_panic(bytes: Vec<u8>) {
        let _ = claimed_key(&bytes);
        let text = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &bytes);
        let pem = format!("-----BEGIN SSH SIGNATURE-----\n{text}\n-----END SSH SIGNATURE-----\n");
        prop_assert!(claimed_key(pem.as_bytes()).is_err());
    }
}
