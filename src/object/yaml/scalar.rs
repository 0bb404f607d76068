//! What a plain word means: the rules of go-yaml v2's `resolve.go`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A scalar after resolution.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Scalar {
    Null,
    Bool(bool),
    Int(i64),
    /// An integer that does not fit 64 signed bits; kubectl keeps it as a float.
    Uint(u64),
    Float(f64),
    Text(String),
}

impl Scalar {
    fn tag(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Int(_) | Self::Uint(_) => "int",
            Self::Float(_) => "float",
            Self::Text(_) => "str",
        }
    }
}

/// Resolves a scalar. `tag` is the suffix of a core tag (`int` of `!!int`), `plain` whether the
/// scalar has neither quotes nor another tag.
pub(super) fn resolve(text: &str, plain: bool, tag: Option<&str>) -> Result<Scalar, String> {
    let resolved = match tag {
        None if !plain => return Ok(Scalar::Text(text.to_owned())),
        Some("binary") => return binary(text),
        None | Some("bool" | "int" | "float" | "null" | "timestamp") => by_form(text),
        // `!!str`, and tags that nobody knows: the text stays as it is.
        Some(_) => return Ok(Scalar::Text(text.to_owned())),
    };
    match (tag, resolved) {
        (None | Some("timestamp"), resolved) => Ok(resolved),
        (Some(tag), resolved) if tag == resolved.tag() => Ok(resolved),
        #[expect(clippy::cast_precision_loss, reason = "as go-yaml does")]
        (Some("float"), Scalar::Int(int)) => Ok(Scalar::Float(int as f64)),
        (Some(tag), resolved) => Err(format!("cannot read a !!{} as !!{tag}", resolved.tag())),
    }
}

fn binary(text: &str) -> Result<Scalar, String> {
    let dense: String = text.chars().filter(|c| !matches!(c, '\n' | '\r')).collect();
    let bytes = STANDARD.decode(dense).map_err(|_| "!!binary that is not base64".to_owned())?;
    Ok(Scalar::Text(String::from_utf8_lossy(&bytes).into_owned()))
}

fn by_form(text: &str) -> Scalar {
    if let Some(word) = by_word(text) {
        return word;
    }
    let number = match text.as_bytes().first() {
        Some(b'.') if is_float(text) => text.parse().ok().map(Scalar::Float),
        Some(b'+' | b'-' | b'0'..=b'9') => by_digits(&text.replace('_', "")),
        _ => None,
    };
    number.unwrap_or_else(|| Scalar::Text(text.to_owned()))
}

fn by_word(text: &str) -> Option<Scalar> {
    Some(match text {
        "" | "~" | "null" | "Null" | "NULL" => Scalar::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            Scalar::Bool(true)
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Scalar::Bool(false)
        }
        ".nan" | ".NaN" | ".NAN" => Scalar::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Scalar::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Scalar::Float(f64::NEG_INFINITY),
        _ => return None,
    })
}

fn by_digits(plain: &str) -> Option<Scalar> {
    let (negative, digits) = match plain.as_bytes().first()? {
        b'-' => (true, &plain[1..]),
        b'+' => (false, &plain[1..]),
        _ => (false, plain),
    };
    let (radix, bare) = radix(digits);
    // `from_str_radix` takes a sign of its own, which must not follow ours.
    if bare.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        let signed = if negative { format!("-{bare}") } else { bare.to_owned() };
        if let Ok(int) = i64::from_str_radix(&signed, radix) {
            return Some(Scalar::Int(int));
        }
        let unsigned = digits.len() == plain.len();
        if let Some(int) = u64::from_str_radix(bare, radix).ok().filter(|_| unsigned) {
            return Some(Scalar::Uint(int));
        }
    }
    if is_float(plain) { plain.parse().ok().map(Scalar::Float) } else { None }
}

/// The radix that Go's `ParseInt` with base 0 takes from a prefix, and the digits behind it.
fn radix(digits: &str) -> (u32, &str) {
    let prefixed = |prefixes: [&str; 2]| prefixes.iter().find_map(|p| digits.strip_prefix(p));
    if let Some(bare) = prefixed(["0x", "0X"]) {
        (16, bare)
    } else if let Some(bare) = prefixed(["0o", "0O"]) {
        (8, bare)
    } else if let Some(bare) = prefixed(["0b", "0B"]) {
        (2, bare)
    } else if digits.len() > 1 && digits.starts_with('0') {
        (8, &digits[1..])
    } else {
        (10, digits)
    }
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn is_float(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (number, power) = match text.split_once(['e', 'E']) {
        Some((number, power)) => (number, Some(power.strip_prefix(['-', '+']).unwrap_or(power))),
        None => (text, None),
    };
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let good_number = match number.split_once('.') {
        Some(("", fraction)) => !fraction.is_empty() && digits(fraction),
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => !number.is_empty() && digits(number),
    };
    good_number && power.is_none_or(|power| !power.is_empty() && digits(power))
}

/// Whether a word that was read as a number looks like the beginning of a commit id.
pub(super) fn looks_like_id(text: &str) -> bool {
    text.len() >= 7
        && text.split_once('e').is_some_and(|(before, after)| {
            let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
            digits(before) && digits(after)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> Scalar {
        resolve(text, true, None).unwrap()
    }

    #[test]
    fn words_of_yaml_1_1() {
        assert_eq!(plain("on"), Scalar::Bool(true));
        assert_eq!(plain("Off"), Scalar::Bool(false));
        assert_eq!(plain("NULL"), Scalar::Null);
        assert_eq!(plain("oN"), Scalar::Text("oN".into()));
    }

    #[test]
    fn integers_take_their_radix_from_a_prefix() {
        let cases = [
            ("0755", 493),
            ("0o755", 493),
            ("0x1F", 31),
            ("-0x10", -16),
            ("0b101", 5),
            ("1_000", 1000),
            ("+7", 7),
            ("-0", 0),
        ];
        for (text, expected) in cases {
            assert_eq!(plain(text), Scalar::Int(expected), "{text}");
        }
        assert_eq!(plain("18446744073709551615"), Scalar::Uint(u64::MAX));
    }

    #[test]
    fn what_is_no_integer_may_be_a_float_and_else_is_text() {
        assert_eq!(plain("0899"), Scalar::Float(899.0));
        assert_eq!(plain("1e3"), Scalar::Float(1000.0));
        assert_eq!(plain("5."), Scalar::Float(5.0));
        assert_eq!(plain(".5"), Scalar::Float(0.5));
        for text in ["1:30:00", "1.2.3", "0x", "--1", "+-1", "1e", ".", "-", "2024-01-02", "0xg"] {
            assert_eq!(plain(text), Scalar::Text(text.into()), "{text}");
        }
    }

    #[test]
    fn tags_decide_or_refuse() {
        assert_eq!(resolve("3", false, Some("int")), Ok(Scalar::Int(3)));
        assert_eq!(resolve("3", true, Some("float")), Ok(Scalar::Float(3.0)));
        assert_eq!(resolve("3", true, Some("str")), Ok(Scalar::Text("3".into())));
        assert_eq!(resolve("aGk=", true, Some("binary")), Ok(Scalar::Text("hi".into())));
        assert!(resolve("x", true, Some("int")).is_err());
        assert!(resolve("*", true, Some("binary")).is_err());
    }

    #[test]
    fn a_commit_id_can_look_like_a_number() {
        assert!(looks_like_id("1234567e8") && !looks_like_id("1e3") && !looks_like_id("1234567"));
    }
}
