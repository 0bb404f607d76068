//! The stand-in, asked by the real git: every protocol version, plain and encrypted, refusals.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

mod support;

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::path::Path;
use std::time::Duration;

use blackstart::standin::http::{GitServer, Options};
use blackstart::standin::tls::Authority;
use blackstart::standin::{Auth, CODES};
use support::{component, git};

fn options() -> Options {
    Options::loopback(component::find("git"))
}

/// A folder with one repository `team/apps.git` of some history.
fn estate() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    git::grow(&git::bare(&folder.path().join("team/apps.git"), "sha1"), 200, 50);
    folder
}

fn mirror(url: &str, to: &Path, config: &[&str]) {
    let mut args: Vec<&str> = config.iter().flat_map(|pair| ["-c", *pair]).collect();
    args.extend(["clone", "--quiet", "--mirror", url, to.to_str().unwrap()]);
    git::git(to.parent().unwrap(), &args);
}

#[test]
fn every_protocol_version_gives_the_same_repository() {
    let estate = estate();
    let server = GitServer::start(estate.path().into(), options()).unwrap();
    let url = format!("{}/team/apps.git", server.url());
    let to = tempfile::tempdir().unwrap();
    let expected = git::picture(&estate.path().join("team/apps.git"));
    for version in ["0", "1", "2"] {
        let copy = to.path().join(version);
        mirror(&url, &copy, &[&format!("protocol.version={version}")]);
        assert_eq!(git::picture(&copy), expected, "version {version}");
    }
    // Without .git at the end, as people type it.
    mirror(url.strip_suffix(".git").unwrap(), &to.path().join("short"), &[]);
    server.stop();
}

#[test]
fn https_with_a_private_authority_and_a_token() {
    let estate = estate();
    let to = tempfile::tempdir().unwrap();
    let authority = Authority::new("blackstart test").unwrap();
    let ca = to.path().join("ca.pem");
    std::fs::write(&ca, authority.certificate_pem()).unwrap();
    let mut options = options();
    options.tls = Some(authority.issue(&["127.0.0.1", "localhost"]).unwrap());
    options.auth = Some(Auth::basic("oauth2", "s3cret"));
    let server = GitServer::start(estate.path().into(), options).unwrap();
    assert!(server.url().starts_with("https://127.0.0.1:"));

    let trusted = format!("http.sslCAInfo={}", ca.display());
    let with =
        |user: &str| format!("{}/team/apps.git", server.url().replace("//", &format!("//{user}")));
    mirror(&with("oauth2:s3cret@"), &to.path().join("copy"), &[&trusted]);
    for (user, config, told) in [
        ("oauth2:wrong@", trusted.as_str(), "Authentication failed"),
        ("", trusted.as_str(), "could not read Username"),
        ("oauth2:s3cret@", "http.sslVerify=true", "certificate"),
    ] {
        let url = with(user);
        let output = git::try_git(to.path(), &["-c", config, "ls-remote", &url]);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && stderr.contains(told), "{user}: {stderr}");
    }
}

#[test]
fn a_bearer_token_is_taken_too() {
    let estate = estate();
    let mut options = options();
    options.auth = Some(Auth::bearer("t0ken"));
    let server = GitServer::start(estate.path().into(), options).unwrap();
    let url = format!("{}/team/apps.git", server.url());
    let header = "http.extraHeader=Authorization: Bearer t0ken";
    assert!(
        git::git(estate.path(), &["-c", header, "ls-remote", &url]).contains("refs/heads/main")
    );
    assert!(!git::try_git(estate.path(), &["ls-remote", &url]).status.success());
}

