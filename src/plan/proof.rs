//! Proof, without asking, that applying an object would change nothing.
//!
//! The server keeps which fields a manager applied last. When these are exactly the fields of the
//! object at hand, and each has the value that the object gives it, then applying it again gives
//! what is there. Anything else (another version, a value that the server writes differently, a
//! list in another order) proves nothing, and is asked by a dry run.

use serde_json::{Map, Value};

use crate::cluster::MANAGER;
use crate::object::Object;

/// Longer lists with keys are asked about: each item is looked for in the whole list.
const LONGEST: usize = 500;
/// What nobody owns, and the metadata, which are looked at by themselves.
const WHOLE: [&str; 3] = ["apiVersion", "kind", "metadata"];
const NAMES: [&str; 2] = ["name", "namespace"];
/// Written by generators as null, and not counted by the server.
const STAMP: &str = "creationTimestamp";

/// Returns whether `live` proves that applying `wanted` would change nothing.
pub(super) fn is_unchanged(live: &Value, wanted: &Object) -> bool {
    let metadata = &live["metadata"];
    let wanted = wanted.value();
    if live["apiVersion"] != wanted["apiVersion"] || !metadata["deletionTimestamp"].is_null() {
        return false;
    }
    let entries = metadata["managedFields"].as_array().into_iter().flatten();
    let mut ours = entries.filter(|entry| {
        entry["manager"] == MANAGER
            && entry["operation"] == "Apply"
            && entry["subresource"].as_str().is_none_or(str::is_empty)
    });
    let nothing = Map::new();
    let owned = match (ours.next(), ours.next()) {
        // Who applied no field is not listed.
        (None, _) => &nothing,
        (Some(entry), None) if entry["apiVersion"] == wanted["apiVersion"] => {
            let Some(owned) = entry["fieldsV1"].as_object() else { return false };
            owned
        }
        _ => return false,
    };
    let of_metadata = owned.get("f:metadata").and_then(Value::as_object).unwrap_or(&nothing);
    members(owned, wanted, live, &WHOLE)
        && members(of_metadata, &wanted["metadata"], metadata, &NAMES)
}

/// Whether the members of an object are exactly those that are owned, and each is as wanted, those
/// `apart` left out.
fn members(owned: &Map<String, Value>, wanted: &Value, live: &Value, apart: &[&str]) -> bool {
    let (Some(wanted), Some(live)) = (wanted.as_object(), live.as_object()) else { return false };
    let counts = |key: &str| !apart.contains(&key);
    let stamp = |key: &str, value: &Value| key == STAMP && value.is_null() && apart == NAMES;
    let fields = owned.keys().filter_map(|key| key.strip_prefix("f:")).filter(|key| counts(key));
    let others = owned.keys().filter(|key| *key != "." && !key.starts_with("f:"));
    let wanted = wanted.iter().filter(|(key, value)| counts(key) && !stamp(key, value));
    let wanted: Vec<_> = wanted.collect();
    others.count() == 0
        && fields.count() == wanted.len()
        && wanted.into_iter().all(|(key, wanted)| {
            let owned = owned.get(&format!("f:{key}")).and_then(Value::as_object);
            let live = live.get(key).unwrap_or(&Value::Null);
            owned.is_some_and(|owned| field(owned, wanted, live))
        })
}

fn field(owned: &Map<String, Value>, wanted: &Value, live: &Value) -> bool {
    match wanted {
        // A leaf: a plain value, or a list or map that is replaced whole.
        _ if owned.is_empty() => wanted == live,
        Value::Object(_) => members(owned, wanted, live, &[]),
        Value::Array(wanted) => items(owned, wanted, live),
        _ => false,
    }
}

