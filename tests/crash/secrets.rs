//! Secrets stay where they are: planted ones are looked for in everything that the commands write
//! and in what the system shows of their processes.

use std::io::Read as _;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::component;
use crate::support::git;
use crate::support::kit::Kit;
use crate::support::sandbox::{Ran, Sandbox, finish};
use crate::support::server::{BadHost, Forge, Temper};

/// Fails if one of the secrets is in `text`, in plain or as a header carries it.
#[track_caller]
fn clean(what: &str, text: &[u8], secrets: &[(String, &str)]) {
    for (secret, name) in secrets {
        let found = text.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!found, "{what} holds the {name}");
    }
}

/// A line of a private key or identity that nobody else has.
fn core_of(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    let line = text.lines().filter(|line| !line.starts_with(['#', '-'])).max_by_key(|it| it.len());
    line.unwrap().to_owned()
}

fn secrets(kit: &Kit) -> Vec<(String, &'static str)> {
    vec![
        (Forge::TOKEN.to_owned(), "token"),
        // base64 of "oauth2:glpat-0123456789"
        ("b2F1dGgyOmdscGF0LTAxMjM0NTY3ODk".to_owned(), "token in a header"),
        (core_of(&kit.identity), "opener's identity"),
        (core_of(&kit.path("keys/job")), "job's private key"),
        (core_of(&kit.path("keys/root")), "root's private key"),
    ]
}

/// Everything below a folder, except the files the secrets were planted in.
fn files_are_clean(folder: &Path, planted: &[&Path], secrets: &[(String, &str)]) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        let kind = entry.file_type().unwrap();
        if planted.contains(&path.as_path()) {
            continue;
        }
        if kind.is_dir() {
            files_are_clean(&path, planted, secrets);
        } else if kind.is_file() {
            clean(&path.display().to_string(), &std::fs::read(&path).unwrap(), secrets);
        }
    }
}

#[test]
fn nothing_that_is_written_holds_one() {
    let mut kit = Kit::new();
    let logs = [kit.sandbox.path("log"), kit.sandbox.path("log.jsonl")];
    kit.sandbox.set("BLACKSTART_LOG_FILE", &logs[0]);
    let root = kit.sandbox.path("srv");
    git::grow(&git::bare(&root.join("apps.git"), "sha1"), 20, 3);
    let forge = Forge::start(&root, &kit.sandbox.path("run"));
    let more = format!(
        "credential = {{ token-file = {} }}\nca-file = {}",
        json!(forge.token_file),
        json!(forge.ca_file)
    );
    kit.source("apps", &forge.url("apps.git"), &more);
    kit.source("none", &forge.url("missing.git"), &more);
    let secrets = secrets(&kit);
    let shows = |ran: Ran| {
        clean(&ran.line, ran.line.as_bytes(), &secrets);
        clean(&format!("stdout of {}", ran.line), ran.stdout.as_bytes(), &secrets);
        clean(&format!("stderr of {}", ran.line), ran.stderr.as_bytes(), &secrets);
    };
    shows(kit.run(&["snapshot", "--events", "../events.jsonl"]).exits(3));
    let json = ["snapshot", "--json", "--log-file", logs[1].to_str().unwrap()];
    shows(kit.run(&json).exits(3));
    shows(kit.open(&["show", "latest", "--json"]).ok());
    shows(kit.open(&["verify", "--full"]).ok());
    shows(kit.open(&["extract", "--to", "../out"]).exits(0));
    shows(kit.run(&["doctor", "--json"]));
    shows(kit.run(&["keys", "new"]).ok());
    // A wrong identity and a broken one are named by their paths only.
    shows(kit.run(&["extract", "--to", "../x", "--identity", "keys/root"]));
    // The logs tell something, and are looked at below with everything else.
    let told = logs.map(|log| std::fs::read_to_string(log).unwrap());
    assert!(told.iter().all(|log| log.contains("none") && log.contains("apps")), "{told:?}");
    assert!(told[0].contains("error"), "{told:?}");
    let planted = [&kit.identity, &forge.token_file, &kit.path("keys/job"), &kit.path("keys/root")];
    files_are_clean(&kit.sandbox.path(""), &planted.map(std::path::PathBuf::as_path), &secrets);
    // What an opened bundle leaves is not there either.
    let work = std::fs::read_dir(kit.sandbox.path("tmp")).unwrap().count();
    assert_eq!(work, 0, "something stays in the temporary folder");
    forge.stop();
}

