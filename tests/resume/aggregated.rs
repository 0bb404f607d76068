//! An aggregated API: what it serves waits until it is available and served; where it never is, only
//! that is held.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use blackstart::cluster::Cluster;
use blackstart::model::event::{Event, Recording};
use blackstart::object::Object;
use blackstart::plan::Action;
use blackstart::replay::{Options, Verdict};
use serde_json::{Value, json};

use crate::direct::{config, namespace, object, plan, replay};
use crate::place::until;
use crate::support::cluster::Lab;
use crate::support::https::{Answer, Https, Request};
use crate::support::proxy::Proxy;

/// Keeps objects of one kind, as far as a replay asks for them.
struct Things {
    group: String,
    kept: Mutex<BTreeMap<String, Value>>,
}

impl Things {
    fn answer(&self, request: &Request) -> Answer {
        let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        let base = format!("/apis/{}/v1", self.group);
        let missing = |code: u16| {
            (
                code,
                json!({"kind": "Status", "apiVersion": "v1",
            "metadata": {}, "status": "Failure", "code": code, "reason": "NotFound"}),
            )
        };
        let Some(rest) = path.strip_prefix(&base) else { return missing(404) };
        let mut kept = self.kept.lock().unwrap();
        match (request.method.as_str(), rest) {
            ("GET", "") => (
                200,
                json!({"kind": "APIResourceList", "apiVersion": "v1",
                "groupVersion": format!("{}/v1", self.group), "resources": [{"name": "things",
                    "singularName": "thing", "namespaced": true, "kind": "Thing",
                    "verbs": ["get", "list", "patch", "create"]}]}),
            ),
            ("GET", "/things") => {
                let items: Vec<_> = kept.values().cloned().collect();
                (
                    200,
                    json!({"kind": "ThingList", "apiVersion": format!("{}/v1", self.group),
                    "metadata": {"resourceVersion": "1"}, "items": items}),
                )
            }
            ("GET", one) => {
                kept.get(one).map_or_else(|| missing(404), |there| (200, there.clone()))
            }
            ("PATCH", one) => {
                let before = kept.get(one).cloned();
                let mut now = request.body.clone();
                let version = before.as_ref().map_or(1, |before| {
                    let version = before["metadata"]["resourceVersion"].as_str().unwrap();
                    let same = before["spec"] == now["spec"];
                    version.parse::<u32>().unwrap() + u32::from(!same)
                });
                now["metadata"]["resourceVersion"] = version.to_string().into();
                now["metadata"]["uid"] = one.into();
                if !query.contains("dryRun=All") {
                    kept.insert(one.to_owned(), now.clone());
                }
                (if before.is_some() { 200 } else { 201 }, now)
            }
            _ => missing(405),
        }
    }
}

/// An aggregated API of that group, the Service that leads to it, and two of its objects.
fn aggregated(group: &str, port: u16, ca_bundle: &str) -> [Object; 4] {
    let thing = |name: &str| {
        object(json!({"apiVersion": format!("{group}/v1"), "kind": "Thing",
            "metadata": {"name": name, "namespace": "shop"}, "spec": {"size": 1}}))
    };
    let service = object(json!({"apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "things", "namespace": "shop"},
        "spec": {"type": "ExternalName", "externalName": "localhost", "ports": [{"port": port}]}}));
    let api = object(json!({"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
        "metadata": {"name": format!("v1.{group}")},
        "spec": {"group": group, "version": "v1", "groupPriorityMinimum": 100,
            "versionPriority": 100, "caBundle": ca_bundle,
            "service": {"name": "things", "namespace": "shop", "port": port}}}));
    [thing("a"), thing("b"), api, service]
}

fn applied(seen: &Recording) -> Vec<String> {
    let events = seen.events().into_iter();
    let applied = events.filter_map(|event| match event {
        Event::Applied { object, .. } => Some(object),
        _ => None,
    });
    applied.collect()
}

fn waits(seen: &Recording, api: &str) -> Option<String> {
    seen.events().into_iter().find_map(|event| match event {
        Event::Waiting { object, why, .. } if object == api => Some(why),
        _ => None,
    })
}

/// Whether the cluster says of an aggregated API that nobody answers for it.
fn says_unreachable(cluster: &dyn Cluster, name: &str) -> bool {
    let kinds = cluster.kinds().unwrap();
    let kind = kinds.find("apiregistration.k8s.io", "v1", "APIService").unwrap();
    let live = cluster.get(kind, None, name).unwrap().unwrap();
    let conditions = live["status"]["conditions"].as_array().into_iter().flatten();
    let mut messages = conditions.filter_map(|condition| condition["message"].as_str());
    messages.any(|message| message.contains("connection refused"))
}

