//! What would be done to the target, and the name that is typed to have it done.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::app::plan::{Action, Item, Note, Plan};
use crate::app::text;
use crate::tui::job::{Job, replay_request};
use crate::tui::page::{Line, Page, Role};
use crate::tui::screen::runs;
use crate::tui::state::{Confirming, Screen, State};
use crate::tui::work::Work;

/// So many objects that are left out are named.
const NAMED: usize = 3;

/// What to do about folders that the plan lacks, or kinds that nobody defines, before its target can be
/// named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tui) enum Choice {
    /// Plan anew with them.
    Widen,
    /// Plan anew without the objects of kinds that nobody defines.
    LeaveOut,
    /// Go on as it is.
    AsItIs,
}

/// Returns what can be chosen: whoever lacks half of what engines follow should say so.
pub(in crate::tui) fn choices(state: &State) -> Vec<Choice> {
    let Some((work, plan)) = planned(state) else { return Vec::new() };
    if state.stops() {
        return Vec::new();
    }
    let goes_on = state.binding != Confirming::Not;
    let as_it_is = plan.blockers.is_empty().then_some(Choice::AsItIs);
    if !plan.beyond.is_empty() {
        let as_it_is = as_it_is.filter(|_| goes_on || plan.is_empty());
        return [Choice::Widen].into_iter().chain(as_it_is).collect();
    }
    if goes_on && !plan.is_empty() && undefined(work, plan) > 0 {
        return as_it_is.map_or_else(Vec::new, |as_it_is| vec![Choice::LeaveOut, as_it_is]);
    }
    Vec::new()
}

/// How many objects of a replay are of kinds that nobody defines, and not left out.
fn undefined(work: &Work, plan: &Plan) -> usize {
    let replays = matches!(work.job, Job::Replay(_));
    let kinds = work.undefined().into_iter().filter(|_| replays);
    kinds.map(|kind| plan.of_kind(kind).count()).sum()
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
    waves(&mut page, work, plan);
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
    let target = format!("{} ({})", plan.target.name, plan.target.class);
    if let Some(run) = runs::unfinished(state).filter(|run| run.target == target) {
        page.next(Role::Warn, runs::unfinished_words(run));
    }
    next(&mut page, state, work, plan);
    let choices = choices(state);
    let at = state.cursor().min(choices.len().saturating_sub(1));
    page.same_as = Some(line(choices.get(at).copied(), work, plan));
    if !choices.is_empty() {
        let count = choices.len();
        page.choices(count, state.cursor(), move |row| {
            Line::plain(
                choices.get(row).map_or_else(String::new, |choice| words(*choice, work, plan)),
            )
        });
    }
    page
}

/// A choice in words.
fn words(choice: Choice, work: &Work, plan: &Plan) -> String {
    let undefined = undefined(work, plan);
    match choice {
        Choice::Widen => {
            let folders = match plan.beyond.len() {
                1 => "folder".to_owned(),
                count => format!("{count} folders"),
            };
            format!("Add the {folders} and plan anew (suggested)")
        }
        Choice::LeaveOut => {
            let objects = match undefined {
                1 => "object".to_owned(),
                count => format!("{count} objects"),
            };
            format!("Leave out the {objects} nobody defines, for a reason (suggested)")
        }
        Choice::AsItIs if plan.is_empty() => {
            "Without them: leave, nothing else is to be done".to_owned()
        }
        Choice::AsItIs if !plan.beyond.is_empty() => {
            "Without them: type the target's name".to_owned()
        }
        Choice::AsItIs => {
            let them = if undefined == 1 { "it" } else { "them" };
            format!("With {them}: wait 2 min in vain, end incomplete; type the target's name")
        }
    }
}

/// What the name binds to, in three lines: what is written, what not, and what was warned of.
pub(super) fn summary(page: &mut Page<'_>, work: &Work, plan: &Plan) {
    let name = &plan.target.name;
    page.next(Role::Strong, format!("target: {name} ({})", plan.target.class));
    let (out, kept): (Vec<&Item>, Vec<_>) = plan.items().partition(|item| work.is_left_out(item));
    let written = kept.iter().filter(|item| item.action != Action::Unchanged).count();
    let mut words = format!("writes {}", text::count(written, "object"));
    if !out.is_empty() {
        let _ = write!(words, ", leaves out {}", out.len());
    }
    let codes: BTreeSet<_> = warnings(work, plan).map(|note| note.code.as_str()).collect();
    if !codes.is_empty() {
        let codes: Vec<_> = codes.into_iter().collect();
        let _ = write!(words, "; warned of: {}", codes.join(" "));
    }
    page.next(Role::Plain, words);
    if !work.undefined().is_empty() {
        page.next(
            Role::Warn,
            "It will end incomplete: kinds that nobody defines are not left out.",
        );
    }
}

