//! The listener: takes connections, bounds their number, and stops for good.
//!
//! A thread serves each connection, because a fetch is long and clients are few. There is no
//! deadline over a whole request: a large clone over a slow line is what this is for.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::auth::Auth;
use super::backend::Backend;
use super::connection::{self, Site};
use super::error::StandinError;
use super::stream::Stream;
use super::table::Table;
use super::tls::Tls;

/// The most connections at a time; further ones wait in the system's queue.
const MAX_CONNECTIONS: usize = 128;
/// How long a client may be silent between requests or within one.
const SILENCE: Duration = Duration::from_mins(1);
/// How long a client may refuse to take what it asked for; it may be busy indexing a pack.
const STALL: Duration = Duration::from_mins(10);
/// How long to wait after the system could not hand out a connection.
const BREATH: Duration = Duration::from_millis(50);

/// How to serve.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to listen; port 0 takes any free one.
    pub listen: SocketAddr,
    /// HTTPS instead of HTTP.
    pub tls: Option<Tls>,
    /// Who may ask; everybody by default.
    pub auth: Option<Auth>,
    /// The git program, an absolute path.
    pub git: PathBuf,
}

impl Options {
    /// Serves everybody on this machine over plain HTTP on a free port.
    pub fn loopback(git: PathBuf) -> Self {
        Self { listen: (Ipv4Addr::LOCALHOST, 0).into(), tls: None, auth: None, git }
    }
}

/// A read-only Git server over the repositories below one folder. Dropping it stops it.
///
/// Symbolic links below the folder are followed: what the owner links, the owner serves.
#[derive(Debug)]
pub struct GitServer {
    address: SocketAddr,
    encrypted: bool,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    site: Site,
    tls: Option<Tls>,
    table: Arc<Table>,
}

impl GitServer {
    /// Starts to serve every repository below `root`.
    pub fn start(root: PathBuf, options: Options) -> Result<Self, StandinError> {
        let root = match root.canonicalize() {
            Ok(root) => root,
            Err(source) => return Err(StandinError::Root { path: root, source }),
        };
        let backend = Backend { git: options.git, root };
        backend.probe()?;
        let fault = |source| StandinError::Listen { address: options.listen, source };
        let listener = TcpListener::bind(options.listen).map_err(fault)?;
        let address = listener.local_addr().map_err(fault)?;
        let encrypted = options.tls.is_some();
        let site = Site { backend, auth: options.auth };
        let shared = Arc::new(Shared { site, tls: options.tls, table: Arc::default() });
        let acceptor = thread::Builder::new()
            .name("git-server".to_owned())
            .spawn({
                let shared = Arc::clone(&shared);
                move || accept(&listener, &shared)
            })
            .map_err(|source| StandinError::Thread { source })?;
        Ok(Self { address, encrypted, shared, acceptor: Some(acceptor) })
    }

    /// Returns the URL below which the repositories lie, without a slash at its end.
    pub fn url(&self) -> String {
        let scheme = if self.encrypted { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// Returns the address that is listened on, with the real port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops listening, breaks every connection, ends every child and waits for all of it.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        let Some(acceptor) = self.acceptor.take() else { return };
        self.shared.table.stop();
        // Wakes the acceptor, which then sees that it is over. Should even that fail, its next
        // client wakes it; waiting for that one would be worse than leaving the thread behind.
        if TcpStream::connect_timeout(&reachable(self.address), Duration::from_secs(5)).is_ok() {
            let _ = acceptor.join();
        }
        self.shared.table.wait_until_empty();
    }
}

impl Drop for GitServer {
    fn drop(&mut self) {
        self.end();
    }
}

/// Returns where a server that listens on every address can be reached from here.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        match address {
            SocketAddr::V4(_) => address.set_ip(Ipv4Addr::LOCALHOST.into()),
            SocketAddr::V6(_) => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        }
    }
    address
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    loop {
        // An error here is one client's, or a shortage that passes.
        let welcomed = listener.accept().and_then(|(tcp, _)| welcome(tcp, shared));
        if !welcomed.unwrap_or_else(|_| !shared.table.pause(BREATH)) {
            return;
        }
    }
}

/// Gives a connection its thread; says whether the server goes on.
fn welcome(tcp: TcpStream, shared: &Arc<Shared>) -> io::Result<bool> {
    tcp.set_read_timeout(Some(SILENCE))?;
    tcp.set_write_timeout(Some(STALL))?;
    tcp.set_nodelay(true)?;
    let Some(seat) = shared.table.admit(&tcp, MAX_CONNECTIONS)? else { return Ok(false) };
    let shared = Arc::clone(shared);
    thread::Builder::new().name("git-client".to_owned()).spawn(move || {
        let tls = shared.tls.as_ref().map(Tls::config);
        if let Ok(stream) = Stream::new(tcp, tls) {
            connection::serve(&shared.site, &seat, stream);
        }
    })?;
    Ok(true)
}
