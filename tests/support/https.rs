//! A small HTTPS server of a test, for what an API server calls: webhooks, aggregated APIs.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{CertificateParams, CertifiedIssuer, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::Value;

/// What was asked.
pub struct Request {
    pub method: String,
    /// The path and the query.
    pub target: String,
    pub body: Value,
}

/// A status and a body.
pub type Answer = (u16, Value);

/// A server with a certificate and a port of its own. It ends with the test's process.
pub struct Https {
    config: Arc<ServerConfig>,
    authority: String,
    pub address: SocketAddr,
}

impl Https {
    /// Makes its certificate for `name` and finds it a port; nothing listens there yet.
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let leaf = leaf.signed_by(&key, &issuer).unwrap();
        let secret = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], secret)
            .unwrap();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        Self { config: Arc::new(config), authority: issuer.pem(), address }
    }

    /// Its authority, as `caBundle` wants it.
    pub fn ca_bundle(&self) -> String {
        STANDARD.encode(&self.authority)
    }

    /// Answers from now on.
    pub fn listen(&self, answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) {
        let listener = TcpListener::bind(self.address).unwrap();
        let (config, answer) = (self.config.clone(), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().filter_map(Result::ok) {
                let (config, answer) = (config.clone(), Arc::clone(&answer));
                std::thread::spawn(move || converse(stream, config, answer.as_ref()));
            }
        });
    }
}

/// Answers the requests of one connection.
fn converse(
    stream: TcpStream,
    config: Arc<ServerConfig>,
    answer: &(dyn Fn(&Request) -> Answer + Send + Sync),
) -> Option<()> {
    let mut stream = StreamOwned::new(ServerConnection::new(config).ok()?, stream);
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).ok()?;
            head.push(byte[0]);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let (line, fields) = head.split_once("\r\n")?;
        let mut words = line.split(' ').map(str::to_owned);
        let (method, target) = (words.next()?, words.next()?);
        let fields = fields.to_lowercase();
        let length = fields.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.map_or(Some(0), |length| length.trim().parse().ok())?];
        stream.read_exact(&mut body).ok()?;
        let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
        let (status, said) = answer(&Request { method, target, body });
        let said = said.to_string();
        let length = said.len();
        write!(
            stream,
            "HTTP/1.1 {status} x\r\nContent-Type: application/json\r\nContent-Length: \
             {length}\r\n\r\n{said}"
        )
        .ok()?;
        stream.flush().ok()?;
    }
}
