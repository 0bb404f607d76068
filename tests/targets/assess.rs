//! `assess`: what we hold, what answers and whose fault it is, and waiting first when nothing is
//! lost.

use serde_json::Value;

use crate::support::cluster::Lab;
use crate::support::kit::Kit;
use crate::support::sandbox::{Sandbox, finish};
use crate::support::server::{self, BadHost, Forge, Temper};
use crate::support::{component, git};

fn assess(kit: &Kit) -> Value {
    kit.run(&["assess", "--within", "4s", "--json"]).ok().json()
}

fn host<'a>(report: &'a Value, name: &str) -> &'a Value {
    let hosts = report["hosts"].as_array().unwrap();
    let found = hosts.iter().find(|host| host["name"].as_str().unwrap().contains(name));
    found.unwrap_or_else(|| panic!("{name} is not in {report}"))
}

/// The number of the suggested choice.
fn suggested(report: &Value) -> u64 {
    report["advice"]["choices"][0]["number"].as_u64().unwrap()
}

#[test]
fn it_works_with_nothing_at_all_and_says_so() {
    let sandbox = Sandbox::new();
    let ran = sandbox.run(&["assess"]).ok();
    for words in ["nothing:", "Git hosts  not known", "clusters  none has a name here", "WAIT"] {
        assert!(ran.stdout.contains(words), "{words:?} is not in {ran}");
    }
    assert!(ran.stdout.lines().all(|line| line.chars().count() <= 80 || line.contains("--")));
    assert!(!sandbox.path("home/state").exists(), "it writes nothing");
    let report = sandbox.run(&["assess", "--json"]).ok().json();
    assert_eq!(report["format_version"], 1);
    // Whoever calls it by a path from where they are, pastes that path.
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_blackstart"), sandbox.path("work/blackstart"))
        .unwrap();
    let ran = finish(sandbox.program("sh").args(["-c", "./blackstart assess --all"])).ok();
    assert!(ran.stdout.contains(" ./blackstart demo") && !ran.stdout.contains(" blackstart demo"));
    assert!(sandbox.run(&["assess", "--all"]).ok().stdout.contains(" blackstart demo"));
    assert_eq!(report["held"]["newest"], Value::Null);
}

#[test]
fn each_host_has_one_line_with_whose_fault_it_is() {
    let kit = Kit::new();
    let root = kit.sandbox.path("srv");
    git::grow(&git::bare(&root.join("apps.git"), "sha1"), 3, 2);
    let forge = Forge::start(&root, &kit.sandbox.path("tmp"));
    let token = |path: &std::path::Path| {
        format!(
            "credential = {{ token-file = \"{}\" }}\nca-file = \"{}\"",
            path.display(),
            forge.ca_file.display()
        )
    };
    kit.source("apps", &forge.url("apps.git"), &token(&forge.token_file));
    let tempers = [
        (Temper::Stalled, "http", "them"),
        (Temper::NotFound, "git", "them"),
        (Temper::WrongToken, "login", "you"),
        (Temper::SignInPage, "http", "them"),
        (Temper::Unavailable, "http", "them"),
        (Temper::HangsUp, "http", "them"),
    ];
    let hosts: Vec<_> = tempers.map(|(temper, ..)| BadHost::start(temper)).into();
    for (index, host) in hosts.iter().enumerate() {
        kit.source(&format!("bad{index}"), &host.url("x.git"), "");
    }
    let closed = format!("127.0.0.1:{}", server::free_port());
    kit.source("closed", &format!("https://{closed}/x.git"), "");
    kit.source("unknown", "https://git.invalid/x.git", "");
    kit.source("folder", kit.sandbox.path("gone.git").to_str().unwrap(), "");

    let report = assess(&kit);
    let good = host(&report, forge.url("").split('/').nth(2).unwrap());
    assert_eq!(good["failed"], Value::Null, "{good}");
    assert_eq!(good["passed"].as_array().unwrap().len(), 6, "{good}");
    for (bad, (_, step, blame)) in hosts.iter().zip(tempers) {
        let url = bad.url("x.git");
        let found = host(&report, url.split('/').nth(2).unwrap());
        assert_eq!((&found["failed"], &found["blame"]), (&step.into(), &blame.into()), "{found}");
    }
    assert_eq!(host(&report, &closed)["failed"], "tcp");
    assert_eq!(host(&report, "git.invalid")["failed"], "name");
    assert_eq!(host(&report, "this machine")["failed"], "git");
    let hint = report["advice"]["remarks"][0].as_str().unwrap();
    assert!(hint.contains("before you change keys"), "{hint}");

    // The same host with a token that is none any more.
    let wrong = kit.sandbox.write("wrong", "glpat-none\n");
    let text = std::fs::read_to_string(kit.path("blackstart.toml")).unwrap();
    let text = text.replace(forge.token_file.to_str().unwrap(), wrong.to_str().unwrap());
    std::fs::write(kit.path("blackstart.toml"), text).unwrap();
    let report = assess(&kit);
    let refused = host(&report, forge.url("").split('/').nth(2).unwrap());
    assert_eq!((&refused["failed"], &refused["blame"]), (&"login".into(), &"you".into()));
    assert!(!report.to_string().contains("glpat-none"));
}

