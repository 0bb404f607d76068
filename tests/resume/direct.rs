//! Objects planned and replayed without a bundle, onto a real API server.

use blackstart::cluster::{Cluster, Identity};
use blackstart::model::cancel::Cancel;
use blackstart::model::digest::Digest;
use blackstart::model::event::{Observer, Quiet};
use blackstart::object::Object;
use blackstart::plan::{Against, Bound, Confirmation, Desired, Planned, make};
use blackstart::render::{Item, Provenance};
use blackstart::replay::{Around, Options, Outcome, onto_cluster};
use blackstart::target::{Binding, Class};
use serde_json::{Value, json};

use crate::support::cluster::WallClock;

pub(crate) fn object(value: Value) -> Object {
    Object::from_value(value).unwrap()
}

pub(crate) fn config(namespace: &str, name: &str) -> Object {
    object(json!({"apiVersion": "v1", "kind": "ConfigMap",
                  "metadata": {"name": name, "namespace": namespace}}))
}

pub(crate) fn namespace(name: &str) -> Object {
    object(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}))
}

/// Plans objects.
pub(crate) fn plan(cluster: &dyn Cluster, objects: &[Object]) -> Planned {
    let Identity { uid, ca, .. } = cluster.identity().unwrap();
    let target = Binding { name: "lab".into(), class: Class::Disposable, uid: Some(uid), ca };
    let provenance = Provenance { repo: "r".into(), revision: "c".into(), path: "p".into() };
    let items = objects
        .iter()
        .map(|object| Item { object: object.clone(), provenance: provenance.clone() });
    let desired = Desired {
        bundle: Digest::of(b"bundle"),
        items: items.collect(),
        findings: Vec::new(),
        choices: Vec::new(),
        beyond: Vec::new(),
    };
    make(&desired, &target, &Against::Cluster(cluster), &Quiet, &Cancel::new()).unwrap()
}

/// Plans them and carries that out.
pub(crate) fn replay(
    cluster: &dyn Cluster,
    objects: &[Object],
    options: &Options,
    seen: &dyn Observer,
) -> Outcome {
    let planned = plan(cluster, objects);
    let cancel = Cancel::new();
    let confirmation = Confirmation { target: Some("lab".into()), bound: Bound::Nothing };
    let approved = planned.approve(&confirmation).unwrap();
    let clock = WallClock::new();
    let around = Around { clock: &clock, observer: seen, cancel: &cancel };
    onto_cluster(approved, cluster, options, None, around).unwrap()
}
