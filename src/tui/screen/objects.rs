//! The plan, object by object: what differs, and what stays.

use crate::app::plan::{Action, Item};
use crate::tui::page::{Line, Page, Role};
use crate::tui::screen::{self, filtered, matching, plan};
use crate::tui::state::State;

fn sign(action: Action) -> (&'static str, Role) {
    match action {
        Action::New => ("+ new", Role::Good),
        Action::Changed => ("~ change", Role::Warn),
        Action::Conflicting => ("! conflict", Role::Bad),
        Action::Immutable => ("! fixed", Role::Bad),
        Action::Unchanged => ("  same", Role::Dim),
    }
}

fn words(wave: usize, item: &Item) -> String {
    let (sign, _) = sign(item.action);
    let held = item.conflicts.iter().map(|held| format!("{} holds {}", held.manager, held.field));
    let more: Vec<String> = held.chain(item.fields.iter().cloned()).collect();
    format!("{wave:>3}  {sign:<10}  {}  {}", item.object, more.join(", "))
}

/// The page.
pub(super) fn page(state: &State) -> Page<'_> {
    let mut page = Page::new("The plan, object by object");
    let Some(plan) = state.work.as_ref().and_then(|work| work.plan.as_deref()) else { return page };
    page.same_as = state.work.as_ref().map(|work| plan::same_as(work, plan));
    let waves = plan.waves.iter();
    let items: Vec<(usize, &Item)> =
        waves.flat_map(|wave| wave.objects.iter().map(move |item| (wave.wave, item))).collect();
    let mut rows =
        matching(items.len(), screen::filter(state), |index| words(items[index].0, items[index].1));
    // What is there already as it should be comes last.
    rows.sort_by_key(|index| items[*index].1.action == Action::Unchanged);
    filtered(&mut page, rows.len(), items.len(), screen::filter(state));
    if let Some((_, item)) = rows.get(state.cursor()).and_then(|index| items.get(*index)) {
        let from = &item.provenance;
        let revision = from.revision.get(..12).unwrap_or(&from.revision);
        page.next(Role::Strong, item.object.to_string());
        page.next(Role::Plain, format!("from {}:{} at {revision}", from.repo, from.path));
    }
    page.list(rows.len(), state.cursor(), move |row| {
        rows.get(row)
            .and_then(|index| items.get(*index))
            .map_or_else(Line::empty, |(wave, item)| {
                Line::of(sign(item.action).1, words(*wave, item))
            })
    });
    page
}
