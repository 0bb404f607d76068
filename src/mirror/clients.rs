//! The http clients below all conversations: one for each file of certificates, so that
//! connections are used again. Proxies are those that were handed in; redirects stay at home.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use reqwest::blocking::Client;

use crate::disk::limit;

use super::fault::{Trouble, chain};
use super::options::Options;

/// A file of certificates is no larger than this.
const CA_LIMIT: u64 = 16 << 20;
const REDIRECTS: usize = 5;
const AGENT: &str = concat!("git/2.0 (blackstart/", env!("CARGO_PKG_VERSION"), ")");

/// One client for each file of certificates, so that connections are used again.
pub(super) struct Clients<'a> {
    options: &'a Options,
    made: Mutex<HashMap<Option<PathBuf>, Client>>,
}

impl<'a> Clients<'a> {
    pub(super) fn new(options: &'a Options) -> Self {
        Self { options, made: Mutex::default() }
    }

    pub(super) fn get(&self, ca_file: Option<&Path>) -> Result<Client, Trouble> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let key = ca_file.map(Path::to_owned);
        if let Some(client) = made.get(&key) {
            return Ok(client.clone());
        }
        let client = self.build(ca_file)?;
        made.insert(key, client.clone());
        Ok(client)
    }

    fn build(&self, ca_file: Option<&Path>) -> Result<Client, Trouble> {
        let wrong = |what: &str, error: &reqwest::Error| {
            Trouble::yours(format!("{what}: {}", chain(error)))
        };
        let mut builder = Client::builder()
            .user_agent(AGENT)
            .http1_only()
            .no_proxy()
            .timeout(self.options.stall)
            .connect_timeout(self.options.connect)
            .pool_max_idle_per_host(self.options.per_host)
            .redirect(reqwest::redirect::Policy::custom(follow));
        if let Some(path) = ca_file {
            let pem = limit::read(path, CA_LIMIT)
                .map_err(|error| Trouble::yours(format!("ca-file: {error}")))?;
            let roots = reqwest::Certificate::from_pem_bundle(&pem)
                .map_err(|error| wrong("ca-file", &error))?;
            builder = builder.tls_certs_merge(roots);
        }
        let environment = &self.options.environment;
        let direct = environment.no_proxy.as_deref().and_then(reqwest::NoProxy::from_string);
        let proxies: [(&Option<String>, MakeProxy); 2] = [
            (&environment.https_proxy, |url| reqwest::Proxy::https(url)),
            (&environment.http_proxy, |url| reqwest::Proxy::http(url)),
        ];
        for (url, make) in proxies {
            if let Some(url) = url.as_deref().filter(|url| !url.is_empty()) {
                let proxy = make(url).map_err(|error| wrong("proxy", &error.without_url()))?;
                builder = builder.proxy(proxy.no_proxy(direct.clone()));
            }
        }
        builder.build().map_err(|error| Trouble::here(chain(&error)))
    }
}

/// Makes a proxy of a URL.
type MakeProxy = fn(&str) -> reqwest::Result<reqwest::Proxy>;

/// Follows a redirect on the same scheme, host and port only.
fn follow(attempt: reqwest::redirect::Attempt<'_>) -> reqwest::redirect::Action {
    let same = attempt.previous().first().is_some_and(|first| {
        let key = |url: &reqwest::Url| {
            (
                url.scheme().to_owned(),
                url.host_str().map(str::to_owned),
                url.port_or_known_default(),
            )
        };
        key(first) == key(attempt.url())
    });
    if !same {
        let to = attempt.url().host_str().unwrap_or_default().to_owned();
        let scheme = attempt.url().scheme().to_owned();
        return attempt.error(format!("it redirects to {scheme}://{to}, which is not followed"));
    }
    if attempt.previous().len() > REDIRECTS {
        return attempt.error("it redirects in circles");
    }
    attempt.follow()
}
