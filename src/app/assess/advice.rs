//! What to do. A cluster that runs needs no recovery because its Git host is gone: waiting comes
//! first whenever nothing is lost.

use serde::Serialize;

use super::clusters::{Cluster, Life};
use super::held::Held;
use super::hosts::{Blame, Host};
use crate::app::{CommandLine, Place, program};
use crate::mirror::Step;
use crate::target::Class;

/// What can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// Wait, and suspend the engines.
    Wait,
    /// Get at the repositories without their host.
    Extract,
    /// Bring what the bundle holds onto a cluster.
    Rebuild,
    /// Do all of it on this machine.
    Practise,
    /// Look at bundles and targets.
    Look,
}

impl What {
    /// Returns it in words, the same in every shell.
    pub fn title(self) -> &'static str {
        match self {
            Self::Wait => "WAIT, and freeze what follows the Git host",
            Self::Extract => "Go on working without the Git host: take the repositories out",
            Self::Rebuild => "The cluster is lost or emptied: rebuild it",
            Self::Practise => "Practise on this machine",
            Self::Look => "Only look: bundles, targets, runs, codes",
        }
    }
}

/// One thing that can be done.
#[derive(Clone, Debug, Serialize)]
pub struct Choice {
    /// The number it is chosen by; always the same.
    pub number: u8,
    /// What.
    pub what: What,
    /// In words.
    pub title: &'static str,
    /// The commands, to be copied.
    pub commands: Vec<String>,
}

/// What to do.
#[derive(Clone, Debug, Serialize)]
pub struct Advice {
    /// Why the first choice is the first.
    pub because: String,
    /// What to know before choosing.
    pub remarks: Vec<String>,
    /// The suggested choice, then the others.
    pub choices: Vec<Choice>,
}

impl Advice {
    /// Adds what the bundles are found by to the commands that read them.
    pub(super) fn at(mut self, place: &Place) -> Self {
        let found_by = CommandLine::options()
            .option("--config", place.config.iter().map(|path| path.display()))
            .option("--store", place.stores.iter().map(|path| path.display()))
            .option("--trust-root", &place.trust_root)
            .line();
        let reads = |command: &str| {
            let verb = command.strip_prefix(program()).unwrap_or_default().split(' ').nth(1);
            matches!(verb, Some("plan" | "replay" | "extract" | "list" | "runs" | "doctor"))
        };
        let commands = self.choices.iter_mut().flat_map(|choice| &mut choice.commands);
        for command in commands.filter(|command| !found_by.is_empty() && reads(command)) {
            command.push(' ');
            command.push_str(&found_by);
        }
        self
    }
}

/// Judges.
pub(super) fn advise(held: &Held, hosts: &[Host], clusters: &[Cluster]) -> Advice {
    let matter = those_that_matter(clusters);
    let (first, because) = suggest(held, hosts, &matter);
    let mut choices = choices(held, &matter, clusters);
    // Stable: the others keep their order.
    choices.sort_by_key(|choice| choice.what != first);
    Advice { because, remarks: remarks(hosts, clusters), choices }
}

/// The clusters that people depend on; a practice cluster that is gone is no outage.
fn those_that_matter(clusters: &[Cluster]) -> Vec<&Cluster> {
    let of = |class| -> Vec<&Cluster> {
        clusters.iter().filter(|cluster| cluster.class == Some(class)).collect()
    };
    let classes = [Class::Production, Class::Standby, Class::Disposable];
    classes.into_iter().map(of).find(|found| !found.is_empty()).unwrap_or_default()
}

