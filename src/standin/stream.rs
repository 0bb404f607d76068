//! One client's connection, plain or encrypted, as one type to read and write.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A connection to a client.
pub(super) enum Stream {
    Plain(TcpStream),
    Encrypted(Box<StreamOwned<ServerConnection, TcpStream>>),
}

impl Stream {
    /// Takes a connection over; with a configuration, the handshake happens at the first read.
    pub(super) fn new(tcp: TcpStream, tls: Option<Arc<ServerConfig>>) -> io::Result<Self> {
        Ok(match tls {
            None => Self::Plain(tcp),
            Some(config) => {
                let session = ServerConnection::new(config).map_err(io::Error::other)?;
                Self::Encrypted(Box::new(StreamOwned::new(session, tcp)))
            }
        })
    }

    /// Says that nothing more will be written, so that the client can tell an end from a break.
    pub(super) fn finish(&mut self) {
        let tcp = match self {
            Self::Plain(tcp) => tcp,
            Self::Encrypted(stream) => {
                stream.conn.send_close_notify();
                // The client may be gone already; then there is nobody to tell.
                let _ = stream.flush();
                &mut stream.sock
            }
        };
        let _ = tcp.shutdown(Shutdown::Write);
    }
}

impl Read for Stream {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(tcp) => tcp.read(into),
            Self::Encrypted(stream) => stream.read(into),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(tcp) => tcp.write(bytes),
            Self::Encrypted(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(tcp) => tcp.flush(),
            Self::Encrypted(stream) => stream.flush(),
        }
    }
}
