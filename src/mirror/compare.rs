//! What sources list now against refs that are held, without fetching anything.

use crate::model::cancel::Cancel;
use crate::model::clock::Clock;
use crate::model::event::Observer;
use crate::model::git::Refs;
use crate::source::Spec;
use crate::tools::Tools;

use super::fault::Trouble;
use super::listing::Listing;
use super::options::Options;
use super::outcome::Fault;
use super::update::Run;
use super::watch::Watch;

/// How a source compares with what is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Compared {
    /// It lists exactly the same.
    Equal,
    /// So many refs were added, moved or deleted there since, HEAD included.
    Differs(usize),
    /// It could not be asked.
    Unreachable(Fault),
}

/// Asks each source for its refs and compares them, one after the other.
pub fn compare(
    held: &[(&Spec, &Refs)],
    options: &Options,
    tools: &Tools,
    clock: &dyn Clock,
    observer: &dyn Observer,
    cancel: &Cancel,
) -> Vec<Compared> {
    let run = Run::new(options, tools, clock, observer, cancel);
    held.iter()
        .map(|(spec, refs)| match run.list(spec) {
            Ok(listing) if listing.equals(refs) => Compared::Equal,
            Ok(listing) => Compared::Differs(differences(&listing, refs)),
            Err(trouble) => Compared::Unreachable(trouble.fault),
        })
        .collect()
}

impl Run<'_> {
    /// Asks one source for its refs.
    fn list(&self, spec: &Spec) -> Result<Listing, Trouble> {
        let host = spec.location.host();
        if let Some(trouble) = host.as_deref().and_then(|host| self.hosts.dead(host)) {
            return Err(trouble);
        }
        let watch = Watch::new(self.clock, self.cancel, self.deadline, self.options);
        let listed = self.open(spec, &watch).and_then(|mut session| {
            let listing = session.list()?;
            session.close();
            Ok(listing)
        });
        if let (Some(host), Err(trouble)) = (&host, &listed)
            && trouble.host
        {
            self.hosts.failed(host, trouble);
        }
        listed
    }
}

fn differences(listing: &Listing, refs: &Refs) -> usize {
    let moved =
        refs.tips.iter().filter(|tip| listing.tips.get(&tip.name) != Some(&tip.oid)).count();
    let added = listing.tips.keys().filter(|name| refs.get(name).is_none()).count();
    let head = listing.head.as_ref().is_some_and(|head| *head != refs.head);
    moved + added + usize::from(head)
}
