//! The manifest: the one small file whose bytes are signed.
//!
//! It is an OCI image manifest in one exact spelling. A reader parses, renders what it parsed and
//! refuses unless the bytes are the same, so that the card's `grep` and a parser can never read two
//! different things.

use serde::{Deserialize, Serialize};

use super::error::BundleError;
use crate::model::clock::Timestamp;
use crate::model::digest::Digest;
use crate::model::id::{Seq, StreamId};

/// The format that this code writes, and the oldest reader that understands it.
pub const FORMAT: u32 = 1;

/// No manifest is larger, in bytes.
pub const LARGEST: u64 = 1 << 20;

/// No manifest lists more parts beside the index.
pub const MOST_LAYERS: usize = 256;

/// No manifest lists more deltas.
pub const MOST_DELTAS: usize = 24;

const MEDIA_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";
const ARTIFACT_TYPE: &str = "application/vnd.blackstart.snapshot.v1";

/// What a part is for, which its media type says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PartKind {
    /// Names, folders, digests of everything: the config of the manifest.
    Index,
    /// The text by which a bundle opens without the tool.
    Card,
    /// The seals of the epoch key.
    Keys,
    /// The trust file and its older versions.
    Trust,
    /// Repositories, whole.
    Base,
    /// What came after the base.
    Delta,
    /// Known-good, rendered objects and the like, by digest.
    State,
    /// Charts, modules, tools and the like, by digest.
    Vendor,
    /// Something a later version knows. Carried and reported, never used.
    Unknown(String),
}

const KINDS: &[(&str, PartKind)] = &[
    ("application/vnd.blackstart.index.v1.tar.zst.age", PartKind::Index),
    ("application/vnd.blackstart.card.v1", PartKind::Card),
    ("application/vnd.blackstart.keys.v1.tar", PartKind::Keys),
    ("application/vnd.blackstart.trust.v1.tar", PartKind::Trust),
    ("application/vnd.blackstart.base.v1.tar.zst.age", PartKind::Base),
    ("application/vnd.blackstart.delta.v1.tar.zst.age", PartKind::Delta),
    ("application/vnd.blackstart.state.v1.tar.zst.age", PartKind::State),
    ("application/vnd.blackstart.vendor.v1.tar.zst.age", PartKind::Vendor),
];

impl PartKind {
    /// Returns the media type.
    pub fn media_type(&self) -> &str {
        match self {
            Self::Unknown(media_type) => media_type,
            known => KINDS.iter().find(|(_, kind)| kind == known).map_or("", |(name, _)| *name),
        }
    }

    /// Returns the word for people and events.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Index => "index",
            Self::Card => "card",
            Self::Keys => "keys",
            Self::Trust => "trust",
            Self::Base => "base",
            Self::Delta => "delta",
            Self::State => "state",
            Self::Vendor => "vendor",
            Self::Unknown(_) => "unknown",
        }
    }

    /// Returns whether the part is encrypted to the epoch key.
    pub fn is_sealed(&self) -> bool {
        self.media_type().ends_with(".tar.zst.age")
    }

    fn from_media_type(media_type: &str) -> Self {
        let known = KINDS.iter().find(|(name, _)| *name == media_type);
        known.map_or_else(|| Self::Unknown(media_type.to_owned()), |(_, kind)| kind.clone())
    }
}

/// One part as the manifest lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartRef {
    /// What it is for.
    pub kind: PartKind,
    /// Its digest, which is also its name.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
}

