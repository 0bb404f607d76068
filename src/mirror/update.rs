//! One repository brought up to date, or left as it was.

use std::time::Duration;

use gix::protocol::transport::Protocol;
use gix::protocol::transport::client::blocking_io::http::Transport;

use crate::disk::lease::Lease;
use crate::model::cancel::Cancel;
use crate::model::clock::Clock;
use crate::model::event::{Event, Observer};
use crate::model::safe::safe;
use crate::repo::Bare;
use crate::source::{Credential, Location, Spec};
use crate::tools::Tools;

use super::arrivals::{Arrivals, Times};
use super::clients::Clients;
use super::credential;
use super::fault::Trouble;
use super::hosts::Hosts;
use super::http::Wire;
use super::options::Options;
use super::outcome::{Mirrored, RepoState};
use super::record::{Record, folder_name, sweep};
use super::session::Session;
use super::standing::{Copy, Done, Proven, outcome};
use super::watch::Watch;
use super::{pipe, receive};

/// What all updates of a run share.
pub(super) struct Run<'a> {
    pub(super) options: &'a Options,
    pub(super) tools: &'a Tools,
    pub(super) clock: &'a dyn Clock,
    pub(super) observer: &'a dyn Observer,
    pub(super) cancel: &'a Cancel,
    pub(super) hosts: Hosts,
    pub(super) clients: Clients<'a>,
    /// When mirrors were last proven, where that is all there is to remember.
    pub(super) times: Times,
    /// First copies that are about to count.
    pub(super) arrivals: Arrivals,
    /// When everything must be over, on the clock's own scale.
    pub(super) deadline: Duration,
}

impl<'a> Run<'a> {
    /// Begins: from now on the deadline runs.
    pub(super) fn new(
        options: &'a Options,
        tools: &'a Tools,
        clock: &'a dyn Clock,
        observer: &'a dyn Observer,
        cancel: &'a Cancel,
    ) -> Self {
        Self {
            options,
            tools,
            clock,
            observer,
            cancel,
            hosts: Hosts::default(),
            clients: Clients::new(options),
            times: Times::read(&options.root),
            arrivals: Arrivals::new(&options.root),
            deadline: clock.elapsed() + options.deadline,
        }
    }
}

impl Run<'_> {
    /// Brings one repository up to date and says what became of it.
    pub(super) fn update(&self, spec: &Spec, wanted: bool) -> Mirrored {
        let begun = self.clock.elapsed();
        let path = self.options.root.join(folder_name(&spec.name));
        let watch = Watch::new(self.clock, self.cancel, self.deadline, self.options);
        let mut copy = Copy { path, proven: None };
        let result =
            if wanted { self.attempt(spec, &mut copy, &watch) } else { self.left_alone(&mut copy) };
        let mut mirrored = outcome(spec, &copy, result);
        mirrored.received_bytes = watch.received();
        let millis = self.clock.elapsed().saturating_sub(begun).as_millis();
        mirrored.millis = u64::try_from(millis).unwrap_or(u64::MAX);
        self.observer.event(&Event::RepoFinished {
            repo: safe(&mirrored.name),
            state: mirrored.state.word(),
            refs: mirrored.refs.tips.len(),
            received_bytes: mirrored.received_bytes,
            millis: mirrored.millis,
            fault: mirrored.fault.as_ref().map(ToString::to_string),
        });
        mirrored
    }

    fn attempt(&self, spec: &Spec, copy: &mut Copy, watch: &Watch<'_>) -> Result<Done, Trouble> {
        let lease = Lease::take(&copy.path.with_extension("lock"))?;
        let Some(_lease) = lease else {
            copy.proven = Proven::read(copy, &self.times)?;
            return Err(Trouble::here("another run is updating this mirror"));
        };
        sweep(&copy.path)?;
        copy.proven = Proven::read(copy, &self.times)?;
        let host = spec.location.host();
        if let Some(trouble) = host.as_deref().and_then(|host| self.hosts.dead(host)) {
            return Err(trouble);
        }
        if let Err(error) = watch.check() {
            return Err(watch.trouble().unwrap_or_else(|| Trouble::here(error.to_string())));
        }
        let result = self.converse(spec, copy, watch);
        if let (Some(host), Err(trouble)) = (&host, &result)
            && trouble.host
        {
            self.hosts.failed(host, trouble);
        }
        result
    }

    fn converse(&self, spec: &Spec, copy: &Copy, watch: &Watch<'_>) -> Result<Done, Trouble> {
        let mut session = self.open(spec, watch)?;
        let listing = session.list()?;
        if let Some(host) = spec.location.host() {
            self.hosts.answered(&host);
        }
        if let Some(proven) = &copy.proven {
            if proven.refs_equal(&listing) {
                session.close();
                let record = self.still_proven(spec, copy, proven)?;
                let (format, refs) = (proven.bare.format(), proven.refs.clone());
                let pins = proven.pins.clone();
                return Ok(Done { format, refs, record, pins, state: RepoState::Unchanged });
            }
            proven.refuse_loss(&listing)?;
        }
        let (bare, before) = match &copy.proven {
            Some(proven) => (proven.bare.clone(), Some(&proven.refs)),
            None => (Bare::skeleton(&copy.path, listing.format)?, None),
        };
        watch.allow(self.options.max_bytes);
        let mut findings = receive::receive(&mut session, &bare, before, &listing, watch)?;
        session.close();
        findings.extend(listing.refused.iter().cloned());
        self.publish(spec, &bare, listing, findings, copy.proven.as_ref())
    }

    /// Notes that a copy equals its source now. That alone is not worth a file of its own.
    fn still_proven(&self, spec: &Spec, copy: &Copy, proven: &Proven) -> Result<Record, Trouble> {
        let (proven_at, url) = (self.clock.now(), spec.location.to_string());
        let moved = url != proven.record.url;
        let record = Record { url, proven_at, ..proven.record.clone() };
        if moved {
            record.write(&copy.path)?;
        }
        self.times.note(&copy.path, proven_at);
        Ok(record)
    }

    /// Carries a mirror that was not asked for.
    fn left_alone(&self, copy: &mut Copy) -> Result<Done, Trouble> {
        copy.proven = Proven::read(copy, &self.times)?;
        Err(Trouble::here("it was not asked for this time"))
    }

    /// Opens the conversation over whatever leads there.
    pub(super) fn open<'s>(
        &'s self,
        spec: &'s Spec,
        watch: &'s Watch<'s>,
    ) -> Result<Session<'s>, Trouble> {
        let Location::Web { url } = &spec.location else {
            let connection = pipe::connect(&spec.location, self.tools, self.options, watch)?;
            return Session::open(Box::new(connection), watch);
        };
        let environment = &self.options.environment;
        let (credential, location) = (&spec.credential, &spec.location);
        let (tools, cancel) = (self.tools, self.cancel);
        let secret = credential::configured(credential, location, tools, environment, cancel)?;
        let ask = move || credential::from_helper(location, tools, environment, cancel);
        let wire = Wire {
            client: self.clients.get(spec.ca_file.as_deref())?,
            watch,
            location,
            secret,
            helper: (*credential == Credential::Default).then(|| Box::new(ask) as Box<_>),
            answered: Box::new(move || {
                if let Some(host) = location.host() {
                    self.hosts.answered(&host);
                }
            }),
            moved_to: None,
        };
        let parsed = gix::url::parse(url.as_str())
            .map_err(|error| Trouble::yours(format!("its URL: {error}")))?;
        let transport = Transport::new_http(wire, parsed, Protocol::V2, false);
        Session::open(Box::new(transport), watch)
    }
}
