use serde_json::{Value, json};

use super::*;

#[expect(clippy::needless_pass_by_value, reason = "rows of a table read better")]
fn live(api_version: &str, kind: &str, spec: Value, status: Value) -> Value {
    json!({"apiVersion": api_version, "kind": kind,
           "metadata": {"name": "x", "generation": 2}, "spec": spec, "status": status})
}

fn short(value: &Value) -> &'static str {
    match super::status(value, Rules::default()) {
        Status::Current => "current",
        Status::InProgress(_) => "progress",
        Status::Failed(_) => "failed",
        Status::Terminating => "terminating",
        Status::NotFound => "absent",
    }
}

/// Each row: expected status, spec, status.
fn table(api_version: &str, kind: &str, rows: &[(&str, Value, Value)]) {
    for (expected, spec, status) in rows {
        let value = live(api_version, kind, spec.clone(), status.clone());
        assert_eq!(short(&value), *expected, "{kind}: {spec} {status}");
    }
}

#[test]
fn rows_1_to_4_hold_for_every_kind() {
    assert_eq!(status_of(None), Status::NotFound);
    for (version, kind) in
        [("v1", "ConfigMap"), ("apps/v1", "Deployment"), ("example.com/v1", "Widget")]
    {
        let ready = json!({"conditions": [{"type": "Ready", "status": "True"}]});
        let mut leaving = live(version, kind, json!({}), ready);
        leaving["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        assert_eq!(short(&leaving), "terminating", "{kind}");
    }
    table(
        "example.com/v1",
        "Widget",
        &[
            ("progress", json!({}), json!({"observedGeneration": 1})),
            ("progress", json!({}), json!({"observedGeneration": -1})),
            ("current", json!({}), json!({"observedGeneration": 2})),
            (
                "progress",
                json!({}),
                json!({"conditions": [{"type": "Reconciling", "status": "True"},
                                      {"type": "Ready", "status": "True"}]}),
            ),
            (
                "current",
                json!({}),
                json!({"conditions": [{"type": "Reconciling", "status": "False"}]}),
            ),
            ("failed", json!({}), json!({"conditions": [{"type": "Stalled", "status": "True"}]})),
            ("current", json!({}), json!({"conditions": [{"type": "Stalled", "status": "False"}]})),
        ],
    );
}

#[test]
fn deployments() {
    let good = json!({"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2,
        "availableReplicas": 2, "readyReplicas": 2, "conditions": [
            {"type": "Available", "status": "True"},
            {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}]});
    let with = |field: &str, value: Value| {
        let mut status = good.clone();
        status[field] = value;
        status
    };
    let two = json!({"replicas": 2, "progressDeadlineSeconds": 600});
    let late = json!([{"type": "Progressing", "status": "False",
                       "reason": "ProgressDeadlineExceeded"}]);
    let rolling = json!([{"type": "Available", "status": "True"},
        {"type": "Progressing", "status": "True", "reason": "ReplicaSetUpdated"}]);
    let unavailable = json!([{"type": "Available", "status": "False"},
        {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}]);
    table(
        "apps/v1",
        "Deployment",
        &[
            ("current", two.clone(), good.clone()),
            ("failed", two.clone(), with("conditions", late)),
            ("progress", two.clone(), json!({})),
            ("progress", two.clone(), with("updatedReplicas", json!(1))),
            ("progress", two.clone(), with("replicas", json!(3))),
            ("progress", two.clone(), with("availableReplicas", json!(1))),
            ("progress", two.clone(), with("readyReplicas", json!(1))),
            ("progress", two.clone(), with("conditions", rolling.clone())),
            ("current", json!({"replicas": 2}), with("conditions", rolling)),
            ("progress", two, with("conditions", unavailable)),
            ("current", json!({"replicas": 0}), with("replicas", json!(0))),
        ],
    );
}

#[test]
fn stateful_sets() {
    let good = json!({"replicas": 3, "readyReplicas": 3, "currentReplicas": 3,
                      "currentRevision": "a", "updateRevision": "a"});
    let mut old = good.clone();
    old["updateRevision"] = json!("b");
    let three = json!({"replicas": 3});
    let partition = json!({"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": 1}}});
    let mut part_done = good.clone();
    part_done["updatedReplicas"] = json!(2);
    table(
        "apps/v1",
        "StatefulSet",
        &[
            ("current", three.clone(), good.clone()),
            ("progress", three.clone(), json!({})),
            ("progress", three.clone(), json!({"replicas": 3, "readyReplicas": 1})),
            ("progress", json!({"replicas": 1}), good.clone()),
            ("progress", three, old),
            ("current", json!({"updateStrategy": {"type": "OnDelete"}}), json!({})),
            ("progress", partition.clone(), good),
            ("current", partition, part_done),
        ],
    );
}

