//! YAML as kubectl reads it.
//!
//! kubectl turns YAML into JSON with `sigs.k8s.io/yaml`, a fork of go-yaml v2: YAML 1.1 words
//! (`on` is true), `0755` is octal, the last of two equal keys wins, a merge key after a plain key
//! overrides it. [`read`] gives the same objects and says as findings where a person would read
//! something else. A text that kubectl refuses is refused.

mod json;
mod load;
mod scalar;

use serde_json::Value;

use super::error::ObjectError;
use super::reference::Object;

/// How much a text may hold before it counts as an attack on memory.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of one text.
    pub bytes: usize,
    /// Nested levels. The API server's JSON reader and ours stop not far above.
    pub depth: usize,
    /// Nodes, aliases unfolded; every 64 bytes of text count as one more.
    pub nodes: usize,
}

/// A kind has at most 63 bytes, a group 253, a version 63.
const LONGEST_KIND: usize = 512;

/// No more findings are kept of one text.
const MOST_FINDINGS: usize = 1000;

/// What a scalar counts against [`Limits::nodes`].
fn weight(text: &str) -> usize {
    1 + text.len() / 64
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 32 << 20, depth: 120, nodes: 2_000_000 }
    }
}

/// What a reader should know about a text that was read without error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FindingKind {
    /// A key stands twice in one mapping; kubectl takes the last.
    DuplicateKey,
    /// A merge key overrides a key written before it; kustomize reads the opposite.
    MergeOrder,
    /// Digits with an `e` between them, such as a commit id, are read as a number.
    LooksLikeId,
}

/// One finding, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What kind it is.
    pub kind: FindingKind,
    /// The line, counted from 1.
    pub line: usize,
    /// What was found, fit to be shown.
    pub text: String,
}

/// What a text holds.
#[derive(Clone, Debug, Default)]
pub struct Read {
    /// Its objects in order, lists unfolded.
    pub objects: Vec<Object>,
    /// What a reader should know.
    pub findings: Vec<Finding>,
}

/// A document and the line it begins at.
struct Document {
    value: Value,
    line: usize,
}

/// Reads every object of a YAML or JSON text. `origin` names the text in errors.
pub fn read(bytes: &[u8], origin: &str, limits: &Limits) -> Result<Read, ObjectError> {
    if bytes.len() > limits.bytes {
        let origin = origin.to_owned();
        return Err(ObjectError::TooLarge { origin, limit: limits.bytes, unit: "bytes" });
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| ObjectError::Yaml {
        origin: origin.to_owned(),
        line: bytes[..error.valid_up_to()].split(|byte| *byte == b'\n').count(),
        why: "not UTF-8".to_owned(),
    })?;
    let mut read = Read::default();
    // As in kubectl, what begins with a brace is JSON when it can be.
    let documents = match json::documents(text, origin, limits, &mut read.findings)? {
        Some(documents) => documents,
        None => load::documents(text, origin, limits, &mut read.findings)?,
    };
    for document in documents {
        unfold(document.value, document.line, origin, &mut read.objects)?;
    }
    Ok(read)
}

/// Adds the object, or the items of a list.
fn unfold(
    mut value: Value,
    line: usize,
    origin: &str,
    objects: &mut Vec<Object>,
) -> Result<(), ObjectError> {
    let list_kind = value["kind"].as_str().and_then(|kind| kind.strip_suffix("List"));
    let (Some(item_kind), true) = (list_kind.map(str::to_owned), value["items"].is_array()) else {
        if value.is_null() {
            return Ok(());
        }
        let not = |missing| ObjectError::NotAnObject { origin: origin.to_owned(), line, missing };
        objects.push(Object::from_value(value).map_err(not)?);
        return Ok(());
    };
    // Every item may get a copy of both.
    let version = value["apiVersion"].as_str().unwrap_or_default().to_owned();
    if item_kind.len() + version.len() > LONGEST_KIND {
        let missing = "a short kind and apiVersion";
        return Err(ObjectError::NotAnObject { origin: origin.to_owned(), line, missing });
    }
    let Value::Array(items) = value["items"].take() else { return Ok(()) };
    for mut item in items {
        // A typed list need not repeat what its items are.
        if let Value::Object(members) = &mut item
            && !item_kind.is_empty()
            && !members.contains_key("kind")
        {
            members.insert("kind".to_owned(), item_kind.clone().into());
            members.insert("apiVersion".to_owned(), version.clone().into());
        }
        unfold(item, line, origin, objects)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
