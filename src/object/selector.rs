//! Label selectors, as the API server evaluates them.

use serde_json::Value;

/// Returns whether labels meet a `LabelSelector`. One that says nothing is met by everything.
pub fn selects(selector: &Value, label: &dyn Fn(&str) -> Option<String>) -> bool {
    let labels = selector["matchLabels"].as_object().into_iter().flatten();
    let mut expressions = selector["matchExpressions"].as_array().into_iter().flatten();
    labels.into_iter().all(|(key, value)| label(key).as_deref() == value.as_str())
        && expressions.all(|expression| holds(expression, label))
}

fn holds(expression: &Value, label: &dyn Fn(&str) -> Option<String>) -> bool {
    let found = label(expression["key"].as_str().unwrap_or_default());
    let values = expression["values"].as_array();
    let listed = values.is_some_and(|all| all.iter().any(|v| v.as_str() == found.as_deref()));
    match expression["operator"].as_str().unwrap_or_default() {
        "In" => found.is_some() && listed,
        "NotIn" => found.is_none() || !listed,
        "Exists" => found.is_some(),
        "DoesNotExist" => found.is_none(),
        _ => false,
    }
}

/// Returns whether labels meet the plain selector of a Service. One without a selector selects
/// nothing: its endpoints are made by somebody else.
pub fn service_selects(selector: &Value, labels: &Value) -> bool {
    let Some(wanted) = selector.as_object().filter(|wanted| !wanted.is_empty()) else {
        return false;
    };
    wanted.iter().all(|(key, value)| labels[key] == *value)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn meets(selector: &Value, labels: &Value) -> bool {
        selects(selector, &|key| labels[key].as_str().map(str::to_owned))
    }

    #[test]
    fn each_operator_holds_as_the_server_has_it() {
        let labels = json!({"env": "prod", "team": "a"});
        let one = |operator: &str, key: &str, values: Value| json!({"matchExpressions": [{"key": key, "operator": operator, "values": values}]});
        let cases = [
            (json!({}), true),
            (json!({"matchLabels": {"env": "prod"}}), true),
            (json!({"matchLabels": {"env": "prod", "x": "y"}}), false),
            (one("In", "env", json!(["prod"])), true),
            (one("In", "env", json!(["test"])), false),
            (one("In", "none", json!(["prod"])), false),
            (one("NotIn", "env", json!(["prod"])), false),
            (one("NotIn", "none", json!(["prod"])), true),
            (one("Exists", "team", json!([])), true),
            (one("Exists", "none", json!([])), false),
            (one("DoesNotExist", "none", json!([])), true),
            (one("DoesNotExist", "team", json!([])), false),
            (one("Like", "team", json!(["a"])), false),
        ];
        for (selector, expected) in cases {
            assert_eq!(meets(&selector, &labels), expected, "{selector}");
        }
    }

    #[test]
    fn a_service_without_a_selector_selects_nothing() {
        let labels = json!({"app": "web", "tier": "front"});
        assert!(service_selects(&json!({"app": "web"}), &labels));
        assert!(!service_selects(&json!({"app": "web", "x": "y"}), &labels));
        assert!(!service_selects(&json!({}), &labels));
        assert!(!service_selects(&Value::Null, &labels));
    }
}