/// A parsed manifest. See `bundles/README.md` for every field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The series it belongs to.
    pub stream: StreamId,
    /// Its number.
    pub seq: Seq,
    /// When the snapshot was taken, by the job's clock.
    pub created: Timestamp,
    /// When a newer one should exist.
    pub next_by: Timestamp,
    /// The digest of the previous manifest; [`Digest::ZERO`] for the first.
    pub prev: Digest,
    /// The number of the epoch key.
    pub epoch: u32,
    /// The age recipient of the epoch key.
    pub epoch_recipient: String,
    /// Version and digest of the trust file in force.
    pub trust: (u64, Digest),
    /// Whether every required repository is fresh.
    pub complete: bool,
    /// The index part.
    pub index: PartRef,
    /// All other parts, in order.
    pub layers: Vec<PartRef>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    #[serde(rename = "schemaVersion")]
    schema_version: u32,
    #[serde(rename = "mediaType")]
    media_type: String,
    #[serde(rename = "artifactType")]
    artifact_type: String,
    annotations: Annotations,
    config: Descriptor,
    layers: Vec<Descriptor>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Annotations {
    #[serde(rename = "blackstart.format")]
    format: String,
    #[serde(rename = "blackstart.min-reader")]
    min_reader: String,
    #[serde(rename = "blackstart.stream")]
    stream: String,
    #[serde(rename = "blackstart.seq")]
    seq: String,
    #[serde(rename = "org.opencontainers.image.created")]
    created: String,
    #[serde(rename = "blackstart.next-by")]
    next_by: String,
    #[serde(rename = "blackstart.prev")]
    prev: String,
    #[serde(rename = "blackstart.epoch")]
    epoch: String,
    #[serde(rename = "blackstart.epoch-recipient")]
    epoch_recipient: String,
    #[serde(rename = "blackstart.trust")]
    trust: String,
    #[serde(rename = "blackstart.state")]
    state: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Descriptor {
    #[serde(rename = "mediaType")]
    media_type: String,
    digest: String,
    size: u64,
}

impl Manifest {
    /// Returns all parts, the index first.
    pub fn parts(&self) -> impl Iterator<Item = &PartRef> {
        std::iter::once(&self.index).chain(&self.layers)
    }

    /// Returns the parts of one kind, in order.
    pub fn of_kind(&self, kind: &PartKind) -> impl Iterator<Item = &PartRef> {
        self.parts().filter(move |part| part.kind == *kind)
    }

    /// Returns the exact bytes.
    pub fn render(&self) -> Vec<u8> {
        let descriptor = |part: &PartRef| Descriptor {
            media_type: part.kind.media_type().to_owned(),
            digest: part.digest.oci(),
            size: part.size,
        };
        let wire = Wire {
            schema_version: 2,
            media_type: MEDIA_TYPE.to_owned(),
            artifact_type: ARTIFACT_TYPE.to_owned(),
            annotations: self.annotations(),
            config: descriptor(&self.index),
            layers: self.layers.iter().map(descriptor).collect(),
        };
        pretty(&wire)
    }

    fn annotations(&self) -> Annotations {
        Annotations {
            format: FORMAT.to_string(),
            min_reader: FORMAT.to_string(),
            stream: self.stream.to_string(),
            seq: self.seq.to_string(),
            created: self.created.to_string(),
            next_by: self.next_by.to_string(),
            prev: self.prev.to_string(),
            epoch: self.epoch.to_string(),
            epoch_recipient: self.epoch_recipient.clone(),
            trust: format!("{}:{}", self.trust.0, self.trust.1),
            state: if self.complete { "complete" } else { "partial" }.to_owned(),
        }
    }

    /// Reads bytes whose signature holds. Refuses everything but the one spelling.
    pub fn parse(bytes: &[u8]) -> Result<Self, BundleError> {
        let bad = |why: &str| BundleError::Manifest { why: why.to_owned() };
        if bytes.len() as u64 > LARGEST {
            return Err(bad("larger than 1 MiB"));
        }
        let wire: Wire = serde_json::from_slice(bytes)
            .map_err(|error| bad(&crate::model::safe::safe(error.to_string())))?;
        check_reader(&wire.annotations)?;
        let manifest = Self::from_wire(&wire).ok_or_else(|| bad("a field has no valid value"))?;
        if manifest.render() != bytes {
            return Err(bad("it is not in the one spelling that is allowed"));
        }
        manifest.check_order()?;
        Ok(manifest)
    }

    fn from_wire(wire: &Wire) -> Option<Self> {
        let notes = &wire.annotations;
        let (version, digest) = notes.trust.split_once(':')?;
        let part = |descriptor: &Descriptor| {
            Some(PartRef {
                kind: PartKind::from_media_type(&descriptor.media_type),
                digest: Digest::from_oci(&descriptor.digest).ok()?,
                size: descriptor.size,
            })
        };
        Some(Self {
            stream: notes.stream.parse().ok()?,
            seq: notes.seq.parse().ok().and_then(Seq::new)?,
            created: notes.created.parse().ok()?,
            next_by: notes.next_by.parse().ok()?,
            prev: notes.prev.parse().ok()?,
            epoch: notes.epoch.parse().ok()?,
            epoch_recipient: notes.epoch_recipient.clone(),
            trust: (version.parse().ok()?, digest.parse().ok()?),
            complete: notes.state == "complete",
            index: part(&wire.config)?,
            layers: wire.layers.iter().map(part).collect::<Option<_>>()?,
        })
    }

    /// Each kind stands where the format puts it and as often as it may.
    fn check_order(&self) -> Result<(), BundleError> {
        let bad = |why: &str| Err(BundleError::Manifest { why: why.to_owned() });
        let count = |kind: PartKind| self.layers.iter().filter(|part| part.kind == kind).count();
        let known = self.layers.iter().filter(|part| !matches!(part.kind, PartKind::Unknown(_)));
        if self.index.kind != PartKind::Index || count(PartKind::Index) > 0 {
            return bad("the index must be the config and nothing else");
        }
        if !known.map(|part| &part.kind).is_sorted() {
            return bad("the parts are not in order");
        }
        if [PartKind::Card, PartKind::Keys, PartKind::Trust].map(count) != [1; 3] {
            return bad("there must be one card, one keys and one trust part");
        }
        if count(PartKind::Base) == 0 || self.layers.len() > MOST_LAYERS {
            return bad("there must be a base part and at most 256 parts");
        }
        let mut digests: Vec<_> = self.parts().map(|part| part.digest).collect();
        digests.sort_unstable();
        if digests.windows(2).any(|pair| pair[0] == pair[1]) {
            return bad("a part is listed twice");
        }
        Ok(())
    }
}

fn check_reader(notes: &Annotations) -> Result<(), BundleError> {
    match notes.min_reader.parse::<u32>() {
        Ok(needed) if needed > FORMAT => Err(BundleError::TooNew { needed, own: FORMAT }),
        Ok(1..) => Ok(()),
        _ => Err(BundleError::Manifest { why: "min-reader is not a number".to_owned() }),
    }
}

/// JSON with one blank of indentation a level and a final line feed.
pub(crate) fn pretty(value: &impl Serialize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let format = serde_json::ser::PrettyFormatter::with_indent(b" ");
    let mut to = serde_json::Serializer::with_formatter(&mut bytes, format);
    // Writing to memory fails only for maps with keys that are not strings; our types have none.
    let written = value.serialize(&mut to);
    debug_assert!(written.is_ok());
    bytes.push(b'\n');
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(crate) fn sample() -> Manifest {
        let part = |kind: PartKind, seed: &str| PartRef {
            kind,
            digest: Digest::of(seed.as_bytes()),
            size: 65_752,
        };
        Manifest {
            stream: "acme-prod".parse().unwrap(),
            seq: Seq::new(43).unwrap(),
            created: Timestamp::from_unix(1_795_403_564),
            next_by: Timestamp::from_unix(1_795_408_964),
            prev: Digest::of(b"42"),
            epoch: 7,
            epoch_recipient: "age1qqq".into(),
            trust: (3, Digest::of(b"trust")),
            complete: true,
            index: part(PartKind::Index, "index"),
            layers: vec![
                part(PartKind::Card, "card"),
                part(PartKind::Keys, "keys"),
                part(PartKind::Trust, "trust"),
                part(PartKind::Base, "base"),
                part(PartKind::Delta, "delta"),
            ],
        }
    }

    fn text() -> String {
        String::from_utf8(sample().render()).unwrap()
    }

    #[test]
    fn the_card_can_read_it_with_grep() {
        let text = text();
        assert!(text.is_ascii() && text.ends_with("}\n"));
        assert!(text.contains(" \"blackstart.seq\": \"43\""));
        let lines: Vec<&str> = text.lines().collect();
        let at = lines.iter().position(|line| line.contains("blackstart.keys.v1")).unwrap();
        assert!(lines[at + 1].trim_start().starts_with("\"digest\": \"sha256:"));
        assert_eq!(text.matches("sha256:").count(), 6, "neither prev nor trust carry the prefix");
    }

    #[test]
    fn reads_back_what_it_wrote() {
        assert_eq!(Manifest::parse(text().as_bytes()).unwrap(), sample());
    }

    #[test]
    fn every_other_spelling_is_refused() {
        let good = text();
        for (from, to) in [
            ("\"43\"", "\"043\""),
            ("\"43\"", "\"\\u0034\\u0033\""),
            (" \"schemaVersion\": 2", "  \"schemaVersion\": 2"),
            ("complete", "finished"),
            ("2026-11-23T03:12:44Z", "2026-11-23T03:12:44+00:00"),
            ("\"layers\"", "\"manifests\""),
            ("65752\n  },\n", "65752,\n   \"urls\": []\n  },\n"),
            ("}\n", "}"),
            ("{\n", "{\n \"schemaVersion\": 2,\n"),
            ("snapshot.v1", "snapshot.v2"),
            ("sha256:", "sha512:"),
            ("vnd.blackstart.card.v1", "vnd.blackstart.trust.v1.tar"),
        ] {
            let bad = good.replacen(from, to, 1);
            assert_ne!(bad, good, "{from}");
            assert!(Manifest::parse(bad.as_bytes()).is_err(), "{from} -> {to}");
        }
    }

    #[test]
    fn a_newer_format_is_told_apart_from_damage() {
        let newer = text().replace("min-reader\": \"1\"", "min-reader\": \"2\"");
        assert!(matches!(
            Manifest::parse(newer.as_bytes()),
            Err(BundleError::TooNew { needed: 2, own: 1 })
        ));
    }

    #[test]
    fn a_part_of_a_later_version_is_carried() {
        let mut manifest = sample();
        let kind = PartKind::Unknown("application/vnd.blackstart.hologram.v9".into());
        manifest.layers.push(PartRef { kind, digest: Digest::of(b"x"), size: 1 });
        assert_eq!(Manifest::parse(&manifest.render()).unwrap(), manifest);
    }

    #[test]
    fn parts_out_of_order_or_doubled_are_refused() {
        for change in [
            |m: &mut Manifest| m.layers.swap(3, 4),
            |m: &mut Manifest| m.layers[4].digest = m.layers[3].digest,
            |m: &mut Manifest| drop(m.layers.remove(3)),
            |m: &mut Manifest| drop(m.layers.remove(0)),
            |m: &mut Manifest| m.index.kind = PartKind::Base,
        ] {
            let mut manifest = sample();
            change(&mut manifest);
            assert!(Manifest::parse(&manifest.render()).is_err());
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            prop_assert!(Manifest::parse(&bytes).is_err());
        }

        #[test]
        fn a_changed_byte_never_reads_as_the_same_manifest(at in 0..1500_usize, byte: u8) {
            let mut bytes = sample().render();
            let at = at % bytes.len();
            prop_assume!(bytes[at] != byte);
            bytes[at] = byte;
            if let Ok(read) = Manifest::parse(&bytes) {
                prop_assert_ne!(read, sample());
            }
        }
    }
}
