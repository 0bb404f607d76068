//! The http below gix's protocol, every limit enforced.
//!
//! Promise: a secret goes to the host it was meant for and nowhere else; an answer that is not
//! Git's is named as what it is; silence, time and bytes are under watch.

use std::cell::RefCell;
use std::io::{self, BufRead, Cursor, Read, Write};
use std::rc::Rc;

use gix::error::ErrorExt as _;
use gix::protocol::transport::client::blocking_io::http::{
    GetResponse, Http, PostBodyDataKind, PostResponse,
};
use reqwest::StatusCode;
use reqwest::blocking::{Client, RequestBuilder, Response};

use crate::source::Location;

use super::credential::Secret;
use super::fault::{Trouble, chain, explained};
use super::probe::Step;
use super::watch::Watch;

const BUFFER: usize = 64 << 10;

/// The http of one update.
pub(super) struct Wire<'a> {
    pub(super) client: Client,
    pub(super) watch: &'a Watch<'a>,
    pub(super) location: &'a Location,
    /// Sent with every request.
    pub(super) secret: Option<Secret>,
    /// Asked once when the server wants a credential and none is configured.
    pub(super) helper: Option<Box<dyn Fn() -> Result<Secret, Trouble> + 'a>>,
    /// Told that the host is alive.
    pub(super) answered: Box<dyn Fn() + 'a>,
    /// Where the repository turned out to be.
    pub(super) moved_to: Option<String>,
}

impl Wire<'_> {
    fn send(&self, request: RequestBuilder) -> io::Result<Response> {
        self.watch.check()?;
        let request = match &self.secret {
            None => request,
            Some(secret) => {
                let mut value = reqwest::header::HeaderValue::from_str(secret).map_err(|_| {
                    self.watch.fail(Trouble::yours("the credential is not plain text"))
                })?;
                value.set_sensitive(true);
                request.header(reqwest::header::AUTHORIZATION, value)
            }
        };
        // The client's own limit is silence; near the deadline the whole answer must fit in.
        let request = match self.watch.remaining() {
            left if left < self.watch.stall => request.timeout(left),
            _ => request,
        };
        let response = request.send().map_err(|error| self.watch.fail(self.unsent(&error)))?;
        (self.answered)();
        Ok(response)
    }

    /// Why there is no answer at all.
    fn unsent(&self, error: &reqwest::Error) -> Trouble {
        let said = chain(error);
        let said = said.rsplit_once("): ").map_or(said.as_str(), |(_, said)| said);
        if error.is_redirect() {
            return Trouble::refused(said);
        }
        let host = self.location.host().unwrap_or_default();
        if error.is_timeout() {
            return Trouble::theirs(format!("{host} does not answer")).of_host().at(Step::Http);
        }
        if let Some(known) = explained(said).filter(|known| known.step == Step::Key) {
            return known;
        }
        let lower = said.to_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
        let connecting = says(&["refused", "unreachable", "no route", "timed out", "dns"]);
        let tls = matches!(self.location, Location::Web { url } if url.starts_with("https://"));
        let step = match (error.is_connect(), connecting || !tls) {
            (true, true) => Step::Tcp,
            (true, false) => Step::Key,
            (false, _) => Step::Http,
        };
        Trouble::theirs(format!("cannot reach {host}: {said}")).of_host().at(step)
    }

    /// Passes answers that carry Git's protocol, names all others.
    fn judge(&self, response: Response, expected: &str) -> io::Result<Response> {
        let status = response.status();
        let trouble = match status {
            StatusCode::OK => {
                let kind = response.headers().get(reqwest::header::CONTENT_TYPE);
                let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or("nothing it names");
                if kind == expected {
                    return Ok(response);
                }
                Trouble::refused(format!("it answers with {kind} instead of Git's protocol"))
                    .at(Step::Http)
            }
            StatusCode::UNAUTHORIZED if self.secret.is_some() => {
                Trouble::yours("it does not accept the credential (401)").at(Step::Login)
            }
            StatusCode::UNAUTHORIZED => {
                Trouble::yours("it asks for a credential (401)").at(Step::Login)
            }
            StatusCode::FORBIDDEN => Trouble::yours("it refuses access (403)").at(Step::Login),
            StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
                Trouble::yours("the proxy asks for a credential (407)").at(Step::Login)
            }
            StatusCode::NOT_FOUND | StatusCode::GONE => Trouble::gone(format!(
                "there is no such repository ({}), or the credential may not see it",
                status.as_u16()
            )),
            _ => Trouble::theirs(format!("it answers {status}")).at(Step::Http),
        };
        Err(self.watch.fail(trouble))
    }

    fn exchange(&self, request: RequestBuilder, expected: &str) -> io::Result<Response> {
        self.judge(self.send(request)?, expected)
    }
}

/// Adds gix's headers, but for the agent, which is ours.
fn with(request: RequestBuilder, headers: &[(String, String)]) -> RequestBuilder {
    headers.iter().fold(request, |request, (name, value)| request.header(name, value))
}

