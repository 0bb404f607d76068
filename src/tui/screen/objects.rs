//! The plan, object by object: what differs, and what stays; and everything it knows of one of them.

use crate::app::CommandLine;
use crate::app::extract::extracted_folder;
use crate::app::plan::{Action, Item, Plan, Undefined};
use crate::tui::page::{Line, Page, Role};
use crate::tui::screen::{self, filtered, matching, plan};
use crate::tui::state::State;
use crate::tui::work::Work;

/// Marks what a person left out.
const LEFT_OUT: &str = "LEFT OUT";

fn sign(action: Action) -> (&'static str, Role) {
    match action {
        Action::New => ("+ new", Role::Good),
        Action::Changed => ("~ change", Role::Warn),
        Action::Conflicting => ("! conflict", Role::Bad),
        Action::Immutable => ("! fixed", Role::Bad),
        Action::Unchanged => ("  same", Role::Dim),
    }
}

/// The plan in view: each object with its wave, and what is said of some beside their action. Found
/// once, since a plan may hold thousands.
struct Known<'a> {
    work: &'a Work,
    plan: &'a Plan,
    items: Vec<(usize, &'a Item)>,
    undefined: Vec<&'a Undefined>,
}

impl<'a> Known<'a> {
    fn of(state: &'a State) -> Option<Self> {
        let work = state.work.as_ref()?;
        let plan = work.plan.as_deref()?;
        let waves = plan.waves.iter();
        let items = waves.flat_map(|wave| wave.objects.iter().map(move |item| (wave.wave, item)));
        Some(Self { work, plan, items: items.collect(), undefined: work.undefined() })
    }

    /// That an object is left out, or that nobody defines its kind.
    fn mark(&self, item: &Item) -> Option<&'static str> {
        if self.work.is_left_out(item) {
            return Some(LEFT_OUT);
        }
        self.undefined.iter().any(|kind| kind.is_of(&item.object)).then_some("NOT SERVED")
    }

    fn words(&self, index: usize) -> String {
        let (wave, item) = self.items[index];
        // What is left out is not done, whatever would be.
        let (sign, mark) = match self.mark(item) {
            Some(LEFT_OUT) => (LEFT_OUT, String::new()),
            Some(mark) => (sign(item.action).0, format!("  {mark}")),
            None => (sign(item.action).0, String::new()),
        };
        let held =
            item.conflicts.iter().map(|held| format!("{} holds {}", held.manager, held.field));
        let more: Vec<String> = held.chain(item.fields.iter().cloned()).collect();
        format!("{wave:>3}  {sign:<10}{mark}  {}  {}", item.object, more.join(", "))
    }
}

/// Which objects are seen, in order: what is there already as it should be comes last.
fn rows(state: &State, known: &Known<'_>) -> Vec<usize> {
    let count = known.items.len();
    let mut rows = matching(count, screen::filter(state), |index| known.words(index));
    rows.sort_by_key(|index| known.items[*index].1.action == Action::Unchanged);
    rows
}

/// Returns the place in the plan of the object in a row.
pub(in crate::tui) fn index(state: &State, row: usize) -> Option<usize> {
    rows(state, &Known::of(state)?).get(row).copied()
}

/// The page of all.
pub(super) fn page(state: &State) -> Page<'_> {
    let mut page = Page::new("The plan, object by object");
    let Some(known) = Known::of(state) else { return page };
    let rows = rows(state, &known);
    page.same_as = Some(plan::same_as(known.work, known.plan));
    filtered(&mut page, rows.len(), known.items.len(), screen::filter(state));
    if let Some(index) = rows.get(state.cursor()) {
        let (_, item) = known.items[*index];
        page.next(Role::Strong, item.object.to_string());
        page.next(Role::Plain, origin(item));
    }
    page.list(rows.len(), state.cursor(), move |row| {
        rows.get(row).map_or_else(Line::empty, |index| {
            let (_, item) = known.items[*index];
            let role = if known.mark(item).is_some() { Role::Bad } else { sign(item.action).1 };
            Line::of(role, known.words(*index))
        })
    });
    page
}

