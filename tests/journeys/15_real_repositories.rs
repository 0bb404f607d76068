//! Repositories that people really run, and a generated platform beside them, in one bundle and onto
//! one empty cluster; killed in the middle and finished on another laptop. Again where half of it is
//! there from an older commit and differs.
//!
//! The repositories are not part of this project. They are taken from a folder that is named when
//! these tests are asked for:
//!
//! | variable | names |
//! |---|---|
//! | `BLACKSTART_REAL_REPOSITORIES` | a folder with `fluxcd__flux2-kustomize-helm-example.tar.gz` and `fluxcd__flux2-multi-tenancy.tar.gz` |
//! | `BLACKSTART_REAL_DEFINITIONS` | folders, as in `PATH`, with the definitions of Flux's kinds: `config/crd/bases` of its controllers. Unset, they lie beside the archives |
//!
//! `flux bootstrap` writes `gotk-components.yaml`; in the archives it is empty. So it is filled here
//! with the namespace and those definitions.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::bad_night::{begin, on_another_laptop};
use super::platform::add;
use crate::support::cluster::Lab;
use crate::support::estate::{self, Size};
use crate::support::git;
use crate::support::kit::Kit;

const REPOSITORIES: &str = "BLACKSTART_REAL_REPOSITORIES";
const DEFINITIONS: &str = "BLACKSTART_REAL_DEFINITIONS";

const EXAMPLE: &str = "flux2-kustomize-helm-example";
const TENANCY: &str = "flux2-multi-tenancy";
const PLATFORM: &str = "platform";

/// The roots, and whether all of their kinds can be had from definitions alone.
const ROOTS: [(&str, &str, bool); 9] = [
    (EXAMPLE, "clusters/staging", false),
    (EXAMPLE, "infrastructure/controllers", true),
    (EXAMPLE, "infrastructure/configs", false),
    (EXAMPLE, "apps/staging", true),
    (TENANCY, "clusters/production", true),
    (TENANCY, "infrastructure/kyverno", true),
    (TENANCY, "infrastructure/kyverno-policies", false),
    (TENANCY, "tenants/production", true),
    (PLATFORM, "platform", true),
];

/// Kinds that come with charts, which no bundle holds yet, or whose definition is not to be had.
const LATER: [(&str, &str); 5] = [
    ("ArtifactGenerator", "its controller is not installed by these repositories"),
    ("ClusterIssuer", "comes with the chart of cert-manager"),
    ("GatewayClass", "comes with the chart of the gateway"),
    ("Gateway", "comes with the chart of the gateway"),
    ("ClusterPolicy", "comes with the chart of kyverno"),
];

/// Both repositories were bootstrapped onto clusters of their own, so both bring Flux; and not alike, one
/// labels it.
const CHOICE: [&str; 2] = ["--choose", "flux2-multi-tenancy:clusters/production/flux-system"];

fn named(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
}

fn archives() -> PathBuf {
    named(REPOSITORIES).unwrap_or_else(|| {
        panic!("{REPOSITORIES} names no folder with archives of real repositories; see {}", file!())
    })
}

/// What `flux bootstrap` would write: its namespace, and the definitions of its kinds.
fn components() -> String {
    let folders = named(DEFINITIONS).unwrap_or_else(archives);
    let mut all = vec![estate::yaml(&json!({"apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": "flux-system"}}))];
    for folder in std::env::split_paths(&folders) {
        let entries =
            std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
        let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        files.sort();
        let texts = files.iter().filter(|path| path.extension().is_some_and(|e| e == "yaml"));
        all.extend(texts.map(|path| std::fs::read_to_string(path).unwrap()));
    }
    for kind in ["Kustomization", "HelmRelease", "OCIRepository"] {
        let defined = all.iter().any(|text| text.contains(&format!("kind: {kind}\n")));
        assert!(defined, "no {kind} in {}; set {DEFINITIONS}", folders.display());
    }
    all.join("\n---\n")
}

/// Unpacks a repository, bootstraps it as its owners did, and commits it.
fn unpacked(kit: &Kit, name: &str, cluster: &str) -> PathBuf {
    let work = git::worktree(&kit.sandbox.path("srv").join(name));
    let archive = archives().join(format!("fluxcd__{name}.tar.gz"));
    let mut tar = std::process::Command::new(crate::support::component::find("tar"));
    crate::support::sandbox::finish(tar.arg("-xzf").arg(archive).arg("-C").arg(&work)).ok();
    let components = components();
    let file = format!("{cluster}/flux-system/gotk-components.yaml");
    assert!(work.join(&file).is_file(), "{name} is another repository: it has no {file}");
    git::commit(&work, &[(&file, &components)], "bootstrap");
    work
}

