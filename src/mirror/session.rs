//! One conversation with a source: say hello, list the refs, receive a pack.

use std::io::BufRead;

use gix::progress::Discard;
use gix::protocol::fetch::negotiate::{Action, Round, one_round};
use gix::protocol::fetch::{Arguments, Context, Negotiate, Options as FetchOptions, Shallow, Tags};
use gix::protocol::transport::Service;
use gix::protocol::transport::client::blocking_io::Transport;
use gix::protocol::{Handshake, LsRefsCommand};

use crate::model::git::{ObjectFormat, Oid};
use crate::repo::to_gix;

use super::fault::{Trouble, chain, explained};
use super::listing::Listing;
use super::watch::Watch;

/// An open conversation.
pub(super) struct Session<'a> {
    transport: Box<dyn Transport + 'a>,
    handshake: Handshake,
    watch: &'a Watch<'a>,
}

impl<'a> Session<'a> {
    /// Says hello. Credentials are the transport's business.
    pub(super) fn open(
        mut transport: Box<dyn Transport + 'a>,
        watch: &'a Watch<'a>,
    ) -> Result<Self, Trouble> {
        let service = Service::UploadPack;
        let none = |_| Ok(None);
        let handshake =
            gix::protocol::handshake(&mut transport, service, none, Vec::new(), &mut Discard);
        let handshake = handshake.map_err(|error| trouble(watch, &error))?;
        Ok(Self { transport, handshake, watch })
    }

    /// Lists every ref.
    pub(super) fn list(&mut self) -> Result<Listing, Trouble> {
        let format = self.format()?;
        let refs = match self.handshake.refs.take() {
            Some(refs) => refs,
            None => LsRefsCommand::new(None, &self.handshake.capabilities, agent())
                .invoke_blocking(&mut self.transport, &mut Discard, false)
                .map_err(|error| trouble(self.watch, &error))?,
        };
        Listing::new(refs, format)
    }

    fn format(&self) -> Result<ObjectFormat, Trouble> {
        let named = self.handshake.capabilities.capability("object-format");
        match named.and_then(|named| named.value().map(|value| value.to_vec())).as_deref() {
            None | Some(b"sha1") => Ok(ObjectFormat::Sha1),
            Some(b"sha256") => Ok(ObjectFormat::Sha256),
            Some(other) => {
                let other = String::from_utf8_lossy(other);
                Err(Trouble::refused(format!("its objects are named by {other}")))
            }
        }
    }

    /// Asks for `wants`, says that `haves` are here, and hands the pack to `take`.
    pub(super) fn receive(
        &mut self,
        wants: &[Oid],
        haves: &[Oid],
        take: impl FnOnce(&mut dyn BufRead) -> gix::Result<()>,
    ) -> Result<(), Trouble> {
        let watch = self.watch;
        let context = Context {
            handshake: &mut self.handshake,
            transport: &mut self.transport,
            user_agent: agent(),
            trace_packetlines: false,
        };
        let options = FetchOptions {
            // Never written: a shallow source is refused before.
            shallow_file: std::path::PathBuf::from("/nonexistent/shallow"),
            shallow: &Shallow::NoChange,
            tags: Tags::None,
            reject_shallow_remote: true,
        };
        let fetched = gix::protocol::fetch(
            &mut Ask { wants, haves },
            |pack, _, _| take(pack).map(|()| true),
            Discard,
            watch.cancel.flag(),
            context,
            options,
        );
        match fetched.map_err(|error| trouble(watch, &error))? {
            Some(_) => Ok(()),
            None => Err(Trouble::theirs("it sent no pack")),
        }
    }

    /// Says goodbye, which a far side that waits for more wants to hear.
    pub(super) fn close(mut self) {
        let _ = gix::protocol::indicate_end_of_interaction(&mut self.transport, false);
    }
}

fn agent() -> (&'static str, Option<String>) {
    ("agent", Some(concat!("git/2.0-blackstart-", env!("CARGO_PKG_VERSION")).to_owned()))
}

/// Why a conversation failed: what was noted where it happened, else what the library says.
pub(super) fn trouble(watch: &Watch<'_>, error: &(dyn std::error::Error + 'static)) -> Trouble {
    watch.trouble().unwrap_or_else(|| {
        let said = chain(error);
        explained(&said).unwrap_or_else(|| Trouble::theirs(said))
    })
}

/// Wants and haves said at once: what a source does not know among the haves it passes over.
struct Ask<'a> {
    wants: &'a [Oid],
    haves: &'a [Oid],
}

impl Negotiate for Ask<'_> {
    fn mark_complete_and_common_ref(&mut self) -> gix::Result<Action> {
        Ok(Action::MustNegotiate { remote_ref_target_known: Vec::new() })
    }

    fn add_wants(&mut self, arguments: &mut Arguments, _known: &[bool]) -> bool {
        self.wants.iter().for_each(|oid| arguments.want(to_gix(*oid)));
        !self.wants.is_empty()
    }

    fn one_round(
        &mut self,
        _state: &mut one_round::State,
        arguments: &mut Arguments,
        _previous: Option<&gix::protocol::fetch::Response>,
    ) -> gix::Result<(Round, bool)> {
        self.haves.iter().for_each(|oid| arguments.have(to_gix(*oid)));
        let haves_sent = self.haves.len();
        let round = Round {
            haves_sent,
            in_vain: 0,
            haves_to_send: haves_sent,
            previous_response_had_at_least_one_in_common: false,
        };
        Ok((round, true))
    }
}