/// Whether the items of a list are exactly those that are owned, each is as wanted, and they stand
/// in the same order.
fn items(owned: &Map<String, Value>, wanted: &[Value], live: &Value) -> bool {
    let Some(live) = live.as_array() else { return false };
    let owned: Vec<_> = owned.iter().filter(|(key, _)| *key != ".").collect();
    if owned.len() != wanted.len() || wanted.len() > LONGEST || live.len() > LONGEST {
        return false;
    }
    let mut places = Vec::new();
    for (key, below) in owned {
        let found = item(key, below, wanted, live);
        let Some(place) = found else { return false };
        places.push(place);
    }
    places.sort_unstable();
    // Each wanted item once, and the live ones in the same order.
    places.iter().enumerate().all(|(at, (wanted, _))| at == *wanted)
        && places.iter().map(|(_, live)| live).is_sorted()
}

/// Finds an owned item in both lists, and returns its places when it is as wanted.
fn item(key: &str, below: &Value, wanted: &[Value], live: &[Value]) -> Option<(usize, usize)> {
    let (form, text) = key.split_once(':')?;
    let name: Value = serde_json::from_str(text).ok()?;
    let below = below.as_object()?;
    if form == "v" {
        let is = |value: &&Value| **value == name;
        let there = below.is_empty();
        return there.then_some((only(wanted, is)?, only(live, is)?));
    }
    let name = name.as_object().filter(|_| form == "k")?;
    // A key that has a default need not be written.
    let may_be = |item: &&Value| name.iter().all(|(k, v)| item[k] == *v || item[k].is_null());
    let is = |item: &&Value| name.iter().all(|(k, v)| item[k] == *v);
    let places = (only(wanted, may_be)?, only(live, is)?);
    let (wanted, live) = (&wanted[places.0], &live[places.1]);
    members(below, wanted, live, &[]).then_some(places)
}