/// A kit with all three repositories, each of whose last commits was preceded by an older state.
/// Returns the older commits.
fn kit() -> (Kit, Vec<String>) {
    let kit = Kit::new();
    let works = [
        (EXAMPLE, unpacked(&kit, EXAMPLE, "clusters/staging")),
        (TENANCY, unpacked(&kit, TENANCY, "clusters/production")),
        (PLATFORM, git::worktree(&kit.sandbox.path("srv").join(PLATFORM))),
    ];
    let half = Size { namespaces: 20, definitions: 10, objects: 300, dangling: false };
    let mut older = Vec::new();
    for (name, work) in works {
        let now = if name == PLATFORM {
            estate::write(half, &work.join("platform"));
            None
        } else {
            Some(git::git(&work, &["rev-parse", "HEAD"]))
        };
        for file in manifests(&work) {
            let text = std::fs::read_to_string(&file).unwrap();
            let text = text.replace("mode: \"fast\"", "mode: \"slow\"");
            std::fs::write(file, text.replace("interval: 1h", "interval: 3h")).unwrap();
        }
        older.push(git::commit(&work, &[], "as it was"));
        match now {
            Some(commit) => _ = git::git(&work, &["checkout", "--quiet", &commit, "--", "."]),
            None => estate::write(Size::USUAL, &work.join("platform")),
        }
        git::commit(&work, &[], "as it is");
        kit.source(name, work.to_str().unwrap(), "");
    }
    for (repo, path, _) in ROOTS {
        kit.configure(&format!("[[root]]\nrepo = \"{repo}\"\npath = \"{path}\""));
    }
    let report = kit.snapshot();
    assert_eq!(report["state"], "complete", "{report}");
    (kit, older)
}

fn manifests(below: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(below).unwrap().flatten() {
        let path = entry.path();
        match path.extension() {
            _ if entry.file_name() == ".git" => {}
            _ if path.is_dir() => found.extend(manifests(&path)),
            Some(ending) if ending == "yaml" => found.push(path),
            _ => {}
        }
    }
    found
}

fn plan(kit: &Kit) -> Value {
    let plan = [&["plan", "--target", "lab", "--json"][..], &CHOICE].concat();
    kit.open(&plan).ok().json()
}

/// The objects that cannot come yet.
fn later(plan: &Value) -> Vec<(String, &'static str)> {
    let waves = plan["waves"].as_array().unwrap().iter();
    let items = waves.flat_map(|wave| wave["objects"].as_array().unwrap());
    let reason = |item: &Value| LATER.iter().find(|(kind, _)| item["kind"] == *kind);
    let late = items.filter_map(|item| reason(item).map(|(_, reason)| (item, *reason)));
    late.map(|(item, reason)| {
        let words = ["kind", "namespace", "name"].map(|field| item[field].as_str());
        (words.into_iter().flatten().collect::<Vec<_>>().join("/"), reason)
    })
    .collect()
}

/// The arguments of a replay that leaves out what cannot come.
fn replay(plan: &Value) -> Vec<String> {
    let digest = plan["digest"].as_str().unwrap();
    let replay = ["replay", "--target", "lab", "--plan", digest, "--confirm-target", "lab"];
    let words = replay.into_iter().chain(CHOICE).map(str::to_owned);
    let skip = later(plan).into_iter().flat_map(|(object, reason)| {
        ["--skip".to_owned(), object, "--reason".to_owned(), reason.to_owned()]
    });
    words.chain(skip).collect()
}

fn words(args: &[String]) -> Vec<&str> {
    args.iter().map(String::as_str).collect()
}

