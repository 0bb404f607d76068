//! The ceremonies as a person meets them: `init`, `keys`, `trust`, through the binary, checked with
//! the stock `age`, `ssh-keygen`, `sha256sum` and `git`.

#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "tests")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use serde_json::Value;

use blackstart::app::clock::SystemClock;
use blackstart::app::{self, Ports};
use blackstart::config::Environment;
use blackstart::keys::prompt::{Passphrase, Prompt};
use blackstart::keys::unlocked::Unlocked;
use blackstart::model::cancel::Cancel;
use blackstart::model::event::Quiet;
use blackstart::tools::Tools;

/// A place with openers' keys in it, and a kit to be made.
struct Place {
    folder: tempfile::TempDir,
}

/// What a run of the binary left.
struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Ran {
    fn ok(self) -> Self {
        assert_eq!(self.code, 0, "{}{}", self.out, self.err);
        self
    }

    fn fails(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}{}", self.out, self.err);
        self
    }

    fn json(self) -> Value {
        serde_json::from_str(&self.ok().out).unwrap()
    }
}

fn stock(program: &str) -> Command {
    let mut command = Command::new(program);
    command.env_remove("SSH_AUTH_SOCK").stdin(Stdio::null());
    command
}

fn output(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| {
        panic!("{} does not start ({error}): run tests/run", command.get_program().display())
    })
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn at(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// Makes an age key; returns its recipient.
    fn age_key(&self, name: &str) -> String {
        assert!(output(stock("age-keygen").arg("-o").arg(self.at(name))).status.success());
        text(&output(stock("age-keygen").arg("-y").arg(self.at(name))))
    }

    fn ssh_key(&self, name: &str) {
        let made = output(
            stock("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(self.at(name)),
        );
        assert!(made.status.success());
    }

    /// Runs the binary in the place, without a terminal.
    fn run(&self, arguments: &[&str]) -> Ran {
        let output = Command::new(env!("CARGO_BIN_EXE_blackstart"))
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.folder.path())
            .env("BLACKSTART_CONFIG", "kit/blackstart.toml")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        Ran {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Makes a kit that two of three open.
    fn kit_for_two(&self) {
        let (a, b) = (self.age_key("a.key"), self.age_key("b.key"));
        self.ssh_key("c.key");
        let init = ["init", "kit", "--opener", &a, "--opener", &b, "--opener", "c.key.pub"];
        self.run(&[&init[..], &["--open-policy", "2-of-n"]].concat()).ok();
    }

    /// Makes a kit that one person opens.
    fn kit_for_one(&self) {
        let a = self.age_key("a.key");
        self.run(&["init", "kit", "--opener", &a]).ok();
    }

    fn mode(&self, path: &str) -> u32 {
        fs::metadata(self.at(path)).unwrap().permissions().mode() & 0o777
    }

    fn trust_file(&self, version: u64) -> String {
        fs::read_to_string(self.at(&format!("kit/trust/{version:010}/allowed_signers"))).unwrap()
    }
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Runs a line of shell, as the card has them.
fn sh(folder: &Path, line: &str) -> Output {
    output(stock("bash").args(["-o", "pipefail", "-c", line]).current_dir(folder))
}

#[test]
fn a_kit_is_what_stock_tools_expect() {
    let place = Place::new();
    place.kit_for_two();
    let kit = place.at("kit");
    assert_eq!(
        names(&kit),
        [".gitignore", "CARD.txt", "blackstart.toml", "bundles", "keys", "runbooks", "trust"]
    );
    assert_eq!((place.mode("kit/keys/job"), place.mode("kit/keys/root")), (0o600, 0o600));

    let root = text(&sh(&kit, "sha256sum trust/0000000001/allowed_signers | cut -c-64"));
    let config = fs::read_to_string(place.at("kit/blackstart.toml")).unwrap();
    assert!(config.contains(&format!("trust-root = \"{root}\"")), "{config}");
    assert!(fs::read_to_string(place.at("kit/CARD.txt")).unwrap().contains(&root));

    let vouched = sh(
        &kit,
        "echo \"r $(cat keys/root.pub)\" > ../roots && \
         ssh-keygen -Y verify -f ../roots -I r -n blackstart.trust.v1 -s trust/*/root1.*.sig < trust/0000000001/allowed_signers && \
         ssh-keygen -Y verify -f ../roots -I r -n blackstart.keys.v1 -s keys/epoch-0001/SEALS.root1.sig < keys/epoch-0001/SEALS && \
         cd keys/epoch-0001 && sha256sum -c SEALS",
    );
    assert!(
        vouched.status.success(),
        "{}{}",
        text(&vouched),
        String::from_utf8_lossy(&vouched.stderr)
    );

    let opened = sh(
        &kit,
        "age -d -i ../b.key keys/epoch-0001/epoch-0001.c2+c3.age | age -d -i ../c.key | age-keygen -y",
    );
    assert!(place.trust_file(1).contains(&format!("# epoch 1 {}\n", text(&opened))));
}

#[test]
fn git_does_not_get_the_private_keys() {
    let place = Place::new();
    place.kit_for_one();
    let listed = sh(&place.at("kit"), "git init -q . && git add -A && git ls-files");
    let listed = text(&listed);
    for wanted in ["keys/job.pub", "keys/root.pub", "blackstart.toml", "keys/epoch-0001/SEALS"] {
        assert!(listed.lines().any(|line| line == wanted), "{wanted} in {listed}");
    }
    assert!(!listed.lines().any(|line| line == "keys/job" || line == "keys/root"), "{listed}");
}

#[test]
fn init_replaces_nothing() {
    let place = Place::new();
    let a = place.age_key("a.key");
    fs::create_dir_all(place.at("kit/runbooks")).unwrap();
    fs::write(place.at("kit/runbooks/git-host-outage.md"), "mine").unwrap();
    let refused = place.run(&["init", "kit", "--opener", &a]).fails(5);
    assert!(refused.err.contains("git-host-outage.md"), "{}", refused.err);
    assert_eq!(names(&place.at("kit")), ["runbooks"], "nothing was written");
    fs::remove_dir_all(place.at("kit")).unwrap();
    place.run(&["init", "kit", "--opener", &a]).ok();
    let before = place.trust_file(1);
    place.run(&["init", "kit", "--opener", &a]).fails(5);
    assert_eq!(place.trust_file(1), before);
}

#[test]
fn init_needs_somebody_who_opens() {
    let place = Place::new();
    place.run(&["init", "kit"]).fails(2);
    place.run(&["init", "kit", "--opener", "nobody"]).fails(2);
    let a = place.age_key("a.key");
    let private = place.run(&["init", "kit", "--opener", "a.key"]).fails(2).err;
    assert!(private.contains("a.key") && private.contains(&a), "{private}");
    place.ssh_key("s.key");
    let private = place.run(&["init", "kit", "--opener", "s.key"]).fails(2).err;
    assert!(private.contains("s.key") && private.contains(".pub"), "{private}");
    place.run(&["init", "kit", "--opener", &a, "--open-policy", "2-of-n"]).fails(2);
    place.run(&["init", "kit", "--opener", &a, "--open-policy", "most"]).fails(2);
    assert!(!place.at("kit").exists());
}

#[test]
fn existing_keys_sign_instead_of_new_ones() {
    let place = Place::new();
    let a = place.age_key("a.key");
    place.ssh_key("job.key");
    place.ssh_key("root.key");
    let init = ["init", "kit", "--opener", &a, "--signer", "job.key", "--root", "root.key"];
    place.run(&init).ok();
    assert!(!place.at("kit/keys/job").exists() && !place.at("kit/keys/root").exists());
    let config = fs::read_to_string(place.at("kit/blackstart.toml")).unwrap();
    assert!(
        config.contains(&format!("\nsigner = \"{}\"", place.at("job.key").display())),
        "{config}"
    );
    let shown = place.run(&["trust", "show", "--json"]).json();
    let listed = text(&output(stock("ssh-keygen").arg("-lf").arg(place.at("job.key.pub"))));
    assert_eq!(shown["signers"][0]["fingerprint"], listed.split(' ').nth(1).unwrap());
}

#[test]
fn a_root_key_elsewhere_signs_later() {
    let place = Place::new();
    let a = place.age_key("a.key");
    place.ssh_key("root.key");
    let made = place.run(&["init", "kit", "--opener", &a, "--root", "root.key.pub"]).ok();
    assert!(made.out.contains("trust sign"), "{}", made.out);
    place.run(&["trust", "show"]).fails(4);
    let listed = place.run(&["keys", "list", "--json"]).json();
    assert_ne!(listed["epochs"][0]["signed"], "good");
    place.run(&["trust", "sign", "--key", "a.key"]).fails(2);
    let signed = place.run(&["trust", "sign", "--key", "root.key", "--json"]).json();
    assert_eq!(signed["signed"].as_array().unwrap().len(), 2, "{signed}");
    assert_eq!(place.run(&["keys", "list", "--json"]).json()["epochs"][0]["signed"], "good");
    place.run(&["trust", "sign", "--key", "root.key"]).fails(2);
}

#[test]
fn two_people_unwrap_on_two_machines() {
    let place = Place::new();
    place.kit_for_two();
    let seal = "kit/keys/epoch-0001/epoch-0001.c1+c2.age";
    place.run(&["keys", "unwrap", seal, "--identity", "b.key", "--to", "x"]).fails(12);
    let first =
        place.run(&["keys", "unwrap", seal, "--identity", "a.key", "--to", "rest.age", "--json"]);
    assert_eq!(first.json()["left"], "layer");
    assert!(fs::read_to_string(place.at("rest.age")).unwrap().starts_with("-----BEGIN AGE"));
    place.run(&["keys", "unwrap", "rest.age", "--identity", "b.key", "--to", "rest.age"]).fails(5);
    let second = place.run(&[
        "keys",
        "unwrap",
        "rest.age",
        "--identity",
        "b.key",
        "--to",
        "epoch.key",
        "--json",
    ]);
    assert_eq!(second.json()["left"], "key");
    assert_eq!(place.mode("epoch.key"), 0o600);
    let recipient = text(&output(stock("age-keygen").arg("-y").arg(place.at("epoch.key"))));
    assert!(place.trust_file(1).contains(&recipient));
}

#[test]
fn one_of_several_proves_the_own_key_alone() {
    let place = Place::new();
    place.kit_for_two();
    stock("age-keygen").arg("-o").arg(place.at("stranger.key")).output().unwrap();
    place.run(&["keys", "prove", "--identity", "stranger.key"]).fails(12);
    assert!(!place.at("kit/keys/proofs.jsonl").exists());
    place.run(&["keys", "prove", "--identity", "a.key"]).ok();
    let record = fs::read_to_string(place.at("kit/keys/proofs.jsonl")).unwrap();
    let proof: Value = serde_json::from_str(record.trim()).unwrap();
    assert_eq!(
        (&proof["unsealed"], proof["openers"].as_array().unwrap().len()),
        (&Value::from(false), 1)
    );
}

#[test]
fn proofs_are_recorded_in_a_chain() {
    let place = Place::new();
    place.kit_for_two();
    for (first, second) in [("c.key", "a.key"), ("a.key", "b.key")] {
        let prove = ["keys", "prove", "--identity", first, "--identity", second, "--who", "Ada"];
        place.run(&prove).ok();
    }
    let record = fs::read_to_string(place.at("kit/keys/proofs.jsonl")).unwrap();
    let lines: Vec<Value> =
        record.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["openers"][0]["number"], 1);
    assert_eq!(lines[0]["openers"][1]["number"], 3);
    assert_eq!(lines[0]["who"], "Ada");
    let first = text(&sh(
        &place.at("kit/keys"),
        "head -n 1 proofs.jsonl | tr -d '\\n' | sha256sum | cut -c-64",
    ));
    assert_eq!(lines[1]["prev"], first);
    let openers = place.run(&["keys", "list", "--json"]).json()["epochs"][0]["openers"].clone();
    assert!(
        openers.as_array().unwrap().iter().all(|opener| opener["proven"].is_string()),
        "{openers}"
    );
    fs::write(place.at("kit/keys/proofs.jsonl"), record.replacen("Ada", "Eve", 1)).unwrap();
    place.run(&["keys", "list"]).fails(1);
}

#[test]
fn an_epoch_is_sealed_to_other_openers() {
    let place = Place::new();
    place.kit_for_one();
    let (b, v) = (place.age_key("b.key"), place.age_key("v.key"));
    let solo = format!("verifier={v}");
    place.run(&["keys", "seal", "--identity", "b.key", "--opener", &b]).fails(12);
    let seal = ["keys", "seal", "--identity", "a.key", "--opener", &b, "--solo", &solo, "--json"];
    let sealed = place.run(&seal).json();
    assert_eq!((&sealed["serial"], &sealed["in_force"]), (&2.into(), &true.into()), "{sealed}");
    let card = fs::read_to_string(place.at("kit/CARD.txt")).unwrap();
    assert!(card.contains(&b) && card.contains("opens alone"), "the card is made anew");
    assert!(place.trust_file(2).contains("# solo-opener verifier\n"));
    place.run(&["keys", "prove", "--identity", "a.key"]).fails(12);
    place.run(&["keys", "prove", "--identity", "b.key"]).ok();
    place.run(&["keys", "prove", "--identity", "v.key"]).ok();
    assert_eq!(
        names(&place.at("kit/keys")),
        ["epoch-0001", "epoch-0001.openers", "job", "job.pub", "proofs.jsonl", "root", "root.pub"]
    );
}

#[test]
fn sealing_keeps_the_policy_and_the_openers_unless_they_are_named() {
    let place = Place::new();
    place.kit_for_two();
    let v = format!("verifier={}", place.age_key("v.key"));
    let with = ["keys", "seal", "--identity", "a.key", "--identity", "b.key"];
    let seal = |more: &[&str]| place.run(&[&with[..], more].concat());
    let sealed = seal(&["--solo", &v]).ok().out;
    for told in ["opens with 2-of-n", "openers as before: 3", "verifier opens alone"] {
        assert!(sealed.contains(told), "{told} in {sealed}");
    }
    let proven = place.run(&["keys", "prove", "--identity", "v.key"]).ok().out;
    assert!(proven.contains("with the key of the machine verifier, alone"), "{proven}");

    let (a, b) = (place.age_key("d.key"), place.age_key("e.key"));
    let sealed = seal(&["--opener", &a, "--opener", &b]).ok().out;
    assert!(sealed.contains("opens with 2-of-n"), "{sealed}");
    assert!(sealed.contains("in place of the 3 before"), "{sealed}");
    place.run(&["keys", "prove", "--identity", "v.key"]).ok();
    let with = ["keys", "seal", "--identity", "d.key", "--identity", "e.key"];
    let seal = |more: &[&str]| place.run(&[&with[..], more].concat());
    let few = seal(&["--opener", &a]).fails(2).err;
    assert!(few.contains("--open-policy any"), "{few}");
    let weaker = seal(&["--open-policy", "any", "--solo", "verifier="]).ok().out;
    assert!(weaker.contains("opens with any; before: 2-of-n"), "{weaker}");
    assert!(weaker.contains("verifier does not open alone any more"), "{weaker}");
    place.run(&["keys", "prove", "--identity", "v.key"]).fails(12);
    place.run(&["keys", "prove", "--identity", "e.key"]).ok();
}

/// The kit's note of who opens is not signed: it cannot make a kit for two one for anybody.
#[test]
fn a_note_that_the_seals_do_not_bear_out_seals_nothing() {
    let place = Place::new();
    place.kit_for_two();
    let note = place.at("kit/keys/epoch-0001.openers");
    let text = fs::read_to_string(&note).unwrap();
    fs::write(&note, text.replace("policy 2-of-n", "policy any")).unwrap();
    let seal = ["keys", "seal", "--identity", "a.key", "--identity", "b.key"];
    assert!(place.run(&seal).fails(1).err.contains("B1743"));
    assert!(place.run(&["keys", "new"]).fails(1).err.contains("B1743"));
    assert_eq!(names(&place.at("kit/trust")), ["0000000001"]);
    fs::remove_file(&note).unwrap();
    assert!(place.run(&seal).fails(1).err.contains("--open-policy"));
    let (a, b) = (place.age_key("d.key"), place.age_key("e.key"));
    let all = ["--opener", &a, "--opener", &b, "--open-policy", "2-of-n"];
    place.run(&[&seal[..], &all].concat()).ok();
    place.run(&["keys", "prove", "--identity", "d.key", "--identity", "e.key"]).ok();
}

#[test]
fn a_new_epoch_keeps_the_policy_when_openers_are_named() {
    let place = Place::new();
    place.kit_for_two();
    let (a, b) = (place.age_key("d.key"), place.age_key("e.key"));
    let made = place.run(&["keys", "new", "--opener", &a, "--opener", &b, "--json"]).json();
    assert_eq!(made["policy"], "2-of-n", "{made}");
}

#[test]
fn a_new_epoch_comes_with_a_new_trust_version() {
    let place = Place::new();
    place.kit_for_one();
    let made = place.run(&["keys", "new", "--json"]).json();
    assert_eq!((&made["epoch"], &made["trust_version"]), (&2.into(), &2.into()));
    assert_eq!(made["in_force"], true);
    place.run(&["keys", "prove", "--identity", "a.key"]).ok();
    let shown = place.run(&["trust", "show", "--json"]).json();
    assert_eq!(shown["epochs"].as_array().unwrap().len(), 2);
    assert_eq!(shown["epochs"][1]["recipient"], made["recipient"]);
    let listed = place.run(&["keys", "list", "--json"]).json();
    assert_eq!(listed["epochs"][0]["signed"], "good");
    assert_eq!(listed["epochs"][1]["signed"], "good");
}

#[test]
fn without_a_root_key_a_change_waits() {
    let place = Place::new();
    place.kit_for_one();
    fs::rename(place.at("kit/keys/root"), place.at("root.key")).unwrap();
    let made = place.run(&["keys", "new", "--json"]).json();
    assert_eq!(made["in_force"], false, "{made}");
    assert_eq!(place.run(&["trust", "show", "--json"]).json()["version"], 1);
    place.run(&["trust", "sign"]).fails(5);
    place.ssh_key("stranger.key");
    place.run(&["trust", "sign", "--key", "stranger.key"]).fails(5);
    let signed = place.run(&["trust", "sign", "--key", "root.key", "--json"]).json();
    assert_eq!(signed["in_force"], 2, "{signed}");
    assert_eq!(place.run(&["keys", "list", "--json"]).json()["epochs"][1]["signed"], "good");
}

#[test]
fn a_second_root_key_makes_two_necessary() {
    let place = Place::new();
    place.kit_for_one();
    place.ssh_key("root2.key");
    place.ssh_key("verifier.key");
    let add = ["trust", "add", "root", "root2.key.pub", "--threshold", "2", "--json"];
    let prepared = place.run(&add).json();
    assert_eq!((&prepared["version"], &prepared["in_force"]), (&2.into(), &1.into()), "{prepared}");
    let shown = place.run(&["trust", "show"]).ok().out;
    assert!(
        shown.contains("prepared: version 2, signed by 1")
            && shown.contains("+ # root: 2 of root1,root2"),
        "{shown}"
    );
    let both = place.run(&["trust", "sign", "--key", "root2.key", "--json"]).json();
    assert_eq!(both["in_force"], 2, "{both}");

    let add =
        ["trust", "add", "verifier", "verifier.key.pub", "--require", "--valid-after", "20261101Z"];
    place.run(&add).ok();
    assert_eq!(place.run(&["trust", "show", "--json"]).json()["pending"]["signed_by"][0], "root1");
    place.run(&["trust", "sign", "--key", "root2.key"]).ok();
    let shown = place.run(&["trust", "show", "--json"]).json();
    assert_eq!(shown["accept"], serde_json::json!(["job", "verifier"]));
    assert_eq!(shown["signers"][1]["valid_after"], "20261101Z");
    assert_eq!(place.run(&["keys", "list", "--json"]).json()["epochs"][0]["signed"], "good");
}

#[test]
fn a_revocation_names_a_known_key_and_only_moves_back() {
    let place = Place::new();
    place.kit_for_one();
    let shown = place.run(&["trust", "show", "--json"]).json();
    let job = shown["signers"][0]["fingerprint"].as_str().unwrap().to_owned();
    let revoke = |fingerprint: &str, from: &str| {
        place.run(&["trust", "revoke", fingerprint, "--from", from])
    };
    revoke("SHA256:typo", "120").fails(2);
    revoke(&job, "0").fails(2);
    revoke(&job, "120").ok();
    revoke(&job, "121").fails(2);
    revoke(&job, "100").ok();
    let shown = place.run(&["trust", "show", "--json"]).json();
    assert_eq!(shown["signers"][0]["revoked_from"], 100);
    place.run(&["trust", "add", "job", "kit/keys/job.pub"]).fails(2);
}

/// Somebody at a terminal.
#[derive(Clone)]
struct Somebody(&'static [&'static str], Arc<std::sync::Mutex<usize>>);

impl Prompt for Somebody {
    fn passphrase(&self, _what: &str) -> Option<Passphrase> {
        let mut asked = self.1.lock().unwrap();
        let words = self.0.get(*asked % self.0.len())?;
        *asked += 1;
        Some(Passphrase::new((*words).to_owned()))
    }
    fn answer(&self, _question: &str) -> Option<String> {
        None
    }
    fn confirm(&self, _question: &str, _yes: &str, _no: Option<&str>) -> Option<bool> {
        None
    }
    fn message(&self, _text: &str) {}
    fn handle(&self) -> Arc<dyn Prompt> {
        Arc::new(self.clone())
    }
}

#[test]
fn a_new_passphrase_opens() {
    let place = Place::new();
    let with = |words: &'static [&'static str]| {
        let clock = SystemClock::start();
        let environment =
            Environment { current_dir: place.folder.path().to_owned(), ..Environment::default() };
        let (cancel, tools) = (Cancel::new(), Tools::default());
        let prompt = Somebody(words, Arc::default());
        let ports = Ports {
            clock: &clock,
            observer: &Quiet,
            cancel: &cancel,
            prompt: &prompt,
            unlocked: &Unlocked::default(),
            tools: &tools,
            environment: &environment,
        };
        let openers = app::keys::OpenersRequest {
            passphrase_file: Some("ada.key".into()),
            ..Default::default()
        };
        let init = app::init::Request { folder: "kit".into(), openers, ..Default::default() };
        app::init::run(&init, &ports)?;
        let prove = app::keys::prove::Request {
            config: Some("kit/blackstart.toml".into()),
            identities: vec!["ada.key".into()],
            ..Default::default()
        };
        app::keys::prove::run(&prove, &ports)
    };
    let differ = with(&["correct horse", "battery staple"]).unwrap_err();
    assert!(differ.to_string().contains("differ"), "{differ}");
    assert!(with(&[""]).is_err());
    assert!(!place.at("kit").exists() && !place.at("ada.key").exists());
    let proven = with(&["correct horse"]).unwrap();
    assert_eq!(proven.proof.openers.len(), 1);
    assert_eq!(place.mode("ada.key"), 0o600);
    place.run(&["init", "other", "--opener-passphrase", "eve.key"]).fails(12);
}
