//! Canonical JSON: one text for one value.
//!
//! Keys sorted by their UTF-8 bytes, no blanks, numbers as `encoding/json` of Go writes them, which
//! is what kubectl sends. Reading the text again gives the same text. Not RFC 8785: integers beyond
//! 2^53 keep all their digits, as Kubernetes keeps them.

use std::fmt::Write as _;

use serde_json::{Number, Value};

/// Returns the canonical JSON of `value`.
pub fn canonical(value: &Value) -> String {
    let mut text = String::new();
    write_value(value, &mut text);
    text
}

fn write_value(value: &Value, to: &mut String) {
    match value {
        Value::Null => to.push_str("null"),
        Value::Bool(true) => to.push_str("true"),
        Value::Bool(false) => to.push_str("false"),
        Value::Number(number) => write_number(number, to),
        Value::String(text) => write_string(text, to),
        Value::Array(items) => {
            to.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    to.push(',');
                }
                write_value(item, to);
            }
            to.push(']');
        }
        Value::Object(members) => {
            // The map's own order depends on a feature that any crate may switch on.
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_unstable_by(|one, other| one.0.as_bytes().cmp(other.0.as_bytes()));
            to.push('{');
            for (index, (key, member)) in sorted.into_iter().enumerate() {
                if index > 0 {
                    to.push(',');
                }
                write_string(key, to);
                to.push(':');
                write_value(member, to);
            }
            to.push('}');
        }
    }
}

fn write_number(number: &Number, to: &mut String) {
    match number.as_f64() {
        Some(float) if !number.is_i64() && !number.is_u64() => write_float(float, to),
        _ => to.push_str(&number.to_string()),
    }
}

/// Writes the shortest decimal that reads as the same number; an exponent only where Go uses one.
fn write_float(float: f64, to: &mut String) {
    let size = float.abs();
    if size == 0.0 {
        to.push('0');
    } else if (1e-6..1e21).contains(&size) {
        let _ = write!(to, "{float}");
    } else {
        let text = format!("{float:e}");
        match text.split_once('e') {
            Some((digits, power)) if !power.starts_with('-') => {
                let _ = write!(to, "{digits}e+{power}");
            }
            _ => to.push_str(&text),
        }
    }
}

fn write_string(text: &str, to: &mut String) {
    to.push('"');
    for character in text.chars() {
        match character {
            '"' => to.push_str("\\\""),
            '\\' => to.push_str("\\\\"),
            '\n' => to.push_str("\\n"),
            '\r' => to.push_str("\\r"),
            '\t' => to.push_str("\\t"),
            '\u{8}' => to.push_str("\\b"),
            '\u{c}' => to.push_str("\\f"),
            control if control < ' ' => {
                let _ = write!(to, "\\u{:04x}", u32::from(control));
            }
            other => to.push(other),
        }
    }
    to.push('"');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_are_sorted_and_nothing_is_padded() {
        let value = json!({"b": [1, {"z": null, "a": true}], "a": "x\n\"\u{1}é"});
        assert_eq!(canonical(&value), r#"{"a":"x\n\"\u0001é","b":[1,{"a":true,"z":null}]}"#);
    }

    #[test]
    fn numbers_are_written_as_go_writes_them() {
        let cases = [
            (json!(1000.0), "1000"),
            (json!(-0.0), "0"),
            (json!(1e-7), "1e-7"),
            (json!(1e21), "1e+21"),
            (json!(1.844_674_407_370_955_2e19), "18446744073709552000"),
            (json!(10.5), "10.5"),
            (json!(i64::MIN), "-9223372036854775808"),
            (json!(u64::MAX), "18446744073709551615"),
        ];
        for (value, expected) in cases {
            assert_eq!(canonical(&value), expected);
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_filter_map("finite", |x| Number::from_f64(x).map(Value::Number)),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map(any::<String>(), inner, 0..6)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    #[test]
    fn a_float_that_once_lost_its_last_digit_comes_back() {
        let value = json!({"": [-1.445_902_629_393_869_9e-304, 0.1]});
        let text = canonical(&value);
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }

    proptest! {
        #[test]
        fn reading_it_again_gives_the_same_text(value in any_json()) {
            let text = canonical(&value);
            let again: Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(canonical(&again), text);
        }
    }
}
