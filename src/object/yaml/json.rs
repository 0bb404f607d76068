//! JSON texts: several values may follow each other, and equal keys are findings as in YAML.

use std::fmt;

use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::load::finding;
use super::{Document, Finding, FindingKind};

/// Reads `text` as JSON values, or returns `None` where it is none: flow YAML begins alike.
pub(super) fn documents(text: &str, findings: &mut Vec<Finding>) -> Option<Vec<Document>> {
    if !text.trim_start().starts_with('{') {
        return None;
    }
    let mut twice = Vec::new();
    let mut documents = Vec::new();
    let mut values = serde_json::Deserializer::from_str(text);
    while values.end().is_err() {
        let value = Seed { twice: &mut twice }.deserialize(&mut values).ok()?;
        documents.push(Document { value, line: 1 });
    }
    let found = twice.iter().map(|key| finding(FindingKind::DuplicateKey, 1, key));
    findings.extend(found);
    Some(documents)
}

/// Builds a value and notes the keys that stand twice, which `Value` itself would swallow.
struct Seed<'a> {
    twice: &'a mut Vec<String>,
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    /// kubectl keeps integers beyond 64 signed bits as floats.
    #[expect(clippy::cast_precision_loss, reason = "as in Go")]
    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Value, E> {
        match i64::try_from(value) {
            Ok(int) => Ok(int.into()),
            Err(_) => self.visit_f64(value as f64),
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "as in Go: whole numbers are integers")]
    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        if value.fract() == 0.0 && value.abs() < 9.2e18 {
            return Ok((value as i64).into());
        }
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("not a JSON number"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = from.next_element_seed(Seed { twice: self.twice })? {
            items.push(item);
        }
        Ok(items.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(key) = from.next_key::<String>()? {
            let value = from.next_value_seed(Seed { twice: self.twice })?;
            if members.insert(key.clone(), value).is_some() {
                self.twice.push(key);
            }
        }
        Ok(Value::Object(members))
    }
}
