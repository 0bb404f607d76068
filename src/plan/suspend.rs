//! What is held back when it is applied: engines, so that they do not fetch from a Git host that is
//! gone or take back what is replayed; and clocks, so that nothing starts by itself. The change is
//! made to the object, so that the plan shows it and its digest covers it.
//!
//! What reaches outside of the cluster is applied as it is, and told.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::error::{CLOCKS, ENGINES, GENERATED, OUTSIDE};
use super::notes::Notes;
use crate::model::explain::About;
use crate::object::{
    Object, is_acme_issuer, is_alert_receiver, is_cloud_controller, is_engine_object,
    is_external_dns, is_load_balancer,
};

/// Flux kinds that can be suspended; others of its groups only describe.
const FLUX: [&str; 12] = [
    "Kustomization",
    "HelmRelease",
    "GitRepository",
    "OCIRepository",
    "HelmRepository",
    "HelmChart",
    "Bucket",
    "ImageRepository",
    "ImageUpdateAutomation",
    "Provider",
    "Alert",
    "Receiver",
];

/// Kinds of Flux that are suspended by an annotation.
fn rest(group: &str, kind: &str) -> Option<String> {
    let known = match group {
        "source.extensions.fluxcd.io" => kind == "ArtifactGenerator",
        "fluxcd.controlplane.io" => {
            ["FluxInstance", "ResourceSet", "ResourceSetInputProvider"].contains(&kind)
        }
        _ => false,
    };
    known.then(|| format!("{group}/reconcile"))
}

