//! The trust file against the real `ssh-keygen`, the chain of versions, the verdicts.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use proptest::prelude::*;

use super::judge::{policy_met as met, *};
use super::*;
use crate::keys::epoch::EpochKey;
use crate::keys::error::KeysError;
use crate::keys::namespace;
use crate::keys::prompt::NoPrompt;
use crate::keys::public_key::PublicKey;
use crate::keys::seal::{OpenPolicy, Opener, seal_epoch};
use crate::keys::seals_file::SealsFile;
use crate::keys::signer::{FileSigner, Signer};
use crate::model::clock::Timestamp;
use crate::model::digest::Digest;
use crate::model::explain::{Explain, Kind};
use crate::model::id::{Role, Seq};

const AGE: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
const MESSAGE: &[u8] = b"{}\n";

fn signer() -> FileSigner {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    fs::write(&path, &*FileSigner::generate("test").unwrap()).unwrap();
    FileSigner::load(&path, &NoPrompt).unwrap()
}

fn seq(number: u64) -> Seq {
    Seq::new(number).unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn line(role: Role, signer: &FileSigner) -> SignerLine {
    SignerLine {
        role,
        namespaces: vec![namespace::SNAPSHOT.to_owned()],
        after: None,
        before: None,
        key: signer.public().clone(),
    }
}

fn file(
    version: u64,
    threshold: usize,
    roots: &[&FileSigner],
    signers: Vec<SignerLine>,
) -> TrustFile {
    let roots = roots.iter().zip(1..).map(|(root, number)| RootKey {
        name: format!("root{number}"),
        key: root.public().clone(),
    });
    TrustFile {
        version,
        stream: "acme-prod".parse().unwrap(),
        expires: None,
        accept: vec![Role::job()],
        root_threshold: threshold,
        roots: roots.collect(),
        epochs: vec![Epoch { number: 7, recipient: AGE.to_owned() }],
        solo_openers: Vec::new(),
        revoked: Vec::new(),
        tools: Vec::new(),
        signers,
    }
}

fn signed(file: &TrustFile, by: &[&FileSigner]) -> TrustVersion {
    let bytes = file.render().into_bytes();
    let sign =
        |signer: &&FileSigner| ("root".to_owned(), signer.sign(namespace::TRUST, &bytes).unwrap());
    TrustVersion { version: file.version, signatures: by.iter().map(sign).collect(), file: bytes }
}

fn root_of(version: &TrustVersion) -> TrustRoot {
    TrustRoot::Fingerprint(Digest::of(&version.file))
}

/// A file with every kind of line.
fn full() -> TrustFile {
    let (one, two, three) = (signer(), signer(), signer());
    let mut job = line(Role::job(), &one);
    job.after = Some("20261101Z".parse().unwrap());
    job.before = Some("20271201120000Z".parse().unwrap());
    job.namespaces.push(namespace::LOG.to_owned());
    let mut file = file(3, 2, &[&one, &two, &three], vec![job, line(Role::verifier(), &two)]);
    file.expires = Some("2027-06-30".parse().unwrap());
    file.accept.push(Role::verifier());
    file.solo_openers.push(Role::verifier());
    file.revoked.push(Revocation { fingerprint: three.public().fingerprint(), from: seq(120) });
    file.tools.push(PinnedTool {
        name: "kustomize".into(),
        version: "5.8.1".into(),
        digest: Digest::of(b"x"),
    });
    file
}

#[test]
fn every_kind_of_line_is_written_and_read() {
    let file = full();
    let text = file.render();
    assert_eq!(TrustFile::parse(text.as_bytes()).unwrap(), file, "{text}");
    for line in [
        "# version 3\n",
        "# accept snapshot: job + verifier\n",
        "# root: 2 of root1,root2,root3\n",
        "# revoked SHA256:",
        " from 120\n",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
}

#[test]
fn any_other_form_is_refused() {
    let text = full().render();
    for (from, to) in [
        ("# version 3", "# version 03"),
        ("# version 3", "# version 0"),
        ("v1\n", "v2\n"),
        ("# version 3\n# stream acme-prod\n", "# stream acme-prod\n# version 3\n"),
        ("# solo-opener", "# a comment\n# solo-opener"),
        ("# solo-opener", "#solo-opener"),
        ("# blackstart.trust", "#  blackstart.trust"),
        ("2 of", "4 of"),
        ("2 of", "0 of"),
        ("root1,root2,root3", "root1,root3,root2"),
        ("root1,root2,root3", "root1,root2"),
        ("job + verifier", "job + job"),
        ("# epoch 7", "# epoch 0"),
        ("from 120", "from 0"),
        (" namespaces=", " cert-authority,namespaces="),
        ("namespaces=\"blackstart.snapshot.v1,blackstart.log.v1\",", ""),
        ("namespaces=\"blackstart.snapshot.v1,", "namespaces=\"*,"),
        ("valid-after=\"20261101Z\"", "valid-after=\"20261101\""),
        ("valid-after=\"20261101Z\"", "valid-after=\"20281101Z\""),
        ("job@acme-prod", "job@other-prod"),
        ("job@acme-prod", "job@acme-prod,verifier@acme-prod"),
        ("\n", "\r\n"),
        ("\n# stream", "\n\n# stream"),
        ("sha256:", "sha512:"),
    ] {
        let changed = text.replace(from, to);
        assert_ne!(changed, text, "{from}");
        assert!(TrustFile::parse(changed.as_bytes()).is_err(), "{from} -> {to}");
    }
    assert!(TrustFile::parse(text.trim_end().as_bytes()).is_err());
    assert!(TrustFile::parse(&vec![b'#'; 2 << 20]).is_err());
}

#[test]
fn one_key_is_not_two_roots() {
    let one = signer();
    let doubled = file(1, 2, &[&one, &one], Vec::new()).render();
    let error = TrustFile::parse(doubled.as_bytes()).unwrap_err();
    assert!(error.to_string().contains("twice"), "{error}");
}

proptest! {
    #[test]
    fn hostile_files_never_panic(bytes: Vec<u8>) {
        let _ = TrustFile::parse(&bytes);
    }
    #[test]
    fn one_changed_byte_is_refused_or_renders_to_itself(at in 0_usize..2000, to: u8) {
        use std::sync::OnceLock;
        static TEXT: OnceLock<Vec<u8>> = OnceLock::new();
        let mut bytes = TEXT.get_or_init(|| full().render().into_bytes()).clone();
        let at = at % bytes.len();
        bytes[at] = to;
        if let Ok(parsed) = TrustFile::parse(&bytes) {
            prop_assert_eq!(parsed.render().into_bytes(), bytes);
        }
    }
}

/// Whether the real program takes the signature at that time, with our file as it is.
fn stock_verifies(
    folder: &Path,
    file: &TrustFile,
    pem: &[u8],
    role: &Role,
    when: Timestamp,
) -> bool {
    let (allowed, signature, message) =
        (folder.join("allowed"), folder.join("sig"), folder.join("message"));
    fs::write(&allowed, file.render()).unwrap();
    fs::write(&signature, pem).unwrap();
    fs::write(&message, MESSAGE).unwrap();
    let time = Moment::second(when);
    Command::new("ssh-keygen")
        .args(["-Y", "verify", "-n", namespace::SNAPSHOT])
        .args(["-I", &format!("{role}@{}", file.stream)])
        .arg(format!("-Overify-time={time}"))
        .arg("-f")
        .arg(&allowed)
        .arg("-s")
        .arg(&signature)
        .stdin(fs::File::open(&message).unwrap())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("ssh-keygen is missing: run tests/setup")
        .success()
}

#[test]
fn the_real_program_agrees_about_windows_roles_and_purposes() {
    let folder = tempfile::tempdir().unwrap();
    let (root, job, other) = (signer(), signer(), signer());
    let windows = [
        (None, None),
        (Some("20261101Z"), None),
        (None, Some("20261201Z")),
        (Some("20261101Z"), Some("20261201080000Z")),
    ];
    let times = [
        "2026-10-31T23:59:59Z",
        "2026-11-01T00:00:00Z",
        "2026-11-01T00:00:01Z",
        "2026-11-30T23:59:59Z",
        "2026-12-01T00:00:00Z",
        "2026-12-01T00:00:01Z",
        "2026-12-01T08:00:00Z",
        "2026-12-01T08:00:01Z",
    ];
    for (after, before) in windows {
        let mut window = line(Role::job(), &job);
        window.after = after.map(|text| text.parse().unwrap());
        window.before = before.map(|text| text.parse().unwrap());
        let mut log_only = line(Role::verifier(), &other);
        log_only.namespaces = vec![namespace::LOG.to_owned()];
        let trust = file(1, 1, &[&root], vec![window, log_only]);
        let trusted = establish(&TrustRoot::File(trust.render().into_bytes()), &[]).unwrap();
        for (role, by, namespace, usable) in [
            (Role::job(), &job, namespace::SNAPSHOT, true),
            (Role::job(), &other, namespace::SNAPSHOT, false),
            (Role::job(), &job, namespace::TRUST, false),
            (Role::verifier(), &other, namespace::SNAPSHOT, false),
        ] {
            let pem = by.sign(namespace, MESSAGE).unwrap();
            for now in times.map(at) {
                let files = [(role.clone(), by.public().short(), pem.clone())];
                let verdict = trusted.judge(&files, MESSAGE, seq(1), None, now).remove(0).status;
                let stock = stock_verifies(folder.path(), &trust, &pem, &role, now);
                assert_eq!(verdict == Status::Good, stock, "{role} {now} {after:?} {before:?}");
                assert_eq!(usable, verdict.counts(), "{role} {now} {verdict:?}");
            }
        }
    }
}

#[test]
fn a_version_follows_by_the_thresholds_of_both() {
    let (a, b, c, d) = (signer(), signer(), signer(), signer());
    let first = signed(&file(1, 2, &[&a, &b, &c], Vec::new()), &[&a, &b]);
    let next = file(2, 2, &[&b, &c, &d], Vec::new());
    let root = root_of(&first);
    let newest = |second: TrustVersion| {
        establish(&root, &[first.clone(), second]).map(|trusted| trusted.file().version)
    };
    assert_eq!(newest(signed(&next, &[&b, &c])).unwrap(), 2, "two of both");
    assert_eq!(newest(signed(&next, &[&a, &b, &d])).unwrap(), 2, "two of each");
    assert_eq!(newest(signed(&next, &[&c, &d])).unwrap(), 1, "one of the old");
    assert_eq!(newest(signed(&next, &[&a, &b])).unwrap(), 1, "one of the new");
    assert_eq!(newest(signed(&next, &[&b, &b, &b])).unwrap(), 1, "files are not keys");
    let pending = establish(&root, &[first.clone(), signed(&next, &[&b])]).unwrap();
    assert_eq!(pending.pending(), Some(2));
}

#[test]
fn a_badly_signed_next_version_is_an_error() {
    let (a, b, stranger) = (signer(), signer(), signer());
    let first = signed(&file(1, 1, &[&a], Vec::new()), &[&a]);
    let second = file(2, 1, &[&b], Vec::new());
    let with = |pem: Vec<u8>| TrustVersion {
        version: 2,
        file: second.render().into_bytes(),
        signatures: vec![("root1".into(), pem)],
    };
    let go = |version| establish(&root_of(&first), &[first.clone(), version]);
    let error = go(with(a.sign(namespace::TRUST, b"other").unwrap())).unwrap_err();
    assert!(matches!(error, KeysError::BadlySigned { version: 2, .. }), "{error}");
    assert_eq!(error.about().kind, Kind::Integrity);
    // A stranger's signature and rubbish are nobody's: whoever can write files must not stop us.
    for pem in [stranger.sign(namespace::TRUST, b"other").unwrap(), b"rubbish".to_vec()] {
        assert_eq!(go(with(pem)).unwrap().file().version, 1);
    }
    let wrong_purpose = a.sign(namespace::SNAPSHOT, &with(Vec::new()).file).unwrap();
    assert!(go(with(wrong_purpose)).is_err());
}

#[test]
fn steps_are_of_one_on_one_stream_and_never_back() {
    let a = signer();
    let versions: Vec<_> =
        (1..=4).map(|version| signed(&file(version, 1, &[&a], Vec::new()), &[&a])).collect();
    let newest = |root: usize, there: &[usize]| {
        let there: Vec<_> = there.iter().map(|index| versions[*index].clone()).collect();
        establish(&root_of(&versions[root]), &there).map(|trusted| trusted.file().version)
    };
    assert_eq!(newest(0, &[3, 0, 2, 1]).unwrap(), 4);
    assert_eq!(newest(0, &[0, 1, 3]).unwrap(), 2, "a gap ends the walk");
    assert_eq!(newest(2, &[0, 1, 2]).unwrap(), 3, "older versions do not matter");
    let missing = newest(1, &[0, 2]).unwrap_err();
    assert_eq!(missing.about().kind.exit_code(), 5, "{missing}");

    let mut other = file(2, 1, &[&a], Vec::new());
    other.stream = "other-prod".parse().unwrap();
    let mut renumbered = versions[2].clone();
    renumbered.version = 2;
    for wrong in [signed(&other, &[&a]), renumbered] {
        let error = establish(&root_of(&versions[0]), &[versions[0].clone(), wrong]).unwrap_err();
        assert!(matches!(error, KeysError::BadlySigned { .. }), "{error}");
    }
}

#[test]
fn the_pinned_version_needs_its_own_threshold_unless_it_was_handed_in() {
    let (a, b) = (signer(), signer());
    let half = signed(&file(1, 2, &[&a, &b], Vec::new()), &[&a]);
    let error = establish(&root_of(&half), std::slice::from_ref(&half)).unwrap_err();
    assert!(matches!(error, KeysError::Undersigned { signed: 1, needed: 2, .. }), "{error}");
    assert!(establish(&TrustRoot::File(half.file.clone()), &[]).is_ok());
    let digest = Digest::of(&half.file);
    assert_eq!(format!("sha256:{digest}").parse(), Ok(root_of(&half)));
    assert_eq!(digest.to_string().parse(), Ok(root_of(&half)));
}

#[test]
fn roots_sign_other_things_by_the_same_threshold() {
    let (a, b) = (signer(), signer());
    let trust = file(1, 2, &[&a, &b], Vec::new());
    let trusted = establish(&TrustRoot::File(trust.render().into_bytes()), &[]).unwrap();
    let by = |signer: &FileSigner| signer.sign(namespace::KEYS, MESSAGE).unwrap();
    assert!(trusted.check_roots(namespace::KEYS, MESSAGE, &[by(&a), by(&b)]).is_ok());
    assert!(trusted.check_roots(namespace::KEYS, MESSAGE, &[by(&a), by(&a)]).is_err());
    assert!(trusted.check_roots(namespace::TRUST, MESSAGE, &[by(&a), by(&b)]).is_err());
}

#[test]
fn seals_are_vouched_for_as_a_whole() {
    let root = signer();
    let key = EpochKey::generate(7);
    let mut trust = file(1, 1, &[&root], Vec::new());
    trust.epochs[0].recipient = key.recipient();
    let trusted = establish(&TrustRoot::File(trust.render().into_bytes()), &[]).unwrap();
    let opener = Opener { number: 1, recipient: AGE.parse().unwrap() };
    let seals = seal_epoch(&key, &[opener], OpenPolicy::Any, &[]).unwrap();
    let list = SealsFile::of(trust.stream.clone(), 7, 1, key.recipient(), &seals);
    let files = |list: &SealsFile| {
        let bytes = list.to_string().into_bytes();
        let pem = root.sign(namespace::KEYS, &bytes).unwrap();
        let mut files: std::collections::BTreeMap<String, Vec<u8>> =
            seals.iter().map(|seal| (format!("keys/{}", seal.name), seal.bytes.clone())).collect();
        files.insert("keys/SEALS".into(), bytes);
        files.insert("keys/SEALS.root1.sig".into(), pem);
        files
    };
    assert_eq!(trusted.check_seals(&files(&list), 7).unwrap(), list);
    let mut damaged = files(&list);
    damaged.insert("keys/epoch-0007.any.age".into(), b"swapped".to_vec());
    let mut unsigned = files(&list);
    unsigned.remove("keys/SEALS.root1.sig");
    let mut changed = files(&list);
    changed.get_mut("keys/SEALS").unwrap().push(b'\n');
    let mut extra = files(&list);
    extra.insert("keys/epoch-0007.solo-verifier.age".into(), b"slipped in".to_vec());
    let substituted = SealsFile { recipient: AGE.to_owned(), ..list.clone() };
    for wrong in [damaged, unsigned, changed, extra, files(&substituted)] {
        assert!(trusted.check_seals(&wrong, 7).is_err());
    }
    assert!(trusted.check_seals(&files(&list), 8).is_err());
}

#[test]
fn a_revocation_stops_from_its_sequence_on() {
    let (root, job) = (signer(), signer());
    let mut trust = file(1, 1, &[&root], vec![line(Role::job(), &job)]);
    let fingerprint = job.public().fingerprint();
    trust.revoked.push(Revocation { fingerprint, from: seq(120) });
    let trusted = establish(&TrustRoot::File(trust.render().into_bytes()), &[]).unwrap();
    let files =
        [(Role::job(), job.public().short(), job.sign(namespace::SNAPSHOT, MESSAGE).unwrap())];
    let now = at("2026-11-23T00:00:00Z");
    for (number, status) in
        [(119, Status::RevokedLater), (120, Status::Revoked), (121, Status::Revoked)]
    {
        let verdicts = trusted.judge(&files, MESSAGE, seq(number), None, now);
        assert_eq!(verdicts[0].status, status);
        assert!(!trusted.policy_met(&verdicts));
        assert_eq!(trusted.policy_met_in_chain(&verdicts), number == 119);
        assert_eq!(may_parse(&verdicts), number == 119);
    }
}

#[test]
fn time_warns_and_never_locks_out() {
    let (root, job) = (signer(), signer());
    let mut window = line(Role::job(), &job);
    window.after = Some("20261101Z".parse().unwrap());
    window.before = Some("20261201Z".parse().unwrap());
    let trust = file(1, 1, &[&root], vec![window]);
    let trusted = establish(&TrustRoot::File(trust.render().into_bytes()), &[]).unwrap();
    let files =
        [(Role::job(), job.public().short(), job.sign(namespace::SNAPSHOT, MESSAGE).unwrap())];
    let (early, inside, late) =
        (at("2026-10-01T00:00:00Z"), at("2026-11-15T00:00:00Z"), at("2027-01-01T00:00:00Z"));
    for (created, now, status) in [
        (Some(inside), inside, Status::Good),
        (None, inside, Status::Good),
        (Some(inside), late, Status::Expired),
        (Some(late), inside, Status::Expired),
        (Some(early), inside, Status::NotYet),
        (Some(inside), early, Status::NotYet),
    ] {
        let verdicts = trusted.judge(&files, MESSAGE, seq(1), created, now);
        assert_eq!(verdicts[0].status, status, "{created:?} {now}");
        assert!(trusted.policy_met(&verdicts));
    }
}

#[test]
fn a_strangers_file_says_nothing_and_a_wrong_one_is_bad() {
    let (root, job, stranger) = (signer(), signer(), signer());
    let trust = file(1, 1, &[&root], vec![line(Role::job(), &job)]);
    let trusted = establish(&TrustRoot::File(trust.render().into_bytes()), &[]).unwrap();
    let now = at("2026-11-23T00:00:00Z");
    let by =
        |signer: &FileSigner, message: &[u8]| signer.sign(namespace::SNAPSHOT, message).unwrap();
    let files = [
        (Role::job(), stranger.public().short(), by(&stranger, MESSAGE)),
        (Role::verifier(), job.public().short(), by(&job, MESSAGE)),
        (Role::job(), job.public().short(), by(&stranger, MESSAGE)),
        (Role::job(), job.public().short(), by(&job, b"other")),
        (Role::job(), job.public().short(), b"rubbish".to_vec()),
    ];
    let statuses: Vec<_> = trusted
        .judge(&files, MESSAGE, seq(1), None, now)
        .into_iter()
        .map(|verdict| verdict.status)
        .collect();
    let (unknown, bad) = (Status::Unknown, Status::Bad);
    assert_eq!(statuses, [unknown, unknown, bad, bad, bad]);
}

#[test]
fn each_role_needs_a_key_of_its_own() {
    let verdict = |role: &Role, key: &str| SignatureVerdict {
        role: role.clone(),
        key: key.to_owned(),
        status: Status::Good,
        touch: None,
    };
    let (job, verifier) = (Role::job(), Role::verifier());
    let accept = [job.clone(), verifier.clone()];
    assert!(met(&accept, &[verdict(&job, "a"), verdict(&verifier, "b")], false));
    assert!(!met(&accept, &[verdict(&job, "a"), verdict(&verifier, "a")], false));
    assert!(!met(&accept, &[verdict(&job, "a"), verdict(&job, "b")], false));
    let more = [verdict(&job, "a"), verdict(&job, "b"), verdict(&verifier, "a")];
    assert!(met(&accept, &more, false), "b for the job, a for the verifier");
    assert!(!met(&[], &more, false), "a policy that asks for nothing is not met");
}

#[test]
fn a_key_that_only_ssh_keygen_could_misread_is_refused() {
    // A line without namespaces would let a Git commit signature count.
    let key: PublicKey = signer().public().clone();
    let text = file(1, 1, &[&signer()], Vec::new()).render() + &format!("job@acme-prod {key}\n");
    assert!(TrustFile::parse(text.as_bytes()).is_err());
}
