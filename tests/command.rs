//! `target`, `plan` and `replay` as a person types them: a bundle, a real API server, the binary.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::similar_names,
    reason = "tests"
)]

mod support;

use std::fs;

use serde_json::Value;
use support::cluster::Lab;
use support::git;
use support::sandbox::{Ran, Sandbox};

const WEB: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: web}]}
";

/// A kit with one bundle of one repository, and an identity that opens it.
fn kit(place: &Sandbox) -> String {
    let apps = git::worktree(&place.path("apps"));
    git::commit(
        &apps,
        &[
            ("base/kustomization.yaml", "resources: [web.yaml]\n"),
            ("base/web.yaml", WEB),
            ("prod/kustomization.yaml", "namespace: shop\nresources: [../base, shop.yaml]\n"),
            ("prod/shop.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"),
            (
                "lost/a.yaml",
                "apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: nowhere}\n",
            ),
        ],
        "one",
    );
    let (identity, recipient) = place.identity("me.key");
    let kit = place.path("kit");
    place.run(&["init", kit.to_str().unwrap(), "--opener", &recipient]).ok();
    let source = format!(
        "\n[[source]]\nkind = \"git\"\nname = \"apps\"\nurl = \"{}\"\n\n[[root]]\nrepo = \"apps\"\npath = \"prod\"\n",
        apps.display()
    );
    place.append("kit/blackstart.toml", &source);
    place.run_in("kit", &["snapshot"]).ok();
    identity.to_str().unwrap().to_owned()
}

/// Returns the addresses of everything that was written.
fn written(lab: &Lab) -> Vec<String> {
    let audit = lab.our_audit();
    assert!(audit.iter().all(|(verb, _)| !verb.starts_with("delete")), "nothing is deleted");
    let real =
        |(verb, uri): &(String, String)| verb != "get" && verb != "list" && !uri.contains("dryRun");
    audit.into_iter().filter(real).map(|(_, uri)| uri).collect()
}

/// Counts what was written, but for the lease that keeps two operators apart and its namespace.
fn writes(lab: &Lab) -> usize {
    let lease =
        |uri: &String| uri.contains("blackstart-system") || uri.starts_with("/api/v1/namespaces?");
    written(lab).iter().filter(|uri| !lease(uri)).count()
}

#[test]
fn a_bundle_comes_up_on_a_target_that_was_named_and_confirmed() {
    let place = Sandbox::new();
    let identity = kit(&place);
    let lab = Lab::without_controllers();
    let run = |args: &[&str]| -> Ran {
        let mut all = args.to_vec();
        all.extend(["--identity", &identity]);
        place.run_in("kit", &all)
    };
    let kubeconfig = lab.plane.kubeconfig().to_str().unwrap();
    let add = |name: &str, class: &str| {
        place.run_in("kit", &["target", "add", name, "--kubeconfig", kubeconfig, "--class", class])
    };
    add("lab", "production").ok();
    add("lab", "disposable").exits(5);
    let list = place.run_in("kit", &["target", "list", "--json"]).ok().json();
    assert_eq!(list["targets"][0]["class"], "production");

    let plan = run(&["plan", "--target", "lab", "--json", "--out", "plan.json"]).ok().json();
    let mut keys: Vec<_> = plan.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    let expected =
        ["blockers", "counts", "digest", "format_version", "target", "warnings", "waves"];
    assert_eq!(keys, expected);
    assert_eq!(plan["counts"]["new"], 2);
    assert_eq!(plan["target"]["class"], "production");

    // Everything that is no confirmation.
    run(&["replay", "--target", "lab"]).exits(5).says("--confirm-target lab");
    run(&["replay", "--target", "lab", "--yes"]).exits(5);
    run(&["replay", "--target", "lab", "--confirm-target", "prod"]).exits(5);
    run(&["replay", "--target", "lab", "--confirm-target", "lab"]).exits(5);
    run(&["replay", "--target", "lab", "--confirm-target", "lab", "--yes"]).exits(5);
    run(&["replay", "--target", "lab", "--plan", "plan.json"]).exits(5);
    let other = ["replay", "--target", "lab", "--confirm-target", "lab", "--plan", &"0".repeat(64)];
    run(&other).exits(5);
    let blocked = run(&["plan", "--target", "lab", "--path", "apps:lost"]).exits(5);
    assert!(blocked.stdout.contains("B1421"), "{blocked}");
    run(&["plan", "--target", "nobody"]).exits(2);
    assert_eq!(written(&lab), [""; 0], "nothing was written without a confirmation");

    let replay = ["replay", "--target", "lab", "--confirm-target", "lab", "--plan", "plan.json"];
    let report: Value = run(&[&replay[..], &["--json"]].concat()).ok().json();
    assert_eq!((&report["verdict"], &report["created"]), (&"complete".into(), &2.into()));
    assert!(report["not_waited"][0]["why"].as_str().unwrap().contains("no nodes"));
    assert_eq!(writes(&lab), 2);

    // The target changed, so what was approved is not what would happen now.
    run(&replay).exits(5).says("B1405");
    let again = run(&["plan", "--target", "lab", "--json"]).ok().json();
    let counts = serde_json::json!({"new": 0, "changed": 0, "unchanged": 2, "conflicting": 0,
                                      "immutable": 0});
    assert_eq!(again["counts"], counts);
    assert_eq!(writes(&lab), 2);
}

