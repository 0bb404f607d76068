//! Signs that a cluster is not what it is called, and which class may show which.
//!
//! A practice cluster has no nodes in a cloud; a standby carries nobody's load balancer. Whatever
//! does not fit the class stops `target add` and `replay`, until a person types the sign's word and
//! a reason. Time alone raises no sign: a cluster's age counts on the day it gets its name.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::class::Class;
use super::facts::{Engine, Facts};
use crate::model::clock::Timestamp;
use crate::model::safe::safe;

/// More nodes than a practice cluster has.
const MANY_NODES: usize = 5;
/// Older than a practice cluster is when it gets its name.
const OLD: Duration = Duration::from_hours(24);
/// So many names are said; the rest is counted.
const NAMED: usize = 3;

macro_rules! signs {
    ($($name:ident = $word:literal $admits:expr, $doc:literal;)*) => {
        /// A sign, named by the word that a person types to accept it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Sign {
            $(#[doc = $doc] $name,)*
        }

        impl Sign {
            /// Every sign.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Returns the word that accepts it.
            pub fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// Returns whether a target of this class may show it.
            pub fn fits(self, class: Class) -> bool {
                let classes: &[Class] = match self { $(Self::$name => $admits,)* };
                class == Class::Directory || classes.contains(&class)
            }
        }
    };
}

const USED: &[Class] = &[Class::Standby, Class::Production];
const LIVE: &[Class] = &[Class::Production];

signs! {
    CloudNodes = "cloud-nodes" USED, "Its nodes are machines of a cloud.";
    ManyNodes = "many-nodes" USED, "It has many nodes.";
    Old = "old" USED, "It was not made for this.";
    NotLoopback = "not-loopback" USED, "It is not on this machine.";
    RunsProgram = "runs-program" USED, "Its credentials come from running a program.";
    OtherNamespaces = "other-namespaces" LIVE, "Something that is not ours lives there.";
    LiveEngine = "live-engine" LIVE, "A GitOps engine keeps objects there.";
    LoadBalancers = "load-balancers" LIVE, "The world can reach it.";
    BoundVolumes = "bound-volumes" LIVE, "It holds data.";
    ProdName = "prod-name" LIVE, "It is called as production is.";
    CannotLook = "cannot-look" LIVE, "What it is could not be seen.";
    DefaultKubeconfig = "default-kubeconfig" &[], "The file is the one that every tool uses.";
    OldClusterAnswers = "old-cluster-answers" &[], "The cluster that it should replace is still there.";
}

impl fmt::Display for Sign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Sign {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.iter().copied().find(|sign| sign.word() == text).ok_or_else(|| {
            let words: Vec<_> = Self::ALL.iter().map(|sign| sign.word()).collect();
            format!("expected one of {}", words.join(", "))
        })
    }
}

/// A sign that was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Which.
    pub sign: Sign,
    /// What was seen, fit to be shown.
    pub text: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.text, self.sign)
    }
}

/// A sign that a person accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Accepted {
    /// Which.
    pub sign: Sign,
    /// What was seen then.
    pub found: String,
    /// Why they accepted it.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// Finds everything that may not fit, by what a cluster shows. `named` is when it got its name.
pub(super) fn of_facts(facts: &Facts, named: Timestamp) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut see = |sign, text: String| found.push(Finding { sign, text });
    if !facts.clouds.is_empty() {
        see(Sign::CloudNodes, format!("its nodes are machines of {}", some(&facts.clouds)));
    }
    if facts.nodes > MANY_NODES {
        see(Sign::ManyNodes, format!("it has {} nodes", facts.nodes));
    }
    let age = facts.born.and_then(|born| named.since(born)).filter(|age| *age > OLD);
    if let Some(age) = age {
        let hours = age.as_secs() / 3600;
        let text = format!("it was {} days and {} hours old when named", hours / 24, hours % 24);
        see(Sign::Old, text);
    }
    if !facts.foreign.is_empty() {
        let text = format!("namespaces that we did not make: {}", some(&facts.foreign));
        see(Sign::OtherNamespaces, text);
    }
    for Engine { kind, owning, .. } in facts.engines.iter().filter(|engine| engine.owning > 0) {
        see(Sign::LiveEngine, format!("{owning} live {kind} keep objects there"));
    }
    if facts.addresses > 0 {
        see(Sign::LoadBalancers, format!("{} load balancers have addresses", facts.addresses));
    }
    if facts.volumes > 0 {
        see(Sign::BoundVolumes, format!("{} volumes are bound", facts.volumes));
    }
    if !facts.unread.is_empty() {
        let text = format!("not allowed or not able to look at {}", some(&facts.unread));
        see(Sign::CannotLook, text);
    }
    found
}