#[test]
fn daemon_sets() {
    let good = json!({"observedGeneration": 2, "desiredNumberScheduled": 2,
        "currentNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 2,
        "numberReady": 2});
    let mut unready = good.clone();
    unready["numberReady"] = json!(1);
    let mut old = good.clone();
    old["updatedNumberScheduled"] = json!(0);
    table(
        "apps/v1",
        "DaemonSet",
        &[
            ("current", json!({}), good),
            ("progress", json!({}), unready),
            ("progress", json!({}), old),
            ("progress", json!({}), json!({"desiredNumberScheduled": 0})),
            ("current", json!({}), json!({"observedGeneration": 2, "desiredNumberScheduled": 0})),
        ],
    );
}

#[test]
fn replica_sets() {
    let good = json!({"replicas": 1, "fullyLabeledReplicas": 1, "availableReplicas": 1,
                      "readyReplicas": 1});
    let mut refused = good.clone();
    refused["conditions"] = json!([{"type": "ReplicaFailure", "status": "True"}]);
    table(
        "apps/v1",
        "ReplicaSet",
        &[
            ("current", json!({}), good.clone()),
            ("progress", json!({}), refused),
            ("progress", json!({"replicas": 2}), good.clone()),
            ("progress", json!({"replicas": 0}), good),
        ],
    );
}

