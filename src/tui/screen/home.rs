//! Home: what do we hold, what is broken, what to do.

use crate::app::assess::{self, Life, What, words};
use crate::app::status::Report;
use crate::app::text;
use crate::tui::job::Job;
use crate::tui::page::{Line, Page, Role};
use crate::tui::screen;
use crate::tui::state::{Goal, Known, State};

/// A choice of the first screen.
pub(in crate::tui) struct Choice {
    words: String,
    why: &'static str,
    /// Where it leads.
    pub(in crate::tui) goes: Goes,
}

/// Where a choice leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tui) enum Goes {
    /// To what runs.
    Watch,
    /// To why one should wait.
    Wait,
    /// To opening a bundle.
    Open(Goal),
    /// To practising.
    Practise,
    /// To everything that can be looked at.
    Look,
    /// To a snapshot taken now.
    Snapshot,
}

/// Returns what can be done.
pub(in crate::tui) fn choices(state: &State) -> Vec<Choice> {
    let choice = |goes, words: &str, why| Choice { words: words.to_owned(), why, goes };
    let mut choices = Vec::new();
    if let Some(work) = state.work.as_ref().filter(|work| work.runs()) {
        let words = format!("Go back to what runs: {}", work.job.verb());
        choices.push(Choice { words, why: "", goes: Goes::Watch });
    }
    choices.push(choice(
        Goes::Wait,
        "WAIT, and freeze what follows the Git host",
        "right when only the Git host is down",
    ));
    choices.push(choice(
        Goes::Open(Goal::Extract),
        "Go on working without the Git host: take the repositories out",
        "stock git can use them at once",
    ));
    choices.push(choice(
        Goes::Open(Goal::Rebuild),
        "The cluster is lost or emptied: rebuild it",
        "nothing is written before its name is typed",
    ));
    choices.push(choice(
        Goes::Practise,
        "Practise on this machine",
        "everything once, without touching anything outside",
    ));
    choices.push(choice(Goes::Look, "Only look: bundles, targets, codes", "changes nothing"));
    choices.push(choice(Goes::Snapshot, "Take a snapshot now", "the Git host must answer"));
    choices
}

/// Returns the row that is suggested, once there is advice.
pub(in crate::tui) fn suggested(state: &State) -> Option<usize> {
    let what = state.facts.assess.get()?.advice.choices.first()?.what;
    let goes = match what {
        What::Wait => Goes::Wait,
        What::Extract => Goes::Open(Goal::Extract),
        What::Rebuild => Goes::Open(Goal::Rebuild),
        What::Practise => Goes::Practise,
        What::Look => Goes::Look,
    };
    choices(state).iter().position(|choice| choice.goes == goes)
}

/// The page.
pub(super) fn page(state: &State) -> Page<'_> {
    let mut page = Page::new("What do we hold?");
    // Where there is room the three questions stand apart.
    let roomy = state.size.1 >= 30;
    match &state.facts.status {
        Known::No | Known::Asked => page.fact(Line::words(Role::Dim, " looking …")),
        Known::Failed(told) => screen::trouble(&mut page, told),
        Known::Yes(report) => held(&mut page, report, state),
    }
    gap(&mut page, roomy);
    page.fact(Line::of(Role::Strong, " What is broken?"));
    match &state.facts.assess {
        Known::Yes(report) => broken(&mut page, report),
        Known::No | Known::Asked => page.fact(Line::words(Role::Dim, " asking around …")),
        Known::Failed(told) => screen::trouble(&mut page, told),
    }
    gap(&mut page, roomy);
    page.fact(Line::of(Role::Strong, " What to do?"));
    let choices = choices(state);
    let cursor = state.cursor();
    advice(&mut page, state, &choices);
    let request = assess::Request { place: state.place.clone(), ..Default::default() };
    page.same_as = Some(Job::Assess(request).line());
    page.choices(choices.len(), cursor, move |index| {
        Line::plain(choices.get(index).map_or("", |choice| choice.words.as_str())).hanging(1)
    });
    page
}

fn gap(page: &mut Page<'_>, roomy: bool) {
    if roomy {
        page.fact(Line::empty());
    }
}