fn origin(item: &Item) -> String {
    let from = &item.provenance;
    let revision = from.revision.get(..12).unwrap_or(&from.revision);
    format!("from {}:{} at {revision}", from.repo, from.path)
}

/// The page of one.
pub(super) fn one(state: &State, index: usize) -> Page<'_> {
    let mut page = Page::new("An object of the plan");
    let Some(known) = Known::of(state) else { return page };
    let Some((wave, item)) = known.items.get(index) else { return page };
    page.title = Line::of(Role::Strong, format!(" {}", item.object));
    let (does, role) = match item.action {
        Action::New => ("new: it is not there yet", Role::Good),
        Action::Changed => ("change: it is there and differs", Role::Warn),
        Action::Conflicting => ("conflict: somebody else holds what differs", Role::Bad),
        Action::Immutable => ("immutable: it is there and cannot be changed to this", Role::Bad),
        Action::Unchanged => ("same: it is there as it should be", Role::Plain),
    };
    let mark = known.mark(item);
    if mark != Some(LEFT_OUT) {
        page.fact(Line::fact("action", role, does));
    }
    match mark {
        Some(mark @ "NOT SERVED") => {
            let words = "the target does not serve its kind, and nothing in the plan defines it";
            page.fact(Line::fact(mark, Role::Bad, words));
        }
        Some(mark) => page.fact(Line::fact(mark, Role::Warn, "a person left it out of this")),
        None => {}
    }
    let version = match item.object.group.as_str() {
        "" => item.version.clone(),
        group => format!("{group}/{}", item.version),
    };
    page.fact(Line::fact("kind", Role::Plain, format!("{} of {version}", item.object.kind)));
    let stage =
        known.plan.waves.iter().find(|one| one.wave == *wave).map_or("", |one| one.stage.name());
    page.fact(Line::fact("wave", Role::Plain, format!("{wave}, {stage}")));
    for field in &item.fields {
        page.fact(Line::fact("differs", Role::Warn, field));
    }
    for held in &item.conflicts {
        page.fact(Line::fact("held", Role::Bad, format!("{} holds {}", held.manager, held.field)));
    }
    for need in &item.needs {
        let until = format!("{:?}", need.until).to_lowercase();
        let words = format!("{} {until} ({})", need.object, need.why);
        page.fact(Line::fact("needs", Role::Plain, words));
    }
    let from = &item.provenance;
    let words = format!("{}:{} at {}", from.repo, from.path, from.revision);
    page.fact(Line::fact("from", Role::Plain, words));
    page.fact(Line::fact("hash", Role::Dim, item.hash.oci()));
    page.fact(Line::fact("look", Role::Plain, look(item)));
    page.fact(Line::fact("content", Role::Plain, content(item)));
    page.next(
        Role::Plain,
        "look shows it as it is on the target; content shows the file or folder it comes from, \
         once blackstart extract --to DIR has written the repositories. Esc goes back.",
    );
    page.same_as = Some(plan::same_as(known.work, known.plan));
    page
}

/// What shows it as it is on the target now.
fn look(item: &Item) -> String {
    let object = &item.object;
    let mut kind = object.kind.to_lowercase();
    if !object.group.is_empty() {
        kind = format!("{kind}.{}", object.group);
    }
    let line = CommandLine::options().word("kubectl").word("get").word(kind).word(&object.name);
    line.option("-n", &object.namespace).option("-o", ["yaml"]).line()
}

/// What shows where it comes from, once the repository was taken out.
fn content(item: &Item) -> String {
    let from = &item.provenance;
    let folder = format!("DIR/{}", extracted_folder(&from.repo));
    let line = CommandLine::options().word("git").option("-C", [folder]).word("show");
    line.word(format!("{}:{}", from.revision, from.path)).line()
}
