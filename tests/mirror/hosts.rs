//! Hosts that misbehave: each is named with whose fault it is, and none holds the others up.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::Duration;

use blackstart::mirror::{Options, RepoState, Whose};
use blackstart::model::cancel::Cancel;
use blackstart::source::{Credential, Spec};

use crate::running::{run, run_until, spec};
use crate::support::git::{bare, grow, picture};
use crate::support::server::{BadHost, Forge, Temper, http};

fn impatient(root: &Path) -> Options {
    let mut options = Options::new(root);
    options.stall = Duration::from_secs(5);
    options.connect = Duration::from_secs(5);
    options
}

#[test]
fn among_fifty_sources_the_bad_ones_are_named_and_the_others_captured() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("sources");
    for number in 0..38 {
        grow(&bare(&root.join(format!("r{number}.git")), "sha1"), 5, 2);
    }
    let server = http(&root);
    let forge = Forge::start(&root, folder.path());
    let (dead, stalled) = (BadHost::start(Temper::Dead), BadHost::start(Temper::Stalled));
    let wrong = folder.path().join("wrong");
    std::fs::write(&wrong, "guessed").unwrap();
    let mut specs: Vec<Spec> = (0..38)
        .map(|number| spec(&format!("r{number}"), &format!("{}/r{number}.git", server.url())))
        .collect();
    specs.extend((0..9).map(|number| spec(&format!("dead{number}"), &dead.url("x.git"))));
    specs.push(spec("missing", &format!("{}/nowhere.git", server.url())));
    specs.push(spec("stalled", &stalled.url("x.git")));
    specs.push(Spec {
        ca_file: Some(forge.ca_file.clone()),
        credential: Credential::TokenFile(wrong),
        ..spec("token", &forge.url("r1.git"))
    });
    assert_eq!(specs.len(), 50);
    let options = impatient(&folder.path().join("mirrors"));
    let run = run(&specs, &options);
    for number in 0..38 {
        let name = format!("r{number}");
        assert_eq!(run.state(&name), RepoState::Fresh, "{}", run.fault(&name));
        run.assert_equal(&name, &root.join(format!("{name}.git")));
    }
    for (name, whose, said) in [
        ("dead0", Whose::Them, "does not answer"),
        ("dead8", Whose::Them, "does not answer"),
        ("missing", Whose::Them, "no such repository"),
        ("stalled", Whose::Them, "stopped sending"),
        ("token", Whose::You, "does not accept the credential"),
    ] {
        assert_eq!(run.state(name), RepoState::Never);
        let fault = run.get(name).fault.clone().unwrap();
        assert!(fault.whose == whose && fault.what.contains(said), "{name}: {fault}");
    }
    // Whoever asked before the first answer failed to come waited for it, and nobody after that.
    let calls = dead.calls();
    assert!((1..=options.per_host).contains(&calls), "a dead host costs one deadline: {calls}");
}

#[test]
fn a_host_that_turns_bad_takes_no_copy_away() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("sources");
    let source = bare(&root.join("x.git"), "sha1");
    grow(&source, 30, 3);
    let server = http(&root);
    let options = impatient(&folder.path().join("mirrors"));
    let names = ["dead", "stalled", "gone", "token", "page", "busy", "hangs", "refused"];
    let good: Vec<Spec> =
        names.iter().map(|name| spec(name, &format!("{}/x.git", server.url()))).collect();
    run(&good, &options).assert_all(RepoState::Fresh);
    server.stop();
    let tempers = [
        Temper::Dead,
        Temper::Stalled,
        Temper::NotFound,
        Temper::WrongToken,
        Temper::SignInPage,
        Temper::Unavailable,
        Temper::HangsUp,
    ];
    let hosts: Vec<BadHost> = tempers.into_iter().map(BadHost::start).collect();
    let urls = hosts.iter().map(|host| host.url("x.git")).chain([closed_port()]);
    let bad: Vec<Spec> = names.iter().zip(urls).map(|(name, url)| spec(name, &url)).collect();
    let second = run(&bad, &options);
    for (name, state, whose) in [
        ("dead", RepoState::Carried, Whose::Them),
        ("stalled", RepoState::Carried, Whose::Them),
        ("gone", RepoState::Gone, Whose::Them),
        ("token", RepoState::Carried, Whose::You),
        ("page", RepoState::Refused, Whose::Them),
        ("busy", RepoState::Carried, Whose::Them),
        ("hangs", RepoState::Carried, Whose::Them),
        ("refused", RepoState::Carried, Whose::Them),
    ] {
        println!("{name}: {}", second.fault(name));
        assert_eq!(second.state(name), state, "{name}: {}", second.fault(name));
        assert_eq!(second.get(name).fault.clone().unwrap().whose, whose, "{name}");
        assert_eq!(picture(second.path(name)), picture(&source), "{name}");
        assert!(second.get(name).proven_at.is_some());
    }
}

fn closed_port() -> String {
    let port = crate::support::server::free_port();
    format!("http://127.0.0.1:{port}/x.git")
}

/// Answers every request with what `answer` writes.
pub(crate) fn answering(
    answer: impl Fn(&mut dyn std::io::Write) + Send + Sync + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let answer = std::sync::Arc::new(answer);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let answer = std::sync::Arc::clone(&answer);
            std::thread::spawn(move || {
                let mut request = [0; 4096];
                while stream.read(&mut request).is_ok_and(|read| read > 0) {
                    answer(&mut stream);
                }
            });
        }
    });
    address
}