/// The first names, and how many more.
fn some<'a>(names: impl IntoIterator<Item = &'a String>) -> String {
    let names: Vec<_> = names.into_iter().map(safe).collect();
    let shown = names[..names.len().min(NAMED)].join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// Returns whether a name is one that people give to production: `prod`, `eu-live-2`, `prd_1`.
pub(super) fn is_like_production(name: &str) -> bool {
    name.to_ascii_lowercase().split(|c: char| !c.is_ascii_alphanumeric()).any(|word| {
        let word = word.trim_end_matches(|c: char| c.is_ascii_digit());
        matches!(word, "prod" | "production" | "prd" | "live")
    })
}

/// Returns what stops a target of this class: what does not fit and nobody has accepted.
pub(super) fn stopping(found: &[Finding], class: Class, accepted: &[Accepted]) -> Vec<Finding> {
    let taken = |sign| accepted.iter().any(|accepted| accepted.sign == sign);
    found.iter().filter(|f| !f.sign.fits(class) && !taken(f.sign)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn busy() -> Facts {
        Facts {
            nodes: 41,
            ready: 41,
            clouds: ["aws".to_owned()].into(),
            born: Some(Timestamp::from_unix(0)),
            foreign: ["pay", "fx", "shop", "blog"].map(str::to_owned).into(),
            engines: vec![Engine { kind: "Kustomizations", owning: 3, suspended: 1 }],
            addresses: 2,
            volumes: 9,
            unread: Vec::new(),
        }
    }

    fn words(class: Class, accepted: &[Accepted]) -> Vec<&'static str> {
        let found = of_facts(&busy(), Timestamp::from_unix(3 * 86_400));
        stopping(&found, class, accepted).iter().map(|finding| finding.sign.word()).collect()
    }

    #[test]
    fn each_class_may_show_what_belongs_to_it() {
        let live = ["other-namespaces", "live-engine", "load-balancers", "bound-volumes"];
        assert_eq!(words(Class::Production, &[]), [] as [&str; 0]);
        assert_eq!(words(Class::Standby, &[]), live);
        let all = [&["cloud-nodes", "many-nodes", "old"][..], &live[..]].concat();
        assert_eq!(words(Class::Disposable, &[]), all);
    }

    #[test]
    fn what_was_accepted_stops_no_more_and_nothing_else_does_less() {
        let accepted = Accepted {
            sign: Sign::BoundVolumes,
            found: "9".into(),
            reason: "empty disks".into(),
            at: Timestamp::from_unix(0),
        };
        let left = words(Class::Standby, &[accepted]);
        assert_eq!(left, ["other-namespaces", "live-engine", "load-balancers"]);
    }

    #[test]
    fn age_counts_on_the_day_of_the_name_and_an_empty_cluster_shows_nothing() {
        let young = Facts { born: Some(Timestamp::from_unix(0)), ..Facts::default() };
        assert_eq!(of_facts(&young, Timestamp::from_unix(86_400)), []);
        assert_eq!(of_facts(&young, Timestamp::from_unix(86_401)).len(), 1);
        // A clock that is wrong is no reason to stop anyone.
        assert_eq!(of_facts(&young, Timestamp::from_unix(-5)), []);
    }

    #[test]
    fn texts_name_a_few_and_count_the_rest() {
        let found = of_facts(&busy(), Timestamp::from_unix(0));
        let others = found.iter().find(|f| f.sign == Sign::OtherNamespaces).unwrap();
        let text = "namespaces that we did not make: blog, fx, pay and 1 more (other-namespaces)";
        assert_eq!(others.to_string(), text);
    }

    #[test]
    fn words_and_names_are_read_as_people_write_them() {
        for sign in Sign::ALL {
            assert_eq!(sign.word().parse(), Ok(*sign));
            assert_eq!(serde_json::to_value(sign).unwrap(), sign.word(), "one word everywhere");
        }
        assert!("yes".parse::<Sign>().is_err());
        for name in ["prod", "eu-prod-1", "PRD", "live2", "arn:aws:eks:eu:1:cluster/production"] {
            assert!(is_like_production(name), "{name}");
        }
        for name in ["product-dev", "olive", "lab", "delivery", "preprod"] {
            assert!(!is_like_production(name), "{name}");
        }
    }
}