fn pairs(headers: impl IntoIterator<Item = impl AsRef<str>>) -> Vec<(String, String)> {
    headers
        .into_iter()
        .filter_map(|line| {
            let (name, value) = line.as_ref().split_once(':')?;
            let ours = name.eq_ignore_ascii_case("user-agent");
            (!ours).then(|| (name.trim().to_owned(), value.trim().to_owned()))
        })
        .collect()
}

impl<'a> Http for Wire<'a> {
    type Headers = Cursor<Vec<u8>>;
    type ResponseBody = Body<'a>;
    type PostBody = Upload;

    fn get(
        &mut self,
        url: &str,
        _base_url: &str,
        headers: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> gix::Result<GetResponse<Self::Headers, Self::ResponseBody>> {
        let expected = "application/x-git-upload-pack-advertisement";
        let headers = pairs(headers);
        let ask = |wire: &Self| wire.send(with(wire.client.get(url), &headers));
        let mut response = ask(self).map_err(io::Error::raise)?;
        if response.status() == StatusCode::UNAUTHORIZED
            && self.secret.is_none()
            && let Some(helper) = self.helper.take()
        {
            self.secret = Some(helper().map_err(|trouble| self.watch.fail(trouble).raise())?);
            response = ask(self).map_err(io::Error::raise)?;
        }
        let response = self.judge(response, expected).map_err(io::Error::raise)?;
        let at = response.url().as_str();
        self.moved_to = at.strip_suffix("/info/refs?service=git-upload-pack").map(str::to_owned);
        Ok(GetResponse { headers: kind_header(expected), body: Body::of(response, self.watch) })
    }

    fn post(
        &mut self,
        url: &str,
        _base_url: &str,
        headers: impl IntoIterator<Item = impl AsRef<str>>,
        _body: PostBodyDataKind,
    ) -> gix::Result<PostResponse<Self::Headers, Self::ResponseBody, Self::PostBody>> {
        let expected = "application/x-git-upload-pack-result";
        let upload = Rc::new(RefCell::new(Vec::new()));
        let request = with(self.client.post(url), &pairs(headers));
        // The request is sent once the answer is read, when all of it was written.
        let wire = Wire {
            client: self.client.clone(),
            watch: self.watch,
            location: self.location,
            secret: self.secret.clone(),
            helper: None,
            answered: Box::new(|| ()),
            moved_to: None,
        };
        let body = Rc::clone(&upload);
        let send = move || wire.exchange(request.body(body.take()), expected);
        let body = Body {
            state: State::Waiting(Box::new(send)),
            watch: self.watch,
            buffer: Vec::new(),
            at: 0,
        };
        Ok(PostResponse { post_body: Upload(upload), headers: kind_header(expected), body })
    }

    fn configure(&mut self, _config: &dyn std::any::Any) -> gix::Result {
        Ok(())
    }

    fn redirected_base_url(&self) -> Option<String> {
        self.moved_to.clone()
    }
}

/// gix looks at the content type again; [`Wire::judge`] has done so.
fn kind_header(kind: &str) -> Cursor<Vec<u8>> {
    Cursor::new(format!("content-type: {kind}\n").into_bytes())
}

/// What is posted, collected.
pub(super) struct Upload(Rc<RefCell<Vec<u8>>>);

impl Write for Upload {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

enum State<'a> {
    Waiting(Box<dyn FnOnce() -> io::Result<Response> + 'a>),
    Open(Response),
    Closed,
}

/// What is answered, under watch.
pub(super) struct Body<'a> {
    state: State<'a>,
    watch: &'a Watch<'a>,
    buffer: Vec<u8>,
    at: usize,
}

impl<'a> Body<'a> {
    fn of(response: Response, watch: &'a Watch<'a>) -> Self {
        Self { state: State::Open(response), watch, buffer: Vec::new(), at: 0 }
    }

    /// Sends the request if that is still to be done, then reads some more.
    fn fill(&mut self) -> io::Result<()> {
        let mut response = match std::mem::replace(&mut self.state, State::Closed) {
            State::Waiting(send) => send()?,
            State::Open(response) => response,
            State::Closed => return Ok(()),
        };
        self.watch.check()?;
        self.at = 0;
        self.buffer.resize(BUFFER, 0);
        let read = response.read(&mut self.buffer);
        let count = read.map_err(|error| self.watch.fail(broken_off(&error)))?;
        self.buffer.truncate(count);
        self.watch.took(count)?;
        if count > 0 {
            self.state = State::Open(response);
        }
        Ok(())
    }
}

/// Why an answer ended before its end.
fn broken_off(error: &io::Error) -> Trouble {
    let said = chain(error);
    if error.kind() == io::ErrorKind::TimedOut || said.contains("timed out") {
        let what = "it stopped sending in the middle of its answer";
        return Trouble::theirs(what).at(Step::Http);
    }
    Trouble::theirs(format!("the connection broke off: {said}")).at(Step::Http)
}

impl BufRead for Body<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at >= self.buffer.len() {
            self.fill()?;
        }
        Ok(&self.buffer[self.at..])
    }

    fn consume(&mut self, count: usize) {
        self.at += count;
    }
}

impl Read for Body<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(into)?;
        self.consume(count);
        Ok(count)
    }
}