/// The place of the one item that fits.
fn only(list: &[Value], fits: impl Fn(&&Value) -> bool) -> Option<usize> {
    let mut found = list.iter().enumerate().filter(|(_, item)| fits(item));
    match (found.next(), found.next()) {
        (Some((place, _)), None) => Some(place),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn wanted() -> Value {
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "web", "namespace": "shop", "labels": {"app": "web"},
                         "creationTimestamp": null, "finalizers": ["a/b"]},
            "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}},
                     "template": {"spec": {"containers": [
                        {"name": "web", "image": "web:1", "args": ["x"],
                         "ports": [{"containerPort": 80}]},
                        {"name": "side", "image": "side:1"}]}}}})
    }

    /// What a server would hold after that was applied, defaults and another's fields included.
    fn live() -> Value {
        let mut live = wanted();
        let metadata = live["metadata"].as_object_mut().unwrap();
        metadata.remove("creationTimestamp");
        metadata.insert("uid".into(), "u".into());
        metadata.insert("annotations".into(), json!({"deployment.kubernetes.io/revision": "1"}));
        live["spec"]["strategy"] = json!({"type": "RollingUpdate"});
        live["spec"]["template"]["spec"]["containers"][0]["ports"][0]["protocol"] = "TCP".into();
        live["metadata"]["managedFields"] = json!([
            {"manager": "kube-controller-manager", "operation": "Update", "apiVersion": "apps/v1",
             "fieldsV1": {"f:metadata": {"f:annotations": {".": {}}}}},
            {"manager": "blackstart", "operation": "Apply", "apiVersion": "apps/v1",
             "fieldsType": "FieldsV1", "fieldsV1": {
                "f:metadata": {"f:labels": {"f:app": {}}, "f:finalizers": {"v:\"a/b\"": {}}},
                "f:spec": {"f:replicas": {}, "f:selector": {},
                    "f:template": {"f:spec": {"f:containers": {
                        "k:{\"name\":\"side\"}": {".": {}, "f:name": {}, "f:image": {}},
                        "k:{\"name\":\"web\"}": {".": {}, "f:name": {}, "f:image": {},
                            "f:args": {}, "f:ports": {
                            "k:{\"containerPort\":80,\"protocol\":\"TCP\"}":
                                {".": {}, "f:containerPort": {}}}}}}}}}}]);
        live
    }

    fn proves(live: &Value, wanted: Value) -> bool {
        is_unchanged(live, &Object::from_value(wanted).unwrap())
    }

    #[test]
    fn what_was_applied_and_is_still_so_is_proved() {
        assert!(proves(&live(), wanted()));
    }

    #[test]
    fn what_has_no_metadata_but_its_name_is_proved_too() {
        let wanted = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"k": "v"},
                            "metadata": {"name": "a", "namespace": "shop"}});
        let mut live = wanted.clone();
        live["metadata"]["managedFields"] = json!([
            {"manager": "blackstart", "operation": "Apply", "apiVersion": "v1",
             "fieldsV1": {"f:data": {"f:k": {}}}}]);
        assert!(proves(&live, wanted.clone()));
        live["metadata"]["managedFields"][0]["fieldsV1"]["f:metadata"] =
            json!({"f:labels": {"f:gone": {}}});
        assert!(!proves(&live, wanted));
        let bare = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "a"}});
        assert!(proves(&bare, bare.clone()));
    }

    #[test]
    fn any_doubt_proves_nothing() {
        type Change = fn(&mut Value);
        let wants: [(&str, Change); 12] = [
            ("another value", |w| w["spec"]["replicas"] = 3.into()),
            ("one field more", |w| w["spec"]["paused"] = true.into()),
            ("one field less", |w| drop(w["spec"].as_object_mut().unwrap().remove("replicas"))),
            ("one label more", |w| w["metadata"]["labels"]["b"] = "c".into()),
            ("no labels", |w| drop(w["metadata"].as_object_mut().unwrap().remove("labels"))),
            ("another version", |w| w["apiVersion"] = "apps/v1beta1".into()),
            ("a status", |w| w["status"] = json!({"replicas": 2})),
            ("a null", |w| w["spec"]["paused"] = Value::Null),
            ("another finalizer", |w| w["metadata"]["finalizers"] = json!(["c/d"])),
            ("an argument more", |w| {
                w["spec"]["template"]["spec"]["containers"][0]["args"] = json!(["x", "y"]);
            }),
            ("another order", |w| {
                w["spec"]["template"]["spec"]["containers"].as_array_mut().unwrap().reverse();
            }),
            ("another port", |w| {
                w["spec"]["template"]["spec"]["containers"][0]["ports"][0]["protocol"] =
                    "UDP".into();
            }),
        ];
        for (what, change) in wants {
            let mut wanted = wanted();
            change(&mut wanted);
            assert!(!proves(&live(), wanted), "{what}");
        }
        let lives: [(&str, Change); 8] = [
            ("changed by another", |l| l["spec"]["replicas"] = 9.into()),
            ("gone", |l| drop(l["spec"].as_object_mut().unwrap().remove("replicas"))),
            ("a container gone", |l| {
                l["spec"]["template"]["spec"]["containers"].as_array_mut().unwrap().remove(1);
            }),
            ("being deleted", |l| l["metadata"]["deletionTimestamp"] = "2026-01-01".into()),
            ("never applied by us", |l| {
                l["metadata"]["managedFields"][1]["manager"] = "kubectl".into();
            }),
            ("updated, not applied", |l| {
                l["metadata"]["managedFields"][1]["operation"] = "Update".into();
            }),
            ("applied in another version", |l| {
                l["metadata"]["managedFields"][1]["apiVersion"] = "apps/v1beta1".into();
            }),
            ("one field given away", |l| {
                let fields = &mut l["metadata"]["managedFields"][1]["fieldsV1"]["f:spec"];
                fields.as_object_mut().unwrap().remove("f:replicas");
            }),
        ];
        for (what, change) in lives {
            let mut live = live();
            change(&mut live);
            assert!(!proves(&live, wanted()), "{what}");
        }
    }
}
