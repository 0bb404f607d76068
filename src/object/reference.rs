//! Which object it is, and the object itself.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::canonical::canonical;
use crate::model::digest::Digest;
use crate::model::safe::safe;

/// What makes an object the same object: group, kind, namespace, name. Not its version, because
/// one object is served in several.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ObjectRef {
    /// The API group; empty for the core group.
    pub group: String,
    /// The kind.
    pub kind: String,
    /// The namespace; none for objects of the whole cluster.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub namespace: Option<String>,
    /// The name. For an object with `generateName` that prefix and a `*`, which no name may hold.
    pub name: String,
}

/// How a server makes names: so much of the prefix, so many letters, out of these.
const LONGEST_PREFIX: usize = 58;
const SUFFIX: usize = 5;
const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

impl fmt::Display for ObjectRef {
    /// Writes `Kind namespace/name`, fit to be shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(space) => write!(f, "{} {}/{}", safe(&self.kind), safe(space), safe(&self.name)),
            None => write!(f, "{} {}", safe(&self.kind), safe(&self.name)),
        }
    }
}

/// One Kubernetes object: JSON with `apiVersion`, `kind` and a name.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    value: Value,
    reference: ObjectRef,
    version: String,
}

impl Object {
    /// Takes a JSON value as an object, or says which field it lacks.
    pub fn from_value(value: Value) -> Result<Self, &'static str> {
        let text = |pointer: &str| {
            value.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty())
        };
        let api_version = text("/apiVersion").ok_or("apiVersion")?;
        let kind = text("/kind").ok_or("kind")?;
        let name = match (text("/metadata/name"), text("/metadata/generateName")) {
            (Some(name), _) => name.to_owned(),
            (None, Some(prefix)) => format!("{prefix}*"),
            (None, None) => return Err("metadata.name"),
        };
        // `namespace: no` is a boolean in YAML, and kubectl refuses it.
        let namespace = value.pointer("/metadata/namespace").unwrap_or(&Value::Null);
        if !namespace.is_null() && !namespace.is_string() {
            return Err("metadata.namespace as text");
        }
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let reference = ObjectRef {
            group: group.to_owned(),
            kind: kind.to_owned(),
            namespace: text("/metadata/namespace").map(str::to_owned),
            name,
        };
        let version = version.to_owned();
        Ok(Self { value, reference, version })
    }

    /// Returns which object it is.
    pub fn reference(&self) -> &ObjectRef {
        &self.reference
    }

    /// Returns the API version without its group.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Returns the JSON.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// Returns the JSON, giving up the object.
    pub fn into_value(self) -> Value {
        self.value
    }

    /// Returns whether the server is to choose the name.
    pub fn generates_name(&self) -> bool {
        self.value.pointer("/metadata/name").and_then(Value::as_str).is_none_or(str::is_empty)
    }

    /// Returns whether the object is made once and never again: a hook, or one without a name.
    pub fn is_made_once(&self) -> bool {
        let annotations = &self.value["metadata"]["annotations"];
        let hook = ["helm.sh/hook", "argocd.argoproj.io/hook"];
        self.generates_name() || hook.iter().any(|key| annotations[key].is_string())
    }

    /// Returns the object under the name that it is made with. For `generateName` that name is
    /// chosen here, as a server would, but from the content: the same object gets the same name
    /// however often it is sent.
    #[must_use]
    pub fn named(&self) -> Self {
        let Some(prefix) = self.value.pointer("/metadata/generateName").and_then(Value::as_str)
        else {
            return self.clone();
        };
        if !self.generates_name() {
            return self.clone();
        }
        let kept: String = prefix.chars().take(LONGEST_PREFIX).collect();
        let hash = self.hash().to_string();
        let digits = hash.as_bytes().chunks(2).take(SUFFIX);
        let letters = digits.map(|pair| {
            let number = pair.iter().fold(0, |sum, digit| sum * 16 + usize::from(*digit));
            char::from(LETTERS[number % LETTERS.len()])
        });
        let name: String = kept.chars().chain(letters).collect();
        let mut named = self.clone();
        if let Some(Value::Object(metadata)) = named.value.get_mut("metadata") {
            metadata.insert("name".to_owned(), name.clone().into());
        }
        named.reference.name = name;
        named
    }

    /// Returns the same object in `namespace`, or without one.
    #[must_use]
    pub fn in_namespace(mut self, namespace: Option<&str>) -> Self {
        if let Some(Value::Object(metadata)) = self.value.get_mut("metadata") {
            match namespace {
                Some(name) => drop(metadata.insert("namespace".to_owned(), name.into())),
                None => drop(metadata.remove("namespace")),
            }
            self.reference.namespace = namespace.map(str::to_owned);
        }
        self
    }

    /// Returns the same object with its content changed. What makes it this object stays.
    #[must_use]
    pub fn changed(mut self, change: impl FnOnce(&mut Value)) -> Self {
        change(&mut self.value);
        self
    }

    /// Returns the canonical JSON.
    pub fn canonical(&self) -> String {
        canonical(&self.value)
    }

    /// Returns the digest of the canonical JSON.
    pub fn hash(&self) -> Digest {
        Digest::of(self.canonical().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_object_needs_a_version_a_kind_and_a_name() {
        let whole = json!({"apiVersion": "apps/v1", "kind": "Deployment",
                           "metadata": {"name": "web", "namespace": "shop"}});
        let object = Object::from_value(whole.clone()).unwrap();
        assert_eq!(object.reference().to_string(), "Deployment shop/web");
        assert_eq!((object.reference().group.as_str(), object.version()), ("apps", "v1"));
        for (field, missing) in
            [("apiVersion", "apiVersion"), ("kind", "kind"), ("metadata", "metadata.name")]
        {
            let mut part = whole.clone();
            part.as_object_mut().unwrap().remove(field);
            assert_eq!(Object::from_value(part), Err(missing));
        }
    }

    #[test]
    fn a_namespace_must_be_text() {
        let mut value = json!({"apiVersion": "v1", "kind": "Secret",
                               "metadata": {"name": "x", "namespace": false}});
        assert_eq!(Object::from_value(value.clone()), Err("metadata.namespace as text"));
        value["metadata"]["namespace"] = Value::Null;
        assert!(Object::from_value(value).is_ok());
    }

    #[test]
    fn a_generated_name_is_marked_by_what_no_name_may_hold() {
        let job = json!({"apiVersion": "batch/v1", "kind": "Job",
                         "metadata": {"generateName": "migrate-"}});
        let object = Object::from_value(job).unwrap();
        assert_eq!(object.reference().to_string(), "Job migrate-*");
        assert!(object.generates_name());
        let named = object.named();
        assert!(named.reference().name.starts_with("migrate-") && !named.generates_name());
        assert_eq!(named.reference().name.len(), "migrate-".len() + SUFFIX);
        assert_eq!(named.value()["metadata"]["generateName"], "migrate-");
        assert_eq!(named, object.named(), "the same every time");
        assert_eq!(named, named.named());
    }

    #[test]
    fn the_hash_does_not_depend_on_the_order_of_keys() {
        let one: Value =
            serde_json::from_str(r#"{"kind":"A","apiVersion":"v1","metadata":{"name":"x"}}"#)
                .unwrap();
        let other: Value =
            serde_json::from_str(r#"{"metadata":{"name":"x"},"apiVersion":"v1","kind":"A"}"#)
                .unwrap();
        let hash = |value| Object::from_value(value).unwrap().hash();
        assert_eq!(hash(one), hash(other));
    }

    #[test]
    fn moving_between_namespaces_changes_both_faces() {
        let object = Object::from_value(
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}}),
        )
        .unwrap()
        .in_namespace(Some("a"));
        assert_eq!(object.reference().to_string(), "Secret a/x");
        assert_eq!(object.value()["metadata"]["namespace"], "a");
        assert_eq!(object.in_namespace(None).reference().to_string(), "Secret x");
    }
}
