//! One repository brought up to date, or left as it was.

use std::path::PathBuf;
use std::time::Duration;

use gix::protocol::transport::Protocol;
use gix::protocol::transport::client::blocking_io::http::Transport;

use crate::disk::lease::Lease;
use crate::model::cancel::Cancel;
use crate::model::clock::{Clock, Timestamp};
use crate::model::event::{Event, Observer};
use crate::model::git::{Head, ObjectFormat, Oid, RefName, Refs};
use crate::model::safe::safe;
use crate::repo::{Bare, Flags, reaches, unborn};
use crate::source::{Credential, Location, Spec};
use crate::tools::Tools;

use super::credential;
use super::fault::Trouble;
use super::hosts::Hosts;
use super::http::{Clients, Wire};
use super::listing::Listing;
use super::options::Options;
use super::outcome::{Mirrored, Pin, RepoState};
use super::record::{Record, folder_name, read_pins, sweep, write_pins};
use super::session::Session;
use super::watch::Watch;
use super::{pipe, receive};

/// More findings than this are not kept for one repository.
const FINDINGS: usize = 200;

/// What all updates of a run share.
pub(super) struct Run<'a> {
    pub(super) options: &'a Options,
    pub(super) tools: &'a Tools,
    pub(super) clock: &'a dyn Clock,
    pub(super) observer: &'a dyn Observer,
    pub(super) cancel: &'a Cancel,
    pub(super) hosts: Hosts,
    pub(super) clients: Clients<'a>,
    /// When everything must be over, on the clock's own scale.
    pub(super) deadline: Duration,
}

/// A mirror as it stands.
struct Copy {
    path: PathBuf,
    /// `None` while nothing was ever proven.
    proven: Option<Proven>,
}

struct Proven {
    bare: Bare,
    refs: Refs,
    record: Record,
}

/// What an update made.
struct Done {
    format: ObjectFormat,
    refs: Refs,
    record: Record,
    state: RepoState,
}

impl Run<'_> {
    /// Brings one repository up to date and says what became of it.
    pub(super) fn update(&self, spec: &Spec, wanted: bool) -> Mirrored {
        let begun = self.clock.elapsed();
        let path = self.options.root.join(folder_name(&spec.name));
        let watch = Watch::new(self.clock, self.cancel, self.deadline, self.options);
        let mut copy = Copy { path, proven: None };
        let result =
            if wanted { self.attempt(spec, &mut copy, &watch) } else { left_alone(&mut copy) };
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
            copy.proven = Proven::read(copy)?;
            return Err(Trouble::here("another run is updating this mirror"));
        };
        sweep(&copy.path)?;
        copy.proven = Proven::read(copy)?;
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
        let now = self.clock.now();
        if let Some(proven) = &copy.proven {
            if proven.refs_equal(&listing) {
                session.close();
                let record = Record {
                    proven_at: now,
                    url: spec.location.to_string(),
                    ..proven.record.clone()
                };
                record.write(&copy.path)?;
                let (format, refs) = (proven.bare.format(), proven.refs.clone());
                return Ok(Done { format, refs, record, state: RepoState::Unchanged });
            }
            refuse_loss(proven, &listing)?;
        }
        let (bare, before) = match &copy.proven {
            Some(proven) => (proven.bare.clone(), proven.refs.clone()),
            None => (Bare::skeleton(&copy.path, listing.format)?, unborn()),
        };
        watch.allow(self.options.max_bytes);
        let mut findings = receive::receive(&mut session, &bare, &before, &listing, watch)?;
        session.close();
        findings.extend(listing.refused.iter().cloned());
        self.publish(spec, &bare, &before, listing, findings, copy.proven.as_ref())
    }

    /// Opens the conversation over whatever leads there.
    fn open<'s>(&'s self, spec: &'s Spec, watch: &'s Watch<'s>) -> Result<Session<'s>, Trouble> {
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

    /// Pins what would be forgotten, then makes the listing the mirror's refs.
    fn publish(
        &self,
        spec: &Spec,
        bare: &Bare,
        before: &Refs,
        listing: Listing,
        findings: Vec<String>,
        proven: Option<&Proven>,
    ) -> Result<Done, Trouble> {
        let now = self.clock.now();
        let store = bare.store()?;
        let refs = listing.into_refs(before, |oid| Ok(store.peel_tag(oid)?))?;
        if let Some(oid) = refs.oids().iter().find(|oid| !store.has(**oid)) {
            return Err(Trouble::hole(format!("it lists {oid} and does not send it")));
        }
        let rewritten = match proven {
            Some(_) => forgotten(before, &refs, now, |new, old| Ok(reaches(&store, new, old)?))?,
            None => Vec::new(),
        };
        pin(bare, &rewritten)?;
        bare.publish(&refs)?;
        let flags = bare.flags(refs.head_oid()).unwrap_or_default();
        let known = proven.map(|proven| proven.record.findings.clone()).unwrap_or_default();
        let record = Record {
            format_version: 1,
            name: spec.name.clone(),
            url: spec.location.to_string(),
            proven_at: now,
            lfs: flags.lfs,
            submodules: flags.submodules,
            findings: merged(known, findings),
        };
        record.write(bare.path())?;
        self.tell(spec, &rewritten);
        let state = if rewritten.is_empty() { RepoState::Fresh } else { RepoState::Rewritten };
        Ok(Done { format: bare.format(), refs, record, state })
    }

    fn tell(&self, spec: &Spec, rewritten: &[(Pin, Option<Oid>)]) {
        for (pin, new) in rewritten {
            self.observer.event(&Event::RefRewritten {
                repo: safe(&spec.name),
                name: pin.name.to_string(),
                old: pin.oid.to_string(),
                new: new.map(|oid| oid.to_string()),
            });
        }
    }
}