#[test]
fn pods() {
    let running = |ready: &str| {
        json!({"phase": "Running", "conditions":
        [{"type": "Ready", "status": ready}]})
    };
    let mut crashing = running("False");
    crashing["containerStatuses"] =
        json!([{"name": "c", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]);
    table(
        "v1",
        "Pod",
        &[
            ("current", json!({}), running("True")),
            ("progress", json!({}), running("False")),
            ("failed", json!({}), crashing),
            ("current", json!({}), json!({"phase": "Succeeded"})),
            ("failed", json!({}), json!({"phase": "Failed"})),
            ("progress", json!({}), json!({"phase": "Pending"})),
            ("progress", json!({}), json!({})),
        ],
    );
}

#[test]
fn jobs_and_the_wish_that_they_complete() {
    let condition = |kind: &str| json!({"conditions": [{"type": kind, "status": "True"}]});
    let running = json!({"startTime": "2026-01-01T00:00:00Z", "active": 1});
    table(
        "batch/v1",
        "Job",
        &[
            ("current", json!({}), condition("Complete")),
            ("failed", json!({}), condition("Failed")),
            ("current", json!({}), condition("Suspended")),
            ("progress", json!({}), json!({})),
            ("current", json!({}), running.clone()),
        ],
    );
    let job = live("batch/v1", "Job", json!({}), running);
    let rules = Rules { jobs_complete: true, ..Rules::default() };
    assert!(matches!(status(&job, rules), Status::InProgress(_)));
}

#[test]
fn claims_and_services() {
    let phase = |phase: &str| json!({"phase": phase});
    table(
        "v1",
        "PersistentVolumeClaim",
        &[
            ("current", json!({}), phase("Bound")),
            ("progress", json!({}), phase("Pending")),
            ("failed", json!({}), phase("Lost")),
            ("progress", json!({}), json!({})),
        ],
    );
    let pending = live("v1", "PersistentVolumeClaim", json!({}), phase("Pending"));
    let rules = Rules { binds_at_first_use: true, ..Rules::default() };
    assert_eq!(status(&pending, rules), Status::Current);
    table(
        "v1",
        "Service",
        &[
            ("current", json!({}), json!({})),
            ("progress", json!({"type": "LoadBalancer"}), json!({})),
            ("current", json!({"type": "LoadBalancer", "clusterIP": "10.0.0.1"}), json!({})),
        ],
    );
}

#[test]
fn definitions() {
    let conditions = |list: Value| json!({"conditions": list});
    table(
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        &[
            (
                "current",
                json!({}),
                conditions(json!([{"type": "NamesAccepted", "status": "True"},
                                  {"type": "Established", "status": "True"}])),
            ),
            ("progress", json!({}), json!({})),
            (
                "failed",
                json!({}),
                conditions(json!([{"type": "NamesAccepted", "status": "False"}])),
            ),
            (
                "progress",
                json!({}),
                conditions(json!([{"type": "Established", "status": "False",
                                   "reason": "Installing"}])),
            ),
            (
                "failed",
                json!({}),
                conditions(json!([{"type": "Established", "status": "False",
                                   "reason": "NotAccepted"}])),
            ),
        ],
    );
}

#[test]
fn kinds_without_a_status_are_current() {
    for (version, kind) in [
        ("v1", "ConfigMap"),
        ("v1", "Secret"),
        ("batch/v1", "CronJob"),
        ("policy/v1", "PodDisruptionBudget"),
    ] {
        let odd = json!({"conditions": [{"type": "Ready", "status": "False"}]});
        let failing = json!({"conditions": [{"type": "Failed", "status": "True"}]});
        table(
            version,
            kind,
            &[
                ("current", json!({}), odd),
                ("current", json!({"suspend": true}), failing),
                ("current", json!({}), json!({})),
            ],
        );
    }
}

#[test]
fn a_column_says_that_a_kind_reports_readiness() {
    let definition = |path: &str| {
        let column = json!({"name": "Ready", "type": "string", "jsonPath": path});
        json!({"spec": {"versions": [{"name": "v1"},
            {"name": "v2", "additionalPrinterColumns": [column]}]}})
    };
    for (path, reports) in [
        (r#".status.conditions[?(@.type=="Ready")].status"#, true),
        (".status.conditions[?(@.type=='Ready')].status", true),
        (r#".status.conditions[?(@.type == \"Ready\")].message"#, true),
        (r#".status.conditions[?(@.type=="Programmed")].status"#, false),
        (".status.readyReplicas", false),
    ] {
        assert_eq!(reports_ready(&definition(path)), reports, "{path}");
    }
    assert!(!reports_ready(&json!({})));
}

#[test]
fn what_is_applied_to_rest_is_current_whatever_its_definition_gave_it() {
    // As Flux's definitions do.
    let rules = Rules { at_rest: true, ..Rules::default() };
    let unseen = json!({"observedGeneration": -1});
    let mut release = live("helm.toolkit.fluxcd.io/v2", "HelmRelease", json!({}), unseen);
    release["metadata"] = json!({"name": "x", "generation": 1});
    assert!(matches!(status(&release, Rules::default()), Status::InProgress(_)));
    assert_eq!(status(&release, rules), Status::Current);
    release["metadata"]["deletionTimestamp"] = "now".into();
    assert_eq!(status(&release, rules), Status::Terminating);
}

#[test]
fn other_kinds_go_by_their_ready_condition() {
    let ready = |status: &str| json!({"conditions": [{"type": "Ready", "status": status}]});
    table(
        "example.com/v1",
        "Widget",
        &[
            ("current", json!({}), ready("True")),
            ("progress", json!({}), ready("False")),
            ("progress", json!({}), ready("Unknown")),
            ("current", json!({}), json!({})),
        ],
    );
    let rules = Rules { reports_ready: true, ..Rules::default() };
    let silent = live("example.com/v1", "Widget", json!({}), json!({}));
    assert!(matches!(status(&silent, rules), Status::InProgress(_)));
    assert_eq!(
        status(&live("example.com/v1", "Widget", json!({}), ready("False")), rules),
        Status::InProgress("Ready is False".to_owned())
    );
}
