//! JSON texts: several values may follow each other, and equal keys are findings as in YAML.

use std::fmt;

use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::load::finding;
use super::{Document, Finding, FindingKind, Limits, MOST_FINDINGS, weight};
use crate::object::error::ObjectError;

/// Reads `text` as JSON values, or returns `None` where it is none: flow YAML begins alike.
pub(super) fn documents(
    text: &str,
    origin: &str,
    limits: &Limits,
    findings: &mut Vec<Finding>,
) -> Result<Option<Vec<Document>>, ObjectError> {
    if !text.trim_start().starts_with('{') {
        return Ok(None);
    }
    let mut so_far = SoFar { left: Some(limits.nodes), twice: Vec::new() };
    let mut documents = Vec::new();
    let mut values = serde_json::Deserializer::from_str(text);
    while values.end().is_err() {
        let Ok(value) = Seed(&mut so_far).deserialize(&mut values) else {
            let (origin, limit) = (origin.to_owned(), limits.nodes);
            let too_large = ObjectError::TooLarge { origin, limit, unit: "nodes" };
            return if so_far.left.is_none() { Err(too_large) } else { Ok(None) };
        };
        documents.push(Document { value, line: 1 });
    }
    let found = so_far.twice.iter().map(|key| finding(FindingKind::DuplicateKey, 1, key));
    findings.extend(found);
    Ok(Some(documents))
}

/// Builds a value and notes the keys that stand twice, which `Value` itself would swallow.
struct Seed<'a>(&'a mut SoFar);

struct SoFar {
    /// How much more the text may hold, as [`Limits::nodes`] counts; `None` once it held too much.
    left: Option<usize>,
    twice: Vec<String>,
}

impl SoFar {
    fn count<E: serde::de::Error>(&mut self, weight: usize) -> Result<(), E> {
        self.left = self.left.and_then(|left| left.checked_sub(weight));
        self.left.map(drop).ok_or_else(|| E::custom("too large"))
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        self.0.count(1)?;
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

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Value, E> {
        self.0.count(weight(value) - 1)?;
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = from.next_element_seed(Seed(self.0))? {
            items.push(item);
        }
        Ok(items.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(key) = from.next_key::<String>()? {
            self.0.count(weight(&key))?;
            let value = from.next_value_seed(Seed(self.0))?;
            if members.insert(key.clone(), value).is_some() && self.0.twice.len() < MOST_FINDINGS {
                self.0.twice.push(key);
            }
        }
        Ok(Value::Object(members))
    }
}
