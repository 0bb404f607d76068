//! Builds JSON values from the events of a YAML parser.
//!
//! The parser knows the syntax, this knows what kubectl makes of it. Aliases are unfolded against a
//! budget of nodes; nothing recurses deeper than the limit.

use std::borrow::Cow;
use std::collections::HashMap;

use granit_parser::{Event, Parser, ScalarStyle, Span, StrInput, Tag};
use serde_json::{Map, Number, Value};

use super::scalar::{self, Scalar};
use super::{Document, Finding, FindingKind, Limits, MOST_FINDINGS, weight};
use crate::model::safe::safe;
use crate::object::error::ObjectError;

/// What `!!` stands for.
const CORE: &str = "tag:yaml.org,2002:";

/// Reads all documents of `text`.
pub(super) fn documents(
    text: &str,
    origin: &str,
    limits: &Limits,
    findings: &mut Vec<Finding>,
) -> Result<Vec<Document>, ObjectError> {
    let mut loader = Loader {
        parser: Parser::new_from_str(text),
        origin,
        limits,
        findings,
        anchors: HashMap::new(),
        nodes: 0,
    };
    let mut documents = Vec::new();
    loop {
        match loader.next()? {
            (Event::StreamEnd, _) => return Ok(documents),
            (Event::DocumentStart(..), span) => {
                loader.anchors.clear();
                let first = loader.next()?;
                let line = span.start.line();
                if !matches!(first.0, Event::DocumentEnd) {
                    let value = loader.node(first, 0)?;
                    documents.push(Document { value, line });
                }
            }
            _ => {}
        }
    }
}

struct Loader<'a> {
    parser: Parser<'a, StrInput<'a>>,
    origin: &'a str,
    limits: &'a Limits,
    findings: &'a mut Vec<Finding>,
    anchors: HashMap<usize, (Value, usize)>,
    nodes: usize,
}

type Next<'a> = (Event<'a>, Span);

impl<'a> Loader<'a> {
    fn next(&mut self) -> Result<Next<'a>, ObjectError> {
        loop {
            match self.parser.next_event() {
                Some(Ok((Event::Comment(..), _))) => {}
                Some(Ok(next)) => return Ok(next),
                Some(Err(error)) => {
                    return Err(self.fault(error.marker().line(), safe(error.to_string())));
                }
                None => return Err(self.fault(0, "the text ends too early".to_owned())),
            }
        }
    }

    fn node(&mut self, (event, span): Next<'a>, depth: usize) -> Result<Value, ObjectError> {
        let line = span.start.line();
        if depth > self.limits.depth {
            return Err(self.too_large(self.limits.depth, "levels"));
        }
        let before = self.nodes;
        self.count(1)?;
        let (value, anchor) = match event {
            Event::Alias(id) => {
                let Some((value, size)) = self.anchors.get(&id).cloned() else {
                    return Err(self.fault(line, "an anchor that contains itself".to_owned()));
                };
                self.count(size)?;
                return Ok(value);
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.count(weight(&text) - 1)?;
                (self.scalar_value(&text, style, tag.as_ref(), line)?, anchor)
            }
            Event::SequenceStart(_, anchor, _) => (self.sequence(depth)?, anchor),
            Event::MappingStart(_, anchor, _) => (self.mapping(depth)?, anchor),
            _ => return Err(self.fault(line, "a node was expected here".to_owned())),
        };
        if anchor != 0 {
            // The copy that waits for aliases counts as well: anchors may stand inside each other.
            let size = self.nodes - before;
            self.count(size)?;
            self.anchors.insert(anchor, (value.clone(), size));
        }
        Ok(value)
    }

    fn sequence(&mut self, depth: usize) -> Result<Value, ObjectError> {
        let mut items = Vec::new();
        loop {
            let next = self.next()?;
            if matches!(next.0, Event::SequenceEnd) {
                return Ok(Value::Array(items));
            }
            items.push(self.node(next, depth + 1)?);
        }
    }

    fn mapping(&mut self, depth: usize) -> Result<Value, ObjectError> {
        let mut members = Members::default();
        loop {
            let (event, span) = self.next()?;
            let line = span.start.line();
            if matches!(event, Event::MappingEnd) {
                return Ok(Value::Object(members.map));
            }
            let key = self.key(event, line)?;
            let next = self.next()?;
            let value = self.node(next, depth + 1)?;
            let found = match key {
                Key::Merge => members.merge(value).map_err(|why| self.fault(line, why))?,
                Key::Plain(key) => members.insert(key, value).into_iter().collect(),
            };
            found.into_iter().for_each(|(kind, key)| self.found(kind, line, &key));
        }
    }

    fn key(&mut self, event: Event<'a>, line: usize) -> Result<Key, ObjectError> {
        let resolved = match event {
            Event::Scalar(text, style, anchor, tag) => {
                if text == "<<" && style == ScalarStyle::Plain && tag.is_none() {
                    return Ok(Key::Merge);
                }
                let resolved = self.resolve(&text, style, tag.as_ref(), line)?;
                self.count(weight(&text))?;
                if anchor != 0 {
                    self.count(weight(&text))?;
                    let value = self.value(resolved.clone(), line)?;
                    self.anchors.insert(anchor, (value, weight(&text)));
                }
                resolved
            }
            Event::Alias(id) => {
                self.count(self.anchors.get(&id).map_or(1, |(_, size)| *size))?;
                match self.anchors.get(&id) {
                    Some((Value::String(text), _)) => Scalar::Text(text.clone()),
                    Some((Value::Bool(value), _)) => Scalar::Bool(*value),
                    Some((Value::Number(number), _)) => Scalar::Text(number.to_string()),
                    _ => return Err(self.fault(line, "a key that is no scalar".to_owned())),
                }
            }
            _ => return Err(self.fault(line, "a key that is no scalar".to_owned())),
        };
        match resolved {
            Scalar::Text(text) => Ok(Key::Plain(text)),
            Scalar::Bool(value) => Ok(Key::Plain(value.to_string())),
            Scalar::Int(int) => Ok(Key::Plain(int.to_string())),
            Scalar::Float(float) => Ok(Key::Plain(float_key(float))),
            Scalar::Uint(_) | Scalar::Null => {
                Err(self.fault(line, "a key must be a string, a bool or a number".to_owned()))
            }
        }
    }

    fn scalar_value(
        &mut self,
        text: &str,
        style: ScalarStyle,
        tag: Option<&Cow<'_, Tag>>,
        line: usize,
    ) -> Result<Value, ObjectError> {
        let resolved = self.resolve(text, style, tag, line)?;
        if matches!(resolved, Scalar::Float(_)) && scalar::looks_like_id(text) {
            self.found(FindingKind::LooksLikeId, line, text);
        }
        self.value(resolved, line)
    }

    fn resolve(
        &self,
        text: &str,
        style: ScalarStyle,
        tag: Option<&Cow<'_, Tag>>,
        line: usize,
    ) -> Result<Scalar, ObjectError> {
        let plain = style == ScalarStyle::Plain && tag.is_none();
        // A tag of somebody's own is an unknown tag: the text stays as it is.
        let tag = tag.map(|tag| tag.suffix_in_namespace(CORE).map_or("!".into(), Cow::into_owned));
        scalar::resolve(text, plain, tag.as_deref()).map_err(|why| self.fault(line, why))
    }

    /// Numbers as they arrive at the API server: what is whole and fits is an integer.
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "as in Go")]
    fn value(&self, scalar: Scalar, line: usize) -> Result<Value, ObjectError> {
        let float = match scalar {
            Scalar::Null => return Ok(Value::Null),
            Scalar::Bool(value) => return Ok(value.into()),
            Scalar::Text(text) => return Ok(text.into()),
            Scalar::Int(int) => return Ok(int.into()),
            Scalar::Uint(int) => int as f64,
            Scalar::Float(float) => float,
        };
        if float.fract() == 0.0 && float.abs() < 9.2e18 {
            return Ok((float as i64).into());
        }
        Number::from_f64(float)
            .map(Value::Number)
            .ok_or_else(|| self.fault(line, "a number that JSON cannot hold".to_owned()))
    }

    fn found(&mut self, kind: FindingKind, line: usize, what: &str) {
        if self.findings.len() < MOST_FINDINGS {
            self.findings.push(finding(kind, line, what));
        }
    }

    fn count(&mut self, nodes: usize) -> Result<(), ObjectError> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes > self.limits.nodes {
            return Err(self.too_large(self.limits.nodes, "nodes"));
        }
        Ok(())
    }

    fn fault(&self, line: usize, why: String) -> ObjectError {
        ObjectError::Yaml { origin: self.origin.to_owned(), line, why }
    }

    fn too_large(&self, limit: usize, unit: &'static str) -> ObjectError {
        ObjectError::TooLarge { origin: self.origin.to_owned(), limit, unit }
    }
}