fn suggest(held: &Held, hosts: &[Host], clusters: &[&Cluster]) -> (What, String) {
    let first = |lives: &[Life]| clusters.iter().find(|cluster| lives.contains(&cluster.life));
    if let Some(lost) = first(&[Life::Emptied, Life::Another]) {
        let what = match lost.life {
            Life::Emptied => {
                format!("{} of {} objects of {} are left", lost.present, lost.known, lost.name)
            }
            _ => format!("another cluster answers as {}", lost.name),
        };
        return match held.newest {
            Some(_) => (What::Rebuild, what),
            None => (What::Look, format!("{what}, and we hold nothing to rebuild from")),
        };
    }
    if let Some(silent) = first(&[Life::Silent, Life::Closed, Life::Unknown]) {
        let why = format!(
            "{} could not be looked at from here, which does not mean that it is lost",
            silent.name
        );
        return (What::Look, why);
    }
    let lives = first(&[Life::Healthy, Life::Impaired]).is_some();
    if let (Some(empty), Some(_), false) = (first(&[Life::Empty]), &held.newest, lives)
        && empty.class != Some(Class::Disposable)
    {
        let what = format!("{} is empty: nothing of what we hold is there yet", empty.name);
        return (What::Rebuild, what);
    }
    if let Some(idle) = first(&[Life::Idle]) {
        return (What::Look, of_idle(idle));
    }
    let down = hosts.iter().filter(|host| !host.answers()).count();
    let unwell = first(&[Life::Impaired]);
    match (down, clusters.len(), unwell) {
        (_, _, Some(unwell)) => of_unwell(unwell),
        (0, 0, None) if hosts.is_empty() => {
            let why = "nothing is known here, and a cluster that runs needs no Git host to go on";
            (What::Wait, why.to_owned())
        }
        (0, 0, None) => {
            (What::Look, "no cluster has a name here, and no Git host is down".to_owned())
        }
        (0, _, None) => (What::Practise, "nothing is broken that can be seen from here".to_owned()),
        (_, 0, None) => {
            let why = "a cluster that runs goes on running without its Git host; if yours is lost, \
                       rebuild it";
            (What::Wait, why.to_owned())
        }
        (_, _, None) => {
            (What::Wait, "the clusters are healthy: only changes are blocked".to_owned())
        }
    }
}

/// A cluster that holds what we knew and has no nodes.
fn of_idle(idle: &Cluster) -> String {
    let name = &idle.name;
    match &idle.rebuilt {
        Some(run) => format!(
            "{name} is rebuilt by run {run}; it has no nodes, and until it has some nothing runs \
             there. 5 shows the run under Runs"
        ),
        None => format!(
            "{name} answers and holds what we knew; it has no nodes, so nothing runs there. 5 tests \
             it under Targets"
        ),
    }
}

/// A cluster that lives, not all of which is ready.
fn of_unwell(unwell: &Cluster) -> (What, String) {
    let Cluster { name, nodes, nodes_ready, workloads, workloads_ready, .. } = unwell;
    let ready =
        format!("{nodes_ready} of {nodes} nodes, {workloads_ready} of {workloads} workloads");
    if let Some(run) = &unwell.rebuilt {
        let why = format!(
            "{name} is rebuilt by run {run} and not all of it is ready yet: {ready}. 5 shows the \
             run under Runs"
        );
        return (What::Look, why);
    }
    let why = format!(
        "{name} lives and what we knew is there, but only {ready} are ready. 5 tests it under \
         Targets"
    );
    (What::Wait, why)
}

fn choices(held: &Held, matter: &[&Cluster], clusters: &[Cluster]) -> Vec<Choice> {
    let program = program();
    let named = |lives: &[Life]| matter.iter().find(|cluster| lives.contains(&cluster.life));
    let lost = named(&[Life::Emptied, Life::Another, Life::Empty]).or_else(|| matter.first());
    let target = lost.map_or("NAME", |cluster| cluster.name.as_str());
    let mut rebuild = Vec::new();
    if clusters.is_empty() {
        rebuild.push(format!("{program} target add NAME --kubeconfig FILE --class CLASS"));
    }
    if let Some(moved) = named(&[Life::Another]) {
        rebuild.push(format!("{program} target replace {} --kubeconfig FILE", moved.name));
    }
    let seq = held.newest.as_ref().map_or("latest".to_owned(), |entry| entry.seq.to_string());
    let open = "--identity KEY";
    rebuild.extend([
        format!("{program} plan {seq} --target {target} {open} --out plan.json"),
        format!(
            "{program} replay {seq} --target {target} {open} --plan plan.json --confirm-target {target}"
        ),
    ]);
    let one = |number, what: What, commands: Vec<String>| {
        let title = what.title();
        Choice { number, what, title, commands }
    };
    let tests = matter.iter().map(|cluster| format!("{program} target test {}", cluster.name));
    let runs = matter.iter().filter_map(|cluster| cluster.rebuilt.as_ref());
    let runs = runs.map(|run| format!("{program} runs {run}"));
    let look = runs.chain(tests).chain([format!("{program} list"), format!("{program} doctor")]);
    vec![
        one(1, What::Wait, vec!["step 2 of runbooks/git-host-outage.md".to_owned()]),
        one(2, What::Extract, vec![format!("{program} extract {seq} --to repos {open}")]),
        one(3, What::Rebuild, rebuild),
        one(4, What::Practise, vec![format!("{program} demo")]),
        one(5, What::Look, look.collect()),
    ]
}

