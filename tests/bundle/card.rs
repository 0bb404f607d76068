//! The printed card, word for word: its commands are taken from the text and run with only the
//! tools it names, in a foreign locale, without a home.

use std::path::{Path, PathBuf};

use crate::support::component;
use crate::support::git;
use crate::support::kit::Kit;
use crate::support::sandbox::{Sandbox, finish};
use crate::support::server::Registry;

/// The tools that the card says it needs, and no others.
const TOOLS: &[&str] = &[
    "bash",
    "sh",
    "cat",
    "ls",
    "mkdir",
    "mktemp",
    "rm",
    "cp",
    "mv",
    "sort",
    "head",
    "tail",
    "grep",
    "sed",
    "find",
    "wc",
    "cut",
    "tr",
    "diff",
    "env",
    "printf",
    "sha256sum",
    "tar",
    "zstd",
    "age",
    "ssh-keygen",
    "git",
];

/// A card that was executed.
struct Executed {
    /// What a person saw.
    seen: String,
    /// Where the card worked.
    folder: PathBuf,
}

impl Executed {
    fn repository(&self, name: &str) -> PathBuf {
        let table = std::fs::read_to_string(self.folder.join("out/repos.tsv")).unwrap();
        let line = table.lines().find(|line| line.ends_with(&format!("\t{name}")));
        let line = line.unwrap_or_else(|| panic!("{name} is not in\n{table}\n{}", self.seen));
        self.folder.join("out").join(line.split('\t').next().unwrap())
    }

    #[track_caller]
    fn is_clean(&self) -> &Self {
        for word in ["STOP", "DAMAGED", "BROKEN", "MISSING", "INCOMPLETE", "FAILED"] {
            assert!(!self.seen.contains(word), "{word} in\n{}", self.seen);
        }
        assert!(self.seen.contains("ALL PARTS OK"), "{}", self.seen);
        self
    }

    #[track_caller]
    fn has_good_lines(&self, count: usize) -> &Self {
        let good = self.seen.lines().filter(|line| line.starts_with("Good \"")).count();
        assert_eq!(good, count, "{}", self.seen);
        self
    }
}