enum Key {
    Merge,
    Plain(String),
}

/// A mapping as it grows, with how each key came in.
#[derive(Default)]
struct Members {
    map: Map<String, Value>,
    written: std::collections::HashSet<String>,
}

type Found = (FindingKind, String);

impl Members {
    fn insert(&mut self, key: String, value: Value) -> Option<Found> {
        let twice = !self.written.insert(key.clone());
        let found = twice.then(|| (FindingKind::DuplicateKey, key.clone()));
        self.map.insert(key, value);
        found
    }

    /// Takes in a merged mapping, or several of which the first wins. Either overrides what was
    /// written before, as go-yaml v2 has it.
    fn merge(&mut self, value: Value) -> Result<Vec<Found>, String> {
        let maps = match value {
            Value::Object(map) => vec![Value::Object(map)],
            Value::Array(items) => items.into_iter().rev().collect(),
            _ => return Err("a merge key wants a mapping".to_owned()),
        };
        let mut found = Vec::new();
        for map in maps {
            let Value::Object(map) = map else {
                return Err("a merge key wants mappings".to_owned());
            };
            for (key, value) in map {
                if self.written.contains(&key) && self.map.get(&key) != Some(&value) {
                    found.push((FindingKind::MergeOrder, key.clone()));
                }
                self.map.insert(key, value);
            }
        }
        Ok(found)
    }
}

pub(super) fn finding(kind: FindingKind, line: usize, what: &str) -> Finding {
    // A key may be as long as the text.
    let short: String = what.chars().take(200).collect();
    let what = safe(if short.len() < what.len() { short + "…" } else { short });
    let text = match kind {
        FindingKind::DuplicateKey => format!("key {what} stands twice; the last one counts"),
        FindingKind::MergeOrder => {
            format!("<< overrides key {what} for kubectl, but not for kustomize")
        }
        FindingKind::LooksLikeId => format!("{what} is read as a number; quote it if it is an id"),
    };
    Finding { kind, line, text }
}

/// Go's `FormatFloat(x, 'g', -1, 32)`.
#[expect(clippy::cast_possible_truncation, reason = "kubectl writes float keys with 32 bits")]
fn float_key(float: f64) -> String {
    let short = float as f32;
    let size = short.abs();
    if size != 0.0 && !(1e-4..1e21).contains(&size) {
        format!("{short:e}")
    } else {
        short.to_string()
    }
}
