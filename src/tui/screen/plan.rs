//! What would be done to the target, and the name that is typed to have it done.

use crate::app::plan::{Action, Note, Plan, Wave};
use crate::app::text;
use crate::tui::page::{Line, Page, Role};
use crate::tui::state::{Confirming, State};
use crate::tui::work::Work;

/// The page.
pub(super) fn page(state: &State) -> Page<'_> {
    let Some((work, plan)) =
        state.work.as_ref().and_then(|work| Some((work, work.plan.as_deref()?)))
    else {
        return Page::new("There is no plan");
    };
    let mut page = Page::new(format!("Plan {}", plan.digest().short()));
    page.title = page.title.and(Role::Plain, "   Nothing has been changed yet.").hanging(1);
    waves(&mut page, plan);
    notes(&mut page, "BLOCKER", Role::Bad, plan.blockers.iter());
    // What the plan does not hold at all matters more than how the rest goes.
    let (missing, others): (Vec<_>, Vec<_>) =
        plan.warnings.iter().partition(|note| note.is_elsewhere());
    notes(&mut page, "NOT IN IT", Role::Bad, missing);
    notes(&mut page, "warning", Role::Warn, others);
    next(&mut page, state, work, plan);
    page.same_as = Some(same_as(work, plan));
    page
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

fn next(page: &mut Page<'_>, state: &State, work: &Work, plan: &Plan) {
    let warnings = match plan.warnings.len() {
        0 => "No warning".to_owned(),
        count => text::count(count, "warning"),
    };
    if !plan.blockers.is_empty() {
        let blockers = text::count(plan.blockers.len(), "blocker");
        page.next(Role::Bad, format!("{blockers}: this plan cannot be carried out."));
        return;
    }
    if plan.is_empty() {
        page.next(
            Role::Good,
            "All of this plan is there as it should be: there is nothing to do. Enter leaves.",
        );
        return;
    }
    if !plan.beyond.is_empty() {
        page.next(Role::Bad, "a adds the folders that engines follow, and plans anew.");
    }
    match state.binding {
        Confirming::Not if work.runs() => page.next(Role::Plain, "One moment …"),
        Confirming::Not => page.next(Role::Plain, "This plan can no longer be carried out."),
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
    use crate::tui::job::{Job, replay_request};
    let request = match &work.job {
        Job::Replay(request) => request.plan.clone(),
        Job::Plan(request) => request.clone(),
        other => return other.line(),
    };
    let (name, digest) = (plan.target.name.clone(), plan.digest().short());
    Job::Replay(replay_request(request, Some(name), Some(digest))).line()
}