impl Drop for Executed {
    fn drop(&mut self) {
        // Step 9 of the card.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Commands stand in column 1, prose is a comment.
fn commands(card: &str, identities: &[(&str, &Path)]) -> String {
    let mut text: String = card
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| format!("{line}\n"))
        .collect();
    for (name, path) in identities {
        let named = format!("/ABSOLUTE/{name}.key");
        assert!(text.contains(&named), "the card does not name {named}");
        text = text.replace(&named, path.to_str().unwrap());
    }
    text
}

/// Executes a card in `start`; `between` runs after step 5, as a person would who types seals.
fn execute(
    sandbox: &Sandbox,
    card: &str,
    start: &Path,
    identities: &[(&str, &Path)],
    between: &str,
) -> Executed {
    let tools = sandbox.path("only-these-tools");
    std::fs::create_dir_all(&tools).unwrap();
    for tool in TOOLS {
        let link = tools.join(tool);
        if !link.exists() {
            std::os::unix::fs::symlink(component::find(tool), link).unwrap();
        }
    }
    let unseal = "# 6";
    let (before, after) = card.split_at(card.find(unseal).unwrap());
    let script = format!(
        "{}{between}\n{}\necho WORK \"$W\"\n",
        commands(before, &[]),
        commands(after, identities)
    );
    let mut command = sandbox.program(tools.join("bash"));
    command.env_clear().env("PATH", &tools).env("HOME", "/nonexistent").current_dir(start);
    command.env("LANG", "fr_FR.UTF-8").env("LC_ALL", "fr_FR.UTF-8").env("LANGUAGE", "fr");
    command.arg("-c").arg(script);
    let ran = finish(&mut command);
    let folder = ran.stdout.lines().find_map(|line| line.strip_prefix("WORK "));
    let folder = PathBuf::from(folder.unwrap_or_else(|| panic!("{ran}")));
    Executed { seen: format!("{}{}", ran.stdout, ran.stderr), folder }
}

/// A kit with a base, deltas, a force-push, an empty repository, one in SHA-256, odd names.
fn busy_kit() -> (Kit, Vec<(String, PathBuf)>) {
    let kit = Kit::new();
    let repos = fill(&kit);
    (kit, repos)
}

fn fill(kit: &Kit) -> Vec<(String, PathBuf)> {
    let root = kit.sandbox.path("srv");
    let named = [
        ("apps", "sha1"),
        ("ops/große Dinge [1]", "sha1"),
        ("new-hash", "sha256"),
        ("empty", "sha1"),
    ];
    let repos: Vec<(String, PathBuf)> = named
        .iter()
        .map(|(name, format)| {
            ((*name).to_owned(), git::bare(&root.join(format!("{name}.git")), format))
        })
        .collect();
    for (_, path) in &repos[..3] {
        git::grow(path, 12, 4);
    }
    kit.configure(&format!("[[source]]\nkind = \"dir\"\npath = {}", serde_json::json!(root)));
    kit.snapshot();
    git::grow(&repos[0].1, 20, 6);
    kit.snapshot();
    git::git(&repos[0].1, &["update-ref", "refs/heads/main", "main~5"]);
    kit.snapshot();
    repos
}

fn card(kit: &Kit) -> String {
    std::fs::read_to_string(kit.path("CARD.txt")).unwrap()
}

#[track_caller]
fn same(executed: &Executed, repos: &[(String, PathBuf)]) {
    for (name, source) in repos {
        assert_eq!(
            git::picture(&executed.repository(name)),
            git::picture(source),
            "{name}\n{}",
            executed.seen
        );
    }
}

#[test]
fn one_opener_from_a_folder_with_a_blank_and_an_empty_newer_snapshot() {
    let (kit, repos) = busy_kit();
    let stick = kit.sandbox.path("my stick");
    kit.run(&["export", "latest", "--to", &format!("{}/", stick.display())]).ok();
    std::fs::create_dir(stick.join("snapshots/0000000099")).unwrap();
    let executed = execute(&kit.sandbox, &card(&kit), &stick, &[("MY", &kit.identity)], "");
    executed.is_clean().has_good_lines(1);
    assert!(executed.seen.contains("\"blackstart.seq\": \"3\""), "{}", executed.seen);
    same(&executed, &repos);
}

#[test]
fn the_card_that_travels_in_the_bundle_opens_with_the_keys_from_paper() {
    let (kit, repos) = busy_kit();
    let travelling = std::fs::read_to_string(kit.store().join("OPEN-ME.txt")).unwrap();
    let public = std::fs::read_to_string(kit.path("keys/job.pub")).unwrap();
    let key: Vec<&str> = public.split_whitespace().take(2).collect();
    assert!(!travelling.contains(key[1]), "the travelling card must not bring keys along");
    let filled = travelling.replace("KEY-FROM-PAPER", &key.join(" "));
    let executed = execute(&kit.sandbox, &filled, &kit.store(), &[("MY", &kit.identity)], "");
    executed.is_clean().has_good_lines(1);
    same(&executed, &repos);
}

#[test]
fn two_of_three_people_from_a_bundle_file() {
    let sandbox = Sandbox::new();
    let people: Vec<_> = ["ada", "bea", "cem"].map(|name| sandbox.identity(name)).into();
    let mut init = vec!["init", "kit", "--open-policy", "2-of-n"];
    people.iter().for_each(|(_, recipient)| init.extend(["--opener", recipient]));
    sandbox.run_in("", &init).ok();
    let kit = Kit { identity: people[0].0.clone(), sandbox };
    let repos = fill(&kit);
    let file = kit.sandbox.path("bundle.tar");
    kit.run(&["export", "latest", "--to", file.to_str().unwrap()]).ok();
    // Step 0 of the card, for one file.
    let unpacked = kit.sandbox.path("b");
    std::fs::create_dir(&unpacked).unwrap();
    let tar = component::find("tar");
    finish(kit.sandbox.program(tar).arg("xf").arg(&file).arg("-C").arg(&unpacked)).ok();
    let identities: [(&str, &Path); 2] = [("FIRST", &people[0].0), ("SECOND", &people[1].0)];
    let executed = execute(&kit.sandbox, &card(&kit), &unpacked, &identities, "");
    executed.is_clean().has_good_lines(1);
    same(&executed, &repos);
    let others: [(&str, &Path); 2] = [("FIRST", &people[1].0), ("SECOND", &people[2].0)];
    let chosen = card(&kit).replace(".c1+c2.age", ".c2+c3.age");
    same(execute(&kit.sandbox, &chosen, &unpacked, &others, "").is_clean(), &repos);
}

#[test]
fn through_a_registry_by_the_lines_at_its_end() {
    let (kit, repos) = busy_kit();
    let registry = Registry::start(&kit.sandbox.path("run"));
    let home = kit.sandbox.path("skopeo-home");
    let containers = home.join(".config/containers");
    std::fs::create_dir_all(&containers).unwrap();
    let host = registry
        .reference("kit")
        .trim_start_matches("docker://")
        .split('/')
        .next()
        .unwrap()
        .to_owned();
    std::fs::write(
        containers.join("policy.json"),
        "{\"default\":[{\"type\":\"insecureAcceptAnything\"}]}",
    )
    .unwrap();
    std::fs::write(
        containers.join("registries.conf"),
        format!("[[registry]]\nlocation = \"{host}\"\ninsecure = true\n"),
    )
    .unwrap();
    let shell = |folder: &Path, script: &str| {
        let mut command = kit.sandbox.program(component::find("bash"));
        command.env("HOME", &home).current_dir(folder).arg("-ec").arg(script);
        finish(&mut command).ok();
    };
    let index = std::fs::read_to_string(kit.store().join("index.json")).unwrap();
    let tag = |prefix: &str| {
        let at = index.find(prefix).unwrap();
        index[at..].split('"').next().unwrap().to_owned()
    };
    let signature = tag("snap-0000000003.sig.job.");
    for tag in ["snap-0000000003", &signature] {
        let to = registry.reference(&format!("kit:{tag}"));
        shell(&kit.store(), &format!("skopeo copy --preserve-digests oci:.:{tag} {to}"));
    }

    let text = card(&kit);
    let prose: Vec<&str> =
        text.lines().skip_while(|line| !line.starts_with("# from a registry")).collect();
    let [first, parts, signatures] = prose.as_slice() else { panic!("{prose:?}") };
    let script = [
        first.split_once("digits):").unwrap().1,
        &parts[1..],
        signatures[1..].split(" (and").next().unwrap(),
    ]
    .join("\n")
    .replace("R:snap", &format!("{}:snap", registry.reference("kit")))
    .replace("snap-T", "snap-0000000003")
    .replace("snapshots/T", "snapshots/0000000003")
    .replace("job.KEY", signature.rsplit_once("sig.").unwrap().1);
    let fetched = kit.sandbox.path("fetched");
    std::fs::create_dir(&fetched).unwrap();
    shell(&fetched, &script);
    let executed = execute(&kit.sandbox, &text, &fetched, &[("MY", &kit.identity)], "");
    executed.is_clean().has_good_lines(1);
    same(&executed, &repos);
}

/// The digest of the first part of a kind, as the newest manifest lists it.
fn part(store: &Path, seq: u32, kind: &str) -> PathBuf {
    let manifest =
        std::fs::read_to_string(store.join(format!("snapshots/{seq:010}/manifest.json"))).unwrap();
    let at = manifest.find(&format!("blackstart.{kind}.v1")).unwrap();
    let digest = manifest[at..].split("sha256:").nth(1).unwrap()[..64].to_owned();
    store.join("blobs/sha256").join(digest)
}

fn flip(path: &Path, at: usize) {
    let mut bytes = std::fs::read(path).unwrap();
    let at = at % bytes.len();
    bytes[at] ^= 1;
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn a_damaged_part_is_named_and_the_rest_opens() {
    let (kit, repos) = busy_kit();
    flip(&part(&kit.store(), 3, "base"), 40_000);
    let executed = execute(&kit.sandbox, &card(&kit), &kit.store(), &[("MY", &kit.identity)], "");
    assert!(executed.seen.contains(": FAILED"), "{}", executed.seen);
    let lost: Vec<_> = executed
        .seen
        .lines()
        .filter(|line| line.starts_with("MISSING") || line.starts_with("INCOMPLETE"))
        .collect();
    assert!(!lost.is_empty() && lost.len() < repos.len(), "{}", executed.seen);
    let rest: Vec<_> = repos
        .iter()
        .filter(|(name, _)| !lost.iter().any(|line| line.ends_with(name)))
        .cloned()
        .collect();
    same(&executed, &rest);
}

#[test]
fn damaged_seals_are_replaced_from_the_kit() {
    let (kit, repos) = busy_kit();
    flip(&part(&kit.store(), 3, "keys"), 700);
    let copy = format!("cp {}/*.age keys/", kit.path("keys/epoch-0001").display());
    let executed =
        execute(&kit.sandbox, &card(&kit), &kit.store(), &[("MY", &kit.identity)], &copy);
    assert!(executed.seen.contains("SEALS DAMAGED"), "{}", executed.seen);
    executed.has_good_lines(1);
    same(&executed, &repos);
    // The tool takes the kit's seals by itself.
    kit.extract("out", &[]);
}

#[test]
fn a_manifest_that_was_changed_gives_no_good_line() {
    let (kit, _) = busy_kit();
    let manifest = kit.store().join("snapshots/0000000003/manifest.json");
    let text = std::fs::read_to_string(&manifest).unwrap().replace("\"complete\"", "\"partial\"");
    std::fs::write(&manifest, text).unwrap();
    let executed = execute(&kit.sandbox, &card(&kit), &kit.store(), &[("MY", &kit.identity)], "");
    executed.has_good_lines(0);
}
