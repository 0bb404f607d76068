//! Cards: given, shown, tested, refused, accepted, replaced, removed.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::cluster::Lab;
use crate::support::git;
use crate::support::kit::Kit;
use crate::support::sandbox::Sandbox;

fn cloud_node() -> Value {
    json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "ip-10-0-0-1"},
        "spec": {"providerID": "aws:///eu-central-1a/i-0123"}})
}

fn config_map(namespace: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a, namespace: {namespace}}}\n")
}

fn add<'a>(name: &'a str, kubeconfig: &'a Path, class: &'a str) -> Vec<&'a str> {
    let kubeconfig = kubeconfig.to_str().unwrap();
    vec!["target", "add", name, "--kubeconfig", kubeconfig, "--class", class]
}

#[test]
fn only_the_named_file_is_read_and_its_current_context_is_not_asked() {
    let mut sandbox = Sandbox::new();
    let lab = Lab::without_controllers();
    // Whoever is called when the usual places are read.
    let decoy = TcpListener::bind("127.0.0.1:0").unwrap();
    decoy.set_nonblocking(true).unwrap();
    let server = format!("https://{}", decoy.local_addr().unwrap());
    let usual = json!({"apiVersion": "v1", "kind": "Config", "current-context": "decoy",
        "contexts": [{"name": "decoy", "context": {"cluster": "decoy", "user": "decoy"}}],
        "clusters": [{"name": "decoy", "cluster": {"server": server}}],
        "users": [{"name": "decoy", "user": {"token": "x"}}]});
    let usual = sandbox.write("home/.kube/config", usual.to_string());
    sandbox.set("KUBECONFIG", &usual);

    // A file with two contexts, of which the current one is the decoy's.
    let text = std::fs::read_to_string(lab.plane.kubeconfig()).unwrap();
    let mut both: Value = serde_json::from_str(&text).unwrap();
    let decoys: Value = serde_json::from_slice(&std::fs::read(&usual).unwrap()).unwrap();
    for list in ["contexts", "clusters", "users"] {
        both[list].as_array_mut().unwrap().push(decoys[list][0].clone());
    }
    both["current-context"] = "decoy".into();
    let file = sandbox.write("two.json", both.to_string());
    sandbox.run(&add("lab", &file, "disposable")).exits(2).says("its contexts: local, decoy");
    sandbox.run(&[&add("lab", &file, "disposable")[..], &["--context", "local"]].concat()).ok();

    // The copy stands alone: it is 0600, and the file it came from may go.
    std::fs::remove_file(&file).unwrap();
    let tested = sandbox.run(&["target", "test", "lab", "--json"]).ok().json();
    assert_eq!(tested["missing_rights"], json!([]), "{tested}");
    assert_eq!(tested["identity"]["uid"], tested["target"]["identity"]["uid"]);
    let copy = sandbox.path("home/config/blackstart/targets/lab/kubeconfig");
    assert_eq!(copy.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!std::fs::read_to_string(&copy).unwrap().contains("decoy"));
    assert!(decoy.accept().is_err(), "somebody read the usual kubeconfig and called its server");
    assert_eq!(lab.written(), []);

    // The file that every tool uses is no good place to take one from.
    std::fs::write(&usual, &text).unwrap();
    sandbox.run(&add("usual", &usual, "production")).exits(5).says("default-kubeconfig");
}

/// A kit whose one root is one object, with a snapshot of it.
fn kit() -> Kit {
    let kit = Kit::new();
    let work = git::worktree(&kit.sandbox.path("srv/apps"));
    git::commit(&work, &[("a.yaml", &config_map("default"))], "one");
    kit.source("apps", work.to_str().unwrap(), "");
    kit.configure("[[root]]\nrepo = \"apps\"\npath = \"\"");
    kit.snapshot();
    kit
}

#[test]
fn nothing_is_written_before_the_right_name_is_typed_and_the_right_cluster_answers() {
    let kit = kit();
    let (lab, other) = (Lab::without_controllers(), Lab::without_controllers());
    for class in ["standby", "production"] {
        kit.run(&add(class, lab.plane.kubeconfig(), class)).ok();
        let plan = kit.open(&["plan", "--target", class, "--json"]).ok().json();
        let digest = plan["digest"].as_str().unwrap();
        let replay = |more: &[&str]| kit.open(&[&["replay", "--target", class], more].concat());
        replay(&[]).exits(5);
        replay(&["--yes"]).exits(5);
        replay(&["--yes", "--plan", digest]).exits(5);
        replay(&["--confirm-target", class]).exits(5);
        replay(&["--plan", digest, "--confirm-target", "lab"]).exits(5);
        // Between plan and run the address comes to lead elsewhere.
        let copy = kit.sandbox.path(format!("home/config/blackstart/targets/{class}/kubeconfig"));
        std::fs::copy(other.plane.kubeconfig(), copy).unwrap();
        replay(&["--plan", digest, "--confirm-target", class]).exits(5).says("another UID");
    }
    assert_eq!((lab.written(), other.written()), (Vec::new(), Vec::new()));
}