/// Nothing is left to do: but for what was left out, and nothing at all where nothing was.
fn nothing_to_do(kit: &Kit, left_out: usize) {
    let counts = &plan(kit)["counts"];
    assert_eq!((&counts["new"], &counts["changed"]), (&left_out.into(), &0.into()), "{counts}");
    let mut args = vec!["plan".to_owned(), "--target".to_owned(), "lab".to_owned()];
    for (repo, path, _) in ROOTS.iter().filter(|(.., whole)| *whole) {
        args.extend(["--path".to_owned(), format!("{repo}:{path}")]);
    }
    let text = kit.open(&words(&args)).ok().stdout;
    // What is left out here is in the bundle, and what is there follows it.
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("objects are there as they should be; "), "{text}");
    assert!(words.ends_with("NOT in this plan: plan again with the --path above"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
}

#[test]
#[ignore = "takes real repositories, which are not part of the project: name their folder"]
fn real_repositories_come_up_though_killed_in_the_middle() {
    let (kit, _) = kit();
    let lab = Lab::with_nodes();
    add(&kit, lab.plane.kubeconfig());
    // Who owns Flux is not guessed.
    let refused = kit.open(&["plan", "--target", "lab"]).exits(5);
    assert!(refused.stdout.contains("B1420"), "{refused}");
    let before = plan(&kit);
    let (counts, left_out) = (&before["counts"], later(&before).len());
    let total = usize::try_from(counts["new"].as_u64().unwrap()).unwrap();
    assert!(total > Size::USUAL.objects + 30, "{counts}");
    assert_eq!(left_out, 6, "{:?}", later(&before));
    let shown = kit.open(&[&["plan", "--target", "lab"][..], &CHOICE].concat()).ok();
    println!("{}", shown.stdout);
    assert_eq!(lab.written(), [], "a plan writes nothing");

    let args = replay(&before);
    let mut child = begin(&kit, &lab, &words(&args), 250);
    child.kill().unwrap();
    child.wait().unwrap();
    let written = lab.written().len();
    assert!(written < total, "it was too late to kill it");
    let report = on_another_laptop(&kit, &["--wait", "4m"]).ok().json();
    assert_eq!(report["verdict"], "complete", "{report}");
    assert_eq!(report["left_out"].as_array().unwrap().len(), left_out, "{report}");
    println!("killed after {written} of {total} writes; {}", report["created"]);
    nothing_to_do(&kit, left_out);
    // Engines are there, and wait.
    let engines = lab.kubectl(&["get", "kustomizations,helmreleases", "-A", "-o", "json"]).ok();
    let engines = engines.json();
    let engines = engines["items"].as_array().unwrap();
    assert!(engines.len() >= 9, "{}", engines.len());
    assert!(engines.iter().all(|one| one["spec"]["suspend"] == true));
}

#[test]
#[ignore = "takes real repositories, which are not part of the project: name their folder"]
fn what_is_there_from_an_older_commit_is_brought_up_to_date() {
    let (kit, older) = kit();
    let lab = Lab::start();
    add(&kit, lab.plane.kubeconfig());
    let mut early: Vec<String> = ["--target", "lab", "--confirm-target", "lab", "--no-wait"]
        .map(str::to_owned)
        .into_iter()
        .collect();
    for (at, name) in [EXAMPLE, TENANCY, PLATFORM].into_iter().enumerate() {
        let roots = ROOTS.iter().filter(|(repo, _, whole)| *repo == name && *whole);
        let path = |path: &str| format!("{name}:{path}@{}", older[at]);
        early.extend(roots.flat_map(|(_, root, _)| ["--path".to_owned(), path(root)]));
    }
    early.insert(0, "replay".to_owned());
    kit.open(&words(&early)).ok();
    let theirs = r#"{"data":{"mode":"by hand"}}"#;
    let patch = ["patch", "configmap", "theme", "-n", "team-003", "--type=merge", "-p", theirs];
    lab.kubectl(&patch).ok();

    let before = plan(&kit);
    let (counts, left_out) = (&before["counts"], later(&before).len());
    let count = |action: &str| usize::try_from(counts[action].as_u64().unwrap()).unwrap();
    for action in ["new", "changed", "unchanged"] {
        assert!(count(action) > 50, "{action}: {counts}");
    }
    assert_eq!(count("conflicting"), 1, "{counts}");
    println!("{counts}");
    let mut args = replay(&before);
    args.extend(["--no-wait".to_owned(), "--json".to_owned()]);
    let report = kit.open(&words(&args)).exits(3).json();
    assert_eq!(report["created"], count("new") - left_out, "{report}");
    assert_eq!(report["configured"], count("changed"), "{report}");
    assert_eq!(report["failed"].as_array().unwrap().len(), 1, "{report}");

    let again = plan(&kit);
    let mut args = replay(&again);
    args.extend(["--no-wait", "--force-conflicts", "ConfigMap/team-003/theme"].map(str::to_owned));
    kit.open(&words(&args)).ok();
    nothing_to_do(&kit, left_out);
}