#[test]
fn what_an_aggregated_api_serves_waits_for_it_and_others_go_on() {
    const GROUP: &str = "things.example.com";
    let lab = Lab::with_nodes();
    let cluster = lab.cluster();
    // The aggregator checks the certificate under the Service's name.
    let server = Https::new("things.shop.svc");
    let proxy = Proxy::start(server.address, Duration::ZERO);
    let [first, second, api, service] = aggregated(GROUP, proxy.port(), &server.ca_bundle());
    let objects = [first, second, api, config("default", "free"), service, namespace("shop")];
    let planned = plan(&cluster, &objects);
    let warnings = &planned.plan().warnings;
    assert!(warnings.iter().all(|note| note.code != "B1423"), "{warnings:?}");

    let seen = Recording::default();
    let options = Options { patience: Duration::from_mins(3), ..Options::default() };
    let outcome = std::thread::scope(|scope| {
        let run = scope.spawn(|| replay(&cluster, &objects, &options, &seen));
        until("a wait for the aggregated API", || {
            let free = applied(&seen).iter().any(|object| object == "ConfigMap default/free");
            free && waits(&seen, "APIService v1.things.example.com").is_some()
        });
        assert!(applied(&seen).iter().all(|object| !object.starts_with("Thing")));
        let things = Arc::new(Things { group: GROUP.into(), kept: Mutex::default() });
        server.listen(move |request| things.answer(request));
        run.join().unwrap()
    });
    assert_eq!((outcome.verdict(), outcome.created), (Verdict::Complete, 6), "{outcome:?}");
    let order = applied(&seen);
    let at = |object: &str| order.iter().position(|applied| applied == object).unwrap();
    assert!(at("Service shop/things") < at("APIService v1.things.example.com"), "{order:?}");
    assert!(at("APIService v1.things.example.com") < at("Thing shop/a"), "{order:?}");
    let again = plan(&cluster, &objects);
    let open: Vec<_> =
        again.plan().items().filter(|item| item.action != Action::Unchanged).collect();
    assert_eq!(open, [] as [&_; 0], "a second plan is empty");

    // It goes away again. The API server notices in its own time; from then on it is told as unknown,
    // never as missing.
    proxy.cut();
    until("the group to be unknown", || cluster.kinds().unwrap().is_unknown(GROUP));
    let late = plan(&cluster, &[config("default", "free")]);
    let down = late.plan().warnings.iter().find(|note| note.code == "B1428");
    assert!(down.is_some_and(|note| note.text.contains(GROUP)), "{:?}", late.plan().warnings);
}

#[test]
fn what_an_aggregated_api_that_never_comes_would_serve_is_held_and_the_rest_is_done() {
    let lab = Lab::with_nodes();
    let cluster = lab.cluster();
    let nobody = Https::new("things.shop.svc");
    let [first, second, api, service] =
        aggregated("dead.example.com", nobody.address.port(), &nobody.ca_bundle());
    // The API server finds out in its own time that nobody is there; from then on it says so.
    let before = [namespace("shop"), service.clone(), api.clone()];
    let impatient = Options { patience: Duration::from_secs(1), ..Options::default() };
    let outcome = replay(&cluster, &before, &impatient, &Recording::default());
    assert_eq!((outcome.verdict(), outcome.created), (Verdict::Incomplete, 3), "{outcome:?}");
    until("the API server to find nobody", || says_unreachable(&cluster, "v1.dead.example.com"));

    let objects = [first, second, api, config("default", "free"), service, namespace("shop")];
    let seen = Recording::default();
    let options = Options { patience: Duration::from_secs(8), ..Options::default() };
    let outcome = replay(&cluster, &objects, &options, &seen);
    let counted = (outcome.verdict(), outcome.created, outcome.unchanged);
    assert_eq!(counted, (Verdict::Incomplete, 1, 3), "{outcome:?}");
    let failed: Vec<_> =
        outcome.failed.iter().map(|one| (&one.object[..], &one.code[..])).collect();
    assert_eq!(failed, [("APIService v1.dead.example.com", "B1502")], "{outcome:?}");
    assert!(outcome.failed[0].why.contains("connection refused"), "{outcome:?}");
    let held: Vec<_> = outcome.held.iter().map(|one| &one.object[..]).collect();
    assert_eq!(held, ["Thing shop/a", "Thing shop/b"]);
    let why = waits(&seen, "APIService v1.dead.example.com").unwrap();
    assert!(why.contains("connection refused"), "{why}");
}
