//! What the credentials allow, as far as a replay needs it.

use crate::cluster::{Cluster, ClusterError, ServedKind};

/// What a replay does.
const VERBS: &[&str] = &["get", "list", "create", "patch"];
/// Kinds that every replay meets: group and plural.
const KINDS: &[(&str, &str)] = &[
    ("", "namespaces"),
    ("", "configmaps"),
    ("", "secrets"),
    ("", "services"),
    ("", "serviceaccounts"),
    ("apps", "deployments"),
    ("apps", "statefulsets"),
    ("apiextensions.k8s.io", "customresourcedefinitions"),
    ("rbac.authorization.k8s.io", "clusterroles"),
    ("rbac.authorization.k8s.io", "clusterrolebindings"),
    ("admissionregistration.k8s.io", "validatingwebhookconfigurations"),
    ("coordination.k8s.io", "leases"),
];

/// Returns what is missing, as `verb plural`. Who may do everything is asked four questions.
pub(super) fn missing(cluster: &dyn Cluster) -> Result<Vec<String>, ClusterError> {
    let mut missing = Vec::new();
    for verb in VERBS {
        if cluster.may(verb, &kind("*", "*"))? {
            continue;
        }
        for (group, plural) in KINDS {
            if !cluster.may(verb, &kind(group, plural))? {
                missing.push(format!("{verb} {plural}"));
            }
        }
    }
    Ok(missing)
}

fn kind(group: &str, plural: &str) -> ServedKind {
    ServedKind {
        group: group.to_owned(),
        version: "*".to_owned(),
        kind: String::new(),
        plural: plural.to_owned(),
        namespaced: false,
        storable: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::MemoryCluster;

    #[test]
    fn what_is_not_allowed_is_named() {
        let cluster = MemoryCluster::new("u-1");
        assert_eq!(missing(&cluster), Ok(Vec::new()));
        cluster.deny("patch /secrets");
        cluster.deny("create apps/deployments");
        assert_eq!(
            missing(&cluster),
            Ok(vec!["create deployments".to_owned(), "patch secrets".to_owned()])
        );
    }
}