fn remarks(hosts: &[Host], clusters: &[Cluster]) -> Vec<String> {
    let mut remarks = Vec::new();
    let remote: Vec<_> = hosts.iter().filter(|host| host.asked.contains(':')).collect();
    let dark = |step: Option<Step>| matches!(step, Some(Step::Name | Step::Tcp));
    let asked = remote.len() + clusters.len();
    let unreached = remote.iter().filter(|host| dark(host.failed)).count()
        + clusters.iter().filter(|cluster| dark(cluster.failed)).count();
    if asked > 1 && asked == unreached {
        remarks.push("nothing at all answers from here: look at this machine's network".to_owned());
    }
    if hosts.iter().any(|host| host.blame == Some(Blame::You)) {
        let text =
            "where it is YOU: ask somebody else whether theirs works, before you change keys";
        remarks.push(text.to_owned());
    }
    remarks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::list::Entry;
    use crate::model::id::Seq;

    fn held() -> Held {
        let entry = Entry {
            seq: Seq::new(7).unwrap(),
            created: None,
            next_by: None,
            state: Some("complete"),
            digest: None,
            parts: 1,
            bytes: 1,
            signatures: Vec::new(),
            policy: "met",
            level: "green",
            remarks: Vec::new(),
        };
        Held { newest: Some(entry), ..Held::default() }
    }

    fn host(failed: Option<Step>) -> Host {
        Host {
            name: "git.example.com".into(),
            repositories: 3,
            asked: "https://git.example.com/apps".into(),
            passed: vec![Step::Name, Step::Tcp],
            failed,
            blame: failed.map(|_| Blame::Them),
            why: None,
            millis: 1,
        }
    }

    fn cluster(name: &str, class: Class, life: Life) -> Cluster {
        Cluster {
            name: name.into(),
            class: Some(class),
            server: "https://10.0.0.1".into(),
            uid: "u-1".into(),
            life,
            failed: None,
            blame: None,
            why: None,
            version: None,
            nodes: 3,
            nodes_ready: 3,
            workloads: 9,
            workloads_ready: 9,
            unready: Vec::new(),
            known: 561,
            present: 7,
            engines: Vec::new(),
            rebuilt: None,
        }
    }

    fn first(held: &Held, hosts: &[Host], clusters: &[Cluster]) -> (u8, String) {
        let advice = advise(held, hosts, clusters);
        let numbers: Vec<_> = advice.choices.iter().skip(1).map(|choice| choice.number).collect();
        assert!(numbers.is_sorted(), "the others keep their order: {numbers:?}");
        (advice.choices[0].number, advice.because)
    }

    #[test]
    fn waiting_comes_first_while_the_cluster_lives() {
        let down = [host(Some(Step::Http))];
        let healthy = [cluster("prd", Class::Production, Life::Healthy)];
        assert_eq!(first(&held(), &down, &healthy).0, 1);
        let impaired = [cluster("prd", Class::Production, Life::Impaired)];
        let (number, why) = first(&held(), &down, &impaired);
        assert!(number == 1 && why.contains("9 of 9 workloads are ready. 5 tests it"), "{why}");
        assert_eq!(first(&held(), &down, &[]).0, 1);
        assert_eq!(first(&Held::default(), &[], &[]).0, 1);
        assert_eq!(first(&held(), &[host(None)], &[]).0, 5);
        // A practice cluster that is gone changes nothing.
        let with_lab = [
            cluster("lab", Class::Disposable, Life::Silent),
            cluster("prd", Class::Production, Life::Healthy),
        ];
        assert_eq!(first(&held(), &down, &with_lab).0, 1);
    }

    #[test]
    fn rebuilding_comes_first_only_when_something_is_lost_and_we_hold_something() {
        let emptied = [cluster("prd", Class::Production, Life::Emptied)];
        let (number, why) = first(&held(), &[], &emptied);
        assert_eq!((number, why.as_str()), (3, "7 of 561 objects of prd are left"));
        assert_eq!(first(&Held::default(), &[], &emptied).0, 5);
        let another = [cluster("prd", Class::Production, Life::Another)];
        let advice = advise(&held(), &[], &another);
        assert!(advice.choices[0].commands[0].starts_with("blackstart target replace prd"));
        // A cluster with a name and nothing on it waits for that, while no other runs.
        let empty = cluster("new", Class::Production, Life::Empty);
        let (number, why) = first(&held(), &[], std::slice::from_ref(&empty));
        assert!(number == 3 && why.starts_with("new is empty"), "{number} {why}");
        assert_ne!(first(&Held::default(), &[], std::slice::from_ref(&empty)).0, 3);
        let beside = [cluster("prd", Class::Production, Life::Healthy), empty];
        assert_eq!(first(&held(), &[host(Some(Step::Http))], &beside).0, 1);
        let practice = [cluster("lab", Class::Disposable, Life::Empty)];
        assert_eq!(first(&held(), &[], &practice).0, 4);
        // Silence is not loss.
        let silent = [cluster("prd", Class::Production, Life::Silent)];
        let (number, why) = first(&held(), &[], &silent);
        assert!(number == 5 && why.contains("does not mean"), "{number} {why}");
    }

    #[test]
    fn what_was_rebuilt_is_no_outage_and_what_has_no_nodes_says_so() {
        let down = [host(Some(Step::Http))];
        let idle = cluster("prd", Class::Production, Life::Idle);
        let (number, why) = first(&held(), &down, std::slice::from_ref(&idle));
        assert!(number == 5 && why.contains("no nodes") && why.contains("5 tests it"), "{why}");
        for life in [Life::Idle, Life::Impaired] {
            let rebuilt = Some("r-7".to_owned());
            let cluster = Cluster { rebuilt, ..cluster("prd", Class::Production, life) };
            let advice = advise(&held(), &down, &[cluster]);
            assert_eq!(advice.choices[0].number, 5);
            assert!(advice.because.starts_with("prd is rebuilt by run r-7"), "{}", advice.because);
            assert_eq!(advice.choices[0].commands[0], "blackstart runs r-7");
        }
    }

    #[test]
    fn commands_find_the_bundles_that_were_looked_at() {
        let place = Place {
            stores: vec!["../my stick".into()],
            trust_root: Some("d102".to_owned()),
            ..Place::default()
        };
        let advice = advise(&held(), &[], &[]).at(&place);
        let all: Vec<_> = advice.choices.iter().flat_map(|choice| &choice.commands).collect();
        let list = "blackstart list --store '../my stick' --trust-root d102";
        assert!(all.iter().any(|line| *line == list), "{all:?}");
        assert!(all.iter().any(|line| *line == "blackstart demo"), "{all:?}");
        let same = advise(&held(), &[], &[]).at(&Place::default());
        assert!(same.choices.iter().flat_map(|one| &one.commands).all(|l| !l.contains("--store")));
    }

    #[test]
    fn a_dark_network_is_said_before_anyone_is_blamed() {
        let dark = [host(Some(Step::Name)), host(Some(Step::Tcp))];
        assert!(advise(&held(), &dark, &[]).remarks[0].contains("this machine's network"));
        let one = [host(Some(Step::Name)), host(None)];
        assert_eq!(advise(&held(), &one, &[]).remarks, [] as [&str; 0]);
    }
}