/// What `ps` and `/proc` show of the process and its children while a host keeps it waiting.
#[test]
fn no_process_shows_one_and_none_may_dump_core() {
    let kit = Kit::new();
    let host = BadHost::start(Temper::Dead);
    let token = kit.sandbox.write("token", format!("{}\n", Forge::TOKEN));
    // The command is a child that takes its time, so that there is a child to look at.
    let wait = format!("sleep 1; cat {}", token.display());
    let command = json!(["sh", "-c", wait]);
    kit.source(
        "slow",
        &host.url("apps.git"),
        &format!("credential = {{ token-command = {command} }}"),
    );
    let secrets = secrets(&kit);
    let mut child = kit
        .sandbox
        .program(env!("CARGO_BIN_EXE_blackstart"))
        .args(["snapshot", "--deadline", "3s"])
        .current_dir(kit.path(""))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (start, mut looks, mut children) = (Instant::now(), 0, 0);
    while child.try_wait().unwrap().is_none() && start.elapsed() < Duration::from_mins(1) {
        let family = family(child.id());
        children = children.max(family.len() - 1);
        let begun = family.len() > 1;
        for pid in family {
            for file in ["cmdline", "environ"] {
                let text = std::fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
                clean(&format!("{file} of a process"), &text, &secrets);
            }
            // Before the first line of main runs, the limit is still the caller's; a child is begun
            // long after it.
            let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).unwrap_or_default();
            let core = limits.lines().find(|line| line.starts_with("Max core file size"));
            let zero = core.is_none_or(|line| line.split_whitespace().nth(4) == Some("0"));
            assert!(zero || !begun, "{limits}");
        }
        looks += 1;
        std::thread::sleep(Duration::from_millis(10));
    }
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    clean("stderr", said.as_bytes(), &secrets);
    assert!(!child.wait().unwrap().success(), "a silent host gave something: {said}");
    println!("{looks} looks, {children} children at most");
    assert!(looks > 10 && children > 0, "{looks} looks, {children} children: {said}");
}

/// What whoever finds a stick may read: sizes and times, and no name, address or content.
#[test]
fn a_store_holds_no_name_and_no_content_in_clear() {
    let kit = Kit::new();
    let source = git::worktree(&kit.sandbox.path("srv/merger-with-initech"));
    // What does not compress stands in a pack as it is.
    let words = "db-password-Zx81QwErTy";
    git::commit(&source, &[("values-of-initech.yaml", words)], "about the merger");
    git::git(&source, &["branch", "release-of-initech"]);
    kit.source("merger-with-initech", source.to_str().unwrap(), "");
    kit.snapshot();
    kit.run(&["export", "1", "--to", "../one.tar"]).ok();
    let all = [words, "initech", "merger", "srv/", "Test", "release-of"];
    let secrets = all.map(|word| (word.to_owned(), "content"));
    files_are_clean(&kit.store(), &[], &secrets);
    clean("the file", &std::fs::read(kit.sandbox.path("one.tar")).unwrap(), &secrets);
}