#[test]
fn what_does_not_fit_stops_until_it_is_accepted_with_a_reason() {
    let kit = kit();
    let lab = Lab::without_controllers();
    kit.run(&add("lab", lab.plane.kubeconfig(), "disposable")).ok();

    // Its nodes turn out to be machines of a cloud.
    lab.create(&cloud_node());
    let shop = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}});
    lab.create(&shop);
    let tested = kit.run(&["target", "test", "lab", "--json"]).exits(5).json();
    let signs: Vec<_> =
        tested["stopping"].as_array().unwrap().iter().map(|found| &found["sign"]).collect();
    assert_eq!(signs, ["cloud-nodes", "other-namespaces"], "{tested}");
    // Looking is allowed, writing is not.
    let replay = ["replay", "--target", "lab", "--confirm-target", "lab", "--yes"];
    kit.open(&["plan", "--target", "lab"]).ok();
    kit.open(&replay)
        .exits(5)
        .says("blackstart target accept lab cloud-nodes other-namespaces --reason TEXT");
    assert_eq!(lab.written(), []);

    // Nothing is accepted without a reason, in advance, or in passing.
    kit.run(&["target", "accept", "lab", "cloud-nodes"]).exits(2);
    let early = ["target", "accept", "lab", "bound-volumes", "--reason", "who knows"];
    kit.run(&early).exits(2).says("nothing of the kind was found");
    let one = ["target", "accept", "lab", "cloud-nodes", "--reason", "our test account"];
    kit.run(&one).ok();
    kit.open(&replay).exits(5).says("target accept lab other-namespaces");
    assert_eq!(lab.written(), []);
    kit.run(&["target", "accept", "lab", "other-namespaces", "--reason", "the shop is ours"]).ok();
    let done = kit.open(&[&replay[..], &["--no-wait", "--json"]].concat()).ok().json();
    let journal = Path::new(done["journal"].as_str().unwrap()).join("journal.jsonl");
    let journal = std::fs::read_to_string(journal).unwrap();
    for reason in ["our test account", "the shop is ours"] {
        assert!(journal.contains(reason), "it is not on the record: {reason}");
    }
    let card = kit.run(&["target", "show", "lab", "--json"]).ok().json();
    assert_eq!(card["accepted"][0]["reason"], "our test account");
    assert_eq!(card["accepted"][1]["sign"], "other-namespaces");

    // A new name meets the same signs at once; as production they are what is expected.
    kit.run(&add("two", lab.plane.kubeconfig(), "disposable"))
        .exits(5)
        .says("--accept cloud-nodes,other-namespaces --reason TEXT");
    kit.run(&add("three", lab.plane.kubeconfig(), "production")).ok();
    let accept = ["--accept", "cloud-nodes,other-namespaces", "--reason", "as before"];
    kit.run(&[&add("two", lab.plane.kubeconfig(), "disposable")[..], &accept].concat()).ok();
}

#[test]
fn a_name_moves_to_the_rebuilt_cluster_only_once_the_old_one_is_gone() {
    let sandbox = Sandbox::new();
    let (old, new) = (Lab::without_controllers(), Lab::without_controllers());
    sandbox.run(&add("lab", old.plane.kubeconfig(), "standby")).ok();
    sandbox.run(&add("lab", new.plane.kubeconfig(), "standby")).exits(5).says("target replace lab");
    let to = |lab: &Lab| lab.plane.kubeconfig().to_str().unwrap().to_owned();
    let replace = |kubeconfig: &str, more: &[&str]| {
        sandbox.run(&[&["target", "replace", "lab", "--kubeconfig", kubeconfig], more].concat())
    };
    // The same cluster: only its credentials are new.
    let renewed = replace(&to(&old), &["--json"]).ok().json();
    assert_eq!(renewed["done"], "renewed");
    replace(&to(&new), &[]).exits(5).says("old-cluster-answers");
    let first = sandbox.run(&["target", "show", "lab", "--json"]).ok().json();
    old.plane.stop();
    let replaced = replace(&to(&new), &["--json"]).ok().json();
    assert_eq!(replaced["done"], "replaced");
    assert_eq!(replaced["target"]["former"][0]["identity"], first["identity"]);
    assert_ne!(replaced["target"]["identity"]["uid"], first["identity"]["uid"]);
    sandbox.run(&["target", "test", "lab"]).ok();

    // Forgotten: the name is free, and nothing was written to either cluster.
    sandbox.run(&["target", "remove", "lab"]).ok();
    assert!(!sandbox.path("home/config/blackstart/targets/lab").exists());
    sandbox.run(&["target", "test", "lab"]).exits(2);
    assert_eq!((new.written(), new.cluster().is_ready()), (Vec::new(), true));
}

#[test]
fn a_swapped_kubeconfig_is_another_cluster() {
    let sandbox = Sandbox::new();
    let (lab, other) = (Lab::without_controllers(), Lab::without_controllers());
    sandbox.run(&add("lab", lab.plane.kubeconfig(), "disposable")).ok();
    let copy = sandbox.path("home/config/blackstart/targets/lab/kubeconfig");
    std::fs::copy(other.plane.kubeconfig(), &copy).unwrap();
    sandbox.run(&["target", "test", "lab"]).exits(5).says("another UID");
    let listed = sandbox.run(&["target", "list", "--json"]).ok().json();
    assert_eq!(listed["targets"][0]["name"], "lab");
    // A damaged card hides no other.
    sandbox.write("home/config/blackstart/targets/broken/card.json", "{");
    sandbox.run(&["target", "list"]).ok();
    sandbox.run(&["target", "show", "broken"]).exits(4);
}