#[test]
fn redirects_to_another_host_or_scheme_are_refused_and_carry_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let seen = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = std::sync::Arc::clone(&seen);
    let other = answering(move |_| {
        count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
    });
    let redirect = |to: String| {
        answering(move |stream| {
            let line = format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n");
            let _ = stream.write_all(line.as_bytes());
        })
    };
    let host = redirect(format!("http://{other}/x.git/info/refs?service=git-upload-pack"));
    let scheme = redirect("https://127.0.0.1/x.git/info/refs".to_owned());
    let file = redirect("file:///etc/passwd".to_owned());
    let token = folder.path().join("token");
    std::fs::write(&token, "secret").unwrap();
    let specs = [("host", host), ("scheme", scheme), ("file", file)].map(|(name, at)| Spec {
        credential: Credential::TokenFile(token.clone()),
        ..spec(name, &format!("http://{at}/x.git"))
    });
    let run = run(&specs, &impatient(&folder.path().join("mirrors")));
    for name in ["host", "scheme"] {
        assert_eq!(run.state(name), RepoState::Refused, "{}", run.fault(name));
        assert!(run.fault(name).contains("redirects"), "{}", run.fault(name));
    }
    assert!(!run.state("file").is_current());
    assert_eq!(seen.load(std::sync::atomic::Ordering::SeqCst), 0);
}

#[test]
fn a_redirect_on_the_same_host_is_followed() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("sources");
    grow(&bare(&root.join("new.git"), "sha1"), 5, 1);
    let server = http(&root);
    let inner = server.address();
    // A host that moved a repository: one answer of its own, all else passed on.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            std::thread::spawn(move || pass_on(&mut stream, inner));
        }
    });
    let specs = [spec("moved", &format!("http://{address}/old.git"))];
    let run = run(&specs, &impatient(&folder.path().join("mirrors")));
    run.assert_all(RepoState::Fresh);
    run.assert_equal("moved", &root.join("new.git"));
}

fn pass_on(stream: &mut std::net::TcpStream, inner: SocketAddr) {
    let mut request = vec![0; 65536];
    let Ok(read) = stream.read(&mut request) else { return };
    request.truncate(read);
    if request.starts_with(b"GET /old.git") {
        let to = "/new.git/info/refs?service=git-upload-pack";
        let line = format!(
            "HTTP/1.1 301 Moved\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        );
        let _ = stream.write_all(line.as_bytes());
        return;
    }
    let mut far = std::net::TcpStream::connect(inner).unwrap();
    far.write_all(&request).unwrap();
    let (mut from, mut to) = (far.try_clone().unwrap(), stream.try_clone().unwrap());
    std::thread::spawn(move || std::io::copy(&mut from, &mut to));
    let _ = std::io::copy(stream, &mut far);
}

#[test]
fn a_server_that_never_stops_sending_is_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let head =
        "HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-advertisement\r\n\r\n";
    let first = format!("{} HEAD\0agent=x object-format=sha1\n", "1".repeat(40));
    let first = format!("001e# service=git-upload-pack\n0000{:04x}{first}", first.len() + 4);
    let begin = move |stream: &mut dyn std::io::Write| {
        let _ = stream.write_all(head.as_bytes());
        let _ = stream.write_all(first.as_bytes());
    };
    let begin_too = begin.clone();
    let endless = answering(move |stream| {
        begin(stream);
        let line = format!("{} refs/heads/{}\n", "1".repeat(40), "x".repeat(900));
        let lines = format!("{:04x}{line}", line.len() + 4).into_bytes().repeat(50);
        while stream.write_all(&lines).is_ok() {}
    });
    let trickle = answering(move |stream| {
        begin_too(stream);
        let line = format!("0044{} refs/heads/a-branch-\n", "1".repeat(40)).into_bytes();
        for byte in line.iter().cycle() {
            if stream.write_all(&[*byte]).is_err() {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    });
    let specs = [
        spec("endless", &format!("http://{endless}/x.git")),
        spec("trickle", &format!("http://{trickle}/x.git")),
    ];
    let mut options = impatient(&folder.path().join("mirrors"));
    // The one meets the limit of bytes, the other the end of the time, which stops both.
    for (spec, seconds, state, said) in [
        (&specs[0], 300, RepoState::Refused, "more bytes than the limit"),
        (&specs[1], 6, RepoState::Never, "ran out"),
    ] {
        options.deadline = Duration::from_secs(seconds);
        let run = run(std::slice::from_ref(spec), &options);
        let name = &spec.name;
        assert_eq!(run.state(name), state, "{}", run.fault(name));
        assert!(run.fault(name).contains(said), "{name}: {}", run.fault(name));
        assert!(run.get(name).path.is_none());
    }
}

#[test]
fn all_stop_at_the_deadline_and_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    let slow = folder.path().join("slow");
    std::fs::write(&slow, "#!/bin/sh\nsleep 60\n").unwrap();
    let mut mode = std::fs::metadata(&slow).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut mode, 0o755);
    std::fs::set_permissions(&slow, mode).unwrap();
    let specs: Vec<Spec> =
        (0..20).map(|number| spec(&format!("s{number}"), "nobody@host.invalid:x.git")).collect();
    let mut options = Options::new(folder.path().join("mirrors"));
    options.environment.git_ssh_command = Some(PathBuf::from(&slow).into());
    options.deadline = Duration::from_secs(2);
    let late = run(&specs, &options);
    // Each of the twenty would take a minute.
    assert!(late.took < Duration::from_secs(30), "{:?}", late.took);
    assert!(late.fault("s0").contains("ran out"), "{}", late.fault("s0"));
    options.deadline = Duration::from_mins(1);
    let cancel = Cancel::new();
    let stopped = std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(500));
            cancel.request();
        });
        run_until(&specs, &options, &cancel)
    });
    assert!(stopped.took < Duration::from_secs(30), "{:?}", stopped.took);
    assert!(stopped.fault("s19").contains("stopped"), "{}", stopped.fault("s19"));
}