#[test]
fn waiting_comes_first_while_the_cluster_lives_and_rebuilding_when_it_was_emptied() {
    let kit = Kit::new();
    let work = git::worktree(&kit.sandbox.path("srv/apps"));
    let object = |name: &str| {
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: default}}\n")
    };
    let files = ["a", "b", "c", "d"].map(|name| (format!("{name}.yaml"), object(name)));
    let files: Vec<_> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    git::commit(&work, &files, "all");
    kit.source("apps", work.to_str().unwrap(), "");
    let host = BadHost::start(Temper::Unavailable);
    kit.configure("[[root]]\nrepo = \"apps\"\npath = \"\"");
    kit.snapshot();
    kit.source("down", &host.url("x.git"), "");
    assert_eq!(suggested(&assess(&kit)), 1, "no cluster is known, and the host is down");

    let lab = Lab::without_controllers();
    let kubeconfig = lab.plane.kubeconfig().to_str().unwrap();
    let add = ["target", "add", "prd", "--kubeconfig", kubeconfig, "--class", "production"];
    kit.run(&add).ok();
    let report = assess(&kit);
    assert_eq!(report["clusters"][0]["life"], "empty", "{report}");
    assert_eq!(suggested(&report), 3, "it was given a name to be rebuilt");
    let plan = kit.open(&["plan", "--target", "prd", "--json"]).ok().json();
    let digest = plan["digest"].as_str().unwrap();
    let replay = ["replay", "--target", "prd", "--plan", digest, "--confirm-target", "prd"];
    kit.open(&replay).ok();
    let report = assess(&kit);
    assert_eq!(report["clusters"][0]["life"], "idle", "nothing runs without nodes: {report}");
    assert_eq!((&report["clusters"][0]["known"], suggested(&report)), (&4.into(), 5));
    let rebuilt = report["clusters"][0]["rebuilt"].as_str().unwrap();
    assert!(report["advice"]["because"].as_str().unwrap().contains(rebuilt), "{report}");
    assert_eq!(report["held"]["newest"]["seq"], 1);
    assert_eq!(report["held"]["to_open"], "the key of any one opener");

    let kubectl = |args: &[&str]| {
        let mut command = kit.sandbox.program(component::find("kubectl"));
        finish(command.args(["--kubeconfig", kubeconfig]).args(args)).ok();
    };
    kubectl(&["delete", "configmap", "a", "b", "c"]);
    // A plan onto what is left does not make us forget what was there.
    kit.open(&["plan", "--target", "prd"]).ok();
    let report = assess(&kit);
    assert_eq!(report["clusters"][0]["life"], "emptied", "{report}");
    assert_eq!(suggested(&report), 3);
    let text = kit.run(&["assess", "--within", "4s"]).ok().stdout;
    assert!(text.contains("1 of 4 objects of prd are left"), "{text}");
    let words: Vec<&str> = text.split_whitespace().filter(|word| *word != "\\").collect();
    let line = "--target prd --identity KEY --plan plan.json --confirm-target prd";
    assert!(words.join(" ").contains(line), "{text}");
    assert!(text.lines().count() <= 24, "it fits on a small terminal:\n{text}");

    // Silence is not loss.
    lab.plane.stop();
    let report = assess(&kit);
    assert_eq!(report["clusters"][0]["life"], "silent", "{report}");
    assert_eq!((&report["clusters"][0]["blame"], suggested(&report)), (&"them".into(), 5));
}
