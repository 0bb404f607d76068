//! One run of all mirrors, with a clock that runs, and what came of it.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use blackstart::mirror::{Mirrored, Options, RepoState, update};
use blackstart::model::cancel::Cancel;
use blackstart::model::clock::{Clock, Timestamp};
use blackstart::model::event::{Event, Recording};
use blackstart::source::Spec;
use blackstart::tools::Tools;

use crate::support::git::{git, picture};

struct Running(Instant);

impl Clock for Running {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        Timestamp::from_unix(since.as_secs().try_into().unwrap())
    }
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
    fn sleep(&self, time: Duration) {
        std::thread::sleep(time);
    }
}

/// What a run left.
pub(crate) struct Run {
    pub(crate) mirrored: Vec<Mirrored>,
    pub(crate) events: Vec<Event>,
    pub(crate) took: Duration,
}

impl Run {
    pub(crate) fn get(&self, name: &str) -> &Mirrored {
        self.mirrored.iter().find(|mirrored| mirrored.name == name).expect(name)
    }

    pub(crate) fn state(&self, name: &str) -> RepoState {
        self.get(name).state
    }

    pub(crate) fn path(&self, name: &str) -> &Path {
        let mirrored = self.get(name);
        mirrored.path.as_deref().unwrap_or_else(|| panic!("{name}: {:?}", mirrored.fault))
    }

    pub(crate) fn fault(&self, name: &str) -> String {
        self.get(name).fault.as_ref().map(ToString::to_string).unwrap_or_default()
    }

    /// Asserts that everything is in `state`.
    pub(crate) fn assert_all(&self, state: RepoState) {
        for mirrored in &self.mirrored {
            assert_eq!(mirrored.state, state, "{}: {:?}", mirrored.name, mirrored.fault);
        }
    }

    /// Asserts that refs and HEAD are equal, for repositories whose objects git would list for ever.
    pub(crate) fn assert_equal_refs(&self, name: &str, source: &Path) {
        let refs = |at: &Path| git(at, &["for-each-ref"]);
        assert_eq!(refs(self.path(name)), refs(source), "{name}");
    }

    /// Asserts that the mirror `name` is what the repository at `source` is.
    pub(crate) fn assert_equal(&self, name: &str, source: &Path) {
        assert_eq!(picture(self.path(name)), picture(source), "{name}");
    }
}

/// The search path of this machine, and git's own programs.
pub(crate) fn tools() -> Tools {
    let path = std::env::var_os("PATH").unwrap();
    Tools::new(std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]).collect())
}

pub(crate) fn run(specs: &[Spec], options: &Options) -> Run {
    run_until(specs, options, &Cancel::new())
}

pub(crate) fn run_until(specs: &[Spec], options: &Options, cancel: &Cancel) -> Run {
    let recording = Recording::default();
    let begun = Instant::now();
    let mirrored =
        update(specs, &[], options, &tools(), &Running(begun), &recording, cancel).unwrap();
    Run { mirrored, events: recording.events(), took: begun.elapsed() }
}

pub(crate) fn spec(name: &str, location: &str) -> Spec {
    Spec { name: name.to_owned(), ..Spec::new(location.parse().unwrap()) }
}
