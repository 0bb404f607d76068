//! A Git server over bare repositories, for the hours in which the real one is gone.
//!
//! [`http::GitServer`] speaks the smart protocol (v0, v1, v2) over HTTP/1.1 and HTTPS, read-only,
//! and leaves the Git part to `git http-backend`. [`tls::Authority`] is a private certificate
//! authority for it.
//!
//! ```text
//! http         the listener: accepts, bounds, stops
//! connection   one client: requests in turn, refusals, keep-alive
//! request      the head of a request, bounded and unambiguous
//! body         its body, by length or in chunks
//! route        which repository and which of two services; nothing else exists
//! auth         who may ask
//! table        who is connected, and how to end it
//! backend      the `git http-backend` child behind one request
//! ```

mod auth;
mod backend;
mod body;
mod connection;
mod error;
pub mod http;
mod request;
mod route;
mod stream;
mod table;
pub mod tls;

pub use auth::Auth;
pub use error::{CODES, StandinError};
