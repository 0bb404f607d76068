//! Home: what do we hold, what is broken, what to do.

use crate::app::assess::{self, Life, What, words};
use crate::app::status::Report;
use crate::app::{Told, program, text};
use crate::tui::job::Job;
use crate::tui::page::{Line, Page, Role};
use crate::tui::screen::{self, runs};
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
    /// To what runs, or has ended.
    Watch,
    /// To a run that is unfinished.
    Resume,
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
        let words = format!("Go back to what runs: {}", work.verb());
        choices.push(Choice { words, why: "", goes: Goes::Watch });
    } else if let Some(run) = runs::unfinished(state) {
        let words = format!("Go on with run onto {}: {}, {}", run.target, run.state, run.there());
        choices.push(Choice { words, why: "what is done is not done again", goes: Goes::Resume });
    }
    choices.push(choice(Goes::Wait, What::Wait.title(), "right when only the Git host is down"));
    choices.push(choice(
        Goes::Open(Goal::Extract),
        What::Extract.title(),
        "stock git can use them at once",
    ));
    choices.push(choice(
        Goes::Open(Goal::Rebuild),
        What::Rebuild.title(),
        "nothing is written before its name is typed",
    ));
    choices.push(choice(
        Goes::Practise,
        What::Practise.title(),
        "everything once, without touching anything outside",
    ));
    choices.push(choice(Goes::Look, What::Look.title(), "changes nothing"));
    choices.push(choice(Goes::Snapshot, "Take a snapshot now", "the Git host must answer"));
    if let Some(work) = state.work.as_ref().filter(|work| !work.runs()) {
        let words = format!("See again how {} ended: {}", work.verb(), work.ending());
        choices.push(Choice { words, why: "", goes: Goes::Watch });
    }
    choices
}

/// Returns the row that is suggested, once there is advice.
pub(in crate::tui) fn suggested(state: &State) -> Option<usize> {
    let choices = choices(state);
    if first_number(&choices) == 0 {
        return Some(0);
    }
    let what = state.facts.assess.get()?.advice.choices.first()?.what;
    let goes = match what {
        What::Wait => Goes::Wait,
        What::Extract => Goes::Open(Goal::Extract),
        What::Rebuild => Goes::Open(Goal::Rebuild),
        What::Practise => Goes::Practise,
        What::Look => Goes::Look,
    };
    choices.iter().position(|choice| choice.goes == goes)
}

/// What runs or is unfinished is 0, so that the numbers of all others are always the same.
fn first_number(choices: &[Choice]) -> usize {
    let zero = choices.first().is_some_and(|one| matches!(one.goes, Goes::Watch | Goes::Resume));
    usize::from(!zero)
}

/// The page.
pub(super) fn page(state: &State) -> Page<'_> {
    let mut page = Page::new("What do we hold?");
    // Where there is room the three questions stand apart.
    let roomy = state.size.1 >= 30;
    match &state.facts.status {
        Known::No | Known::Asked => page.fact(Line::words(Role::Dim, " looking …")),
        Known::Failed(told) if !roomy => short_trouble(&mut page, told),
        Known::Failed(told) => screen::trouble(&mut page, told),
        Known::Yes(report) => held(&mut page, report, state, roomy),
    }
    gap(&mut page, roomy);
    page.fact(Line::of(Role::Strong, " What is broken?"));
    match &state.facts.assess {
        Known::Yes(report) => broken(&mut page, report, roomy),
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
    let first = first_number(&choices);
    page.choices(choices.len(), cursor, move |index| {
        Line::plain(choices.get(index).map_or("", |choice| choice.words.as_str())).hanging(1)
    });
    if let Some(rows) = &mut page.rows {
        rows.numbered = Some(first);
    }
    page
}