#[test]
fn shallow_partial_and_by_commit() {
    let estate = estate();
    let server = GitServer::start(estate.path().into(), options()).unwrap();
    let url = format!("{}/team/apps.git", server.url());
    let to = tempfile::tempdir().unwrap();
    for version in ["0", "2"] {
        let config = format!("protocol.version={version}");
        let copy = to.path().join(version);
        let place = copy.to_str().unwrap();
        git::git(to.path(), &["-c", &config, "clone", "-q", "--depth=1", &url, place]);
        assert_eq!(git::git(&copy, &["rev-list", "--count", "HEAD"]), "1");
        git::git(&copy, &["-c", &config, "fetch", "-q", "--deepen=5"]);
        assert_eq!(git::git(&copy, &["rev-list", "--count", "HEAD"]), "6");
        git::git(&copy, &["-c", &config, "fetch", "-q", "--unshallow"]);
        assert_eq!(git::git(&copy, &["rev-list", "--count", "HEAD"]), "200");
        // Argo CD asks for a plain commit.
        let commit = git::git(&copy, &["rev-parse", "HEAD~50"]);
        let other = git::worktree(&to.path().join(format!("{version}-commit")));
        git::git(&other, &["-c", &config, "fetch", "-q", "--depth=1", &url, &commit]);
    }
    let partial = to.path().join("partial");
    let place = partial.to_str().unwrap();
    git::git(to.path(), &["clone", "-q", "--bare", "--filter=blob:none", &url, place]);
}

#[test]
fn sha256_odd_names_and_empty_repositories() {
    let folder = tempfile::tempdir().unwrap();
    let to = tempfile::tempdir().unwrap();
    let server = GitServer::start(folder.path().into(), options()).unwrap();
    for (index, (name, format)) in
        [("große Dinge [alt].git", "sha256"), ("a+b%25.git", "sha1"), ("-x", "sha1")]
            .iter()
            .enumerate()
    {
        let source = git::bare(&folder.path().join(name), format);
        git::grow(&source, 5, 3);
        let encoded = name.replace('%', "%25").replace(' ', "%20").replace('[', "%5B");
        let copy = to.path().join(index.to_string());
        mirror(&format!("{}/{encoded}", server.url()), &copy, &[]);
        assert_eq!(git::picture(&copy), git::picture(&source), "{name}");
    }
    git::bare(&folder.path().join("empty.git"), "sha1");
    mirror(&format!("{}/empty.git", server.url()), &to.path().join("empty"), &[]);
}

#[test]
fn a_repository_of_another_user_with_dangerous_settings_is_served_read_only() {
    let estate = estate();
    let repository = estate.path().join("team/apps.git");
    git::git(&repository, &["config", "http.receivepack", "true"]);
    let marker = estate.path().join("hooked");
    let hook = format!("touch {}; exec \"$@\"", marker.display());
    git::git(&repository, &["config", "uploadpack.packObjectsHook", &hook]);
    // As root, files can be given away; elsewhere this shows less but still holds.
    let _ = std::os::unix::fs::chown(&repository, Some(65534), Some(65534));
    let server = GitServer::start(estate.path().into(), options()).unwrap();
    let url = format!("{}/team/apps.git", server.url());
    let to = tempfile::tempdir().unwrap();
    let copy = to.path().join("copy");
    git::git(to.path(), &["clone", "-q", &url, copy.to_str().unwrap()]);
    git::commit(&copy, &[("x", "y")], "x");
    let push = git::try_git(&copy, &["push", "-q", "origin", "HEAD:refs/heads/x"]);
    let stderr = String::from_utf8_lossy(&push.stderr).into_owned();
    assert!(!push.status.success() && stderr.contains("403"), "{stderr}");
    assert!(!marker.exists(), "a repository's hook was run");
}

