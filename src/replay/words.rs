//! What a wait usually means, and what to run to see more.

use crate::cluster::ClusterError;
use crate::object::ObjectRef;

/// Where to look, and what it usually is.
#[derive(Clone, Debug)]
pub(super) struct Hint {
    pub(super) cause: &'static str,
    pub(super) next: String,
}

/// What to say about an object that the target does not take yet.
pub(super) fn refused(object: &ObjectRef, error: &ClusterError) -> Hint {
    let hint = |cause, next: String| Hint { cause, next };
    match error {
        ClusterError::NotServed { .. } => hint(
            "its definition is missing, or an operator has yet to make it",
            format!("kubectl get crd | grep -i {}", word(&object.kind)),
        ),
        ClusterError::NamespaceMissing { namespace } => hint(
            "nothing in the plan makes the namespace, or a controller makes it later",
            format!("kubectl get namespace {}", word(namespace)),
        ),
        ClusterError::NamespaceEnding { .. } => hint(
            "something with a finalizer keeps the namespace, or an aggregated API is down",
            format!(
                "kubectl get namespace {} -o yaml",
                word(object.namespace.as_deref().unwrap_or_default())
            ),
        ),
        ClusterError::AccountMissing { .. } => hint(
            "the controllers make a namespace's default account a moment later",
            format!("kubectl get serviceaccounts{}", inside(object)),
        ),
        ClusterError::Webhook { name, .. } => hint(
            "the workload behind the webhook does not run yet",
            format!(
                "kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations -o yaml \
                 | grep -B 5 -A 15 {}",
                word(name)
            ),
        ),
        ClusterError::Busy { .. } => hint(
            "the API server or etcd is overloaded or restarting",
            "kubectl get --raw '/readyz?verbose'".to_owned(),
        ),
        _ => hint("", describe(object)),
    }
}

/// What to say about an object that is there and not ready.
pub(super) fn unready(object: &ObjectRef) -> Hint {
    let cause = match (object.group.as_str(), object.kind.as_str()) {
        ("apps", _) | ("", "Pod" | "ReplicationController") => {
            "images that cannot be pulled, Pods that find no node, or a failing probe"
        }
        ("batch", "Job") => "its Pods fail or find no node; their logs say why",
        ("", "PersistentVolumeClaim") => "no storage class, no provisioner, or no Pod that uses it",
        ("", "Service") => "nothing gives out cluster addresses",
        ("apiextensions.k8s.io", _) => "its names or schema are refused; its conditions say why",
        ("apiregistration.k8s.io", _) => "the Service behind it has no ready Pods",
        ("cert-manager.io", _) => "the issuer cannot be reached, or its webhook does not run yet",
        ("external-secrets.io", _) => "the secret store cannot be reached without the network",
        (group, _) if group.ends_with("fluxcd.io") => {
            "its source cannot be fetched, or its controller does not run yet"
        }
        _ => "its controller does not run, or waits for something itself",
    };
    Hint { cause, next: describe(object) }
}

/// What to say while nothing answers.
pub(super) fn gone() -> Hint {
    Hint {
        cause: "the API server is restarting, or the network to it is down",
        next: "kubectl get --raw /readyz".to_owned(),
    }
}

fn describe(object: &ObjectRef) -> String {
    let mut kind = object.kind.to_lowercase();
    if !object.group.is_empty() {
        kind = format!("{kind}.{}", object.group);
    }
    format!("kubectl describe {} {}{}", word(&kind), word(&object.name), inside(object))
}

fn inside(object: &ObjectRef) -> String {
    object.namespace.as_ref().map_or_else(String::new, |n| format!(" -n {}", word(n)))
}

/// A word for a shell: names come from outside, and people paste.
fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._:".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        let quoted = crate::model::safe::safe(text).replace('\'', "'\\''");
        format!("'{quoted}'")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pasted_names_the_object_and_nothing_else() {
        let object = |name: &str| ObjectRef {
            group: "apps".into(),
            kind: "Deployment".into(),
            namespace: Some("shop".into()),
            name: name.into(),
        };
        let hint = unready(&object("web"));
        assert_eq!(hint.next, "kubectl describe deployment.apps web -n shop");
        assert!(hint.cause.contains("images"));
        let hint = unready(&object("x'; rm -rf /"));
        assert_eq!(hint.next, "kubectl describe deployment.apps 'x'\\''; rm -rf /' -n shop");
        let busy = ClusterError::Busy { code: 503, why: String::new() };
        assert!(refused(&object("web"), &busy).next.contains("readyz"));
    }
}
