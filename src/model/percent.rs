//! Percent-encoding in URLs (RFC 3986 §2.1), undone.

/// Returns the bytes that `text` stands for; none for a broken escape.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => digit(bytes.next()?)? << 4 | digit(bytes.next()?)?,
            byte => byte,
        });
    }
    Some(decoded)
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escapes_are_undone_and_broken_ones_refused() {
        assert_eq!(decode("gro%C3%9Fe%20apps").as_deref(), Some("große apps".as_bytes()));
        for broken in ["%", "a%2", "%+1", "%zz", "%%20"] {
            assert_eq!(decode(broken), None, "{broken}");
        }
    }

    proptest! {
        #[test]
        fn every_byte_can_be_escaped(bytes: Vec<u8>) {
            let escapes: Vec<String> = bytes.iter().map(|byte| format!("%{byte:02x}")).collect();
            let text = escapes.concat();
            prop_assert_eq!(decode(&text), Some(bytes));
        }
    }
}
