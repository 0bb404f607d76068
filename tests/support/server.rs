//! Servers for sources and stores: a Git host with a token and a private authority, sshd, a
//! registry, and hosts that fail in every way that a host can.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use blackstart::standin::Auth;
use blackstart::standin::http::{GitServer, Options};
use blackstart::standin::tls::Authority;

use super::component;

/// A Git host over HTTPS as a company runs it.
pub struct Forge {
    server: GitServer,
    /// The certificate of the private authority.
    pub ca_file: PathBuf,
    /// A file with the token and nothing else.
    pub token_file: PathBuf,
}

impl Forge {
    /// The token that opens it; its user is `oauth2`.
    pub const TOKEN: &str = "glpat-0123456789";

    /// Serves the repositories below `root`; its files go to `folder`.
    pub fn start(root: &Path, folder: &Path) -> Self {
        let authority = Authority::new("Example Corp Internal CA").unwrap();
        let ca_file = folder.join("ca.pem");
        std::fs::write(&ca_file, authority.certificate_pem()).unwrap();
        let token_file = folder.join("token");
        std::fs::write(&token_file, format!("{}\n", Self::TOKEN)).unwrap();
        let mut options = Options::loopback(component::find("git"));
        options.tls = Some(authority.issue(&["127.0.0.1", "localhost"]).unwrap());
        options.auth = Some(Auth::basic("oauth2", Self::TOKEN));
        Self { server: GitServer::start(root.into(), options).unwrap(), ca_file, token_file }
    }

    /// Returns a repository's URL.
    pub fn url(&self, repository: &str) -> String {
        format!("{}/{}", self.server.url(), escape(repository))
    }

    /// Shuts the host down.
    pub fn stop(self) {
        self.server.stop();
    }
}

