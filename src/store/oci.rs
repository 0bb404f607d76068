//! What OCI tools need to carry a store to a registry and back: an index with tags, and each
//! signature as an artifact of its own. Transport only; no reader trusts any of it.

use serde::Serialize;

use crate::bundle::port::{RawSnapshot, Signature};
use crate::model::digest::Digest;

/// The file `oci-layout`.
pub(super) const LAYOUT: &str = "{\"imageLayoutVersion\":\"1.0.0\"}\n";

/// How many snapshots the index lists: tools read it whole.
pub(super) const NEWEST: usize = 48;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const EMPTY: &str = "application/vnd.oci.empty.v1+json";
const SIGNATURE: &str = "application/vnd.blackstart.sshsig.v1";

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    media_type: &'static str,
    digest: String,
    size: usize,
}

impl Descriptor {
    fn of(media_type: &'static str, bytes: &[u8]) -> Self {
        Self { media_type, digest: Digest::of(bytes).oci(), size: bytes.len() }
    }
}

/// A manifest under a tag.
#[derive(Clone, Serialize)]
pub(super) struct Entry {
    #[serde(flatten)]
    descriptor: Descriptor,
    annotations: Annotations,
}

#[derive(Clone, Serialize)]
struct Annotations {
    #[serde(rename = "org.opencontainers.image.ref.name")]
    tag: String,
}

/// Returns the entry of a snapshot: `snap-<ten digits>`.
pub(super) fn snapshot_entry(raw: &RawSnapshot) -> Entry {
    let tag = format!("snap-{}", raw.seq.folder());
    Entry { descriptor: Descriptor::of(MANIFEST, &raw.manifest), annotations: Annotations { tag } }
}

/// A signature as an artifact that refers to its snapshot.
pub(super) struct Artifact {
    manifest: Vec<u8>,
    pem: Vec<u8>,
    tag: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactManifest {
    schema_version: u32,
    media_type: &'static str,
    artifact_type: &'static str,
    config: Descriptor,
    layers: [Descriptor; 1],
    subject: Descriptor,
}

/// Returns the artifact of one signature: `snap-<ten digits>.sig.<role>.<16 hex>`.
pub(super) fn signature_artifact(raw: &RawSnapshot, signature: &Signature) -> Artifact {
    let manifest = ArtifactManifest {
        schema_version: 2,
        media_type: MANIFEST,
        artifact_type: SIGNATURE,
        config: Descriptor::of(EMPTY, b"{}"),
        layers: [Descriptor::of(SIGNATURE, &signature.pem)],
        subject: Descriptor::of(MANIFEST, &raw.manifest),
    };
    Artifact {
        manifest: json(&manifest),
        pem: signature.pem.clone(),
        tag: format!("snap-{}.sig.{}.{}", raw.seq.folder(), signature.role, signature.key),
    }
}

impl Artifact {
    /// Returns the blobs it is made of.
    pub(super) fn blobs(&self) -> [&[u8]; 3] {
        [b"{}", &self.pem, &self.manifest]
    }

    /// Returns its entry.
    pub(super) fn entry(&self) -> Entry {
        let annotations = Annotations { tag: self.tag.clone() };
        Entry { descriptor: Descriptor::of(MANIFEST, &self.manifest), annotations }
    }
}

/// Returns the file `index.json`.
pub(super) fn index(entries: &[Entry]) -> Vec<u8> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Index<'a> {
        schema_version: u32,
        media_type: &'static str,
        manifests: &'a [Entry],
    }
    let media_type = "application/vnd.oci.image.index.v1+json";
    json(&Index { schema_version: 2, media_type, manifests: entries })
}

fn json(value: &impl Serialize) -> Vec<u8> {
    // Structs of strings and numbers always serialise.
    let mut bytes = serde_json::to_vec(value).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}
