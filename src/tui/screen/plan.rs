//! What would be done to the target, and the name that is typed to have it done.

use crate::app::plan::{Action, Note, Plan, Wave};
use crate::app::text;
use crate::tui::job::{Job, replay_request};
use crate::tui::page::{Line, Page, Role};
use crate::tui::state::{Confirming, Screen, State};
use crate::tui::work::Work;

/// So many objects that are left out are named.
const NAMED: usize = 3;

/// What to do about folders that the plan lacks, before its target can be named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tui) enum Choice {
    /// Plan anew with them.
    Widen,
    /// Go on without them.
    AsItIs,
}

/// Returns what can be chosen: whoever lacks half of what engines follow should say so.
pub(in crate::tui) fn choices(state: &State) -> Vec<Choice> {
    let Some((_, plan)) = planned(state) else { return Vec::new() };
    if plan.beyond.is_empty() || state.stops() {
        return Vec::new();
    }
    let goes_on = plan.is_empty() || state.binding != Confirming::Not;
    let mut choices = vec![Choice::Widen];
    choices.extend((goes_on && plan.blockers.is_empty()).then_some(Choice::AsItIs));
    choices
}

/// Returns whether the plan asks something before its target can be named.
pub(in crate::tui) fn asks(state: &State) -> bool {
    is_idle(state) && !choices(state).is_empty()
}

/// Returns whether a plan is looked at while nothing runs but the wait for a name.
pub(in crate::tui) fn is_idle(state: &State) -> bool {
    state.on(Screen::is_plan) && !state.stops()
}

fn planned(state: &State) -> Option<(&Work, &Plan)> {
    state.work.as_ref().and_then(|work| Some((work, work.plan.as_deref()?)))
}

/// The page.
pub(super) fn page(state: &State) -> Page<'_> {
    let Some((work, plan)) = planned(state) else {
        return Page::new("There is no plan");
    };
    let mut page = Page::new(format!("Plan {}", plan.digest().short()));
    page.title = page.title.and(Role::Plain, "   Nothing has been changed yet.").hanging(1);
    waves(&mut page, plan);
    notes(&mut page, "BLOCKER", Role::Bad, plan.blockers.iter());
    // What the plan does not hold at all matters more than how the rest goes.
    let (missing, others): (Vec<_>, Vec<_>) =
        warnings(work, plan).partition(|note| note.is_elsewhere());
    notes(&mut page, "NOT IN IT", Role::Bad, missing);
    left_out(&mut page, work, plan);
    notes(&mut page, "warning", Role::Warn, others);
    if let Some(words) = plan.besides() {
        page.fact(Line::words(Role::Dim, format!(" {}.", text::capital(words))));
    }
    next(&mut page, state, work, plan);
    page.same_as = Some(same_as(work, plan));
    let choices = choices(state);
    if !choices.is_empty() {
        let folders = match plan.beyond.len() {
            1 => "folder".to_owned(),
            count => format!("{count} folders"),
        };
        page.choices(choices.len(), state.cursor(), move |row| {
            Line::plain(match choices.get(row) {
                Some(Choice::Widen) => format!("Add the {folders} and plan anew (suggested)"),
                Some(Choice::AsItIs) if plan.is_empty() => {
                    "Without them: leave, nothing else is to be done".to_owned()
                }
                Some(Choice::AsItIs) => "Without them: type the target's name".to_owned(),
                None => String::new(),
            })
        });
    }
    page
}

/// The warnings but for those of kinds whose objects are left out.
fn warnings<'a>(work: &'a Work, plan: &'a Plan) -> impl Iterator<Item = &'a Note> {
    let undefined = !work.undefined().is_empty();
    plan.warnings.iter().filter(move |note| undefined || !note.is_undefined())
}

fn waves(page: &mut Page<'_>, plan: &Plan) {
    let head = ["new", "change", "same", "conflict", "immutable"].map(str::to_owned);
    page.fact(Line::of(Role::Dim, row("wave", "", &head)));
    for wave in &plan.waves {
        let counts = ACTIONS.map(|action| count(wave, action));
        let role = if counts[3] + counts[4] > 0 { Role::Warn } else { Role::Plain };
        let words = row(&wave.wave.to_string(), wave.stage.name(), &counts.map(shown));
        page.fact(Line::of(role, words));
    }
    let all = plan.counts;
    let all = [all.new, all.changed, all.unchanged, all.conflicting, all.immutable];
    page.fact(Line::of(Role::Strong, row("", "total", &all.map(shown)) + "   deletes: none"));
}

