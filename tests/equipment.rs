//! The test equipment, tested: a server that is not what it claims to be proves nothing.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

mod support;

use support::sandbox::{Sandbox, finish};
use support::server::{BadHost, Forge, Registry, Sshd, Temper};
use support::{component, git, zoo};

#[test]
fn the_zoo_is_what_it_says() {
    let sandbox = Sandbox::new();
    let animals = zoo::zoo(&sandbox.path("zoo"));
    let picture =
        |name: &str| git::picture(&animals.iter().find(|animal| animal.name == name).unwrap().path);
    assert_eq!(picture("empty").refs, "");
    assert_eq!(picture("unborn-head").head, "refs/heads/not-yet");
    assert_eq!(picture("other-head").head, "refs/heads/develop");
    assert_eq!(picture("detached-head").head.len(), 40);
    assert!(picture("notes-and-reviews").refs.contains("refs/notes/commits"));
    assert!(picture("tags").refs.contains("refs/tags/light-blob"));
    assert_eq!(picture("sha256").refs.split(' ').nth(1).map(str::len), Some(64));
    let crowd = git::picture(&zoo::crowd(&sandbox.path("crowd.git"), 18_000));
    assert_eq!(crowd.refs.lines().count(), 18_000);
}

#[test]
fn sshd_serves_to_its_key_and_its_known_hosts_only() {
    let sandbox = Sandbox::new();
    let repository = git::bare(&sandbox.path("apps.git"), "sha1");
    git::grow(&repository, 3, 2);
    let sshd = Sshd::start(&sandbox.path("run"));
    let other = sandbox.write("other_hosts", "");
    for (known_hosts, works) in [(&sshd.known_hosts, true), (&other, false)] {
        let mut command = git::command(&sandbox.path("work"));
        command.env("GIT_SSH_COMMAND", sshd.command(known_hosts));
        let output = command.args(["ls-remote", &sshd.url(&repository)]).output().unwrap();
        assert_eq!(output.status.success(), works, "{output:?}");
    }
}

#[test]
fn the_forge_wants_its_token_and_its_authority() {
    let sandbox = Sandbox::new();
    git::grow(&git::bare(&sandbox.path("srv/team/große apps.git"), "sha1"), 3, 2);
    let forge = Forge::start(&sandbox.path("srv"), &sandbox.path("run"));
    let url = forge.url("team/große apps.git");
    let ca = format!("http.sslCAInfo={}", forge.ca_file.display());
    let header = format!("url.{}.insteadOf=x:", url.replace("//", "//oauth2:glpat-0123456789@"));
    git::git(&sandbox.path("work"), &["-c", &ca, "-c", &header, "ls-remote", "x:"]);
    let refused = git::try_git(&sandbox.path("work"), &["-c", &ca, "ls-remote", &url]);
    assert!(!refused.status.success());
    forge.stop();
}

#[test]
fn bad_hosts_fail_each_in_its_way() {
    let sandbox = Sandbox::new();
    for (temper, told) in [
        (Temper::NotFound, "not found"),
        (Temper::WrongToken, "could not read Username"),
        (Temper::SignInPage, "not valid: is this a git repository"),
        (Temper::Unavailable, "503"),
        (Temper::HangsUp, "fatal"),
    ] {
        let host = BadHost::start(temper);
        let output = git::try_git(&sandbox.path("work"), &["ls-remote", &host.url("x.git")]);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && stderr.contains(told), "{temper:?}: {stderr}");
    }
    for temper in [Temper::Dead, Temper::Stalled] {
        let host = BadHost::start(temper);
        let mut command = git::command(&sandbox.path("work"));
        command.args(["ls-remote", &host.url("x.git")]).stderr(std::process::Stdio::null());
        let mut child = command.spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(700));
        assert!(child.try_wait().unwrap().is_none(), "{temper:?} answered");
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

#[test]
fn the_registry_takes_an_image_layout() {
    let sandbox = Sandbox::new();
    let registry = Registry::start(&sandbox.path("run"));
    let to = registry.reference("none:latest");
    let skopeo = component::find("skopeo");
    let ran = finish(sandbox.program(skopeo).args(["inspect", "--tls-verify=false", &to]));
    assert!(ran.stderr.contains("manifest unknown"), "{ran}");
}