/// What is suggested and why, and what the choice under the cursor is for.
fn advice(page: &mut Page<'_>, state: &State, choices: &[Choice]) {
    if let (Some(at), Some(report)) = (suggested(state), state.facts.assess.get()) {
        let because = &report.advice.because;
        page.next(Role::Strong, format!("Suggested: {}, because {because}.", at + 1));
        report.advice.remarks.iter().for_each(|remark| page.next(Role::Warn, remark));
    }
    let why = choices.get(state.cursor()).map_or("", |choice| choice.why);
    if !why.is_empty() {
        page.next(Role::Plain, format!("{}.", capital(why)));
    }
}

/// So many hosts and clusters are told, what is broken first; the command tells all.
const TOLD: usize = 3;

fn broken(page: &mut Page<'_>, report: &assess::Report) {
    if let Some(why) = &report.no_hosts {
        page.fact(Line::fact("git", Role::Warn, format!("not known: {why}")));
    }
    let mut hosts: Vec<_> = report.hosts.iter().collect();
    hosts.sort_by_key(|host| host.answers());
    for host in hosts.iter().take(TOLD) {
        let role = if host.answers() { Role::Plain } else { Role::Bad };
        page.fact(Line::fact("git", role, words::host(host)));
    }
    let mut clusters: Vec<_> = report.clusters.iter().collect();
    clusters.sort_by_key(|cluster| cluster.life == Life::Healthy);
    if clusters.is_empty() {
        page.fact(Line::fact("clusters", Role::Plain, "none has a name here yet"));
    }
    for cluster in clusters.iter().take(TOLD) {
        let role = match cluster.life {
            Life::Healthy => Role::Good,
            Life::Emptied | Life::Another => Role::Bad,
            _ => Role::Warn,
        };
        page.fact(Line::fact("cluster", role, words::cluster(cluster)));
    }
    let more = hosts.len().saturating_sub(TOLD) + clusters.len().saturating_sub(TOLD);
    if more > 0 {
        page.fact(Line::fact("", Role::Dim, format!("and {more} more: blackstart assess")));
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

fn held(page: &mut Page<'_>, report: &Report, state: &State) {
    let entry = &report.entry;
    let state_word = entry.state.unwrap_or("not known");
    let role = if state_word == "complete" { Role::Good } else { Role::Warn };
    let what = format!("{} of {}, {}", entry.seq, report.stream, state_word.to_uppercase());
    page.fact(Line::fact("snapshot", role, what));
    let age = entry.created.map_or_else(
        || "not known".to_owned(),
        |created| format!("{}, taken {created}", text::age(created, state.now)),
    );
    let late = entry.next_by.is_some_and(|by| state.now > by);
    let (role, word) =
        if late { (Role::Warn, "LATE: a newer one is due") } else { (Role::Good, "OK") };
    page.fact(Line::fact("age", Role::Plain, format!("{age}  ")).and(role, word));
    page.fact(signed(report));
    let level = entry.level.to_uppercase();
    let role = match entry.level {
        "green" => Role::Good,
        "amber" => Role::Warn,
        _ => Role::Bad,
    };
    let size = format!("{}, {}", text::count(entry.parts, "part"), text::size(entry.bytes));
    page.fact(Line::fact("verdict", role, level).and(Role::Plain, format!("  {size}")));
    for remark in entry.remarks.iter().take(3) {
        page.fact(Line::fact("note", Role::Warn, remark));
    }
}

fn signed(report: &Report) -> Line {
    let entry = &report.entry;
    let signers: Vec<String> = entry
        .signatures
        .iter()
        .map(|one| match one.status {
            "good" => one.role.clone(),
            other => format!("{} ({other})", one.role),
        })
        .collect();
    let by = if signers.is_empty() { "nobody".to_owned() } else { signers.join(" and ") };
    let (role, word) =
        if entry.policy == "met" { (Role::Good, "OK") } else { (Role::Bad, "POLICY UNMET") };
    Line::fact("signed by", Role::Plain, format!("{by}  ")).and(role, word)
}