/// Sends bytes and the end of them, and returns what comes back until the server closes.
fn raw(server: &GitServer, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.write_all(bytes).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn one_connection_carries_many_requests() {
    let estate = estate();
    let server = GitServer::start(estate.path().into(), options()).unwrap();
    let get = "GET /team/apps.git/info/refs?service=git-upload-pack HTTP/1.1\r\nHost: x\r\n";
    let answer =
        raw(&server, format!("{get}\r\n{get}\r\n{get}Connection: close\r\n\r\n").as_bytes());
    assert_eq!(answer.matches("HTTP/1.1 200 OK\r\n").count(), 3, "{answer}");
    assert_eq!(answer.matches("Connection: close").count(), 1);
}

#[test]
fn what_is_not_a_fetch_is_refused_in_words() {
    let estate = estate();
    std::fs::write(estate.path().join("secret"), "s3cret").unwrap();
    let server = GitServer::start(estate.path().join("team"), options()).unwrap();
    for (request, status) in [
        ("GET /../secret HTTP/1.1\r\n\r\n", "400"),
        ("GET /%2e%2e/secret HTTP/1.1\r\n\r\n", "400"),
        ("GET /apps.git/HEAD HTTP/1.1\r\n\r\n", "404"),
        ("GET /apps.git/info/refs HTTP/1.1\r\n\r\n", "403"),
        ("GET /none.git/info/refs?service=git-upload-pack HTTP/1.1\r\n\r\n", "404"),
        ("PUT /apps.git/git-upload-pack HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", "405"),
        (
            "POST /apps.git/git-receive-pack HTTP/1.1\r\nExpect: 100-continue\r\n\
          Content-Length: 9\r\n\r\n",
            "403",
        ),
        ("nonsense\r\n\r\n", "400"),
        (
            "POST /apps.git/git-upload-pack HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            "400",
        ),
    ] {
        let answer = raw(&server, request.as_bytes());
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{request}: {answer}");
        assert!(!answer.contains("s3cret"));
    }
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(10_000));
    assert!(raw(&server, many.as_bytes()).starts_with("HTTP/1.1 431 "));
}

#[test]
fn a_waiting_client_is_told_to_go_on_and_chunks_are_read() {
    let estate = estate();
    let server = GitServer::start(estate.path().into(), options()).unwrap();
    let body = "14\r\n0014command=ls-refs\n\r\n4\r\n0000\r\n0\r\n\r\n";
    let request = format!(
        "POST /team/apps.git/git-upload-pack HTTP/1.1\r\nHost: x\r\nGit-Protocol: version=2\r\n\
         Content-Type: application/x-git-upload-pack-request\r\nTransfer-Encoding: chunked\r\n\
         Expect: 100-continue\r\nConnection: close\r\n\r\n{body}"
    );
    let answer = raw(&server, request.as_bytes());
    assert!(answer.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("refs/heads/main"), "{answer}");
}

#[test]
fn stop_breaks_what_is_open_and_closes_the_port() {
    let estate = estate();
    let server = GitServer::start(estate.path().into(), options()).unwrap();
    let address = server.address();
    let idle: Vec<_> = (0..20).map(|_| TcpStream::connect(address).unwrap()).collect();
    let mut half = TcpStream::connect(address).unwrap();
    half.write_all(b"POST /team/apps.git/git-upload-pack HTTP/1.1\r\nContent-Length: 9\r\n\r\n")
        .unwrap();
    std::thread::sleep(Duration::from_millis(300));
    server.stop();
    assert!(TcpStream::connect(address).is_err());
    for mut stream in idle {
        stream.set_read_timeout(Some(Duration::from_secs(3))).unwrap();
        assert!(matches!(stream.read(&mut [0]), Ok(0) | Err(_)));
    }
}

#[test]
fn many_clients_at_once_are_all_served() {
    let estate = estate();
    let server = GitServer::start(estate.path().into(), options()).unwrap();
    let url = format!("{}/team/apps.git", server.url());
    let to = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for number in 0..12 {
            let copy = to.path().join(number.to_string());
            let url = url.as_str();
            scope.spawn(move || mirror(url, &copy, &[]));
        }
    });
}

#[test]
fn a_taken_port_is_told_with_its_address() {
    let estate = estate();
    let first = GitServer::start(estate.path().into(), options()).unwrap();
    let taken = Options { listen: first.address(), ..options() };
    let error = GitServer::start(estate.path().into(), taken).unwrap_err();
    assert!(error.to_string().contains(&first.address().to_string()), "{error}");
    assert!(GitServer::start(estate.path().join("gone"), options()).is_err());
    assert_eq!(CODES[0].code, "B1601");
}