/// The warnings but for those of kinds whose objects are left out.
fn warnings<'a>(work: &'a Work, plan: &'a Plan) -> impl Iterator<Item = &'a Note> {
    let undefined = !work.undefined().is_empty();
    plan.warnings.iter().filter(move |note| undefined || !note.is_undefined())
}

/// What would be done in each wave. What is left out is not done, and counted for itself.
fn waves(page: &mut Page<'_>, work: &Work, plan: &Plan) {
    let head = ["new", "change", "same", "conflict", "immutable"].map(str::to_owned);
    page.fact(Line::of(Role::Dim, row("wave", "", &head)));
    let (mut all, mut all_out) = ([0; 5], 0);
    for wave in &plan.waves {
        let (out, done): (Vec<&Item>, Vec<_>) =
            wave.objects.iter().partition(|item| work.is_left_out(item));
        let counts = ACTIONS.map(|action| done.iter().filter(|item| item.action == action).count());
        let out = out.len();
        all.iter_mut().zip(counts).for_each(|(all, count)| *all += count);
        all_out += out;
        let role = if counts[3] + counts[4] > 0 { Role::Warn } else { Role::Plain };
        let words = row(&wave.wave.to_string(), wave.stage.name(), &counts.map(shown));
        page.fact(Line::of(role, words).and(Role::Warn, apart(out)));
    }
    let words = row("", "total", &all.map(shown));
    // Both do not fit beside a total in 80 columns.
    let beside = if all_out > 0 { apart(all_out) } else { "   deletes: none".to_owned() };
    page.fact(Line::of(Role::Strong, words + &beside));
}

/// How many are left out, where any are.
fn apart(out: usize) -> String {
    if out == 0 { String::new() } else { format!("   {out} left out") }
}

const ACTIONS: [Action; 5] =
    [Action::New, Action::Changed, Action::Unchanged, Action::Conflicting, Action::Immutable];

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
    let undefined = undefined(work, plan);
    if undefined > 0 {
        let (objects, them, they) = match undefined {
            1 => ("1 object is".to_owned(), "it", "it stays"),
            count => (format!("{count} objects are"), "them", "they stay"),
        };
        let out = match plan.beyond.len() {
            0 => format!(
                "Left out, {they} away until a plan on which somebody has brought the kind."
            ),
            _ => format!("s leaves {them} out."),
        };
        let words = format!(
            "{objects} of kinds that nobody defines: the run waits for {them} in vain and ends \
             incomplete. {out}"
        );
        page.next(Role::Bad, words);
    }
    if work.with_undefined().is_some() {
        page.next(Role::Plain, "s takes back what is left out.");
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

/// The command that does what the row under the cursor does.
fn line(choice: Option<Choice>, work: &Work, plan: &Plan) -> String {
    let chosen = match choice {
        Some(Choice::Widen) => work.wider().map(|job| match job {
            Job::Replay(request) => Job::Plan(request.plan).line(),
            job => job.line(),
        }),
        Some(Choice::LeaveOut) => work.without_undefined("TEXT").map(|job| carried_out(&job, plan)),
        Some(Choice::AsItIs) | None => None,
    };
    chosen.unwrap_or_else(|| same_as(work, plan))
}

/// The command that carries out exactly this plan.
pub(super) fn same_as(work: &Work, plan: &Plan) -> String {
    carried_out(&work.job, plan)
}

fn carried_out(job: &Job, plan: &Plan) -> String {
    let request = match job {
        Job::Replay(request) => request.clone(),
        Job::Plan(request) => replay_request(request.clone(), None, None),
        other => return other.line(),
    };
    let (name, digest) = (plan.target.name.clone(), plan.digest().short());
    let request =
        crate::app::replay::Request { confirm: Some(name), approved: Some(digest), ..request };
    Job::Replay(request).line()
}
