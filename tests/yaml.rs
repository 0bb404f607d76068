//! YAML is read as kubectl reads it: each file of `tests/yaml` against what kubectl 1.35 gave.
//!
//! In `truth.json`, `int:` and `float:` mark numbers, and a text that begins with `ERR` a refusal.

#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "tests")]

use std::fs;
use std::path::Path;

use blackstart::object::{FindingKind, Limits, canonical, read};
use serde_json::{Map, Value};

/// The files hold no objects; this makes them one.
const HEAD: &str = "apiVersion: v1\nkind: Quirk\nmetadata: {name: quirk}\n";
/// The same, where a file is one JSON object.
const JSON_HEAD: &str = r#"{"apiVersion": "v1", "kind": "Quirk", "metadata": {"name": "quirk"}, "#;

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/yaml"))
}

/// What a file gives besides the head, and what was found in it; nothing where it is refused.
fn given(name: &str) -> Option<(Value, Vec<FindingKind>)> {
    let text = fs::read(folder().join(format!("{name}.yaml"))).unwrap();
    let bytes = match text.strip_prefix(b"{") {
        Some(rest) => [JSON_HEAD.as_bytes(), rest].concat(),
        None => [HEAD.as_bytes(), &text].concat(),
    };
    let read = read(&bytes, name, &Limits::default()).ok()?;
    let [object] = read.objects.as_slice() else {
        panic!("{name}: {} objects", read.objects.len())
    };
    let mut members: Map<_, _> = object.value().as_object().unwrap().clone();
    for head in ["apiVersion", "kind", "metadata"] {
        members.remove(head);
    }
    let found = read.findings.into_iter().map(|finding| finding.kind).collect();
    Some((Value::Object(members), found))
}

/// The truth with its marks taken off.
fn plain(truth: &Value) -> Value {
    match truth {
        Value::String(text) => match (text.strip_prefix("int:"), text.strip_prefix("float:")) {
            (Some(digits), _) => serde_json::from_str(digits).unwrap(),
            (_, Some(digits)) => serde_json::from_str::<f64>(digits).unwrap().into(),
            (None, None) => truth.clone(),
        },
        Value::Array(items) => items.iter().map(plain).collect(),
        Value::Object(members) => {
            members.iter().map(|(key, value)| (key.clone(), plain(value))).collect()
        }
        other => other.clone(),
    }
}

#[test]
fn every_file_means_what_kubectl_says_it_means() {
    let truth = fs::read(folder().join("truth.json")).unwrap();
    let truth: Map<String, Value> = serde_json::from_slice(&truth).unwrap();
    let mut files: Vec<_> = fs::read_dir(folder())
        .unwrap()
        .filter_map(|entry| {
            entry
                .unwrap()
                .file_name()
                .into_string()
                .unwrap()
                .strip_suffix(".yaml")
                .map(str::to_owned)
        })
        .collect();
    files.sort();
    let names: Vec<_> = truth.keys().cloned().collect();
    assert_eq!(files, names, "each file has its truth");
    assert!(files.len() > 60);
    let mut wrong = Vec::new();
    for (name, expected) in &truth {
        let found = given(name).map(|(value, _)| canonical(&value));
        let refused = expected.as_str().is_some_and(|text| text.starts_with("ERR"));
        let expected = (!refused).then(|| canonical(&plain(expected)));
        if found != expected {
            wrong.push(format!("{name}: {found:?}, but kubectl gives {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_a_person_would_read_otherwise_is_found() {
    for (name, kind) in
        [("dupkey", FindingKind::DuplicateKey), ("gitsha", FindingKind::LooksLikeId)]
    {
        assert_eq!(given(name).unwrap().1, [kind], "{name}");
    }
}
