//! A second reader of format 1, written from `bundles/README.md` with stock tools only (age, zstd,
//! tar, ssh-keygen, sha256sum, git). It shares no code with the program: where the two disagree,
//! the page, the program or this file is wrong.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::{component, git};

/// Where a bundle lies and what it takes to open it.
pub struct Reader<'a> {
    /// The store's directory.
    pub store: &'a Path,
    /// An allowed-signers file.
    pub allowed: &'a Path,
    /// The stream.
    pub stream: &'a str,
    /// Every role that must have signed.
    pub roles: &'a [&'a str],
    /// The identities that open the seal, in the order of its layers.
    pub identities: &'a [&'a Path],
}

/// What came out.
pub struct Opened {
    /// The manifest.
    pub manifest: Value,
    /// `index.json`.
    pub index: Value,
    /// Bare repositories by name.
    pub repositories: BTreeMap<String, PathBuf>,
}

impl Reader<'_> {
    /// Opens the newest snapshot below `into`, step by step as the page says.
    pub fn open(&self, into: &Path) -> Opened {
        let snapshot = self.newest();
        self.check_signatures(&snapshot);
        let bytes = std::fs::read(snapshot.join("manifest.json")).unwrap();
        let manifest: Value = serde_json::from_slice(&bytes).unwrap();
        check_manifest(&manifest, &snapshot);
        let parts = self.check_parts(&manifest);
        let key = self.unseal(&manifest, &parts, into);
        for kind in ["index", "base", "delta", "state", "vendor"] {
            for part in parts.iter().filter(|part| part.kind == kind) {
                unpack(part, &key, into);
            }
        }
        let sums = ["--quiet", "--strict", "-c", "SHA256SUMS"];
        run(Command::new(component::find("sha256sum")).args(sums).current_dir(into));
        let text = std::fs::read_to_string(into.join("index.json")).unwrap();
        let index: Value = serde_json::from_str(&text).unwrap();
        check_index(&index, &parts, into);
        Opened { manifest, index, repositories: repositories(into) }
    }

    fn newest(&self) -> PathBuf {
        let is_number = |name: &str| name.len() == 10 && name.bytes().all(|b| b.is_ascii_digit());
        let folder = self.store.join("snapshots");
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let named = entries.filter(|path| is_number(path.file_name().unwrap().to_str().unwrap()));
        named.filter(|path| path.join("manifest.json").exists()).max().unwrap()
    }

    fn check_signatures(&self, snapshot: &Path) {
        let manifest = || std::fs::File::open(snapshot.join("manifest.json")).unwrap();
        for role in self.roles {
            let prefix = format!("{role}.");
            let good = std::fs::read_dir(snapshot).unwrap().map(|e| e.unwrap()).any(|entry| {
                let name = entry.file_name().into_string().unwrap();
                let stem = name.strip_suffix(".sig");
                stem.is_some_and(|stem| stem.starts_with(&prefix))
                    && Command::new(component::find("ssh-keygen"))
                        .args(["-Y", "verify", "-n", "blackstart.snapshot.v1", "-I"])
                        .arg(format!("{role}@{}", self.stream))
                        .arg("-f")
                        .arg(self.allowed)
                        .arg("-s")
                        .arg(entry.path())
                        .stdin(manifest())
                        .stdout(Stdio::null())
                        .status()
                        .unwrap()
                        .success()
            });
            assert!(good, "no good signature of {role} in {}", snapshot.display());
        }
    }

    fn check_parts(&self, manifest: &Value) -> Vec<Part> {
        let layers = manifest["layers"].as_array().unwrap();
        std::iter::once(&manifest["config"])
            .chain(layers)
            .map(|descriptor| {
                assert_eq!(descriptor.as_object().unwrap().len(), 3, "{descriptor}");
                let media = descriptor["mediaType"].as_str().unwrap();
                let kind = media.strip_prefix("application/vnd.blackstart.").unwrap();
                let digest = descriptor["digest"].as_str().unwrap();
                let hex = digest.strip_prefix("sha256:").unwrap();
                let path = self.store.join("blobs/sha256").join(hex);
                let size = std::fs::metadata(&path).unwrap().len();
                assert_eq!(descriptor["size"].as_u64(), Some(size), "{hex}");
                let sum = run(Command::new(component::find("sha256sum")).arg(&path));
                assert!(sum.starts_with(hex), "{sum}");
                let kind = kind.split('.').next().unwrap().to_owned();
                Part { kind, digest: digest.to_owned(), path }
            })
            .collect()
    }

    /// Opens a seal and proves that it holds the epoch's key.
    fn unseal(&self, manifest: &Value, parts: &[Part], into: &Path) -> PathBuf {
        let keys = parts.iter().find(|part| part.kind == "keys").unwrap();
        run(tar().arg("-xf").arg(&keys.path).arg("-C").arg(into));
        let seals = std::fs::read_dir(into.join("keys")).unwrap().map(|e| e.unwrap().path());
        let layers = self.identities.len();
        let fits = |path: &PathBuf| {
            let name = path.file_name().unwrap().to_str().unwrap();
            let seal = name.strip_suffix(".age").and_then(|stem| stem.split('.').nth(1));
            seal.is_some_and(|seal| match layers {
                1 => seal == "any",
                _ => seal.split('+').count() == layers,
            })
        };
        let mut candidates: Vec<_> = seals.filter(fits).collect();
        candidates.sort();
        let recipient = manifest["annotations"]["blackstart.epoch-recipient"].as_str().unwrap();
        for seal in candidates {
            if let Some(key) = peel(&seal, self.identities) {
                let path = into.join("epoch.key");
                std::fs::write(&path, key).unwrap();
                let keygen = component::find("age-keygen");
                assert_eq!(run(Command::new(keygen).arg("-y").arg(&path)), recipient);
                return path;
            }
        }
        panic!("no seal opens for these identities");
    }
}

