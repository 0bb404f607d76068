//! What lies on top of a screen: a field, a question, a problem.

use crate::app::{Told, program, text};
use crate::tui::job::Job;
use crate::tui::keys::{Hint, field_hints};
use crate::tui::message::Wants;
use crate::tui::page::{Entry, Line, Page, Role};
use crate::tui::screen::{new_target, plan, runs};
use crate::tui::state::{Popup, Purpose, State};
use crate::tui::typed::Typed;
use crate::tui::work::Work;

/// Lays a popup over a page.
pub(super) fn over<'a>(page: Page<'a>, popup: &'a Popup, state: &'a State) -> Page<'a> {
    match popup {
        Popup::Field { purpose, text, wrong, names } => {
            let mut page = field(page, purpose, text, wrong.as_deref(), state);
            if !names.is_empty() {
                page.next(Role::Plain, names.join("  "));
            }
            page
        }
        Popup::Choice { question, cursor } => {
            let Wants::Choice { yes, no } = &question.wants else { return page };
            two(page, &question.text, [yes.clone(), no.clone()], *cursor)
        }
        Popup::Leave { cursor } => {
            let verb = state.work.as_ref().map_or("", |work| work.verb());
            let words = format!("{verb} still runs. Leave?");
            let rows = ["No, let it run", "Stop it at the next safe point"].map(str::to_owned);
            two(page, &words, rows, *cursor)
        }
        Popup::Problem(told) => problem(page, told),
    }
}

fn field<'a>(
    mut page: Page<'a>,
    purpose: &'a Purpose,
    typed: &'a Typed,
    wrong: Option<&str>,
    state: &State,
) -> Page<'a> {
    page.next.clear();
    if let Some(wrong) = wrong {
        page.next(Role::Bad, wrong);
    }
    let secret =
        matches!(purpose, Purpose::Answer(question) if question.wants == Wants::Passphrase);
    let (label, words) = match purpose {
        Purpose::Filter => ("filter", "Rows that contain this, in any case"),
        Purpose::KeyFile(_) => ("key file", "The path of a key file. It is read, never copied."),
        Purpose::Accept => ("snapshot", "The number of the snapshot that is accepted as it is."),
        Purpose::Kubeconfig => ("kubeconfig", "The path of the kubeconfig that reaches it."),
        Purpose::TargetName => ("name", "Lower-case letters, digits and dashes."),
        Purpose::Class => (
            "class",
            if state.in_lines {
                "One of these three: the word or its number."
            } else {
                "Left and right choose one of these three, or type the word. Enter takes it."
            },
        ),
        Purpose::Context => ("context", "A context of that file."),
        Purpose::Signs => ("signs", "The words of the signs that are accepted, with blanks."),
        Purpose::Reason => ("because", "Why they are accepted. It goes onto the card."),
        Purpose::Directory => ("folder", "A folder for numbered manifests and apply.sh."),
        Purpose::ExtractTo => ("folder", "A folder that is empty or does not exist yet."),
        Purpose::Confirm => (
            "target name",
            "To apply, type the target's name. Nothing happens before Enter. Esc leaves.",
        ),
        Purpose::LeaveOut(_) => ("because", "Why it is left out. The run's journal keeps it."),
        Purpose::LeaveOutKinds => ("because", "Why they are left out. The run's journal keeps it."),
        Purpose::Answer(question) => ("answer", question.text.as_str()),
    };
    let label = if secret { "passphrase (does not show)" } else { label };
    match page.hits.filter(|_| *purpose == Purpose::Filter) {
        Some((seen, all)) => page.next(Role::Strong, format!("{words}: {seen} of {all}.")),
        None => page.next(Role::Strong, words),
    }
    if *purpose == Purpose::Class {
        classes(&mut page, typed.text());
    }
    if purpose.is_path() && !state.in_lines {
        page.next(Role::Plain, "Tab completes what is typed.");
    }
    if secret {
        page.next(Role::Plain, "Wrong words cost nothing: there is no lock-out. Caps Lock?");
    }
    if let (Purpose::Confirm, Some(work)) = (purpose, &state.work)
        && let Some(plan) = &work.plan
    {
        plan::summary(&mut page, work, plan);
    }
    if let Purpose::LeaveOut(object) = purpose {
        let reason = if typed.text().is_empty() { "TEXT" } else { typed.text() };
        page.same_as = runs::without(state, object, reason).map(|job| job.line());
        let kind = state.work.as_ref().and_then(|work| {
            let kind = work.undefined_kind(object)?;
            let count = work.plan.as_ref()?.of_kind(kind).count();
            Some(format!("{} of kind {}", text::count(count, "object"), kind.kind))
        });
        let object = kind.as_deref().unwrap_or(object);
        page.next(
            Role::Plain,
            format!(
                "{object}: left out, and what needs that goes on: the run stops at a safe point \
                 and resumes without it. Nothing is deleted."
            ),
        );
    }
    if let (Purpose::LeaveOutKinds, Some(work)) = (purpose, &state.work) {
        leave_out_kinds(&mut page, work, typed.text());
    }
    page.entry = Some(Entry {
        label: label.to_owned(),
        text: (!secret).then(|| typed.text()),
        cursor: if secret { 0 } else { typed.cursor() },
    });
    page.keys = field_hints(state.stops(), purpose.is_path());
    page
}