const ACTIONS: [Action; 5] =
    [Action::New, Action::Changed, Action::Unchanged, Action::Conflicting, Action::Immutable];

fn count(wave: &Wave, action: Action) -> usize {
    wave.objects.iter().filter(|item| item.action == action).count()
}

fn shown(count: usize) -> String {
    if count == 0 { "-".to_owned() } else { count.to_string() }
}

fn row(wave: &str, stage: &str, [new, change, same, conflict, fixed]: &[String; 5]) -> String {
    format!(" {wave:<4} {stage:<13} {new:>5} {change:>6} {same:>5} {conflict:>8} {fixed:>9}")
}

fn notes<'n>(
    page: &mut Page<'_>,
    label: &str,
    role: Role,
    notes: impl IntoIterator<Item = &'n Note>,
) {
    for note in notes {
        let line = Line::fact(label, role, format!("{} ", note.code)).and(Role::Plain, &note.text);
        page.fact(line);
    }
}

/// What a person left out of it, and why.
fn left_out(page: &mut Page<'_>, work: &Work, plan: &Plan) {
    for skip in work.skips() {
        let of = plan.items().filter(|item| skip.object.matches(&item.object));
        let names: Vec<_> = of.map(|item| item.object.to_string()).collect();
        let more = names.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let names = names[..names.len().min(NAMED)].join(", ");
        let words = format!("{names}{more}: {}", skip.reason);
        page.fact(Line::fact("left out", Role::Warn, words));
    }
}

fn next(page: &mut Page<'_>, state: &State, work: &Work, plan: &Plan) {
    if !plan.blockers.is_empty() {
        let blockers = text::count(plan.blockers.len(), "blocker");
        page.next(Role::Bad, format!("{blockers}: this plan cannot be carried out."));
        return;
    }
    if plan.is_empty() {
        match plan.only_beyond() {
            Some(words) => {
                let them = if plan.beyond.len() == 1 { "it" } else { "them" };
                page.next(Role::Bad, format!("{words}: a adds {them}."));
            }
            None => page.next(
                Role::Good,
                "All of this plan is there as it should be: there is nothing to do. Enter leaves.",
            ),
        }
        return;
    }
    let undefined: usize = work.undefined().iter().map(|kind| plan.of_kind(kind).count()).sum();
    if undefined > 0 && matches!(work.job, Job::Replay(_)) {
        let (objects, them) = match undefined {
            1 => ("1 object is".to_owned(), "it"),
            count => (format!("{count} objects are"), "them"),
        };
        let words = format!(
            "{objects} of kinds that nobody defines: the run waits for {them} in vain and ends \
             incomplete. s leaves {them} out."
        );
        page.next(Role::Bad, words);
    }
    let warnings = match warnings(work, plan).count() {
        0 => "No warning".to_owned(),
        count => text::count(count, "warning"),
    };
    match state.binding {
        Confirming::Not if work.runs() => page.next(Role::Plain, "One moment …"),
        Confirming::Not => page.next(Role::Plain, "This plan can no longer be carried out."),
        _ if !plan.beyond.is_empty() => {
            let (folders, are, them) = match plan.beyond.len() {
                1 => ("1 folder".to_owned(), "is", "it"),
                count => (format!("{count} folders"), "are", "them"),
            };
            let words = format!(
                "{folders} that engines follow {are} in the bundle and not in this plan. Engines \
                 come back suspended: nothing else brings {them} tonight. {warnings}, no blocker."
            );
            page.next(Role::Strong, words);
        }
        _ => page.next(
            Role::Plain,
            format!(
                "{warnings}, no blocker. d shows each object. Enter, then type the target's name: \
                 exactly this plan is carried out. Nothing is ever deleted."
            ),
        ),
    }
}

/// The command that carries out exactly this plan.
pub(super) fn same_as(work: &Work, plan: &Plan) -> String {
    let request = match &work.job {
        Job::Replay(request) => request.clone(),
        Job::Plan(request) => replay_request(request.clone(), None, None),
        other => return other.line(),
    };
    let (name, digest) = (plan.target.name.clone(), plan.digest().short());
    let request =
        crate::app::replay::Request { confirm: Some(name), approved: Some(digest), ..request };
    Job::Replay(request).line()
}