impl Proven {
    fn read(copy: &Copy) -> Result<Option<Self>, Trouble> {
        let Some(record) = Record::read(&copy.path)? else { return Ok(None) };
        let bare = Bare::open(&copy.path)?;
        let refs = bare.refs()?;
        Ok(Some(Self { bare, refs, record }))
    }

    fn refs_equal(&self, listing: &Listing) -> bool {
        listing.format == self.bare.format() && listing.equals(&self.refs)
    }
}

/// Carries a mirror that was not asked for.
fn left_alone(copy: &mut Copy) -> Result<Done, Trouble> {
    copy.proven = Proven::read(copy)?;
    Err(Trouble::here("it was not asked for this time"))
}

/// Refuses what would make a good copy worse.
fn refuse_loss(proven: &Proven, listing: &Listing) -> Result<(), Trouble> {
    if listing.format != proven.bare.format() && !proven.refs.tips.is_empty() {
        let (old, new) = (proven.bare.format(), listing.format);
        return Err(Trouble::refused(format!("its objects were {old} and are {new} now")));
    }
    if listing.tips.is_empty() && !proven.refs.tips.is_empty() {
        let had = proven.refs.tips.len();
        return Err(Trouble::theirs(format!("it lists no refs, where it had {had}")));
    }
    Ok(())
}

/// Returns the old tips that no longer follow from the ref that held them, each with what the ref
/// holds now.
fn forgotten(
    before: &Refs,
    after: &Refs,
    since: Timestamp,
    mut reaches: impl FnMut(Oid, Oid) -> Result<bool, Trouble>,
) -> Result<Vec<(Pin, Option<Oid>)>, Trouble> {
    let mut found = Vec::new();
    for tip in &before.tips {
        let new = after.get(&tip.name).map(|tip| tip.oid);
        let kept = match new {
            Some(new) => new == tip.oid || reaches(new, tip.oid)?,
            None => false,
        };
        if !kept {
            found.push((Pin { name: tip.name.clone(), oid: tip.oid, since }, new));
        }
    }
    if let (Head::Detached(old), Ok(name)) = (&before.head, RefName::new("refs/HEAD")) {
        let new = after.head_oid();
        if new != Some(*old) && !new.map(|new| reaches(new, *old)).transpose()?.unwrap_or(false) {
            found.push((Pin { name, oid: *old, since }, new));
        }
    }
    Ok(found)
}

/// Adds pins to those that are there, durably.
fn pin(bare: &Bare, rewritten: &[(Pin, Option<Oid>)]) -> Result<(), Trouble> {
    if rewritten.is_empty() {
        return Ok(());
    }
    let mut pins = read_pins(bare.path())?;
    for (pin, _) in rewritten {
        if !pins.iter().any(|known| known.name == pin.name && known.oid == pin.oid) {
            pins.push(pin.clone());
        }
    }
    write_pins(bare.path(), &pins)
}

fn merged(mut known: Vec<String>, new: Vec<String>) -> Vec<String> {
    known.extend(new);
    known.sort();
    known.dedup();
    known.truncate(FINDINGS);
    known
}

/// Says what became of a repository, from what its update made or why it stopped.
fn outcome(spec: &Spec, copy: &Copy, result: Result<Done, Trouble>) -> Mirrored {
    let mut mirrored = Mirrored {
        name: spec.name.clone(),
        url: spec.location.to_string(),
        class: spec.class,
        path: None,
        format: ObjectFormat::Sha1,
        refs: unborn(),
        state: RepoState::Never,
        fault: None,
        pins: Vec::new(),
        findings: Vec::new(),
        flags: Flags::default(),
        proven_at: None,
        received_bytes: 0,
        millis: 0,
    };
    let record = match result {
        Ok(done) => {
            (mirrored.format, mirrored.refs, mirrored.state) = (done.format, done.refs, done.state);
            Some(done.record)
        }
        Err(trouble) => {
            mirrored.state = trouble.state;
            mirrored.fault = Some(trouble.fault);
            match &copy.proven {
                Some(proven) => {
                    mirrored.format = proven.bare.format();
                    mirrored.refs = proven.refs.clone();
                }
                // Without a copy there is nothing to carry; a hole or a refusal is still said.
                None if matches!(mirrored.state, RepoState::Carried | RepoState::Gone) => {
                    mirrored.state = RepoState::Never;
                }
                None => {}
            }
            copy.proven.as_ref().map(|proven| proven.record.clone())
        }
    };
    if let Some(record) = record {
        mirrored.path = Some(copy.path.clone());
        mirrored.flags = record.flags();
        mirrored.findings = record.findings;
        mirrored.proven_at = Some(record.proven_at);
        mirrored.pins = read_pins(&copy.path).unwrap_or_default();
    }
    mirrored
}