/// What could not be found out, as short as it can be, so that it is seen above the choices.
fn short_trouble(page: &mut Page<'_>, told: &Told) {
    let what = format!("{} ({})", told.what, told.code);
    page.fact(Line::fact("ERROR", Role::Bad, what).cut());
    page.fact(Line::fact("next", Role::Plain, &told.next));
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
        let zero = first_number(choices) == 0;
        let unfinished = runs::unfinished(state).filter(|_| zero && !state.works());
        let because = match unfinished {
            Some(run) => format!("run {} is unfinished; what is done stays done", run.run),
            None if zero => "it runs".to_owned(),
            None => because.clone(),
        };
        let number = at + first_number(choices);
        page.next(Role::Strong, format!("Suggested: {number}, because {because}."));
        report.advice.remarks.iter().for_each(|remark| page.next(Role::Warn, remark));
    }
    if let Some(run) = runs::elsewhere(state) {
        let words = format!(
            "Run {} onto {} is under way in another window, or finishes its wave without one.",
            run.run, run.target
        );
        page.next(Role::Warn, words);
    }
    let why = choices.get(state.cursor()).map_or("", |choice| choice.why);
    let said = suggested(state) == Some(state.cursor());
    if !why.is_empty() && !said {
        page.next(Role::Plain, format!("{}.", text::capital(why)));
    }
}

/// Hosts and clusters, what is broken first; what has no room the command tells.
fn broken(page: &mut Page<'_>, report: &assess::Report, roomy: bool) {
    let mut lines = Vec::new();
    if let Some(why) = &report.no_hosts {
        lines.push((1, Line::fact("git", Role::Warn, format!("not known: {why}"))));
    }
    for host in &report.hosts {
        let (rank, role) = if host.answers() { (2, Role::Plain) } else { (0, Role::Bad) };
        let words = if roomy { words::host(host) } else { words::host_short(host) };
        lines.push((rank, Line::fact("git", role, words)));
    }
    for cluster in &report.clusters {
        let (rank, role) = match cluster.life {
            Life::Healthy => (1, Role::Good),
            Life::Emptied | Life::Another => (0, Role::Bad),
            _ => (0, Role::Warn),
        };
        let (long, short) = (words::cluster(cluster), words::cluster_short(cluster));
        // What is broken, and how, is never cut.
        let words = if roomy { long } else { short };
        lines.push((rank, Line::fact("cluster", role, words)));
    }
    if report.clusters.is_empty() {
        lines.push((1, Line::fact("clusters", Role::Plain, "none has a name here yet")));
    }
    lines.sort_by_key(|(rank, _)| *rank);
    let room = if roomy { 10 } else { 3 };
    let more = lines.len().saturating_sub(room);
    lines.into_iter().take(room).for_each(|(_, line)| page.fact(line));
    if more > 0 {
        page.fact(Line::fact("", Role::Dim, format!("and {more} more: {} assess", program())));
    }
}

fn held(page: &mut Page<'_>, report: &Report, state: &State, roomy: bool) {
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
    let role = match entry.level {
        "green" => Role::Good,
        "amber" => Role::Warn,
        _ => Role::Bad,
    };
    let unmet = if entry.policy == "met" { "" } else { ", POLICY UNMET" };
    let size = format!("{}, {}", text::count(entry.parts, "part"), text::size(entry.bytes));
    page.fact(
        Line::fact("verdict", role, entry.level.to_uppercase())
            .and(Role::Plain, format!(", signed by {}", signers(report)))
            .and(Role::Bad, unmet)
            .and(Role::Plain, format!("; {size}")),
    );
    for remark in entry.remarks.iter().take(if roomy { 5 } else { 1 }) {
        page.fact(Line::fact("note", Role::Warn, remark));
    }
}

fn signers(report: &Report) -> String {
    let signers = report.entry.signatures.iter().map(|one| match one.status {
        "good" => one.role.clone(),
        other => format!("{} ({other})", one.role),
    });
    let signers: Vec<String> = signers.collect();
    if signers.is_empty() { "nobody".to_owned() } else { signers.join(" and ") }
}