/// Says which objects of a plan are left out, and the command that does the same.
fn leave_out_kinds(page: &mut Page<'_>, work: &Work, typed: &str) {
    let reason = if typed.is_empty() { "TEXT" } else { typed };
    let Some(plan) = &work.plan else { return };
    let kinds = work.undefined().into_iter().map(|kind| {
        let objects = text::count(plan.of_kind(kind).count(), "object");
        format!("{objects} of kind {}", kind.kind)
    });
    let words = format!(
        "{}: left out, and what needs them goes on. The plan is shown once more, with this; it \
         stays the same plan.",
        kinds.collect::<Vec<_>>().join(", ")
    );
    page.next(Role::Plain, words);
    if let Some(Job::Replay(mut request)) = work.without_undefined(reason) {
        request.approved = Some(plan.digest().short());
        page.same_as = Some(Job::Replay(request).line());
    }
}

/// The classes with what each means, the one that is typed marked.
fn classes(page: &mut Page<'_>, typed: &str) {
    for (at, (class, means)) in new_target::CLASSES.iter().enumerate() {
        let word = class.to_string();
        let (role, mark) =
            if word == typed.trim() { (Role::Strong, '>') } else { (Role::Plain, ' ') };
        let line = Line::of(role, format!(" {mark} {}  {word:<10}  {means}", at + 1));
        page.next.push(line.hanging(18));
    }
}

fn two<'a>(mut page: Page<'a>, words: &str, rows: [String; 2], cursor: usize) -> Page<'a> {
    let mut over = Page::new(words);
    (over.banner, over.care) = (page.banner, page.care);
    over.keys = std::mem::take(&mut page.keys);
    over.choices(2, cursor, move |index| {
        Line::plain(rows.get(index).map_or("", String::as_str)).hanging(1)
    });
    over
}

fn problem<'a>(page: Page<'a>, told: &Told) -> Page<'a> {
    let mut over = Page::new("That did not work");
    (over.banner, over.care) = (page.banner, page.care);
    over.keys = page.keys.into_iter().collect::<Vec<Hint>>();
    over.fact(Line::empty());
    five_lines(&mut over, told);
    over.next(Role::Plain, "Enter goes back to where you were.");
    over.same_as = Some(format!("{} explain {}", program(), told.code));
    over
}

/// What, done so far, next, more: as every shell tells it.
pub(super) fn five_lines(page: &mut Page<'_>, told: &Told) {
    page.fact(Line::fact("what", Role::Bad, &told.what));
    if let Some(done) = &told.done {
        page.fact(Line::fact("done", Role::Plain, done));
    }
    page.fact(Line::fact("next", Role::Strong, &told.next));
    if let Some(about) = crate::app::explain::find(told.code) {
        page.fact(Line::fact(about.code, Role::Dim, about.meaning));
    }
}