/// Words typed at a terminal, for the opener's key and for the job's: they unlock, and are nowhere.
#[test]
fn a_passphrase_that_is_typed_shows_nowhere() {
    const WORDS: &str = "correct horse battery staple 7431";
    let sandbox = Sandbox::new();
    let opener = sandbox.path("opener");
    let keygen = |args: &[&str]| {
        let mut command = sandbox.program(component::find("ssh-keygen"));
        finish(command.args(args)).ok();
    };
    keygen(&["-q", "-t", "ed25519", "-N", WORDS, "-f", opener.to_str().unwrap()]);
    let public = std::fs::read_to_string(sandbox.path("opener.pub")).unwrap();
    let kit = sandbox.path("kit");
    sandbox.run(&["init", kit.to_str().unwrap(), "--opener", public.trim()]).ok();
    keygen(&["-q", "-p", "-P", "", "-N", WORDS, "-f", kit.join("keys/job").to_str().unwrap()]);
    let apps = git::bare(&sandbox.path("srv/apps.git"), "sha1");
    git::grow(&apps, 5, 1);
    sandbox.append(
        "kit/blackstart.toml",
        &format!("\n[[source]]\nkind = \"git\"\nname = \"apps\"\nurl = {}\n", json!(apps)),
    );
    let secrets = [(WORDS.to_owned(), "passphrase")];
    for args in [
        "snapshot --events ../events.jsonl --log-file ../log",
        "verify --full --identity ../opener --log-file ../log",
        "extract --to ../out --identity ../opener --json",
    ] {
        // Without a terminal nobody is asked, and it is not taken from anywhere else.
        let args: Vec<&str> = args.split(' ').collect();
        let ran = sandbox.run_in("kit", &args);
        assert_eq!(ran.status, 12, "{ran}");
        let (code, said) = at_a_terminal(&sandbox, &args, WORDS, &secrets);
        assert_eq!(code, Some(0), "{said}");
        clean("the terminal", said.as_bytes(), &secrets);
    }
    files_are_clean(&sandbox.path(""), &[], &secrets);
}

/// Runs the binary at a terminal of its own and answers every question with `words`; looks at its
/// processes meanwhile.
fn at_a_terminal(
    sandbox: &Sandbox,
    args: &[&str],
    words: &str,
    secrets: &[(String, &str)],
) -> (Option<i32>, String) {
    use std::io::Write as _;
    let line = format!("{} {}", env!("CARGO_BIN_EXE_blackstart"), args.join(" "));
    let mut command = sandbox.program(component::find("script"));
    command.args(["-q", "-e", "-c", &line, "/dev/null"]).current_dir(sandbox.path("kit"));
    let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = pipes.spawn().unwrap();
    let (mut input, mut output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let (sender, heard) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = output.read(&mut buffer) {
            if sender.send(buffer[..count].to_vec()).is_err() {
                return;
            }
        }
    });
    let (mut said, mut answered) = (String::new(), 0);
    loop {
        for pid in family(child.id()) {
            for file in ["cmdline", "environ"] {
                let text = std::fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
                clean(&format!("{file} of a process"), &text, secrets);
            }
        }
        match heard.recv_timeout(Duration::from_millis(20)) {
            Ok(bytes) => said.push_str(&String::from_utf8_lossy(&bytes)),
            Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => break,
            // It waits with a question: only now is the echo off.
            Err(_) if said.ends_with(": ") && said.len() > answered => {
                answered = said.len();
                writeln!(input, "{words}").unwrap();
            }
            Err(_) => {}
        }
    }
    assert!(answered > 0, "nothing was asked: {said}");
    (child.wait().unwrap().code(), said)
}

/// The process and its descendants.
fn family(pid: u32) -> Vec<u32> {
    let mut family = vec![pid];
    let mut at = 0;
    while at < family.len() {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", family[at]));
        for task in tasks.into_iter().flatten().flatten() {
            let list = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
            family.extend(list.split_whitespace().filter_map(|pid| pid.parse::<u32>().ok()));
        }
        at += 1;
    }
    family
}

/// Even when the caller allows core dumps, a crash leaves none.
#[test]
fn a_crash_leaves_no_core() {
    let kit = Kit::new();
    let host = BadHost::start(Temper::Dead);
    kit.source("slow", &host.url("apps.git"), "");
    let script = "ulimit -c unlimited 2>/dev/null || true; \"$B\" snapshot --deadline 8s & pid=$!
                  sleep 1; grep -h 'Max core' /proc/$pid/limits; kill -ABRT $pid; wait $pid || echo $?";
    let mut shell = kit.sandbox.program("sh");
    shell.args(["-c", script]).env("B", env!("CARGO_BIN_EXE_blackstart"));
    let ran = finish(shell.current_dir(kit.path("")));
    assert!(ran.stdout.contains("134"), "{ran}");
    assert!(!ran.stderr.contains("core dumped"), "{ran}");
    let limit: Vec<_> = ran.stdout.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(limit[4..6], ["0", "0"], "{ran}");
    let cores = std::fs::read_dir(kit.path(""))
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with("core"));
    assert_eq!(cores.count(), 0);
}