#[test]
fn a_folder_takes_manifests_without_a_confirmation() {
    let place = Sandbox::new();
    let identity = kit(&place);
    let target = format!("dir:{}", place.path("out").display());
    let replay = |extra: &[&str]| {
        let args = [&["replay", "--target", &target, "--identity", &identity], extra].concat();
        place.run_in("kit", &args)
    };
    let ran = replay(&["--path", "apps:prod@main"]).ok();
    assert!(ran.stdout.contains("2 created"), "{ran}");
    let mut names: Vec<_> = fs::read_dir(place.path("out"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["0001-namespace-shop.json", "0002-deployment-shop-web.json", "apply.sh"]);
    assert!(replay(&["--confirm-target", &target]).ok().stdout.contains("2 unchanged"));
    replay(&["--confirm-target", &target["dir:".len()..]]).ok();
    replay(&["--confirm-target", "dir:/elsewhere"]).exits(5).says("B1403");
    place.run_in("kit", &["plan", "--target", &target]).exits(12);
    replay(&["--path", "apps:nowhere"]).exits(2);
    replay(&["--path", "nobody:prod"]).exits(2);
}

#[test]
fn a_plan_file_needs_no_path_and_a_digest_says_that_it_does() {
    let place = Sandbox::new();
    let identity = kit(&place);
    let toml = place.path("kit/blackstart.toml");
    let text = fs::read_to_string(&toml).unwrap();
    fs::write(&toml, &text[..text.find("[[root]]").unwrap()]).unwrap();
    let target = format!("dir:{}", place.path("out").display());
    let run = |command: &str, extra: &[&str]| {
        let args = [&[command, "--target", &target, "--identity", &identity], extra].concat();
        place.run_in("kit", &args)
    };
    let plan = ["--path", "apps:prod@main", "--out", "p.json"];
    let ran = run("plan", &plan).ok();
    let next = ran.stdout.lines().find_map(|line| line.strip_prefix("next: ")).unwrap();
    let file: Value = serde_json::from_slice(&fs::read(place.path("kit/p.json")).unwrap()).unwrap();
    let digest = file["digest"].as_str().unwrap();
    assert!(digest.starts_with("sha256:") && next.contains(" --plan p.json"), "{next}");
    assert!(ran.stdout.contains("p.json\n"), "{}", ran.stdout);
    let ran_again = run("plan", &plan).ok();
    assert!(ran_again.stdout.contains("p.json, in place of what was there\n"), "it is said");
    let unwritten = run("plan", &plan[..2]).ok().stdout;
    assert!(unwritten.contains(&format!(" --plan {digest}")), "{unwritten}");

    run("replay", &["--plan", "no-such.json"]).exits(2).says("neither a file nor the digest");
    run("replay", &["--plan", digest]).exits(2).says("give the same --path");
    run("replay", &["--plan", "p.json"]).ok();
    assert!(place.path("out/apply.sh").exists());

    // What is printed can be pasted. By now it is another plan, but no word of it is missing.
    let words: Vec<_> = next.split(' ').skip(1).collect();
    place.run_in("kit", &words).exits(5).says("B1405");
    fs::remove_dir_all(place.path("out")).unwrap();
    place.run_in("kit", &words).ok();
}

#[test]
fn the_command_to_run_next_works_away_from_the_kit() {
    let place = Sandbox::new();
    let identity = kit(&place);
    let out = place.path("a folder");
    let target = format!("dir:{}", out.display());
    let config = place.path("kit/blackstart.toml");
    let store = place.path("kit/bundles");
    let ran = place
        .run(&[
            "plan",
            "1",
            "--target",
            &target,
            "--identity",
            &identity,
            "--config",
            config.to_str().unwrap(),
            "--store",
            store.to_str().unwrap(),
        ])
        .ok();
    let next = ran.stdout.lines().find_map(|line| line.strip_prefix("next: blackstart ")).unwrap();
    assert!(next.starts_with("replay 1 ") && next.contains(&format!("'{target}'")), "{next}");
    let blank = next.replace(&format!("'{target}'"), "TARGET");
    let words = blank.split(' ').map(|word| if word == "TARGET" { &target } else { word });
    place.run(&words.collect::<Vec<_>>()).ok();
    assert!(out.join("apply.sh").exists());
}

#[test]
fn the_doctor_warns_of_what_would_come_out_in_an_emergency() {
    let place = Sandbox::new();
    kit(&place);
    let slips = "\n[[source]]\nkind = \"git\"\nname = \"gone\"\nurl = \"/no/such/place\"\n\n[[root]]\nrepo = \"appz\"\npath = \"prod\"\n";
    place.append("kit/blackstart.toml", slips);
    let report = place.run_in("kit", &["doctor", "--json"]).ok().json();
    let warns = |words: &str| {
        report["checks"].as_array().unwrap().iter().any(|check| {
            check["verdict"] == "warning" && check["detail"].as_str().unwrap().contains(words)
        })
    };
    assert!(warns("/no/such/place does not exist"), "{report}");
    assert!(warns("no [[source]] gives the repository \"appz\""), "{report}");
}

#[test]
fn what_engines_follow_and_a_plan_lacks_is_told_with_the_options_that_add_it() {
    let place = Sandbox::new();
    let fleet = git::worktree(&place.path("apps"));
    let follows = |path: &str| {
        format!(
            "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n\
             metadata: {{name: {path}, namespace: default}}\nspec: {{path: ./{path}}}\n"
        )
    };
    let settings = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: default}\n";
    let (team, gone) = (follows("team"), follows("gone"));
    let files = [("prod/team.yaml", &*team), ("prod/gone.yaml", &gone), ("team/a.yaml", settings)];
    git::commit(&fleet, &files, "one");
    let (identity, recipient) = place.identity("me.key");
    let kit = place.path("kit");
    place.run(&["init", kit.to_str().unwrap(), "--opener", &recipient]).ok();
    let blocks = format!(
        "\n[[source]]\nkind = \"git\"\nname = \"fleet\"\nurl = \"{}\"\n\n[[root]]\nrepo = \"fleet\"\npath = \"prod\"\n",
        fleet.display()
    );
    place.append("kit/blackstart.toml", &blocks);
    place.run_in("kit", &["snapshot"]).ok();
    let plan = |more: &[&str]| {
        let identity = identity.to_str().unwrap();
        let all = ["plan", "--target", "dir:../out", "--identity", identity];
        place.run_in("kit", &[&all, more].concat()).ok().stdout
    };

    let told = plan(&[]);
    assert!(told.contains("the bundle holds and the plan lacks: fleet:team"), "{told}");
    assert!(told.contains("follows ./gone, which neither plan nor"), "{told}");
    let options = told.lines().skip_while(|line| !line.starts_with("to plan what engines follow"));
    let options: Vec<_> = options.skip(1).map(|line| line.trim_end_matches('\\')).collect();
    let options: Vec<_> = options[0].split(' ').collect();
    assert_eq!(options, ["--path", "fleet:prod", "--path", "fleet:team"]);
    let told = plan(&options);
    assert!(told.contains("ConfigMap"), "{told}");
    assert!(
        !told.contains("lacks: fleet:team") && told.contains("follows ./gone, which"),
        "{told}"
    );
}
