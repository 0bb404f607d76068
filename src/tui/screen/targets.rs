//! Clusters that have names here, and what else a plan can be for.

use crate::app::target::{Card, Class, Listed, Tested};
use crate::tui::job::Job;
use crate::tui::page::{Line, Page, Role};
use crate::tui::screen::{self, filtered, matching, runs};
use crate::tui::state::{Known, State};

/// A row.
pub(in crate::tui) enum Row<'a> {
    /// A cluster.
    Card(&'a Card),
    /// A card that cannot be read, and why.
    Damaged(&'a str),
    /// A name for another cluster.
    Add,
    /// A folder of manifests.
    Directory,
}

fn listed(state: &State) -> Vec<&Listed> {
    let Some(list) = state.facts.targets.get() else { return Vec::new() };
    let listed = &list.targets;
    let seen = matching(listed.len(), screen::filter(state), |index| words(&listed[index]));
    seen.into_iter().filter_map(|index| listed.get(index)).collect()
}

/// Returns what is in a row.
pub(in crate::tui) fn row(state: &State, at: usize) -> Option<Row<'_>> {
    let listed = listed(state);
    match at.checked_sub(listed.len()) {
        None => listed.get(at).map(|one| match one {
            Listed::Card(card) => Row::Card(card),
            Listed::Damaged { problem, .. } => Row::Damaged(problem),
        }),
        Some(0) => Some(Row::Add),
        Some(1) if !state.only_looks() => Some(Row::Directory),
        Some(_) => None,
    }
}

fn words(listed: &Listed) -> String {
    let card = match listed {
        Listed::Card(card) => card,
        Listed::Damaged { name, problem } => return format!("{name:<16}  DAMAGED: {problem}"),
    };
    let uid = card.identity.uid.get(..8).unwrap_or(&card.identity.uid);
    let class = card.class.to_string();
    format!(
        "{:<16}  {class:<10}  {uid:<8}  {:<9}  {}",
        card.name, card.identity.version, card.identity.server
    )
}

/// The page.
pub(super) fn page(state: &State) -> Page<'_> {
    let mut page = Page::new("Which cluster?");
    page.same_as = Some(Job::Targets.line());
    match &state.facts.targets {
        Known::No | Known::Asked => page.fact(Line::words(Role::Dim, " looking …")),
        Known::Failed(told) => screen::trouble(&mut page, told),
        Known::Yes(list) => {
            let head = format!(
                "   {:<16}  {:<10}  {:<8}  {:<9}  server",
                "name", "class", "uid", "version"
            );
            page.fact(Line::of(Role::Dim, head));
            let filter = screen::filter(state);
            filtered(&mut page, listed(state).len(), list.targets.len(), filter);
        }
    }
    let listed = listed(state);
    if let Some(run) = runs::unfinished(state).filter(|_| !state.only_looks()) {
        page.next(Role::Warn, runs::unfinished_words(run));
    }
    page.next(Role::Plain, enter(state));
    let more = if state.only_looks() { 1 } else { 2 };
    page.list(listed.len() + more, state.cursor(), move |row| {
        match row.checked_sub(listed.len()) {
            None => listed.get(row).map_or_else(Line::empty, |one| {
                let role = match one {
                    Listed::Damaged { .. } => Role::Bad,
                    Listed::Card(card) if card.class == Class::Production => Role::Strong,
                    Listed::Card(_) => Role::Plain,
                };
                Line::of(role, words(one))
            }),
            Some(0) => Line::plain("+ another cluster: give it a name"),
            Some(_) => Line::plain("+ a folder: write manifests there, to be carried to a cluster"),
        }
    });
    page
}

/// What Enter does with the row under the cursor.
fn enter(state: &State) -> &'static str {
    match row(state, state.cursor()) {
        Some(Row::Add) => {
            "Enter asks for the cluster's kubeconfig and a name. A name stands for one cluster, by \
             its UID; another cluster of the same name is refused."
        }
        Some(Row::Directory) => {
            "Enter asks for a folder. Manifests and apply.sh are written there, in order, once its \
             name was typed; they can be carried to where the cluster is."
        }
        _ if state.only_looks() => {
            "Enter asks it who it is and what one may do there; nothing is written."
        }
        _ => {
            "Enter plans for it: what would change is shown, nothing is written. A name stands for \
             one cluster, by its UID; another cluster of the same name is refused."
        }
    }
}

/// What a test of one found.
pub(super) fn tested(page: &mut Page<'_>, tested: &Tested) {
    let (card, facts) = (&tested.target, &tested.facts);
    page.fact(Line::empty());
    let same =
        format!("{} is the cluster that got this name, uid {}", card.name, card.identity.uid);
    page.fact(Line::fact("identity", Role::Good, same));
    let version = tested.identity.as_ref().map_or("", |identity| identity.version.as_str());
    let words = format!("{version} within {} ms, at {}", tested.millis, card.identity.server);
    page.fact(Line::fact("answers", Role::Plain, words));
    let nodes = format!("{} of {} ready", facts.ready, facts.nodes);
    let role = if facts.ready == 0 { Role::Warn } else { Role::Plain };
    page.fact(Line::fact("nodes", role, nodes));
    for engine in &facts.engines {
        let (live, suspended) = (engine.owning, engine.suspended);
        let words = format!("{}: {live} live, {suspended} suspended", engine.kind);
        page.fact(Line::fact("engine", Role::Warn, words));
    }
    if tested.missing_rights.is_empty() {
        page.fact(Line::fact("rights", Role::Good, "all that a replay needs"));
    }
    for right in &tested.missing_rights {
        page.fact(Line::fact("LACKS", Role::Bad, format!("the right to {right}")));
    }
    for told in &tested.told {
        page.fact(Line::fact("note", Role::Warn, told));
    }
    for accepted in &tested.accepted {
        let words = format!("{} ({})", accepted.found, accepted.sign);
        page.fact(Line::fact("accepted", Role::Plain, words));
    }
    for finding in &tested.stopping {
        page.fact(Line::fact("STOPS", Role::Bad, finding.to_string()));
    }
    if facts.runs_nothing() {
        let words = "It has no ready node: what is applied does not run until it has one.";
        page.next(Role::Warn, words);
    }
    let next = if tested.is_good() {
        "A replay could begin. Enter goes back, where it can be chosen."
    } else {
        "A replay would be refused as long as this is so. Enter goes back."
    };
    page.next(Role::Plain, next);
}