/// Writes a path as a URL has it.
pub fn escape(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
    path.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// Serves repositories over plain HTTP to everybody.
pub fn http(root: &Path) -> GitServer {
    GitServer::start(root.into(), Options::loopback(component::find("git"))).unwrap()
}

/// A child that is a server, ended with this value.
struct Daemon(Child);

impl Daemon {
    /// Starts it and waits until its port answers.
    fn start(command: &mut Command, address: SocketAddr) -> Self {
        let line = format!("{command:?}");
        let mut child = command.stdin(Stdio::null()).spawn().unwrap();
        let start = Instant::now();
        while TcpStream::connect(address).is_err() {
            if let Some(status) = child.try_wait().unwrap() {
                panic!("{line} ended at once: {status}");
            }
            assert!(start.elapsed() < Duration::from_mins(3), "{line} does not answer");
            std::thread::sleep(Duration::from_millis(20));
        }
        Self(child)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Returns a port that is free at this moment.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// An sshd on loopback with keys of its own.
pub struct Sshd {
    _daemon: Daemon,
    user: String,
    port: u16,
    /// The client's private key.
    pub key: PathBuf,
    /// The right known_hosts.
    pub known_hosts: PathBuf,
}

impl Sshd {
    /// Starts it; its files go to `folder`.
    pub fn start(folder: &Path) -> Self {
        let port = free_port();
        let keygen = |name: &str| {
            let path = folder.join(name);
            let args = ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f"];
            let mut command = Command::new(component::find("ssh-keygen"));
            assert!(command.args(args).arg(&path).status().unwrap().success());
            path
        };
        let (host, key) = (keygen("ssh_host_key"), keygen("ssh_client_key"));
        let public = |path: &Path| std::fs::read_to_string(path.with_extension("pub")).unwrap();
        let authorized = folder.join("authorized_keys");
        std::fs::write(&authorized, public(&key)).unwrap();
        let known_hosts = folder.join("known_hosts");
        std::fs::write(&known_hosts, format!("[127.0.0.1]:{port} {}", public(&host))).unwrap();
        let config = folder.join("sshd_config");
        let text = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile {}\nStrictModes \
             no\nUsePAM no\nPidFile none\nPasswordAuthentication no\nPermitRootLogin \
             prohibit-password\nAcceptEnv GIT_PROTOCOL\nMaxStartups 100\nLogLevel ERROR\n",
            host.display(),
            authorized.display(),
        );
        std::fs::write(&config, text).unwrap();
        // Debian's sshd wants this folder when root starts it; its service makes it elsewhere.
        let _ = std::fs::create_dir_all("/run/sshd");
        let mut command = Command::new(component::find("sshd"));
        command.args(["-D", "-e", "-f"]).arg(&config);
        let daemon = Daemon::start(&mut command, ([127, 0, 0, 1], port).into());
        let user = Command::new("id").arg("-un").output().unwrap().stdout;
        let user = String::from_utf8(user).unwrap().trim().to_owned();
        Self { _daemon: daemon, user, port, key, known_hosts }
    }

    /// Returns the URL of a repository by its absolute path.
    pub fn url(&self, path: &Path) -> String {
        format!("ssh://{}@127.0.0.1:{}{}", self.user, self.port, path.display())
    }

    /// Returns where it listens.
    pub fn address(&self) -> SocketAddr {
        ([127, 0, 0, 1], self.port).into()
    }

    /// Returns the command that logs in with a terminal through this port, which leads here.
    pub fn login(&self, port: u16) -> String {
        format!(
            "{} -tt -o HostKeyAlias=[127.0.0.1]:{} -o EscapeChar=none -p {port} {}@127.0.0.1",
            self.command(&self.known_hosts),
            self.port,
            self.user
        )
    }

    /// Returns the `GIT_SSH_COMMAND` that reaches it and trusts `known_hosts`.
    pub fn command(&self, known_hosts: &Path) -> String {
        format!(
            "ssh -F /dev/null -i {} -o IdentitiesOnly=yes -o BatchMode=yes -o \
             StrictHostKeyChecking=yes -o UserKnownHostsFile={}",
            self.key.display(),
            known_hosts.display(),
        )
    }
}

/// A registry on loopback, over plain HTTP.
pub struct Registry {
    _daemon: Daemon,
    port: u16,
}

impl Registry {
    /// Starts it; what it holds goes to `folder`.
    pub fn start(folder: &Path) -> Self {
        let port = free_port();
        let config = folder.join("registry.yml");
        let text = format!(
            "version: 0.1\nlog: {{level: error, accesslog: {{disabled: true}}}}\nstorage: \
             {{filesystem: {{rootdirectory: {}}}}}\nhttp: {{addr: '127.0.0.1:{port}'}}\n",
            folder.join("registry").display(),
        );
        std::fs::write(&config, text).unwrap();
        let mut command = Command::new(component::find("docker-registry"));
        command.arg("serve").arg(&config).stdout(Stdio::null()).stderr(Stdio::null());
        Self { _daemon: Daemon::start(&mut command, ([127, 0, 0, 1], port).into()), port }
    }

    /// Returns a repository in it, as skopeo names it; needs `--tls-verify=false`.
    pub fn reference(&self, repository: &str) -> String {
        format!("docker://127.0.0.1:{}/{repository}", self.port)
    }
}

/// A host that is there and does not do its work.
#[derive(Clone, Copy, Debug)]
pub enum Temper {
    /// Takes the connection and never says a word.
    Dead,
    /// Begins an answer and falls silent.
    Stalled,
    /// Knows no repository.
    NotFound,
    /// Asks for a password, whatever is presented.
    WrongToken,
    /// Sends everybody to a page to sign in.
    SignInPage,
    /// Is overloaded.
    Unavailable,
    /// Hangs up in the middle of the refs.
    HangsUp,
}

impl Temper {
    fn answer(self) -> Option<&'static [u8]> {
        Some(match self {
            Self::Dead => return None,
            Self::Stalled => {
                b"HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-advertisement\r\n\
                  Transfer-Encoding: chunked\r\n\r\n1e\r\n001e# service=git-upload-pack\n"
            }
            Self::NotFound => b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
            Self::WrongToken => {
                b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\n\
                  Content-Length: 0\r\n\r\n"
            }
            Self::SignInPage => {
                b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 62\r\n\r\n\
                  <!DOCTYPE html>\n<html>\n<title>Sign in</title>\nplease\n</html>\n\n"
            }
            Self::Unavailable => {
                b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 120\r\nContent-Length: 0\r\n\r\n"
            }
            Self::HangsUp => {
                b"HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-advertisement\r\n\
                  Content-Length: 5000\r\n\r\n001e# service=git-upload-pack\n00000155"
            }
        })
    }
}

/// A listener of some temper, until it is dropped.
pub struct BadHost {
    address: SocketAddr,
    calls: std::sync::Arc<std::sync::atomic::AtomicUsize>,
    stopping: std::sync::Arc<std::sync::atomic::AtomicBool>,
}

impl BadHost {
    /// Starts it on loopback.
    pub fn start(temper: Temper) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let stopping = std::sync::Arc::<std::sync::atomic::AtomicBool>::default();
        let calls = std::sync::Arc::<std::sync::atomic::AtomicUsize>::default();
        let (seen, called) = (std::sync::Arc::clone(&stopping), std::sync::Arc::clone(&calls));
        std::thread::spawn(move || {
            let mut held = Vec::new();
            for stream in listener.incoming().flatten() {
                if seen.load(std::sync::atomic::Ordering::Relaxed) {
                    return;
                }
                called.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                let kept = stream.try_clone().unwrap();
                std::thread::spawn(move || misbehave(temper, stream));
                held.push(kept);
            }
        });
        Self { address, calls, stopping }
    }

    /// Returns how often somebody connected.
    pub fn calls(&self) -> usize {
        self.calls.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// Returns the URL of a repository there.
    pub fn url(&self, repository: &str) -> String {
        format!("http://{}/{repository}", self.address)
    }
}

impl Drop for BadHost {
    fn drop(&mut self) {
        self.stopping.store(true, std::sync::atomic::Ordering::Relaxed);
        let _ = TcpStream::connect(self.address);
    }
}

fn misbehave(temper: Temper, mut stream: TcpStream) {
    let mut request = [0; 4096];
    while stream.read(&mut request).is_ok_and(|read| read > 0) {
        if let Some(answer) = temper.answer() {
            let _ = stream.write_all(answer);
        }
        if matches!(temper, Temper::HangsUp) {
            let _ = stream.shutdown(std::net::Shutdown::Both);
            return;
        }
    }
}
