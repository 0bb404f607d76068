//! What the API server's refusals mean.
//!
//! The server says it with an HTTP status, a `Status` object, and, where these are too coarse, in
//! words only: a webhook that does not answer is a plain 500.

use serde_json::Value;

use super::error::{ClusterError, FieldConflict};
use crate::model::safe::safe;

/// How server-side apply says that an object does not fit its type.
const UNFIT: [&str; 2] = ["failed to create typed patch object", "failed to convert new object"];

/// Reads a refusal. `kind` names what was asked for; `server` the address.
pub(super) fn refusal(code: u16, body: &[u8], kind: &str, server: &str) -> ClusterError {
    let status: Value = serde_json::from_slice(body).unwrap_or_default();
    let why = match status["message"].as_str() {
        Some(message) => safe(message),
        None => safe(&body[..body.len().min(200)]),
    };
    let reason = status["reason"].as_str().unwrap_or_default();
    match code {
        401 => ClusterError::Unauthorized { why },
        403 if terminating(&status) => ClusterError::NamespaceEnding { why },
        403 if why.contains("error looking up service account") => {
            ClusterError::AccountMissing { why }
        }
        403 if why.contains("exceeded quota") => ClusterError::Invalid { why },
        403 if denied(&why) => ClusterError::Invalid { why },
        403 => ClusterError::Forbidden { why },
        404 => not_found(&status, kind),
        409 if reason == "AlreadyExists" => ClusterError::Taken { why },
        409 if reason == "Conflict" || reason.is_empty() => conflict(&status, code, why),
        422 if immutable(&status) => ClusterError::Immutable { why },
        400 | 413 | 422 => ClusterError::Invalid { why },
        // An unknown field or a value of another type in a built-in kind is a 500 to server-side
        // apply.
        500 if UNFIT.iter().any(|words| why.contains(words)) => ClusterError::Invalid { why },
        409 | 429 | 503 | 504 => ClusterError::Busy { code, why },
        500..=599 => webhook(why, code),
        _ => ClusterError::Answer { why: format!("{} answers {code}: {why}", safe(server)) },
    }
}

fn causes(status: &Value) -> impl Iterator<Item = &Value> {
    status["details"]["causes"].as_array().into_iter().flatten()
}

fn terminating(status: &Value) -> bool {
    causes(status).any(|cause| cause["reason"] == "NamespaceTerminating")
}

fn denied(why: &str) -> bool {
    why.contains("denied the request") || why.contains("denied request")
}

/// A missing namespace and a missing kind are both a 404; details tell them apart.
fn not_found(status: &Value, kind: &str) -> ClusterError {
    let details = &status["details"];
    match (details["kind"].as_str(), details["name"].as_str()) {
        (Some("namespaces"), Some(name)) => {
            ClusterError::NamespaceMissing { namespace: safe(name) }
        }
        _ => ClusterError::NotServed { kind: safe(kind) },
    }
}

/// A conflict over fields names each field and manager: `conflict with "helm" using apps/v1`.
fn conflict(status: &Value, code: u16, why: String) -> ClusterError {
    let fields: Vec<_> = causes(status)
        .filter(|cause| cause["reason"] == "FieldManagerConflict")
        .map(|cause| {
            let message = cause["message"].as_str().unwrap_or_default();
            let manager = message.split('"').nth(1).unwrap_or(message);
            let field = cause["field"].as_str().unwrap_or_default();
            FieldConflict { field: safe(field), manager: safe(manager) }
        })
        .collect();
    // Without fields it is a race between two writers, over in a moment.
    if fields.is_empty() {
        ClusterError::Busy { code, why }
    } else {
        ClusterError::Conflict { fields }
    }
}

fn immutable(status: &Value) -> bool {
    let says = |text: Option<&str>| {
        text.is_some_and(|text| {
            text.contains("immutable") || text.contains("Forbidden: updates to")
        })
    };
    says(status["message"].as_str()) || causes(status).any(|cause| says(cause["message"].as_str()))
}

fn webhook(why: String, code: u16) -> ClusterError {
    match why.split_once("failed calling webhook \"").and_then(|(_, rest)| rest.split_once('"')) {
        Some((name, _)) => ClusterError::Webhook { name: name.to_owned(), why },
        None => ClusterError::Busy { code, why },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(code: u16, status: &Value) -> ClusterError {
        refusal(code, status.to_string().as_bytes(), "apps/v1 Deployment", "https://x")
    }

    #[test]
    fn a_conflict_names_field_and_manager() {
        let status = json!({"reason": "Conflict", "message": "Apply failed with 1 conflict",
            "details": {"causes": [{"reason": "FieldManagerConflict", "field": ".spec.replicas",
                                    "message": "conflict with \"helm\" using apps/v1"}]}});
        let error = answer(409, &status);
        assert_eq!(error.to_string(), "another manager holds fields: helm holds .spec.replicas");
    }

    #[test]
    fn a_missing_namespace_is_not_a_missing_kind() {
        let namespace = json!({"reason": "NotFound", "message": "namespaces \"a\" not found",
                               "details": {"name": "a", "kind": "namespaces"}});
        assert_eq!(
            answer(404, &namespace),
            ClusterError::NamespaceMissing { namespace: "a".into() }
        );
        let kind = json!({"message": "the server could not find the requested resource"});
        assert!(matches!(answer(404, &kind), ClusterError::NotServed { .. }));
    }

    #[test]
    fn words_tell_webhooks_immutable_fields_and_denials_apart() {
        let say = |text: &str| json!({"message": text});
        let webhook = "Internal error occurred: failed calling webhook \"x.example.com\": refused";
        assert!(
            matches!(answer(500, &say(webhook)), ClusterError::Webhook { name, .. } if name == "x.example.com")
        );
        assert!(matches!(answer(500, &say("etcd")), ClusterError::Busy { .. }));
        let unknown = "failed to create typed patch object (a/b; /v1, Kind=Service): .spec.x: no";
        assert!(matches!(answer(500, &say(unknown)), ClusterError::Invalid { .. }));
        assert!(matches!(
            answer(422, &say("spec.selector: field is immutable")),
            ClusterError::Immutable { .. }
        ));
        assert!(matches!(answer(422, &say("spec.x: wrong")), ClusterError::Invalid { .. }));
        assert!(matches!(
            answer(403, &say("admission webhook \"p\" denied the request: no")),
            ClusterError::Invalid { .. }
        ));
        let account = "pods \"x\" is forbidden: error looking up service account a/default";
        assert!(matches!(answer(403, &say(account)), ClusterError::AccountMissing { .. }));
        assert!(matches!(answer(403, &say("cannot patch")), ClusterError::Forbidden { .. }));
    }

    #[test]
    fn what_is_no_status_is_still_told() {
        let error = refusal(418, b"<html>\x1b[2J", "v1 Pod", "https://x");
        assert!(error.to_string().contains("<html>\\u{1b}"));
    }
}
