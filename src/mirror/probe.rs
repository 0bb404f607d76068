//! Whether a host answers, step by step, and whose fault it is where it does not. Writes nothing.

use std::fmt;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};
use std::sync::mpsc;
use std::time::Duration;

use crate::model::cancel::Cancel;
use crate::model::clock::Clock;
use crate::model::event::Quiet;
use crate::model::safe::safe;
use crate::source::{Location, Spec};
use crate::tools::Tools;

use super::fault::Trouble;
use super::options::Options;
use super::outcome::{Fault, Whose};
use super::update::Run;
use super::watch::Watch;

/// A step on the way to a repository, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// The name is resolved.
    Name,
    /// A connection is made.
    Tcp,
    /// The host proves who it is: TLS, or its ssh key.
    Key,
    /// It answers as a web server that is well.
    Http,
    /// It lets us in.
    Login,
    /// It gives the refs of a repository.
    Git,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "name",
            Self::Tcp => "TCP",
            Self::Key => "key",
            Self::Http => "HTTP",
            Self::Login => "login",
            Self::Git => "git",
        })
    }
}

/// How far a host let us come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// The steps that were good.
    pub passed: Vec<Step>,
    /// The step that was not, and whose fault that is.
    pub failed: Option<(Step, Fault)>,
}

/// Goes all the steps to one repository, within the limits of `options`.
pub fn probe(
    spec: &Spec,
    options: &Options,
    tools: &Tools,
    clock: &dyn Clock,
    cancel: &Cancel,
) -> Probe {
    let way = way(&spec.location);
    let result = connect(&spec.location, options)
        .and_then(|()| converse(spec, options, tools, clock, cancel));
    let Err(trouble) = result else { return Probe { passed: way, failed: None } };
    // What is known only in words may name a step that this way does not have.
    let step = way.iter().copied().find(|step| *step >= trouble.step).unwrap_or(Step::Git);
    let passed = way.into_iter().take_while(|passed| *passed < step).collect();
    Probe { passed, failed: Some((step, trouble.fault)) }
}

fn way(location: &Location) -> Vec<Step> {
    use Step::{Git, Http, Key, Login, Name, Tcp};
    match location {
        Location::Web { url } if url.starts_with("http://") => vec![Name, Tcp, Http, Login, Git],
        Location::Web { .. } => vec![Name, Tcp, Key, Http, Login, Git],
        Location::Ssh { .. } => vec![Name, Tcp, Key, Login, Git],
        Location::Path(_) => vec![Git],
    }
}

/// Resolves the name and connects, unless something of the user's lies in between: a proxy, or ssh's
/// own configuration, which may give the host another name.
fn connect(location: &Location, options: &Options) -> Result<(), Trouble> {
    let environment = &options.environment;
    let between = match location {
        Location::Web { url } if url.starts_with("http://") => environment.http_proxy.is_some(),
        Location::Web { .. } => environment.https_proxy.is_some(),
        Location::Ssh { .. } | Location::Path(_) => true,
    };
    let Some((host, port)) = location.address().filter(|_| !between) else { return Ok(()) };
    reach(&host, port, options.connect)
        .map_err(|(step, why)| Trouble::theirs(why).of_host().at(step))
}

/// Resolves a name and makes a connection that says nothing; returns which step failed, and why.
pub fn reach(host: &str, port: u16, limit: Duration) -> Result<(), (Step, String)> {
    let shown = safe(host);
    let addresses = resolve(host, port, limit)
        .map_err(|why| (Step::Name, format!("the name {shown} cannot be resolved: {why}")))?;
    let mut last = "it has no address".to_owned();
    for address in addresses {
        match TcpStream::connect_timeout(&address, limit) {
            Ok(_) => return Ok(()),
            Err(error) => last = error.to_string(),
        }
    }
    Err((Step::Tcp, format!("cannot connect to {shown}:{port}: {last}")))
}

/// Asks the resolver, which knows no limit of time: a thread of its own may outlive the question.
fn resolve(host: &str, port: u16, limit: Duration) -> Result<Vec<SocketAddr>, String> {
    let (answer, answered) = mpsc::channel();
    let host = host.to_owned();
    std::thread::spawn(move || {
        let found = (host.trim_matches(['[', ']']), port).to_socket_addrs();
        // Whoever asked may have given up.
        let _ = answer.send(found.map(Iterator::collect));
    });
    match answered.recv_timeout(limit) {
        Ok(Ok(addresses)) => Ok(addresses),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("the resolver does not answer within {} s", limit.as_secs())),
    }
}

fn converse(
    spec: &Spec,
    options: &Options,
    tools: &Tools,
    clock: &dyn Clock,
    cancel: &Cancel,
) -> Result<(), Trouble> {
    let run = Run::new(options, tools, clock, &Quiet, cancel);
    let watch = Watch::new(clock, cancel, run.deadline, options);
    let conversation = run.open(spec, &watch).and_then(|mut session| {
        let listed = session.list();
        session.close();
        listed.map(drop)
    });
    // Out of time says nothing of this machine: the host had all of it.
    let late = || watch.remaining().is_zero() || cancel.is_requested();
    conversation.map_err(|trouble| {
        if trouble.fault.whose == Whose::Here && late() {
            let seconds = options.deadline.as_secs();
            Trouble::theirs(format!("no answer within {seconds} s")).at(trouble.step)
        } else {
            trouble
        }
    })
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;
    use crate::model::clock::{FixedClock, Timestamp};

    fn probed(url: &str) -> Probe {
        let options = Options {
            connect: Duration::from_secs(2),
            stall: Duration::from_secs(2),
            ..Options::new("/nonexistent")
        };
        let spec = Spec::new(url.parse().unwrap());
        let clock = FixedClock(Timestamp::from_unix(0));
        probe(&spec, &options, &Tools::default(), &clock, &Cancel::new())
    }

    fn failed(url: &str) -> (Vec<Step>, Step, Whose) {
        let probe = probed(url);
        let (step, fault) = probe.failed.unwrap();
        (probe.passed, step, fault.whose)
    }

    #[test]
    fn a_closed_port_is_theirs_and_comes_after_the_name() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let found = failed(&format!("https://127.0.0.1:{port}/apps.git"));
        assert_eq!(found, (vec![Step::Name], Step::Tcp, Whose::Them));
    }

    #[test]
    fn a_name_that_does_not_exist_is_the_first_step() {
        assert_eq!(failed("https://git.invalid/apps.git"), (vec![], Step::Name, Whose::Them));
    }

    #[test]
    fn a_folder_that_is_not_there_is_one_step() {
        assert_eq!(failed("/nonexistent/apps.git"), (vec![], Step::Git, Whose::Them));
    }

    #[test]
    fn a_server_that_speaks_no_tls_fails_at_its_key() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            use std::io::Write as _;
            for mut stream in listener.incoming().take(2).flatten() {
                let _ = stream.write_all(b"HTTP/1.0 400 Bad Request\r\n\r\n");
            }
        });
        let found = failed(&format!("https://127.0.0.1:{port}/apps.git"));
        assert_eq!(found, (vec![Step::Name, Step::Tcp], Step::Key, Whose::Them));
    }
}