struct Part {
    kind: String,
    digest: String,
    path: PathBuf,
}

/// Takes off one layer for each identity, in order.
fn peel(seal: &Path, identities: &[&Path]) -> Option<Vec<u8>> {
    let mut bytes = std::fs::read(seal).unwrap();
    for identity in identities {
        let mut command = Command::new(component::find("age"));
        command.args(["-d", "-i"]).arg(identity);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // A seal is a few hundred bytes: it fits a pipe. A child that has ended does not read it.
        let _ = std::io::Write::write_all(&mut child.stdin.take().unwrap(), &bytes);
        let output = child.wait_with_output().unwrap();
        bytes = output.status.success().then_some(output.stdout)?;
    }
    Some(bytes)
}

fn check_manifest(manifest: &Value, snapshot: &Path) {
    let notes = &manifest["annotations"];
    let folder = snapshot.file_name().unwrap().to_str().unwrap();
    let seq = notes["blackstart.seq"].as_str().unwrap();
    assert_eq!(format!("{seq:0>10}"), folder);
    assert_eq!(notes["blackstart.format"], "1");
    assert_eq!(notes["blackstart.prev"].as_str().unwrap().len(), 64);
    let order = ["card", "keys", "trust", "base", "delta", "state", "vendor"];
    let kinds: Vec<_> = manifest["layers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|layer| {
            let kind = layer["mediaType"].as_str().unwrap().split('.').nth(2).unwrap().to_owned();
            order.iter().position(|known| *known == kind).unwrap()
        })
        .collect();
    assert!(kinds.is_sorted(), "{kinds:?}");
}

fn tar() -> Command {
    let mut command = Command::new(component::find("tar"));
    command.env("LC_ALL", "C");
    command
}

fn unpack(part: &Part, key: &Path, into: &Path) {
    let archive = into.join("p.tar");
    let mut age = Command::new(component::find("age"))
        .args(["-d", "-i"])
        .args([key, &part.path])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut zstd = Command::new(component::find("zstd"));
    zstd.args(["-q", "-d", "-f", "-o"]).arg(&archive).stdin(age.stdout.take().unwrap());
    assert!(zstd.status().unwrap().success() && age.wait().unwrap().success());
    let listing = run(tar().arg("-tvf").arg(&archive));
    let odd: Vec<_> = listing.lines().filter(|line| !line.starts_with("-rw-r--r-- 0/0 ")).collect();
    assert!(odd.is_empty(), "{odd:?}");
    let names = run(tar().arg("-tf").arg(&archive));
    assert!(names.lines().is_sorted(), "{names}");
    let plain = |c: char| c.is_ascii_alphanumeric() || "._/-".contains(c);
    assert!(names.lines().all(|name| name.chars().all(plain) && !name.starts_with('/')));
    run(tar().arg("-xf").arg(&archive).arg("-C").arg(into));
    std::fs::remove_file(&archive).unwrap();
}

/// Every pack must be where the index says and hash to what it says.
fn check_index(index: &Value, parts: &[Part], into: &Path) {
    let known: Vec<_> = parts.iter().map(|part| part.digest.as_str()).collect();
    for repository in index["repos"].as_array().unwrap() {
        let folder = into.join("repos").join(repository["folder"].as_str().unwrap());
        for pack in repository["packs"].as_array().unwrap() {
            let path = folder.join("objects/pack").join(pack["file"].as_str().unwrap());
            let sum = run(Command::new(component::find("sha256sum")).arg(&path));
            assert!(sum.starts_with(pack["sha256"].as_str().unwrap()), "{sum}: {pack}");
            let part = pack["part"].as_str().unwrap();
            assert!(known.iter().any(|digest| digest.ends_with(part)), "{part} is not listed");
        }
    }
}

fn repositories(into: &Path) -> BTreeMap<String, PathBuf> {
    let table = std::fs::read_to_string(into.join("repos.tsv")).unwrap();
    let open = |line: &str| {
        let [folder, format, refs, name] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("repos.tsv: {line}");
        };
        let path = into.join(folder);
        let format = format!("--object-format={format}");
        git::git(into, &["init", "-q", "--bare", "--template=", &format, folder]);
        git::git(&path, &["fsck", "--connectivity-only", "--no-dangling"]);
        assert_eq!(git::git(&path, &["for-each-ref"]).lines().count().to_string(), refs, "{name}");
        (name.to_owned(), path)
    };
    table.lines().map(open).collect()
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}
