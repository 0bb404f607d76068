//! The same repository by every way there is: HTTPS with a private authority and a token, ssh,
//! plain HTTP, a path, a `file://` URL.

use serde_json::json;

use crate::support::kit::{Kit, extracted};
use crate::support::server::{self, Forge, Sshd};
use crate::support::{git, sandbox};

#[test]
fn https_ssh_http_and_paths_give_the_same_bytes() {
    let mut kit = Kit::new();
    let root = kit.sandbox.path("srv");
    let apps = git::bare(&root.join("team/große apps.git"), "sha1");
    git::grow(&apps, 200, 40);
    let forge = Forge::start(&root, &kit.sandbox.path("run"));
    let sshd = Sshd::start(&kit.sandbox.path("run"));
    let plain = server::http(&root);
    kit.sandbox.set("GIT_SSH_COMMAND", sshd.command(&sshd.known_hosts));

    let path = "team/große apps.git";
    let https = format!(
        "credential = {{ token-file = {} }}\nca-file = {}",
        json!(forge.token_file),
        json!(forge.ca_file)
    );
    kit.source("https", &forge.url(path), &https);
    kit.source("ssh", &sshd.url(&apps), "");
    kit.source("http", &format!("{}/{}", plain.url(), server::escape(path)), "");
    kit.source("path", apps.to_str().unwrap(), "");
    kit.source("file", &format!("file://{}", server::escape(apps.to_str().unwrap())), "");

    let taken = kit.snapshot();
    assert_eq!(taken["repos"]["fresh"], 5, "{taken}");
    let out = kit.extract("out", &[]);
    for name in ["https", "ssh", "http", "path", "file"] {
        assert_eq!(git::picture(&extracted(&out, name)), git::picture(&apps), "{name}");
    }
    // The token is nowhere: not in the bundle's index, not in the mirrors, not in the kit.
    let grep = sandbox::finish(
        kit.sandbox
            .program("grep")
            .args(["-rlF", Forge::TOKEN, "--exclude=token"])
            .arg(kit.sandbox.path("")),
    );
    assert_eq!(grep.stdout, "", "the token was written down");
    forge.stop();
}

/// A host whose key has changed is not spoken to.
#[test]
fn a_changed_ssh_host_key_stops_that_source_loudly() {
    let mut kit = Kit::new();
    let apps = git::bare(&kit.sandbox.path("srv/apps.git"), "sha1");
    git::grow(&apps, 3, 1);
    let sshd = Sshd::start(&kit.sandbox.path("run"));
    let known = std::fs::read_to_string(&sshd.known_hosts).unwrap();
    let host = known.split(' ').next().unwrap();
    let other = std::fs::read_to_string(sshd.key.with_extension("pub")).unwrap();
    let hosts = kit.sandbox.write("other_hosts", format!("{host} {other}"));
    kit.sandbox.set("GIT_SSH_COMMAND", sshd.command(&hosts));
    kit.source("apps", &sshd.url(&apps), "");
    kit.run(&["snapshot"]).exits(1).says("host key");
}

#[test]
fn a_big_repository_over_https() {
    let kit = Kit::new();
    let root = kit.sandbox.path("srv");
    let big = git::bare(&root.join("big.git"), "sha1");
    git::grow(&big, 10_000, 5_000);
    let forge = Forge::start(&root, &kit.sandbox.path("run"));
    let more = format!(
        "credential = {{ token-command = [\"cat\", {}] }}\nca-file = {}",
        json!(forge.token_file),
        json!(forge.ca_file)
    );
    kit.source("big", &forge.url("big.git"), &more);
    kit.snapshot();
    let out = kit.extract("out", &[]);
    assert_eq!(git::picture(&extracted(&out, "big")), git::picture(&big));
}