/// What was held back or is to be told, by what to say of it: how many, and the first.
#[derive(Default)]
pub(super) struct Told(BTreeMap<Words, (&'static About, Vec<String>)>);

/// What is said of one object, and of several. What lasts is said so that it is right before a replay
/// and after.
type Words = [&'static str; 2];

impl Told {
    fn add(&mut self, about: &'static About, what: Words, object: &Object) {
        let entry = self.0.entry(what).or_insert_with(|| (about, Vec::new()));
        entry.1.push(object.reference().to_string());
    }

    /// What is made once and not again.
    pub(super) fn once(&mut self, object: &Object) {
        self.add(&GENERATED, ["will be made once, and by no later run"; 2], object);
    }

    /// Notes one line for each thing that is said.
    pub(super) fn note(self, notes: &mut Notes) {
        for ([one_is, they_are], (about, objects)) in self.0 {
            let text = match objects.as_slice() {
                [] => continue,
                [one] => format!("{one} {one_is}"),
                [first, rest @ ..] => format!("{first} and {} more {they_are}", rest.len()),
            };
            notes.warn(about, text);
        }
    }
}

const SUSPENDED: Words = [
    "stays suspended until somebody lets it go on",
    "stay suspended until somebody lets them go on",
];
const CLOCK: Words = [
    "stays suspended, so that nothing starts by itself, until somebody lets it go on",
    "stay suspended, so that nothing starts by itself, until somebody lets them go on",
];

/// Returns the object as it is applied.
pub(super) fn suspended(object: Object, told: &mut Told) -> Object {
    let at = object.reference();
    let (group, kind) = (at.group.as_str(), at.kind.as_str());
    let clock = (group, kind) == ("batch", "CronJob");
    let flux = group.ends_with(".toolkit.fluxcd.io") && FLUX.contains(&kind);
    if clock || flux {
        if object.value()["spec"]["suspend"] == true || !object.value()["spec"].is_object() {
            return object;
        }
        let (about, what) = if clock { (&CLOCKS, CLOCK) } else { (&ENGINES, SUSPENDED) };
        told.add(about, what, &object);
        return object.changed(|value| value["spec"]["suspend"] = json!(true));
    }
    if let Some(annotation) = rest(group, kind) {
        if object.value()["metadata"]["annotations"][&annotation] == "disabled" {
            return object;
        }
        told.add(&ENGINES, SUSPENDED, &object);
        return object
            .changed(|value| value["metadata"]["annotations"][annotation] = json!("disabled"));
    }
    if is_engine_object(&object) {
        return without_automation(object, told);
    }
    if let Some((_, what)) = REACHES_OUT.iter().find(|(reaches, _)| reaches(&object)) {
        told.add(&OUTSIDE, [what; 2], &object);
    }
    object
}

/// What acts outside of the cluster, and how.
type Reach = (fn(&Object) -> bool, &'static str);

const REACHES_OUT: [Reach; 5] = [
    (is_load_balancer, "will ask for a load balancer outside of the cluster"),
    (is_external_dns, "will write DNS records outside of the cluster"),
    (is_acme_issuer, "will order certificates from outside of the cluster"),
    (is_alert_receiver, "will alert people outside of the cluster"),
    (is_cloud_controller, "will order machines, disks or networks outside of the cluster"),
];

/// Where Argo CD's objects say that they are reconciled without a person.
fn policy(object: &Object) -> Option<&'static str> {
    match (is_engine_object(object), object.reference().kind.as_str()) {
        (true, "Application") => Some("/spec/syncPolicy"),
        (true, "ApplicationSet") => Some("/spec/template/spec/syncPolicy"),
        _ => None,
    }
}

fn is_automated(value: &Value, policy: &str) -> bool {
    value.pointer(policy).is_some_and(|policy| !policy["automated"].is_null())
}

/// Returns whether Argo CD would go on by itself with what is there, or will be: an apply leaves what
/// another manager holds.
pub(super) fn stays_automated(object: &Object, there: &Value) -> bool {
    policy(object).is_some_and(|policy| is_automated(there, policy))
}

/// Argo CD's objects cannot be suspended, but made to wait for a person.
fn without_automation(object: Object, told: &mut Told) -> Object {
    let Some(policy) = policy(&object).filter(|policy| is_automated(object.value(), policy)) else {
        return object;
    };
    let what = [
        "stays without automation until somebody gives it back",
        "stay without automation until somebody gives it back",
    ];
    told.add(&ENGINES, what, &object);
    object.changed(|value| {
        if let Some(Value::Object(policy)) = value.pointer_mut(policy) {
            policy.remove("automated");
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::needless_pass_by_value, reason = "written where it is used")]
    fn apply(api_version: &str, kind: &str, spec: Value) -> (Value, Vec<(String, String)>) {
        let object = json!({"apiVersion": api_version, "kind": kind,
                            "metadata": {"name": "x", "namespace": "shop"}, "spec": spec});
        let mut told = Told::default();
        let object = suspended(Object::from_value(object).unwrap(), &mut told);
        let mut notes = Notes::default();
        told.note(&mut notes);
        let told = notes.warnings.into_iter().map(|note| (note.code, note.text)).collect();
        (object.value()["spec"].clone(), told)
    }

    #[test]
    fn engines_and_clocks_are_suspended_and_what_is_so_already_is_not_told() {
        for (api, kind, code) in [
            ("kustomize.toolkit.fluxcd.io/v1", "Kustomization", "B1440"),
            ("source.toolkit.fluxcd.io/v1", "GitRepository", "B1440"),
            ("helm.toolkit.fluxcd.io/v2", "HelmRelease", "B1440"),
            ("batch/v1", "CronJob", "B1441"),
        ] {
            for before in [json!({"a": 1}), json!({"a": 1, "suspend": false})] {
                let (spec, told) = apply(api, kind, before);
                assert_eq!(spec, json!({"a": 1, "suspend": true}), "{kind}");
                assert_eq!(told[0].0, code, "{kind}");
            }
            let (spec, told) = apply(api, kind, json!({"suspend": true}));
            assert_eq!((spec, told.len()), (json!({"suspend": true}), 0));
        }
    }

    #[test]
    fn what_has_no_such_field_is_suspended_by_an_annotation() {
        for (api, kind, annotation) in [
            ("source.extensions.fluxcd.io/v1beta1", "ArtifactGenerator", "source.extensions"),
            ("fluxcd.controlplane.io/v1", "FluxInstance", "fluxcd.controlplane"),
            ("fluxcd.controlplane.io/v1", "ResourceSet", "fluxcd.controlplane"),
        ] {
            let before = json!({"apiVersion": api, "kind": kind, "spec": {"a": 1},
                                "metadata": {"name": "x", "namespace": "shop"}});
            let mut told = Told::default();
            let object = suspended(Object::from_value(before).unwrap(), &mut told);
            let group = api.split('/').next().unwrap();
            assert!(group.starts_with(annotation), "{group}");
            let annotations = &object.value()["metadata"]["annotations"];
            assert_eq!(*annotations, json!({format!("{group}/reconcile"): "disabled"}), "{kind}");
            assert_eq!(object.value()["spec"], json!({"a": 1}));
            let again = suspended(object.clone(), &mut told);
            assert_eq!((again.value(), told.0.len()), (object.value(), 1));
        }
    }

    #[test]
    fn argo_waits_for_a_person() {
        let policy = json!({"automated": {"prune": true}, "syncOptions": ["A=b"]});
        let (spec, told) =
            apply("argoproj.io/v1alpha1", "Application", json!({"syncPolicy": policy}));
        assert_eq!(spec, json!({"syncPolicy": {"syncOptions": ["A=b"]}}));
        assert_eq!(told[0].0, "B1440");
        let template = json!({"template": {"spec": {"syncPolicy": policy}}});
        let (spec, _) = apply("argoproj.io/v1alpha1", "ApplicationSet", template);
        assert_eq!(spec["template"]["spec"], json!({"syncPolicy": {"syncOptions": ["A=b"]}}));
        let (_, told) = apply("argoproj.io/v1alpha1", "Application", json!({}));
        assert!(told.is_empty());
    }

    #[test]
    fn what_reaches_outside_is_told_and_left() {
        let (spec, told) = apply("v1", "Service", json!({"type": "LoadBalancer"}));
        assert_eq!(spec, json!({"type": "LoadBalancer"}));
        assert_eq!(told[0].0, "B1442");
        let pods = json!({"template": {"spec": {"containers": [{"image": "x/external-dns:1"}]}}});
        assert_eq!(apply("apps/v1", "Deployment", pods).1[0].0, "B1442");
        let acme = json!({"acme": {"server": "https://acme.example.com"}});
        for kind in ["Issuer", "ClusterIssuer"] {
            assert_eq!(apply("cert-manager.io/v1", kind, acme.clone()).1[0].0, "B1442");
            assert!(apply("cert-manager.io/v1", kind, json!({"ca": {}})).1.is_empty());
        }
        let alerts = apply("monitoring.coreos.com/v1", "Alertmanager", json!({})).1;
        assert_eq!(alerts[0].0, "B1442");
        for image in ["x/aws-cloud-controller-manager:v1", "karpenter@sha256:0", "x/karpenter:1"] {
            let pods = json!({"template": {"spec": {"containers": [{"image": image}]}}});
            assert_eq!(apply("apps/v1", "Deployment", pods).1[0].0, "B1442", "{image}");
        }
        assert!(apply("v1", "Service", json!({})).1.is_empty());
    }

    #[test]
    fn many_are_told_in_one_line() {
        let mut told = Told::default();
        for name in ["a", "b", "c"] {
            let object = json!({"apiVersion": "batch/v1", "kind": "CronJob", "spec": {},
                                "metadata": {"name": name, "namespace": "shop"}});
            suspended(Object::from_value(object).unwrap(), &mut told);
        }
        let mut notes = Notes::default();
        told.note(&mut notes);
        let [note] = notes.warnings.as_slice() else { panic!("{:?}", notes.warnings) };
        assert!(note.text.starts_with("CronJob shop/a and 2 more stay suspended"));
    }
}
