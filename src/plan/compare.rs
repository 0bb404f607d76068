//! What differs between a live object and what it would become.

use serde_json::Value;

use crate::model::safe::safe;

const MOST: usize = 20;
/// Written by the server whenever anything is written.
const BOOKKEEPING: [&str; 3] = ["managedFields", "resourceVersion", "generation"];

/// Returns the paths of the fields that differ, the server's bookkeeping left out.
pub(super) fn differing(live: &Value, wanted: &Value) -> Vec<String> {
    let mut found = Vec::new();
    walk(live, wanted, &mut Vec::new(), &mut found);
    found
}

/// Returns the paths of the fields that are written in `wanted` and are not so in `live`. For
/// objects that no dry run can be asked about.
pub(super) fn missing(live: &Value, wanted: &Value) -> Vec<String> {
    let mut found = Vec::new();
    within(live, wanted, &mut Vec::new(), &mut found);
    found
}

fn walk<'a>(one: &'a Value, other: &'a Value, path: &mut Vec<&'a str>, found: &mut Vec<String>) {
    if one == other || found.len() >= MOST {
        return;
    }
    let (Value::Object(left), Value::Object(right)) = (one, other) else {
        found.push(text(path));
        return;
    };
    let keys = left.keys().chain(right.keys().filter(|key| !left.contains_key(*key)));
    for key in keys {
        if path.as_slice() == ["metadata"] && BOOKKEEPING.contains(&key.as_str()) {
            continue;
        }
        path.push(key);
        walk(&one[key], &other[key], path, found);
        path.pop();
    }
}

fn within<'a>(live: &Value, wanted: &'a Value, path: &mut Vec<&'a str>, found: &mut Vec<String>) {
    match wanted {
        _ if found.len() >= MOST => {}
        Value::Object(members) if live.is_object() => {
            for (key, value) in members {
                path.push(key);
                within(&live[key], value, path, found);
                path.pop();
            }
        }
        _ if live != wanted => found.push(text(path)),
        _ => {}
    }
}

/// `.spec.replicas`, and `.metadata.annotations[a/b]` where a key is no plain word.
fn text(path: &[&str]) -> String {
    let plain =
        |key: &str| key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    let parts = path
        .iter()
        .map(|key| if plain(key) { format!(".{key}") } else { format!("[{}]", safe(key)) });
    parts.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn bookkeeping_is_no_difference() {
        let live = json!({"metadata": {"name": "a", "resourceVersion": "1", "generation": 1,
                                       "managedFields": [1]}, "spec": {"x": 1}});
        let wanted = json!({"metadata": {"name": "a", "resourceVersion": "2", "generation": 2,
                                         "managedFields": []}, "spec": {"x": 1}});
        assert!(differing(&live, &wanted).is_empty());
    }

    #[test]
    fn differences_are_named_wherever_they_are() {
        let live = json!({"spec": {"generation": 1, "list": [1], "gone": true}, "kind": "A"});
        let wanted = json!({"spec": {"generation": 2, "list": [2]}, "kind": "A",
                            "metadata": {"annotations": {"a.b/c": "x"}}});
        let mut found = differing(&live, &wanted);
        found.sort();
        assert_eq!(found, [".metadata", ".spec.generation", ".spec.gone", ".spec.list"]);
        assert_eq!(text(&["metadata", "annotations", "a.b/c"]), ".metadata.annotations[a.b/c]");
    }

    #[test]
    fn what_only_the_server_wrote_is_not_missing() {
        let live = json!({"spec": {"x": 1, "defaulted": true}});
        assert!(missing(&live, &json!({"spec": {"x": 1}})).is_empty());
        assert_eq!(missing(&live, &json!({"spec": {"x": 2}})), [".spec.x"]);
    }
}
