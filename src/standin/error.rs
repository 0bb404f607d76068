//! Why a server cannot be started or kept. What one client did wrong is answered to that client
//! and is no error here.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::model::explain::{About, Explain, Kind};

/// Why a Git server or a certificate could not be had.
#[derive(Debug, thiserror::Error)]
pub enum StandinError {
    /// The address is taken, not ours, or not permitted.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The folder to serve is not there.
    #[error("cannot serve {}: {source}", path.display())]
    Root {
        /// The folder asked for.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The git program cannot be run.
    #[error("cannot run {}: {why}", path.display())]
    Git {
        /// The program asked for.
        path: PathBuf,
        /// What happened instead of a version.
        why: String,
    },
    /// The system refuses another thread.
    #[error("cannot start a thread for the server: {source}")]
    Thread {
        /// What the system said.
        source: io::Error,
    },
    /// A key or certificate could not be made or read.
    #[error("cannot use the certificate for {name}: {why}")]
    Certificate {
        /// Whom it names.
        name: String,
        /// What is wrong with it.
        why: String,
    },
}

static LISTEN: About = About {
    code: "B1601",
    kind: Kind::Failed,
    meaning: "The Git server could not take its address. Another program has the port, the address \
              is not one of this machine's, or ports below 1024 need more rights. Nothing was \
              started.",
    next: "choose another port, or port 0 for any free one",
};
static ROOT: About = About {
    code: "B1602",
    kind: Kind::Failed,
    meaning: "The folder with the repositories to serve cannot be read. Nothing was started.",
    next: "check the folder; `blackstart extract --to DIR` makes one from a bundle",
};
static GIT: About = About {
    code: "B1603",
    kind: Kind::Failed,
    meaning: "The Git server hands requests to `git http-backend`, which could not be run. Some \
              distributions put it into a package of its own.",
    next: "install git with its HTTP backend and check with `git --exec-path`",
};
static THREAD: About = About {
    code: "B1604",
    kind: Kind::Failed,
    meaning: "The system has no room for another thread. The server was not started.",
    next: "close other programs or raise the limit (`ulimit -u`), then run the command again",
};
static CERTIFICATE: About = About {
    code: "B1605",
    kind: Kind::Failed,
    meaning: "A private key or certificate for HTTPS could not be made or read. The server was not \
              started.",
    next: "check that the host name is a plain DNS name or address and that the files are PEM",
};

/// Every code of this module.
pub static CODES: &[&About] = &[&LISTEN, &ROOT, &GIT, &THREAD, &CERTIFICATE];

impl Explain for StandinError {
    fn about(&self) -> &'static About {
        match self {
            Self::Listen { .. } => &LISTEN,
            Self::Root { .. } => &ROOT,
            Self::Git { .. } => &GIT,
            Self::Thread { .. } => &THREAD,
            Self::Certificate { .. } => &CERTIFICATE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_in_order_and_unique() {
        let codes: Vec<_> = CODES.iter().map(|about| about.code).collect();
        assert!(codes.is_sorted_by(|a, b| a < b), "{codes:?}");
        assert!(codes.iter().all(|code| code.starts_with("B16")), "{codes:?}");
    }
}
