//! Somebody who broke into the machine that takes snapshots: holds its signing key and the public
//! recipient of the epoch, and not the secret. What it seals is sealed and signed as it should be.

use std::io::Write as _;
use std::path::Path;

use blackstart::bundle::manifest::{Manifest, PartKind, PartRef};
use blackstart::model::digest::Digest;
use blackstart::model::id::Seq;

use crate::support::component;
use crate::support::kit::Kit;
use crate::support::sandbox::finish;

/// The namespace of signatures over manifests.
pub(crate) const SNAPSHOT: &str = "blackstart.snapshot.v1";

/// One that writes into the store of a kit.
pub(crate) struct Insider<'a> {
    kit: &'a Kit,
}

impl<'a> Insider<'a> {
    /// Takes over the job of a kit.
    pub(crate) fn new(kit: &'a Kit) -> Self {
        Self { kit }
    }

    /// Returns the manifest of a snapshot.
    pub(crate) fn manifest(&self, seq: u64) -> Manifest {
        Manifest::parse(&self.manifest_bytes(seq)).unwrap()
    }

    fn manifest_bytes(&self, seq: u64) -> Vec<u8> {
        let folder = self.kit.store().join(format!("snapshots/{seq:010}"));
        std::fs::read(folder.join("manifest.json")).unwrap()
    }

    /// Returns a manifest like that of `seq` which may stand after it.
    pub(crate) fn successor(&self, seq: u64) -> Manifest {
        let mut manifest = self.manifest(seq);
        manifest.prev = Digest::of(&self.manifest_bytes(seq));
        manifest.seq = Seq::new(seq + 1).unwrap();
        manifest
    }

    /// Puts a blob into the store.
    pub(crate) fn blob(&self, bytes: &[u8]) -> Digest {
        let digest = Digest::of(bytes);
        std::fs::write(self.kit.store().join(format!("blobs/sha256/{digest}")), bytes).unwrap();
        digest
    }

    /// Puts a part into the store and lists it.
    pub(crate) fn part(&self, kind: PartKind, bytes: &[u8]) -> PartRef {
        PartRef { kind, digest: self.blob(bytes), size: bytes.len() as u64 }
    }

    /// Encrypts to the epoch's recipient.
    pub(crate) fn encrypted(&self, plain: &[u8]) -> Vec<u8> {
        let recipient: age::x25519::Recipient = self.recipient().parse().unwrap();
        let one = std::iter::once(&recipient as &dyn age::Recipient);
        let mut sealed = Vec::new();
        let mut to =
            age::Encryptor::with_recipients(one).unwrap().wrap_output(&mut sealed).unwrap();
        to.write_all(plain).unwrap();
        to.finish().unwrap();
        sealed
    }

    /// Seals a tar as a part should be.
    pub(crate) fn sealed(&self, tar: &[u8]) -> Vec<u8> {
        self.encrypted(&zstd::encode_all(tar, 3).unwrap())
    }

    /// Returns the public key of the epoch.
    pub(crate) fn recipient(&self) -> String {
        self.manifest(1).epoch_recipient
    }

    /// Signs with the job's key.
    pub(crate) fn sign(&self, bytes: &[u8], namespace: &str) -> Vec<u8> {
        sign_with(self.kit, &self.kit.path("keys/job"), bytes, namespace)
    }

    /// Signs a manifest and makes it visible under its own number.
    pub(crate) fn publish(&self, manifest: &Manifest) {
        self.publish_bytes(manifest.seq.get(), &manifest.render(), SNAPSHOT);
    }

    /// Signs any bytes and makes them visible as the manifest of `seq`.
    pub(crate) fn publish_bytes(&self, seq: u64, bytes: &[u8], namespace: &str) {
        let signature = self.sign(bytes, namespace);
        self.place(seq, bytes, &[(&format!("job.{}.sig", self.key()), &signature)]);
    }

    /// Writes the folder of a snapshot.
    pub(crate) fn place(&self, seq: u64, manifest: &[u8], signatures: &[(&str, &[u8])]) {
        self.blob(manifest);
        let folder = self.kit.store().join(format!("snapshots/{seq:010}"));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("manifest.json"), manifest).unwrap();
        for (name, bytes) in signatures {
            std::fs::write(folder.join(name), bytes).unwrap();
        }
    }

    /// Returns the 16 digits that stand for the job's key in names of signatures.
    pub(crate) fn key(&self) -> String {
        let folder = self.kit.store().join("snapshots/0000000001");
        let names = std::fs::read_dir(folder).unwrap();
        let mut names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let name = names.find(|name| name.starts_with("job.")).unwrap();
        name.split('.').nth(1).unwrap().to_owned()
    }

    /// Publishes a snapshot after `seq` whose first base part is `part`, and whose index agrees.
    /// Returns the digest of the part.
    pub(crate) fn publish_base(&self, seq: u64, part: &[u8], plain: u64) -> Digest {
        let mut manifest = self.successor(seq);
        let base = manifest.layers.iter().position(|part| part.kind == PartKind::Base).unwrap();
        let (old, new) = (manifest.layers[base].digest, self.part(PartKind::Base, part));
        // The job knows what it sealed; here a person with the key looks it up.
        let into = format!("insider-{seq}");
        let opened = self.kit.second_reader(&into);
        let size = opened.index["parts"].as_array().unwrap().iter();
        let size = size.filter(|one| one["digest"] == old.to_string().as_str());
        let size = size.map(|one| one["plain-size"].to_string()).next().unwrap();
        let into = self.kit.sandbox.path(&into);
        let index = std::fs::read_to_string(into.join("index.json")).unwrap();
        let index = index.replace(&old.to_string(), &new.digest.to_string());
        let index =
            index.replace(&format!("\"plain-size\": {size}"), &format!("\"plain-size\": {plain}"));
        let others = |name: &str| std::fs::read(into.join(name)).unwrap();
        let tar = tar_of(&[
            ("SHA256SUMS", &others("SHA256SUMS")),
            ("index.json", index.as_bytes()),
            ("repos.tsv", &others("repos.tsv")),
            ("state.json", &others("state.json")),
            ("vendor.json", &others("vendor.json")),
        ]);
        manifest.index = self.part(PartKind::Index, &self.sealed(&tar));
        let digest = new.digest;
        manifest.layers[base] = new;
        self.publish(&manifest);
        digest
    }
}

/// Signs with any key, by the real program.
pub(crate) fn sign_with(kit: &Kit, key: &Path, bytes: &[u8], namespace: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let message = folder.path().join("message");
    std::fs::write(&message, bytes).unwrap();
    let mut command = kit.sandbox.program(component::find("ssh-keygen"));
    finish(command.args(["-q", "-Y", "sign", "-n", namespace, "-f"]).arg(key).arg(&message)).ok();
    std::fs::read(message.with_extension("sig")).unwrap()
}

/// A well-behaved tar of plain files, in the order given.
pub(crate) fn tar_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, bytes) in files {
        let mut header = tar::Header::new_ustar();
        header.set_path(path).unwrap();
        header.set_mode(0o644);
        header.set_size(bytes.len() as u64);
        header.set_cksum();
        builder.append(&header, *bytes).unwrap();
    }
    builder.into_inner().unwrap()
}
