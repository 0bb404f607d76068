//! What a cluster serves, from its aggregated discovery (`apidiscovery.k8s.io/v2`).

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

/// A kind that the cluster serves, in one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServedKind {
    /// The API group; empty for the core group.
    pub group: String,
    /// The version.
    pub version: String,
    /// The kind.
    pub kind: String,
    /// Its name in paths.
    pub plural: String,
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
    /// Whether it can be listed and patched; `TokenReview` and its like cannot.
    pub storable: bool,
}

impl ServedKind {
    /// Returns `group/version Kind`.
    pub fn text(&self) -> String {
        if self.group.is_empty() {
            format!("{} {}", self.version, self.kind)
        } else {
            format!("{}/{} {}", self.group, self.version, self.kind)
        }
    }

    /// Returns the path of all objects, or of those in one namespace.
    pub(super) fn collection(&self, namespace: Option<&str>) -> String {
        let base = if self.group.is_empty() {
            format!("/api/{}", self.version)
        } else {
            format!("/apis/{}/{}", self.group, self.version)
        };
        match namespace.filter(|_| self.namespaced) {
            Some(namespace) => format!("{base}/namespaces/{}/{}", escape(namespace), self.plural),
            None => format!("{base}/{}", self.plural),
        }
    }

    /// Returns the path of one object.
    pub(super) fn path(&self, namespace: Option<&str>, name: &str) -> String {
        format!("{}/{}", self.collection(namespace), escape(name))
    }
}

/// Names come from files: what is no plain character must not change the path.
fn escape(name: &str) -> String {
    use std::fmt::Write as _;
    let mut escaped = String::new();
    let dots = matches!(name, "." | "..");
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || (b"-._~:".contains(&byte) && !dots) {
            escaped.push(char::from(byte));
        } else {
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

/// Everything a cluster serves at one moment.
#[derive(Clone, Debug, Default)]
pub struct Kinds {
    served: HashMap<(String, String), Vec<ServedKind>>,
    unknown: BTreeSet<String>,
}

impl Kinds {
    /// Finds a kind in the version asked for, else in the version the server prefers.
    pub fn find(&self, group: &str, version: &str, kind: &str) -> Option<&ServedKind> {
        let versions = self.served.get(&(group.to_owned(), kind.to_owned()))?;
        versions.iter().find(|served| served.version == version).or_else(|| versions.first())
    }

    /// Returns whether exactly this version of a kind is served.
    pub fn serves(&self, group: &str, version: &str, kind: &str) -> bool {
        self.find(group, version, kind).is_some_and(|served| served.version == version)
    }

    /// Returns whether the cluster could not say what a group holds: its aggregated API is down.
    /// Such kinds are unknown, not absent.
    pub fn is_unknown(&self, group: &str) -> bool {
        self.unknown.contains(group)
    }

    /// Returns the groups that the cluster could not speak for.
    pub fn unknown(&self) -> impl Iterator<Item = &str> {
        self.unknown.iter().map(String::as_str)
    }

    /// Returns how many kinds are served.
    pub fn len(&self) -> usize {
        self.served.len()
    }

    /// Returns whether nothing is served.
    pub fn is_empty(&self) -> bool {
        self.served.is_empty()
    }

    /// Adds a kind; the first version added is the preferred one.
    pub(super) fn add(&mut self, served: ServedKind) {
        let key = (served.group.clone(), served.kind.clone());
        self.served.entry(key).or_default().push(served);
    }

    pub(super) fn add_unknown(&mut self, group: &str) {
        self.unknown.insert(group.to_owned());
    }

    /// Adds an `APIGroupDiscoveryList`.
    pub(super) fn add_aggregated(&mut self, list: &Value) {
        for group in items(&list["items"]) {
            let name = text(&group["metadata"]["name"]);
            for version in items(&group["versions"]) {
                if version["freshness"] == "Stale" {
                    self.add_unknown(name);
                }
                for resource in items(&version["resources"]) {
                    self.add_resource(name, text(&version["version"]), resource);
                }
            }
        }
    }

    fn add_resource(&mut self, group: &str, version: &str, resource: &Value) {
        let kind = &resource["responseKind"];
        self.add(ServedKind {
            // `scale` and its like answer with a kind of another group; theirs is not ours.
            group: group.to_owned(),
            version: version.to_owned(),
            kind: text(&kind["kind"]).to_owned(),
            plural: text(&resource["resource"]).to_owned(),
            namespaced: resource["scope"] == "Namespaced",
            storable: storable(&resource["verbs"]),
        });
    }

    /// Adds an `APIResourceList`, the older form: one list for each group and version.
    pub(super) fn add_resource_list(&mut self, group: &str, version: &str, list: &Value) {
        for resource in items(&list["resources"]) {
            let plural = text(&resource["name"]);
            if plural.contains('/') {
                continue;
            }
            self.add(ServedKind {
                group: group.to_owned(),
                version: version.to_owned(),
                kind: text(&resource["kind"]).to_owned(),
                plural: plural.to_owned(),
                namespaced: resource["namespaced"] == true,
                storable: storable(&resource["verbs"]),
            });
        }
    }
}

fn storable(verbs: &Value) -> bool {
    ["list", "patch"].iter().all(|verb| items(verbs).iter().any(|known| known == verb))
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn kinds() -> Kinds {
        let resource = |plural: &str, kind: &str, scope: &str| {
            json!({"resource": plural, "responseKind": {"group": "", "kind": kind},
                   "scope": scope, "verbs": ["get", "list", "patch"]})
        };
        let mut kinds = Kinds::default();
        kinds.add_aggregated(&json!({"items": [
            {"metadata": {"name": "apps"}, "versions": [
                {"version": "v1", "freshness": "Current",
                 "resources": [resource("deployments", "Deployment", "Namespaced")]},
                {"version": "v1beta1",
                 "resources": [resource("deployments", "Deployment", "Namespaced")]}]},
            {"metadata": {"name": "metrics.k8s.io"}, "versions": [
                {"version": "v1beta1", "freshness": "Stale", "resources": []}]}]}));
        kinds
    }

    #[test]
    fn the_version_asked_for_is_preferred_to_the_servers() {
        let kinds = kinds();
        assert_eq!(kinds.find("apps", "v1beta1", "Deployment").unwrap().version, "v1beta1");
        assert_eq!(kinds.find("apps", "v9", "Deployment").unwrap().version, "v1");
        assert!(!kinds.serves("apps", "v9", "Deployment"));
    }

    #[test]
    fn a_group_whose_api_is_down_is_unknown_not_absent() {
        let kinds = kinds();
        assert!(kinds.is_unknown("metrics.k8s.io") && !kinds.is_unknown("apps"));
    }

    #[test]
    fn a_name_cannot_leave_its_place_in_the_path() {
        let served = kinds().find("apps", "v1", "Deployment").unwrap().clone();
        assert_eq!(
            served.path(Some("shop"), "web"),
            "/apis/apps/v1/namespaces/shop/deployments/web"
        );
        assert_eq!(
            served.path(Some(".."), "a/b?c"),
            "/apis/apps/v1/namespaces/%2E%2E/deployments/a%2Fb%3Fc"
        );
    }
}
